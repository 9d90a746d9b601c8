"""After the verdict: the registered trials again on the same replicates, and the comparison on fresh ones.

Promises that neither changes what the study found. `reproduce` leaves its trials outside the run and adds a
line to the ledger that does not count; `replicate` is a plan of its own, labelled additional, registered
before its first trial and counted like any other.
"""

from __future__ import annotations

from dataclasses import replace

from agent.artifacts import (
    Comparison,
    Plan,
    Power,
    Registration,
    Replication,
    Reproduction,
    Result,
    Tree,
    Verdict,
)
from agent.deps import Deps
from agent.errors import Stopped, UserError
from agent.evidence.registration import (
    LEAST_N,
    choose_n,
    exploring_differences,
    registered_replicates,
    replicates_left,
)
from agent.evidence.replication import differing_trials, effects_again, replicated, within
from agent.evidence.verdict import judge
from agent.ledger import Entry
from agent.stages.confirm import confirm, confirmed
from agent.stages.figure_check import computed_again
from agent.stages.register import PRIMARY
from agent.workspace import Workspace


def reproduce(idea: str, scratch: Workspace, deps: Deps) -> Reproduction:
    """Run an idea's registered trials again and compare.

    Args:
        scratch: Where `deps.executor` records; the run itself is only read.

    Raises:
        UserError: an arm's code is no longer what was registered.
        Stopped: the command is to end here; trials that ended are kept in `scratch`.
        SandboxUnavailable: the machinery broke.
    """
    run, workspace, key = deps.run, deps.workspace, f"{deps.run.name}/{idea}"
    plan, registration, verdict = _judged(key, deps)
    setup = deps.setup
    for arm in plan.arms:
        if setup.template.code_hash(arm.change.edits) != arm.code_hash:
            raise UserError(f"{key}: the code of arm {arm.name} changed since: give --template as it was")
    as_begun = replace(
        setup,
        template_hash=run.template_hash,
        data_hash=run.data_hash,
        environment_hash=run.environment_hash,
    )
    recorded = confirmed(plan, registration, replace(deps, setup=as_begun))
    confirm(plan, registration, deps)
    again = confirmed(plan, registration, replace(deps, workspace=scratch))
    otherwise = tuple(
        what
        for what, before, now in (
            ("evaluator, metrics or the evaluator's environment", run.template_hash, setup.template_hash),
            ("prepared data", run.data_hash, setup.data_hash),
            ("packages, Python or numeric kernel", run.environment_hash, setup.environment_hash),
        )
        if before != now
    )
    judged = judge(plan, registration, again)
    figure = computed_again(idea, replace(deps, setup=as_begun), exact=not otherwise)
    differing = differing_trials(plan, registration, recorded, again)
    effects = effects_again(verdict, judged, plan.sesoi if otherwise else 0.0)
    number = 1 + len(list(workspace.path(Reproduction, f"{key}/1").parent.glob("*.json")))
    done = Reproduction(
        idea=idea,
        number=number,
        plan_hash=plan.hash,
        exact=not otherwise,
        otherwise=otherwise,
        trials=len(again),
        differing=differing,
        effects=effects,
        word=judged.word,
        passed=not figure
        and (within(effects) and judged.word == verdict.word if otherwise else not differing),
        parents=(plan.hash, registration.hash, verdict.hash),
        figure=figure,
    )
    deps.ledger.append(Entry(run=run.name, plan=plan.hash, pool=run.pool, kind="reproduce"))
    return workspace.put(f"{key}/{number}", done)


def replicate(idea: str, asked: int | None, deps: Deps) -> Replication:
    """Test an idea's verdict comparisons on replicates that its study has not used; goes on with an open one.

    Args:
        asked: n′, the fresh replicates; as many as the primary plan's where they are left, if None.

    Raises:
        PlanRefused: fewer than 8 replicates are left, or fewer than were asked for.
        Stopped: the pool is exhausted and the user has not allowed it, or the command is to end here.
        SandboxUnavailable: the machinery broke.
    """
    key = f"{deps.run.name}/{idea}"
    _judged(key, deps)
    plan, registration = _open(key, deps) or _register(key, asked, deps)
    confirm(plan, registration, deps)
    return deps.workspace.put(f"{key}/{plan.version}", compared(key, plan.version, deps))


def compared(key: str, version: int, deps: Deps) -> Replication:
    """What the recorded trials of an additional plan say of the primary one's effects; nothing is stored.

    Raises:
        KeyError: a registered trial has no Result.
    """
    _, _, verdict = _judged(key, deps)
    at = f"{key}/{version}"
    plan, registration = deps.workspace.get(Plan, at), deps.workspace.get(Registration, at)
    results = confirmed(plan, registration, deps)
    effects = replicated(verdict, judge(plan, registration, results))
    return Replication(
        idea=plan.idea,
        version=version,
        plan_hash=plan.hash,
        effects=effects,
        failures=sum(result.status != "ok" for result, _ in results.values()),
        passed=all(effect.passed for effect in effects),
        parents=(plan.hash, registration.hash, verdict.hash),
    )


def _judged(key: str, deps: Deps) -> tuple[Plan, Registration, Verdict]:
    workspace = deps.workspace
    if not workspace.has(Verdict, key):
        raise UserError(f"{key} has no verdict yet: `shoal resume {deps.run.name}` goes on to it")
    at = f"{key}/{PRIMARY}"
    return workspace.get(Plan, at), workspace.get(Registration, at), workspace.get(Verdict, key)


def _versions(key: str, deps: Deps) -> list[int]:
    """Versions of the additional plans that stand."""
    version, found = PRIMARY + 1, []
    while deps.workspace.has(Plan, f"{key}/{version}"):
        found.append(version)
        version += 1
    return found


def _open(key: str, deps: Deps) -> tuple[Plan, Registration] | None:
    """An additional plan that was begun and is not finished, entered in the ledger if a crash kept it out."""
    workspace = deps.workspace
    for version in _versions(key, deps):
        at = f"{key}/{version}"
        plan = workspace.get(Plan, at)
        ids = {
            deps.setup.trial(arm.change, replicate, "test").id
            for arm in plan.arms
            for replicate in registered_replicates(plan, deps.setup.template.confirming)
        }
        whole = all(workspace.has(Result, f"{deps.run.name}/{one}") for one in ids)
        if not (whole and workspace.has(Replication, at)):
            return _entered(key, plan, deps)
    return None


def _register(key: str, asked: int | None, deps: Deps) -> tuple[Plan, Registration]:
    workspace = deps.workspace
    primary, version = workspace.get(Plan, f"{key}/{PRIMARY}"), PRIMARY + 1 + len(_versions(key, deps))
    used: set[int] = set()
    for earlier in range(PRIMARY, version):
        used |= set(workspace.get(Registration, f"{key}/{earlier}").replicates)
    left = replicates_left(used, deps.setup.template.confirming)
    n = asked or max(LEAST_N, min(primary.n, left))
    deciding = tuple(c for c in primary.comparisons if c.family == "verdict")
    kept = {name for c in deciding for name in (c.treatment, c.comparator)}
    _power(key, primary, deciding, n, left, deps)
    plan = primary.model_copy(
        update={
            "id": f"plan-{version}",
            "version": version,
            "kind": "additional",
            "arms": tuple(arm for arm in primary.arms if arm.name in kept),
            "comparisons": deciding,
            "n": n,
            "excluded": tuple(sorted(used)),
            "parents": (primary.hash,),
        }
    )
    number, budget = _number(plan, deps), deps.setup.template.spec.replicates.registrations
    why = f"this would be registration {number} on test data that serve {budget}"
    if number > budget and not deps.consent("exhausted", why):
        raise Stopped(f"{why}; `shoal replicate {key} --allow-exhausted` goes on all the same")
    workspace.put(f"{key}/{version}", plan)
    return _entered(key, plan, deps)


def _entered(key: str, plan: Plan, deps: Deps) -> tuple[Plan, Registration]:
    """The plan in the ledger, with its registration; a second time adds nothing."""
    run, at = deps.run, f"{key}/{plan.version}"
    number, budget = _number(plan, deps), deps.setup.template.spec.replicates.registrations
    deps.ledger.append(Entry(run=run.name, plan=plan.hash, pool=run.pool, kind="replicate"))
    left = replicates_left(plan.excluded, deps.setup.template.confirming)
    registration = deps.workspace.once(
        Registration,
        at,
        lambda: Registration(
            plan_hash=plan.hash,
            replicates=registered_replicates(plan, deps.setup.template.confirming),
            pool=run.pool,
            number=number,
            total=number,
            budget=budget,
            exhausted=number > budget,
            power=_power(key, plan, plan.comparisons, plan.n, left, deps),
        ),
    )
    return plan, registration


def _number(plan: Plan, deps: Deps) -> int:
    """K + 1 on the pool, the plan's own line left out."""
    counted = (e for e in deps.ledger.entries() if e.pool == deps.run.pool and e.counted)
    return 1 + sum((e.run, e.plan) != (deps.run.name, plan.hash) for e in counted)


def _power(key: str, plan: Plan, deciding: tuple[Comparison, ...], n: int, left: int, deps: Deps) -> Power:
    tree = deps.workspace.get(Tree, key)
    differences = [
        exploring_differences(tree, c.treatment, c.comparator, goal=plan.goal, worst=plan.worst)
        for c in deciding
    ]
    _, power = choose_n(differences, sesoi=plan.sesoi, alpha=plan.alpha, n=n, left=left, may_rise=False)
    return power


def ideas_of(run: str, asked: str, workspace: Workspace) -> list[str]:
    """The judged ideas of a run, or the one asked for.

    Raises:
        UserError: it does not exist, or none has a verdict.
    """
    folder = workspace.run_folder(run) / "ideas"
    known = sorted(path.parent.name for path in folder.glob("*/idea.json"))
    if asked and asked not in known:
        raise UserError(f"run {run} has no idea {asked!r}; it has: {', '.join(known) or 'none yet'}")
    judged = [one for one in known if asked in ("", one) and workspace.has(Verdict, f"{run}/{one}")]
    if not judged:
        raise UserError(f"{run} has no verdict yet: `shoal show {run}` says how far it is")
    return judged
