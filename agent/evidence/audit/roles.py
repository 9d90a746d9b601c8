"""What kind of number each fact is, and the words that may stand beside it.

A table of data: for each kind the cues of which one must stand in its sentence, those that may stand nearest
before it, and the nouns that it may count. A new kind of fact needs a line here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

CUES: dict[str, tuple[str, ...]] = {
    "sd": ("standard deviations?", "sds?", "spreads?", "(?<!standard )deviations?", "variability", "scatter"),
    "se": ("standard errors?", "ses?", r"s\.?e\.?m\.?", "error bars?"),
    "variance": ("variances?",),
    "median": ("medians?", "quartiles?", "percentiles?"),
    "extreme": ("max(?:imum|imal)?", "min(?:imum|imal)?", "peaks?", "record", "highest", "lowest"),
    "low": (r"lower (?:limit|bound|end)s?", "low end"),
    "high": (r"(?:upper|corrected) (?:limit|bound|end)s?", "high end"),
    "p": ("p", r"p[- ]values?", r"sign[- ]flips?", "sign-flip test", r"\$p\$", "adjustment"),
    "difference": (
        "differences?", "effects?(?! of interest)", "gains?", "improv\\w+", "advantages?", "margins?",
        "gaps?",
        "reductions?", "increas\\w+", "chang(?:es|ed)", "better", "worse", "gained", "lost",
        "in (?:its|their) favour",
    ),
    "sesoi": ("smallest effects?", "effects? of interest", r"\$\\?Delta\$", "at least", "or more"),
    "level": ("coverage", "confidence", "(?:one-sided |registered )?levels?"),
    "power": ("probability", "probabilities", "power", "chance"),
    "mean": ("means?", "averages?", "averaged"),
    "worst": ("worst",),
    "failures": ("fail(?:s|ed|ures?|ing)?", "crash\\w*"),
    "tuning": ("configurations?", "candidates?", "tuned", "tuning", "chosen", "search\\w*"),
    "trials": ("trials?",),
    "replicates": ("replicates?",),
    "items": ("items?", "images?", "examples?"),
    "ledger": ("registrations?", "entry", "entries", "ledger", "registered"),
    "settle": ("settle\\w*",),
    "support": ("support\\w*",),
    "refute": ("refut\\w+",),
    "best": ("winners?", "best", "dev"),
    "default": ("defaults?",),
    "arms": ("arms?",),
    "comparators": ("comparators?",),
}  # fmt: skip
_MEASURES = frozenset({
    "sd", "se", "variance", "median", "extreme", "low", "high", "p", "difference", "mean", "level",
    "power", "support", "refute",
})  # fmt: skip
"""Cues of which the nearest one before a number says what it is."""
NOUNS: dict[str, str] = {
    **dict.fromkeys(("replicate", "replicates"), "replicates"),
    **dict.fromkeys(("trial", "trials"), "trials"),
    **dict.fromkeys(("configuration", "configurations", "candidate", "candidates"), "tuning"),
    **dict.fromkeys(("item", "items", "image", "images", "example", "examples"), "items"),
    **dict.fromkeys(("registration", "registrations", "entries"), "ledger"),
    **dict.fromkeys(("arm", "arms"), "arms"),
    **dict.fromkeys(("comparator", "comparators"), "comparators"),
    **dict.fromkeys(("failure", "failures"), "failures"),
    **dict.fromkeys(("second", "seconds", "s"), "seconds"),
    **dict.fromkeys(("mib",), "mib"),
    **dict.fromkeys(("%", "percent", "percentage", "points", "pp", "permille"), "percent"),
    **dict.fromkeys((
        "seeds", "runs", "minutes", "hours", "days", "weeks", "epochs", "steps", "iterations", "layers",
        "units",
        "parameters", "gb", "gib", "mb", "times", "fold", "-fold", "degrees", "dollars", "euros",
        "datasets", "data",
        "sets", "tasks", "classes", "annotators", "users", "folds", "models", "networks", "samples", "ms",
        "h",
        "nats", "bits", "standard", "sd", "sds", "sigma", "papers", "gpus", "cores", "milliseconds",
        "batches",
        "patients", "participants", "tests", "experiments", "benchmarks", "pixels", "labels", "tokens",
        "x", "×",
    ), "other"),
}  # fmt: skip
_UNIT_NOUNS = {"%": "percent", "percent": "percent", "nats": "other", "s": "seconds", "seconds": "seconds"}


@dataclass(frozen=True)
class Role:
    """A kind of number."""

    form: str
    """Of the fact's name."""
    needs: frozenset[str]
    """Cues of which one must stand in its sentence."""
    nouns: frozenset[str] = frozenset()
    """What it may count."""
    measured: bool = False
    """A value of a metric, so that metric, split and arm matter."""
    after: frozenset[str] = frozenset()
    """Measures that may stand nearest before it beside those it needs."""


def _role(form: str, needs: str, nouns: str = "", *, measured: bool = False, after: str = "") -> Role:
    parts = (frozenset(text.split()) for text in (needs, nouns, after))
    wanted, counted, before = parts
    return Role(form, wanted, counted, measured, before)


ROLES: tuple[Role, ...] = (
    _role(r"arm\..+\.mean|other\..+\.mean", "mean metric", measured=True),
    _role(r"arm\..+\.sd", "sd", measured=True),
    _role(r"arm\..+\.trials", "trials replicates", "trials"),
    _role(r"arm\..+\.failures|explore\..+\.failures|count\.failures", "failures", "trials failures"),
    _role(r"arm\..+\.tuning|explore\..+\.candidates", "tuning", "tuning"),
    _role(r"effect\..+\.mean", "difference", measured=True, after="mean level"),
    _role(r"effect\..+\.low", "low", measured=True),
    _role(r"effect\..+\.high(?:_corrected)?", "high", measured=True),
    _role(r"comparison\..+\.sd", "sd", measured=True, after="difference"),
    _role(r"comparison\..+\.(?:p|holm)", "p"),
    _role(r"comparison\..+\.n", "replicates", "replicates"),
    _role(r"plan\.n", "replicates", "replicates"),
    _role(r"plan\.(?:alpha|level)|arms\.level", "level", after="p"),
    _role(r"plan\.sesoi", "sesoi difference", measured=True, after="mean"),
    _role(r"plan\.worst", "worst"),
    _role(r"plan\.comparators", "comparators", "comparators"),
    _role(r"plan\.arms", "arms", "arms"),
    _role(r"ledger\.\w+", "ledger", "ledger"),
    _role(r"power\.supported", "support", after="power"),
    _role(r"power\.refuted", "refute", after="power"),
    _role(r"power\.(?:replicates|n_default)|count\.replicates", "replicates", "replicates"),
    _role(r"power\.sd", "sd", after="high"),
    _role(r"verdict\.n_to_settle", "settle", "replicates"),
    _role(r"count\.trials|explore\.(?:.+\.)?trials", "trials", "trials"),
    _role(r"count\.items", "items", "items"),
    _role(r"explore\..+\.best", "best", measured=True, after="mean"),
    _role(r"explore\..+\.default", "default", measured=True, after="mean"),
)


@cache
def role_of(fact: str) -> Role | None:
    """The kind of a fact, by its name."""
    return next((role for role in ROLES if re.fullmatch(role.form, fact)), None)


@cache
def cue_pattern(metric_words: tuple[str, ...]) -> re.Pattern[str]:
    """An expression with a named group for each cue; `metric` has the words of the study's metrics."""
    named = {**CUES, "metric": tuple(map(re.escape, metric_words))}
    parts = [rf"(?P<{name}>{'|'.join(forms)})" for name, forms in named.items() if forms]
    return re.compile(rf"(?<![\w-])(?:{'|'.join(parts)})(?!\w)", re.IGNORECASE)


def is_measure(cue: str) -> bool:
    """Whether a cue says what kind of measure a number is."""
    return cue in _MEASURES


def noun_of_unit(unit: str) -> str:
    """What may be counted after a number of this unit."""
    return _UNIT_NOUNS.get(unit.lower(), "")
