"""Every exception that Shoal raises on purpose, named for who must act.

ShoalError
├── UserError               exit 2   the user changes a flag, a file or the machine
│   ├── TemplateError                template.toml or a template's program is wrong
│   ├── SettingsError                shoal.toml, an environment variable or a flag is wrong
│   ├── SandboxMissing               no sandbox works here, and the text says how to get one
│   └── PlanRefused                  the plan may not be registered as it stands
├── Stopped                 exit 3   a cap, an approval, `shoal stop` or Ctrl-C; the run can be resumed
│   └── Unanswered                   everything that is left to do waits for a person
│   └── CapReached                   the next call or trial could exceed what the user allows
├── MachineryError          exit 4   something outside the study broke; resume runs it again
│   ├── SandboxUnavailable           the engine failed; nothing is known about the job
│   ├── ModelUnavailable             no answer from the model server
│   ├── StorageFailed                the disk is full or a file cannot be written
│   ├── WorkspaceCorrupt             a stored file is not what was written
│   └── WorkspaceConflict            other bytes already stand under this id
└── StudyError              exit 1   one idea cannot go on; the others do
    ├── StudyFailed                  exploring found nothing to confirm: an end, not to be tried again
    ├── AnswerRejected               the model's answers broke the prompt's rules to the end
    ├── PaperRefused                 the audit did not pass, or TeX made no PDF
    ├── EditFailed                   a search/replace edit does not apply
    └── BindError                    a paper's text names a fact, claim or work that does not exist
"""

from __future__ import annotations


class ShoalError(Exception):
    """Anything that Shoal raises on purpose; its text is one line that says what to do."""


class UserError(ShoalError):
    """The user's input or machine must change; nothing was spent."""


class TemplateError(UserError):
    """A template is wrong; the text names file, line and key where they are known."""


class SettingsError(UserError):
    """A setting is unknown or has a value that cannot be used."""


class SandboxMissing(UserError):
    """Neither Docker nor bubblewrap works on this machine."""


class PlanRefused(UserError):
    """The plan may not be registered: uninformative, exhausted pool, too few replicates."""


class Stopped(ShoalError):
    """The run ends early on request and can be resumed."""

    def __init__(self, reason: str, *, interrupted: bool = False) -> None:
        super().__init__(reason)
        self.interrupted = interrupted
        """True for SIGINT and SIGTERM (exit 130), False for caps, approvals and `--until` (exit 3)."""


class CapReached(Stopped):
    """A cap on money, tokens, time or trials keeps the run from going on."""

    def __init__(self, reason: str, *, remedy: str) -> None:
        super().__init__(reason)
        self.remedy = remedy
        """Flags for `shoal resume RUN`, or what to change in the settings."""

    def way_on(self, run: str) -> str:
        """How to go on with a higher cap."""
        if self.remedy.startswith("--"):
            return f"`shoal resume {run} {self.remedy}` goes on"
        return f"{self.remedy}, then `shoal resume {run}` goes on"


class Unanswered(Stopped):
    """Everything that is left to do waits for a person's answer."""

    def __init__(self, questions: tuple[str, ...], way_on: str) -> None:
        super().__init__(way_on)
        self.questions = questions
        """One line a question, each with the command that answers it."""


class MachineryError(ShoalError):
    """Something outside the study broke; the same step may succeed when run again."""


class SandboxUnavailable(MachineryError):
    """The sandbox engine itself failed; its text is never shown to a model."""


class ModelUnavailable(MachineryError):
    """The model's server gave no answer within the bounded attempts."""


class StorageFailed(MachineryError):
    """The disk is full, or a file of the workspace cannot be written."""


class WorkspaceCorrupt(MachineryError):
    """A stored file does not have the content it was written with."""


class WorkspaceConflict(MachineryError):
    """`put` was called with other bytes than those that stand under this id."""


class StudyError(ShoalError):
    """One idea cannot go on; its siblings do, and the run stays resumable."""


class StudyFailed(StudyError):
    """Exploring found nothing that could be confirmed; running it again would find the same."""


class PaperRefused(StudyError):
    """The audit holds something against the paper, or TeX cannot compile it."""


class AnswerRejected(StudyError):
    """A model's answers broke the prompt's schema or check in every allowed turn."""


class EditFailed(StudyError):
    """A search/replace edit does not apply to the code it was written for."""


class BindError(StudyError):
    """A paper's text cannot be bound: it is not readable LaTeX, or it names what does not exist."""
