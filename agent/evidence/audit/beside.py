"""Rule `beside`: the words around a fact are those of its arm, metric, split, kind and unit.

Promises to name the word that does not fit. A word belongs to the number that follows it, or that it follows
with "for" or "of"; where a sentence names nothing, what the number is must be plain from its own words. Reads
sentences only; tables are `tables`' to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from agent.artifacts import Fact, Finding
from agent.evidence.audit.arms import Mention, mentions
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.reading import FACT, SETTING, Mark, Sentence, read
from agent.evidence.audit.roles import NOUNS, Role, cue_pattern, is_measure, noun_of_unit, role_of
from agent.evidence.audit.stems import is_called
from agent.evidence.audit.words import whole

RULE = "beside"
_AFTER = re.compile(r"^[^.;:()]{0,60}?\b(?:for|of|in|by|with|from|under)\s+(?:the\s+|a\s+)?$", re.IGNORECASE)
_VERSUS = re.compile(
    r"\b(?:against|over|than|unlike|with|to|from|versus|vs\.?|beats?|below|above)\s+"
    r"(?:that of |those of )?(?:the\s+|a\s+)?$",
    re.I,
)
_FAVOUR = re.compile(
    r"\b(?:favou?rs?(?: of)?|(?:advantage|gain|lead|benefit|improvement|edge|win|superiority) (?:of|for|to))"
    r"\s+(?:the\s+)?$",
    re.IGNORECASE,
)
_MINUS = re.compile(r"\s*(?:minus|over|against|compared with|relative to|\W+)\s+(?:the )?")
_SPLITS = {
    "test": ("test (?!statistic|of|pool)(?:\\w+)", "held-?out", "hold-?out", "confirming"),
    "dev": ("dev", "development", "validation", "explor\\w+"),
    "train": ("train(?:ing)? (?:split|set|accuracy|data|scores?|loss|error|performance)", "in-sample"),
}
_OTHER_METRICS = (
    "f-?1", "auc", "auroc", "precision", "recall", "perplexity", "bleu", "rouge", "cross[- ]entropy",
    "log[- ]loss", "losses",
    "loss", "error rates?", "(?<!standard )errors?", "rmse", "mae", "mse", "brier(?: score)?",
    "specificity", "sensitivity",
    "reward", "accuracy", "latency", "throughput", "speed", "run ?time", "memory", "calibration",
    "log-likelihood",
)  # fmt: skip


def misplaced_facts(name: str, latex: str, context: AuditContext) -> Iterator[Finding]:
    """Facts and settings of a section that stand beside words of something else.

    Raises:
        Unreadable: the text is not balanced LaTeX.
    """
    facts = {fact.name: fact for fact in context.facts.items}
    for sentence in read(latex, context.closing):
        for mark in sentence.marks:
            fact = facts.get(mark.name) if mark.kind == FACT else None
            if fact is not None:
                reasons = _reasons(sentence, mark, fact, context)
            elif mark.kind == SETTING:
                reasons = _setting_reasons(sentence, mark, context)
            else:
                continue
            for reason in reasons:
                quotation = f"\\{mark.macro}{{{mark.name}}}"
                yield finding(RULE, f"{name}.tex", latex, mark.start, quotation, reason)


def _reasons(sentence: Sentence, mark: Mark, fact: Fact, context: AuditContext) -> Iterator[str]:
    role = role_of(fact.name)
    if role is None:
        return
    yield from _kind(sentence, mark, fact, role, context)
    yield from _noun(sentence, mark, role.nouns | {noun_of_unit(fact.unit)})
    yield from _count(sentence, mark, fact)
    if role.measured:
        yield from _metric(sentence, mark, fact, context)
        yield from _split(sentence, mark, fact)
    if len(fact.arms) == 1:
        yield from _one_arm(sentence, mark, fact.arms[0], strict=role.measured, context=context)
    elif len(fact.arms) == 2:
        yield from _two_arms(sentence, mark, fact, context)


# --------------------------------------------------------------------------------------- what kind it is


def _kind(sentence: Sentence, mark: Mark, fact: Fact, role: Role, context: AuditContext) -> Iterator[str]:
    low = max(
        (m.at for m in sentence.marks if m.at < mark.at and m.kind == FACT and m.name != mark.name), default=0
    )
    if is_called(sentence.text[low : mark.at], fact.label):
        return
    metrics = {f.metric for f in context.facts.items if f.metric} | {context.plan.metric}
    pattern = cue_pattern(tuple(sorted({m.replace("_", " ") for m in metrics} | _labels(context))))
    cues = [(match.end(), str(match.lastgroup)) for match in pattern.finditer(sentence.text)]
    if not role.needs & {cue for _, cue in cues}:
        yield f"nothing in the sentence says that this is {fact.label}"
        return
    if role.nouns:
        return
    before = [
        cue
        for end, cue in cues
        if low <= end <= mark.at and (is_measure(cue) or cue in role.needs - {"metric"})
    ]
    if before and before[-1] not in role.needs | role.after | ({"mean"} if "metric" in role.needs else set()):
        yield f"the words before it speak of {_said(before[-1])}, and this is {fact.label}"


def _labels(context: AuditContext) -> set[str]:
    label = context.settings.get("metric")
    return {str(label)} if label else set()


def _said(cue: str) -> str:
    return {
        "sd": "a standard deviation", "se": "a standard error", "p": "a p value", "low": "a lower limit",
        "high": "an upper limit", "level": "a level", "extreme": "an extreme", "power": "a probability",
    }.get(cue, f"a {cue}")  # fmt: skip


def _noun(sentence: Sentence, mark: Mark, allowed: frozenset[str]) -> Iterator[str]:
    rest = sentence.text[mark.at + 1 :]
    stop = min((m.at - mark.at - 1 for m in sentence.marks if m.at > mark.at), default=len(rest))
    rest = re.split(r"[.,;:()–]", rest[:stop])[0]
    seen: list[str] = []
    for word in re.findall(r"[\w×%-]+", rest)[:4]:
        if word.lower() in (
            "and",
            "of",
            "or",
            "for",
            "in",
            "on",
            "to",
            "with",
            "at",
            "an",
            "a",
            "the",
            "is",
            "was",
        ):
            break
        seen.append(word.lower().lstrip("-"))
    nouns = [(word, NOUNS[word]) for word in seen if word in NOUNS]
    if nouns and not {kind for _, kind in nouns} & allowed:
        yield f"it does not count {nouns[0][0]}"


def _count(sentence: Sentence, mark: Mark, fact: Fact) -> Iterator[str]:
    """Trials that failed or were explored, beside trials that did not or were not."""
    rest = sentence.text[mark.at + 1 : mark.at + 60]
    before = sentence.text[max(0, mark.at - 40) : mark.at]
    if fact.unit != "trials" or fact.name.endswith((".tuning", ".candidates")):
        return
    failed = re.match(r"[^.,;:()]*?\b(?:failed|crashed|fail)\b", rest)
    if failed and not (fact.name.endswith("failures") or re.search(r"\b(?:none|no|zero)\b", before, re.I)):
        between = range(mark.at + 1, mark.at + 2 + failed.end())
        if not any(m.kind == FACT and m.at in between for m in sentence.marks):
            yield "these trials did not fail"
    if re.match(r"\s*(?:exploring|exploratory|tuning|dev)\b", rest) and not fact.name.startswith("explore."):
        yield "these trials are confirming ones"
    if re.match(r"\s*(?:confirming|confirmatory|test)\b", rest) and fact.name.startswith("explore."):
        yield "these trials are exploring ones"


# ------------------------------------------------------------------------------------- metric and split


def _nearest(sentence: Sentence, mark: Mark, forms: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    """The value whose words stand last before the mark, else first after it, and these words."""
    later = [m.at for m in sentence.marks if m.at > mark.at and m.kind == FACT]
    stop = later[0] if later else len(sentence.text)
    found = [
        (match.start(), match.end(), value, match[0])
        for value, words in forms.items()
        for match in whole(*words).finditer(sentence.text)
    ]
    found.sort(key=lambda item: (item[0], -item[1]))
    before = [item for item in found if item[1] <= mark.at]
    after = [item for item in found if mark.at < item[0] < stop]
    if before:
        return max(before, key=lambda item: (item[1], -item[0]))[2:]
    return after[0][2:] if after else ("", "")


def _metric(sentence: Sentence, mark: Mark, fact: Fact, context: AuditContext) -> Iterator[str]:
    own = fact.metric or context.plan.metric
    words = {own.replace("_", " ")}
    if own == context.plan.metric:
        words |= _labels(context)
    forms = {own: tuple(re.escape(word) for word in words)}
    others = {f.metric for f in context.facts.items if f.metric and f.metric != own}
    forms |= {metric: (re.escape(metric.replace("_", " ")),) for metric in others}
    taken = {word.lower() for word in words}
    forms["another metric"] = tuple(form for form in _OTHER_METRICS if form not in taken)
    value, said = _nearest(sentence, mark, forms)
    if value not in ("", own) and said.lower() not in taken:
        yield f"the sentence speaks of {said}, and this is {fact.label}"


def _split(sentence: Sentence, mark: Mark, fact: Fact) -> Iterator[str]:
    if fact.split not in ("test", "dev"):
        return
    value, said = _nearest(sentence, mark, _SPLITS)
    if value not in ("", fact.split):
        yield f"the sentence speaks of {said}, and this is from the {fact.split} split"
    elif fact.split == "dev" and not value:
        yield "the sentence does not say that this is from the dev split"


# -------------------------------------------------------------------------------------------------- arms


def _one_arm(
    sentence: Sentence, mark: Mark, arm: str, *, strict: bool, context: AuditContext
) -> Iterator[str]:
    text, found = sentence.text, mentions(sentence.text, context)
    others = [m for m in sentence.marks if _arm_of(m, context) not in ("", arm)]
    low = max((m.at for m in others if m.at < mark.at), default=0)
    high = min((m.at for m in others if m.at > mark.at), default=len(text))
    after = next((m for m in found if mark.at < m.start < high), None)
    before = [m for m in found if low <= m.start < mark.at]
    if after is not None and _AFTER.search(text[mark.at + 1 : after.start]):
        said: Mention | None = after
    else:
        plain = [m for m in before if not _VERSUS.search(text[low : m.start])]
        said = plain[-1] if plain else before[-1] if before else None
    if said is not None:
        if said.arm != arm:
            yield f"the words beside it name the {text[said.start : said.stop]}, and this is of the {arm}"
        return
    if any(m.arm == arm for m in found):
        return
    if found or (strict and not low):
        yield f"the sentence does not say that this is of the {arm}"


def _arm_of(mark: Mark, context: AuditContext) -> str:
    """The one arm that a mark is about; empty where there is none or are two."""
    if mark.kind == SETTING and mark.name.startswith("knob."):
        return mark.name.split(".", 2)[1]
    if mark.kind == FACT:
        arms = next((fact.arms for fact in context.facts.items if fact.name == mark.name), ())
        return arms[0] if len(arms) == 1 else ""
    return ""


def _two_arms(sentence: Sentence, mark: Mark, fact: Fact, context: AuditContext) -> Iterator[str]:
    treatment, comparator = fact.arms
    text, found = sentence.text, mentions(sentence.text, context)
    for mention in found:
        if (
            mention.arm != treatment
            and _FAVOUR.search(text[: mention.start])
            and mention.start < mark.at + 60
        ):
            yield f"a positive value is in favour of the {treatment}"
    for one, other in pairwise(found):
        between = text[one.stop : other.start]
        turned = (one.arm, other.arm) == (comparator, treatment)
        if turned and re.fullmatch(_MINUS, between):
            yield f"the difference is of the {treatment} and the {comparator}, in this order"
    yield from _comparator(text, mark, fact, found, context)


def _comparator(
    text: str, mark: Mark, fact: Fact, found: tuple[Mention, ...], context: AuditContext
) -> Iterator[str]:
    treatment, comparator = fact.arms
    others = [m for m in found if m.arm != treatment]
    before = [m for m in others if m.start < mark.at]
    nearest = before[-1] if before else others[0] if others else None
    deciding = {c.comparator for c in context.verdict_comparisons}
    ablations = {arm.name for arm in context.plan.arms if arm.role == "ablation"}
    if nearest is not None and nearest.arm != comparator:
        named = text[nearest.start : nearest.stop]
        yield f"the words beside it name the {named}, and this is against the {comparator}"
    elif nearest is None and comparator not in deciding:
        is_ablation = comparator in ablations and whole("ablations?", "without").search(text)
        if not is_ablation:
            yield f"the sentence does not say that this is against the {comparator}"


# ---------------------------------------------------------------------------------------------- settings

_LIMITS = {
    "limit.wall_s": ("seconds", "seconds?|s"),
    "limit.mem_mb": ("mib", "mib|memory"),
    "limit.cpus": ("cores", "cores?|cpus?|processors?"),
}


def _setting_reasons(sentence: Sentence, mark: Mark, context: AuditContext) -> Iterator[str]:
    name = mark.name
    if name in _LIMITS:
        noun, words = _LIMITS[name]
        yield from _noun(sentence, mark, frozenset({noun}))
        if not whole(words).search(sentence.text) or not whole("trials?", "each", "limits?").search(
            sentence.text
        ):
            yield "the sentence does not say that this is a limit of a trial"
    elif name.startswith("knob."):
        _, arm, knob = name.split(".", 2)
        yield from _one_arm(sentence, mark, arm, strict=True, context=context)
        if not whole(*(re.escape(w) + r"\w*" for w in knob.split("_"))).search(sentence.text):
            yield f"the sentence does not name the knob {knob}"
    elif isinstance(context.settings.get(name), (int, float)) and name not in _NUMBERS:
        return
    elif name in _NUMBERS and not whole(*_NUMBERS[name]).search(sentence.text):
        yield f"the sentence does not say that this is {name}"


_NUMBERS: dict[str, tuple[str, ...]] = {
    "alpha": ("level",), "level": ("level", "coverage"), "n": ("replicates?",),
    "worst": ("worst", "fail\\w*"),
    "sesoi": ("smallest effect", "effect of interest", "at least"),
    "explore_trials": ("configurations?", "candidates?", "trials?"),
    "seed": ("seed",), "replicates.explore": ("replicates?",), "replicates.confirm": ("replicates?",),
}  # fmt: skip
