"""The words of each piece of a study's evidence, by their stems.

Promises the words that a clause may have because of what it prints: labels, kinds, units and arms of facts,
texts of settings and claims, titles of works; `support.toml` lists further ones by the names of facts and
settings. Does not judge.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from agent.artifacts import Fact
from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.reading import CITE, CLAIM, FACT, REF, SETTING, VERDICT, Clause, Mark
from agent.evidence.audit.source import keys_of
from agent.evidence.audit.stems import listed, stem_set, words_of
from agent.evidence.passages import plain

_SPLITS = {"test": "test split confirming", "dev": "dev split exploring"}


@dataclass(frozen=True)
class Vocabulary:
    """The words of one study."""

    context: AuditContext

    @cached_property
    def neutral(self) -> frozenset[str]:
        """The words that need no evidence."""
        return listed("neutral") | listed("report")

    @cached_property
    def names(self) -> frozenset[str]:
        """The words of what the study calls its metrics and knobs, and of its title."""
        context = self.context
        knobs = [name.rpartition(".")[2] for name in context.settings if name.startswith("knob.")]
        metrics = [fact.metric for fact in context.facts.items]
        labels = [passage.text for passage in context.passages if passage.kind == "name"]
        code = "mechanism code edited unchanged" if context.code_diff else ""
        metric = str(context.settings.get("metric", ""))
        return _stems_of(*knobs, *metrics, *labels, metric, code)

    @cached_property
    def things(self) -> frozenset[str]:
        """The words of the scope, of what varies and of what is treated."""
        return _stems_of(
            *(str(self.context.settings.get(name, "")) for name in ("scope", "varies", "treated"))
        )

    def of(self, mark: Mark) -> frozenset[str]:
        """The words of one piece of evidence."""
        context = self.context
        if mark.kind == FACT and mark.name in self._facts:
            fact = self._facts[mark.name]
            return _stems_of(
                fact.label, fact.metric, fact.unit, _SPLITS.get(fact.split, ""), words_of(fact.name)
            )
        if mark.kind == SETTING:
            value = str(context.settings.get(mark.name, ""))
            return _stems_of(value, mark.name, words_of(f"setting.{mark.name}"))
        if mark.kind == CLAIM:
            return _stems_of(*(claim.text for claim in context.claims.items if claim.id == mark.name))
        if mark.kind == VERDICT:
            return _stems_of(words_of("verdict"), context.verdict.reason)
        if mark.kind == CITE:
            return self._work(mark) | listed("citing")
        return listed("showing") if mark.kind == REF else frozenset()

    def works(self, clause: Clause) -> frozenset[str]:
        """The words of titles, authors and topics of the works that a clause cites."""
        return frozenset().union(*(self._work(mark) for mark in clause.marks if mark.kind == CITE))

    @cached_property
    def _facts(self) -> dict[str, Fact]:
        return {fact.name: fact for fact in self.context.facts.items}

    def _work(self, mark: Mark) -> frozenset[str]:
        keys = keys_of(mark.name)
        works = [work for work in self.context.references if work.key in keys]
        return _stems_of(*(text for work in works for text in (work.title, *work.authors, *work.topics)))


def _stems_of(*texts: str) -> frozenset[str]:
    return stem_set(*(plain(text) for text in texts))
