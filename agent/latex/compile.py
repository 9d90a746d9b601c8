"""LaTeX to PDF, in the sandbox.

Promises that TeX runs without shell escape, reads and writes nothing outside its own folder and TeX's,
ends within the limits, and that the same files give the same bytes under the same TeX. A paper that does
not compile is a value, not an exception.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from agent.artifacts import Limits, Outcome
from agent.latex.diagnose import Problem, diagnose
from agent.ports import Environment, Job, Mount, Sandbox

TEX_LIMITS = Limits(wall_s=60, cpus=1, mem_mb=1024, out_mb=64, out_files=16, tmp_mb=128, pids=64)
"""A nine-page paper takes two seconds."""
DRAFT_LIMITS = TEX_LIMITS.model_copy(update={"wall_s": 30.0})
"""One pass over it takes half a second."""

MAIN = "paper.tex"
_SOURCES = "/job/paper"
_BEGIN = f"""
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME=/tmp TEXMFVAR=/tmp/texmf-var TEXMFCONFIG=/tmp/texmf-config TEXMFHOME=/tmp/texmf-home
export openin_any=p openout_any=p shell_escape=f max_print_line=10000 LC_ALL=C TZ=UTC
export error_line=254 half_error_line=238
export SOURCE_DATE_EPOCH=946684800 FORCE_SOURCE_DATE=1
mkdir /tmp/paper && cp -R {_SOURCES}/. /tmp/paper && chmod -R u+w /tmp/paper && cd /tmp/paper || exit 70
"""
_WHOLE = f"""latexmk -norc -pdf -bibtex -interaction=nonstopmode -file-line-error \
    -latexoption=-no-shell-escape {MAIN} </dev/null
"""
_DRAFT = f"pdflatex -draftmode -interaction=nonstopmode -file-line-error -no-shell-escape {MAIN} </dev/null\n"
_LABEL = re.compile(r"\\newlabel\{([^{}]+)\}\{\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\{(\d+)\}")
_END = """code=$?
for name in paper.log paper.pdf paper.aux; do
    if [ -f "$name" ]; then cp "$name" /out/ || code=71; fi
done
exit $code
"""


@dataclass(frozen=True)
class Compiled:
    """What TeX made of a paper."""

    pdf: bytes | None
    """None where TeX made no PDF or reported an error."""
    log: str
    """TeX's log; the end of what the job printed where it wrote none."""
    problems: tuple[Problem, ...]
    labels: Mapping[str, int] = field(default_factory=dict)
    """The page of each label, as TeX numbers it; labels on pages with other numbers are left out."""

    @property
    def errors(self) -> tuple[Problem, ...]:
        """The problems that stand between the paper and its PDF."""
        return tuple(p for p in self.problems if p.kind in ("error", "resource"))


def compile_pdf(
    files: Mapping[str, bytes],
    sandbox: Sandbox,
    environment: Environment,
    limits: Limits = TEX_LIMITS,
    *,
    draft: bool = False,
) -> Compiled:
    """Compile `paper.tex` and what lies beside it.

    Args:
        files: Contents by path relative to the paper's folder, `paper.tex` among them.
        environment: One of `sandbox` in which `latexmk` can be found.
        draft: Find errors only, in one pass that writes no PDF and looks up no work: what it says of
            references and citations is not to be believed.

    Raises:
        ValueError: there is no `paper.tex`, or a path leaves the paper's folder.
        SandboxUnavailable: the engine itself failed.
    """
    if MAIN not in files:
        raise ValueError(f"there is no {MAIN} to compile")
    with tempfile.TemporaryDirectory(prefix="shoal-tex-") as folder:
        root = Path(folder) / "paper"
        _write(files, root)
        job = Job(
            argv=("/bin/sh", "-c", _BEGIN + (_DRAFT if draft else _WHOLE) + _END),
            mounts=(Mount(root, _SOURCES),),
            environment=environment,
            limits=limits,
            purpose="tex",
        )
        outcome = sandbox.run(job)
    return _compiled(outcome)


def _write(files: Mapping[str, bytes], root: Path) -> None:
    """Lay the files out, readable by the sandbox's unprivileged user."""
    root.mkdir(mode=0o755)
    for name, content in files.items():
        relative = PurePosixPath(name)
        if relative.is_absolute() or ".." in relative.parts or not relative.parts:
            raise ValueError(f"{name!r} does not lie in the paper's folder")
        path = root / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    for path in (root.parent, root, *root.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def _compiled(outcome: Outcome) -> Compiled:
    """Read what the job left and remove it."""
    pdf: bytes | None = None
    log, labels = outcome.log_tail, ""
    if outcome.outputs is not None:
        folder = Path(outcome.outputs)
        if (folder / "paper.log").is_file():
            log = (folder / "paper.log").read_text(encoding="utf-8", errors="replace")
        if (folder / "paper.aux").is_file():
            labels = (folder / "paper.aux").read_text(encoding="utf-8", errors="replace")
        if (folder / "paper.pdf").is_file():
            pdf = (folder / "paper.pdf").read_bytes()
        shutil.rmtree(folder)
    problems = diagnose(log)
    if outcome.status in ("timeout", "out_of_memory", "disk_full"):
        limits = ", ".join(outcome.limits_hit) or outcome.status
        problems += (Problem("resource", MAIN, 0, f"TeX was ended at a limit: {limits}"),)
    elif outcome.exit_code != 0 and not any(p.kind == "error" for p in problems):
        problems += (Problem("error", MAIN, 0, f"TeX failed: {_last_line(outcome.log_tail)}"),)
    failed = any(p.kind in ("error", "resource") for p in problems)
    pages = {match[1]: int(match[2]) for match in _LABEL.finditer(labels)}
    return Compiled(pdf=None if failed else pdf, log=log, problems=problems, labels=pages)


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it printed nothing"
