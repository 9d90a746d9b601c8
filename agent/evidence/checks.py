"""Computed answers about a finished study, for its reviewers.

Promises that every answer is derived from the artifacts at hand and none from what the paper says.
"""

from __future__ import annotations

from collections.abc import Sequence

from agent.artifacts import Audit, Check, Paper, Plan, Reference, Registration, Tree, Verdict
from agent.evidence.verdict import Results


def study_checks(
    plan: Plan, registration: Registration, tree: Tree, results: Results, verdict: Verdict
) -> tuple[Check, ...]:
    """Whether the study was done as it was registered, and could come to an answer."""
    return (*_as_registered(plan, registration, tree, results), *_answerable(registration, verdict))


def _as_registered(plan: Plan, registration: Registration, tree: Tree, results: Results) -> tuple[Check, ...]:
    wanted = {(arm.name, r) for arm in plan.arms for r in registration.replicates}
    failed = sum(1 for result, _ in results.values() if result.status != "ok")
    tried = {arm.name: arm.tuning_trials for arm in plan.arms if arm.role in ("treatment", "baseline")}
    declared = any(arm.declared for arm in plan.arms)
    found = {name: sum(1 for candidate in tree.candidates if candidate.arm == name) for name in tried}
    counted = tried if declared else found
    return (
        Check(
            question="Has every registered trial a recorded result?",
            passed=set(results) == wanted,
            evidence=f"{len(wanted)} registered, {len(set(results) & wanted)} recorded.",
        ),
        Check(
            question="Does the registration belong to this plan?",
            passed=registration.plan_hash == plan.hash and len(registration.replicates) == plan.n,
            evidence=f"plan {plan.hash[:12]}, {plan.n} replicates.",
        ),
        Check(
            question="Were baseline and treatment chosen from as many configurations?",
            passed=len(set(counted.values())) == 1 and counted == tried,
            evidence=("declared by a person: " if declared else "")
            + ", ".join(f"{name} {count}" for name, count in sorted(counted.items()))
            + ".",
        ),
        Check(
            question="Did every confirming trial end with a score?",
            passed=failed == 0,
            evidence=f"{failed} of {len(results)} failed.",
        ),
    )


def _answerable(registration: Registration, verdict: Verdict) -> tuple[Check, ...]:
    power = registration.power
    deciding = [c for c in verdict.comparisons if c.family == "verdict"]
    return (
        Check(
            question="Could the plan have come to an answer?",
            passed=power.informative,
            evidence=(
                f"P(supported at twice the smallest effect of interest) {power.supported_at_two_sesoi:.2f}, "
                f"P(refuted at zero) {power.refuted_at_zero:.2f}."
            ),
        ),
        Check(
            question="Do interval and sign-flip test agree?",
            passed=not any(comparison.disagrees for comparison in deciding),
            evidence=", ".join(f"{c.comparator} p = {c.p_sign_flip:.4f}" for c in deciding) + ".",
        ),
        Check(
            question="Are the test data still within their number of registrations?",
            passed=not registration.exhausted,
            evidence=f"registration {registration.number} of at most {registration.budget}.",
        ),
    )


def paper_checks(paper: Paper, audit: Audit, works: Sequence[Reference]) -> tuple[Check, ...]:
    """Whether the text stands on the study."""
    missing = [work.key for work in works if work.status != "found"]
    return (
        Check(
            question="Did the audit of the text pass?",
            passed=audit.passed,
            evidence=f"{len(audit.checked)} rules, {len(audit.findings)} findings.",
        ),
        Check(
            question="Was every cited work found?",
            passed=not missing,
            evidence=f"{len(works)} cited" + (f", not found: {', '.join(missing)}." if missing else "."),
        ),
        Check(
            question="Is every section there?",
            passed=all(section.latex.strip() for section in paper.sections),
            evidence=f"{len(paper.sections)} sections.",
        ),
    )
