"""The whole pipeline on one screen; the only file that knows langgraph.

A node fetches, calls its stage and stores; state holds ids and words, artifacts live in the workspace.
A gate does nothing but wait for a person, and nothing at all where the run was not asked to wait there.
Node names are a file format: a run is resumed only by the graph version that started it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Any, TypedDict

from langgraph.checkpoint.sqlite import SqliteSaver
from langgraph.graph import END, START, StateGraph
from langgraph.runtime import Runtime
from langgraph.types import Command, Interrupt, Send, StateSnapshot, interrupt

from agent.artifacts import (
    Approval,
    Draft,
    Ending,
    Executed,
    Gate,
    Idea,
    Ideas,
    MetaReview,
    Paper,
    Plan,
    Registration,
    Tree,
    Verdict,
)
from agent.deps import Deps
from agent.errors import (
    MachineryError,
    ShoalError,
    Stopped,
    StorageFailed,
    StudyFailed,
    Unanswered,
    UserError,
)
from agent.stages.analyse import analyse
from agent.stages.approvals import REJECTED, answered, approved_idea, take_up, waiting
from agent.stages.confirm import confirm
from agent.stages.desk import Desk
from agent.stages.executed import executed, has_new_lines
from agent.stages.explore import explore
from agent.stages.ideate import ideate
from agent.stages.register import draw_up, register
from agent.stages.review import review
from agent.stages.steering import choices_path
from agent.stages.write import write

GRAPH_VERSION = 2
STAGES = ("ideate", "explore", "register", "confirm", "analyse", "write", "review")


class Study(TypedDict):
    """How far one idea got."""

    idea: str
    stage: str
    """The last stage that ended."""
    failed: str
    """Why the idea cannot go on; empty if it can."""
    verdict: str
    """The verdict's word; empty before there is one."""


def _merge(left: dict[str, Study], right: dict[str, Study]) -> dict[str, Study]:
    return {**left, **right}


class RunState(TypedDict):
    """State of the whole run."""

    graph_version: int
    ideas: list[str]
    studies: Annotated[dict[str, Study], _merge]


class StudyState(Study):
    """State of one idea's way through its copy of the subgraph."""

    studies: Annotated[dict[str, Study], _merge]


class StudyOutput(TypedDict):
    """What an idea's subgraph hands back to the run."""

    studies: Annotated[dict[str, Study], _merge]


@dataclass(frozen=True)
class Passage:
    """What the nodes are given besides the state."""

    deps: Deps
    until: str | None = None
    """Stage after which to stop."""
    desk: Desk = field(default_factory=Desk)
    """Where ideas wait while others work."""


# ------------------------------------------------------------------------- nodes: fetch, call, store


def _ideate(deps: Deps) -> list[str]:
    run = deps.run
    ideas = deps.workspace.once(Ideas, run.name, lambda: ideate(deps))
    choices_path(deps.workspace, run.name, None).unlink(missing_ok=True)
    chosen = ideas.items[: run.ideas]
    for idea in chosen if "idea" not in run.approve else ():
        deps.workspace.put(f"{run.name}/{idea.id}", idea)
    return [idea.id for idea in chosen]


def _explore(key: str, deps: Deps) -> None:
    idea = deps.workspace.once(Idea, key, lambda: approved_idea(key, deps.workspace))
    tree = deps.workspace.once(Tree, key, lambda: explore(idea, deps))
    if has_new_lines(idea, tree, deps):
        deps.workspace.once(Executed, key, lambda: executed(idea, tree, deps))
    choices_path(deps.workspace, deps.run.name, idea.id).unlink(missing_ok=True)


def _plan(key: str, deps: Deps) -> None:
    if "plan" in deps.run.approve:
        idea, tree = deps.workspace.get(Idea, key), deps.workspace.get(Tree, key)
        deps.workspace.once(Draft, f"{key}/1", lambda: draw_up(idea, tree, deps))


def _register(key: str, deps: Deps) -> None:
    idea, tree = deps.workspace.get(Idea, key), deps.workspace.get(Tree, key)
    register(idea, tree, deps)


def _confirm(key: str, deps: Deps) -> None:
    plan, registration = _registered(key, deps)
    confirm(plan, registration, deps)


def _analyse(key: str, deps: Deps) -> None:
    plan, registration = _registered(key, deps)
    analyse(plan, registration, deps.workspace.get(Tree, key), deps)


def _write(key: str, deps: Deps) -> None:
    deps.workspace.once(Paper, f"{key}/0", lambda: write(deps.workspace.get(Idea, key), 0, deps))


def _review(key: str, deps: Deps) -> None:
    paper = deps.workspace.get(Paper, f"{key}/0")
    deps.workspace.once(MetaReview, f"{key}/0", lambda: review(paper, deps))


def _registered(key: str, deps: Deps) -> tuple[Plan, Registration]:
    return deps.workspace.get(Plan, f"{key}/1"), deps.workspace.get(Registration, f"{key}/1")


# ------------------------------------------------------------------------------------------ the graph


def _run_node(state: RunState, runtime: Runtime[Passage]) -> dict[str, Any]:
    deps = runtime.context.deps
    deps.check_stop()
    deps.say("stage", "", "ideate", phase="start")
    ideas = _ideate(deps)
    runtime.context.desk.works(ideas)
    deps.say("stage", "", "ideate", phase="end")
    return {"ideas": ideas}


def _study_node(stage: str, step: Callable[[str, Deps], None]) -> Any:  # langgraph types nodes by protocol
    def node(state: StudyState, runtime: Runtime[Passage]) -> dict[str, Any]:
        deps, idea = runtime.context.deps, state["idea"]
        if state["failed"]:
            return {}
        try:
            _stop_before(stage, runtime.context.until, deps.run.name)
            deps.check_stop()
            deps.say("stage", idea, stage, phase="start")
            step(f"{deps.run.name}/{idea}", deps)
        except StudyFailed as error:
            return _end(deps, idea, stage, str(error))
        except BaseException as error:
            runtime.context.desk.rests(idea)
            if isinstance(error, ShoalError) and not isinstance(error, Stopped):
                deps.say("error", idea, str(error), stage=stage)
            raise
        deps.say("stage", idea, stage, phase="end")
        return {"stage": stage}

    return node


def _drafting(state: StudyState, runtime: Runtime[Passage]) -> dict[str, Any]:
    """Part of `register` that comes before its gate; nothing to do where there is no gate."""
    if "plan" not in runtime.context.deps.run.approve:
        return {}
    drawn: dict[str, Any] = _study_node("plan", _plan)(state, runtime)
    return {name: value for name, value in drawn.items() if name != "stage"}


def _gate_node(gate: Gate) -> Any:
    def node(state: StudyState, runtime: Runtime[Passage]) -> dict[str, Any]:
        deps, idea, desk = runtime.context.deps, state["idea"], runtime.context.desk
        if state["failed"] or gate not in deps.run.approve:
            return {}
        key = f"{deps.run.name}/{idea}"

        def look() -> Approval | None:
            return take_up(gate, key, deps.workspace)

        def tell() -> None:
            if (asked := waiting(deps.run, idea, deps.workspace)) is not None:
                deps.say("note", idea, asked.text)

        while (given := look() or desk.wait(idea, look, tell=tell, check_stop=deps.check_stop)) is None:
            interrupt({"idea": idea, "gate": gate})
        if given.answer == "rejected":
            return _end(deps, idea, gate, f"{REJECTED}: {given.why}", rejected=True)
        return {}

    return node


def _end(deps: Deps, idea: str, stage: str, reason: str, *, rejected: bool = False) -> dict[str, Any]:
    """End an idea for good; the record lets later ideation know of it."""
    ending = Ending(idea=idea, stage=stage, reason=reason, rejected=rejected)
    deps.workspace.put(f"{deps.run.name}/{idea}", ending)
    deps.say("error", idea, reason, stage=stage)
    return {"failed": f"{stage}: {reason}"}


def _stop_before(stage: str, until: str | None, run: str) -> None:
    place = STAGES.index("register" if stage == "plan" else stage)
    if until is not None and place > STAGES.index(until):
        raise Stopped(f"stopped after {until}, as asked; `shoal resume {run}` goes on")


def _fan_out(state: RunState) -> list[Send]:
    return [
        Send("study", StudyState(idea=idea, stage="ideate", failed="", verdict="", studies={}))
        for idea in state["ideas"]
    ]


def _done(state: StudyState, runtime: Runtime[Passage]) -> dict[str, Any]:
    deps, idea = runtime.context.deps, state["idea"]
    key = f"{deps.run.name}/{idea}"
    word = deps.workspace.get(Verdict, key).word if deps.workspace.has(Verdict, key) else ""
    deps.say("done", idea, state["failed"] or word)
    runtime.context.desk.rests(idea)
    study = Study(idea=idea, stage=state["stage"], failed=state["failed"], verdict=word)
    return {"verdict": word, "studies": {idea: study}}


def _study_graph() -> StateGraph[StudyState, Passage, StudyState, StudyOutput]:
    steps = {
        "explore": _explore, "register": _register, "confirm": _confirm,
        "analyse": _analyse, "write": _write, "review": _review,
    }  # fmt: skip
    stages: dict[str, Any] = {stage: _study_node(stage, step) for stage, step in steps.items()}
    nodes = {
        "approve_idea": _gate_node("idea"),
        "explore": stages["explore"],
        "plan": _drafting,
        "approve_plan": _gate_node("plan"),
        **{stage: stages[stage] for stage in ("register", "confirm", "analyse", "write", "review")},
        "approve_paper": _gate_node("paper"),
        "done": _done,
    }
    graph = StateGraph(StudyState, context_schema=Passage, output_schema=StudyOutput)
    for name, node in nodes.items():
        graph.add_node(name, node)
    for before, after in pairwise((START, *nodes, END)):
        graph.add_edge(before, after)
    return graph


def _pipeline() -> StateGraph[RunState, Passage, RunState, RunState]:
    graph = StateGraph(RunState, context_schema=Passage)
    graph.add_node("ideate", _run_node)
    graph.add_node("study", _study_graph().compile())
    graph.add_edge(START, "ideate")
    graph.add_conditional_edges("ideate", _fan_out, ["study"])
    graph.add_edge("study", END)
    return graph


def draw() -> str:
    """The graph as mermaid text."""
    return _pipeline().compile().get_graph(xray=True).draw_mermaid()


def run_graph(deps: Deps, *, until: str | None = None) -> tuple[Study, ...]:
    """Start the run, or resume it from its last checkpoint, and return how far each idea got.

    Raises:
        Stopped: a cap, `until` or a signal; the run can be resumed.
        Unanswered: what is left waits for a person; the run can be resumed once an answer is there.
        UserError: another version of the graph started this run.
        StudyError: one idea could not be written or answered; the others went on, and resume tries it again.
        MachineryError: something outside the study broke; the run can be resumed.
    """
    path = deps.workspace.run_folder(deps.run.name) / "checkpoint.sqlite"
    if deps.run.graph_version != GRAPH_VERSION:
        started = deps.run.graph_version
        raise UserError(
            f"run {deps.run.name} was started by graph version {started}; this is {GRAPH_VERSION}"
        )
    try:
        with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
            return _invoke(deps, SqliteSaver(connection), until)
    except sqlite3.OperationalError as error:
        raise StorageFailed(f"{path} cannot be written: {error}; make room, then `shoal resume`") from error
    except sqlite3.DatabaseError as error:
        raise MachineryError(
            f"{path} is damaged ({error}): delete it and resume; finished steps are kept in their artifacts"
        ) from error


def _invoke(deps: Deps, saver: SqliteSaver, until: str | None) -> tuple[Study, ...]:
    graph = _pipeline().compile(checkpointer=saver)
    config: Any = {"configurable": {"thread_id": deps.run.name}}
    if deps.run.approve:
        config["max_concurrency"] = deps.run.ideas  # an idea that waits must not take another's thread
    begun = graph.get_state(config)
    has_begun = "ideas" in begun.values  # the first checkpoint comes before the input is applied
    if has_begun and _ended(begun.values):
        return _in_order(begun.values)
    passage = Passage(deps, until)
    step: Any = None if has_begun else RunState(graph_version=GRAPH_VERSION, ideas=[], studies={})
    if has_begun:
        passage.desk.works(_unfinished(begun))
        step = _answers(begun.interrupts, deps)
    graph.invoke(step, config, context=passage, durability="sync")
    while (state := graph.get_state(config)).interrupts:
        answers = _answers(state.interrupts, deps)
        if answers is None:
            raise _unanswered(state.interrupts, deps)
        passage.desk.works(_unfinished(state))
        graph.invoke(answers, config, context=passage, durability="sync")
    return _in_order(state.values)


def _answers(asked: Sequence[Interrupt], deps: Deps) -> Command[Any] | None:
    """What resumes the gates that a person answered; None where nobody did."""
    found = {}
    for one in asked:
        given = answered(one.value["gate"], f"{deps.run.name}/{one.value['idea']}", deps.workspace)
        if given is not None:
            found[one.id] = given.hash
    return Command(resume=found) if found else None


def _unanswered(asked: Sequence[Interrupt], deps: Deps) -> Unanswered:
    found = (waiting(deps.run, one.value["idea"], deps.workspace) for one in asked)
    way_on = f"`shoal resume {deps.run.name}` goes on after an answer"
    return Unanswered(tuple(one.text for one in found if one is not None), way_on)


def _unfinished(state: StateSnapshot) -> list[str]:
    """The ideas that go on when the run does: not those whose end a crash kept from its checkpoint."""
    ended = set(state.values["studies"])
    for task in state.tasks:
        ended |= set((task.result or {}).get("studies", {}))
    return [idea for idea in state.values["ideas"] if idea not in ended]


def _ended(values: Any) -> bool:
    """Whether every idea has come to its end.

    That nothing is next does not tell: it holds between a node's writes and their checkpoint too.
    """
    return bool(values["ideas"]) and set(values["ideas"]) <= set(values["studies"])


def _in_order(values: Any) -> tuple[Study, ...]:
    return tuple(values["studies"][idea] for idea in values["ideas"])
