"""Settings are what was chosen, read from template and plan; and evidence is cheap to import."""

import subprocess
import sys
from pathlib import Path

from agent.artifacts import Arm, Change, Comparison, Plan
from agent.evidence.settings import settings
from agent.templates import Setup, load_template

MICRO = Path(__file__).parents[1] / "templates" / "micro"


def test_settings_hold_every_knob_of_every_arm_the_limits_and_what_replicates_vary() -> None:
    template = load_template(MICRO)
    setup = Setup(
        template=template,
        regime="default",
        scope="a small scope",
        data_hash="d",
        pool="p",
        template_hash="t",
        environment_hash="e",
    )
    name, metric = template.primary
    knob = next(iter(template.spec.knobs))
    value = next(v for v in (template.spec.knobs[knob].low, True, "x") if v is not None)
    arms = (
        Arm(
            name="treatment",
            role="treatment",
            change=Change.of({knob: value}),
            code_hash="c",
            tuning_trials=2,
        ),
        Arm(name="baseline", role="baseline", change=Change(), code_hash="c", tuning_trials=2),
    )
    assert metric.sesoi is not None
    assert metric.worst is not None
    plan = Plan(
        id="plan-1",
        idea="i",
        version=1,
        kind="primary",
        hypothesis="h",
        arms=arms,
        comparisons=(Comparison(treatment="treatment", comparator="baseline", family="verdict"),),
        metric=name,
        goal=metric.goal,
        sesoi=metric.sesoi,
        worst=metric.worst,
        alpha=0.025,
        n=8,
    )
    found = settings(plan, setup, extra={"seed": 7})
    for arm in ("treatment", "baseline"):
        assert {f"knob.{arm}.{other}" for other in template.spec.knobs} <= set(found)
    assert found[f"knob.treatment.{knob}"] == value
    assert found[f"knob.baseline.{knob}"] == template.spec.knobs[knob].default
    assert found["limit.wall_s"] == template.spec.limits.wall_s
    assert found["varies"] == ", ".join(template.spec.replicates.varies)
    assert (found["scope"], found["seed"], found["n"]) == ("a small scope", 7, 8)


def test_importing_search_and_evidence_loads_no_heavy_library() -> None:
    modules = "search, evidence.figures, evidence.claims, evidence.registration, evidence.settings"
    imports = "; ".join(f"import agent.{name.strip()}" for name in modules.split(","))
    heavy = "{'scipy', 'numpy', 'matplotlib'}"
    script = f"import sys; {imports}; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
