"""Scripted sections about what was observed: abstract, results, exploration, limitations, conclusion.

Promises that every sentence about the outcome names a fact, a claim or the verdict.
"""

from __future__ import annotations

from agent.models.scripted.draft import HONEST, Draft


def _question(draft: Draft) -> str:
    against = "a baseline that was tuned with as many trials" if draft.searched else "the baseline"
    if draft.about_code:
        return f"Does the changed code improve {draft.metric} over {against}?"
    if not draft.searched:
        return rf"Does the knob \emph{{{draft.treated}}}, changed as proposed, improve {draft.metric}?"
    return (
        rf"Does the knob \emph{{{draft.treated}}}, moved away from its default, improve {draft.metric} over "
        f"{against}?"
    )


def abstract(draft: Draft) -> None:
    """Question, test, verdict, scope, and what is not shown."""
    draft.say(_question(draft))
    brought = (
        r"Both arms were brought by a person, registered, and compared on \fact{plan.n} fresh replicates "
        "and a hidden test split."
    )
    tuned = "chosen on a dev split from" if draft.shared else "tuned on a dev split with"
    counted = "candidates" if draft.shared else "configurations"
    draft.say(
        rf"Both arms were {tuned} \fact{{arm.baseline.tuning}} {counted} each; the two "
        r"winners were frozen, registered, and compared on \fact{plan.n} fresh replicates and a hidden "
        "test split."
        if draft.searched
        else brought,
        r"The frozen winners of both arms were compared on \fact{plan.n} fresh replicates and a hidden "
        "test split.",
    )
    draft.say(
        r"The mean difference in favour of the treatment is \fact{effect.baseline.mean}, with the interval "
        r"\interval{effect.baseline.mean}; the smallest effect of interest is \fact{plan.sesoi}.",
        r"The mean difference in favour of the treatment is \fact{effect.baseline.mean}.",
    )
    draft.say(
        rf"The computed verdict for the scope \setting{{scope}} is \verdict: {_answer(draft)}.",
        rf"The computed verdict is \verdict: {_answer(draft)}.",
    )
    draft.say(
        r"Nothing is shown about data that these \fact{plan.n} replicates were not drawn from, about other "
        "configurations, or about causes.",
    )
    draft.say(
        rf"This is a scripted study of \fact{{count.trials}} registered trials ({HONEST}).",
        rf"\conjecture{{This is a scripted study ({HONEST}).}}",
    )


def results(draft: Draft) -> None:
    """Every registered comparison, the failures, and the verdict with its reason."""
    baseline = "the tuned baseline" if draft.searched else "the baseline"
    draft.say(
        rf"Over \fact{{plan.n}} replicates, the treatment has a mean {draft.metric} of "
        rf"\fact{{arm.treatment.mean}} and {baseline} one of \fact{{arm.baseline.mean}} "
        r"(Table~\ref{tab:results}).",
        rf"The treatment has a mean {draft.metric} of \fact{{arm.treatment.mean}} and {baseline} "
        r"one of \fact{arm.baseline.mean}.",
    )
    draft.say(
        draft.claim("primary", "In this scope, "),
        r"The mean paired difference in favour of the treatment is \fact{effect.baseline.mean}, with the "
        r"interval \interval{effect.baseline.mean}.",
    )
    draft.say(rf"By the registered rule the verdict is \verdict: {_answer(draft)}.")
    if draft.data.caps:
        draft.say(draft.claim("capped"), r"What limits the verdict, \verdict, is a registered rule.")
    draft.say(
        r"The one-sided sign-flip test against the baseline, which looks at replicates alone and decides "
        r"nothing, gives a p of \fact{comparison.baseline.p}."
    )
    draft.say(r"Figure~\ref{fig:effects} shows the differences over the \fact{plan.n} replicates.")
    draft.say(
        r"Figure~\ref{fig:learning-curves} shows the learning curves over the same \fact{plan.n} replicates."
    )
    draft.paragraph()
    _other_comparisons(draft)
    _failures(draft)


def _other_comparisons(draft: Draft) -> None:
    """Comparisons with other arms than the baseline, and the secondary metrics."""
    measured = [name.split(".")[1] for name in draft.fact_names("effect") if name.endswith(".mean")]
    claimed = [name.removeprefix("effect-") for name in draft.claim_names("effect-")]
    for key in dict.fromkeys((*measured, *claimed)):
        if key != "baseline":
            draft.say(
                draft.claim(f"effect-{key}"),
                rf"Against the arm {key}, the mean difference is \fact{{effect.{key}.mean}}, with the "
                rf"interval \interval{{effect.{key}.mean}}.",
            )
    for name in draft.fact_names("other"):
        if name.startswith("other.treatment."):
            metric = name.split(".")[2]
            draft.say(
                rf"The secondary metric {metric.replace('_', ' ')} is \fact{{{name}}} for the treatment and "
                rf"\fact{{other.baseline.{metric}.mean}} for the baseline; no verdict rests on it."
            )


def _failures(draft: Draft) -> None:
    if draft.is_zero("count.failures"):
        draft.say(r"None of the \fact{count.trials} confirming trials failed.")
    else:
        draft.say(
            r"Of the \fact{count.trials} confirming trials, \fact{count.failures} failed "
            r"(\fact{arm.treatment.failures} of the treatment, \fact{arm.baseline.failures} of the baseline) "
            "and counted as the registered rule says.",
            r"Of the \fact{count.trials} confirming trials, \fact{count.failures} failed.",
        )


def exploration(draft: Draft) -> None:
    """What was tried to choose the arms."""
    if not draft.searched:
        _tried_out(draft)
        return
    counted = "candidates" if draft.shared else "configurations"
    draft.say(
        rf"On the dev split, \fact{{explore.baseline.candidates}} {counted} of the baseline and "
        r"\fact{explore.treatment.candidates} of the treatment were tried, in \fact{explore.trials} trials "
        "with all re-runs.",
        "Configurations of both arms were tried on the dev split.",
    )
    draft.say(
        r"The control had \fact{explore.control.candidates} configurations.",
    )
    draft.say(
        r"In exploring, \fact{explore.baseline.failures} trials of the baseline and "
        r"\fact{explore.treatment.failures} of the treatment failed."
    )
    draft.say(
        rf"The winners that were frozen have a mean dev {draft.metric} of \fact{{explore.baseline.best}} "
        r"for the baseline and \fact{explore.treatment.best} for the treatment, over the replicates on "
        "which they were run again."
    )
    draft.say(
        r"Table~\ref{tab:exploration} and Figure~\ref{fig:exploration} show what was tried.",
        r"Table~\ref{tab:exploration} shows what was tried.",
        r"Figure~\ref{fig:exploration} shows what was tried.",
    )
    draft.say(
        "These numbers served to choose the arms. For that reason they are too favourable, and they are "
        "no results: the verdict does not rest on them."
    )


def _tried_out(draft: Draft) -> None:
    """What was seen of arms that a person brought, before they were registered."""
    draft.say(
        r"Nothing was searched. The arms that a person brought were tried out on the dev split, in "
        r"\fact{explore.trials} trials.",
        "Nothing was searched. The arms that a person brought were tried out on the dev split.",
    )
    draft.say(
        r"In these, \fact{explore.baseline.failures} trials of the baseline and "
        r"\fact{explore.treatment.failures} of the treatment failed."
    )
    draft.say(
        rf"The mean dev {draft.metric} is \fact{{explore.baseline.best}} for the baseline and "
        r"\fact{explore.treatment.best} for the treatment."
    )
    draft.say(
        r"Table~\ref{tab:exploration} and Figure~\ref{fig:exploration} show what was seen.",
        r"Table~\ref{tab:exploration} shows what was seen.",
    )
    draft.say("They show that each arm runs, and the spread; the verdict does not rest on them.")


def limitations(draft: Draft) -> None:
    """What the study cannot show."""
    draft.say("What the study cannot show follows from how it was made:")
    draft.items(
        (
            *draft.data.limitations,
            "No mechanism was looked for. Why the outcome came about is left open.",
            "No language model and no person weighed the text: it is made of fixed sentences.",
        )
    )


def conclusion(draft: Draft) -> None:
    """The answer within its scope, and the experiment that comes next."""
    draft.say(
        rf"The verdict on the hypothesis, for the scope \setting{{scope}}, is \verdict: {_answer(draft)}.",
        rf"The verdict on the hypothesis is \verdict: {_answer(draft)}.",
    )
    draft.say(
        r"It rests on \fact{plan.n} fresh replicates and holds for the frozen configurations alone; it "
        "does not show what happens elsewhere, nor why.",
    )
    _next_experiment(draft)


def _answer(draft: Draft) -> str:
    """Why the verdict is what it is, as the second half of a sentence."""
    if draft.data.caps:
        return "a registered rule does not allow a stronger word here"
    if draft.data.verdict == "supported":
        return (
            "the whole interval of the difference lies above zero, and its mean is at least as large as "
            "the smallest effect of interest"
        )
    if draft.data.verdict == "inconclusive":
        return (
            "the interval rules out neither a gain as large as the smallest effect of interest nor a "
            "smaller one"
        )
    ruled_out = "a gain as large as the smallest effect of interest is ruled out"
    return {
        "harmful": f"{ruled_out}, and so is no effect at all: the difference is negative",
        "real but too small": f"{ruled_out}, although the interval lies above zero",
    }.get(draft.data.qualifier, ruled_out)


def _next_experiment(draft: Draft) -> None:
    verdict = draft.data.verdict
    if draft.data.caps:
        draft.say(
            r"The next experiment is the same comparison on \fact{plan.n} fresh replicates, once the "
            "reason for the limited verdict has gone.",
            r"\conjecture{The next experiment is the same comparison, once the reason for the limited "
            "verdict has gone.}",
        )
    elif verdict == "supported":
        draft.say(
            r"The next experiment is the same comparison on other data, with at least \fact{plan.n} "
            "replicates: only that can tell how far the answer reaches.",
            r"\conjecture{The next experiment is the same comparison on other data.}",
        )
    elif verdict == "refuted":
        draft.say(
            "The next experiment is not more of the same but the same comparison under other conditions, "
            r"again with \fact{plan.n} replicates, to see whether the answer turns.",
            r"\conjecture{The next experiment is the same comparison under other conditions.}",
        )
    else:
        draft.say(
            r"The next experiment is the same comparison with \fact{verdict.n_to_settle} fresh replicates: "
            "that many would settle the question if the differences keep the mean and the spread that "
            "were seen here.",
            r"The next experiment is the same comparison scored on more test items: on these, no feasible "
            r"number of replicates beyond the \fact{plan.n} would settle it if means and variances stayed "
            "as they were seen.",
            r"\conjecture{The next experiment is the same comparison scored on more test items.}",
        )
