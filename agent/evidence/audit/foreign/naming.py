"""What a number's own words name in the results, whatever its value.

Promises only names; whether a value fits them is `agent.evidence.audit.foreign.evidence`'s.
"""

from __future__ import annotations

import re

from agent.evidence.audit.foreign.evidence import Evidence
from agent.evidence.audit.foreign.finding import Found
from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.scopes import Scope
from agent.evidence.audit.foreign.words import agree, name_tokens


def in_name(item: Found, evidence: Evidence) -> bool:
    """Whether the digits belong to a name in the results, such as `99` in `steps to 99% accuracy`."""
    number = item.number
    if number.worded or item.role == "change" or item.placed is not None:
        return False
    scope = item.words.scopes[0]
    if _threshold(number, scope, evidence) or _level(item, evidence):
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


def _level(item: Found, evidence: Evidence) -> bool:
    """Whether the words present a number as a level of a factor in the results, as in `20 evaluations`."""
    number = item.number
    return any(
        mention.full and mention.start == number.start and mention.stop == number.stop
        for f, family in enumerate(evidence.families)
        for d in family.telling
        if family.dimensions[d].levels is not None
        for mention in evidence.mentions(f, d, item.words.scopes[0])
    )


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


def claims(item: Found, evidence: Evidence) -> bool:
    """Whether a number's own words name something in the results."""
    scope = item.words.scopes[0]
    return any(
        any(mention.full for mention in evidence.mentions(f, d, scope))
        for f, family in enumerate(evidence.families)
        for d in family.telling
    )


def compares(item: Found, evidence: Evidence) -> bool:
    """Whether a sentence names results in two ways, as who compares two of them does."""
    scope = item.words.scopes[0]
    named = {
        (f, d)
        for f, family in enumerate(evidence.families)
        for d in family.telling
        if any(mention.full for mention in evidence.mentions(f, d, scope))
    }
    return len(named) >= 2
