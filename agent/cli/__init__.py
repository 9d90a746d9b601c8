"""The command line: the composition root, the only place that names concrete adapters.

Promises that an error the user can mend is one line on standard error with what to do, and never a
traceback; that exit codes are those that `agent.errors` draws; and that `--help` imports no heavy library.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType

from agent.errors import MachineryError, ShoalError, Stopped, StudyError, UserError

FULL = (errno.ENOSPC, errno.EDQUOT)
MACHINES_DOING = (errno.EACCES, errno.EPERM, errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM)
DONE, FINDINGS, USER, STOPPED, MACHINERY, INTERRUPTED = 0, 1, 2, 3, 4, 130


def main() -> None:
    """Run the command that the arguments name, and end the process with its exit code."""
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) != signal.SIG_IGN:  # as a shell sets it for what runs in the background
            signal.signal(number, _interrupt)
    sys.exit(run(sys.argv[1:]))


class _Interrupted(BaseException):
    """SIGINT or SIGTERM outside a running study; no `except Exception` and no library catches it."""


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise _Interrupted


def run(arguments: Sequence[str]) -> int:
    """Run one command; returns its exit code."""
    import typer

    from agent.cli.app import app

    try:
        code = app(args=list(arguments), prog_name="shoal", standalone_mode=False)
        if sys.stdout is not None:  # closed by the caller
            sys.stdout.flush()
    except typer.TyperException as error:
        if not error.format_message():  # no command was named, and the help was printed
            return error.exit_code
        return complain(f"{error.format_message()} (`shoal --help` shows what there is)", error.exit_code)
    except (typer.Abort, _Interrupted):
        return complain("interrupted; nothing of a run was left half-written", INTERRUPTED)
    except ShoalError as error:
        return complain(str(error), exit_code(error))
    except BrokenPipeError:  # the reader, such as `head`, has gone
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except OSError as error:
        if error.errno in FULL:
            where = error.filename or "standard output"
            return complain(f"the disk is full ({where}): make room, `shoal clean` helps", MACHINERY)
        if error.errno not in MACHINES_DOING:
            raise
        return complain(f"{error.filename or 'a file'}: {error.strerror}: mend that and try again", MACHINERY)
    return code if isinstance(code, int) else DONE


def complain(text: str, code: int) -> int:
    """Write one line to standard error; returns `code`."""
    with suppress(OSError):  # where standard error cannot be written, the exit code has to do
        print("shoal: " + " ".join(text.split()), file=sys.stderr, flush=True)
    return code


def exit_code(error: ShoalError) -> int:
    """The exit code of an error (agent.errors draws the tree)."""
    if isinstance(error, Stopped):
        return INTERRUPTED if error.interrupted else STOPPED
    for kind, code in ((UserError, USER), (MachineryError, MACHINERY), (StudyError, FINDINGS)):
        if isinstance(error, kind):
            return code
    return FINDINGS
