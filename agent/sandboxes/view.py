"""What a job in bubblewrap sees of the host: programs and libraries, no packages, no files of users.

Promises that of `/usr` and of the interpreter's folder only those parts are shown that programs need, and
that a workspace, its store and the home folder stay hidden though they lie below such a part. What is shown
is found out once; a job adds its environment. Files that are shown keep their permissions.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.errors import SandboxUnavailable
from agent.sandboxes.environments import Interpreter

LIBRARIES = ("lib", "lib32", "lib64", "libx32", "libexec")
SYSTEM = tuple(
    Path(top, name) for top in ("/usr", "/usr/local") for name in ("bin", "sbin", *LIBRARIES, "share")
)
"""Not `src` nor what a site put into /usr: projects are often kept in such folders."""
HEADERS = (Path("/usr/include"), Path("/usr/local/include"), Path("/usr/local/etc"))
ALIASES = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders of / that most systems have as links into /usr."""
TEX = tuple(
    map(
        Path,
        ("/etc/texmf", "/var/lib/texmf", "/etc/alternatives", "/etc/fonts", "/var/cache/fontconfig",
         "/usr/local/texlive"),
    )
)  # fmt: skip
NETWORK = tuple(
    map(Path, ("/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl", "/etc/ca-certificates"))
)
PACKAGES = ("site-packages", "dist-packages")
"""Names of folders of Python packages: no environment of a template may see those of the host."""
NO_LIBRARIES = ("bin", "sbin", "share", "include", "etc")
READ_ONLY = ("/proc/sys", "/proc/pressure")
"""Of /proc what a job could write: settings of its namespaces; watches that end slowly."""
CLOSED = ("/proc/keys", "/proc/key-users")
"""Of /proc what names keys that Shoal's own session holds: calls about keys are refused, reading is not."""
HOST = "host"
"""Handle of the environment that has the host's programs, TeX among them, and no packages."""


class View:
    """The part of the host that jobs see, for one store and one interpreter."""

    def __init__(self, store: Path, interpreter: Interpreter, staged: Path) -> None:
        """Find out what is there.

        Args:
            store: its workspace, where it is `experiments/.store` of one, is hidden with it.
            staged: folder with `passwd` and `group` for jobs.

        Raises:
            SandboxUnavailable: the workspace is a folder that programs need, or Python fills the home folder.
        """
        private = {store.resolve(), workspace_of(store.resolve()), *_home()}
        self._staged = staged
        self._links = [Path("/", name) for name in ALIASES if Path("/", name).is_symlink()]
        aliases = [Path("/", name) for name in ALIASES if Path("/", name).is_dir()]
        shown = [path for path in (*SYSTEM, *HEADERS, *aliases) if path.is_dir() and not path.is_symlink()]
        self._links += [path for path in SYSTEM if path.is_symlink()]
        shown += _parts_of(interpreter.prefix.resolve())
        self._shown = tuple(dict.fromkeys(shown))
        for folder in (store.resolve(), workspace_of(store.resolve())):
            if folder in self._shown:
                raise SandboxUnavailable(
                    f"jobs need what lies in {folder}: keep the workspace somewhere else"
                )
        self._hidden = (*_outermost(private, (*self._shown, *TEX, *NETWORK)), *_packages(self._shown))
        self._proc = {path: path for path in READ_ONLY if Path(path).exists()}
        self._proc |= {path: os.devnull for path in CLOSED if Path(path).exists()}

    def proc(self) -> list[str]:
        """Flags for what of /proc no job may write, or read."""
        return [flag for path, source in self._proc.items() for flag in ("--ro-bind", source, path)]

    def system(self, environment: str, made: set[str], *, network: bool) -> list[str]:
        """Flags that show the host's programs and libraries, the interpreter and the environment, read-only.

        Args:
            environment: handle of the job's environment.
            made: folders that are there already; those made here are added.
        """
        flags = [flag for path in self._links for flag in ("--symlink", str(path.readlink()), str(path))]
        extra = (TEX if environment == HOST else ()) + (NETWORK if network else ())
        others = [path for path in (Path("/etc/ld.so.cache"), *extra) if path.exists()]
        hidden = []
        for path in sorted((*self._shown, *others, *self._hidden), key=lambda path: len(path.parts)):
            if path not in self._hidden:
                flags += bind(str(path.resolve()), str(path), made)
            elif any(path.is_relative_to(other) for other in (*self._shown, *others)):
                flags += ["--tmpfs", str(path)]
                hidden.append(path)
        for name in ("passwd", "group"):
            flags += bind(str(self._staged / name), f"/etc/{name}", made)
        if environment not in ("", HOST):
            flags += bind(environment, environment, made)
        return flags + [flag for path in hidden for flag in ("--remount-ro", str(path))]


def bind(source: str, target: str, made: set[str]) -> list[str]:
    """Flags that show `source` read-only at `target`, its parents made passable for any user."""
    flags: list[str] = []
    for parent in reversed(Path(target).parents[:-1]):
        if str(parent) not in made:
            made.add(str(parent))
            flags += ["--perms", "0755", "--dir", str(parent)]
    return [*flags, "--ro-bind", source, target]


def workspace_of(store: Path) -> Path:
    """The workspace that a store belongs to; the store itself where it stands alone."""
    return store.parents[1] if (store.parent.name, store.name) == ("experiments", ".store") else store


def _home() -> Iterator[Path]:
    """The home folder of this user, if there is one."""
    path = Path(os.path.expanduser("~"))  # noqa: PTH111 (Path.home fails for a user without a name)
    if path.is_absolute():
        yield path.resolve()


def _parts_of(prefix: Path) -> Iterator[Path]:
    """What an interpreter needs of the folder it is installed in.

    Raises:
        SandboxUnavailable: that folder is the home folder, or one above it.
    """
    if prefix in (Path("/usr"), Path("/usr/local")):
        return
    if any(home.is_relative_to(prefix) for home in _home()):
        raise SandboxUnavailable(
            f"Python is installed right in {prefix}, which jobs must not see: use one in a folder of its own"
        )
    yield prefix / "bin"
    if (prefix / "conda-meta").is_dir():  # its libraries lie beside Python's own folder
        yield prefix / "lib"
        return
    for name in ("lib", "lib64"):
        if not (prefix / name).is_symlink():
            yield from sorted((*prefix.glob(f"{name}/python3*"), *prefix.glob(f"{name}/libpython*")))


def _outermost(private: Iterable[Path], shown: Iterable[Path]) -> list[Path]:
    """The private folders strictly below one that is shown, without those inside another."""
    above = set(shown)
    below = sorted(path for path in private if above & set(path.parents))
    return [path for path in below if not set(path.parents) & set(below)]


def _packages(shown: Iterable[Path]) -> list[Path]:
    """Folders of Python packages below the shown libraries, at the depths at which Pythons keep them."""
    found: set[Path] = set()
    for root in shown:
        if root.name in NO_LIBRARIES or not root.is_dir():
            continue
        for name in PACKAGES:
            for depth in (name, f"*/{name}", f"*/*/{name}"):
                found |= {path for path in root.glob(depth) if path.is_dir() and not path.is_symlink()}
    return sorted(path for path in found if not found & set(path.parents))
