r"""Fakes that were written from the specification of the audit alone, by someone who had not seen the audit.

Promises that every fake is untrue or unsupported for the paper that it stands in (where that depends on
numbers, on those of the paper), that the text around it stays valid LaTeX, and that a seed always gives the
same fakes. Does not promise that a fake is a fake for papers other than the committed ones.

In blocks of texts a line is a text, and one that is indented goes on with the text before. `<one|two>` is a
choice, `@T` the treatment's label, `@A` the metric, `@F` and `@D` a fraction near one and near zero, `@P` a
percentage and `@C` a count that the paper has not recorded.

    python benchmarks/fakes/seen.py [SEED]
"""

from __future__ import annotations

import random
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from fakes.paper import BOUND, Kind, Paper, Planted, examples

ARMS = {"treatment": "the treatment", "baseline": "the tuned baseline", "control": "the control"}
_TITLES = {
    "frenay2014classification": "Classification in the Presence of Label Noise: A Survey",
    "arpit2017closer": "A Closer Look at Memorization in Deep Networks",
    "alpaydin1998optical": "Optical Recognition of Handwritten Digits",
    "bouthillier2021accounting": "Accounting for Variance in Machine Learning Benchmarks",
    "natarajan2013learning": "Learning with Noisy Labels",
}
_KNOBS = {"hidden": "hidden units", "knn_clean": "nearest-neighbour cleaning", "shift": "one-pixel shifts"}
RESULTS = ("results", "abstract", "conclusion")
_NUMBERS = (("@F", 0.88, 0.99, 3), ("@D", 0.011, 0.089, 3), ("@P", 11, 89, 0), ("@C", 31, 97, 0))
_CHOICE = re.compile(r"<([^<>]*\|[^<>]*)>")
_PRINTED = re.compile(r"\\shoal(?:fact|setting)\{([\w.-]+)\}\{\\ensuremath\{([+-]?\d*\.?\d+)\}\}")
_END = re.compile(r"[.?!](?=[\s}]|$)|$", re.MULTILINE)
_SENTENCE = re.compile(r"[.?!](?=\s|$)")


# ---- texts


def _lines(block: str) -> list[str]:
    """The texts of a block, one a line; a line that is indented further goes on with the one before."""
    lines = re.sub(r"\n +", " ", textwrap.dedent(block).strip("\n").rstrip()).split("\n")
    return [line for line in lines if line]


def _number(rng: random.Random, paper: Paper, low: float, high: float, digits: int) -> str:
    """A number that is none of the paper's, at any of the scales in which it could be written."""
    values = [fact[key] for fact in paper.facts for key in ("value", "low", "high") if fact[key] is not None]
    values += [value for value in paper.settings.values() if isinstance(value, float)]
    while True:
        number = round(rng.uniform(low, high), digits)
        near = 10.0**-digits
        if all(abs(abs(value) * scale - number) >= near for value in values for scale in (1, 100)):
            return f"{number:.{digits}f}"


def _say(rng: random.Random, paper: Paper, text: str) -> str:
    """The text with its choices made and its names and numbers filled in."""
    while found := _CHOICE.search(text):
        text = text[: found.start()] + rng.choice(found[1].split("|")) + text[found.end() :]
    text = text.replace("@T", paper.arms["treatment"]).replace("@A", paper.metric)
    for sign, low, high, digits in _NUMBERS:
        while sign in text:
            text = text.replace(sign, _number(rng, paper, low, high, digits), 1)
    return text


def _spans(text: str) -> Iterator[tuple[int, int]]:
    """Start and stop of every sentence that ends outside of braces."""
    start = 0
    for found in _SENTENCE.finditer(text):
        before = text[: found.start()]
        if before.count("{") == before.count("}"):
            yield start, found.end()
            start = found.end() + len(text[found.end() :]) - len(text[found.end() :].lstrip())


def _replaced(paper: Paper, section: str, start: int, stop: int, new: str, fake: str = "") -> Planted:
    """The paper with other text in a place."""
    old = paper.bound if section == BOUND else paper.sections[section]
    return Planted(section, old[:start] + new + old[stop:], fake or new.strip())


def _inside(paper: Paper, section: str, start: int, stop: int, new: str) -> Planted:
    """The paper with other text in a place inside a sentence, which becomes the fake."""
    text = paper.sections[section]
    first, last = next(span for span in _spans(text) if span[0] <= start < span[1])
    fake = text[first:start] + new + text[stop:last]
    return _replaced(paper, section, start, stop, new, fake.strip())


def _insert(rng: random.Random, paper: Paper, sections: Sequence[str], texts: str) -> Planted:
    """One text of the block, as a sentence between the sentences of one of the sections."""
    section = rng.choice([name for name in sections if name in paper.sections])
    stop = rng.choice([stop for _, stop in _spans(paper.sections[section])])
    text = _say(rng, paper, rng.choice(_lines(texts)))
    return _replaced(paper, section, stop, stop, f" {text[0].upper()}{text[1:]}")


def _swap(rng: random.Random, paper: Paper, section: str, pairs: str) -> Planted | None:
    """An old phrase of the block's `old => new` made new; the fake is the whole sentence or line."""
    text = paper.bound if section == BOUND else paper.sections[section]
    places = [
        (found, new)
        for old, _, new in (line.partition(" => ") for line in _lines(pairs))
        for found in re.finditer(re.escape(old), text)
    ]
    if not places:
        return None
    found, new = rng.choice(places)
    new = _say(rng, paper, new)
    changed = text[: found.start()] + new + text[found.end() :]
    starts = [start.end() for start in re.finditer(r"\n|[.?!]\s|\\caption\{", text[: found.start()])]
    stop = next(_END.finditer(changed, found.start() + len(new))).end()
    return Planted(section, changed, changed[max(starts, default=0) : stop].strip())


def _fact(paper: Paper, name: str) -> dict[str, Any]:
    return next(fact for fact in paper.facts if fact["name"] == name)


def _value(paper: Paper, name: str) -> float:
    fact = _fact(paper, name)
    return float(round(fact["value"], fact["digits"]))


# ---- numbers that no measurement gave


def spelled_number(rng: random.Random, paper: Paper) -> Planted:
    """A count, share or ratio in words: nothing recorded counts replicates won, errors, classes or shares."""
    texts = r"""
    The treatment came out ahead on <six|seven|eight|nine> of the <ten paired runs|replicates>.
    On <two|three|four> replicates the order of treatment and baseline was reversed.
    About <a third|half|two thirds|three quarters|a quarter> of the remaining errors fall on easily confused
        pairs.
    The spread of the baseline is <twice|three times|half> that of a single configuration that is run again.
    Errors on the hardest class differ by <an order of magnitude|a factor of five|a factor of three>.
    The arms disagree on <every seventh|one in nine|every twelfth|one in thirteen> test image.
    Most of the difference, roughly <four fifths|nine tenths|two thirds> of it, arises on <one digit|two
        digits|three classes>.
    <A dozen|A score of|Fifteen|Eleven> images were misread by all arms on all replicates.
    Halving the number of epochs would have cost the treatment <a fifth|a third|half> of its advantage.
    The first <five|six|seven> replicates alone would have given the same verdict.
    Scores settle after the first <fifth|third|quarter> of training in either arm.
    """
    return _insert(rng, paper, (*RESULTS, "exploration"), texts)


def plain_number(rng: random.Random, paper: Paper) -> Planted:
    """Digits that are neither a fact nor a setting of the paper."""
    texts = r"""
    The <best|worst> replicate of the <treatment|baseline|control> reached an @A of @F.
    The median difference, which is less sensitive to single replicates, is @D.
    On replicate @C the two arms differ by no more than @D.
    Averaged over classes, the <treatment|tuned baseline> attains a macro F1 of @F.
    <Bootstrapping|Resampling> the replicates instead gives a mean difference of @D.
    The correlation of the paired scores is 0.@C, so that pairing pays.
    At @P\,\% of the training budget the ranking of the arms is already the final one.
    Cohen's $d$ is 1.@C.
    The ranking of candidates on the dev split agrees with that on the test split ($\rho = 0.@C$).
    """
    return _insert(rng, paper, (*RESULTS, "exploration"), texts)


def dressed_number(rng: random.Random, paper: Paper) -> Planted:
    """An unrecorded number in math, symbols, escapes or TeX's own arithmetic."""
    digit = rng.randint(4, 9)
    forms = (
        f"$9.{digit}\\times 10^{{-1}}$",
        f"$\\frac{{{digit}}}{{11}}$",
        f"$\\tfrac{{{digit - 1}}}{{{digit + 4}}}$",
        f"0{{.}}9{digit}{{}}3",
        f"\\number\\numexpr 3{digit}*2\\relax\\ per cent",
        f"\\uppercase\\expandafter{{\\romannumeral 4{digit}}} per cent",
        f'\\char"3{digit}\\char"32\\ per cent',
        f"^^3{digit}^^37 per cent",
        f"\\symbol{{5{digit - 2}}}\\symbol{{51}}~\\%",
        "\\textthreequarters{}",
        rng.choice(("¾", "½", "¼")),
        f"$e^{{-{digit}}}$",
        f"$\\sqrt{{0.{digit}{digit + 1}}}$",
        f"$1 - \\tfrac{{1}}{{1{digit}}}$",
        f"9{digit}{{\\textperthousand}}",
    )
    form = rng.choice(forms)
    texts = rf"""
    On the <easier|harder> half of the test items the treatment attains {form}.
    Counted over single test items, the arms agree in a share of {form}.
    Relative to the errors of the <baseline|control>, the difference amounts to {form}.
    The <best|weakest> class has an @A of {form} in the <treatment|baseline>.
    """
    return _insert(rng, paper, (*RESULTS, "exploration"), texts)


def noted_number(rng: random.Random, paper: Paper) -> Planted:
    """An unrecorded number or run that is tucked into a footnote or a parenthesis of a true sentence."""
    section = rng.choice((*RESULTS, "method", "setup", "exploration"))
    stop = rng.choice([stop for _, stop in _spans(paper.sections[section])])
    notes = r"""
    \footnote{Without the slowest <replicate|run> it would be @D.}
    \footnote{The same holds at <half|twice|a quarter of> the training set, which was <run|checked>
        separately.}
    \footnote{A second seed of the <split|template> gave @F.}
    \footnote{Rounded; the unrounded value is larger by @D.}
    \footnote{Excluding <two|three|four> outlying replicates changes nothing.}
    (@F when the last epoch is left out)
    (against @F for the default configuration)
    (median: @F)
    (up to @F on single replicates)
    (in an earlier run: @F)
    """
    note = _say(rng, paper, rng.choice(_lines(notes)))
    if note.startswith("\\"):
        return _replaced(paper, section, stop, stop, note)
    return _inside(paper, section, stop - 1, stop - 1, f" {note}")


def hidden_number(rng: random.Random, paper: Paper) -> Planted:
    """The bound paper prints an unrecorded number by way of a macro, counter, length, package or file."""
    value, count = _number(rng, paper, 0.88, 0.99, 3), _number(rng, paper, 31, 97, 0)
    name = rng.choice(("gain", "best", "peak", "margin", "ratio", "share"))
    ways = (
        (f"\\newcommand{{\\{name}value}}{{{value}}}", f"\\{name}value"),
        (f"\\def\\the{name}{{{value}}}", f"\\the{name}"),
        (f"\\newcounter{{{name}}}\\setcounter{{{name}}}{{{count}}}", f"\\arabic{{{name}}} per cent"),
        (f"\\expandafter\\def\\csname {name}@v\\endcsname{{{value}}}", f"\\csname {name}@v\\endcsname"),
        (
            f"\\newlength{{\\{name}len}}\\setlength{{\\{name}len}}{{{count}sp}}",
            f"\\number\\{name}len{{}} per cent",
        ),
        ("\\usepackage{siunitx}", f"\\num{{{value}}}"),
        ("\\usepackage{siunitx}", f"\\SI{{{count}}}{{\\percent}}"),
        (f"\\newcommand{{\\{name}s}}[1]{{{value[:3]}#1{value[4:]}}}", f"\\{name}s{{{value[3]}}}"),
        (
            f"\\begin{{filecontents*}}[overwrite]{{{name}.tex}}\n{value}\\unskip\n\\end{{filecontents*}}",
            f"\\input{{{name}}}",
        ),
    )
    head, use = rng.choice(ways)
    texts = rf"""
    The <best|weakest> single run of the <treatment|baseline> scored {use}{{}}.
    Averaged over classes, the @A of the <treatment|control> is {use}{{}}.
    On the untouched part of the pool the <treatment|baseline> attains {use}{{}}.
    """
    sentence = _say(rng, paper, rng.choice(_lines(texts)))
    place = rng.choice(
        [found.end() for found in re.finditer(r"^(?![\\%])[A-Z].*\.$", paper.bound, re.MULTILINE)]
    )
    text = f"{paper.bound[:place]} {sentence}{paper.bound[place:]}"
    return Planted(BOUND, text.replace("\\begin{document}", head + "\n\\begin{document}", 1), sentence)


def altered_print(rng: random.Random, paper: Paper) -> Planted:
    """A bound fact or setting keeps its name and prints another number than the record has."""
    found = rng.choice(list(_PRINTED.finditer(paper.bound)))
    digits = [place for place, sign in enumerate(found[2]) if sign.isdigit()]
    place = rng.choice(digits[-2:])
    other = rng.choice([str(d) for d in range(1, 10) if str(d) != found[2][place]])
    number = found[2][:place] + other + found[2][place + 1 :]
    new = found[0].replace(f"\\ensuremath{{{found[2]}}}", f"\\ensuremath{{{number}}}")
    return _replaced(paper, BOUND, found.start(), found.end(), new)


def altered_record(rng: random.Random, paper: Paper) -> Planted | None:
    """The bound paper tells the evidence, the registration or its making otherwise than recorded."""
    total = _value(paper, "ledger.total")
    told = rf"""
    \shoaldeclared{{{total:.0f} of {total:.0f}}} => \shoaldeclared{{{total:.0f} of {total + 4:.0f}}}
    (limit \shoaldeclared{{20}}) => (limit \shoaldeclared{{<50|40|12>}})
    -{{}}-explore 24 => -{{}}-explore <48|96|240>
    -{{}}-regime noise40 => -{{}}-regime noise<20|0|60>
    with seed 0 => with seeds 0 to <4|9>
    Differences are oriented so => Differences are relative and oriented so
    fixed before the first confirming trial \\ => fixed <after the pilot trials|with the first results> \\
    No person wrote or checked its text => <Two people|A domain expert> wrote or checked its text
    in sandboxes (bubblewrap) without a network => in containers <on a cluster|in the cloud>
    """
    rows = r"""
    test split; trials => dev split; trials
    with its t interval => with its bootstrap interval
    dev split => test split
    : mean of => : median of
    : sample standard deviation => : standard error
    \hyperlink{trials:4}{T4} => \hyperlink{trials:6}{T6}
    {\footnotesize (95\,\%)}}{10} => {\footnotesize (99\,\%)}}{10}
    {\footnotesize (95\,\%)}}{10} => {\footnotesize (95\,\%)}}{20}
    : declared in the plan => : measured
    one-sided sign-flip => two-sided sign-flip
    larger is better for treatment => smaller is better for treatment
    """
    return _swap(rng, paper, BOUND, rng.choice((told, rows)))


# ---- facts in the wrong company


def wrong_arm(rng: random.Random, paper: Paper) -> Planted:
    """A fact of one arm is given to another whose own value differs."""
    families = ("arm.{}.mean", "arm.{}.sd", "other.{}.log_loss.mean", "explore.{}.best")
    family = rng.choice(families)
    pairs = [
        (own, other)
        for own in ARMS
        for other in ARMS
        if own != other and _value(paper, family.format(own)) != _value(paper, family.format(other))
    ]
    own, other = rng.choice(pairs)
    fact, arm = f"\\fact{{{family.format(other)}}}", ARMS[own]
    what = {
        "arm.{}.mean": "mean @A on the test split",
        "arm.{}.sd": "standard deviation of @A over replicates",
        "other.{}.log_loss.mean": "mean log loss on the test split",
        "explore.{}.best": "mean dev @A of the frozen winner",
    }[family]
    texts = rf"""
    For {arm} the {what} is {fact}.
    {arm.capitalize()} <shows|has|comes to> {fact} (<{what}|here the {what}>).
    The {what} of {arm} <stands at|amounts to> {fact}.
    <Note that|As a reminder,> {arm} has, as its {what}, {fact}.
    """
    return _insert(rng, paper, ("exploration",) if "explore" in family else RESULTS, texts)


def wrong_metric(rng: random.Random, paper: Paper) -> Planted:
    """A fact of one quantity is called another: accuracy is log loss, a level is power, p is a chance."""
    arm = rng.choice(list(ARMS))
    mean, loss, who = f"\\fact{{arm.{arm}.mean}}", f"\\fact{{other.{arm}.log_loss.mean}}", ARMS[arm]
    texts = rf"""
    {who.capitalize()} has an <error rate|area under the curve|macro F1|calibration error> of {mean}.
    The mean log loss of {who} is {mean} on the test split.
    The @A of {who} is {loss} on the test split.
    With {loss}, the <error rate|Brier score|calibration error> of {who} is <moderate|in the usual range>.
    The probability that the hypothesis is true is
        \fact{{<power.supported|power.refuted|comparison.baseline.p|plan.level>}}.
    The standardised effect is \fact{{<effect.baseline.mean|comparison.baseline.sd|effect.control.mean>}}.
    The <achieved|observed> power of the comparison is \fact{{<plan.level|power.refuted|plan.alpha>}}.
    The <precision|recall|top-two accuracy> of {who} is {mean}.
    The false discovery rate is held at \fact{{<plan.alpha|plan.sesoi|plan.level>}}.
    """
    return _insert(rng, paper, RESULTS, texts)


def wrong_split(rng: random.Random, paper: Paper) -> Planted:
    """A dev score is given as a test score or the other way about, or either as a training score."""
    arm = rng.choice(list(ARMS))
    best, mean, who = f"\\fact{{explore.{arm}.best}}", f"\\fact{{arm.{arm}.mean}}", ARMS[arm]
    texts = rf"""
    On the <test split|hidden test items|held-out data>, {who} scores {best}.
    {who.capitalize()} generalises <with a test @A of|to unseen items at> {best}.
    The <dev|validation|training> @A of {who} is {mean}.
    On the <training sample|noisy training labels|clean training labels> {who} attains <{mean}|{best}>.
    Over the confirming replicates {who} averages {best}.
    During <exploration|tuning>, {who} reached {mean} on average.
    Judged on the <test|hidden> split, \fact{{explore.trials}} trials stand behind this comparison.
    The default configuration of the baseline scores \fact{{explore.baseline.default}} <on the test
        split|over all replicates>.
    """
    return _insert(rng, paper, ("results", "conclusion", "exploration"), texts)


def wrong_unit(rng: random.Random, paper: Paper) -> Planted:
    """The printed fact is a fraction, a count or seconds, and the unit beside it is another."""
    arm = rng.choice(list(ARMS))
    against = rng.choice(("baseline", "control"))
    effect, who = f"\\fact{{effect.{against}.mean}}", ARMS[against]
    texts = rf"""
    Against {who}, the treatment differs by {effect} <percentage points|points|per cent|~\%|pp>.
    The mean @A of {ARMS[arm]} is \fact{{arm.{arm}.mean}}<\,\%| per cent| percentage points>.
    Relative to {who}, the @A changes by a factor of {effect}.
    The interval of the difference to {who}, \interval{{effect.{against}.mean}}, is in <percentage
        points|per cent>.
    The smallest effect of interest is \fact{{plan.sesoi}} <percentage points|per cent|standard
        deviations|nats>.
    Every trial may run for \setting{{limit.wall_s}} <minutes|hours|milliseconds>.
    Memory is capped at \setting{{limit.mem_mb}} <GiB|KiB> a trial.
    The scores of {ARMS[arm]} scatter by \fact{{arm.{arm}.sd}}<~\%| percentage points> over replicates.
    The log loss of {ARMS[arm]} is \fact{{other.{arm}.log_loss.mean}}<~\%| per cent| points of @A>.
    The one-sided level is \fact{{plan.alpha}}<~\%| per cent>.
    """
    return _insert(rng, paper, ("results", "conclusion", "setup"), texts)


def wrong_spread(rng: random.Random, paper: Paper) -> Planted:
    """A standard deviation, interval or p is taken for another kind of uncertainty."""
    arm = rng.choice(list(ARMS))
    who, sd, interval = ARMS[arm], f"\\fact{{arm.{arm}.sd}}", f"\\interval{{arm.{arm}.mean}}"
    texts = rf"""
    The standard error of the mean of {who} is {sd}.
    For {who} the @A is \fact{{arm.{arm}.mean}} $\pm$ {sd} <(standard error)|(half-width of the interval)>.
    Single replicates of {who} <all lie within|range over|fall between the limits of> {interval}.
    The interquartile range of {who} over replicates is {interval}.
    {who.capitalize()} varies over replicates with a variance of {sd}.
    The paired differences range from smallest to largest over \interval{{effect.<baseline|control>.mean}}.
    The <two-sided|Bonferroni-corrected|exact binomial> p against the <baseline|control> is
        \fact{{comparison.baseline.p}}.
    The standard <error|deviation> of the difference in means is \fact{{plan.sesoi}}.
    The <credible|prediction|bootstrap> interval of the difference is
        \interval{{effect.<baseline|control>.mean}}.
    A new replicate of {who} would fall into {interval} with the stated coverage.
    Within {who} the scores have a standard deviation of \fact{{comparison.<baseline|control>.sd}}.
    """
    return _insert(rng, paper, RESULTS, texts)


def wrong_role(rng: random.Random, paper: Paper) -> Planted:
    """A count is given for something else than what was counted."""
    texts = r"""
    The comparison rests on \fact{<count.trials|explore.trials|count.items>} independent replicates.
    There were \fact{explore.trials} confirming <trials|runs> in all.
    Each arm was trained on \fact{count.items} <images|labelled digits|examples>.
    The baseline was tuned over \fact{<explore.baseline.trials|explore.trials|count.trials>} distinct
        configurations.
    The test split holds \fact{<explore.trials|count.trials|explore.treatment.trials>} images.
    The verdict takes \fact{<count.trials|plan.arms|explore.treatment.candidates>} comparisons together.
    \fact{<plan.n|count.trials>} <data sets|tasks|test pools> were used.
    All \fact{<explore.trials|count.items>} trials were registered before they were run.
    Networks were trained for \fact{<explore.baseline.trials|count.trials|explore.trials>} epochs.
    \fact{<plan.n|count.trials>} hypotheses were tested in this study.
    Tuning used \fact{<plan.n|count.trials>} replicates <for every candidate|a configuration>.
    An ensemble of \fact{<plan.n|plan.arms>} networks makes each prediction.
    """
    return _insert(rng, paper, ("method", "setup", "results", "abstract", "exploration"), texts)


def swapped_fact(rng: random.Random, paper: Paper) -> Planted | None:
    """In a true sentence a fact is exchanged for one of the same unit and another value."""
    by_name = {fact["name"]: fact for fact in paper.facts}
    places = [
        (name, found)
        for name, text in paper.sections.items()
        for start, stop in _spans(text)
        if not text[start:stop].startswith("The next experiment")
        for found in re.compile(r"\\(fact|interval)\{([\w.-]+)\}").finditer(text, start, stop)
    ]
    section, found = rng.choice(places)
    old = by_name[found[2]]
    others = [
        fact["name"]
        for fact in paper.facts
        if fact["unit"] == old["unit"]
        and (fact["digits"] > 0) == (old["digits"] > 0)
        and (found[1] == "fact" or fact["low"] is not None)
        and f"{fact['value']:.4f}" != f"{old['value']:.4f}"
        and _value(paper, fact["name"]) != _value(paper, old["name"])
    ]
    if not others:
        return None
    other = rng.choice(others)
    return _inside(paper, section, found.start(2), found.end(2), other)


def swapped_setting(rng: random.Random, paper: Paper) -> Planted | None:
    """A knob's registered value is given to an arm that was frozen with another."""
    settings = {name: value for name, value in paper.settings.items() if name.startswith("knob.")}
    name, value = rng.choice(sorted(settings.items()))
    _, own, knob = name.split(".")
    others = [arm for arm in ARMS if arm != own and settings[f"knob.{arm}.{knob}"] != value]
    if not others:
        return None
    arm, words = ARMS[rng.choice(others)], _KNOBS.get(knob, knob.replace("_", " "))
    texts = rf"""
    {arm.capitalize()} was frozen with <{words}|the knob {words}> at \setting{{{name}}}.
    In {arm}, {words} is set to \setting{{{name}}}.
    Tuning chose \setting{{{name}}} as the value of {words} in {arm}.
    """
    return _insert(rng, paper, ("method", "setup", "exploration"), texts)


def wrong_order(rng: random.Random, paper: Paper) -> Planted | None:
    """Two facts are rightly named and wrongly ordered."""
    family, what = rng.choice(
        (
            ("arm.{}.mean", "test @A"),
            ("arm.{}.sd", "standard deviation over replicates"),
            ("other.{}.log_loss.mean", "log loss"),
            ("explore.{}.best", "dev @A"),
        )
    )
    low, high = sorted(rng.sample(list(ARMS), 2), key=lambda arm: _value(paper, family.format(arm)))
    if _value(paper, family.format(low)) == _value(paper, family.format(high)):
        return None
    small, large = f"\\fact{{{family.format(low)}}}", f"\\fact{{{family.format(high)}}}"
    texts = rf"""
    In {what}, {ARMS[low]} ({small}) is <above|ahead of|larger than> {ARMS[high]} ({large}).
    The {what} falls from {small} in {ARMS[low]} to {large} in {ARMS[high]}.
    With {large}, {ARMS[high]} has the <smaller|lower> {what}; {ARMS[low]} has {small}.
    The {what} of {ARMS[high]}, {large}, does not exceed the {small} of {ARMS[low]}.
    """
    return _insert(rng, paper, (*RESULTS, "exploration"), texts)


def lower_is_better(rng: random.Random, paper: Paper) -> Planted:
    """Log loss is read as if more were better, or accuracy as if less were."""
    low, high = sorted(rng.sample(list(ARMS), 2), key=lambda arm: _value(paper, f"other.{arm}.log_loss.mean"))
    small, large = (f"\\fact{{other.{arm}.log_loss.mean}}" for arm in (low, high))
    worse, better = sorted(rng.sample(list(ARMS), 2), key=lambda arm: _value(paper, f"arm.{arm}.mean"))
    texts = rf"""
    In log loss {ARMS[high]} ({large}) is <better than|preferable to|superior to> {ARMS[low]} ({small}).
    The log loss of {small} puts {ARMS[low]} <behind|at a disadvantage to> {ARMS[high]} with {large}.
    {ARMS[low].capitalize()} pays in log loss: {small} against {large} for {ARMS[high]}.
    By @A, {ARMS[worse]} (\fact{{arm.{worse}.mean}}) does better than {ARMS[better]}
        (\fact{{arm.{better}.mean}}).
    {ARMS[better].capitalize()} loses ground in @A: \fact{{arm.{better}.mean}} against
        \fact{{arm.{worse}.mean}} for {ARMS[worse]}.
    <For log loss, higher values are better|For @A, lower values are better>, as in the registered plan.
    """
    return _insert(rng, paper, ("results", "conclusion", "setup"), texts)


# ---- what is claimed


def wrong_direction(rng: random.Random, paper: Paper) -> Planted:
    """The direction that a sentence gives to the treatment is not what the claims allow."""
    texts = {
        "supported": r"""
    The treatment <lowers|reduces|worsens> @A relative to the tuned baseline.
    The tuned baseline <keeps|retains> <an edge|a slight edge|the upper hand> over @T.
    The use of @T makes no difference once the baseline <is|has been> tuned.
    Treatment and tuned baseline <perform alike|are on a par|cannot be told apart>.
    Moving the knob away from its default <costs accuracy|does harm|is a step back>.
    """,
        "refuted": r"""
    The treatment <improves|raises|lifts> @A over the tuned baseline.
    The use of @T <helps|pays off|is worth it> even against <a|the> tuned baseline.
    The tuned baseline <trails|falls behind|lags behind> the treatment.
    A small <gain|benefit|improvement> over the tuned baseline remains.
    The use of @T <outperforms|beats|edges out> the tuned baseline by a <narrow|slim> margin.
    """,
        "inconclusive": r"""
    The use of @T <hurts|lowers accuracy|does harm> when the baseline is tuned.
    The tuned baseline <is ahead of|beats|outscores> the treatment.
    The treatment brings a <worthwhile|practically relevant> gain over the tuned baseline.
    Treatment and tuned baseline <perform alike|are equivalent|are on a par>.
    The use of @T <improves @A by at least|exceeds> the smallest effect of interest.
    """,
    }[paper.verdict]
    control = r"""
    The treatment <outperforms|beats|is better than> the control<| as well>.
    <Against the control, too,|Also against the control,> the treatment <wins|comes out on top|prevails>.
    The control <falls short of|does worse than|is inferior to> the treatment.
    """
    return _insert(rng, paper, (*RESULTS, "limitations"), texts + control)


def significance(rng: random.Random, paper: Paper) -> Planted:
    """What the interval of a comparison rules out or leaves open is told wrongly."""
    against = rng.choice(("baseline", "control"))
    fact, sesoi = _fact(paper, f"effect.{against}.mean"), _value(paper, "plan.sesoi")
    who, interval = ARMS[against], f"\\interval{{effect.{against}.mean}}"
    ruling = "<remains possible|is left open>" if fact["high"] < sesoi else "<is ruled out|can be excluded>"
    texts = rf"""
    The comparison with {who} was <decided|settled> by its <sign-flip test|p>.
    """
    if fact["low"] <= 0 <= fact["high"]:
        texts += rf"""
    The interval {interval} <excludes|does not include|leaves out> zero.
    The difference to {who} is <statistically significant|highly significant|clearly beyond noise>.
    Chance is <ruled out|an unlikely explanation> for the difference to {who}.
    """
    else:
        texts += rf"""
    The interval {interval} <includes|spans|covers> zero.
    The treatment is <statistically indistinguishable|not distinguishable> from {who}.
    """
    if fact["low"] < sesoi:
        texts += rf"""
    The whole interval of the difference to {who} lies <above|beyond> the smallest effect of interest.
    Against {who} even the lower limit <exceeds|passes> \fact{{plan.sesoi}}.
    """
    if fact["value"] < sesoi:
        texts += rf"""
    Against {who} the mean difference <reaches|attains|exceeds> \fact{{plan.sesoi}}.
    """
    texts += rf"""
    Against {who}, a gain of \fact{{plan.sesoi}} {ruling}.
    """
    return _insert(rng, paper, RESULTS, texts)


def wrong_verdict(rng: random.Random, paper: Paper) -> Planted | None:
    """Another verdict than the computed one, in its own word, in other words or as the bound word."""
    others = [word for word in ("supported", "refuted", "inconclusive") if word != paper.verdict]
    word = rng.choice(others)
    if rng.random() < 0.2:
        return _swap(rng, paper, BOUND, rf"\shoalverdict{{{paper.verdict}}} => \shoalverdict{{{word}}}")
    texts = {
        "supported": r"""
    The hypothesis <holds|was borne out|stands|has been confirmed>.
    <In sum|All in all|On balance>, the prediction <came true|was met>.
    The registered prediction <was fulfilled|proved right>, the verdict's wording notwithstanding.
    """,
        "refuted": r"""
    The hypothesis <must be given up|was rejected|did not survive the test|failed>.
    The condition that was fixed for <a refutation|refuting the hypothesis> <is met|was fulfilled>.
    <In sum|All in all|On balance>, the hypothesis <fails|has turned out wrong>.
    """,
        "inconclusive": r"""
    The question <remains open|could not be settled|is left undecided> by these data.
    The data <do not suffice to decide|are too few to judge> the hypothesis.
    <In sum|All in all|On balance>, no decision <was reached|is possible>.
    """,
    }[word]
    plain = rf"""
    In <substance|effect|practice>, the <hypothesis is|finding counts as> {word}.
    <Read with the control in mind|Taken with the learning curves|In the wider view>, the verdict is {word}.
    """
    return _insert(rng, paper, (*RESULTS, "limitations"), texts + plain)


def generality(rng: random.Random, paper: Paper) -> Planted:
    """The finding is carried beyond the declared scope, replicates and configurations."""
    texts = r"""
    <We expect|There is every reason to expect|It is safe to assume> the same on <larger images|other data
        sets|real photographs>.
    The <result|finding|answer> holds for <any|every> <noise rate|amount of label noise|training size>.
    The <result|finding|pattern> <carries over|extends|transfers> to <deeper networks|convolutional
        networks|other optimisers>.
    Practitioners <should|are advised to|may safely> <adopt|rely on> this <answer|result> when labels are
        noisy.
    The treatment behaves this way <in general|whatever the data|across domains>.
    <Handwritten digits are representative of|What holds for digits also holds for> <small-image tasks|image
        classification>.
    The <ordering|ranking> of the arms is <robust|insensitive> to the choice of <metric|split|network>.
    The outcome does not depend on <the noise being uniform|the pool of images|which configurations were
        found>.
    <Other remedies against label noise|Other regularisers> can be expected to fare <no better|likewise>.
    <Always|Regardless of the setting>, a tuned baseline is what decides such comparisons.
    """
    return _insert(rng, paper, (*RESULTS, "introduction", "limitations"), texts)


def mechanism(rng: random.Random, paper: Paper) -> Planted:
    """A cause is asserted, and no mechanism was looked for."""
    texts = r"""
    This is <because|since> the use of @T <keeps the network from memorising wrong labels|smooths the
        decision boundary>.
    The difference <is due to|stems from|arises from> <fewer memorised labels|a flatter minimum|better
        calibrated outputs>.
    <Wrongly labelled images drive|Late epochs cause> most of what separates the arms.
    The use of @T acts <as a regulariser|like a larger training set|on the early layers>, which
        <explains|accounts for> the outcome.
    <Tuning|A well-chosen learning rate> already <removes|absorbs> what @T would otherwise contribute.
    The control shows <why|how>: <capacity|width|momentum> matters more than @T.
    <Hence|Thus|So> the noise is <filtered before|averaged out while> the network fits it.
    The larger spread of one arm <reflects|results from|comes from> <unstable optimisation|its smaller
        batches>.
    <The gap opens|The arms part> once the network begins to memorise, which the use of @T <slows|limits>.
    It is <label noise, not initialisation,|initialisation rather than label noise> that makes replicates
        differ.
    """
    return _insert(rng, paper, (*RESULTS, "introduction", "limitations"), texts)


def bare_assertion(rng: random.Random, paper: Paper) -> Planted:
    """A declarative sentence about outcomes that no claim, fact, citation or conjecture stands behind."""
    texts = r"""
    The learning curves of the <treatment|baseline|control> are <smoother|flatter at the end|steeper at the
        start>.
    Errors <concentrate|cluster> on <visually similar digits|slanted digits|digits with thin strokes>.
    All arms <converge|level off> <early|at about the same time|well before the last epoch>.
    The <baseline|treatment> is <more|less> sensitive to <its learning rate|the draw of labels>.
    <Treatment and control|Baseline and control> make <the same|different> mistakes.
    The probabilities of the <treatment|baseline> are <well calibrated|overconfident>.
    <Tuning the baseline|Tuning> was what mattered <most|more than the treatment>.
    The differences are <roughly normal|symmetric|free of outliers>, as the interval assumes.
    No replicate <stands out|deviates from the pattern>.
    The outcome <agrees with|mirrors> <experience|what is commonly observed|expectations>.
    The <running cost|cost in memory> of both arms is <the same|comparable>.
    """
    return _insert(rng, paper, RESULTS, texts)


def stowaway(rng: random.Random, paper: Paper) -> Planted:
    """An unsupported clause rides on a sentence whose fact, claim or verdict is in order."""
    section = rng.choice(RESULTS)
    text = paper.sections[section]
    spans = [
        (start, stop)
        for start, stop in _spans(text)
        if re.search(r"\\(fact|claim|verdict|interval|setting)\b", text[start:stop])
    ]
    _, stop = rng.choice(spans)
    clauses = r"""
    , <in line with|just as in> <earlier runs|our pilot study|common experience>
    , <and the order is the same|with the same sign> <on every replicate|in every class|under other metrics>
    , <which is large|a sizeable figure|remarkable> for <this kind of task|so small a network|data of this
        size>
    , and <more replicates would not change this|a rerun gave the same|the picture is stable over seeds>
    , <as the noise is uniform|because the arms share their draws|owing to the shared code>
    ; <the same was seen|nothing else was seen> <on clean labels|in the held-back part of the pool|without
        noise>
    , <more|less> than <is usual|others report|one would guess from theory>
    ; <experts|two independent readers|reviewers> <agreed with this reading|found no fault with it>
    """
    clause = _say(rng, paper, rng.choice(_lines(clauses)))
    return _inside(paper, section, stop - 1, stop - 1, clause)


def false_conjecture(rng: random.Random, paper: Paper) -> Planted:
    """A result, number or deed is passed off as conjecture, or a conjecture is taken up as established."""
    texts = r"""
    \conjecture{With @P per cent of noise the difference <doubles|vanishes|grows to @D>.}
    \conjecture{On <clean labels|a second data set|larger images> the treatment was <also run|tried as well>
        and <gave the same|came out ahead|changed nothing>.}
    \conjecture{The <treatment|baseline> has a test @A of @F.}
    \conjecture{@T may slow memorisation.} <This explains|That accounts for|Hence> the order of the arms.
    \conjecture{The noise might be what separates the arms.} <As shown, it is.|The curves confirm it.|This
        was verified.>
    \conjecture{The hypothesis is <true|false|settled> beyond the declared scope.} <We therefore recommend
        it.|It can be relied on.>
    \conjecture{<Seven|Eight|Nine> of the replicates favour the <treatment|baseline>.}
    \conjecture{<Trials|Runs> took <four|six|nine> seconds each on a <laptop|single core|GPU>.}
    \conjecture{No other study has <compared|tested> this; the paper <closes|fills> a gap.}
    """
    return _insert(rng, paper, RESULTS, texts)


# ---- what is left out


def denied_comparison(rng: random.Random, paper: Paper) -> Planted:
    """In place of the registered comparison with the control stand words that deny or belittle it."""
    text = paper.sections["results"]
    start, stop = next(span for span in _spans(text) if "\\claim{effect-control}" in text[slice(*span)])
    texts = r"""
    <No arm|No comparison> besides those <above|named so far> was registered.
    The control <adds nothing|tells the same story|changes nothing about this> and is <left out|not
        discussed>.
    A <further|third> arm was run <for description|as a check>; its scores are <unremarkable|as expected|not
        needed here>.
    The comparison with the control <was dropped|was not completed|is deferred to future work>.
    The only <registered comparison|comparison of interest> is that with the <tuned baseline|baseline>.
    The control <agrees with|bears out|is consistent with> the <verdict|above>.
    """
    return _replaced(paper, "results", start, stop, _say(rng, paper, rng.choice(_lines(texts))))


def thin_abstract(rng: random.Random, paper: Paper) -> Planted:
    """The abstract gives a vague sentence in place of the primary effect or of the verdict."""
    text = paper.sections["abstract"]
    which = rng.choice(("\\fact{effect.baseline.mean}", "\\verdict"))
    start, stop = next(span for span in _spans(text) if which in text[slice(*span)])
    texts = r"""
    The <outcome|result> is <given|reported|discussed> <below|in the body of the paper|in
        Section~\ref{sec:results}>.
    <The arms are compared|Both are compared> by a registered rule, and the <answer|outcome> is
        <clear|instructive>.
    The <mean difference|comparison> <is informative|speaks for itself|is telling>.
    <We report|The paper reports> <the comparison in full|all comparisons|what was found>.
    The <effect|difference> is of <some|limited|notable> size.
    """
    return _replaced(paper, "abstract", start, stop, _say(rng, paper, rng.choice(_lines(texts))))


def dropped_line(rng: random.Random, paper: Paper) -> Planted:
    """The bound paper lacks a row (arm, comparison, verdict, knob that differs) or the control's result."""
    lines = paper.bound.splitlines(keepends=True)
    rows = (*(f"{label} " for label in paper.arms.values()), "\\textbf{", "Verdict &", "Registered &")
    told = ("\\shoalclaim{effect-control}", "\\item This is registration", "\\item The control did better")
    wanted = [
        number
        for number, line in enumerate(lines)
        if (line.startswith(rows) and line.rstrip().endswith("\\\\")) or line.startswith(told)
    ]
    number = rng.choice(wanted)
    return Planted(BOUND, "".join(lines[:number] + lines[number + 1 :]), lines[number].strip())


# ---- references


def unknown_key(rng: random.Random, paper: Paper) -> Planted:
    """A citation of a key that the library does not have, near to a known one, alone or among others."""
    name, year, word = re.findall(r"^[a-z]+|\d{4}|[a-z]+$", rng.choice(paper.references))
    words = [word, word[:-1], f"{word}s", "noisy", "labels", "tuning", "robust", "memorization"]
    keys = [f"{name}{int(year) + rng.randint(-3, 3)}{rng.choice(words)}" for _ in range(30)]
    key = next(key for key in keys if key not in paper.references)
    known = rng.choice(paper.references)
    texts = rf"""
    <Label noise|Tuning of baselines|The use of @T> is treated in \citep{{{key}}}.
    <A survey|An overview|An early study> of the question is \citep{{{known},{key}}}.
    The <split|protocol|rule> follows \citet{{{key}}}.
    On <regularisation|model selection|noisy labels>: \citep{{<{key},{known}|{known},{key}>}}.
    """
    return _insert(rng, paper, ("related_work", "introduction", "method"), texts)


def bare_reference(rng: random.Random, paper: Paper) -> Planted:
    """A work is called upon by year, number or habit, and nothing in the references answers to it."""
    year, number = rng.randint(2009, 2023), rng.randint(1000, 9999)
    texts = rf"""
    The authors of the template ({year}) <reached the same conclusion|found the same>.
    <Earlier work|A recent benchmark> ({year}) <saw no gain|reported a gain> <from|with> @T.
    This was <first shown|observed before> in [<11|12|14|17>].
    <It is well known|The literature agrees|Several authors have found> that tuned baselines <close most
        gaps|are hard to beat>.
    See <the companion paper|our earlier report|the technical appendix|the online supplement> for
        <details|the derivation>.
    A <dissertation|workshop paper|follow-up> of {year} <gives|offers> <a proof|a counterexample>.
    Code and <logs|data> are <available at|kept at>
        \url{{https://example.org/<noisy-digits|tuned-baselines|label-noise>}}.
    A preprint (arXiv:{year % 100:02d}07.{number}) <extends|anticipates> this.
    """
    return _insert(rng, paper, ("related_work", "introduction", "conclusion", "results"), texts)


def misused_citation(rng: random.Random, paper: Paper) -> Planted:
    """A known work vouches for a finding; works are named by topic, none was compared with the study."""
    key = rng.choice(paper.references)
    texts = rf"""
    <The same difference|A difference of this kind|The same ordering> was <found|measured> by
        \citet{{{key}}}.
    Our <result|verdict> <confirms|contradicts|goes beyond> \citep{{{key}}}.
    <The template's split|The code of both arms|The control> is that of \citet{{{key}}}.
    The use of @T <was introduced|was first tested on digits> by \citet{{{key}}} <for 40 per cent of
        noise|with a tuned baseline>.
    The <smallest effect of interest|number of replicates> is the one <recommended|derived> in
        \citep{{{key}}}.
    <Unlike|In contrast to> \citet{{{key}}}, <we tuned the baseline|the present study uses fresh
        replicates>.
    """
    return _insert(rng, paper, ("related_work", "results", "conclusion", "method"), texts)


def loose_key(rng: random.Random, paper: Paper) -> Planted:
    """The bound paper lists a reference that it does not cite, or one work under a second key."""
    bibliography = "\\bibliography{references}"
    if rng.random() < 0.5:
        key = rng.choice(paper.references)
        text = re.sub(rf"\\citep\{{{key}\}}", "not taken up here", paper.bound)
        text = re.sub(rf"(?<=[,{{]){key},|,{key}(?=\}})", "", text)
        nocite = f"\\nocite{{{key}}}"
        return Planted(BOUND, text.replace(bibliography, f"{nocite}\n{bibliography}"), nocite)
    key = rng.choice([key for key in paper.references if key in _TITLES])
    name, year = re.findall(r"^[a-z]+|\d{4}", key)
    second = f"{name}{year}{rng.choice(('b', 'reprint', 'again', 'journal'))}"
    author, title = name.capitalize(), _TITLES[key]
    entry = f"@misc{{{second}, author = {{{author}}}, title = {{{title}}}, year = {{{year}}}}}"
    file = f"\\begin{{filecontents*}}[overwrite]{{second.bib}}\n{entry}\n\\end{{filecontents*}}"
    text = paper.bound.replace(bibliography, "\\bibliography{references,second}")
    text = re.sub(rf"(?<=[,{{]){key}(?=[,}}])", f"{key},{second}", text, count=1)
    return Planted(BOUND, text.replace("\\begin{document}", f"{file}\n\\begin{{document}}", 1), second)


def dangling_ref(rng: random.Random, paper: Paper) -> Planted:
    """The text points to a table, figure, section or equation that the paper does not have."""
    texts = r"""
    Table~\ref{tab:<ablation|classes|sensitivity|runtime>} <gives the details|breaks this down>.
    Figure~\ref{fig:<confusion|noise|scatter|calibration>} <shows this by replicate|makes it plain>.
    <For this, see|See> <Appendix~\ref{app:<proofs|extra|data>}|Section~\ref{sec:<discussion|ablation>}>.
    The rule is that of <Eq.~(\ref{eq:<rule|interval|loss>})|Algorithm~\ref{alg:<tuning|train>}>.
    <The supplement|A second table|The table overleaf|Panel (b)> <lists|shows> <the single replicates|every
        class>.
    """
    return _insert(rng, paper, ("results", "method", "exploration", "setup"), texts)


# ---- the bound paper's floats and sections


def orphan_float(rng: random.Random, paper: Paper) -> Planted:
    """A figure or table that nothing refers to, or that no recorded trial feeds."""
    if rng.random() < 0.3:
        labels = ("fig:effects", "fig:learning-curves", "fig:exploration", "tab:exploration")
        ref = f"\\ref{{{rng.choice(labels)}}}"
        line = next(m for m in re.finditer(r"^[A-Z].*$", paper.bound, re.MULTILINE) if ref in m[0])
        start, stop = next(span for span in _spans(line[0]) if ref in line[0][slice(*span)])
        place = line.start()
        return _replaced(paper, BOUND, place + start, place + stop, "", line[0][start:stop])
    captions = r"""
    What <else was seen|happens> under other conditions.
    <Behaviour|Outcome> of the treatment by <kind of image|condition>.
    <Sensitivity|Robustness> of the <finding|treatment>.
    """
    if rng.random() < 0.6:
        kinds = ("slanted digits", "thin strokes", "clean labels", "light noise", "heavy noise", "few images")
        outcomes = ("better", "worse", "unchanged", "mixed", "yes", "no", "$+$", "$-$", "$++$")
        rows = "".join(f"{kind} & {rng.choice(outcomes)} \\\\\n" for kind in rng.sample(kinds, 3))
        body = f"\\begin{{tabular}}{{lr}}\nCondition & Treatment \\\\ \\midrule\n{rows}\\end{{tabular}}"
    else:
        file = rng.choice(("effects", "learning-curves", "exploration"))
        body = f"\\includegraphics[width=0.5\\linewidth]{{figures/{file}.pdf}}"
    kind = "table" if "tabular" in body else "figure"
    caption = _say(rng, paper, rng.choice(_lines(captions)))
    new = f"\\begin{{{kind}}}[htbp]\n\\centering\n{body}\n\\caption{{{caption}}}\n\\end{{{kind}}}\n"
    place = paper.bound.index("\n\\section{Exploration}")
    return _replaced(paper, BOUND, place, place, new)


def reworded_float(rng: random.Random, paper: Paper) -> Planted | None:
    """A caption or a table's head says of the numbers what they are not."""
    pairs = r"""
    Mean test accuracy while training => Mean <training|dev|validation> accuracy while training
    larger is better for the first arm => <smaller is better for the first arm|larger is better for the
        second arm>
    & SD & Failed => & <SE|Variance|CV> & Failed
    Every registered arm and comparison, on the test split => Every registered arm and comparison, on the
        <dev|training> split
    to the right the arm named first is better => to the <left the arm named first|right the arm named
        second> is better
    Filled markers decide the verdict, open ones are descriptive => All markers decide the verdict
    is that of the one-sided sign-flip test and decides nothing => is that of the <two-sided t
        test|sign-flip test and decides>
    None of these numbers is a result => These numbers are <results|the main results> as well
    Nothing here is a result => <The test split gave the same|These are results, too>
    Bars are t intervals => Bars are <standard errors|standard deviations|ranges|quartiles>
    Bands are t intervals of the mean => Bands are <standard errors|the range|standard deviations>
    means with standard errors => means with <standard deviations|t intervals>
    knobs in which the arms differ are bold => <knobs that were tuned|knobs that matter|significant knobs>
        are bold
    What was explored on the dev split before the plan was registered => What was explored <after|once> the
        plan was registered
    the mean of the chosen configuration over its re-runs => the <best|median> of the chosen configuration's
        re-runs
    Failed & Tuned over => Failed & <Replicates|Epochs>
    Configurations & Trials & Failed & Dev score => Configurations & Trials & Failed & <Test score|Train
        score>
    """
    return _swap(rng, paper, BOUND, pairs)


def literal_cell(rng: random.Random, paper: Paper) -> Planted:
    """A table's cell is typed by hand instead of bound, or a row tells of an arm that was not run."""
    bound = "\\shoalfact{" if rng.random() < 0.6 else "\\shoalsetting{knob."
    rows = [
        found
        for found in re.finditer(r"^[^\n]+ & [^\n]+\\\\$", paper.bound, re.MULTILINE)
        if bound in found[0] and not found[0].startswith("Finding")
    ]
    row = rng.choice(rows)
    cells = row[0].removesuffix(" \\\\").split(" & ")
    digit = rng.randint(2, 8)
    if "knob" in bound or rng.random() < 0.5:
        place = rng.choice([number for number, cell in enumerate(cells) if bound in cell])
        typed = (
            f"0.9{digit}{digit - 1}",
            f"\\textbf{{0.9{digit}}}",
            f"$0.0{digit}{digit + 1}$",
            f"1{digit}5",
        )
        cells[place] = rng.choice(typed)
        return _replaced(paper, BOUND, row.start(), row.end(), " & ".join(cells) + " \\\\")
    name = rng.choice(("untuned baseline", "ensemble", "human readers", "default", "both remedies"))
    blanks = ("---", "n/a", "as above", "better", f"0.9{digit}1", f"0.8{digit}7")
    new = " & ".join([name, *(rng.choice(blanks) for _ in cells[1:])]) + " \\\\"
    return _replaced(paper, BOUND, row.end(), row.end(), "\n" + new)


def captioned_number(rng: random.Random, paper: Paper) -> Planted:
    """A caption of the bound paper tells a number, a test or a selection that nothing recorded."""
    place = rng.choice([found.end() for found in re.finditer(r"\\caption\{", paper.bound)])
    depth = 1
    while depth:
        depth += {"{": 1, "}": -1}.get(paper.bound[place], 0)
        place += 1
    texts = r"""
    The <dashed|grey> line is at @F.
    <Stars|Daggers> mark differences with $p < 0.0<01|1|5>$.
    <Two|Three|Four> runs beyond the <range|axis> are not shown.
    <Smoothed|Averaged> over <five|three|ten> <epochs|neighbouring points>.
    The <largest|smallest> value is <@F|close to @F>.
    <Half|A third|Most> of the <candidates|runs> lie <below|above> @F.
    <Medians|Best of three seeds|Means after trimming a tenth> are shown.
    <Means|Values> are in per cent, rounded to <a half|a tenth>.
    """
    text = _say(rng, paper, rng.choice(_lines(texts)))
    return _replaced(paper, BOUND, place - 1, place - 1, f" {text}")


def crossed_cells(rng: random.Random, paper: Paper) -> Planted | None:
    """Two bound cells of one table stand in each other's place, so that each tells of the wrong arm."""
    cell = re.compile(
        r"\\shoal(?:fact|setting)\{([\w.-]+)\}\{((?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*)\}(?= &| \\\\$)"
    )
    body = paper.bound[: paper.bound.index("\\begin{shoalevidence}")]
    rows = re.finditer(r"^.+ & .+\\$", body, re.MULTILINE)
    cells = [found for row in rows for found in cell.finditer(body, *row.span())]
    one = rng.choice(cells)
    arm = next((arm for arm in ARMS if f".{arm}." in one[1]), None)
    others = [
        other
        for other in cells
        if other[1] in [one[1].replace(f".{arm}.", f".{name}.") for name in ARMS if name != arm]
        and other[2] != one[2]
        and other[2].startswith("[") == one[2].startswith("[")
    ]
    if arm is None or not others:
        return None
    first, second = sorted((one, rng.choice(others)), key=lambda found: found.start())
    crossed = body[: first.start()] + second[0] + body[first.end() : second.start()] + first[0]
    line = crossed.count("\n", 0, first.start())
    text = crossed + paper.bound[second.end() :]
    return Planted(BOUND, text, text.splitlines()[line])


def padding(rng: random.Random, paper: Paper) -> Planted:
    """A section is empty, holds a placeholder, or says again what another section says."""
    section = rng.choice([name for name in paper.sections if name != "abstract"])
    text = paper.sections[section]
    way = rng.random()
    if way < 0.15:
        return Planted(section, rng.choice(("", "~", "%\n", "\\mbox{}")), text)
    if way < 0.4:
        other = rng.choice([name for name in paper.sections if name not in ("abstract", section)])
        return Planted(section, f"{text}\n\n{paper.sections[other]}", paper.sections[other])
    texts = r"""
    <TODO|TBD|FIXME>: <add|fill in|check> <the numbers|the discussion|this paragraph>.
    <[Details to be added.]|[To be completed.]|(This part is still being written.)>
    Lorem ipsum dolor sit amet, consectetur <adipiscing|adipisici> elit.
    <Insert|Put> <text|the table|a sentence> here.
    XXX.
    This <section|part> is <intentionally left short|kept for later>.
    \textbf{???} <Results|More text> will <follow|be inserted here>.
    """
    return _insert(rng, paper, (section,), texts)


# ---- deeds without a record


def hardware(rng: random.Random, paper: Paper) -> Planted:
    """Hardware, run time, energy, memory or sizes of networks that no manifest or trial records."""
    texts = r"""
    All trials ran on <a single GPU|a laptop without a GPU|a cluster node|one NVIDIA card|a 16-core server>.
    <A trial|One run> <takes|took> <a few seconds|half a second|about four seconds> <on one core|on
        average>.
    The treatment <needs no more time|is slower to train|costs a tenth more time> than the baseline.
    The whole study <took|needed> <ten minutes|a night on one machine|two days of computing>.
    Training stayed <well below|far from> the limits of <time|memory>.
    Peak memory <was modest|hardly exceeded that of the data|stayed under half of what is allowed>.
    The networks have <a few thousand|about twelve thousand|half a million> <weights|parameters>.
    <Mixed precision|Single precision|Double precision> was used <throughout|for all arms>.
    Experiments were <written in PyTorch|run with JAX|run under Python~3.9>.
    The energy used is <negligible|that of a light bulb over one night>.
    Trials ran <in parallel|one after the other> on <eight|sixteen|four> workers.
    """
    return _insert(rng, paper, ("setup", "results", "method", "exploration", "conclusion"), texts)


def also_tried(rng: random.Random, paper: Paper) -> Planted:
    """Trials, arms or checks that are in no record."""
    texts = r"""
    We also tried <Adam|a deeper network|cosine decay|larger batches>, <with no change|to the same
        end|without success>.
    <Preliminary|Earlier|Informal> <runs|experiments> <without noise|on other seeds|with fewer images>
        <agreed|pointed the same way>.
    <An ablation|A further ablation> <without @T|of the learning rate|with a fixed width> <gave the same
        order|made no difference>.
    The comparison was repeated with <another split|a second pool|a different evaluator>, <to the same
        effect|without change>.
    <Combining|Pairing> @T with <dropout|mix-up|label smoothing> <did not help|was no better>, <as a side
        check showed|in trials not shown>.
    A <grid|finer> search around the frozen <winner|configuration> found <nothing better|no improvement>.
    <Results|Scores> for <lower|higher> noise <are similar|look alike> <and are omitted|but are not shown>.
    <Inspecting|Looking at> misread images <by hand|one by one> <showed nothing unusual|revealed ambiguous
        digits>.
    <An untuned baseline|The default baseline> was <included|run> on the same replicates and <lost
        clearly|did far worse>.
    """
    return _insert(rng, paper, ("results", "exploration", "method", "limitations", "conclusion"), texts)


def data_size(rng: random.Random, paper: Paper) -> Planted:
    """Sizes, sources or splits of data that are not those of the scope and the facts."""
    texts = r"""
    The networks were trained on <60,000|five thousand|1,500|2,000|ten thousand> <images|digits>.
    The pool <holds|consists of> <70,000|2,400|some six thousand> images<| of digits>.
    The data were split <80/10/10|70 to 30|evenly|two to one> into training and <dev|test>.
    Each class has exactly a tenth of the <training|test> images.
    Images are <28$\times$28|16$\times$16|32$\times$32> pixels <in size|after scaling>.
    <A fifth|A quarter|Half|Thirty per cent> of the training labels are wrong.
    Labels were corrupted <pairwise|by annotators|in one class only|in the dev split as well>.
    The dev split <has|contains> <as many|twice as many|three times as many> items as the test split.
    The <digits|images> were <written by|collected from> <sixty|over a hundred|thirty> <people|writers>.
    Training images were <mirrored|rotated> to <double|quadruple> their number.
    <MNIST|Fashion-MNIST|The full MNIST training set|USPS> <provides|is the source of> the images.
    """
    return _insert(rng, paper, ("setup", "method", "introduction", "abstract"), texts)


def absent_component(rng: random.Random, paper: Paper) -> Planted:
    """A component is described that the code, the template's and the same in all arms, does not have."""
    texts = r"""
    In the <treatment|treatment arm> alone, <a second network|a teacher network|a memory of past
        predictions> <votes on|checks|screens> <every label|suspicious labels>.
    The treatment adds <a gating layer|an auxiliary head|a noise-transition matrix|a confidence network> <to
        the network|on top>.
    <We modified|The treatment changes> the <training loop|sampler|loss> so that <hard|doubtful> examples
        are <weighted down|seen last>.
    <A new module|An added routine|A patch of the template> <estimates|tracks> the <noise rate|clean subset>
        during training.
    Only the treatment uses <early stopping on the dev split|weight averaging over epochs|a warm-up of its
        learning rate>.
    The baseline was <extended|re-implemented> with <a stronger optimiser|batch normalisation|gradient
        clipping>.
    The code of <the treatment|the control> differs from the template's in <one function|its sampler|its
        loss>.
    The use of @T was <implemented|added> as <a separate stage|a new layer|a pre-processing script> for this
        study.
    The <control|baseline> <draws on|is initialised from> <a pretrained encoder|features learnt without
        labels>.
    """
    return _insert(rng, paper, ("method", "setup", "introduction", "abstract"), texts)


def process(rng: random.Random, paper: Paper) -> Planted:
    """Deviations, exclusions, checks by people or novelty that the record does not know or contradicts."""
    texts = r"""
    <One|Two|Three> replicates were <excluded|left out> as <outliers|defective>.
    <One trial|A trial> of the <baseline|treatment|control> <failed|timed out> and was <repeated|replaced>.
    The number of replicates was <raised|lowered|changed> <after a first look|once the first results were
        in>.
    The hypothesis was <sharpened|adjusted|refined> <in the light of|after> the <first|confirming>
        <results|trials>.
    The <dev and test splits|exploring and confirming replicates> <overlap|coincide> <in part|for reasons of
        economy>.
    <A human expert|An independent group|The maintainers of the template> <checked|reproduced> <the
        results|every number>.
    To our knowledge this is the <first|largest|only> <such comparison|test of @T with a tuned baseline>.
    The plan was <first|also> registered <with a journal|on a public server|with a third party>.
    The <baseline|control> was given <more|fewer> configurations than the treatment<| for fairness>.
    The test split was <consulted|used> <while tuning|to choose the epoch|for early stopping>.
    The smallest effect of interest was <chosen|set> <by experts|from the literature|after a pilot study>.
    <Seeds|Replicates> were <chosen|picked> <by hand|for low variance|so that all arms converge>.
    """
    return _insert(
        rng, paper, ("method", "setup", "results", "introduction", "limitations", "exploration"), texts
    )


def edited_sentence(rng: random.Random, paper: Paper) -> Planted | None:
    """A true sentence is turned by a word or two."""
    pairs = r"""
    higher values are better => lower values are better
    one-sided => two-sided
    fresh replicates and a hidden test split => <tuning replicates and the dev split|fresh replicates of the
        dev split>
    tuned with as many trials => tuned with <twice|half> as many trials
    None of the \fact => <Two|Three> of the \fact
    Novelty was not assessed => Novelty was assessed <by search|in the literature>
    novelty not assessed => novelty <confirmed|assessed>
    without a network => with access to the network
    run the same code => run <different|separate> code
    registered before the first confirming trial => registered after the <first|last> confirming trial
    fixed before the first confirming trial => fixed after the first confirming trial
    which looks at replicates alone and decides nothing => which <decides the verdict|confirms the verdict>
    no verdict rests on it => the verdict rests on it <as well|in part>
    sees neither the answers nor which split => sees the answers but not which split
    at least as wide as => <narrower than|never wider than>
    for description only => <as a second baseline|to decide the verdict>
    are too favourable, and they are no results => are <conservative|fair>, and they are results <too|as
        well>
    different replicates and different splits => <the same replicates and different splits|the same splits>
    On the dev split => On the test split
    are not independent samples => are independent samples
    that the arms share => that <differ between|are drawn anew for> the arms
    All other knobs were tuned in each arm on its own => All other knobs were <kept at their defaults|shared
        by the arms>
    in nothing else => in <the data set|the split> as well
    No language model and no person => <A language model|An expert> and then a person
    No mechanism was looked for => The mechanism was <isolated|tested>
    was not compared with this study => was <compared with|reproduced in> this study
    bars any verdict but inconclusive => <is ignored|is repeated>
    paired t interval => <bootstrap interval|rank test|Bayes factor>
    a rule chose the hypothesis => <experts|prior results|a language model> chose the hypothesis
    with the best value of its arm => with the worst value
    it does not show what happens elsewhere, nor why => it shows what happens elsewhere, but not why
    Nothing is shown about data => <The same is shown|Much can be inferred> about data
    """
    for section in rng.sample(list(paper.sections), len(paper.sections)):
        planted = _swap(rng, paper, section, pairs)
        if planted is not None:
            return planted
    return None


KINDS: dict[str, Kind] = {
    kind.__name__: kind
    for kind in (
        spelled_number, plain_number, dressed_number, noted_number, hidden_number, altered_print,
        altered_record, wrong_arm, wrong_metric, wrong_split, wrong_unit, wrong_spread, wrong_role,
        swapped_fact, swapped_setting, wrong_order, lower_is_better, wrong_direction, significance,
        wrong_verdict, generality, mechanism, bare_assertion, stowaway, false_conjecture, denied_comparison,
        thin_abstract, dropped_line, unknown_key, bare_reference, misused_citation, loose_key, dangling_ref,
        orphan_float, reworded_float, literal_cell, captioned_number, crossed_cells, padding, hardware,
        also_tried, data_size, absent_component, process, edited_sentence,
    )
}  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """What the self-check draws of one kind."""

    shown: list[str]
    different: int


def sample(name: str, seed: int, papers: Sequence[Paper], draws: int = 300) -> Sample:
    """Three fakes of a kind, and how many different ones so many draws over the papers give."""
    rng = random.Random(f"{seed} {name}")
    drawn = [(paper, KINDS[name](rng, paper)) for paper in (rng.choice(papers) for _ in range(draws))]
    found = [(paper, planted) for paper, planted in drawn if planted is not None]
    shown = [f"{paper.name}, {planted.section}: {planted.fake}" for paper, planted in found[:3]]
    return Sample(shown, len({(paper.name, planted.latex) for paper, planted in found}))


def main() -> None:
    """Print three samples a kind; the seed is the first argument."""
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    papers = examples()
    for name in KINDS:
        drawn = sample(name, seed, papers)
        print(f"{name}: {KINDS[name].__doc__}  [{drawn.different} different in 300 draws]")
        for line in drawn.shown:
            print(f"    {' '.join(line.split())[:260]}")


if __name__ == "__main__":
    main()
