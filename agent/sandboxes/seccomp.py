"""The system calls that a job is refused, in bubblewrap and, on top of the engine's own filter, in Docker.

Promises a filter that lets ordinary programs work and closes the calls that reach into the kernel (new
namespaces, tracing, mounting, keys, BPF, io_uring, modules), sockets that no network namespace holds back,
calls that use up or hold what all jobs share and no limit counts (watches, huge pages, leases), and calls
by which a job would change the limits or the share of process 1, whose user is its own. The call tables of
other architectures, i386 and x32 on x86-64, end the program.
"""

from __future__ import annotations

import errno
import os
from functools import cache
from typing import Any

REFUSED = (
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "init_module", "io_uring_enter",
    "io_uring_register", "io_uring_setup", "ioprio_set", "kcmp", "kexec_file_load", "kexec_load", "keyctl",
    "lookup_dcookie", "migrate_pages", "mount", "mount_setattr", "move_mount", "move_pages",
    "name_to_handle_at", "nfsservctl", "open_by_handle_at", "open_tree", "perf_event_open", "personality",
    "pidfd_getfd", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "quotactl", "reboot",
    "request_key", "setns", "settimeofday", "swapoff", "swapon", "syslog", "umount2", "unshare",
    "userfaultfd", "vhangup",
)  # fmt: skip
"""Answered with EPERM; what this kernel does not know is left out."""
NAMESPACE_FLAGS = 0x7E020000
"""CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET."""
TERMINAL_INPUT = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: letters as if typed."""
UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
"""Socket families that stay inside the sandbox; of netlink's protocols the first, which lists interfaces."""
PLAIN_TYPES = (1, 2, 3)
"""SOCK_STREAM, SOCK_DGRAM and SOCK_RAW, which needs a capability; the others are SCTP and DCCP."""
PROTOCOLS = (0, 1, 6, 17)
"""Internet protocols that a job may name: the usual one, ICMP, TCP and UDP."""
WATCHES = ("inotify_init", "inotify_init1")
"""The kernel counts them by user, over all jobs; programs fall back on looking again."""
HUGE = (("mmap", 3, 0x40000), ("memfd_create", 1, 0x4), ("shmget", 2, 0x800))
"""Calls with the argument and the flag that take huge pages, which no control group's memory counts."""
HOLDS = (1024, 1026)
"""F_SETLEASE and F_NOTIFY of fcntl: they hold back, or watch, whoever else opens a file of a mount."""
OF_PROCESS_1 = ("prlimit64", "sched_setaffinity", "sched_setattr", "sched_setparam", "sched_setscheduler")
"""Refused where the first argument is 1."""
TYPE = 0xF
"""The bits of a socket's type; flags stand above them."""
INT = 0xFFFFFFFF
"""The kernel reads these arguments as 32 bits, whatever the register holds above them."""


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
    _refuse_other_sockets(rules, pyseccomp)
    _refuse_shared_amounts(rules, pyseccomp)
    _protect_process_1(rules, pyseccomp)
    for request in TERMINAL_INPUT:
        rules.add_rule(refuse, "ioctl", pyseccomp.Arg(1, pyseccomp.MASKED_EQ, INT, request))
    with open(os.memfd_create("filter"), "w+b") as file:  # noqa: PTH123
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _refuse_other_sockets(rules: Any, seccomp: Any) -> None:
    """Refuse families such as AF_VSOCK, which reaches the machine around a virtual one from any namespace."""
    refuse = seccomp.ERRNO(errno.EAFNOSUPPORT)
    for name in ("socket", "socketpair"):
        for family in set(range(NETLINK)) - {UNIX, INET, INET6}:
            rules.add_rule(refuse, name, seccomp.Arg(0, seccomp.MASKED_EQ, INT, family))
        rules.add_rule(refuse, name, seccomp.Arg(0, seccomp.GT, NETLINK))
        netlink = seccomp.Arg(0, seccomp.EQ, NETLINK)
        rules.add_rule(refuse, name, netlink, seccomp.Arg(2, seccomp.NE, 0))
        for one in (INET, INET6):
            family = seccomp.Arg(0, seccomp.MASKED_EQ, INT, one)
            for kind in set(range(TYPE + 1)) - set(PLAIN_TYPES):
                rules.add_rule(refuse, name, family, seccomp.Arg(1, seccomp.MASKED_EQ, TYPE, kind))
            for protocol in set(range(max(PROTOCOLS))) - set(PROTOCOLS):
                rules.add_rule(refuse, name, family, seccomp.Arg(2, seccomp.MASKED_EQ, INT, protocol))
            rules.add_rule(refuse, name, family, seccomp.Arg(2, seccomp.GT, max(PROTOCOLS)))


def _refuse_shared_amounts(rules: Any, seccomp: Any) -> None:
    for name in WATCHES:
        if seccomp.resolve_syscall(seccomp.Arch.NATIVE, name) >= 0:  # newer architectures have one of them
            rules.add_rule(seccomp.ERRNO(errno.ENOSYS), name)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name, argument, flag in HUGE:
        rules.add_rule(refuse, name, seccomp.Arg(argument, seccomp.MASKED_EQ, flag, flag))
    for command in HOLDS:
        rules.add_rule(refuse, "fcntl", seccomp.Arg(1, seccomp.MASKED_EQ, INT, command))


def _protect_process_1(rules: Any, seccomp: Any) -> None:
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in OF_PROCESS_1:
        rules.add_rule(refuse, name, seccomp.Arg(0, seccomp.MASKED_EQ, INT, 1))
    rules.add_rule(refuse, "setpriority", seccomp.Arg(1, seccomp.MASKED_EQ, INT, 1))
    rules.add_rule(refuse, "setpriority", seccomp.Arg(0, seccomp.NE, os.PRIO_PROCESS))  # groups and users
