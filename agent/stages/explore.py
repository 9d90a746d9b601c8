"""Which configuration of each arm goes on, judged on the dev split (docs/how-a-study-works.md).

The baseline gets as many candidates as the treatment. Nothing found here may be reported as a result.
People may steer it (docs/people-in-the-loop.md): choice k is the proposal of edit k, then come the choice of
the best edit and of who is run again, twice; an idea without edits begins with its first looks as choice 0.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from concurrent.futures import Future, wait
from dataclasses import dataclass, field
from typing import TypedDict

from agent import search
from agent.artifacts import Candidate, Change, CodeTreatment, Goal, Idea, KnobTreatment, Tree
from agent.deps import Deps
from agent.errors import AnswerRejected, StudyFailed
from agent.ports import Finished
from agent.prompts.brief import brief_of, code_files
from agent.prompts.edit import EDIT, EditIn, Tried
from agent.search import Proposal
from agent.stages.batch import Batch, Request, scored, side_by_side
from agent.stages.brought import try_out
from agent.stages.steering import Steer, node_id
from agent.stages.tracing import look

_Looks = dict[Request, Future[Finished]]
"""Trials that were asked for, in that order."""
LOG_CHARACTERS = 1500
"""How much of a failed edit's output the next prompt shows."""


def explore(idea: Idea, deps: Deps) -> Tree:
    """Try `run.explore` candidates an arm and choose each arm's winner.

    Raises:
        StudyFailed: no candidate of the treatment can be run.
        Stopped: the run is to end here; recorded trials are kept.
    """
    if deps.run.plan is not None:
        return try_out(idea, deps.run.plan, deps)
    exploration = _Exploration.begin(idea, deps)
    if isinstance(idea.treated, KnobTreatment):
        exploration.try_knob(idea.treated.knob)
    elif idea.edits:
        exploration.try_brought_code(idea)
    else:
        exploration.try_code(idea, idea.treated.what)
    exploration.refuse_without_a_score()
    exploration.refuse_a_pruned_treatment()
    exploration.refuse_a_dead_treatment()
    exploration.mind_late_wishes()
    return exploration.tree()


class _Orientation(TypedDict):
    goal: Goal
    worst: float


@dataclass
class _Exploration:
    """Candidates and their trials while an exploration goes on."""

    idea: Idea
    deps: Deps
    batch: Batch
    steer: Steer
    arms: dict[str, dict[int, Candidate]] = field(default_factory=lambda: defaultdict(dict))
    choice: int = 0
    """The next choice."""

    @classmethod
    def begin(cls, idea: Idea, deps: Deps) -> _Exploration:
        n = deps.run.explore
        sizes = (n, n, n if isinstance(idea.treated, KnobTreatment) else 2 * n)
        thirds = [-(-size // 3) for size in sizes]
        traced = 2 if isinstance(idea.treated, CodeTreatment) else 0
        total = traced + sum(sizes) + sum(2 * third + 2 * min(3, third) for third in thirds)
        steer = Steer(deps.workspace, deps.run.name, idea.id)
        return cls(idea, deps, Batch(deps, idea.id, "explore", "dev", total), steer)

    @property
    def _metric(self) -> str:
        return self.deps.setup.template.primary[0]

    @property
    def _goal_and_worst(self) -> _Orientation:
        metric = self.deps.setup.template.primary[1]
        assert metric.worst is not None  # a loaded template's primary metric has one
        return _Orientation(goal=metric.goal, worst=metric.worst)

    # ------------------------------------------------------------------------------------- first looks

    def try_knob(self, knob: str) -> None:
        """Baseline, treatment and control on shared configurations."""
        self._choose()
        template, rng = self.deps.setup.template, self.deps.rng("explore", self.idea.id)
        self._tune(search.knob_arms(template.spec.knobs, knob, self.deps.run.explore, rng))

    def try_brought_code(self, idea: Idea) -> None:
        """Baseline and control configurations, and the code that a person brought on the baseline's."""
        self._choose()
        template, rng = self.deps.setup.template, self.deps.rng("explore", idea.id)
        proposals = search.code_arms(template.spec.knobs, self.deps.run.explore, rng)
        shared = [proposal.change for proposal in proposals if proposal.arm == "baseline"]
        first, *tuned = search.brought_edit(shared, idea.edits)
        assert isinstance(idea.treated, CodeTreatment)
        added = [*(self._add(p) for p in proposals), self._add(first, note=idea.treated.what)]
        if not self._runs(first.index):
            raise StudyFailed(f"no changed line of the code brought for {idea.id} was executed: mend it")
        self._tune(tuned, parent=0, begun=self._begin(_request(candidate, 0) for candidate in added))

    def try_code(self, idea: Idea, what: str) -> None:
        """Baseline and control configurations, best-first edits, then the best edit's configurations."""
        template, rng = self.deps.setup.template, self.deps.rng("explore", idea.id)
        proposals = search.code_arms(template.spec.knobs, self.deps.run.explore, rng)
        begun = self._begin(_request(self._add(proposal), 0) for proposal in proposals)
        self._propose_edits(what, next(iter(begun.values())))
        self._choose()
        edits = self._open("treatment")
        best = self._best_edit_that_runs()
        if best is None:
            wait(begun.values())
            left = f"{len(edits)} edits for {idea.id}" + (" left by a person" if self.steer.pruned else "")
            raise StudyFailed(f"none of the {left} ran: nothing to confirm")
        configurations = [candidate.change for candidate in self.arms["baseline"].values()]
        proposed = self.arms["treatment"]
        tuned = search.tuned_edit(configurations, proposed[best], self.deps.run.explore, proposed.keys())
        self._tune(tuned, parent=best, begun=begun)

    def _best_edit_that_runs(self) -> int | None:
        """The best edit of which some changed line is executed; None where there is none."""
        while (best := search.best_edit(self._open("treatment"), **self._goal_and_worst)) is not None:
            if self._runs(best):
                break
        return best

    def _runs(self, index: int) -> bool:
        """Have a candidate of the treatment traced; False where none of its changed lines is executed."""
        traced = self.arms["treatment"][index] = look(self.arms["treatment"][index], self.batch)
        if traced.dead:
            text = f"{node_id('treatment', index)} is left out: no changed line of its code was executed"
            self.deps.say("note", self.idea.id, text, stage="explore")
        return not traced.dead

    def _propose_edits(self, what: str, root: Future[Finished]) -> None:
        """Ask for edits one by one; choice k knows the trials 0 … k−lag and no later ones."""
        lag, steps = self.deps.run.lag, search.edits_planned(self.deps.run.explore)
        pending: dict[int, Future[Finished]] = {}
        refused = ""
        for step in range(steps):
            for index in [index for index in pending if index <= step - lag]:
                self._note(_request(self.arms["treatment"][index], 0), pending.pop(index).result())
            root_score = root.result().result.metric(self._metric) if step >= lag else None
            self._choose()
            parent = search.next_parent(
                list(self.arms["treatment"].values()), step, lag, root=root_score,
                pruned=self.steer.pruned, pinned=self.steer.pinned, **self._goal_and_worst,
            )  # fmt: skip
            try:
                candidate = self._ask_for_edit(what, step, steps, parent, root_score)
            except AnswerRejected as error:
                refused = str(error)
                self.deps.say("note", self.idea.id, f"edit {step + 1} was rejected: {error}", stage="explore")
                continue
            if candidate is not None:
                pending[step] = self.batch.submit(_request(candidate, 0))
        for index, future in pending.items():
            self._note(_request(self.arms["treatment"][index], 0), future.result())
        if not self.arms["treatment"]:
            raise StudyFailed(refused or f"no edit was proposed for {self.idea.id}")

    def _ask_for_edit(
        self, what: str, step: int, steps: int, parent: int | None, root_score: float | None
    ) -> Candidate | None:
        template, edits = self.deps.setup.template, self.arms["treatment"]
        before = edits[parent].change.edits if parent is not None else ()
        seen = None if parent is None else edits[parent].trials[0].score
        data = EditIn(
            brief=brief_of(template, self.deps.setup.scope),
            hypothesis=self.idea.hypothesis,
            what=what,
            code=code_files(template.code(before)),
            parent=None if parent is None else parent + 1,
            parent_score=root_score if parent is None else seen,
            template_score=root_score,
            tried=tuple(self._tried(candidate) for candidate in edits.values()),
            hints=self.steer.hints,
            step=step + 1,
            steps=steps,
        )
        answer = self.deps.model.ask(EDIT, data, site=f"{self.idea.id}/explore/{step}").value
        if not answer.edits:
            self.deps.say("note", self.idea.id, f"no edit {step + 1}: {answer.none_because}", stage="explore")
            return None
        change = Change(edits=(*before, *answer.as_edits()))
        proposal = Proposal(arm="treatment", index=step, change=change, origin="edit")
        base = "the template's code" if parent is None else node_id("treatment", parent)
        self.deps.say(
            "note", self.idea.id, f"{node_id('treatment', step)} on {base}: {answer.description}",
            stage="explore", node=node_id("treatment", step), parent=parent,
        )  # fmt: skip
        return self._add(proposal, parent, answer.description)

    def _tried(self, candidate: Candidate) -> Tried:
        """What the next edit may know of an earlier one: its result once it may be used."""
        score, failure, log_tail = None, "", ""
        if candidate.trials:
            trial = candidate.trials[0]
            score, failure = trial.score, "" if trial.status == "ok" else trial.status
            if failure:
                log_tail = self.deps.workspace.log_tail(self.deps.run.name, trial.trial)[-LOG_CHARACTERS:]
        return Tried(
            number=candidate.index + 1,
            parent=None if candidate.parent is None else candidate.parent + 1,
            description=candidate.note,
            score=score,
            failure=failure,
            log_tail=log_tail,
        )

    # ------------------------------------------------------------------------------------------ tuning

    def _tune(
        self, proposals: Iterable[Proposal], parent: int | None = None, begun: _Looks | None = None
    ) -> None:
        """Look at each proposal once and at the best of each arm again; `begun` are looks under way."""
        looks = {**(begun or {}), **self._begin(_request(self._add(p, parent), 0) for p in proposals)}
        side_by_side(
            self._way(arm, {request: future for request, future in looks.items() if request.arm == arm})
            for arm in self.arms
        )

    def _way(self, arm: str, looks: _Looks) -> Iterator[Collection[Future[Finished]]]:
        """After the first looks the best third on replicates 1–2, then the best three so far on 3–4."""
        yield from self._ended(looks)
        for choose, replicates in ((search.best_third, search.SECOND), (search.best_three, search.THIRD)):
            if arm == "treatment":
                self._choose()
            candidates, still = self.arms[arm], self._open(arm)
            chosen = choose(still, **self._goal_and_worst) if still else ()
            yield from self._ended(
                self._begin(_request(candidates[index], r) for index in chosen for r in replicates)
            )

    def _begin(self, requests: Iterable[Request]) -> _Looks:
        return {request: self.batch.submit(request) for request in requests}

    def _ended(self, looks: _Looks) -> Iterator[Collection[Future[Finished]]]:
        """Wait for trials and note them in the order in which they were asked for."""
        yield looks.values()
        for request, future in looks.items():
            self._note(request, future.result())

    def refuse_without_a_score(self) -> None:
        """An arm of the verdict that never scored on dev leaves nothing to compare.

        Raises:
            StudyFailed: no trial of baseline or treatment succeeded.
        """
        for arm in ("baseline", "treatment"):
            trials = [trial for candidate in self.arms[arm].values() for trial in candidate.trials]
            if all(trial.score is None for trial in trials):
                raise StudyFailed(
                    f"none of the {len(trials)} exploring trials of the {arm} ended with a score: there is "
                    f"nothing to confirm (`shoal logs {self.deps.run.name} --trial {trials[0].trial}`)"
                )

    def tree(self) -> Tree:
        """The exploration as an artifact, with each arm's winner."""
        return Tree(
            idea=self.idea.id,
            per_arm=self.deps.run.explore,
            lag=self.deps.run.lag,
            candidates=tuple(c for candidates in self.arms.values() for c in candidates.values()),
            winners=tuple(search.winner(arm, self._open(arm), **self._goal_and_worst) for arm in self.arms),
            parents=(self.idea.hash,),
            steering=self.steer.steered(readers=self._readers),
        )

    # ----------------------------------------------------------------------------------------- people

    @property
    def _readers(self) -> int:
        """How many choices a language model makes."""
        writes = isinstance(self.idea.treated, CodeTreatment) and not self.idea.edits
        return search.edits_planned(self.deps.run.explore) if writes else 0

    def _choose(self) -> None:
        """Come to the next choice, with what people have said until now."""
        for wish in self.steer.at(self.choice):
            unread = wish.act == "hint" and self.choice >= self._readers
            said = f"{wish.act} {wish.node or wish.text!r} from choice {self.choice} on"
            text = said + (", which no language model reads" if unread else "")
            self.deps.say("note", self.idea.id, text, stage="explore")
        self.choice += 1

    def _open(self, arm: str) -> list[Candidate]:
        """The candidates of an arm without those of the treatment that a person pruned or that are dead."""
        every = list(self.arms[arm].values())
        cut = search.branches(every, self.steer.pruned) if arm == "treatment" else frozenset()
        return [candidate for candidate in every if candidate.index not in cut and not candidate.dead]

    def refuse_a_pruned_treatment(self) -> None:
        """Pruning everything that was run again leaves nothing to confirm.

        Raises:
            StudyFailed: it did.
        """
        if not self._rerun():
            raise StudyFailed("a person pruned everything of the treatment that was run again")

    def refuse_a_dead_treatment(self) -> None:
        """A winner of which no changed line is executed gives way to the next best.

        Raises:
            StudyFailed: there is no other.
        """
        while left := self._rerun():
            if self._runs(search.winner("treatment", left, **self._goal_and_worst).index):
                return
        raise StudyFailed(
            f"no changed line of the code of {self.idea.id} was executed by a candidate that was run again"
        )

    def _rerun(self) -> list[Candidate]:
        """The open candidates of the treatment that can win."""
        rerun = set(search.SECOND + search.THIRD)
        return [c for c in self._open("treatment") if rerun <= {trial.replicate for trial in c.trials}]

    def mind_late_wishes(self) -> None:
        """Say what came after the last choice."""
        if late := self.steer.late():
            text = f"{late} wish(es) came too late for this exploration and changed nothing"
            self.deps.say("note", self.idea.id, text, stage="explore")

    # ------------------------------------------------------------------------------------ book-keeping

    def _add(self, proposal: Proposal, parent: int | None = None, note: str = "") -> Candidate:
        candidate = Candidate(
            arm=proposal.arm,
            index=proposal.index,
            change=proposal.change,
            code_hash=self.deps.setup.template.code_hash(proposal.change.edits),
            origin=proposal.origin,
            parent=parent,
            note=note,
        )
        self.arms[proposal.arm][proposal.index] = candidate
        return candidate

    def _note(self, request: Request, finished: Finished) -> None:
        candidate = self.arms[request.arm][request.index]
        trials = (*candidate.trials, scored(request, finished, self._metric))
        self.arms[request.arm][request.index] = candidate.model_copy(update={"trials": trials})


def _request(candidate: Candidate, replicate: int) -> Request:
    return Request(candidate.arm, candidate.index, candidate.change, replicate)
