"""Every number of a foreign paper held against the results."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice

from agent.evidence.audit.foreign.aliases import from_brackets, from_tables
from agent.evidence.audit.foreign.arithmetic import with_computed
from agent.evidence.audit.foreign.changes import Pair, change
from agent.evidence.audit.foreign.evidence import Evidence, Support, Words, stats_of, tolerance
from agent.evidence.audit.foreign.layout import Placed, placed
from agent.evidence.audit.foreign.numerals import Number, numbers
from agent.evidence.audit.foreign.reading import Block, Cell, Reading
from agent.evidence.audit.foreign.report import Judged, Status
from agent.evidence.audit.foreign.results import Results
from agent.evidence.audit.foreign.roles import Role, is_share, role, setting_words
from agent.evidence.audit.foreign.scopes import Scope, Sentence, group_of, sentences, words_scope
from agent.evidence.audit.foreign.source import Unauditable
from agent.evidence.audit.foreign.words import agree, name_tokens, stem

MAX_NUMBERS = 10_000
MAX_IN_SENTENCE = 400
_DEVIATION = re.compile(r"deviations?|standard errors?|\bstd\b|\bs\.?[de]\.?\b|\bsem\b", re.IGNORECASE)
_SETTINGS = re.compile(
    r"\bhyper-?\s?parameters?\b|\bconfigurations?\b|\bsettings\b|\b(?:training|implementation) details\b|"
    r"\barchitectures?\b|^\s*(?:parameter|option|setting|argument)s?\s*$",
    re.IGNORECASE,
)
_OUTCOMES = re.compile(
    r"\b(?:results?|performance|comparisons?|scores?|effects?|impact|sensitivity|ablations?|accurac\w+|across)\b",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"^\s*(?:[a-z]+\s+){0,2}(?:seed|replicate|repetition|repeat)s?\b", re.IGNORECASE)
_MODEL_NUMBER = re.compile(r"(?:\b[A-Z][\w-]*\s+){2}$")


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
    table: int = -1
    """Which table it stands in."""


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
    verdicts = _repeated(_beside(verdicts, reading), evidence)
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
                behind = tuple(q for one in known if one.support for q in one.support.quantities)
                verdict = replace(
                    verdict,
                    support=Support(proof, how, behind),
                    judged=replace(verdict.judged, status="supported", evidence=proof, how=how, nearest=""),
                )
        made.append(verdict)
    return made


def _repeated(verdicts: list[Verdict], evidence: Evidence) -> list[Verdict]:
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


def _in_tables(reading: Reading) -> Iterator[Found]:
    for index, table in enumerate(reading.tables):
        data, heads = placed(table)
        caption, heading = words_scope(table.caption), words_scope(table.heading)
        axes = _axes(data)
        settings = _of_settings(table.caption, heads, data)
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
            for place, number in enumerate(numbers(text, words=False)):
                if place and _bracketed(number, text) and _DEVIATION.search(near):
                    number = replace(number, spread=True)
                kind = role(number, text, "cell")
                is_setting = (
                    kind == "value"
                    and setting_words(f"{item.row} ", "")
                    and not re.search(
                        r"[a-z]{3}", item.column.lower().replace("value", "").replace("setting", "")
                    )
                )
                if kind == "value" and (is_setting or settings):
                    kind = "setting"
                words = Words(scopes, near, table=True, axes=axes)
                yield Found(number, item.cell.block, 0, text, words, kind, item, index)


def _axes(data: Sequence[Placed]) -> tuple[str, ...]:
    """The labels of a table's rows and of its columns."""
    rows = dict.fromkeys(f"{item.row} ; {item.group}" for item in data)
    return "\n".join(rows), "\n".join(dict.fromkeys(item.column for item in data))


def _of_settings(caption: str, heads: Sequence[Cell], data: Sequence[Placed]) -> bool:
    """Whether a table lists settings: it says so in its caption or heads, and speaks of no outcome."""
    if _OUTCOMES.search(caption):
        return False
    columns = {item.column.strip().lower() for item in data}
    valued = columns <= {"value", "values", "setting", "settings", "choice", "default", ""}
    named = _SETTINGS.search(caption) or any(_SETTINGS.search(head.block.text) for head in heads)
    return bool((valued and columns - {""}) or named)


def _bracketed(number: Number, text: str) -> bool:
    """Whether a number stands in brackets of its own: `84.1 (0.3)`."""
    return text[: number.start].rstrip().endswith("(") and text[number.stop :].lstrip()[:1] == ")"


def _in_text(reading: Reading) -> Iterator[Found]:
    for block in reading.blocks:
        parts = sentences(block)
        outer = _lead(block.lead) if block.kind == "item" else []
        heading = words_scope(block.heading.split(" / ")[-1])
        for place, sentence in enumerate(parts):
            if len(sentence.numbers) > MAX_IN_SENTENCE:
                raise Unauditable(f"a sentence has more than {MAX_IN_SENTENCE} numbers; nobody can check it")
            earlier = [Scope(other.text, other.words) for other in reversed(parts[max(0, place - 3) : place])]
            roles = _roles(sentence, block)
            for index, number in enumerate(sentence.numbers):
                scope = Scope(sentence.text, sentence.words, sentence.numbers, index)
                words = Words((scope, *earlier, *outer, heading), sentence.text)
                yield Found(number, block, sentence.start, sentence.text, words, roles[index])


def _roles(sentence: Sentence, block: Block) -> list[Role]:
    """The roles of a sentence's numbers; whole numbers in a list with a setting are settings."""
    if block.kind == "heading":
        return ["structural"] * len(sentence.numbers)
    roles = [role(number, sentence.text, block.kind) for number in sentence.numbers]
    for index, number in enumerate(sentence.numbers):
        if roles[index] == "value" and not number.percent and number.value.is_integer():
            group = group_of(Scope(sentence.text, sentence.words, sentence.numbers, index))
            if any(roles[other] == "setting" for other in group):
                roles[index] = "setting"
    return roles


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
        shared = number.percent and is_share(item.text[number.stop :])
        if status == "setting" and not shared and (_measured(item, evidence) or _told(item, evidence)):
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
    if _MODEL_NUMBER.search(item.text[: number.start]) and re.fullmatch(r"\d{3,5}", number.literal):
        return _verdict(item, reading, "structural", "", "part of a name", None, None)
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
    if "." not in item.number.literal and not item.number.percent:
        return False
    scope = item.words.scopes[0]
    return any(
        sum(any(mention.full for mention in evidence.mentions(f, d, scope)) for d in family.telling) >= 2
        for f, family in enumerate(evidence.families)
    )


def _measured(item: Found, evidence: Evidence) -> bool:
    """Whether the noun of a setting is also the name of something measured."""
    nouns = setting_words(item.text[: item.number.start], item.text[item.number.stop :])
    return bool(nouns) and any(
        stem(word) == nouns[-1]
        for family in evidence.families
        for d in family.telling[-1:]
        for name in family.dimensions[d].names
        for word in name_tokens(name)
        if len(word) > 3
    )


def _setting(item: Found, results: Results, evidence: Evidence) -> tuple[Status, str, str]:
    """A setting, unless the results keep the same setting with another value."""
    nouns = setting_words(item.text[: item.number.start], item.text[item.number.stop :])
    if _COUNTED.match(item.text[item.number.stop :]):
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
        if len(name) == 1 and stem(name[0]) in nouns:
            for stat, value in quantity.central():
                if value == item.number.value:
                    place = quantity.places[stat]
                    return "supported", f"{place} = {value:g}", "a setting that the results keep"
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
