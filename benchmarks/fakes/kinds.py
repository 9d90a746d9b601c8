# ruff: noqa: E501
"""Kinds of fakes written beside the audit, by somebody who knows its code; `seen` and
`held_out` have those of others.

Promises the same fake for the same generator and paper. Imports nothing of the program that is measured.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence

from fakes.paper import BOUND, Kind, Paper, Planted

KINDS: dict[str, Kind] = {}
BACKED = ("abstract", "results", "conclusion")
ANYWHERE = (*BACKED, "introduction", "method", "setup", "exploration", "limitations")
_STOP = re.compile(r"(?<=[.?])(?: |\n\n)(?=[A-Z\\])")

Make = Callable[[random.Random, Paper], str | None]


def _kind(where: Sequence[str]) -> Callable[[Make], Make]:
    """Registers a maker of sentences that may stand in any of the sections."""

    def register(make: Make) -> Make:
        def plant(rng: random.Random, paper: Paper) -> Planted | None:
            sentence = make(rng, paper)
            return None if sentence is None else insert(rng, paper, rng.choice(list(where)), sentence)

        KINDS[make.__name__.replace("_", " ")] = plant
        return make

    return register


def insert(rng: random.Random, paper: Paper, section: str, sentence: str) -> Planted:
    """The section with a sentence put between two others, or at its end."""
    text = paper.sections[section]
    places = [
        m.start()
        for m in _STOP.finditer(text)
        if text.count("{", 0, m.start()) == text.count("}", 0, m.start())
    ]
    at = rng.choice([*places, len(text)])
    return Planted(section, f"{text[:at]} {sentence}{text[at:]}", sentence)


def replace(paper: Paper, section: str, old: str, new: str) -> Planted | None:
    """The section with its first `old` as `new`."""
    text = paper.sections[section]
    return Planted(section, text.replace(old, new, 1), new) if old in text else None


def _number(rng: random.Random) -> str:
    return rng.choice(
        [f"{rng.uniform(0.5, 0.99):.4f}", f"{rng.uniform(50, 99):.2f}", f"{rng.randint(3, 400)}"]
    )


def _label(rng: random.Random, paper: Paper) -> str:
    return rng.choice(["the treatment", paper.arms["treatment"], "the tuned baseline", "the control"])


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


# ---------------------------------------------------------------------------------------------- numbers


@_kind(ANYWHERE)
def typed_digits(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        rf"{_capital(_label(rng, paper))} reached {_number(rng)}.",
        rf"On \fact{{plan.n}} replicates {_label(rng, paper)} reached {_number(rng)}\,\%.",
        rf"The {paper.metric} of {_label(rng, paper)} was ${_number(rng)}$.",
        rf"The p value was below 0.0{rng.randint(1, 9)} over \fact{{plan.n}} replicates.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def amounts_in_words(rng: random.Random, paper: Paper) -> str:
    amount = rng.choice([
        "half of the gap", "ninety-seven per cent", "an order of magnitude", "three of the replicates",
        "a third of the errors", "twofold", "seven points", "several hundred images", "a factor of two",
        "two fifths of the errors", "nearly all of the gap", "a dozen points", "a handful of points",
    ])  # fmt: skip
    return rf"Over \fact{{plan.n}} replicates {_label(rng, paper)} recovers {amount}."


@_kind(ANYWHERE)
def hidden_digits(rng: random.Random, paper: Paper) -> str:
    digits = _number(rng)
    hidden = rng.choice([
        rf"\num{{{digits}}}", rf"\SI{{{digits}}}{{\percent}}", rf"\textbf{{{digits}}}", rf"\romannumeral {rng.randint(2, 90)}",
        rf"\newcommand{{\gain}}{{{digits}}}\gain", rf"\def\gain{{{digits}}}\gain", r"\char`\9\char`\7", r"\char57",
        "".join(chr(0xFF10 + int(c)) if c.isdigit() else c for c in digits), "⅞", "九", r"\input{numbers}", "^^39^^37",
        r"\setcounter{page}{97}\thepage", r"\the\numexpr 90+7\relax", rf"\emph{{{digits}}}", rf"\footnote{{It was {digits}.}}",
        "XCVII", r"$9\cdot10$", rf"\begin{{tabular}}{{l}}{digits}\end{{tabular}}", r"\verb|97|", "③",
    ])  # fmt: skip
    return rf"Over \fact{{plan.n}} replicates {_label(rng, paper)} reached {hidden}."


# ---------------------------------------------------------------------------------- facts beside wrong words


def _arms(rng: random.Random) -> tuple[str, str]:
    first, second = rng.sample(["treatment", "baseline", "control"], 2)
    return first, second


@_kind(("results", "conclusion", "abstract"))
def a_fact_of_another_arm(rng: random.Random, paper: Paper) -> str:
    one, other = _arms(rng)
    return rng.choice([
        rf"The {one} has a mean {paper.metric} of \fact{{arm.{other}.mean}}.",
        rf"The mean {paper.metric} is \fact{{arm.{other}.mean}} for the {one}.",
        rf"The mean {paper.metric} is \fact{{arm.{other}.mean}} for the {one} and \fact{{arm.{one}.mean}} for the {other}.",
        rf"The {one} has a mean {paper.metric} of \fact{{arm.{other}.mean}} and the {other} one of \fact{{arm.{one}.mean}}.",
        rf"The standard deviation of the {one} is \fact{{arm.{other}.sd}}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def an_effect_against_another_arm(rng: random.Random, paper: Paper) -> str:
    one, other = rng.sample(["baseline", "control"], 2)
    return rng.choice([
        rf"Against the {one}, the mean difference in favour of the treatment is \fact{{effect.{other}.mean}}.",
        rf"The mean difference between treatment and {one} is \fact{{effect.{other}.mean}}, interval \interval{{effect.{other}.mean}}.",
        rf"The sign-flip test against the {one} gives a p of \fact{{comparison.{other}.p}}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def an_effect_the_wrong_way_round(rng: random.Random, paper: Paper) -> str:
    one = rng.choice(["baseline", "control"])
    return rng.choice([
        rf"The mean difference in favour of the {one} is \fact{{effect.{one}.mean}}.",
        rf"The mean difference, {one} minus treatment, is \fact{{effect.{one}.mean}}.",
        rf"The advantage of the {one} is \fact{{effect.{one}.mean}}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def a_fact_of_another_metric(rng: random.Random, paper: Paper) -> str:
    arm = rng.choice(list(paper.arms))
    words = rng.choice(["log loss", "F1 score", "precision", "calibration error", "error rate", "AUC"])
    return rng.choice([
        rf"The mean {words} of the {arm} is \fact{{arm.{arm}.mean}}.",
        rf"The mean {paper.metric} of the {arm} is \fact{{other.{arm}.log_loss.mean}}.",
        rf"In {words}, the mean difference of the treatment from the baseline is \fact{{effect.baseline.mean}}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def a_fact_of_another_split(rng: random.Random, paper: Paper) -> str:
    arm = rng.choice(list(paper.arms))
    return rng.choice([
        rf"On the {rng.choice(['validation', 'dev', 'training'])} split the mean {paper.metric} of the {arm} is \fact{{arm.{arm}.mean}}.",
        rf"On the test split the mean {paper.metric} of the {arm} is \fact{{explore.{arm}.best}}.",
        rf"The mean {paper.metric} of the {arm} is \fact{{explore.{arm}.best}}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def a_fact_of_another_unit(rng: random.Random, paper: Paper) -> str:
    unit = rng.choice(
        [r"\%", "percent", "points", "percentage points", "seconds", "epochs", "standard errors", "nats"]
    )
    return rng.choice([
        rf"The mean {paper.metric} of the treatment is \fact{{arm.treatment.mean}} {unit}.",
        rf"The mean difference from the baseline is \fact{{effect.baseline.mean}} {unit}.",
        rf"Each arm was trained on \fact{{plan.n}} {rng.choice(['datasets', 'seeds', 'GPUs', 'hours', 'epochs', 'tasks'])}.",
    ])  # fmt: skip


@_kind(("results", "conclusion", "abstract"))
def a_fact_of_another_kind(rng: random.Random, paper: Paper) -> str:
    arm = rng.choice(list(paper.arms))
    return rng.choice([
        rf"The standard deviation of {paper.metric} of the {arm} is \fact{{arm.{arm}.mean}}.",
        rf"The mean {paper.metric} of the {arm} is \fact{{arm.{arm}.sd}}.",
        rf"The standard error of the {arm} is \fact{{arm.{arm}.sd}}.",
        rf"The median {paper.metric} of the {arm} is \fact{{arm.{arm}.mean}}.",
        r"The mean difference from the baseline is \fact{comparison.baseline.p}.",
        r"The p of the sign-flip test against the baseline is \fact{effect.baseline.mean}.",
        rf"Of the trials of the {arm}, \fact{{arm.{arm}.trials}} failed.",
        r"The lower limit of the difference from the baseline is \fact{effect.baseline.high}.",
        r"The probability of support was \fact{power.refuted}.",
        r"In all, \fact{explore.trials} confirming trials were run.",
        r"The treatment was chosen from \fact{count.items} configurations.",
    ])  # fmt: skip


# -------------------------------------------------------------------------------- statements and their words


@_kind(BACKED)
def a_statement_without_evidence(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        f"The knob {paper.arms['treatment']} is a sound choice.", "The method deserves attention.",
        "The training went as planned.", "The question is settled.", "The digits are read without trouble.",
        f"{_capital(paper.arms['treatment'])} is what matters here.", "The networks agree with each other.",
    ])  # fmt: skip


@_kind(BACKED)
def a_clause_that_rides_on_a_fact(rng: random.Random, paper: Paper) -> str:
    rest = rng.choice([
        "the question is settled", "the networks agree with each other", "the method deserves attention",
        "the digits are read without trouble", "the knob is a sound choice", "training went as planned",
    ])  # fmt: skip
    join = rng.choice(["; ", ", and ", ", so ", ": ", ", which means that ", ", while "])
    return rf"The smallest effect of interest is \fact{{plan.sesoi}}{join}{rest}."


@_kind(BACKED)
def a_conjecture_that_is_a_finding(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        rf"\conjecture{{{_capital(paper.arms['treatment'])} is the best remedy against label noise.}}",
        r"\conjecture{The treatment beats the baseline by \fact{effect.baseline.mean}.}",
        r"\conjecture{The effect comes from cleaner labels.}",
        r"\conjecture{The verdict, \verdict, may hold elsewhere.}",
    ])  # fmt: skip


@_kind(BACKED)
def a_direction_that_is_not_claimed(rng: random.Random, paper: Paper) -> str:
    up = rng.choice(
        ["outperforms", "beats", "is better than", "surpasses", "is superior to", "wins over", "exceeds"]
    )
    down = rng.choice(
        ["is worse than", "underperforms", "falls behind the score of", "is inferior to", "harms"]
    )
    claimed = paper.verdict == "supported"
    first, second = (
        ("the baseline", "the treatment")
        if claimed and rng.random() < 0.5
        else ("the treatment", "the baseline")
    )
    if claimed and first == "the treatment":
        up = down
    return rng.choice([
        rf"{_capital(first)} {up} {second}, by \fact{{effect.baseline.mean}}.",
        rf"With \fact{{plan.n}} replicates, {first} {up} {second}.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def no_difference(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        r"There is no difference between treatment and baseline (\fact{effect.baseline.mean}).",
        r"Treatment and control are equivalent (\fact{effect.control.mean}).",
        r"The treatment has no effect; the baseline is on par (\fact{effect.baseline.mean}).",
        r"The treatment and the baseline perform equally well (\fact{effect.baseline.mean}).",
    ])  # fmt: skip


@_kind(BACKED)
def how_large_it_is(rng: random.Random, paper: Paper) -> str:
    word = rng.choice(
        [
            "dramatic",
            "substantial",
            "large",
            "consistent",
            "remarkable",
            "huge",
            "striking",
            "modest",
            "negligible",
        ]
    )
    return rf"The mean difference from the baseline, \fact{{effect.baseline.mean}}, is {word}{' gain' if word == 'large' else ''}."


@_kind(BACKED)
def significance(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        r"The difference from the baseline is statistically significant (\fact{effect.baseline.mean}).",
        r"A p of \fact{comparison.baseline.p} against the baseline proves the effect.",
        r"This demonstrates the effect conclusively (\fact{effect.baseline.mean}).",
        r"The hypothesis is supported by \fact{plan.n} replicates.", r"The hypothesis was refuted on \fact{plan.n} replicates.",
        r"These \fact{plan.n} replicates establish a new state of the art.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def a_mechanism(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        rf"The difference, \fact{{effect.baseline.mean}}, arises because {paper.arms['treatment']} removes wrong labels.",
        r"The effect of the treatment is due to smoother decision boundaries (\fact{effect.baseline.mean}).",
        r"The treatment works by preventing the network from learning wrong labels (\fact{plan.n} replicates).",
        r"Less memorisation explains the result of the treatment (\fact{effect.baseline.mean}).",
        r"The difference from the baseline is caused by the learning rate (\fact{effect.baseline.mean}).",
        r"The effect, \fact{effect.baseline.mean}, stems from regularisation.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def generality(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        r"The effect, \fact{effect.baseline.mean}, generalises to other data sets.",
        r"The finding over \fact{plan.n} replicates holds for any network.",
        r"The result of \fact{plan.n} replicates transfers to natural images.",
        rf"Practitioners should adopt {paper.arms['treatment']} (\fact{{effect.baseline.mean}}).",
        r"The effect of the treatment, \fact{effect.baseline.mean}, appears across architectures.",
        r"In general the treatment has this effect (\fact{effect.baseline.mean}).",
    ])  # fmt: skip


@_kind(BACKED)
def an_unmeasured_quality(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        r"Training was stable on all \fact{plan.n} replicates.", r"The treatment converges faster (\fact{plan.n} replicates).",
        r"The \fact{count.trials} trials show no overfitting and little overhead.",
        r"The treatment needs less compute: it is efficient on \fact{plan.n} replicates.",
        r"Over \fact{plan.n} replicates the trend is monotone.",
    ])  # fmt: skip


# ---------------------------------------------------------------------------------- what nobody recorded


@_kind(ANYWHERE)
def hardware_and_time(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        "All trials ran on an NVIDIA GPU.", "Training took less than an hour on a laptop.", "The trials ran overnight on a cluster.",
        r"Each of the \fact{count.trials} trials took a few minutes.", "We used PyTorch on Linux servers.",
        r"The \fact{count.trials} trials were spread over the cores of a workstation.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def data_sizes(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        "The training set contains the full MNIST corpus.", "We also used CIFAR images.", "The data set consists of scans from volunteers.",
        r"The test set holds \fact{plan.n} classes.", "Labels were collected from crowd workers.",
    ])  # fmt: skip


@_kind(ANYWHERE)
def we_also_tried(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        "We also tried larger networks.", "We repeated the study with another optimiser.", "In preliminary experiments the effect was the same.",
        r"We also tested \fact{plan.n} other seeds.", "Additional experiments, not shown, agree.", "A sensitivity analysis was done as well.",
        "Manual inspection confirmed the labels.", "Cross-validation gave the same picture.", "Human raters agreed.",
    ])  # fmt: skip


@_kind(("method", "setup", "abstract", "conclusion"))
def a_component_that_is_not_there(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        r"The treatment adds an attention layer.", "The network has residual connections and batch normalisation.",
        "Training uses a cosine schedule with warm-up.", "The treatment includes a contrastive auxiliary loss.",
        "Predictions are averaged over an ensemble.", "The treatment has a learned gating module.",
        "Gradient clipping is applied in the treatment.", "The encoder was pre-trained by self-supervision.",
    ])  # fmt: skip


# ------------------------------------------------------------------------------------ references, sections


@_kind(("introduction", "related_work", "abstract", "conclusion"))
def a_reference_that_is_not_there(rng: random.Random, paper: Paper) -> str:
    return rng.choice([
        rf"Others agree \cite{{smith{rng.randint(2010, 2024)}deep}}.", r"See \citep{ghost2020,vaswani2017attention}.",
        "Smith et al. report the same.", "Prior work has shown the same.", "It is well known that labels are noisy.",
        "A recent study found the same.", r"Table~\ref{tab:ghost} has the details.", r"Figure~\ref{fig:ghost} shows it.",
    ])  # fmt: skip


def repeated_sentences(rng: random.Random, paper: Paper) -> Planted | None:
    """A sentence of one section again in another."""
    order = ["introduction", "related_work", "method", "setup", "limitations"]
    source, target = sorted(rng.sample(order, 2), key=order.index)
    found = [
        s for s in _STOP.split(paper.sections[source]) if len(s.split()) > 12 and s.count("{") == s.count("}")
    ]
    found = [s for s in found if "\\item" not in s and "\\begin" not in s]
    return insert(rng, paper, target, rng.choice(found)) if found else None


def unfinished_sections(rng: random.Random, paper: Paper) -> Planted:
    """A placeholder in a section, or nothing in it."""
    name = rng.choice(list(paper.sections))
    text = rng.choice(
        [
            "",
            "TODO: write this section.",
            "To be written.",
            "Lorem ipsum dolor sit amet.",
            "Results go here [...]",
        ]
    )
    if rng.random() < 0.5:
        return Planted(name, text, text)
    return insert(
        rng, paper, name, rng.choice(["TODO: check this.", "[citation needed]", "XXX", "To be added.", "??"])
    )


def omissions(rng: random.Random, paper: Paper) -> Planted | None:
    """What was registered and is left out."""
    cuts = [
        ("abstract", r"\verdict"), ("results", r"\verdict"), ("conclusion", r"\verdict"), ("results", r"\claim{effect-control}"),
        ("abstract", r"\fact{effect.baseline.mean}"), ("abstract", r"\setting{scope}"), ("conclusion", r"\setting{scope}"),
        ("results", r"\ref{fig:effects}"), ("results", r"\ref{tab:results}"), ("exploration", r"\ref{tab:exploration}"),
    ]  # fmt: skip
    section, macro = rng.choice(cuts)
    text = paper.sections[section]
    kept = [s for s in re.split(r"(?<=[.?])\s+", text) if macro not in s]
    if macro == r"\fact{effect.baseline.mean}":
        kept = [s for s in kept if "effect.baseline" not in s]
    return Planted(section, " ".join(kept), macro) if macro in text else None


KINDS["a sentence repeated"] = repeated_sentences
KINDS["an unfinished section"] = unfinished_sections
KINDS["an omission"] = omissions


# --------------------------------------------------------------------------------------- the bound paper


def _in_bound(paper: Paper, start: int, stop: int, new: str) -> Planted:
    return Planted(BOUND, paper.bound[:start] + new + paper.bound[stop:], new)


def changed_digits(rng: random.Random, paper: Paper) -> Planted:
    """Other digits in a fact's link, in prose or a table."""
    body = paper.bound[: paper.bound.index(r"\appendix")]
    found = list(re.finditer(r"(\\shoalfact\{[\w.-]+\}\{[^}]*?\\ensuremath\{[^\d}]*)(\d[\d.]*)", body))
    match = rng.choice(found)
    number = match[2]
    places = len(number.partition(".")[2])
    moved = float(number) + rng.choice([1, -1]) * (rng.randint(2, 900) * 10.0**-places)
    return _in_bound(paper, match.start(2), match.end(2), f"{abs(moved):.{places}f}")


def changed_names(rng: random.Random, paper: Paper) -> Planted:
    """Another fact's name and digits in a table's cell."""
    found = re.finditer(r"\\begin\{shoaltabular\}.*?\\end\{shoaltabular\}", paper.bound, re.DOTALL)
    tables = list(found)[:3]
    cells = [
        (table.start() + m.start(), table.start() + m.end(), m[0])
        for table in tables
        for m in re.finditer(r"\\shoalfact\{[\w.-]+\}\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\}", table[0])
    ]
    start, stop, text = rng.choice(cells)
    others = [cell[2] for cell in cells if cell[2].split("}")[0] != text.split("}")[0]]
    return _in_bound(paper, start, stop, rng.choice(others))


def invented_rows(rng: random.Random, paper: Paper) -> Planted:
    """A row that no arm has, or one that is gone."""
    end = paper.bound.index(r"\end{shoaltabular}")
    row = rng.choice([
        rf"AdamW & baseline & {_number(rng)} & [0.9, 1.0] & 0.01 & 0 & 24 \\",
        r"deep ensemble & control & \shoalfact{arm.control.mean}{\ensuremath{0.95}} & & & & \\",
        rf"{paper.arms['treatment']} with warm-up & treatment & \shoalfact{{arm.treatment.mean}}{{\ensuremath{{0.95}}}} & & & & \\",
    ])  # fmt: skip
    return _in_bound(paper, end, end, row + "\n")


def invented_floats(rng: random.Random, paper: Paper) -> Planted:
    """A figure or table that nothing feeds, and captions that say too much."""
    at = paper.bound.index(r"\section{Exploration}")
    caption = rng.choice(
        ["The treatment clearly outperforms the baseline.", "Loss over time.", "All seeds agree."]
    )
    new = rng.choice([
        rf"\begin{{figure}}\includegraphics{{figures/loss.pdf}}\caption{{{caption}}}\label{{fig:loss}}\end{{figure}}",
        rf"\begin{{table}}\caption{{{caption}}}\begin{{tabular}}{{ll}} ours & {_number(rng)} \\ \end{{tabular}}\end{{table}}",
        rf"\begin{{table}}\caption{{{caption}}}\label{{tab:more}}\begin{{tabular}}{{ll}} ours & best \\ \end{{tabular}}\end{{table}}",
    ])  # fmt: skip
    return _in_bound(paper, at, at, new + "\n")


def bound_prose(rng: random.Random, paper: Paper) -> Planted:
    """A sentence in the bound paper that its sections do not have, or hidden text."""
    place = rng.choice(
        [r"\end{abstract}", r"\section{Results}", r"\begin{table}[htbp]", r"\section{Limitations}"]
    )
    at = paper.bound.index(place)
    new = rng.choice([
        r"The treatment reaches \shoalfact{arm.baseline.mean}{\ensuremath{0.92}}.", "The result holds everywhere.",
        rf"\newcommand{{\gain}}{{{_number(rng)}}}\gain", r"\input{more}", "We thank the annotators.",
        r"\shoaldeclared{97.31}", r"\shoalclaim{primary}{The treatment wins}.", r"\shoalverdict{proven}.",
        rf"\shoalfact{{arm.treatment.top}}{{{_number(rng)}}}", r"\num{97.31}", r"\char57\char55",
    ])  # fmt: skip
    return _in_bound(paper, at, at, new + "\n")


KINDS["digits changed in the bound paper"] = changed_digits
KINDS["a table's cell with another fact"] = changed_names
KINDS["an invented row"] = invented_rows
KINDS["a float that nothing feeds"] = invented_floats
KINDS["text added to the bound paper"] = bound_prose
