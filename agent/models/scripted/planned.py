"""Scripted sections about what was planned: introduction, related work, method, set-up.

Promises to state no result.
"""

from __future__ import annotations

from agent.models.scripted.draft import HONEST, Draft


def introduction(draft: Draft) -> None:
    """Why the question was asked, and what was fixed beforehand."""
    if question := draft.setting("question"):
        draft.say(f"The experiment was set up to answer this question: {question}")
    draft.retell("A change that beats an untuned baseline")
    draft.say(
        "That is what this study tests, for one change."
        if draft.searched
        else "This study tests one change against the baseline that a person brought."
    )
    draft.paragraph()
    hypothesis = draft.setting("hypothesis")
    draft.say(
        f"The hypothesis was fixed before the first confirming trial. It reads: {hypothesis}"
        if hypothesis
        else "",
        rf"The hypothesis was fixed before the first confirming trial: {draft.change} improves "
        f"{draft.metric} over {'a tuned' if draft.searched else 'the'} baseline.",
    )
    if prediction := draft.setting("prediction"):
        draft.say(f"The prediction was: {prediction}")
    if refuted_if := draft.setting("refuted_if"):
        draft.say(f"What would refute it was fixed as well: {refuted_if}")
    draft.paragraph()
    draft.say(
        f"This is a scripted study ({HONEST}): {'a person' if draft.text_of('idea_by') else 'a rule'} chose "
        "the hypothesis, the experiments were run and judged by computation, and the text reports them "
        "without offering a mechanism."
    )


def related_work(draft: Draft) -> None:
    """The works the library files under the topics of the study, named and not judged."""
    works = {work.key: work for work in draft.data.references}
    if not works:
        draft.say(
            "No work on this question was given to the writer of this report, so none is cited. Novelty "
            "was not assessed."
        )
        return
    by_topic: dict[str, list[str]] = {}
    for work in works.values():
        for topic in work.topics[:1] or ("this kind of question",):
            by_topic.setdefault(topic.replace("_", " "), []).append(work.key)
    own = draft.text_of("treated_name").replace("_", " ")
    draft.say("The listed works are those that the template's library files under the topics of this study.")
    for topic in sorted(by_topic, key=lambda name: name != own):
        keys = ",".join(by_topic[topic])
        name = draft.treated if topic == own else topic
        draft.say(rf"On {name}: \citep{{{keys}}}.", rf"See also \citep{{{keys}}}.")
    draft.say(
        "They are named by topic alone; what they found was not compared with this study, and novelty was "
        "not assessed. This study is a comparison with "
        + ("a baseline that has been tuned with as many trials" if draft.searched else "a baseline")
        + ", in one scope."
    )


def method(draft: Draft) -> None:
    """How the arms differ, how they were tuned, and the rule of the verdict."""
    if draft.searched:
        _arms_of_code(draft) if draft.about_code else _arms_of_a_knob(draft)
    else:
        _arms_of_a_person(draft)
    draft.say(r"Table~\ref{tab:knobs} gives the frozen configuration of every arm.")
    draft.paragraph()
    _registered(draft)


def _arms_of_a_person(draft: Draft) -> None:
    """What was brought, and what was done with it before it was registered."""
    draft.say(
        "A person brought the frozen configuration of every arm. Nothing was searched here, and how many "
        "configurations each arm was chosen from is what that person declares."
    )
    draft.say(
        "Treatment and baseline differ in code."
        if draft.about_code
        else rf"All arms run the same code; the arms differ in the knob \emph{{{draft.treated}}}."
    )
    draft.retell("Before registering, each arm was run")


def _arms_of_code(draft: Draft) -> None:
    """What an edit or a person changed, and the control, which decides too."""
    if draft.shared:
        _arms_of_edits(draft)
    else:
        _arms_of_brought_code(draft)
    draft.say(
        r"A control, the winner of \fact{explore.control.candidates} random configurations of the template's "
        "code, was run on the same replicates: it is a deciding comparator too.",
    )


def _arms_of_edits(draft: Draft) -> None:
    """Edited code, which shared its candidates between edits and configurations."""
    draft.say(*(sentence for sentence in draft.data.design if r"\fact{count.edits}" in sentence))
    draft.say(
        r"Each of the two arms had \fact{explore.baseline.candidates} candidates. All were run on one "
        "replicate of the dev split, the best again on further ones, and one winner an arm was frozen.",
    )


def _arms_of_brought_code(draft: Draft) -> None:
    """The code that a person brought, tuned like the template's."""
    draft.retell("The baseline is the template's code")
    draft.say(
        r"Each of the two arms was tuned with \fact{explore.baseline.candidates} configurations: the "
        "template's defaults and random draws that the arms share. All were run on one "
        "replicate of the dev split, the best again on further ones, and one winner an arm was frozen.",
    )


def _arms_of_a_knob(draft: Draft) -> None:
    """The knob moved away from its default, and everything else tuned in both arms."""
    draft.say(
        rf"Baseline and treatment run the same code. The baseline keeps the knob \emph{{{draft.treated}}} at "
        "its default, while the treatment sets it to another value. All other knobs were tuned over the same "
        "configurations."
    )
    draft.say(
        r"Each of the two arms was tuned with \fact{explore.baseline.candidates} configurations: the "
        "template's defaults and random draws that the arms share. All were run on one "
        "replicate of the dev split, the best again on further ones, and one winner an arm was frozen.",
        "Both arms were tuned on the dev split with as many configurations, and one winner an arm was "
        "frozen.",
    )
    draft.say(
        r"A control, the winner of \fact{explore.control.candidates} random configurations over all knobs, "
        "the treated one included, was run on the same replicates, for description only.",
    )


def _registered(draft: Draft) -> None:
    """What was fixed before the first confirming trial, and the rule of the verdict."""
    draft.say(
        r"The plan was registered before the first confirming trial, as entry \fact{ledger.number} of "
        r"\fact{ledger.total} on these test data. It fixed the arms, the comparisons, the metric, "
        r"\fact{plan.n} replicates, the smallest effect of interest, \fact{plan.sesoi}, and the one-sided "
        r"level, \fact{plan.alpha}.",
        "The plan was registered before the first confirming trial: arms, comparisons, metric, number of "
        "replicates, smallest effect of interest and level.",
    )
    comparator = "every comparator" if draft.about_code else "baseline"
    draft.say(
        f"The verdict follows by rule from the interval of the difference between treatment and {comparator}."
    )
    draft.retell("The interval of a difference")
    draft.retell("The verdict is supported if")
    draft.say(
        r"Before the first confirming trial the probability of support was computed as "
        r"\fact{power.supported} for a true effect of twice the smallest effect of interest, and that of "
        r"refutation as \fact{power.refuted} for no effect; both assume normal differences over replicates "
        "alone, with an upper limit of the spread that was seen in exploring."
    )
    draft.say(
        r"A trial of the treatment that fails counts with the worst value, \fact{plan.worst}; one of the "
        "baseline that fails counts with the best value of its arm and bars any verdict but inconclusive."
    )


def setup(draft: Draft) -> None:
    """What somebody needs to repeat the study."""
    better = "higher" if draft.data.goal == "maximize" else "lower"
    if scope := draft.setting("scope"):
        draft.say(f"The scope of the study is {scope}")
    draft.say(f"The metric is {draft.metric}; {better} values are better.")
    draft.retell("The experiment reports its metric", "A separate evaluator")
    if varies := draft.setting("varies", "replicates.varies"):
        draft.say(f"From replicate to replicate these vary: {varies}")
    draft.paragraph()
    draft.retell("Exploring used replicates of its own")
    draft.say(
        r"There were \fact{explore.trials} exploring and \fact{count.trials} confirming trials, the latter "
        r"on \fact{plan.n} replicates an arm.",
        r"There were \fact{count.trials} confirming trials.",
    )
    draft.say(r"Each of the \fact{count.items} test items is scored on its own.")
    draft.say(r"A trial may take \setting{limit.wall_s} seconds and \setting{limit.mem_mb} MiB of memory.")
    if draft.text_of("sandbox") == "none":
        draft.say("The trials ran without a sandbox.")
    else:
        draft.say("Each trial runs in a sandbox of its own, without a network.")
