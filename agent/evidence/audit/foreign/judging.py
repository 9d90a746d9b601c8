"""Every number of a foreign paper held against the results."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import chain, islice

from agent.evidence.audit.foreign.aliases import from_brackets, from_tables
from agent.evidence.audit.foreign.arithmetic import with_computed
from agent.evidence.audit.foreign.changes import Pair, change
from agent.evidence.audit.foreign.evidence import Evidence, Support
from agent.evidence.audit.foreign.finding import Found, Verdict, in_tables, in_text
from agent.evidence.audit.foreign.following import with_following, with_repeated
from agent.evidence.audit.foreign.naming import claims, compares, in_name
from agent.evidence.audit.foreign.printing import stats_of, tolerance
from agent.evidence.audit.foreign.reading import Reading
from agent.evidence.audit.foreign.report import Judged, Status
from agent.evidence.audit.foreign.results import Results
from agent.evidence.audit.foreign.roles import is_share
from agent.evidence.audit.foreign.settings import measured, of_setup, setting, told
from agent.evidence.audit.foreign.source import Unauditable

MAX_NUMBERS = 10_000
_MODEL_NUMBER = re.compile(
    r"(?:\b[A-Z][\w-]*\s+){2}$|\b(?:a|an|one|two|four|eight|\d|single|each|per)\s+(?:[A-Z][\w-]*\s+)+$"
)


def judge(reading: Reading, results: Results, evidence: Evidence) -> list[Verdict]:
    """The numbers of a paper in the order of its text.

    Raises:
        Unauditable: there are more than can be judged.
    """
    from_brackets(reading, evidence)
    found = list(islice(chain(in_tables(reading), in_text(reading)), MAX_NUMBERS + 1))
    if len(found) > MAX_NUMBERS:
        raise Unauditable(f"the paper has more than {MAX_NUMBERS} numbers; audit its parts")
    from_tables([item for item in found if item.placed is not None and item.role == "value"], evidence)
    for item in found:
        item.words.cache.clear()
    verdicts: list[Verdict] = []
    tables, text = [i for i in found if i.placed is not None], [i for i in found if i.placed is None]
    _judge_all(tables, verdicts, reading, results, evidence)
    evidence.reported = {
        (id(family), path) for v in verdicts if v.support is not None for family, path in v.support.quantities
    }
    verdicts, averages = with_computed(verdicts, evidence)
    if averages:
        evidence.add(averages)
        evidence.forget()
    _judge_all(text, verdicts, reading, results, evidence)
    verdicts = with_repeated(with_following(verdicts), evidence)
    verdicts.sort(
        key=lambda verdict: verdict.found.block.at[verdict.found.offset + verdict.found.number.start]
    )
    return verdicts


def _judge_all(
    items: Sequence[Found], verdicts: list[Verdict], reading: Reading, results: Results, evidence: Evidence
) -> None:
    for item in items:
        before = verdicts[-1] if verdicts and verdicts[-1].found.block is item.block else None
        verdicts.append(_spread(item, before, reading) or _judged(item, reading, results, evidence))


def _spread(item: Found, before: Verdict | None, reading: Reading) -> Verdict | None:
    """A number behind a plus-minus sign, where the value before it is known: it must be that quantity's."""
    if (
        not item.number.spread
        or before is None
        or before.support is None
        or len(before.support.quantities) != 1
    ):
        return None
    family, path = before.support.quantities[0]
    quantity = family.by_path[path]
    scale = before.support.scale
    for stat in stats_of(item.number, item.words):
        value = quantity.stats.get(stat)
        if value is not None and abs(value * scale - item.number.value) <= tolerance(item.number):
            support = Support(
                f"{quantity.places[stat]} = {value:.6g}", "as printed", before.support.quantities, scale
            )
            return _verdict(item, reading, "supported", support.evidence, support.how, support, None)
    known = [stat for stat in stats_of(item.number, item.words) if stat in quantity.stats]
    why = (
        f"neither {' nor '.join(known)} of the value before it"
        if known
        else "the results give no spread for it"
    )
    found = _verdict(item, reading, "unsupported", "", why, None, None)
    if known:
        near = min(known, key=lambda stat: abs(quantity.stats[stat] * scale - item.number.value))
        nearest = f"{quantity.stats[near]:.6g} at {quantity.places[near]}"
        found = replace(found, judged=replace(found.judged, nearest=nearest))
    return found


def _judged(item: Found, reading: Reading, results: Results, evidence: Evidence) -> Verdict:
    number, words = item.number, item.words
    support: Support | None = None
    pair: Pair | None = None
    status: Status = "structural"
    how = "part of the text's structure"
    if item.role == "structural" or in_name(item, evidence):
        return _verdict(
            item, reading, status, "", how if item.role == "structural" else "part of a name", None, None
        )
    if item.role == "setting":
        status, proof, how = setting(item, results, evidence)
        shared = number.percent and is_share(item.text[number.stop :])
        if status == "setting" and not shared and (measured(item, evidence) or told(item, evidence)):
            support = evidence.value(number, words)
            if support is None and claims(item, evidence):
                status, how = "unsupported", _why(item, evidence)
            elif support is not None:
                status, proof, how = "supported", support.evidence, support.how
        return _verdict(item, reading, status, proof, how, support, None, evidence)
    if item.role == "value":
        support = evidence.value(number, words)
    if (
        support is None
        and not number.spread
        and (item.role == "change" or number.percent or number.signed or item.placed is not None)
    ):
        changed = change(number, words, evidence)
        if changed is not None:
            support, pair = changed
    if support is None and item.role == "change" and not number.factor and number.exact:
        support = evidence.value(number, words)
    if support is not None:
        note = " (its percent sign is a comment to TeX)" if number.lost_percent else ""
        return _verdict(item, reading, "supported", support.evidence, support.how + note, support, pair)
    if _MODEL_NUMBER.search(item.text[: number.start]) and re.fullmatch(r"\d{3,5}", number.literal):
        return _verdict(item, reading, "structural", "", "part of a name", None, None)
    if of_setup(item, evidence):
        return _verdict(item, reading, "setting", "", "a number of the set-up", None, None)
    if number.worded and (not claims(item, evidence) or (not number.exact and not compares(item, evidence))):
        return _verdict(item, reading, "structural", "", "a word that states no result", None, None)
    return _verdict(item, reading, "unsupported", "", _why(item, evidence), None, None, evidence)


def _verdict(
    item: Found,
    reading: Reading,
    status: Status,
    proof: str,
    how: str,
    support: Support | None,
    pair: Pair | None,
    evidence: Evidence | None = None,
) -> Verdict:
    spot = reading.source.spot(item.block.at[item.offset + item.number.start])
    near = (
        evidence.nearest(item.number, item.words)
        if evidence is not None and status == "unsupported"
        else None
    )
    nearest = f"{near.value:.6g} at {near.place}" if near is not None else ""
    judged = Judged(
        item.number.literal.replace("\u2063", ""),
        item.number.value,
        spot.file,
        spot.line,
        spot.column,
        status,
        proof,
        how,
        nearest,
        _quotation(item),
    )
    return Verdict(item, judged, support, pair)


def _quotation(item: Found) -> str:
    if item.placed is not None:
        return " | ".join(part for part in (item.placed.row, item.placed.column) if part)
    start = max(0, item.number.start - 60)
    return " ".join(
        item.text[start : item.number.stop + 40].replace("\u2063", "").replace("\ufffc", "[]").split()
    )


def _why(item: Found, evidence: Evidence) -> str:
    """The reason that nothing supports a number, in the words of its reader."""
    if item.role == "change":
        return "no two results that the words name differ by it"
    named: list[str] = []
    for f, family in enumerate(evidence.families):
        sets = evidence.sets(f, item.words)
        said = [", ".join(sorted(names)[:3]) for names in sets if names is not None]
        if len(said) > len(named) and all(said):
            named = said
        del family
    if not named:
        return "the words around it name nothing in the results"
    return f"no result for {' / '.join(named)} rounds to it"
