# ruff: noqa: E501
"""A realistic study to render: a knob idea on noisy digits, refuted, with figures drawn from its own numbers.

The numbers are drawn here from a seeded generator; nothing of the pipeline is imitated but its artifacts.
"""

from __future__ import annotations

import hashlib
import io
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agent.artifacts import (
    Arm,
    Candidate,
    Change,
    Claim,
    Claims,
    Comparison,
    ComparisonResult,
    Fact,
    Facts,
    Figure,
    Plan,
    Power,
    Reference,
    Registration,
    Scored,
    SectionText,
    Tree,
    Verdict,
    Winner,
    sha256_of,
)
from agent.evidence.passages import Passage
from agent.latex.paper_in import KnobRow, PaperIn, Provenance
from agent.literature.library import Library

HERE = Path(__file__).parent
SECTIONS = {path.stem: path.read_text(encoding="utf-8") for path in (HERE / "sample").glob("*.tex")}


def passages() -> tuple[Passage, ...]:
    """What the sample study's record says in words: what its honest sections say."""
    paragraphs = (text for latex in SECTIONS.values() for text in latex.split("\n\n"))
    return tuple(Passage(text=text) for text in paragraphs)


KNOBS = (
    ("hidden", "hidden units", 64),
    ("epochs", "training epochs", 60),
    ("batch_size", "batch size", 50),
    ("learning_rate", "learning rate", 0.05),
    ("weight_decay", "weight decay", 0.0),
    ("dropout", "dropout", 0.0),
    ("label_smoothing", "label smoothing", 0.0),
    ("loss", "noise-robust loss", "ce"),
    ("knn_clean", "nearest-neighbour cleaning", 0),
    ("shift", "one-pixel shifts", False),
)
ARMS: dict[str, dict[str, Any]] = {
    "baseline": {"hidden": 152, "epochs": 14, "learning_rate": 0.0171, "weight_decay": 0.00214},
    "treatment": {
        "hidden": 97,
        "epochs": 22,
        "learning_rate": 0.0261,
        "weight_decay": 0.00093,
        "dropout": 0.42,
    },
    "control": {"hidden": 201, "epochs": 11, "learning_rate": 0.0312, "weight_decay": 0.0041, "loss": "gce"},
}
ROLES = {"baseline": "baseline", "treatment": "treatment", "control": "control"}
LABELS = {"baseline": "tuned baseline", "treatment": "dropout", "control": "free search"}
SCOPE = "8×8 handwritten digits, 1,000 training images, 40 % uniform label noise"
N = 10


def trial_id(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:40]


@cache
def scores() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(7)
    shared = rng.normal(0.885, 0.012, N)
    shifts = {"baseline": 0.0, "treatment": 0.009, "control": 0.011}
    return {arm: shared + shifts[arm] + rng.normal(0, 0.004, N) for arm in ARMS}


def plan() -> Plan:
    arms = tuple(
        Arm(name=n, role=ROLES[n], change=Change.of(k), code_hash=sha256_of("code"), tuning_trials=24)
        for n, k in ARMS.items()
    )
    comparisons = (
        Comparison(treatment="treatment", comparator="baseline", family="verdict"),
        Comparison(treatment="treatment", comparator="control", family="descriptive"),
    )
    return Plan(
        id="plan-1", idea="dropout", version=1, kind="primary", hypothesis="Dropout helps.", arms=arms,
        comparisons=comparisons, metric="accuracy", goal="maximize", sesoi=0.02, worst=0.0, alpha=0.025, n=N,
    )  # fmt: skip


def registration() -> Registration:
    power = Power(
        sd_upper=0.0121, replicates_shared=5, supported_at_two_sesoi=0.998, refuted_at_zero=0.991, n_default=N,
        informative=True,
    )  # fmt: skip
    replicates = (44, 35, 61, 38, 52, 33, 57, 49, 40, 63)
    return Registration(
        plan_hash=plan().hash, replicates=replicates, pool=sha256_of("pool"), number=3, total=3, budget=20,
        exhausted=False, power=power,
    )  # fmt: skip


def _trials(arm: str) -> tuple[str, ...]:
    return tuple(trial_id(arm, replicate) for replicate in registration().replicates)


def _mean_fact(name: str, label: str, values: np.ndarray, arms: tuple[str, ...], formula: str) -> Fact:
    half = 2.262 * float(values.std(ddof=1)) / math.sqrt(N)
    mean = float(values.mean())
    return Fact(
        name=name, label=label, split="test", value=mean, unit="fraction", low=mean - half, high=mean + half,
        level=0.95, n=N, formula=formula, arms=arms, metric="accuracy", digits=4,
        trials=tuple(trial for arm in arms for trial in _trials(arm)), plan_hash=plan().hash,
    )  # fmt: skip


def _plain(
    name: str, label: str, value: float, unit: str, formula: str, digits: int = 0, **more: Any
) -> Fact:
    return Fact(
        name=name, label=label, value=value, unit=unit, formula=formula, digits=digits, plan_hash=plan().hash,
        **{"split": "test", **more},
    )  # fmt: skip


def facts() -> Facts:
    found = []
    for arm, values in scores().items():
        label = LABELS[arm]
        found += [
            _mean_fact(f"arm.{arm}.mean", f"mean test accuracy of the {label}", values, (arm,), "mean over replicates"),
            _plain(f"arm.{arm}.sd", f"SD of the {label} over replicates", float(values.std(ddof=1)), "fraction",
                   "s = sqrt(Σ (x − x̄)² / (n − 1))", 4, n=N, trials=_trials(arm), arms=(arm,)),
            _plain(f"arm.{arm}.failures", f"failed confirming trials of the {label}", 0, "trials", "count",
                   trials=_trials(arm), arms=(arm,)),
            _plain(f"arm.{arm}.tuning", f"configurations the {label} was chosen from", 24, "trials", "count"),
        ]  # fmt: skip
    for other, p in (("baseline", 0.0117), ("control", 0.9102)):
        difference = scores()["treatment"] - scores()[other]
        found += [
            _mean_fact(f"effect.{other}.mean", f"dropout minus {LABELS[other]}", difference, ("treatment", other),
                       "mean of paired differences; two-way variance; paired t interval, n − 1 degrees of freedom"),
            _plain(f"comparison.{other}.p", f"one-sided sign-flip p against the {LABELS[other]}", p, "probability",
                   "share of the 2^n sign patterns with a mean at least as large", 4, n=N),
        ]  # fmt: skip
    found += [
        _plain("plan.sesoi", "smallest effect of interest", 0.02, "fraction", "template.toml", 2),
        _plain("plan.n", "confirming replicates", N, "replicates", "registered"),
        _plain("count.trials", "confirming trials", 3 * N, "trials", "arms × replicates"),
        _plain("power.supported", "P(supported) at twice the smallest effect", 0.998, "probability",
               "noncentral t, upper 80 % limit of the exploring SD (Browne 1995)", 3),
    ]  # fmt: skip
    for arm in ARMS:
        more = {
            "split": "dev",
            "trials": tuple(trial_id(arm, "dev", k) for k in range(24 + 22)),
            "arms": (arm,),
        }
        found += [
            _plain(f"explore.{arm}.candidates", f"configurations tried for the {LABELS[arm]}", 24, "trials", "count", **more),
            _plain(f"explore.{arm}.trials", f"exploring trials of the {LABELS[arm]}", 46, "trials", "count", **more),
            _plain(f"explore.{arm}.failures", f"failed exploring trials of the {LABELS[arm]}", 0, "trials", "count", **more),
            _plain(f"explore.{arm}.best", f"dev score of the chosen {LABELS[arm]}", 0.8912, "fraction",
                   "mean over exploring replicates 1–4", 3, **more),
        ]  # fmt: skip
    return Facts(items=tuple(found))


def claims() -> Claims:
    primary = Claim(
        id="primary", wording="no_larger_than", direction="none", metric="accuracy", scope=SCOPE,
        facts=("effect.baseline.mean", "plan.sesoi"), arms=("treatment", "baseline"),
        text=r"no improvement as large as \fact{plan.sesoi} was found for dropout over the tuned baseline (mean "
             r"difference \fact{effect.baseline.mean}, \interval{effect.baseline.mean})",
    )  # fmt: skip
    second = Claim(
        id="comparison-2", wording="undecided", direction="none", metric="accuracy", scope=SCOPE,
        facts=("effect.control.mean",), arms=("treatment", "control"),
        text=r"against the free search over all knobs the difference was \fact{effect.control.mean}, "
             r"\interval{effect.control.mean}",
    )  # fmt: skip
    return Claims(items=(primary, second))


def verdict() -> Verdict:
    results = []
    for other, family in (("baseline", "verdict"), ("control", "descriptive")):
        effect = facts().named(f"effect.{other}.mean")
        assert effect.low is not None
        assert effect.high is not None
        results.append(
            ComparisonResult(
                treatment="treatment", comparator=other, family=family, n=N, mean=effect.value, sd=0.008,
                low=effect.low, high=effect.high, high_corrected=effect.high, p_sign_flip=0.0117, disagrees=False,
                variance="two-way",
            )
        )  # fmt: skip
    return Verdict(
        word="refuted", qualifier="real but too small", comparisons=tuple(results),
        reason="the upper limit of the difference from the tuned baseline is below the smallest effect of interest",
    )  # fmt: skip


def tree() -> Tree:
    rng = np.random.default_rng(11)
    candidates = tuple(
        Candidate(
            arm=arm, index=index, change=Change(), code_hash=sha256_of("code"),
            origin="random" if index else "default",
            trials=(Scored(replicate=0, trial=trial_id(arm, "dev", index), status="ok", score=float(s)),),
        )
        for arm in ARMS
        for index, s in enumerate(rng.uniform(0.70, 0.90, 24))
    )  # fmt: skip
    winners = tuple(Winner(arm=arm, index=3, mean=0.8912, standard_error=0.004, replicates=4) for arm in ARMS)
    return Tree(idea="dropout", per_arm=24, lag=8, candidates=candidates, winners=winners)


def _pdf(figure: Any) -> bytes:
    stream = io.BytesIO()
    figure.savefig(stream, format="pdf", metadata={"CreationDate": None})
    return stream.getvalue()


@cache
def drawings() -> dict[str, bytes]:
    """Three figures as PDF by file name."""
    from matplotlib.figure import Figure as Canvas

    rng = np.random.default_rng(3)
    curves = Canvas(figsize=(5.5, 2.4), layout="constrained")
    axes = curves.subplots()
    epochs = np.arange(1, 13) * 2
    for (arm, end), line in zip((("baseline", 0.885), ("treatment", 0.891)), ("-", "--"), strict=True):
        y = end - 0.35 * np.exp(-epochs / 5)
        axes.plot(epochs, y, line, color="black", label=LABELS[arm])
        axes.fill_between(epochs, y - 0.01, y + 0.01, color="0.8" if line == "-" else "0.6", alpha=0.6)
    axes.set(xlabel="epoch", ylabel="test accuracy")
    axes.legend(frameon=False)
    effects = Canvas(figsize=(5.5, 1.5), layout="constrained")
    axes = effects.subplots()
    for row, other in enumerate(("baseline", "control")):
        fact = facts().named(f"effect.{other}.mean")
        axes.errorbar(
            [fact.value], [row], xerr=[[fact.value - fact.low], [fact.high - fact.value]], fmt="ko", capsize=3
        )
    axes.set(
        yticks=[0, 1], yticklabels=["− tuned baseline", "− free search"], xlabel="difference in accuracy"
    )
    axes.axvline(0, color="0.5", lw=0.8)
    axes.axvline(0.02, color="0.5", lw=0.8, ls=":")
    explored = Canvas(figsize=(5.5, 2.0), layout="constrained")
    axes = explored.subplots()
    for row, arm in enumerate(ARMS):
        axes.plot([c.trials[0].score for c in tree().candidates if c.arm == arm],
                  row + rng.uniform(-0.2, 0.2, 24), "o", ms=3, color="0.3", mfc="none")  # fmt: skip
    axes.set(yticks=range(3), yticklabels=list(LABELS.values()), xlabel="dev accuracy")
    named = {"learning-curves.pdf": curves, "effects.pdf": effects, "exploration.pdf": explored}
    return {name: _pdf(canvas) for name, canvas in named.items()}


def figure(name: str, caption: str) -> Figure:
    file = f"{name}.pdf"
    return Figure(id=name, file=file, caption=caption, sha256=hashlib.sha256(drawings()[file]).hexdigest())


def references() -> tuple[Reference, ...]:
    root = HERE.parent.parent / "templates" / "digits" / "library.bib"
    return Library.read(root).references


def settings() -> dict[str, Any]:
    knobs = {
        f"knob.{arm}.{knob}": values.get(knob, default)
        for arm, values in ARMS.items()
        for knob, _, default in KNOBS
    }
    return {
        **knobs, "scope": SCOPE, "metric": "accuracy", "regime": "noise40", "varies":
        "training sample, label noise, initialisation and batch order", "limit.wall_s": 20.0, "limit.mem_mb": 300,
        "packages": "numpy 2.4.6",
    }  # fmt: skip


def study(**changes: Any) -> PaperIn:
    """The sample as the renderer takes it; keyword arguments replace fields."""
    curves = r"Test accuracy over training; lines are means over \fact{plan.n} replicates, bands are pointwise intervals."
    effects = r"Paired differences with their intervals; dotted: the smallest effect of interest, \fact{plan.sesoi}."
    explored = r"Dev scores of every configuration that was tried, by arm. None of them is a result."
    fields: dict[str, Any] = {
        "title": "Does dropout survive a tuned baseline under 40 % label noise?",
        "scope": SCOPE,
        "sections": tuple(SectionText(name=name, latex=latex) for name, latex in SECTIONS.items()),
        "facts": facts(), "claims": claims(), "verdict": verdict(), "plan": plan(),
        "registration": registration(), "tree": tree(), "settings": settings(), "references": references(),
        "figures": (figure("learning-curves", curves), figure("effects", effects)),
        "exploration_figures": (figure("exploration", explored),),
        "knobs": tuple(KnobRow(name=n, label=label, default=default) for n, label, default in KNOBS),
        "provenance": Provenance(author="scripted", version="0.1.0", seed=0, sandbox="bubblewrap", template="digits",
                                 command="shoal run digits --idea dropout"),
        "arm_labels": LABELS,
    }  # fmt: skip
    return PaperIn(**{**fields, **changes})


def code_study(**changes: Any) -> PaperIn:
    """A code idea with three ablations, long names and a diff with long lines, braces and non-ASCII characters."""
    frozen = ARMS["treatment"]
    extra = tuple(
        Arm(
            name=f"without-{part}",
            role="ablation",
            change=Change.of(frozen),
            code_hash=sha256_of(part),
            tuning_trials=0,
        )
        for part in ("neighbour-agreement", "warm-up", "re-weighting")
    )
    pairs = tuple(Comparison(treatment="treatment", comparator=arm.name, family="ablation") for arm in extra)
    made = plan().model_copy(update={"arms": plan().arms + extra, "comparisons": plan().comparisons + pairs})
    found = list(facts().items)
    for arm in extra:
        values = scores()["treatment"] - 0.003
        difference = scores()["treatment"] - values + np.linspace(-0.004, 0.004, N)
        found += [
            _mean_fact(
                f"arm.{arm.name}.mean",
                f"mean test accuracy {arm.name}",
                values,
                (arm.name,),
                "mean over replicates",
            ),
            _mean_fact(
                f"effect.{arm.name}.mean",
                f"treatment minus {arm.name}",
                difference,
                ("treatment", arm.name),
                "mean of paired differences",
            ),
            _plain(
                f"comparison.{arm.name}.p",
                "one-sided sign-flip p",
                0.0004,
                "probability",
                "share of sign flips",
                4,
                n=N,
            ),
            _plain(
                f"comparison.{arm.name}.holm",
                "Holm-adjusted p",
                0.0312,
                "probability",
                "two-sided p of the paired t, by Holm",
                4,
                n=N,
            ),
        ]
    added = [
        f"+        agreement_{n} = (labels[neighbours[{n}]] == labels[:, None]).mean(axis=1) ** {{'α': 0.5, 'β': 1.0}}['α']  # {n} % of votes ≥ ½"
        for n in range(40)
    ]
    diff = "\n".join(
        [
            "--- a/experiment.py",
            "+++ b/experiment.py",
            "@@ -98,4 +98,44 @@ def train(knobs, replicate):",
            " \tlabels = nearest(images, labels)",
            *added,
            "-    weights = np.ones(len(labels))  # \\frac{1}{2} $x$ & #1 ~ ^",
        ]
    )
    labels = {"treatment": "agreement weighting with warm-up"} | {
        a.name: a.name.replace("-", " ") for a in extra
    }
    return study(
        **{
            "title": "Does weighting each example by the agreement of its nearest neighbours survive a baseline that was tuned as carefully?",
            "plan": made,
            "facts": Facts(items=tuple(found)),
            "code_diff": diff,
            "arm_labels": LABELS | labels,
            "provenance": Provenance(
                author="openai:gpt-5.5-mini", version="0.1.0", seed=3, sandbox="docker", template="digits"
            ),
            "notes": ("Its text was audited twice; nothing was left out.",),
            **changes,
        }
    )


def sources(paper: PaperIn) -> dict[str, bytes]:
    """Every file that TeX needs."""
    from agent.latex.render import render

    return {**render(paper).files(), **{f"figures/{name}": pdf for name, pdf in drawings().items()}}
