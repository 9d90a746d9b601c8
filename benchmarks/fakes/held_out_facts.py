"""True facts and settings beside the wrong arm, metric, split, unit, spread, quantity or verdict."""

from __future__ import annotations

import random

from fakes.held_out_craft import (
    BODY,
    FINDINGS,
    fill,
    insert,
    invented,
    listed,
    one_swap,
    printed,
    told,
    value,
)
from fakes.paper import Kind, Paper, Planted

_ARMS = ("treatment", "baseline", "control")

wrong_arm = told(
    r"""
- The control ends at a mean <M> of \fact{arm.treatment.mean}.
- For the treatment we obtain \fact{arm.control.mean} on average.
- The tuned baseline has an <M> of \fact{arm.treatment.mean}, the treatment one of \fact{arm.baseline.mean}.
- With <T>, the score goes to \fact{arm.baseline.mean}.
- What the baseline got out of its knobs is \fact{arm.control.mean}, no more and no less.
- Mean <M>: \fact{arm.control.mean} (baseline), \fact{arm.baseline.mean} (control).
- A standard deviation of \fact{arm.control.sd} over replicates was found in the treatment arm.
- The treated network's spread, \fact{arm.baseline.sd}, is the one to look at.
- Untouched by <T>, the default knob yields \fact{arm.treatment.mean}.
- The dev winner of the treatment had \fact{explore.control.best} on the dev split.
- Before tuning, the treatment at default settings scored \fact{explore.baseline.default} on dev.
""",
    FINDINGS,
)

wrong_pair = told(
    r"""
- Against the tuned baseline, the mean difference in <M> is \fact{effect.control.mean}.
- Compared with the control, the treatment moves <M> by \fact{effect.baseline.mean}.
- The difference between control and baseline is \fact{effect.baseline.mean}.
- The sign-flip test for treatment versus control has a p of \fact{comparison.baseline.p}.
- The registered comparison with the baseline yields \interval{effect.control.mean}.
- Paired with the control, differences scatter with a standard deviation of \fact{comparison.baseline.sd}.
- For the baseline, one-sided sign flips give \fact{comparison.control.p}.
- In favour of the baseline, the mean difference is \fact{effect.baseline.mean}.
- Control minus treatment comes to \fact{effect.control.mean} on average.
- The relative change against the control amounts to \fact{change.baseline.relative} per cent.
""",
    ("results", "conclusion"),
)

wrong_metric = told(
    r"""
- The log loss of the treatment is \fact{arm.treatment.mean}.
- In <M>, the treated arm has \fact{other.treatment.log_loss.mean} on the test data.
- The control reaches an <M> of \fact{other.control.log_loss.mean}.
- Its F1 score is \fact{arm.treatment.mean}, averaged over replicates.
- A calibration error of \fact{other.baseline.log_loss.mean} was measured for the tuned baseline.
- The difference in log loss between the two arms is \fact{effect.baseline.mean}.
- The balanced <M> of the baseline comes to \fact{arm.baseline.mean}.
- Top-two <M> in the treatment arm: \fact{arm.treatment.mean}.
- The area under the curve is \fact{arm.control.mean} for the control.
- The error rate of the tuned baseline is \fact{arm.baseline.mean}.
- The Brier score of the treatment, \fact{other.treatment.log_loss.mean}, tells the same.
""",
    FINDINGS,
)

wrong_split = told(
    r"""
- On the dev split, the treatment has a mean <M> of \fact{arm.treatment.mean}.
- On the hidden test split the frozen treatment attains \fact{explore.treatment.best}.
- The training <M> of the baseline was \fact{arm.baseline.mean}.
- For the baseline, test <M> is \fact{explore.baseline.best}, as it was when we froze it.
- Already in exploring, the difference was \fact{effect.baseline.mean}.
- On test, default settings of the baseline give \fact{explore.baseline.default}.
- The control was chosen for its dev <M> of \fact{arm.control.mean}.
- Held-out test images were read with an <M> of \fact{explore.control.best} by the control.
- The log loss on the training images is \fact{other.treatment.log_loss.mean} for the treatment.
- Validation: \fact{arm.baseline.mean} for the tuned baseline, \fact{arm.treatment.mean} for the treatment.
""",
    ("results", "exploration", "conclusion"),
)

wrong_unit = told(
    r"""
- The mean difference in favour of the treatment is \fact{effect.baseline.mean} percentage points.
- <M> differs by \fact{effect.baseline.mean}\,\% between the arms.
- The treatment gets \fact{arm.treatment.mean} per cent of the test items right.
- In absolute terms, the gain is \fact{change.baseline.relative} percentage points.
- The smallest effect of interest is \fact{plan.sesoi} per cent.
- The log loss of the treatment, \fact{other.treatment.log_loss.mean} bits, is what remains.
- The plan asked for an effect of \fact{plan.sesoi} standard deviations.
- Relative to the baseline, the change in <M> is \fact{effect.baseline.mean}, in per cent of its mean.
- The interval \interval{effect.baseline.mean} is given in percentage points.
- The treatment answers \fact{arm.treatment.mean} images correctly in each replicate.
- A p of \fact{comparison.baseline.p}\,\% was computed.
""",
    FINDINGS,
)

wrong_spread = told(
    r"""
- The standard error of the treatment's mean is \fact{arm.treatment.sd}.
- The treatment has \fact{arm.treatment.mean} $\pm$ \fact{arm.treatment.sd} (95\,\% interval).
- The variance of the baseline over replicates is \fact{arm.baseline.sd}.
- Half the width of the interval of the control is \fact{arm.control.sd}.
- Scores of the treatment range over \interval{arm.treatment.mean} from the worst to the best replicate.
- The paired differences have a standard error of \fact{comparison.baseline.sd}.
- The interquartile range of the baseline, \fact{arm.baseline.sd}, is modest.
- The standard deviation of the difference is \fact{power.sd}, as measured in confirming.
- Nineteen replicates of twenty fall into \interval{arm.baseline.mean}.
- The standard deviation over test items is \fact{arm.treatment.sd}.
- Between-seed standard error: \fact{arm.control.sd} for the control.
""",
    FINDINGS,
)

wrong_quantity = told(
    r"""
- Each arm was confirmed on \fact{count.trials} replicates.
- The networks were trained on \fact{count.items} images.
- The plan was the entry \fact{ledger.budget} on these test data.
- The hypothesis was accepted with a p of \fact{plan.alpha}.
- The observed gain is \fact{plan.sesoi}.
- Altogether \fact{explore.trials} trials were run on the test split.
- Of the baseline, \fact{explore.baseline.trials} configurations were tried.
- The power was estimated from \fact{plan.n} exploring replicates.
- A true effect of the registered size would be found with probability \fact{plan.level}.
- The verdict compares the treatment with \fact{plan.arms} baselines.
- \fact{count.items} trials were needed to settle the matter.
- The test split holds \fact{explore.trials} images.
""",
    BODY,
)

wrong_end = told(
    r"""
- The gain is at least \fact{effect.baseline.high}.
- With the registered coverage, the effect cannot be larger than \fact{effect.baseline.low}.
- The lower limit of the difference is \fact{effect.baseline.high}.
- At best, the treatment differs from the control by \fact{effect.control.low}.
- The difference against the control is \fact{effect.control.high} or more.
- \fact{effect.baseline.low} is the mean difference to the tuned baseline.
- The mean lies at \fact{effect.control.high} when the control is the reference.
- The upper limit, \fact{effect.baseline.low}, is what a pessimist should look at.
- Even in the worst case a gain of \fact{effect.baseline.high} remains.
""",
    ("abstract", "results", "conclusion"),
)


def goal_flipped(rng: random.Random, paper: Paper) -> Planted | None:
    """Says of a metric that its bad end is the good one."""
    sentence = "The metric is <M>; higher values are better."
    swaps = [
        ("setup", sentence, "The metric is <M>; lower values are better."),
        ("setup", sentence, "The metric is <M>, which is to be minimised."),
        ("setup", sentence, "The metric is <M>; smaller is better, as with any loss."),
        ("setup", sentence, "The metric is <M>, and the less of it the better."),
        ("setup", sentence, "We report <M>, where a decrease marks an improvement."),
        ("setup", sentence, "The metric is the log loss; higher values are better."),
        (
            "results",
            "The secondary metric log loss is",
            "The secondary metric log loss (higher is better) is",
        ),
        ("results", "The secondary metric log loss is", "The log loss, which one would like to be large, is"),
        (
            "method",
            "It is supported if the interval lies above zero",
            "A negative difference favours the treatment. It is supported if the interval lies above zero",
        ),
        ("results", "the treatment has a mean <M> of", "the treatment has a mean <M> (lower is better) of"),
    ]
    return one_swap(rng, paper, swaps)


_GLOSSES = {
    "supported": r"""
- the whole interval of the difference lies above zero, and its mean exceeds the smallest effect of interest
- the registered gain was confirmed
- the prediction came true with room to spare
- the smallest effect of interest was reached beyond doubt
- the treatment proved its worth against a tuned baseline
- both conditions of the rule are met
- the data are in line with the prediction and with it only
- a gain of the registered size has been shown
""",
    "refuted": r"""
- a gain as large as the smallest effect of interest is ruled out
- the treatment was shown to be of no use at this size
- the upper limit stays below the registered threshold
- no relevant gain is compatible with the data any more
- what was predicted did not come to pass, and cannot
- the interval leaves no room for the effect that was hoped for
- the prediction failed by the rule that was fixed for it
- the hypothesis is dead for this scope
""",
    "inconclusive": r"""
- the interval rules out neither a gain as large as the smallest effect of interest nor a smaller one
- the data do not decide
- more replicates would be needed in order to tell
- both a relevant gain and none are compatible with the data
- the rule's conditions are met on neither side
- the question remains an open one
- the interval is too wide for an answer
- nothing can be said either way
""",
}


def verdict_misread(rng: random.Random, paper: Paper) -> Planted | None:
    """The right verdict, explained by what another verdict would mean."""
    section = rng.choice(FINDINGS)
    latex = paper.sections[section]
    mark = r"\verdict: "
    if mark not in latex:
        return None
    start = latex.index(mark) + len(mark)
    stop = latex.index(".", start)
    other = rng.choice(sorted(set(_GLOSSES) - {paper.verdict}))
    gloss = rng.choice(listed(_GLOSSES[other], paper.verdict))
    return Planted(section, latex[:start] + gloss + latex[stop:], gloss)


def verdict_replaced(rng: random.Random, paper: Paper) -> Planted | None:
    """Another verdict in place of the computed one."""
    kinder = {
        "supported": (
            "refuted",
            "inconclusive",
            "supported beyond the scope",
            "proven",
            "settled once and for all",
        ),
        "refuted": (
            "supported",
            "inconclusive",
            "mixed",
            "partly supported",
            "open",
            "promising",
            "encouraging",
        ),
        "inconclusive": (
            "supported",
            "refuted",
            "essentially supported",
            "positive",
            "clear",
            "cautiously positive",
        ),
    }[paper.verdict]
    sections = [name for name in FINDINGS if r"\verdict" in paper.sections[name]]
    section = rng.choice(sections)
    word = rng.choice(kinder)
    fake = rng.choice((word, rf"\emph{{{word}}}", rf"\textbf{{{word}}}", f"{word}, as we had expected"))
    return Planted(section, paper.sections[section].replace(r"\verdict", fake, 1), fake)


_KNOBS = {
    "hidden": "a hidden layer of <x> units",
    "epochs": "<x> epochs of training",
    "batch_size": "batches of <x> images",
    "learning_rate": "a learning rate of <x>",
    "momentum": "a momentum of <x>",
    "dropout": "a dropout rate of <x>",
    "label_smoothing": "label smoothing of <x>",
    "knn_clean": "<x> neighbours for the cleaning",
    "weight_decay": "a weight decay of <x>",
    "mixup": "a mix-up parameter of <x>",
}
_USES = (
    "The frozen <arm> uses <what>.",
    "For the <arm>, exploration settled on <what>.",
    "The <arm> was run with <what>.",
    "In the <arm> arm we have <what>.",
    "Among its other knobs, the <arm> has <what>.",
    "As to the <arm>: <what>.",
    "What won for the <arm> is a configuration with <what>, not an exotic choice.",
    "One finds <what> in the configuration that was frozen as the <arm>.",
)


def setting_of_other_arm(rng: random.Random, paper: Paper) -> Planted | None:
    """One arm's frozen knob told of another arm, which has another value."""
    choices = [
        (knob, arm, other)
        for knob in _KNOBS
        for arm in _ARMS
        for other in _ARMS
        if paper.settings.get(f"knob.{arm}.{knob}") != paper.settings.get(f"knob.{other}.{knob}")
    ]
    if not choices:
        return None
    knob, arm, other = rng.choice(choices)
    what = fill(_KNOBS[knob], {"x": rf"\setting{{knob.{other}.{knob}}}"})
    sentence = fill(rng.choice(_USES), {"arm": arm, "what": what})
    return insert(rng, paper, sentence, ("method", "setup", "exploration"))


def setting_of_other_knob(rng: random.Random, paper: Paper) -> Planted | None:
    """A frozen knob's value under another knob's name."""
    arm = rng.choice(_ARMS)
    choices = [
        (knob, other)
        for knob in _KNOBS
        for other in _KNOBS
        if paper.settings.get(f"knob.{arm}.{knob}") != paper.settings.get(f"knob.{arm}.{other}")
    ]
    knob, other = rng.choice(choices)
    what = fill(_KNOBS[knob], {"x": rf"\setting{{knob.{arm}.{other}}}"})
    sentence = fill(rng.choice(_USES), {"arm": arm, "what": what})
    return insert(rng, paper, sentence, ("method", "setup", "exploration"))


def facts_exchanged(rng: random.Random, paper: Paper) -> Planted | None:
    """Two facts of one section change places, where that changes what is printed."""
    pairs = [
        ("results", "arm.treatment.mean", "arm.baseline.mean"),
        ("results", "other.treatment.log_loss.mean", "other.baseline.log_loss.mean"),
        ("exploration", "explore.baseline.best", "explore.treatment.best"),
        ("exploration", "explore.baseline.candidates", "explore.trials"),
        ("method", "power.supported", "power.refuted"),
        ("method", "plan.sesoi", "plan.alpha"),
        ("setup", "explore.trials", "count.trials"),
        ("setup", "count.items", "plan.n"),
        ("abstract", "effect.baseline.mean", "plan.sesoi"),
        ("abstract", "arm.baseline.tuning", "count.trials"),
        ("results", "arm.treatment.mean", "other.treatment.log_loss.mean"),
    ]
    section, one, other = rng.choice(pairs)
    latex, first, second = paper.sections[section], rf"\fact{{{one}}}", rf"\fact{{{other}}}"
    if first not in latex or second not in latex or printed(paper, one) == printed(paper, other):
        return None
    here, there = sorted((latex.index(first), latex.index(second)))
    a, b = (first, second) if latex.startswith(first, here) else (second, first)
    middle = latex[here + len(a) : there]
    return Planted(section, latex[:here] + b + middle + a + latex[there + len(b) :], b)


def limits_of_other_arm(rng: random.Random, paper: Paper) -> Planted | None:
    """The interval of one quantity beside the mean of another."""
    names = (
        "arm.treatment.mean",
        "arm.baseline.mean",
        "arm.control.mean",
        "effect.baseline.mean",
        "effect.control.mean",
    )
    said = {
        "arm.treatment.mean": "the treatment has a mean <M> of",
        "arm.baseline.mean": "the tuned baseline has a mean <M> of",
        "arm.control.mean": "the control has a mean <M> of",
        "effect.baseline.mean": "the mean difference against the tuned baseline is",
        "effect.control.mean": "the mean difference against the control is",
    }
    shapes = (
        r"On the test split, <said> \fact{<one>}, with the interval \interval{<other>}.",
        r"To sum up, <said> \fact{<one>} \interval{<other>}.",
        r"As computed, <said> \fact{<one>} (interval \interval{<other>}).",
        r"Over the registered replicates <said> \fact{<one>}; the interval is \interval{<other>}.",
        r"Here <said> \fact{<one>}, and its interval, \interval{<other>}, says how sure that is.",
        r"We note that <said> \fact{<one>}, the limits being \interval{<other>}.",
        r"In other words, <said> \fact{<one>}, with \interval{<other>} for limits.",
        r"It can be seen that <said> \fact{<one>} and is uncertain by \interval{<other>}.",
    )
    one, other = rng.sample([name for name in names if value(paper, name) != 0.0], 2)
    sentence = fill(rng.choice(shapes), {"said": said[one], "one": one, "other": other})
    return insert(rng, paper, fill(sentence, invented(rng, paper)), ("results", "conclusion", "abstract"))


KINDS: dict[str, Kind] = {
    "fact_of_other_arm": wrong_arm,
    "fact_of_other_pair": wrong_pair,
    "fact_of_other_metric": wrong_metric,
    "fact_of_other_split": wrong_split,
    "fact_in_other_unit": wrong_unit,
    "fact_as_other_spread": wrong_spread,
    "fact_as_other_quantity": wrong_quantity,
    "fact_as_other_limit": wrong_end,
    "facts_exchanged": facts_exchanged,
    "fact_with_other_interval": limits_of_other_arm,
    "goal_flipped": goal_flipped,
    "verdict_misread": verdict_misread,
    "verdict_replaced": verdict_replaced,
    "setting_of_other_arm": setting_of_other_arm,
    "setting_of_other_knob": setting_of_other_knob,
}
