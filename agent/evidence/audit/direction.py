"""What a clause says about which arm does better, held against the claim that the study licenses.

Promises to take a comparison only where its arms, its direction and its wording are those of a computed claim
and a fact or claim of these arms stands in the sentence. Of descriptive comparisons only the order of the
estimates may be told, beside its fact.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import Claim
from agent.evidence.audit.arms import mentions
from agent.evidence.audit.asserted import is_denied
from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.reading import CLAIM, FACT, Clause
from agent.evidence.audit.words import words

_LICENSES = {"improves": 1, "improves_by_at_least": 1, "harmful": -1}
"""Direction, from the treatment's side, that a claim's wording allows to be told."""


def direction_problem(
    clause: Clause, text: str, section: str, context: AuditContext
) -> Iterator[tuple[int, str, str]]:
    """Position, word and reason for each comparison that is not licensed."""
    for position, word, sign in _words(text, context):
        if sign == 0 or is_denied(text, position):
            yield position, word, "says that arms do not differ, which no computed claim says"
            continue
        named = [m.arm for m in mentions(clause.text, context)]
        named = named or [m.arm for m in mentions(clause.sentence.text, context)]
        pair, orientation = _pair(named, context)
        reason = _reason(clause, pair, sign * orientation, word, context)
        if reason:
            yield position, word, reason


def _words(text: str, context: AuditContext) -> Iterator[tuple[int, str, int]]:
    """Each word of a comparison with the direction that it gives: 1 better, -1 worse, 0 equal."""
    up = 1 if context.plan.goal == "maximize" else -1
    lists = (("better", 1), ("worse", -1), ("higher", up), ("lower", -up), ("same", 0))
    taken: set[int] = set()
    for name, sign in reversed(lists):
        for match in words(name).finditer(text):
            if not taken & set(range(match.start(), match.end())):
                taken |= set(range(match.start(), match.end()))
                yield match.start(), match[0], sign


def _pair(named: list[str], context: AuditContext) -> tuple[frozenset[str], int]:
    """The arms compared, and 1 where the treatment is what the clause speaks of, else -1."""
    treatments = {c.treatment for c in context.plan.comparisons}
    default = context.verdict_comparisons[0] if context.verdict_comparisons else None
    arms = list(dict.fromkeys(named))
    if len(arms) >= 2:
        return frozenset(arms[:2]), 1 if arms[0] in treatments else -1
    if default is None:
        return frozenset(arms), 1
    if arms and arms[0] not in treatments:
        return frozenset((default.treatment, arms[0])), -1
    return frozenset((default.treatment, default.comparator)), 1


def _reason(clause: Clause, pair: frozenset[str], sign: int, word: str, context: AuditContext) -> str:
    deciding = [c for c in context.verdict_comparisons if {c.treatment, c.comparator} == pair]
    primary = next((c for c in context.claims.items if c.wording != "setting"), None)
    if deciding:
        if primary is None or not pair <= set(primary.arms) or _LICENSES.get(primary.wording) != sign:
            return "is a comparison that the computed claim does not make"
        return "" if _backed(clause, pair, context) else "has no fact or claim of these arms in its sentence"
    effect = next((c for c in context.verdict.comparisons if {c.treatment, c.comparator} == pair), None)
    if effect is None:
        return "compares arms that were not registered as a comparison"
    if not _backed(clause, pair, context):
        return "is a comparison that is descriptive and has no fact of it in its sentence"
    return "" if effect.mean * sign > 0 else "is the wrong way round"


def _backed(clause: Clause, pair: frozenset[str], context: AuditContext) -> bool:
    facts = {fact.name: frozenset(fact.arms) for fact in context.facts.items}
    claims: dict[str, Claim] = {claim.id: claim for claim in context.claims.items}
    for mark in clause.sentence.marks:
        if mark.kind == FACT and facts.get(mark.name) == pair:
            return True
        if mark.kind == CLAIM and mark.name in claims and frozenset(claims[mark.name].arms) == pair:
            return True
    return False
