"""The system calls that a job in bubblewrap is refused.

Promises a filter that lets ordinary programs work and closes the calls that reach into the kernel:
new user namespaces, tracing, mounting, keys, BPF, modules. Docker brings a filter of its own.
"""

from __future__ import annotations

import errno
import os
from functools import cache

REFUSED = (
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
    "lookup_dcookie", "migrate_pages", "mount", "mount_setattr", "move_mount", "move_pages",
    "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "personality",
    "pidfd_getfd", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot",
    "request_key", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare",
    "userfaultfd", "vhangup",
)  # fmt: skip
"""Answered with EPERM; what this kernel does not know is left out."""
NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
TIOCSTI = 0x5412


@cache
def program() -> bytes:
    """The compiled filter for `bwrap --seccomp`.

    Raises:
        OSError: libseccomp cannot be loaded.
    """
    try:
        import pyseccomp
    except (ImportError, RuntimeError) as error:
        raise OSError(errno.ENOENT, f"libseccomp cannot be loaded: {error}") from error
    rules = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    refuse = pyseccomp.ERRNO(errno.EPERM)
    for name in REFUSED:
        try:
            number = pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name)
        except (ValueError, OSError):
            continue
        if number >= 0:
            rules.add_rule(refuse, name)
    for bit in range(32):
        if flag := NAMESPACE_FLAGS & (1 << bit):
            rules.add_rule(refuse, "clone", pyseccomp.Arg(0, pyseccomp.MASKED_EQ, flag, flag))
    rules.add_rule(pyseccomp.ERRNO(errno.ENOSYS), "clone3")  # its flags lie in memory; libc falls back
    rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, 0xFFFFFFFF, TIOCSTI))
    with open(os.memfd_create("filter"), "w+b") as file:  # noqa: PTH123
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
