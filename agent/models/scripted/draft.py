"""Sentences that are printed only where everything they name is there."""

from __future__ import annotations

from agent.latex.escape import escape
from agent.prompts.macros import macro_problems, used
from agent.prompts.section import SectionIn

HONEST = "no language model; novelty not assessed"
"""What a scripted study says of itself."""


class Draft:
    """Collects sentences into paragraphs; one that would leave a dangling name is left out."""

    def __init__(self, data: SectionIn) -> None:
        self.data = data
        self._allowed = data.allowed()
        self._settings = {line.name: line.text for line in data.settings}
        self._claims = {line.id: line.text for line in data.claims}
        self._facts = {line.name: line.printed for line in data.facts}
        self._paragraphs: list[list[str]] = [[]]

    def say(self, *wordings: str) -> None:
        """Add the first wording that can be printed; none where none can."""
        for wording in wordings:
            if wording and not macro_problems(wording, self._allowed):
                self._paragraphs[-1].append(wording)
                return

    def retell(self, *beginnings: str) -> None:
        """Add the first sentence of the design that begins so; none where the design has none."""
        self.say(*(text for start in beginnings for text in self.data.design if text.startswith(start)))

    def paragraph(self) -> None:
        """Begin a new paragraph."""
        self._paragraphs.append([])

    def items(self, sentences: tuple[str, ...]) -> None:
        """Add a list of the sentences that can be printed."""
        printable = [text for text in dict.fromkeys(sentences) if not macro_problems(text, self._allowed)]
        if printable:
            lines = "\n".join(rf"\item {text}" for text in printable)
            self._paragraphs[-1].append(f"\n\\begin{{itemize}}\n{lines}\n\\end{{itemize}}")

    def latex(self) -> str:
        """The text, paragraphs separated by blank lines."""
        return "\n\n".join(" ".join(sentences) for sentences in self._paragraphs if sentences)

    def unmentioned(self) -> tuple[str, ...]:
        """Labels of the section's figures and tables that no sentence refers to yet."""
        mentioned = used(self.latex()).labels
        lines = (*self.data.figures, *self.data.tables)
        return tuple(line.label for line in lines if line.label not in mentioned)

    def text_of(self, setting: str) -> str:
        """The declared text of a setting; empty where there is none."""
        return self._settings.get(setting, "")

    def claim_names(self, beginning: str) -> tuple[str, ...]:
        """The claims whose id begins with these letters."""
        return tuple(name for name in self._claims if name.startswith(beginning))

    def fact_names(self, first_word: str) -> tuple[str, ...]:
        """The facts whose name begins with this word."""
        return tuple(name for name in self._facts if name.split(".")[0] == first_word)

    def is_zero(self, fact: str) -> bool:
        """Whether a fact is there and prints as nought."""
        digits = [character for character in self._facts.get(fact, "").split("[")[0] if character.isdigit()]
        return bool(digits) and set(digits) == {"0"}

    @property
    def about_code(self) -> bool:
        """A change of the code is treated, not a knob."""
        return self.text_of("treated_name") == "code"

    @property
    def shared(self) -> bool:
        """Edits took some of the treatment's candidates, so that fewer were left for configurations."""
        return "count.edits" in self._facts

    @property
    def searched(self) -> bool:
        """The arms were found by exploring; otherwise a person brought them."""
        return not self.text_of("arms_by")

    def setting(self, *names: str) -> str:
        """A sentence's end that prints a setting with one full stop; empty where there is none of these."""
        for name in names:
            if name in self._settings:
                ended = self._settings[name].rstrip().endswith((".", "?", "!"))
                return rf"\setting{{{name}}}" + ("" if ended else ".")
        return ""

    def claim(self, name: str, opening: str = "") -> str:
        """A claim as a sentence; `opening` stands before it where the claim begins in lower case."""
        text = self._claims.get(name, "")
        if not text:
            return ""
        start = opening if text[:1].islower() else ""
        return rf"{start}\claim{{{name}}}" + ("" if text.rstrip().endswith(".") else ".")

    @property
    def treated(self) -> str:
        """What is treated, as LaTeX; `the treated knob` where its label holds a digit."""
        return self._plain(self.data.treated_label, "treated")

    @property
    def change(self) -> str:
        """What the treatment does, as LaTeX."""
        if self.about_code:
            return "the change of the code"
        return rf"the knob \emph{{{self.treated}}}, moved away from its default,"

    @property
    def metric(self) -> str:
        """The metric in words, as LaTeX."""
        return self._plain(self.data.metric_label, "metric")

    def _plain(self, label: str, setting: str) -> str:
        """A label as LaTeX; through its setting, or as `the treated one`, where it cannot be typed."""
        typed = escape(label)
        if not macro_problems(typed, self._allowed):
            return typed
        if setting in self._settings:
            return rf"\setting{{{setting}}}"
        return {"treated": "the treated one", "metric": "the primary metric"}[setting]
