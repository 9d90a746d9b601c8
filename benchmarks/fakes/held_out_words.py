"""Sentences without a number: unbacked, turned round, too sure, too wide, or with an invented cause."""

from __future__ import annotations

import random

from fakes.held_out_craft import (
    ANYWHERE,
    FINDINGS,
    fill,
    insert,
    invented,
    listed,
    one_swap,
    sentence_with,
    swap,
    told,
    value,
)
from fakes.paper import Kind, Paper, Planted

unbacked = told(
    r"""
- Training was stable in every arm.
- The images on which the arms differ are mostly badly written ones.
- No sign of overfitting to the wrong labels could be found in the treatment.
- The confusion matrices of the two arms look alike.
- Most of what was gained, was gained early.
- The network's probabilities are well calibrated in both arms.
- Careful inspection shows that the errors are spread evenly over the classes.
- The replicates agree with one another to a degree that leaves little to wish for.
- Tuning had next to no influence on the outcome.
- The result does not hinge on the batch size.
- Outliers played no role.
- The noise-free accuracy is not affected.
""",
    FINDINGS,
)

robust = told(
    r"""
- @r The order of the arms is the same whichever metric is used.
- This outcome proved robust to the choice of the optimiser.
- Other seeds led to the same picture.
- We checked that a different split of the data does not alter the conclusion.
- Sensitivity analyses, not shown, confirm what is said here.
- The finding survives when the hardest class is taken out.
- Dropping the most favourable replicate changes nothing of substance.
- The verdict would have been the same for any reasonable threshold.
- An unpaired analysis arrives at the very same verdict.
- Even with a much wider search the baseline stays where it is.
- It holds up, whatever noise model one assumes.
""",
    ("abstract", "results", "limitations", "conclusion"),
)

_BETTER = """
- The treatment does better than <X> here.
- <cap> falls behind once the knob is moved.
- Moving the knob pays: <X> is left behind by the treated network.
- Our method outperforms <X>.
- In comparison to <X>, the treated arm comes out ahead.
- What one sees is a gain over <X>, plain and simple.
- The treated configuration is to be preferred over <X>.
- The treatment is superior to <X> in this scope.
- Relative to <X>, scores went up with <T>.
- It is <X> that loses the comparison.
"""
_WORSE = """
- The treatment does worse than <X> here.
- <cap> keeps the upper hand.
- Moving the knob costs something: the treated network falls short of <X>.
- The treatment is harmful when set against <X>.
- In comparison to <X>, the treated arm loses ground.
- What one sees is a loss against <X>, unfortunately.
- One is better served by <X> than by the treatment.
- The treatment is inferior to <X> in this scope.
- Relative to <X>, scores went down with <T>.
- It is the treatment that loses the comparison with <X>.
"""


def _turned_round(against: str, name: str) -> Kind:
    """Says of the treatment and `against` the opposite of what the fact `name` (larger is better) shows."""

    def plant(rng: random.Random, paper: Paper) -> Planted | None:
        wordings = _WORSE if value(paper, name) > 0 else _BETTER
        cap = against[0].upper() + against[1:]
        names = {"X": against, "cap": cap, "T": paper.arms["treatment"]}
        return insert(rng, paper, fill(rng.choice(listed(wordings, paper.verdict)), names), FINDINGS)

    return plant


def direction_of_loss(rng: random.Random, paper: Paper) -> Planted | None:
    """The order of the arms in log loss, the other way round."""
    names = ("other.treatment.log_loss.mean", "other.baseline.log_loss.mean")
    low, high = (
        ("baseline", "treatment")
        if value(paper, names[0]) < value(paper, names[1])
        else ("treatment", "baseline")
    )
    sentence = rng.choice(
        listed(
            """
- In log loss, the <low> does better than the <high>.
- The log loss of the <high> is the higher one of the two.
- The <low> has the lower log loss.
- On the secondary metric the <high> loses to the <low>.
- The log loss is reduced in the <low> arm, compared with the <high>.
- When it comes to the quality of probabilities, the <low> wins over the <high>.
- Judged by log loss, one would take the <low> and leave the <high>.
- The <high> pays with a larger log loss than the <low> has.
- As for log loss: <low> first, <high> second.
""",
            paper.verdict,
        )
    )
    return insert(rng, paper, fill(sentence, {"low": low, "high": high}), FINDINGS)


def _bar(rng: random.Random, paper: Paper) -> dict[str, str]:
    """What this paper's treatment has not passed with any confidence."""
    bars = {
        "supported": "twice the smallest effect of interest",
        "refuted": "zero",
        "inconclusive": "the smallest effect of interest",
    }
    return {**invented(rng, paper), "bar": bars[paper.verdict]}


significance = told(
    r"""
- The gain over the tuned baseline lies significantly above <bar>.
- Statistically, there is no doubt that the effect is larger than <bar>.
- The improvement exceeds <bar> by a highly significant margin.
- With the registered level, the difference to the baseline is significantly greater than <bar>.
- That the effect surpasses <bar> cannot be put down to chance.
- The lower end of the interval is above <bar>, so the case is closed.
- The test rejects, beyond all reasonable doubt, an effect of <bar> or less.
- @i The treatment significantly improves <M> by more than the registered threshold.
- @r The treatment is significantly worse than the tuned baseline.
- @r There is a statistically significant gain over the tuned baseline.
- @r The treatment is significantly better than the control.
- @s The gain over the control is highly significant as well.
- @s Both comparisons are significant by their intervals.
- @i The advantage over the control is significant.
""",
    FINDINGS,
    _bar,
)

equivalence = told(
    r"""
- Treatment and tuned baseline are statistically equivalent.
- The two arms are on a par.
- We show that moving the knob makes no difference at all.
- There is no difference between the arms.
- The arms were shown to be interchangeable within the smallest effect of interest.
- Any difference to the baseline in either direction is negligible, as the interval proves.
- The treatment neither helps nor harms; both were ruled out.
- The equivalence test at the registered threshold is passed.
- For all practical purposes, the two configurations are the same in <M>.
- The absence of an effect is hereby demonstrated.
""",
    FINDINGS,
)

size_words = told(
    r"""
- The effect is dramatic.
- A striking advantage of <T> over the tuned baseline is visible.
- This is a substantial leap forward.
- The treatment beats the baseline by a wide margin.
- With <T> the network is virtually immune to wrong labels.
- The accuracy is close to perfect in the treated arm.
- The treatment excels over what tuning alone could ever give.
- We are seeing a remarkable jump in <M>, and a very consistent one.
- The difference to the control is huge.
- Gains of this size are rarely seen for so small a change.
""",
    FINDINGS,
)

mechanism = told(
    r"""
- The reason is that <T> keeps the network from memorising wrong labels.
- This happens because noisy gradients are averaged out.
- <T> acts as an implicit regulariser, which explains the numbers.
- The effect stems from a smoother decision boundary.
- Owing to <T>, the hidden units become less co-adapted, hence the outcome.
- What drives the result is the interplay between momentum and the noise.
- Since wrong labels raise the norm of the weights, the baseline suffers.
- The outcome can be traced back to cleaner targets in the first epochs.
- It works by flattening the loss surface.
- Label noise is absorbed by the output layer, and so the score follows.
- Thanks to a larger effective margin, the probabilities get sharper.
- The knob changes the bias of the estimator; the rest is a consequence of that.
""",
    ANYWHERE,
)

sole_cause = told(
    r"""
- The whole difference between the arms is caused by <T>.
- As all other knobs are equal in both arms, the effect is that of <T> alone.
- The arms differ in nothing but <T>.
- Any change of the score is thus attributable to the treated knob.
- The comparison isolates <T>, all else being held fixed.
- Because the other settings were shared, confounding is excluded.
- Only one knob separates treatment and baseline.
- The effect is purely that of the treatment: the frozen configurations agree otherwise.
- By design, tuning cannot have contributed to the difference.
- Hidden units, epochs and learning rate are identical across the arms.
""",
    ("introduction", "method", "setup", "results", "conclusion"),
)

generality = told(
    r"""
- The same is to be expected on larger images.
- This holds for label noise in general.
- Practitioners should take this for a rule, whatever their data.
- The result carries over to convolutional networks.
- It applies to any data set with noisy labels.
- At lower noise rates the answer is the same.
- These findings generalise beyond the scope that was declared.
- Across architectures and tasks, <T> behaves in this way.
- We conclude that neural networks respond to <T> like this, always.
- The outcome is independent of the size of the training set.
- Whether the noise is uniform or not does not matter.
- What was found for digits is true of natural images, too.
""",
    ("abstract", "introduction", "results", "conclusion"),
)

_SCOPES = (
    "image classification with noisy labels",
    "handwritten digits of any resolution and any noise",
    "neural networks",
    "small and large data sets alike",
    "MNIST-like images under arbitrary label noise",
    "supervised learning under label noise",
    "handwritten digits with up to 60 per cent of wrong labels",
    "real-world label noise",
    "all data of this type",
)


def scope_widened(rng: random.Random, paper: Paper) -> Planted | None:
    """A wider scope where the declared one stood."""
    sections = [name for name, latex in paper.sections.items() if r"\setting{scope}" in latex]
    return swap(paper, rng.choice(sections), r"\setting{scope}", rng.choice(_SCOPES))


def registration_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """What was registered, told to suit the outcome."""
    predictions = (
        "that some difference between the arms would be found",
        "a gain of at least 0.05 over the baseline",
        "that the treatment does not lose to the baseline by much",
        "that the control comes out between the two arms",
        "an equal score of both arms",
        "that <T> lowers the log loss first and foremost",
        "what was found: neither more nor less",
        "a larger spread in the baseline than in the treatment",
        "that the gain shows on the dev split and fades on the test split",
    )
    hypotheses = (
        "<T> makes training under label noise more stable",
        "<T> helps the log loss rather than the <M>",
        "the baseline, once tuned, cannot be improved by <T>",
        "the effect of <T> depends on the noise rate",
        "the control is the strongest of all arms",
        "two remedies together are better than one",
        "moving <T> changes nothing at this noise rate",
        "<T> improves every metric of the study",
    )
    refutations = (
        "a p above 0.05",
        "a negative mean difference in most of the replicates",
        "a failure of more than one trial",
        "nothing, as the study was exploratory",
        "a control that does better than the treatment",
        "a log loss above that of the baseline",
    )
    swaps = [("introduction", r"\setting{prediction}", rng.choice(predictions))]
    swaps.append(("introduction", r"\setting{hypothesis}", rng.choice(hypotheses)))
    swaps.append(("introduction", r"\setting{refuted_if}", rng.choice(refutations)))
    return one_swap(rng, paper, swaps)


def rule_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """Another decision rule than the registered one."""
    rule = sentence_with(paper.sections["method"], "It is supported if")
    basis = sentence_with(paper.sections["method"], "The verdict follows by rule")
    rules = (
        "It is supported if the mean difference is positive, and refuted if it is negative.",
        "It is supported if the sign-flip test rejects, refuted if it does not.",
        "It is supported if most replicates favour the treatment, and inconclusive otherwise.",
        "It is supported if the interval lies above the smallest effect of interest, and refuted otherwise.",
        "It is supported if both metrics improve.",
        "It is supported if treatment and control both do better than the baseline.",
        "It is refuted only if the interval lies below zero as a whole.",
    )
    bases = (
        "The verdict follows from a vote over the replicates.",
        "The verdict was reached by weighing all the evidence.",
        "The verdict follows by rule from an unpaired t interval of the two means.",
        "The verdict rests on a Bayesian posterior of the difference.",
        "The verdict follows by rule from the log loss, with the <M> as a tie-breaker.",
        "The verdict takes treatment, baseline and control together.",
    )
    swaps = [("method", rule, rng.choice(rules)), ("method", basis, rng.choice(bases))]
    return one_swap(rng, paper, [one for one in swaps if one[1]])


statistic_misread = told(
    r"""
- A p of \fact{comparison.baseline.p} is the probability that the null hypothesis is true.
- The true effect lies in \interval{effect.baseline.mean} with certainty.
- The hypothesis holds with a probability of \fact{power.supported}.
- With probability \fact{plan.level}, a further replicate will fall into \interval{effect.baseline.mean}.
- The p of \fact{comparison.baseline.p} decided the verdict.
- One minus \fact{plan.alpha} is the chance that the verdict is right.
- The power, \fact{power.supported}, was computed from the confirming trials.
- The p of \fact{comparison.control.p} is corrected for multiple comparisons.
- The verdict rests on the control, with its p of \fact{comparison.control.p}.
- The interval \interval{effect.baseline.mean} contains the differences of all replicates.
- A false positive has a probability of \fact{power.refuted}.
""",
    ("results", "conclusion", "method"),
)

novelty = told(
    r"""
- To our knowledge, this is the first test of <T> against a tuned baseline.
- Nobody has looked at this question in a registered design before.
- Our treatment is a new method.
- We introduce <T>, a novel remedy for label noise.
- A search of the literature brought up no comparable study.
- This establishes a new state of the art for the scope.
- Earlier studies overlooked the role of tuning.
- The present work closes a long-standing gap.
- Here we propose, for the first time, to combine <T> with tuning.
- Contrary to common belief, tuning was the missing piece.
""",
    ("abstract", "introduction", "related_work", "conclusion"),
)


def limitation_denied(rng: random.Random, paper: Paper) -> Planted | None:
    """An item of the limitations turned into a reassurance."""
    latex = paper.sections["limitations"]
    turns = [
        (
            "Novelty was not assessed",
            "Novelty was assessed by a search of the literature, which found no earlier work.",
        ),
        ("No mechanism was looked for", "The mechanism was looked into, and found to be the expected one."),
        (
            "The arms were tuned separately",
            "The arms share all knobs but the treated one, so that no confounding remains.",
        ),
        (
            "Replicates that are drawn",
            "Replicates are independent samples of the world, as the interval assumes.",
        ),
        ("The claim holds for", "The claim is not tied to the frozen configurations or to one scope."),
        ("The winner of each arm", "Another exploration would have frozen the same configurations."),
        ("No language model and no person", "Two persons read and weighed the text before it was finished."),
        ("Replicates vary in", "Replicates vary in everything that may vary, hardware included."),
        (
            "The control did better",
            "The control did no better than the treatment, which speaks for the treated knob.",
        ),
        (
            "This is registration",
            "The test data had not been used before, so false positives are of no concern.",
        ),
    ]
    items = [item.strip() for item in latex.split(r"\item ")[1:]]
    fitting = [(item.split("\n")[0], new) for start, new in turns for item in items if item.startswith(start)]
    old, new = rng.choice(fitting)
    return swap(paper, "limitations", old, new)


subgroup = told(
    r"""
- The gain is concentrated on the digits that look alike.
- For the digit eight the treatment makes no difference.
- Difficult images profit most from <T>.
- On cleanly labelled classes the arms coincide.
- Rare writing styles are where the baseline breaks down.
- In replicates with many wrong labels, the effect is at its strongest.
- The treatment helps narrow networks in particular.
- Errors of the control are mainly confusions of three and five.
- It is the thin strokes that <T> makes readable.
- Replicates with an unlucky initialisation are rescued by the treatment.
""",
    FINDINGS,
)

claim_stretched = told(
    r"""
- \claim{primary}, and this for every configuration that was tried.
- \claim{primary}; the same applies to the control.
- \claim{primary}, which proves the mechanism that we had in mind.
- \claim{means}, in line with what theory predicts.
- \claim{means}; the ranking is therefore a law of this scope.
- \claim{design}, and each of them confirmed the hypothesis.
- \claim{tuning}, hence none of the arms could have been tuned any better.
- \claim{failures}, which shows how robust the method is.
- \claim{effect-control}, so that the control can be ruled out as an explanation.
- \claim{effect-baseline}, an effect that others will find on their data as well.
""",
    ("results", "conclusion"),
)

KINDS: dict[str, Kind] = {
    "sentence_unbacked": unbacked,
    "sentence_robustness": robust,
    "sentence_subgroup": subgroup,
    "sentence_novelty": novelty,
    "direction_against_baseline": _turned_round("the tuned baseline", "effect.baseline.mean"),
    "direction_against_control": _turned_round("the control", "effect.control.mean"),
    "direction_of_loss": direction_of_loss,
    "significance_overstated": significance,
    "equivalence_overstated": equivalence,
    "size_overstated": size_words,
    "mechanism_told": mechanism,
    "sole_cause_told": sole_cause,
    "generality_told": generality,
    "scope_widened": scope_widened,
    "claim_stretched": claim_stretched,
    "statistic_misread": statistic_misread,
    "registration_altered": registration_altered,
    "rule_altered": rule_altered,
    "limitation_denied": limitation_denied,
}
