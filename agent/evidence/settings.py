"""What was chosen, as against measured: the values that a paper prints with `\\setting{}`.

Names: `scope regime metric goal alpha level sesoi worst n varies`, `knob.<arm>.<knob>`, `limit.<name>`,
`replicates.explore .confirm`, `regime.<key>`, and whatever the caller adds.
"""

from __future__ import annotations

from collections.abc import Mapping

from agent.artifacts import Plan, Scalar
from agent.templates import Setup


def settings(plan: Plan, setup: Setup, *, extra: Mapping[str, Scalar] | None = None) -> dict[str, Scalar]:
    """Declared values by name, as they are; `extra` goes over those of the same name.

    Raises:
        TemplateError: an arm sets a knob that the template does not have.
    """
    spec = setup.template.spec
    found: dict[str, Scalar] = {
        "scope": setup.scope,
        "regime": setup.regime,
        "metric": plan.metric.replace("_", " "),
        "goal": plan.goal,
        "alpha": plan.alpha,
        "level": 1 - 2 * plan.alpha,
        "sesoi": plan.sesoi,
        "worst": plan.worst,
        "n": plan.n,
        "varies": ", ".join(spec.replicates.varies),
        "replicates.explore": spec.replicates.explore,
        "replicates.confirm": spec.replicates.confirm,
    }
    for arm in plan.arms:
        found |= {f"knob.{arm.name}.{k.name}": k.value for k in setup.template.knobs(arm.change)}
    found |= {f"limit.{name}": value for name, value in spec.limits.model_dump().items()}
    found |= {f"regime.{key}": v for key, v in setup.template.regime(setup.regime)[1].values.items()}
    return found | dict(extra or {})
