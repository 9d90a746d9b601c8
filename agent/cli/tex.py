"""Where papers are compiled: the host's TeX in bubblewrap where that works, else a TeX image in Docker.

Promises that a missing TeX program or package is found before a run begins, by its name.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from importlib.resources import files
from typing import TYPE_CHECKING, Literal

from agent.deps import Tex
from agent.errors import SandboxUnavailable, UserError
from agent.workspace import Workspace

if TYPE_CHECKING:
    from agent.cli.settings import SandboxTable
    from agent.ports import Sandbox

Where = Literal["host", "docker"]
PACKAGES = (
    "texlive-latex-base texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended "
    "texlive-science texlive-pictures latexmk"
)
INSTALL = f"apt-get install --no-install-recommends {PACKAGES}"
PROGRAMS = ("latexmk", "pdflatex", "bibtex", "kpsewhich")


def find_tex(table: SandboxTable) -> Where:
    """Where TeX works here, found out without writing anything.

    Raises:
        UserError: nowhere; the text says how to get it, and how to do without.
    """
    from agent.sandboxes.choose import probe_bubblewrap, probe_docker

    problem = host_problem()
    if problem is None:
        bubblewrap = probe_bubblewrap(table.allow_unenforced)
        if bubblewrap.works:
            return "host"
        problem = f"the host's TeX runs in bubblewrap, which does not work ({bubblewrap.detail})"
    if probe_docker(table.base_image, table.ca_bundle, table.allow_unenforced).works:
        return "docker"
    raise UserError(f"no TeX for the paper: {problem}. Run `{INSTALL}`, or add --no-pdf")


def open_tex(where: Where, table: SandboxTable, workspace: Workspace, trials: Sandbox) -> Tex:
    """TeX, ready to compile; in the sandbox of the trials where that is the right one.

    Raises:
        UserError: the TeX image cannot be built.
    """
    from agent.sandboxes.bubblewrap import Bubblewrap
    from agent.sandboxes.docker import BASE_IMAGE, Docker

    if where == "host":
        sandbox = trials if isinstance(trials, Bubblewrap) else Bubblewrap(workspace.store)
        return Tex(sandbox, sandbox.host_environment())
    try:
        engine = (
            trials
            if isinstance(trials, Docker)
            else Docker(workspace.store, base_image=table.base_image or BASE_IMAGE, ca_bundle=table.ca_bundle)
        )
        return Tex(engine, engine.tex_environment())
    except SandboxUnavailable as error:
        raise UserError(
            f"no TeX for the paper: its image could not be built ({error}). Run `{INSTALL}`, or add --no-pdf"
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
