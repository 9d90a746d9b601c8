"""Numbers of a set-up: they stand unless the results keep the same setting with another value."""

from __future__ import annotations

import re
from collections import defaultdict

from agent.evidence.audit.foreign.evidence import Evidence
from agent.evidence.audit.foreign.finding import Found
from agent.evidence.audit.foreign.naming import claims
from agent.evidence.audit.foreign.report import Status
from agent.evidence.audit.foreign.results import Results
from agent.evidence.audit.foreign.roles import setting_words
from agent.evidence.audit.foreign.speeds import is_rate
from agent.evidence.audit.foreign.words import name_tokens, stem

_COUNTED = re.compile(r"^\s*(?:[a-z]+\s+){0,2}(?:seed|replicate|repetition|repeat)s?\b", re.IGNORECASE)
_SETUP = re.compile(
    r"\bset-?\s?ups?\b|\bsettings?\b|\bimplementation\b|\bdetails\b|\bhyper-?\s?parameters?\b|\bprotocol\b|"
    r"\bconfigurations?\b|\bsearch space\b",
    re.IGNORECASE,
)


def of_setup(item: Found, evidence: Evidence) -> bool:
    """Whether a whole number without unit stands in a set-up section and a sentence without results."""
    number = item.number
    if item.placed is not None or item.role != "value" or not number.literal.isdecimal():
        return False
    if number.percent or number.factor or number.unit or number.spread or number.signed:
        return False
    return bool(_SETUP.search(item.block.heading.split(" / ")[-1])) and not claims(item, evidence)


def told(item: Found, evidence: Evidence) -> bool:
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


def measured(item: Found, evidence: Evidence) -> bool:
    """Whether the noun of a setting is also the name of something measured, or is counted by the second."""
    if is_rate(item.text[item.number.stop :]):
        return True
    nouns = setting_words(item.text[: item.number.start], item.text[item.number.stop :])
    return bool(nouns) and any(
        stem(word) == nouns[-1]
        for family in evidence.families
        for d in family.telling[-1:]
        for name in family.dimensions[d].names
        for word in name_tokens(name)
        if len(word) > 3
    )


def setting(item: Found, results: Results, evidence: Evidence) -> tuple[Status, str, str]:
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
