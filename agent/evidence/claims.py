"""What a study may say: one computed statement each, in the strongest wording that its evidence licenses.

Promises that no claim goes beyond the verdict, and that every number in a claim is a `\\fact{}`. A claim is a
LaTeX clause without its full stop; the scope it holds in stands beside it. Does not write prose.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from agent.artifacts import Arm, Claim, Claims, Comparison, ComparisonResult, Facts, Plan, Verdict
from agent.evidence.facts import effect_name

Wording = Literal["improves", "improves_by_at_least", "no_larger_than", "harmful", "undecided", "setting"]
Direction = Literal["better", "worse", "none"]

PHRASES = {"treatment": "the treatment", "baseline": "the tuned baseline", "control": "the control"}
"""What an arm of a role is called unless the caller says otherwise."""
ORDINALS = ("first", "second", "third")
_SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"}
_SPECIAL |= {character: "\\" + character for character in "&%$#_{}"}
_FACT = re.compile(r"\\(?:fact|interval)\{([^}]*)\}")


def claims(
    plan: Plan, verdict: Verdict, facts: Facts, scope: str, *, phrases: Mapping[str, str] | None = None
) -> Claims:
    """Every claim that the study licenses: `primary` first, then `effect-<comparator>`, then its setting.

    `phrases` gives arms a LaTeX noun phrase by name.

    Raises:
        KeyError: a fact that a claim needs is missing.
    """
    wording = _Wording(plan, verdict, scope, dict(phrases or {}))
    found = [wording.primary()]
    found += [wording.described(c) for c in verdict.comparisons]
    found += [wording.unmeasured(c) for c in wording.without_result()]
    found += [wording.means(facts), wording.design(), wording.tuning(facts), wording.failures(facts)]
    if verdict.caps:
        found.append(wording.capped())
    for claim in found:
        for name in claim.facts:
            facts.named(name)
    return Claims(items=tuple(found), parents=(facts.hash, verdict.hash))


def plain(text: str) -> str:
    """`text` with LaTeX's special characters escaped."""
    return "".join(_SPECIAL.get(character, character) for character in text)


@dataclass(frozen=True)
class _Wording:
    """The words of one study."""

    plan: Plan
    verdict: Verdict
    scope: str
    phrases: dict[str, str]

    # -------------------------------------------------------------------------------- what was found

    def primary(self) -> Claim:
        """The verdict, over all its comparators."""
        deciding = self._deciding()
        if self.verdict.word == "supported":
            return self._supported(deciding)
        if self.verdict.word == "refuted":
            return self._refuted(deciding)
        return self._undecided(deciding)

    def _supported(self, deciding: Sequence[ComparisonResult]) -> Claim:
        at_least = all(c.low > self.plan.sesoi for c in deciding)
        amount = r" by at least \fact{plan.sesoi}" if at_least else ""
        text = (
            f"{self._treatment()} improves {self.metric}{amount} over {self._others(deciding)}: "
            f"{self._estimates(deciding)}"
        )
        return self._claim(
            "primary", text, "improves_by_at_least" if at_least else "improves", "better", deciding
        )

    def _refuted(self, deciding: Sequence[ComparisonResult]) -> Claim:
        refuting = [c for c in deciding if c.high_corrected < self.plan.sesoi]
        if self.verdict.qualifier == "harmful":
            harmed = [c for c in refuting if c.high_corrected < 0]
            text = (
                f"{self._treatment()} is harmful to {self.metric} compared with {self._others(harmed)}: "
                f"{self._estimates(harmed, upper=True)}"
            )
            return self._claim("primary", text, "harmful", "worse", harmed)
        if self.verdict.qualifier:
            text = (
                f"{self._treatment()} improves {self.metric} over {self._others(refuting)}, but by less than "
                rf"\fact{{plan.sesoi}}: {self._estimates(refuting, upper=True)}"
            )
            return self._claim("primary", text, "no_larger_than", "better", refuting)
        text = (
            rf"{self._treatment()} does not improve {self.metric} by \fact{{plan.sesoi}} or more over "
            f"{self._others(refuting)}: {self._estimates(refuting, upper=True)}"
        )
        return self._claim("primary", text, "no_larger_than", "none", refuting)

    def _undecided(self, deciding: Sequence[ComparisonResult]) -> Claim:
        text = (
            f"This study does not decide whether {self.phrase(deciding[0].treatment)} improves {self.metric} "
            rf"over {self._others(deciding)} by \fact{{plan.sesoi}} or more: {self._estimates(deciding)}"
        )
        if self.verdict.n_to_settle is not None:
            text += r"; if means and variances stayed as observed, \fact{verdict.n_to_settle} replicates"
            text += " would settle it"
        elif not self.verdict.caps:
            text += "; if means and variances stayed as observed, no feasible number of replicates on these"
            text += " test items would settle it"
        return self._claim("primary", text, "undecided", "none", deciding)

    def described(self, c: ComparisonResult) -> Claim:
        """One comparison's estimate, without a conclusion of its own."""
        key = effect_name(self.plan, c.treatment, c.comparator)
        text = (
            f"Against {self.phrase(c.comparator)}, the mean difference in {self.metric} in favour of "
            rf"{self.phrase(c.treatment)} is \fact{{effect.{key}.mean}}, "
            rf"with the interval \interval{{effect.{key}.mean}}"
        )
        if c.p_holm is not None:
            text += rf"; Holm's adjustment gives a p of \fact{{comparison.{key}.holm}}"
        else:
            text += rf"; one-sided sign flips give a p of \fact{{comparison.{key}.p}}"
            if c.disagrees:
                text += ", which disagrees with the interval"
        if c.family != "verdict":
            text += "; this comparison is descriptive"
        return self._claim(f"effect-{key}", text, "setting", "none", [c])

    def without_result(self) -> list[Comparison]:
        """The registered comparisons that measured nothing."""
        judged = {(c.treatment, c.comparator) for c in self.verdict.comparisons}
        return [c for c in self.plan.comparisons if (c.treatment, c.comparator) not in judged]

    def unmeasured(self, c: Comparison) -> Claim:
        """A registered comparison whose comparator never ended with a score."""
        text = (
            f"Against {self.phrase(c.comparator)} nothing was measured: "
            rf"\fact{{arm.{c.comparator}.failures}} of its \fact{{arm.{c.comparator}.trials}} trials failed"
        )
        arms = [arm for arm in self.plan.arms if arm.name in (c.treatment, c.comparator)]
        return self._setting(f"effect-{effect_name(self.plan, c.treatment, c.comparator)}", text, arms)

    # ------------------------------------------------------------------------------- how it was found

    def means(self, facts: Facts) -> Claim:
        """The arms' means."""
        known = {fact.name for fact in facts.items}
        arms = [arm for arm in self.plan.arms if f"arm.{arm.name}.mean" in known]
        parts = [rf"\fact{{arm.{arm.name}.mean}} for {self.phrase(arm.name)}" for arm in arms]
        text = f"The mean {self.metric} is {_listed(parts)}"
        return self._setting("means", text, arms)

    def design(self) -> Claim:
        """What was run."""
        text = (
            r"Each arm was run once on each of \fact{plan.n} replicates that no exploring trial had used, "
            r"\fact{count.trials} trials in all"
        )
        return self._setting("design", text, self.plan.arms)

    def tuning(self, facts: Facts) -> Claim:
        """What each tuned arm was chosen from."""
        arms = [arm for arm in self.plan.arms if arm.role != "ablation"]
        first, *rest = [(self.phrase(arm.name), rf"from \fact{{arm.{arm.name}.tuning}}") for arm in arms]
        counted = "configurations"
        if any(fact.name == "count.edits" for fact in facts.items):
            counted = (
                r"candidates (\fact{count.edits} edits at the default knobs and \fact{count.tuned} further "
                "configurations of one of them)"
            )
        parts = [f"{first[0]} was chosen {first[1]} {counted}"] + [f"{name} {n}" for name, n in rest]
        declared = ", as the person who brought them declares" if any(arm.declared for arm in arms) else ""
        return self._setting("tuning", _capital(_listed(parts)) + declared, arms)

    def failures(self, facts: Facts) -> Claim:
        """Whether trials failed."""
        if facts.named("count.failures").value == 0:
            text = r"Every one of the \fact{count.trials} confirming trials ended with a score"
        else:
            text = (
                r"\fact{count.failures} of \fact{count.trials} confirming trials failed, and counted "
                "by the registered rules"
            )
        return self._setting("failures", text, self.plan.arms)

    def capped(self) -> Claim:
        """Why the verdict could not be more than inconclusive."""
        text = f"The verdict is capped at inconclusive because {plain('; '.join(self.verdict.caps))}"
        return self._setting("capped", text, ())

    # ----------------------------------------------------------------------------------------- words

    @property
    def metric(self) -> str:
        """The metric in words."""
        return plain(self.plan.metric.replace("_", " "))

    def phrase(self, arm: str) -> str:
        """What an arm is called in text."""
        if arm in self.phrases:
            return self.phrases[arm]
        role = next(a.role for a in self.plan.arms if a.name == arm)
        if role == "ablation":
            place = [a.name for a in self.plan.arms if a.role == "ablation"].index(arm)
            return f"the treatment without its {ORDINALS[place]} edit"
        return PHRASES[role]

    def _treatment(self) -> str:
        return _capital(self.phrase(self._deciding()[0].treatment))

    def _deciding(self) -> list[ComparisonResult]:
        return [c for c in self.verdict.comparisons if c.family == "verdict"]

    def _others(self, comparisons: Sequence[ComparisonResult]) -> str:
        return _listed([self.phrase(c.comparator) for c in comparisons])

    def _estimates(self, comparisons: Sequence[ComparisonResult], *, upper: bool = False) -> str:
        parts = []
        for c in comparisons:
            key = effect_name(self.plan, c.treatment, c.comparator)
            corrected = (
                rf", upper limit corrected for the number of comparators \fact{{effect.{key}.high_corrected}}"
            )
            limit = corrected if upper and len(self._deciding()) > 1 else ""
            against = f" against {self.phrase(c.comparator)}" if len(comparisons) > 1 else ""
            parts.append(
                rf"\fact{{effect.{key}.mean}}, interval \interval{{effect.{key}.mean}}{limit},{against}"
            )
        return f"the mean difference in its favour is {' and '.join(parts).removesuffix(',')}"

    def _claim(
        self,
        name: str,
        text: str,
        wording: Wording,
        direction: Direction,
        comparisons: Sequence[ComparisonResult],
    ) -> Claim:
        arms = [c.treatment for c in comparisons] + [c.comparator for c in comparisons]
        return Claim(
            id=re.sub(r"[^a-z0-9-]+", "-", name.lower())[:40],
            text=text,
            wording=wording,
            direction=direction,
            facts=tuple(dict.fromkeys(_FACT.findall(text))),
            arms=tuple(dict.fromkeys(arms)),
            metric=self.plan.metric,
            scope=self.scope,
        )

    def _setting(self, name: str, text: str, arms: Sequence[Arm]) -> Claim:
        claim = self._claim(name, text, "setting", "none", ())
        return claim.model_copy(update={"arms": tuple(arm.name for arm in arms)})


def _listed(parts: Sequence[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, [", ".join(parts[:-1]), parts[-1]]))


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
