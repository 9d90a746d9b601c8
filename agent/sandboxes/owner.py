"""Who made a container, a scratch folder or a control group: what lets a later start tell dead from living.

Promises to call a thing outlived only if its process is known to be gone.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LABEL = "shoal.owner"


@dataclass(frozen=True)
class Owner:
    """A process of this kernel, told apart from a later one with the same number by its start."""

    boot: str
    namespace: str
    pid: int
    started: str

    @classmethod
    def of_this_process(cls) -> Owner:
        """The running process."""
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        namespace = str(Path("/proc/self/ns/pid").stat().st_ino)
        return cls(boot, namespace, os.getpid(), _started(os.getpid()) or "")

    @property
    def label(self) -> str:
        """The text that containers carry."""
        return f"{self.boot} {self.namespace} {self.pid} {self.started}"

    @property
    def token(self) -> str:
        """The label as a part of a folder's name."""
        return self.label.replace(" ", "_")

    def outlived(self, label: str) -> bool:
        """Whether the process behind `label` is gone.

        Unknown means no: another process namespace is another container, another boot may be another
        machine that shares the engine or the file system.
        """
        parts = label.split(" ")
        if len(parts) != 4 or not parts[2].isdigit():
            return False
        boot, namespace, pid, started = parts
        return (boot, namespace) == (self.boot, self.namespace) and _started(int(pid)) != started


def _started(pid: int) -> str | None:
    """When a process started, in clock ticks since boot; None if there is none."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text.rpartition(")")[2].split()[19]
