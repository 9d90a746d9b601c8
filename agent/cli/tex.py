"""Where papers are compiled: the host's TeX in bubblewrap where that works, else a TeX image in Docker.

Promises that a missing TeX program or package is found before a run begins, by its name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from typing import TYPE_CHECKING

from agent.deps import Tex
from agent.errors import SandboxUnavailable, UserError
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import SandboxTable

PACKAGES = (
    "texlive-latex-base texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended "
    "texlive-science texlive-pictures latexmk"
)
INSTALL = f"apt-get install --no-install-recommends {PACKAGES}"
PROGRAMS = ("latexmk", "pdflatex", "bibtex", "kpsewhich")


def choose_tex(table: SandboxTable, workspace: Workspace) -> Tex:
    """The TeX that papers of this workspace are compiled with.

    Raises:
        UserError: there is none; the text says how to get it, and how to do without.
        SandboxUnavailable: the engine failed while the TeX image was built.
    """
    from agent.sandboxes.bubblewrap import Bubblewrap
    from agent.sandboxes.choose import probe_bubblewrap, probe_docker
    from agent.sandboxes.docker import Docker

    problem = host_problem()
    if problem is None:
        bubblewrap = probe_bubblewrap(workspace.store)
        if bubblewrap.works:
            sandbox = Bubblewrap(workspace.store)
            return Tex(sandbox, sandbox.host_environment())
        problem = f"bubblewrap, which TeX runs in, does not work: {bubblewrap.detail}"
    docker = probe_docker(table.base_image)
    if not docker.works:
        raise UserError(f"no TeX for the paper: {problem}. Install it ({INSTALL}), or add --no-pdf")
    engine = Docker(workspace.store, table.base_image, table.ca_bundle)
    try:
        return Tex(engine, engine.tex_environment())
    except SandboxUnavailable as error:
        raise UserError(
            f"no TeX for the paper: {problem}, and the TeX image could not be built: {error}. "
            f"Install it ({INSTALL}), or add --no-pdf"
        ) from error


def host_problem() -> str | None:
    """What the host's TeX lacks; None where nothing."""
    missing = [name for name in PROGRAMS if shutil.which(name) is None]
    if missing:
        return f"{', '.join(missing)} not installed"
    wanted = [f"{name}.sty" for name in style_packages()]
    found = subprocess.run(["kpsewhich", *wanted], capture_output=True, text=True, check=False).stdout
    present = {line.rsplit("/", 1)[-1] for line in found.splitlines()}
    lacking = [name for name in wanted if name not in present]
    return f"the LaTeX packages {', '.join(lacking)} are not installed" if lacking else None


def style_packages() -> list[str]:
    """The LaTeX packages that the paper's style loads."""
    style = files("agent.latex").joinpath("shoal.sty").read_text(encoding="utf-8")
    return re.findall(r"^\\RequirePackage(?:\[[^\]]*\])?\{([^}]+)\}", style, flags=re.MULTILINE)
