"""Which arms a text speaks of, by role, label or name.

Promises the mentions in order. "Both arms" and "each arm" are mentions of none in particular.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.words import whole

_OURS = (
    "our (?:method|approach|model|change|idea|variant|proposal)",
    "(?:the )?proposed \\w+",
    "the (?:method|approach|change|idea|edited code|changed code|edit|remedy|technique|modification)",
)


@dataclass(frozen=True)
class Mention:
    """An arm, named in a text."""

    arm: str
    start: int
    stop: int


def mentions(text: str, context: AuditContext) -> tuple[Mention, ...]:
    """The arms that a text names, from left to right; of names that overlap the longer one counts."""
    found = [
        Mention(arm, match.start(), match.end())
        for arm, forms in _forms(context).items()
        for match in whole(*forms).finditer(text)
    ]
    found.sort(key=lambda m: (m.start, m.start - m.stop))
    kept: list[Mention] = []
    for mention in found:
        if not kept or mention.start >= kept[-1].stop:
            kept.append(mention)
    return tuple(kept)


def _forms(context: AuditContext) -> dict[str, tuple[str, ...]]:
    forms: dict[str, tuple[str, ...]] = {}
    for arm in context.plan.arms:
        label = context.arm_labels.get(arm.name, "")
        names = {label, arm.name, arm.name.replace("-", " ").replace("_", " ")} - {""}
        if arm.role != "ablation":
            names.add(arm.role)
        texts = tuple(re.escape(name) for name in sorted(names, key=len, reverse=True))
        forms[arm.name] = (*texts, *_OURS) if arm.role == "treatment" else texts
    for name in sorted(_explored(context) - set(forms)):  # a person took it out of the plan
        forms[name] = tuple(re.escape(word) for word in sorted({context.arm_labels.get(name, name), name}))
    return forms


def _explored(context: AuditContext) -> set[str]:
    """The arms that were tuned, registered or not."""
    parts = (fact.name.split(".") for fact in context.facts.items)
    return {part[1] for part in parts if len(part) == 3 and (part[0], part[2]) == ("explore", "candidates")}
