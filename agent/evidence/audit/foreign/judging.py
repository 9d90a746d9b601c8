"""Every number of a foreign paper held against the results."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import chain, islice

from agent.evidence.audit.foreign.aliases import from_brackets, from_tables
from agent.evidence.audit.foreign.changes import Pair, change
from agent.evidence.audit.foreign.evidence import Evidence, Support, Words, stats_of, tolerance
from agent.evidence.audit.foreign.layout import Placed, placed
from agent.evidence.audit.foreign.numerals import Number, numbers
from agent.evidence.audit.foreign.reading import Block, Reading
from agent.evidence.audit.foreign.report import Judged, Status
from agent.evidence.audit.foreign.results import Results
from agent.evidence.audit.foreign.roles import Role, role, setting_words
from agent.evidence.audit.foreign.scopes import Scope, Sentence, sentences, words_scope
from agent.evidence.audit.foreign.source import Unauditable
from agent.evidence.audit.foreign.words import agree, name_tokens, stem

MAX_NUMBERS = 10_000
MAX_IN_SENTENCE = 400


@dataclass(frozen=True)
class Found:
    """A number with its words, before it is judged."""

    number: Number
    block: Block
    offset: int
    """Where its sentence begins in the block."""
    text: str
    """Its sentence or cell."""
    words: Words
    role: Role
    placed: Placed | None = None


@dataclass(frozen=True)
class Verdict:
    """A judged number with what supports it, for the statements around it."""

    found: Found
    judged: Judged
    support: Support | None
    pair: Pair | None


def judge(reading: Reading, results: Results, evidence: Evidence) -> list[Verdict]:
    """The numbers of a paper in the order of its text.

    Raises:
        Unauditable: there are more than can be judged.
    """
    from_brackets(reading, evidence)
    found = list(islice(chain(_in_tables(reading), _in_text(reading)), MAX_NUMBERS + 1))
    if len(found) > MAX_NUMBERS:
        raise Unauditable(f"the paper has more than {MAX_NUMBERS} numbers; audit its parts")
    from_tables([item for item in found if item.placed is not None and item.role == "value"], evidence)
    for item in found:
        item.words.cache.clear()
    verdicts: list[Verdict] = []
    for item in found:
        before = verdicts[-1] if verdicts and verdicts[-1].found.block is item.block else None
        verdicts.append(_spread(item, before, reading) or _judged(item, reading, results, evidence))
    verdicts = _beside(verdicts, reading)
    verdicts.sort(
        key=lambda verdict: verdict.found.block.at[verdict.found.offset + verdict.found.number.start]
    )
    return verdicts


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


def _beside(verdicts: list[Verdict], reading: Reading) -> list[Verdict]:
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
                verdict = replace(
                    verdict,
                    judged=replace(verdict.judged, status="supported", evidence=proof, how=how, nearest=""),
                )
        made.append(verdict)
    return made


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


def _in_tables(reading: Reading) -> Iterator[Found]:
    for table in reading.tables:
        data, heads = placed(table)
        caption, heading = words_scope(table.caption), words_scope(table.heading)
        for cell in heads:
            for number in numbers(cell.block.text, words=False):
                words = Words((words_scope(cell.block.text), caption), cell.block.text, table=True)
                yield Found(number, cell.block, 0, cell.block.text, words, "structural")
        for item in data:
            text = item.cell.block.text
            headers = words_scope(
                f"{item.row} ; {item.column} ; {'' if not re.search('[a-z]{3}', text) else text}"
            )
            scopes = (headers, words_scope(item.group), caption, heading)
            near = f"{item.row} {item.column} {item.group}\0{table.caption} {text}"
            for number in numbers(text, words=False):
                kind = role(number, text, "cell")
                is_setting = (
                    kind == "value"
                    and setting_words(f"{item.row} ", "")
                    and not re.search(
                        r"[a-z]{3}", item.column.lower().replace("value", "").replace("setting", "")
                    )
                )
                if is_setting:
                    kind = "setting"
                yield Found(number, item.cell.block, 0, text, Words(scopes, near, table=True), kind, item)


def _in_text(reading: Reading) -> Iterator[Found]:
    for block in reading.blocks:
        parts = sentences(block)
        outer = _lead(block.lead) if block.kind == "item" else []
        heading = words_scope(block.heading.split(" / ")[-1])
        for place, sentence in enumerate(parts):
            if len(sentence.numbers) > MAX_IN_SENTENCE:
                raise Unauditable(f"a sentence has more than {MAX_IN_SENTENCE} numbers; nobody can check it")
            earlier = [Scope(other.text, other.words) for other in reversed(parts[max(0, place - 3) : place])]
            for index, number in enumerate(sentence.numbers):
                scope = Scope(sentence.text, sentence.words, sentence.numbers, index)
                words = Words((scope, *earlier, *outer, heading), sentence.text)
                kind = "structural" if block.kind == "heading" else role(number, sentence.text, block.kind)
                yield Found(number, block, sentence.start, sentence.text, words, kind)


def _lead(text: str) -> list[Scope]:
    """What leads a list in, the last sentence first."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z])", text.strip()) if text.strip() else []
    return [words_scope(part) for part in reversed(parts[-3:])]


def _judged(item: Found, reading: Reading, results: Results, evidence: Evidence) -> Verdict:
    number, words = item.number, item.words
    support: Support | None = None
    pair: Pair | None = None
    status: Status = "structural"
    how = "part of the text's structure"
    if item.role == "structural" or _in_name(item, evidence):
        return _verdict(
            item, reading, status, "", how if item.role == "structural" else "part of a name", None, None
        )
    if item.role == "setting":
        status, proof, how = _setting(item, results, evidence)
        if status == "setting" and (_measured(item, evidence) or _told(item, evidence)):
            support = evidence.value(number, words)
            if support is None and _claims(item, evidence):
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
    if number.worded and (
        not _claims(item, evidence) or (not number.exact and not _compares(item, evidence))
    ):
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


def _in_name(item: Found, evidence: Evidence) -> bool:
    """Whether the digits belong to a name in the results, such as `99` in `steps to 99% accuracy`."""
    number = item.number
    if number.worded or item.role == "change" or item.placed is not None:
        return False
    scope = item.words.scopes[0]
    if _threshold(number, scope, evidence):
        return True
    for f, family in enumerate(evidence.families):
        for d in family.telling:
            for mention in evidence.mentions(f, d, scope):
                if mention.full and mention.start <= number.start and number.stop <= mention.stop + 2:
                    words = {w for name in mention.names for w in name_tokens(name)}
                    if re.sub(r"\D+$", "", number.literal) in words and (
                        mention.start < number.start or mention.stop > number.stop
                    ):
                        return True
    return False


def _threshold(number: Number, scope: Scope, evidence: Evidence) -> bool:
    """Whether digits and the words behind them are in one name: `99` validation accuracy,
    `step_val_acc_99`.
    """
    digits = re.sub(r"\D+$", "", number.literal)
    behind = [token.word for token in scope.words if number.stop <= token.start][:3]
    for family in evidence.families:
        for d in family.telling or range(len(family.dimensions)):
            for name in family.dimensions[d].names[:400]:
                words = name_tokens(name)
                others = [word for word in words if not word.isdigit() and len(word) > 1]
                hits = sum(any(agree(word, said) for said in behind) for word in others)
                if digits in words and len(others) > 1 and hits >= min(2, len(others)):
                    return True
    return False


def _claims(item: Found, evidence: Evidence) -> bool:
    """Whether a number's own words name something in the results."""
    scope = item.words.scopes[0]
    return any(
        any(mention.full for mention in evidence.mentions(f, d, scope))
        for f, family in enumerate(evidence.families)
        for d in family.telling
    )


def _compares(item: Found, evidence: Evidence) -> bool:
    """Whether a sentence names results in two ways, as who compares two of them does."""
    scope = item.words.scopes[0]
    named = {
        (f, d)
        for f, family in enumerate(evidence.families)
        for d in family.telling
        if any(mention.full for mention in evidence.mentions(f, d, scope))
    }
    return len(named) >= 2


def _told(item: Found, evidence: Evidence) -> bool:
    """Whether a number with decimals or a percent sign stands in a sentence that names a result in two
    ways.
    """
    if float(item.number.value).is_integer() and not item.number.percent:
        return False
    scope = item.words.scopes[0]
    return any(
        sum(any(mention.full for mention in evidence.mentions(f, d, scope)) for d in family.telling) >= 2
        for f, family in enumerate(evidence.families)
    )


def _measured(item: Found, evidence: Evidence) -> bool:
    """Whether the noun of a setting is also the name of something measured."""
    nouns = setting_words(item.text[: item.number.start], item.text[item.number.stop :])
    return (
        any(
            stem(word) == nouns[-1]
            for family in evidence.families
            for d in family.telling[-1:]
            for name in family.dimensions[d].names
            for word in name_tokens(name)
            if len(word) > 3
        )
        if nouns
        else False
    )


def _setting(item: Found, results: Results, evidence: Evidence) -> tuple[Status, str, str]:
    """A setting, unless the results keep the same setting with another value."""
    nouns = setting_words(item.text[: item.number.start], item.text[item.number.stop :])
    if any(noun in ("seed", "replicate", "repetition", "repeat") for noun in nouns):
        counts: dict[int, str] = {}
        for quantity in results.quantities:
            if "n" in quantity.stats:
                counts[int(quantity.stats["n"])] = quantity.places["n"]
        if counts and float(item.number.value) not in counts:
            most = max(counts)
            return "unsupported", "", f"the results have {most} values of each, not {item.number.value:g}"
        if counts:
            return "supported", counts[int(item.number.value)], "the number of values in the results"
    kept: dict[str, list[float]] = defaultdict(list)
    for quantity in results.quantities:
        name = name_tokens(quantity.path[-1]) if quantity.path else ()
        if (
            len(nouns) > 1
            and name
            and len(name) > 1
            and set(name) <= set(nouns)
            and "value" in quantity.stats
        ):
            kept[quantity.places["value"]].append(quantity.stats["value"])
    if kept:
        for place, values in kept.items():
            if item.number.value in values:
                return "supported", f"{place} = {item.number.value:g}", "a setting that the results keep"
        place, values = next(iter(kept.items()))
        return "unsupported", "", f"the results keep {values[0]:g} ({place})"
    return "setting", "", "a setting; the results do not keep it"


__all__ = ["Found", "Sentence", "Verdict", "judge", "replace"]
