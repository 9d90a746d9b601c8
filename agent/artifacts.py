"""The nouns of a study: what the stages hand to each other.

Frozen pydantic models without I/O. A hashed artifact holds no time, duration, cost, host name or cache
flag, so the same study gives the same bytes anywhere. `Outcome` is the one exception: it is kept beside
a `Result` and never hashed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

Split = Literal["dev", "test", "none"]
"""`none` is the split of templates that score themselves."""
Goal = Literal["maximize", "minimize"]
Status = Literal["ok", "invalid", "crashed", "timeout", "out_of_memory", "disk_full"]
OutcomeStatus = Literal["ok", "crashed", "timeout", "out_of_memory", "disk_full"]
Role = Literal["baseline", "treatment", "ablation", "control"]
Family = Literal["verdict", "ablation", "descriptive"]
Word = Literal["supported", "refuted", "inconclusive"]
Scalar = bool | int | float | str
Gate = Literal["idea", "plan", "paper"]
"""Where a run may wait for a person, in this order."""
Act = Literal["hint", "prune", "pin"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


def _unset(value: Any) -> bool:
    """Whether a field that came later holds nothing: it is then left out, so that older hashes stay."""
    return not value


def canonical_json(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, no NaN or infinity.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Any) -> str:
    """Hex sha256 of the canonical JSON of `value` (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def hash_files(files: Mapping[str, bytes]) -> str:
    """Hex sha256 over relative paths and contents, in the order of the paths."""
    return sha256_of({path: hashlib.sha256(content).hexdigest() for path, content in files.items()})


class Artifact(BaseModel):
    """A frozen record; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @property
    def hash(self) -> str:
        """Hex sha256 of the canonical JSON of all fields."""
        return sha256_of(self.model_dump(mode="json"))


# ---------------------------------------------------------------------------------------- variants


class KnobValue(Artifact):
    """One knob set to one value."""

    name: str
    value: Scalar


class Edit(Artifact):
    """One search/replace edit; `search` must occur exactly once in `file`."""

    file: str
    """Path relative to the template folder; one of its editable files."""
    search: str
    replace: str


class Change(Artifact):
    """What distinguishes a variant from the template's defaults."""

    knobs: tuple[KnobValue, ...] = ()
    """Sorted by name; knobs not named here keep their defaults."""
    edits: tuple[Edit, ...] = ()
    """Applied in order."""

    @field_validator("knobs")
    @classmethod
    def _sorted_by_name(cls, knobs: tuple[KnobValue, ...]) -> tuple[KnobValue, ...]:
        ordered = tuple(sorted(knobs, key=lambda knob: knob.name))
        if len({knob.name for knob in ordered}) != len(ordered):
            raise ValueError("a knob is set twice")
        return ordered

    @classmethod
    def of(cls, knobs: Mapping[str, Scalar], edits: Iterable[Edit] = ()) -> Change:
        """Build a change from a mapping of knob names to values."""
        return cls(knobs=tuple(KnobValue(name=k, value=v) for k, v in knobs.items()), edits=tuple(edits))

    def values(self) -> dict[str, Scalar]:
        """The knobs as a mapping."""
        return {knob.name: knob.value for knob in self.knobs}


class Limits(Artifact):
    """What one sandboxed job may use."""

    wall_s: float = Field(gt=0)
    """Seconds of wall-clock time."""
    cpus: int = Field(default=1, ge=1)
    """Whole cores; also the number of threads the job is told to use."""
    mem_mb: int = Field(default=512, ge=16)
    """MiB of memory, swap excluded."""
    out_mb: int = Field(default=16, ge=1)
    """MiB of files under /out."""
    out_files: int = Field(default=200, ge=1)
    """Number of files under /out."""
    tmp_mb: int = Field(default=16, ge=1)
    """MiB of files under /tmp."""
    pids: int = Field(default=64, ge=1)
    """Processes and threads at one time."""


# ---------------------------------------------------------------------------------------- a run as a whole


class Run(Artifact):
    """`run.json`: the effective settings of a run, without keys."""

    name: Id
    graph_version: int
    template: str
    """The template as it was named: its folder's name."""
    regime: str
    scope: str
    model: str
    """`scripted`, or `provider:name`."""
    seed: int
    ideas: int
    """M, the number of ideas, fixed at the start: it sets α*."""
    asked: str | None
    """A knob that the user asked about, or None."""
    brought: Idea | None
    """The idea that the user brought, or None."""
    explore: int
    """N, candidates per arm."""
    replicates: int | None
    """n if the user set it."""
    lag: int
    reviewers: int
    pdf: bool
    fresh: bool
    """Known results of other runs are not reused."""
    sandbox: Literal["docker", "bubblewrap", "none"]
    data_hash: str
    pool: str
    pool_count: int
    """K, registrations on the pool when the run started."""
    template_hash: str
    environment_hash: str
    archive_hash: str
    approve: tuple[Gate, ...] = Field(default=(), exclude_if=_unset)
    """What a person wants to approve before the run goes on."""
    plan: BroughtPlan | None = Field(default=None, exclude_if=_unset)
    """The plan that a person brought with the idea, or None."""
    style: str = Field(default="", exclude_if=_unset)
    """How papers look: `twocolumn` or the folder of a venue's files; empty for one column."""


class ArchivedStudy(Artifact):
    """What later ideation may know of a finished study: words and exploring findings, no test numbers."""

    run: Id
    idea: Id
    template: str
    regime: str
    title: str
    hypothesis: str
    treated: Treatment
    word: Word | Literal["none", "rejected"]
    """`none` where exploring found nothing to confirm, `rejected` where a person ended it."""
    explored: str
    """What exploring found, in words with dev scores, or why the idea ended before that."""


class Archive(Artifact):
    """The finished studies of the workspace when a run started."""

    studies: tuple[ArchivedStudy, ...] = ()


class Ideas(Artifact):
    """The ideas of a run in the order of their ranking; the first M go on."""

    items: tuple[Idea, ...]
    parents: tuple[str, ...] = ()
    hints: tuple[str, ...] = Field(default=(), exclude_if=_unset)
    """What a person said before they were proposed."""


# ------------------------------------------------------------------------------------ from idea to plan


class KnobTreatment(Artifact):
    """The idea changes the value of one knob."""

    kind: Literal["knob"] = "knob"
    knob: str


class CodeTreatment(Artifact):
    """The idea changes the experiment's code."""

    kind: Literal["code"] = "code"
    what: str
    """One or two sentences: which mechanism is added, and where."""


Treatment = Annotated[KnobTreatment | CodeTreatment, Field(discriminator="kind")]


class Score(Artifact):
    """A ranking score of an idea before anything was run."""

    name: str
    value: float


class Idea(Artifact):
    """A hypothesis that a study can support or refute."""

    id: Id
    title: str
    hypothesis: str
    treated: Treatment
    prediction: str
    """What should be observed if the hypothesis holds."""
    refuted_if: str
    """The observation that would refute it."""
    origin: Literal["scripted", "model", "human"]
    novelty: str
    """What was looked up about novelty and found; "not assessed" where nothing was."""
    scores: tuple[Score, ...] = ()
    parents: tuple[str, ...] = ()
    """Hashes of the template and the archive snapshot that it came from."""
    edits: tuple[Edit, ...] = Field(default=(), exclude_if=_unset)
    """The code that a person brought; empty where a model is to write it."""
    deciding: tuple[Literal["control"], ...] = Field(default=(), exclude_if=_unset)
    """Comparators that a person wants to decide beside those that always do."""


class Scored(Artifact):
    """One exploring trial of a candidate, on the dev split."""

    replicate: int
    trial: Id
    status: Status
    score: float | None
    """The primary metric in its own unit; None for a failure."""


class Candidate(Artifact):
    """A variant tried while exploring."""

    arm: str
    index: int
    """Position in its arm, from 0; configuration 0 is the template's defaults."""
    change: Change
    code_hash: str
    origin: Literal["default", "random", "edit", "brought"]
    parent: int | None = None
    """Index in the same arm of the candidate whose code this one edits."""
    note: str = ""
    """What the edit does, in its author's words; empty for configurations."""
    trials: tuple[Scored, ...] = ()


class Steering(Artifact):
    """What a person asks of a running exploration, as it was given."""

    act: Act
    idea: Id | None
    """The idea it is meant for; None for every idea of the run."""
    node: str = ""
    """What is pruned or pinned, such as `t3`; empty for a hint."""
    text: str = ""
    """The hint; empty otherwise."""


class Steered(Artifact):
    """A person's wish with the choice from which it took effect."""

    act: Act
    node: str = ""
    text: str = ""
    choice: int
    """The first choice of the exploration that knew it, from 0."""
    read: bool = True
    """False for a hint that no language model saw."""


class Winner(Artifact):
    """The candidate that goes on for an arm."""

    arm: str
    index: int
    mean: float
    """Mean dev score over exploring replicates 1–4, in the metric's unit; failures count as `worst`."""
    standard_error: float
    replicates: int
    """Number of re-run replicates behind the mean."""


class Tree(Artifact):
    """Everything an exploration tried for one idea. Nothing in here may be reported as a result."""

    idea: Id
    per_arm: int
    """N, the number of candidates of the baseline arm; re-runs are not counted."""
    lag: int
    candidates: tuple[Candidate, ...]
    winners: tuple[Winner, ...]
    parents: tuple[str, ...] = ()
    steering: tuple[Steered, ...] = Field(default=(), exclude_if=_unset)
    """What people said while it went on, in the order in which it was taken up."""
    brought: bool = Field(default=False, exclude_if=_unset)
    """Nothing was searched: a person brought one configuration for each arm, each tried for its spread."""


class Arm(Artifact):
    """One frozen configuration of a plan."""

    name: str
    role: Role
    change: Change
    code_hash: str
    tuning_trials: int
    """Exploring candidates that this arm was chosen from; re-runs are not counted."""
    declared: bool = Field(default=False, exclude_if=_unset)
    """A person brought the arm and declares that number; nothing here counted it."""


class Comparison(Artifact):
    """Treatment minus comparator, paired by replicate."""

    treatment: str
    comparator: str
    family: Family


class Plan(Artifact):
    """What will be tested, frozen before the first confirming trial."""

    id: Id
    idea: Id
    version: int
    kind: Literal["primary", "additional"]
    hypothesis: str
    arms: tuple[Arm, ...]
    comparisons: tuple[Comparison, ...]
    metric: str
    goal: Goal
    sesoi: float = Field(gt=0)
    """Δ, the smallest effect of interest, in the metric's unit."""
    worst: float
    """What a failed treatment trial counts as, in the metric's unit."""
    alpha: float
    """One-sided level α* of each verdict comparison."""
    n: int
    """Confirming replicates."""
    excluded: tuple[int, ...] = ()
    """Confirming replicates that this study has used already."""
    interval: Literal["t"] = "t"
    parents: tuple[str, ...] = ()
    """Hashes of the idea and the tree."""

    def content_key(self) -> bytes:
        """Key of the order of replicates: what is tested, without names and wording.

        `parents` is left out with id, idea, version and hypothesis: it changes with the wording, and a
        reworded hypothesis must not draw other replicates.
        """
        content = self.model_dump(mode="json", exclude={"id", "idea", "version", "hypothesis", "parents"})
        return bytes.fromhex(sha256_of(content))


class Power(Artifact):
    """What the plan could show, computed before it was registered."""

    sd_upper: float
    """Upper 80 % limit of the SD of the paired difference, in the metric's unit (Browne 1995)."""
    replicates_shared: int
    """k, the exploring replicates that both winners share."""
    supported_at_two_sesoi: float
    """P(supported) if the true effect is 2Δ."""
    refuted_at_zero: float
    """P(refuted) if the true effect is 0."""
    n_default: int
    """n before it was raised for power."""
    informative: bool
    """One of the two probabilities reaches one half."""


class Registration(Artifact):
    """A plan's entry in the ledger with the replicates it will use."""

    plan_hash: str
    replicates: tuple[int, ...]
    """Confirming replicates, in the order derived from the plan's content."""
    pool: str
    """Hash of the test inputs and answers."""
    number: int
    """This is registration `number` of `total` on the pool, as counted at the run's start."""
    total: int
    budget: int
    """`registrations` of the template: beyond it the pool is exhausted."""
    exhausted: bool
    power: Power


# -------------------------------------------------------------------------------------- people in the loop


class BroughtArm(Artifact):
    """One configuration of a plan that a person brought."""

    role: Role
    label: str
    """What its owner calls it."""
    change: Change
    tuning_trials: int
    """Configurations it was chosen from, as its owner declares."""


class BroughtPlan(Artifact):
    """What a person wants tested as it stands, without a search."""

    arms: tuple[BroughtArm, ...]
    """One treatment, one baseline, a control or none, and at most three ablations."""
    control: Family | None
    """What the comparison with the control is for; None without one."""
    sesoi: float | None = Field(default=None, gt=0)
    """Δ in the metric's unit, where it is not the template's."""


class Draft(Artifact):
    """A plan that was drawn up and waits for a person before it is registered."""

    plan: Plan
    power: Power
    left: int
    """Confirming replicates that the study has not used: n can be no larger."""


class Approval(Artifact):
    """A person's answer at a gate."""

    idea: Id
    gate: Gate
    of: str
    """Hash of the Idea, Draft or Paper as the person saw it; for another one it does not count."""
    answer: Literal["approved", "rejected"]
    why: str = ""
    revised: Idea | None = None
    """The idea as the person changed it."""
    n: int | None = None
    """Confirming replicates, where the person changed them."""
    without: tuple[str, ...] = ()
    """Arms beside treatment and baseline that the person took out of the plan."""


class Ending(Artifact):
    """Why an idea ended before it had a verdict, or before its paper was approved."""

    idea: Id
    stage: str
    reason: str
    rejected: bool
    """A person ended it; otherwise there was nothing to confirm."""


# ------------------------------------------------------------------------------------- trials and results


class Trial(Artifact):
    """One execution of one variant on one replicate and split; its id is the hash of its fields."""

    template_hash: str
    """Evaluator, read-only code, metrics and the evaluator's environment and limits."""
    data_hash: str
    """Prepared data of one regime."""
    code_hash: str
    """Editable files after the edits."""
    knobs: tuple[KnobValue, ...]
    """All knobs of the template, defaults included."""
    replicate: int
    split: Split
    limits: Limits
    environment_hash: str
    """Python, architecture, wheels and the numeric kernel of the experiment's environment."""

    @property
    def id(self) -> str:
        """The first 40 hex digits of the hash."""
        return self.hash[:40]


class Measure(Artifact):
    """One metric of one trial."""

    name: str
    value: float


class Curve(Artifact):
    """A learning curve from the evaluator, over predictions saved at checkpoints."""

    metric: str
    x_name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


class Result(Artifact):
    """What a trial came to. A failure has no number."""

    trial: Id
    status: Status
    reason: str = ""
    """The evaluator's reason for `invalid`, or what limit was hit."""
    metrics: tuple[Measure, ...] = ()
    """Empty unless the status is ok."""
    scores_hash: str | None = None
    """Hash of the per-item scores, which the workspace keeps beside the results."""
    curves: tuple[Curve, ...] = ()
    outputs_hash: str | None = None
    """Hash over the experiment's output files."""
    self_reported: bool = False
    """True where the experiment scored itself."""

    @model_validator(mode="after")
    def _a_failure_has_no_number(self) -> Result:
        if self.status != "ok" and (self.metrics or self.curves or self.scores_hash):
            raise ValueError(f"a trial that is {self.status} cannot have metrics")
        if self.status == "ok" and not self.metrics:
            raise ValueError("a trial that is ok needs metrics")
        return self

    def metric(self, name: str) -> float | None:
        """The value of a metric; None for a failed trial.

        Raises:
            KeyError: the trial is ok and has no such metric.
        """
        if self.status != "ok":
            return None
        return {m.name: m.value for m in self.metrics}[name]


class Scores(Artifact):
    """Per-item scores of one trial, by metric, in the order of the split's items."""

    values: dict[str, tuple[float, ...]]


class Outcome(Artifact):
    """How a sandboxed job ended. Kept beside a Result and never hashed."""

    status: OutcomeStatus
    exit_code: int | None
    """None where the job was killed before it could exit."""
    log_tail: str
    """The end of its standard output and error, mixed."""
    outputs: str | None
    """Folder that holds the collected files of /out; None where nothing was collected."""
    wall_s: float
    cpu_s: float
    peak_mb: float
    """Peak resident memory in MiB; 0 where it could not be measured."""
    limits_hit: tuple[str, ...] = ()
    """Names of the limits that ended or cut the job: wall_s, mem_mb, out_mb, out_files, pids …"""
    sandbox: str
    """docker, bubblewrap or none."""


# --------------------------------------------------------------------------------------------- evidence


class Fact(Artifact):
    """A measured or derived number that a paper may state."""

    name: str
    """Words joined by dots, such as `effect.baseline.mean`."""
    label: str
    """What the number is, in words that fit a table."""
    split: Split
    value: float
    unit: str
    """The metric's unit, `replicates`, `trials`, `probability` or empty."""
    low: float | None = None
    """Lower end of the interval, where there is one."""
    high: float | None = None
    level: float | None = None
    """Coverage of the interval, such as 0.95."""
    n: int | None = None
    """Replicates behind the value."""
    formula: str
    """How the value follows from trials or other facts."""
    arms: tuple[str, ...] = ()
    """Names of the plan's arms it speaks of."""
    metric: str = ""
    trials: tuple[Id, ...] = ()
    plan_hash: str | None = None
    digits: int = 3
    """Digits after the decimal point that the uncertainty allows."""


class Facts(Artifact):
    """All facts of one study."""

    items: tuple[Fact, ...]
    parents: tuple[str, ...] = ()

    def named(self, name: str) -> Fact:
        """The fact with this name.

        Raises:
            KeyError: there is none.
        """
        for fact in self.items:
            if fact.name == name:
                return fact
        raise KeyError(name)


class Claim(Artifact):
    """A statement that the facts license."""

    id: Id
    text: str
    """The statement, in its strongest licensed wording, with `\\fact{}` for each number."""
    wording: Literal["improves", "improves_by_at_least", "no_larger_than", "harmful", "undecided", "setting"]
    direction: Literal["better", "worse", "none"]
    facts: tuple[str, ...]
    arms: tuple[str, ...]
    metric: str
    scope: str


class Claims(Artifact):
    """All claims of one study."""

    items: tuple[Claim, ...]
    parents: tuple[str, ...] = ()


class ComparisonResult(Artifact):
    """One comparison with its interval; oriented so that larger is better for the treatment."""

    treatment: str
    comparator: str
    family: Family
    n: int
    mean: float
    sd: float
    low: float
    """L: lower end of the two-sided 1−2α* interval."""
    high: float
    """U: its upper end."""
    high_corrected: float
    """U′: upper limit at α*/C, which refutation uses."""
    p_sign_flip: float
    """One-sided exact sign-flip p; printed, never decisive."""
    disagrees: bool
    """(p ≤ α*) differs from (L > 0)."""
    p_holm: float | None = None
    """Holm-adjusted two-sided p within the ablation family."""
    variance: Literal["replicates", "two-way"]
    failures_treatment: int = 0
    failures_comparator: int = 0


class Verdict(Artifact):
    """The computed answer of a study."""

    word: Word
    comparisons: tuple[ComparisonResult, ...]
    reason: str
    qualifier: Literal["", "harmful", "real but too small"] = ""
    caps: tuple[str, ...] = ()
    """Reasons that capped the verdict at inconclusive."""
    n_to_settle: int | None = None
    """Replicates that would settle an inconclusive study; None where not computable or settled."""
    parents: tuple[str, ...] = ()


class Figure(Artifact):
    """A figure generated from facts and curves."""

    id: Id
    file: str
    """File name of the vector PDF, in the idea's figures folder."""
    caption: str
    """LaTeX, with `\\fact{}` for each number; says n and what the bands are."""
    sha256: str
    facts: tuple[str, ...] = ()


class Figures(Artifact):
    """All figures of one study."""

    items: tuple[Figure, ...]
    parents: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------ after the verdict


class TrialDifference(Artifact):
    """A registered trial that came to something else when it ran again."""

    arm: str
    replicate: int
    trial: Id
    recorded: str
    """Status and primary metric, as recorded."""
    again: str
    """The same of the trial that ran again."""


class EffectAgain(Artifact):
    """The mean effect of one comparison, recorded and of the trials that ran again."""

    comparator: str
    recorded: float
    """Oriented so that larger is better for the treatment, in the metric's unit."""
    again: float
    tolerance: float
    """The most that they may differ by, in the metric's unit; 0 where equality is due."""


class Reproduction(Artifact):
    """The registered trials of a primary plan run again on the same replicates; not counted in the ledger."""

    idea: Id
    number: int
    """From 1, in the order in which they ended."""
    plan_hash: str
    exact: bool
    """Equality was due: same data, code, packages, Python and numeric kernel."""
    otherwise: tuple[str, ...]
    """What was not that of the run, in words; empty where equality was due."""
    trials: int
    """Trials that ran again."""
    differing: tuple[TrialDifference, ...]
    effects: tuple[EffectAgain, ...]
    word: Word
    """The verdict's word of the trials that ran again."""
    passed: bool
    parents: tuple[str, ...] = ()


class ReplicatedEffect(Artifact):
    """One verdict comparison on fresh replicates, held against the limits that the first ones set."""

    comparator: str
    recorded: float
    """Mean of the primary plan, oriented so that larger is better for the treatment, in the metric's unit."""
    sd: float
    """Sample SD of the primary plan's differences."""
    n: int
    again: float
    """Mean over the fresh replicates."""
    n_again: int
    half_width: float
    """t·s·√(1/n + 1/n′): the new mean passes within the recorded one ± this."""
    passed: bool


class Replication(Artifact):
    """A study's verdict comparisons on fresh replicates: an additional plan, counted in the ledger."""

    idea: Id
    version: int
    """Of the additional plan."""
    plan_hash: str
    effects: tuple[ReplicatedEffect, ...]
    failures: int
    """Trials that ended without a score; they count as in a verdict."""
    passed: bool
    """Every effect passed."""
    parents: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------- paper and review


class Reference(Artifact):
    """A work that the paper may cite."""

    key: str
    title: str
    authors: tuple[str, ...]
    year: int
    venue: str = ""
    topics: tuple[str, ...] = ()
    """Knob names and topics that the work speaks to."""
    bibtex: str
    """The entry as it goes into references.bib."""
    status: Literal["found", "not_found", "unavailable"]
    source: str
    """Where it was looked up."""


class Finding(Artifact):
    """One thing that the audit holds against a paper."""

    rule: str
    file: str
    line: int
    column: int
    quotation: str
    reason: str


class Audit(Artifact):
    """What the audit of one round of a paper found."""

    passed: bool
    findings: tuple[Finding, ...]
    checked: tuple[str, ...]
    """Names of the rules that ran."""
    parents: tuple[str, ...] = ()


class PaperFile(Artifact):
    """One file of a paper with its hash."""

    path: str
    sha256: str


class SectionText(Artifact):
    """The text of one section as it was written, before binding."""

    name: str
    latex: str


class Paper(Artifact):
    """One round of a paper."""

    idea: Id
    round: int
    title: str
    sections: tuple[SectionText, ...]
    references: tuple[str, ...]
    """Keys of the cited works, in order."""
    files: tuple[PaperFile, ...]
    """Files beside this record, paper.pdf left out: TeX's version decides its bytes."""
    parents: tuple[str, ...] = ()
    repairs: tuple[str, ...] = Field(default=(), exclude_if=_unset)
    """Changes of the LaTeX that TeX needed, one line each; blocks that were left out among them."""


class Check(Artifact):
    """One computed answer about a study, such as "every registered trial has a Result"."""

    question: str
    passed: bool
    evidence: str


class Review(Artifact):
    """One reviewer's report on one round of a paper."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    checks: tuple[Check, ...]
    scores: tuple[Score, ...] = ()
    """Empty for a scripted checklist."""
    decision: Literal["accept", "reject", "none"]
    """`none` for a scripted checklist."""
    parents: tuple[str, ...] = ()


class MetaReview(Artifact):
    """What the panel came to."""

    summary: str
    decision: Literal["accept", "reject", "none"]
    scores: tuple[Score, ...] = ()
    """Means over the reviewers, computed."""
    reviews: tuple[str, ...]
    """Hashes of the reviews."""
    parents: tuple[str, ...] = ()
