"""Changes that follow from what the paper has shown: two supported values of the sentence, or the same change
elsewhere.

Promises that both values behind a change are supported by themselves.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

from agent.evidence.audit.foreign.evidence import Evidence, Support
from agent.evidence.audit.foreign.finding import Found, Verdict
from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.printing import tolerance


def with_following(verdicts: list[Verdict]) -> list[Verdict]:
    """Let changes stand that follow from two supported values of their own sentence, as printed there."""
    values: dict[tuple[int, int], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        if verdict.judged.status == "supported" and verdict.support and verdict.pair is None:
            values[id(verdict.found.block), verdict.found.offset].append(verdict)
    made = []
    for verdict in verdicts:
        known = values[id(verdict.found.block), verdict.found.offset]
        if verdict.judged.status == "unsupported" and verdict.found.role == "change" and len(known) == 2:
            how = _follows(verdict.found.number, known[0], known[1])
            if how:
                proof = f"{known[0].judged.literal} and {known[1].judged.literal} beside it"
                behind = tuple(q for one in known if one.support for q in one.support.quantities)
                verdict = replace(
                    verdict,
                    support=Support(proof, how, behind),
                    judged=replace(verdict.judged, status="supported", evidence=proof, how=how, nearest=""),
                )
        made.append(verdict)
    return made


def with_repeated(verdicts: list[Verdict], evidence: Evidence) -> list[Verdict]:
    """Let a change stand that the paper has shown elsewhere, where the words name what it was shown of."""
    shown = [
        v
        for v in verdicts
        if v.judged.status == "supported" and v.found.role == "change" and v.support is not None
    ]
    made = []
    for verdict in verdicts:
        number = verdict.found.number
        if verdict.judged.status == "unsupported" and verdict.found.role == "change" and number.exact:
            for other in shown:
                if _same_change(number, other.found.number) and _names(verdict.found, other, evidence):
                    how = f"as in line {other.judged.line}: {other.judged.how}"
                    judged = replace(
                        verdict.judged,
                        status="supported",
                        evidence=other.judged.evidence,
                        how=how,
                        nearest="",
                    )
                    verdict = replace(verdict, judged=judged)
                    break
        made.append(verdict)
    return made


def _same_change(one: Number, other: Number) -> bool:
    return (abs(one.value), one.percent, one.factor, one.unit_of_last_place) == (
        abs(other.value),
        other.percent,
        other.factor,
        other.unit_of_last_place,
    )


def _names(item: Found, other: Verdict, evidence: Evidence) -> bool:
    """Whether a number's own words name what two values have in common, and nothing else."""
    assert other.support is not None
    behind = other.support.quantities
    if len(behind) != 2 or behind[0][0] is not behind[1][0]:
        return False
    family = behind[0][0]
    f = next(f for f, own in enumerate(evidence.families) if own is family)
    named = 0
    for d, (names, rank) in zip(family.telling, evidence.ranked(f, item.words), strict=True):
        one, two = behind[0][1][d], behind[1][1][d]
        if one == two and names is not None and rank == 0:
            if one not in names:
                return False
            named += 1
    return named > 0


def _follows(number: Number, one: Verdict, two: Verdict) -> str:
    """How a change follows from two printed values; nothing if it does not."""
    x, y, reach = one.judged.value, two.judged.value, tolerance(number)
    if not x or not y or one.found.placed is not None:
        return ""
    value = abs(number.value)
    if number.percent and abs(abs(x - y) / abs(x) * 100 - value) <= reach:
        return "relative change of the two printed values"
    if number.factor and number.exact and abs(max(abs(x), abs(y)) / min(abs(x), abs(y)) - value) <= reach:
        return "ratio of the two printed values"
    return (
        "" if number.percent or number.factor or abs(abs(x - y) - value) > reach else "difference of the two"
    )
