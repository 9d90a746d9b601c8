"""What a number is for: structure, a setting, a value, or what lies between two values.

Promises nothing about truth. A number is a setting or structure only where the words that touch it say so;
everything else needs evidence.
"""

from __future__ import annotations

import re
from typing import Literal

from agent.evidence.audit.foreign.numerals import Number
from agent.evidence.audit.foreign.reading import END, LOST_PERCENT, POINTER
from agent.evidence.audit.foreign.words import stem, tokens

Role = Literal["structural", "setting", "value", "change"]
_POINTERS = re.compile(
    r"\b(?:tables?|figures?|figs?|sections?|secs?|eqs?|equations?|algorithms?|appendi(?:x|ces)|"
    r"chapters?|runs?|steps?|phases?|"
    r"lines?|theorems?|lemmas?|experiments?|parts?|versions?|tasks?|levels?|stages?|types?|"
    r"classes|rows?|columns?|panels?|"
    r"pages?|vol|no|exp|definitions?|assumptions?|hypothes[ie]s|propositions?|questions?|items?|seed|fold|§)"
    r"\.?[\s\u2009~(]*(?:\d+[a-z]?\s*(?:,|and|or|to|–|-)\s*(?:and\s+)?)*\(?$",
    re.IGNORECASE,
)
_LABEL = re.compile(r"^\s*\(?$")
_VARIABLE = re.compile(
    rf"(?:(?<![A-Za-z])[A-Za-z]|alpha|beta|gamma|lambda|eta|epsilon|sigma|tau|mu|theta|delta|\|"
    rf"[^|]{{1,12}}\|)"
    rf"(?:_[\w, ]{{1,12}}{END}?)?(?:\^[\w*]+{END}?)?\s*(?:=|≤|≥|<|>|∈|:=|≈|\bis\b|\bset to\b)\s*\{{?$"
)
_P_VALUE = re.compile(r"(?<![A-Za-z])p\s*(?:-?\s*values?)?\s*(?:=|<|>|≤|≥|≈|of|is|was)\s*$", re.IGNORECASE)
_YEAR_BEFORE = re.compile(
    r"(?:\b(?:in|since|until|during|early|late|year|mid|©|copyright)|[(,]|et al\.?,?)\s*\(?$", re.IGNORECASE
)
_MONTH_BEFORE = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?\s+(?:\d{1,2},?\s+)?$"
)
_IDENTIFIER = re.compile(r"(?:arxiv|doi|isbn|version|https?)\s*[:/v]\s*\S{0,30}$", re.IGNORECASE)
_BOUNDS = re.compile(
    r"(?:∈|\\in\b|\bwithin|\b(?:in|from) the (?:range|interval))\s*[\[({]+\s*(?:[-−.\d]+\s*,\s*)?$"
)
_SCALED = re.compile(r"\(\s*×\s*$")
"""`(× 100)` tells how something is printed."""
_SHARE = re.compile(
    r"^\s*of\s+(?:all\s+|the\s+|its\s+|our\s+|their\s+)*(?:[a-z-]+\s+){0,2}?"
    r"(?:parameters?|weights?|steps?|data|samples?|examples?|tokens?|images?|training|epochs?|iterations?|layers?|"
    r"pixels?|features?|labels?|memory|budget|updates?)\b",
    re.IGNORECASE,
)
"""Behind a percentage of what a set-up has."""
_CONFIDENCE = re.compile(
    r"^\s*[-–]?\s*(?:bootstrap\w*\s+|wilson\s+)?(?:confidence|ci\b|cis\b|credible|"
    r"prediction interval|significance)",
    re.IGNORECASE,
)
_NOUNS_TEXT = """
epoch batch seed layer head unit dimension dropout decay warmup momentum iteration timestep sample
example image point parameter fold split gpu cpu core worker node vocab vocabulary window length
kernel stride filter channel width depth rank temperature threshold patience clip clipping neighbor
neighbour class dataset task method run trial replicate repetition version optimizer resolution
budget rate size step pytorch python cuda tensorflow jax numpy scikit hidden beta betas epsilon lr
token context character block embedding instance feature element pair repeat subset training
validation testing document sentence word query client round expert agent environment annotator
participant item neuron weight weighting bias update frame second minute attention input output
sequence observation level bit gb ram memory variant strategy configuration model baseline metric
experiment approach algorithm factor variable group category
episode rollout transition trajectory thread process machine server beam candidate restart frame
hop horizon order degree radius capacity lag shot pixel set """
NOUNS = frozenset(_NOUNS_TEXT.split())
_STRICT_TEXT = """
epoch batch seed layer head dropout decay warmup momentum fold split vocab vocabulary window kernel
stride filter channel width depth rank temperature threshold patience clip clipping version pytorch
python cuda tensorflow jax numpy scikit bias weight beta betas epsilon lr size hidden learning
optimizer resolution schedule regularization smoothing ema horizon order degree capacity lag
"""
STRICT = frozenset(_STRICT_TEXT.split())
"""Nouns that may stand before a number: `batch size of 32`."""
_NOT_SETTING = frozenset(
    [
        "final",
        "best",
        "mean",
        "average",
        "accuracy",
        "loss",
        "error",
        "reward",
        "return",
        "score",
        "f1",
        "perplexity",
    ]
)
_GAIN = (
    r"(?:points?|pp|percentage|higher|lower|faster|slower|better|worse|more|less|fewer|"
    r"improve\w*|increas\w*|decreas\w*|"
    r"reduc\w*|gains?|drops?|speed-?\s?ups?|gap|differences?|declines?|boost|rise|relative|"
    r"smaller|larger|cheaper|shorter|"
    r"longer|lead|advantage|margin|savings?|cut|degradation|changes?|overhead|growth|above|"
    r"below|lift|deficit|loss in|worsening)"
)
_CHANGE_AFTER = re.compile(
    rf"^[\s-]*(?:(?:absolute|relative|average|mean|overall|consistent|accuracy|further|"
    rf"total)\s+){{0,2}}{_GAIN}\b",
    re.IGNORECASE,
)
_HEDGES = (
    r"(?:(?:about|around|roughly|approximately|nearly|almost|up to|as much as|only|just|over|"
    r"more than|at least|at most|an average of|a total of|another|some|a|an|the|as|≈|~)\s*)*"
)
_CHANGE_BEFORE = re.compile(
    rf"\bby\s+{_HEDGES}$|\bfactors?\s+of\s+{_HEDGES}$|"
    rf"\b(?:difference|gap|margin|gain|improvement|reduction|increase|decrease|drop|advantage|"
    rf"speed-?up|lead|boost|decline|"
    rf"savings?|change|rise|overhead|deficit|lift|degradation)s?\b[^.;()]{{0,70}}?(?:\b(?:of|by|"
    rf"is|was|at|to|reaching|amounts? to|from)\s+|=\s*|:\s*){_HEDGES}$",
    re.IGNORECASE,
)
_FROM_TO = re.compile(
    r"\b(?:from|to)\s+(?:an? average of\s+|about\s+|around\s+|only\s+|just\s+)?$", re.IGNORECASE
)


def role(number: Number, text: str, kind: str) -> Role:
    """The role of a number in a text, before names and results are looked at."""
    before, after = text[max(0, number.start - 400) : number.start], text[number.stop : number.stop + 400]
    if kind == "formula" or _is_name(number, before, after) or _is_pointer(number, before, after):
        return "structural"
    if _is_grid(number, before, after):
        return "setting"
    if _P_VALUE.search(before) and abs(number.value) < 1:
        return "value"
    if number.worded:
        return _worded(number, before, after)
    if number.percent and is_share(after) and kind != "cell":
        return "setting"
    if number.factor or is_change(number, before, after):
        return "change"
    if _VARIABLE.search(before) or (kind != "cell" and is_setting(before, after)):
        return "setting"
    return "value"


def _is_grid(number: Number, before: str, after: str) -> bool:
    """Whether whole numbers make a size or a split: `64×64`, `7:1:2`."""
    if not number.literal.isdecimal():
        return False
    return bool(re.match(r"^\s?[×:]\s?\d+(?![.\d])", after) or re.search(r"(?<![.\d])\d+\s?[×:]\s?$", before))


def is_share(after: str) -> bool:
    """Whether a percentage is one of what a set-up has: `6% of the steps`."""
    return bool(_SHARE.match(after))


def is_change(number: Number, before: str, after: str) -> bool:
    """Whether the words say that the number lies between two values."""
    if _FROM_TO.search(before) and not re.search(r"\b(?:amounts?|up) to\s+$", before):
        return False
    if re.match(r"^\s*points?\b", after) and abs(number.value) >= 100:
        return False
    behind = after[re.match(r"\s*(?:±\s*[\d.]+\s?%?)?", after).end() :]  # type: ignore[union-attr]
    return bool(_CHANGE_BEFORE.search(before) or _CHANGE_AFTER.match(behind))


def is_setting(before: str, after: str) -> bool:
    """Whether the noun that a number counts or sets is one of a set-up."""
    return bool(setting_words(before, after))


def setting_words(before: str, after: str) -> tuple[str, ...]:
    """The words that make a number a setting; none if it is no setting."""
    behind = re.split(
        r"[.,;:()±]|\band\b|\bfor\b|\bin\b|\bon\b|\bwith\b|\bof\b|\bto\b|\bcompared\b|\bper\b|"
        r"\bwhile\b|\busing\b",
        after,
    )[0]
    following = [stem(token.word) for token in tokens(behind)][:3]
    for position, word in enumerate(following):
        if set(following) & _NOT_SETTING:
            break
        if word in NOUNS and not (
            position and following[0] in ("higher", "lower", "more", "fewer", "faster")
        ):
            return tuple(following[: position + 1])
    if (
        re.match(r"^-[a-z]", after)
        and following
        and following[0] in (*NOUNS, "nearest", "shot", "way", "bit", "dimensional")
    ):
        return (following[0],)
    if label := re.match(r"^\W*([A-Za-z][A-Za-z -]{2,40}):\s*$", before):
        named = [stem(token.word) for token in tokens(label[1])]
        if named and named[-1] in NOUNS and not set(named) & _NOT_SETTING:
            return tuple(named)
    if re.search(r"\bsplit", before) and re.search(
        r"\b(?:train(?:ing)?|validation|test(?:ing)?|dev)\s*\(?\s*$", before
    ):
        return ("split",)
    ahead = (
        re.split(r"[.;()](?:\s|$)|,", before.rstrip(" (=:"))[-1]
        if not before.rstrip().endswith(",")
        else before
    )
    leading = [stem(token.word) for token in tokens(ahead)][-5:]
    filler = {
        "of",
        "to",
        "is",
        "was",
        "set",
        "at",
        "a",
        "the",
        "with",
        "=",
        "an",
        "initial",
        "fixed",
        "default",
        "and",
        "value",
        "rate",
        "size",
    }
    real = [word for word in leading if word not in filler]
    if real and real[-1] in STRICT and not set(leading) & _NOT_SETTING:
        return tuple(leading)
    if (
        len(leading) > 1
        and leading[-1] in ("rate", "size")
        and leading[-2] in (*NOUNS, "learning", "crop", "step", "noise")
    ):
        return tuple(leading[-2:])
    if "learning" in leading and "rate" in leading and not set(leading) & _NOT_SETTING:
        return ("learning", "rate")
    return ()


def _worded(number: Number, before: str, after: str) -> Role:
    if number.percent or not number.exact:
        return "change" if not number.percent or is_change(number, before, after) else "value"
    if number.factor:
        trials = re.match(r"^\s*(?:with|each|per|using|over|for|independently|in total|,|\.)", after)
        return (
            "setting"
            if trials or re.search(r"\b(?:run|repeated|trained|evaluated|executed|performed)\s+$", before)
            else "change"
        )
    return "setting" if is_setting(before, after) else "structural"


def _is_name(number: Number, before: str, after: str) -> bool:
    """Digits inside a name, an index or an exponent: `CIFAR-10`, `x_1`, `V100`, `2D`."""
    if number.worded or number.spread:
        return False
    last = before[-1:]
    if last.isalpha() or (last in ("_", "^", "/") and before[-2:-1].isalpha()):
        return True
    opened = max(before.rfind("^"), before.rfind("_"))
    if opened >= 0 and len(before) - opened < 24 and END in after[:24] and END not in before[opened:]:
        return True
    if re.search(r"(?:(?<![A-Za-z])[A-Z]|≈\s*\w+)\(\{?$|\bmod\s*$", before) or (
        before[-1:] == "{" and after[:1] == ","
    ):
        return True
    if last in "-–" and re.search(r"[A-Za-z][-–]$", before):
        return True
    if number.factor or number.percent:
        return False
    behind = after[:1]
    return behind.isalpha() and not number.unit and not re.match(r"^(?:k|K|M|B|x|e|s|ms|GB|MB|h)\b", after)


def _is_pointer(number: Number, before: str, after: str) -> bool:
    whole = float(number.value).is_integer() and not number.percent
    if number.worded or number.spread:
        return False
    if _IDENTIFIER.search(before) or _BOUNDS.search(before) or (not number.factor and _SCALED.search(before)):
        return True
    if whole and (_POINTERS.search(before) and not number.unit):
        return True
    if (
        whole
        and 0 < number.value < 40
        and (_LABEL.match(before) or before.endswith(LOST_PERCENT + " "))
        and re.match(r"^[.)]\s", after)
    ):
        return True
    if (
        whole
        and 1900 <= number.value <= 2100
        and "," not in number.literal
        and (_YEAR_BEFORE.search(before) or _MONTH_BEFORE.search(before))
    ):
        return not is_setting("", after)
    if whole and (before.rstrip().endswith("[") and re.match(r"^\s*[\],]", after)):
        return True
    return bool(number.percent and _CONFIDENCE.match(after)) or before.endswith(POINTER + "-")
