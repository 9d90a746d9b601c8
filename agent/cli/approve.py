"""`shoal approve` and `shoal reject`: shows what a run waits for, and records a person's answer.

Promises that an answer is durable before it is confirmed, that it counts only for what was shown, that
nothing is answered twice, and that an answer can be taken back until the run has taken it up. A run that is
being worked on takes it up by itself.
"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path
from typing import Literal

from agent.artifacts import Approval, Draft, Gate, Idea, MetaReview, Paper, Run, Verdict
from agent.cli.change import Change, changed_draft, changed_idea
from agent.cli.look import best_round, change_text, effect_text, known_run, print_json
from agent.cli.said import sayable
from agent.cli.stop import is_running
from agent.errors import UserError
from agent.stages.approvals import (
    DIGITS,
    WORDS,
    Waiting,
    answered,
    answers_lock,
    approvals,
    is_taken_up,
    subject,
    waiting,
)
from agent.workspace import Workspace, envelope, write_durably

Answer = Literal["approved", "rejected"]
WIDTH = 96


def answer(
    name: str, root: Path, given: Answer, why: str, *, of: str | None, edit: bool, yes: bool, json: bool
) -> int:
    """Show what waits and record the answer to it; returns the exit code.

    Raises:
        UserError: nothing waits there, it is not what `of` names, or the change breaks a rule.
    """
    workspace = Workspace(root)
    why = sayable(why, "--why").strip()
    asked = _asked(workspace, name)
    if of is not None and (len(of) < 6 or not asked.of.startswith(of)):
        raise UserError(
            f"{asked.key}: {WORDS[asked.gate]} is not (any more) version {of} but {asked.of[:DIGITS]}: look "
            f"at it with `shoal show {asked.key}` and answer again"
        )
    if given == "rejected" and not why:
        raise UserError("--why is empty: say why, the record keeps it")
    thing = subject(asked.gate, asked.key, workspace)
    assert thing is not None  # it waits
    _say("\n".join(_shown(asked, thing, workspace)))
    change = _changed(asked, thing, workspace) if edit else Change()
    if change.lines:
        _say("\n".join(["", "as you changed it:", *(f"  {line}" for line in change.lines)]))
    if not yes and not _confirmed(given):
        _say("nothing was recorded")
        return 1
    approval = Approval(
        idea=asked.idea, gate=asked.gate, of=asked.of, answer=given, why=why,
        revised=change.idea, n=change.n, without=change.without,
    )  # fmt: skip
    _record(workspace, asked, approval)
    running = is_running(workspace, asked.run)
    back = f"`shoal approve --undo {asked.key}` takes the answer back until then"
    way_on = "the run takes it up" if running else f"`shoal resume {asked.run}` goes on; {back}"
    _say(f"{asked.key}: {WORDS[asked.gate]} is {given}; {way_on}")
    if json:
        document = {"run": asked.run, **approval.model_dump(mode="json"), "running": running}
        print_json({"schema": 1, "command": "approve" if given == "approved" else "reject", **document})
    return 0


def taken_back(name: str, root: Path, *, json: bool) -> int:
    """Take back the last answer about an idea, which then waits again; returns the exit code.

    Raises:
        UserError: there is none, or the run has taken it up.
    """
    workspace = Workspace(root)
    run_name, _, idea = name.partition("/")
    run = known_run(workspace, run_name)
    named = _named(_ideas(workspace, run), run, idea)
    found = {each: given for each in named if (given := _last(workspace, run, each)) is not None}
    open_ = {
        each: one for each, one in found.items() if not is_taken_up(one, f"{run_name}/{each}", workspace)
    }
    if len(open_) > 1:
        raise UserError(f"several answers can be taken back: {', '.join(open_)}; name one as {run_name}/IDEA")
    each, given = next(iter((open_ or found).items()), ("", None))
    if given is None:
        raise UserError(f"{name} has no answer that could be taken back")
    key = f"{run_name}/{each}"
    with answers_lock(run_name, workspace):
        if answered(given.gate, key, workspace) != given or is_taken_up(given, key, workspace):
            raise UserError(
                f"{key}: the run has gone on from the answer ({WORDS[given.gate]} {given.answer}), which can "
                "no longer be taken back: `shoal stop` ends the run, and a new one asks again"
            )
        workspace.path(Approval, f"{key}/{given.gate}").unlink()
    asked = waiting(run, each, workspace)
    _say(f"{key}: the answer ({WORDS[given.gate]} {given.answer}) is taken back")
    if asked is not None:
        _say(asked.text)
    if json:
        document = {
            "schema": 1,
            "command": "approve",
            "run": run_name,
            "undone": given.model_dump(mode="json"),
        }
        print_json(document)
    return 0


def _last(workspace: Workspace, run: Run, idea: str) -> Approval | None:
    """The answer at the last gate of an idea that has one."""
    given = approvals(run, idea, workspace)
    return given[-1] if given else None


def _named(ideas: list[str], run: Run, idea: str) -> list[str]:
    """The idea that was named, or all of a run.

    Raises:
        UserError: nobody was to be asked, or there is no such idea.
    """
    if not run.approve:
        raise UserError(f"run {run.name} waits for nobody: it was started without --approve")
    if idea and idea not in ideas:
        raise UserError(f"run {run.name} has no idea {idea!r}; it has: {', '.join(ideas) or 'none yet'}")
    return [idea] if idea else ideas


def _asked(workspace: Workspace, name: str) -> Waiting:
    """What a run, or one idea of it, waits for.

    Raises:
        UserError: nothing, or several things where no idea was named.
    """
    run_name, _, idea = name.partition("/")
    run = known_run(workspace, run_name)
    named = _named(_ideas(workspace, run), run, idea)
    found = [one for each in named if (one := waiting(run, each, workspace)) is not None]
    if len(found) > 1:
        raise UserError(f"several ideas wait: {', '.join(one.key for one in found)}; name one")
    if not found:
        raise UserError(_nothing(workspace, run, idea))
    return found[0]


def _ideas(workspace: Workspace, run: Run) -> list[str]:
    from agent.cli.look import summaries

    return [summary.id for summary in summaries(workspace, run.name)]


def _nothing(workspace: Workspace, run: Run, idea: str) -> str:
    """Why there is nothing to answer."""
    gates: list[Gate] = [gate for gate in run.approve if idea]
    given = [one for gate in gates if (one := answered(gate, f"{run.name}/{idea}", workspace)) is not None]
    back = ""
    if given and not is_taken_up(given[-1], f"{run.name}/{idea}", workspace):
        back = f"; `shoal approve --undo {run.name}/{idea}` takes that back"
    if given and given[-1].answer == "rejected":
        return f"{run.name}/{idea} was rejected ({given[-1].why}){back or ': start a new run to ask again'}"
    where = f"{run.name}/{idea}" if idea else run.name
    past = f"; {', '.join(WORDS[one.gate] for one in given)} is approved already" if given else ""
    way_on = "it is being worked on" if is_running(workspace, run.name) else f"`shoal resume {run.name}`"
    return f"{where} waits for no answer now{past}: {way_on}{back}"


def _record(workspace: Workspace, asked: Waiting, approval: Approval) -> None:
    """Keep the answer, unless somebody was faster.

    Raises:
        UserError: another answer to the same thing is there.
    """
    path = workspace.path(Approval, f"{asked.key}/{asked.gate}")
    with answers_lock(asked.run, workspace):
        if answered(asked.gate, asked.key, workspace) is not None:
            raise UserError(f"{asked.key} was answered by somebody else just now: `shoal show {asked.key}`")
        now = subject(asked.gate, asked.key, workspace)
        if now is None or now.hash != asked.of:
            raise UserError(f"{asked.key} changed while you looked at it: look again and answer again")
        write_durably(path, envelope(approval))


def _changed(asked: Waiting, thing: Idea | Draft | Paper, workspace: Workspace) -> Change:
    if isinstance(thing, Idea):
        return changed_idea(thing, asked.key)
    if isinstance(thing, Draft):
        return changed_draft(thing, asked.key, workspace)
    raise UserError("a paper cannot be edited: its text is bound to its evidence; approve or reject it")


def _confirmed(given: Answer) -> bool:
    """Ask on a terminal; elsewhere the command is the answer."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return True
    print(f"Record this as {given}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _say(text: str) -> None:
    print(text, file=sys.stderr)


# ------------------------------------------------------------------------------------- what is shown


def _shown(asked: Waiting, thing: Idea | Draft | Paper, workspace: Workspace) -> list[str]:
    head = f"{asked.key}: {WORDS[asked.gate]}, version {asked.of[:DIGITS]}"
    if isinstance(thing, Idea):
        return [head, *idea_lines(thing)]
    if isinstance(thing, Draft):
        return [head, *draft_lines(thing)]
    return [head, *_paper_lines(asked, thing, workspace)]


def idea_lines(idea: Idea) -> list[str]:
    """An idea for people."""
    treated = f"knob {idea.treated.knob}" if idea.treated.kind == "knob" else f"code: {idea.treated.what}"
    return [
        *_row("title", idea.title),
        *_row("hypothesis", idea.hypothesis),
        *_row("treated", treated),
        *_row("prediction", idea.prediction),
        *_row("refuted if", idea.refuted_if),
        *_row("novelty", idea.novelty),
        *_row("proposed by", idea.origin),
    ]


def draft_lines(draft: Draft) -> list[str]:
    """A plan for people, with what it can show."""
    plan, power = draft.plan, draft.power
    families = {one.comparator: one.family for one in plan.comparisons}
    lines = [
        *_row("hypothesis", plan.hypothesis),
        *_row("metric", f"{plan.metric} ({plan.goal}), smallest effect of interest {plan.sesoi:g}"),
        *_row("replicates", f"{plan.n} of {draft.left} that are left, level α* {plan.alpha:g}"),
    ]
    for arm in plan.arms:
        family = f", {families[arm.name]}" if arm.name in families else ""
        tuned = f", best of {arm.tuning_trials}" if arm.tuning_trials else ""
        lines += _row(arm.name, f"{change_text(arm.change)} ({arm.role}{family}{tuned})")
    weak = "" if power.informative else " This plan could hardly decide: approving it is your consent."
    return lines + _row(
        "power",
        f"supported with probability {power.supported_at_two_sesoi:.2f} if the effect is twice the smallest "
        f"of interest, refuted with {power.refuted_at_zero:.2f} if there is none (SD of the difference at "
        f"most {power.sd_upper:.3g}, from {power.replicates_shared} exploring replicates).{weak}",
    )


def _paper_lines(asked: Waiting, paper: Paper, workspace: Workspace) -> list[str]:
    verdict = workspace.get(Verdict, asked.key)
    meta = workspace.get(MetaReview, f"{asked.key}/{paper.round}")
    folder = best_round(workspace, asked.key)
    papers, reviews = workspace.root / "papers" / asked.key / folder, workspace.root / "reviews" / asked.key
    pdf = papers / "paper.pdf"
    return [
        *_row("title", paper.title),
        *_row("verdict", f"{verdict.word}: {verdict.reason}"),
        *(line for one in verdict.comparisons for line in _row("effect", effect_text(one))),
        *_row("paper", str(pdf if pdf.exists() else papers / "paper.tex")),
        *_row("review", f"{reviews / folder / 'review.md'} (decision: {meta.decision})"),
    ]


def _row(name: str, text: str) -> list[str]:
    """A name and its text, wrapped beside it."""
    wrapped = textwrap.wrap(" ".join(text.split()), WIDTH - 15) or [""]
    return [f"  {name:12} {wrapped[0]}", *(f"  {'':12} {line}" for line in wrapped[1:])]
