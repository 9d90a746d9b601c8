"""Rule `completeness`: what was registered appears, whether it went well or not.

Promises that results speak of every comparison of the verdict, that every registered comparison, every
failure and every changed line of code that did not run is reported, and that abstract and conclusion
state the verdict and its scope, the abstract with the primary effect. What limits the verdict is told: caps,
earlier registrations, tests that disagree.
"""

from __future__ import annotations

from collections.abc import Iterator

from agent.artifacts import Comparison, Finding, SectionText
from agent.evidence.audit.commands import TABLES
from agent.evidence.audit.context import AuditContext, finding
from agent.evidence.audit.source import FACT_MACROS, REFERENCE_MACROS, keys_of, macros
from agent.evidence.executed import FIRST_NAME as CODE
from agent.prompts.section import SECTIONS

RULE = "completeness"


def missing_reports(sections: tuple[SectionText, ...], context: AuditContext) -> Iterator[Finding]:
    """What the plan and its results hold and the sections leave out.

    Raises:
        Unreadable: a section is not balanced LaTeX.
    """
    texts = {section.name: section.latex for section in sections}
    for name in (name for name, task in SECTIONS.items() if task.verdict):
        if name in texts and not any(True for _ in macros(texts[name], ("verdict",))):
            yield _missing(name, texts[name], r"the verdict is not stated; print it with \verdict")
    if "abstract" in texts:
        yield from _primary(texts["abstract"], context)
    if "results" not in texts:
        return
    for comparison in context.plan.comparisons:
        if not _speaks_of(texts["results"], comparison, context):
            pair = f"{comparison.treatment} against {comparison.comparator}"
            yield _missing("results", texts["results"], f"the registered comparison {pair} is not reported")
    yield from _failures(texts, context)
    yield from _not_run(texts, context)
    yield from _frame(texts, context)


def _primary(abstract: str, context: AuditContext) -> Iterator[Finding]:
    """An abstract without the effect that the verdict rests on: the first that the claim `primary` holds."""
    claim = next((claim for claim in context.claims.items if claim.id == "primary"), None)
    if claim is not None and any(name.strip() == claim.id for _, name in macros(abstract, ("claim",))):
        return
    found = context.verdict_comparisons
    held = [c for c in found if claim is not None and {c.treatment, c.comparator} <= set(claim.arms)]
    for comparison in (*held, *found)[:1]:
        if not _speaks_of(abstract, comparison, context):
            pair = {comparison.treatment, comparison.comparator}
            facts = [fact.name for fact in context.facts.items if set(fact.arms) == pair]
            means = [name for name in facts if name.startswith("effect.") and name.endswith(".mean")]
            names = [*([rf"\claim{{{claim.id}}}"] if claim else []), *(rf"\fact{{{name}}}" for name in means)]
            yield _missing(
                "abstract", abstract, f"the primary effect is not stated; {' or '.join(names)} does"
            )


def _frame(texts: dict[str, str], context: AuditContext) -> Iterator[Finding]:
    """Scope, caps, earlier registrations and disagreement that are not told."""
    everything = "\n\n".join(texts.values())
    for name in ("abstract", "conclusion"):
        scoped = {setting.strip() for _, setting in macros(texts.get(name, ""), ("setting",))}
        if name in texts and "scope" in context.settings and "scope" not in scoped:
            yield _missing(name, texts[name], r"the scope is not stated; print it with \setting{scope}")
    named = {key for _, keys in macros(everything, REFERENCE_MACROS) for key in keys_of(keys)}
    for label in (*(f"fig:{figure.id}" for figure in context.figures), *TABLES[:2]):
        if label not in named:
            name = "exploration" if label.endswith("exploration") and "exploration" in texts else "results"
            yield _missing(name, texts[name], f"no sentence refers to {label}")
    facts = {fact.name: fact.value for fact in context.facts.items}
    printed = {fact.strip() for _, fact in macros(everything, FACT_MACROS)}
    claimed = {claim.strip() for _, claim in macros(everything, ("claim",))}
    if "capped" in {claim.id for claim in context.claims.items} - claimed:
        yield _missing(
            "results", texts["results"], r"what limits the verdict is not told; \claim{capped} does"
        )
    if facts.get("ledger.number", 1) > 1 and not printed & {"ledger.number", "ledger.total"}:
        place = texts.get("limitations", texts["results"])
        name = "limitations" if "limitations" in texts else "results"
        yield _missing(name, place, "earlier registrations on these test data are not told")
    disagree = any(c.disagrees for c in context.verdict.comparisons if c.family == "verdict")
    if disagree and "disagree" not in everything:
        telling = {c.id for c in context.claims.items if "disagrees" in c.text}
        if not claimed & telling:
            yield _missing("results", texts["results"], "that sign flips and interval disagree is not told")


def _missing(name: str, latex: str, reason: str) -> Finding:
    return finding(RULE, f"{name}.tex", latex, 0, latex.strip()[:80], reason)


def _speaks_of(latex: str, comparison: Comparison, context: AuditContext) -> bool:
    """Whether a fact or claim about exactly this pair of arms stands in the text."""
    pair = {comparison.treatment, comparison.comparator}
    facts = {fact.name: set(fact.arms) for fact in context.facts.items}
    claims = {claim.id: set(claim.arms) for claim in context.claims.items}
    named = [facts.get(name.strip(), set()) for _, name in macros(latex, FACT_MACROS)]
    named += [claims.get(name.strip(), set()) for _, name in macros(latex, ("claim",))]
    return any(arms == pair for arms in named)


def _not_run(texts: dict[str, str], context: AuditContext) -> Iterator[Finding]:
    """Changed lines of code that no traced trial executed, which neither results nor limitations tell."""
    told = texts["results"] + "\n\n" + texts.get("limitations", "")
    name = "limitations" if "limitations" in texts else "results"
    settings = {setting.strip() for _, setting in macros(told, ("setting",))}
    for key in context.settings:
        if key.startswith(CODE) and key not in settings:
            yield _missing(name, texts[name], rf"which changed lines ran is not told; \setting{{{key}}} does")
    facts = {fact.strip() for _, fact in macros(told, FACT_MACROS)}
    for fact in context.facts.items:
        missed = fact.name.startswith(CODE) and fact.name.endswith(".missed_lines") and fact.value > 0
        if missed and fact.name not in facts:
            reason = rf"how many changed lines did not run is not told; \fact{{{fact.name}}} does"
            yield _missing(name, texts[name], reason)


def _failures(texts: dict[str, str], context: AuditContext) -> Iterator[Finding]:
    """Failed confirming trials that neither results nor limitations print."""
    told = texts["results"] + "\n\n" + texts.get("limitations", "")
    said = {name.strip() for _, name in macros(told, FACT_MACROS)}
    claims = {claim.id: claim.facts for claim in context.claims.items}
    said |= {fact for _, name in macros(told, ("claim",)) for fact in claims.get(name.strip(), ())}
    for fact in context.facts.items:
        is_failures = fact.name.startswith("arm.") and fact.name.endswith(".failures")
        if is_failures and fact.value > 0 and not said & {fact.name, "count.failures"}:
            reason = f"failed trials are not reported ({fact.label}: {fact.name})"
            yield _missing("results", texts["results"], reason)
