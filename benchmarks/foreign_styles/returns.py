# ruff: noqa: E501  (lines of the drawn papers stay whole)
r"""A style of other systems' papers: reinforcement learning, environments as rows, returns in thousands.

Grouped thousands (`4,812`, `4\,812`, `\num{4812}`), S columns, standard errors, scores normalised by random and
expert play, steps to a threshold in millions, hours for seconds, factors in words; results are run folders
with means, standard errors and raw values, or one JSON by environment. Knows nothing of the audit.
"""

from __future__ import annotations

import json
import random
import statistics
from dataclasses import dataclass

from foreign_papers import Paper

from foreign_styles.sheet import Form, Sheet, fixed, grouped, listed, thin

WORLDS = (
    ("HalfCheetah", "halfcheetah", 4000, 11500),
    ("Hopper", "hopper", 900, 3500),
    ("Walker2d", "walker2d", 1500, 5200),
    ("Ant", "ant", 1200, 6200),
    ("Humanoid", "humanoid", 800, 6000),
)
BASES = (
    ("SAC", "soft actor-critic"),
    ("TD3", "twin delayed DDPG"),
    ("PPO", "proximal policy optimisation"),
    ("REDQ", "ensembles of Q-functions"),
)
OURS = (("LagQ", "lagged critics"), ("SwiftAC", "actor updates on surprise"))
STEP = "steps_to_threshold"
KEYS = ("final_return", "normalized_score", STEP, "wall_clock_s")


@dataclass
class Study:
    """One drawn study."""

    sheet: Sheet
    worlds: list[tuple[str, str, int, int]]
    methods: list[tuple[str, str]]
    """Name and description, the proposed one last."""
    seeds: int
    form: Form
    """How returns are printed."""
    number: bool
    """Whether returns stand in \\num{}."""

    def names(self) -> list[str]:
        """All methods."""
        return [name for name, _ in self.methods]

    def mean(self, name: str, world: str, metric: str) -> float:
        """The mean over seeds."""
        return self.sheet.mean((name, world, metric))

    def value(self, name: str, world: str, metric: str, form: Form, factor: float = 1.0) -> str:
        """A mark for a mean."""
        right = self.mean(name, world, metric) * factor
        near = [self.mean(other, world, metric) * factor for other in self.names() if other != name]
        near += [self.mean(name, other[1], metric) * factor for other in self.worlds if other[1] != world]
        return self.sheet.put(right, form, "value", near)

    def score(self, name: str, world: str) -> str:
        """A mark for a return, as this paper writes returns."""
        mark = self.value(name, world, "final_return", fixed(0) if self.number else self.form)
        return rf"\num{{{mark}}}" if self.number else mark

    def error(self, name: str, world: str, metric: str, form: Form, factor: float = 1.0) -> str:
        """A mark for a standard error."""

        def of(key: str) -> float:
            return self.sheet.error((key, world, metric)) * factor

        others = [of(other) for other in self.names() if other != name]
        return self.sheet.put(of(name), form, "spread", others, low=of(name) * 0.2, high=of(name) * 3)


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"returns {seed}")
    form, number = rng.choice(((grouped, False), (thin, False), (fixed(0), False), (fixed(0), True)))
    methods = [*rng.sample(BASES, 3), rng.choice(OURS)]
    study = Study(
        Sheet(rng), rng.sample(WORLDS, rng.choice((3, 4))), methods, rng.choice((5, 8)), form, number
    )
    _fill(study)
    ours = study.names()[-1]
    tables = [_returns(study), _normalised(study)]
    body = [
        _abstract(study),
        _setup(study),
        r"\section{Results}",
        *tables,
        _prose(study),
        _cost(study),
        _appendix(study),
    ]
    head = [
        r"\documentclass{article}",
        r"\usepackage{booktabs,multirow,siunitx}",
        r"\begin{document}",
        rf"\title{{{ours}: Steadier Critics for Continuous Control}}",
        r"\maketitle",
    ]
    latex = "\n".join(head) + "\n" + "\n\n".join(body) + "\n\\end{document}\n"
    results = rng.choice((_runs, _named_runs, _by_world))(study)
    return Paper(f"returns {seed}", latex, study.sheet.marks, results)


def _fill(study: Study) -> None:
    rng = study.sheet.rng
    for _, world, low, high in study.worlds:
        for place, name in enumerate(study.names()):
            ours = place == len(study.methods) - 1
            level = rng.uniform(0.75, 1.0) if ours else rng.uniform(0.35, 0.9)
            centre = low + level * (high - low)
            cell = (name, world, "final_return")
            study.sheet.fill(cell, centre, (high - low) * rng.uniform(0.01, 0.05), study.seeds)
            base, expert = low * 0.1, high * 1.05
            study.sheet.raw[name, world, "normalized_score"] = [
                (value - base) / (expert - base) for value in study.sheet.raw[cell]
            ]
            steps = rng.uniform(0.5e6, 2.6e6)
            study.sheet.fill((name, world, STEP), steps, steps * 0.05, study.seeds)
            seconds = rng.uniform(2, 14) * 3600
            study.sheet.fill((name, world, "wall_clock_s"), seconds, seconds * 0.03, study.seeds)


def _average(study: Study, name: str) -> float:
    return statistics.fmean(study.mean(name, world[1], "normalized_score") for world in study.worlds)


def _average_mark(study: Study, name: str, form: Form, factor: float) -> str:
    others = [_average(study, other) * factor for other in study.names() if other != name]
    return study.sheet.put(_average(study, name) * factor, form, "average", others)


def _abstract(study: Study) -> str:
    rng, sheet, ours = study.sheet.rng, study.sheet, study.names()[-1]
    world = rng.choice(study.worlds)
    other = rng.choice(study.names()[:-1])
    ratio = study.mean(other, world[1], STEP) / study.mean(ours, world[1], STEP)
    ratios = [
        study.mean(k, world[1], STEP) / study.mean(ours, world[1], STEP)
        for k in study.names()[:-1]
        if k != other
    ]
    if ratio < 1:
        ratio, ratios = 1 / ratio, [1 / r for r in ratios]
        words = f"{sheet.put(ratio, fixed(1), 'ratio', ratios, low=1.1, high=4.5)}$\\times$ more environment steps than {other}"
    else:
        words = f"{sheet.put(ratio, fixed(1), 'ratio', ratios, low=1.1, high=4.5)}$\\times$ fewer environment steps than {other}"
    return "\n".join(
        (
            r"\begin{abstract}",
            f"Off-policy critics chase a moving target. {ours} delays it. On {world[0]} it needs {words} to reach the threshold,",
            f"with a final return of {study.score(ours, world[1])}.",
            r"\end{abstract}",
        )
    )


def _setup(study: Study) -> str:
    fact = study.sheet.fact
    word = {5: "five", 8: "eight"}[study.seeds]
    return "\n".join(
        (
            r"\section{Setup}",
            rf"We train for {fact('3', 'setting')} million steps on {len(study.worlds)} MuJoCo tasks \citep{{todorov{fact('2012', 'structural')}}}, with discount",
            rf"$\gamma = {fact('0.99', 'setting')}$, target rate $\tau={fact('0.005', 'setting')}$, a replay buffer of $10^{{{fact('6', 'setting')}}}$ transitions,",
            rf"batches of {fact('256', 'setting')} and networks with two hidden layers of {fact('256', 'setting')} units. Every {fact('5,000', 'setting')} steps we",
            rf"evaluate {fact('10', 'setting')} episodes of at most {fact('1000', 'setting')} steps. Results are means $\pm$ one standard error over {word} seeds.",
            r"The normalised score is $(R - R_\text{random}) / (R_\text{expert} - R_\text{random})$; a score of "
            + fact("1", "structural")
            + r" equals the expert.",
        )
    )


def _returns(study: Study) -> str:
    rng = study.sheet.rng
    spread = rng.random() < 0.7
    transposed = rng.random() < 0.4
    names, worlds = study.names(), study.worlds

    def cell(name: str, world: tuple[str, str, int, int]) -> str:
        best = max(names, key=lambda key: study.mean(key, world[1], "final_return"))
        score = study.score(name, world[1])
        if spread:
            error = study.error(name, world[1], "final_return", fixed(0))
            inner = rf"{score} \pm {error}"
        else:
            inner = score
        return rf"$\mathbf{{{inner}}}$" if name == best else f"${inner}$"

    if transposed:
        head = ["Method", *(world[0] for world in worlds)]
        rows = [[name, *(cell(name, world) for world in worlds)] for name in names]
    else:
        head = ["Environment", *names]
        rows = [[world[0], *(cell(name, world) for name in names)] for world in worlds]
    caption = (
        "Final return"
        + (r", mean $\pm$ standard error" if spread else ", mean over seeds")
        + ". Higher is better."
    )
    return _table(caption, "tab:returns", "l" + "r" * (len(head) - 1), [head], rows, first=rng.random() < 0.5)


def _normalised(study: Study) -> str:
    """Normalised scores and steps side by side, under spanning headers, S columns."""
    rng, names = study.sheet.rng, study.names()
    percent = rng.random() < 0.5
    factor, form = (100.0, fixed(1)) if percent else (1.0, fixed(2))
    unit = r" (\%)" if percent else ""
    count = len(study.worlds)
    tops = [
        "",
        rf"\multicolumn{{{count}}}{{c}}{{Normalised score{unit} $\uparrow$}}",
        rf"\multicolumn{{{count}}}{{c}}{{Steps to threshold ($\times 10^6$) $\downarrow$}}",
    ]
    seconds = [r"\textbf{Method}", *(rf"{{{world[0]}}}" for world in study.worlds * 2)]
    rows = []
    for name in names:
        cells = [name]
        cells += [study.value(name, world[1], "normalized_score", form, factor) for world in study.worlds]
        cells += [study.value(name, world[1], STEP, fixed(2), 1e-6) for world in study.worlds]
        rows.append(cells)
    spec = "l" + f"S[table-format={'2.1' if percent else '1.2'}]" * count + "S[table-format=1.2]" * count
    rule = rf"\cmidrule(lr){{2-{count + 1}}}\cmidrule(lr){{{count + 2}-{2 * count + 1}}}"
    return _table(
        "Normalised scores and sample efficiency.",
        "tab:norm",
        spec,
        [tops, seconds],
        rows,
        first=False,
        rule=rule,
    )


def _table(
    caption: str,
    label: str,
    spec: str,
    heads: list[list[str]],
    rows: list[list[str]],
    *,
    first: bool,
    rule: str = "",
) -> str:
    note = rf"\caption{{{caption}}}" + "\n" + rf"\label{{{label}}}"
    top = [" & ".join(head) + r" \\" for head in heads]
    if rule:
        top.insert(1, rule)
    lines = [
        r"\begin{tabular}{" + spec + "}",
        r"\toprule",
        *top,
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
    ]
    body = [note, *lines] if first else [*lines, note]
    return "\n".join([r"\begin{table}[t]", r"\centering", *body, r"\end{table}"])


def _prose(study: Study) -> str:
    rng = study.sheet.rng
    options = [_reach, _thousand, _average_words, _lists, _gain, _factor, _steps, _improves]
    picked = rng.sample(options, 6)
    return "\n".join(
        [
            r"Table~\ref{tab:returns} and Table~\ref{tab:norm} give the results.",
            *(option(study) for option in picked),
        ]
    )


def _two(study: Study, metric: str = "final_return") -> tuple[str, str, tuple[str, str, int, int]]:
    """A higher and a lower method, and an environment."""
    rng = study.sheet.rng
    world = rng.choice(study.worlds)
    a, b = rng.sample(study.names(), 2)
    if study.mean(a, world[1], metric) < study.mean(b, world[1], metric):
        a, b = b, a
    return a, b, world


def _reach(study: Study) -> str:
    a, b, world = _two(study)
    error = study.error(a, world[1], "final_return", fixed(0))
    return rf"On {world[0]}, {a} reaches ${study.score(a, world[1])} \pm {error}$, whereas {b} stays at ${study.score(b, world[1])}$."


def _thousand(study: Study) -> str:
    a, b, world = _two(study)
    marks = [study.value(name, world[1], "final_return", fixed(1), 1e-3) for name in (b, a)]
    return f"The return on {world[0]} goes from {marks[0]}k ({b}) to {marks[1]}k ({a})."


def _average_words(study: Study) -> str:
    rng = study.sheet.rng
    a, b = rng.sample(study.names(), 2)
    return (
        f"The normalised score, averaged over environments, is {_average_mark(study, a, fixed(2), 1)} for {a} and "
        f"{_average_mark(study, b, fixed(2), 1)} for {b}."
    )


def _lists(study: Study) -> str:
    rng = study.sheet.rng
    name = rng.choice(study.names())
    scores = listed([study.score(name, world[1]) for world in study.worlds])
    return (
        f"{name} obtains returns of {scores} on {listed([world[0] for world in study.worlds])}, respectively."
    )


def _gain(study: Study) -> str:
    a, b, world = _two(study)

    def gain(x: str, y: str) -> float:
        return (study.mean(x, world[1], "final_return") / study.mean(y, world[1], "final_return") - 1) * 100

    others = [abs(gain(other, b)) for other in study.names() if other not in (a, b)]
    mark = study.sheet.put(gain(a, b), fixed(0), "percentage", others, low=1, high=max(60, gain(a, b) * 1.7))
    return rf"Relative to {b}, {a} improves the return on {world[0]} by {mark}\%."


def _factor(study: Study) -> str:
    a, b, world = _two(study, STEP)

    def ratio(x: str, y: str) -> float:
        return study.mean(x, world[1], STEP) / study.mean(y, world[1], STEP)

    others = [max(ratio(other, b), ratio(b, other)) for other in study.names() if other not in (a, b)]
    mark = study.sheet.put(ratio(a, b), fixed(1), "ratio", others, low=1.1, high=4.5)
    return f"{b} crosses the {world[0]} threshold {mark}x faster than {a}."


def _steps(study: Study) -> str:
    a, b, world = _two(study, STEP)
    marks = [study.value(name, world[1], STEP, fixed(2), 1e-6) for name in (b, a)]
    return f"{b} needs {marks[0]}M steps on {world[0]}, compared with {marks[1]}M for {a}."


def _improves(study: Study) -> str:
    a, b, world = _two(study)

    def gap(x: str, y: str) -> float:
        return abs(study.mean(x, world[1], "final_return") - study.mean(y, world[1], "final_return"))

    others = [gap(other, b) for other in study.names() if other not in (a, b)]
    mark = study.sheet.put(gap(a, b), study.form, "difference", others, low=20, high=gap(a, b) * 2 + 100)
    return f"The gap between {a} and {b} on {world[0]} is {mark}."


def _cost(study: Study) -> str:
    rng = study.sheet.rng
    world = rng.choice(study.worlds)
    names = rng.sample(study.names(), 2)
    marks = [study.value(name, world[1], "wall_clock_s", fixed(1), 1 / 3600) for name in names]
    fact = study.sheet.fact
    return "\n".join(
        (
            r"\section{Cost}",
            f"A run of {names[0]} on {world[0]} takes {marks[0]} hours of wall-clock time, one of {names[1]} {marks[1]} hours,",
            f"on one machine with {fact('16', 'setting')} cores\\footnote{{An AMD EPYC {fact('7543', 'structural')} with {fact('64', 'setting')}\\,GB of memory.}}.",
        )
    )


def _appendix(study: Study) -> str:
    fact = study.sheet.fact
    rows = [
        ["Discount $\\gamma$", fact("0.99", "setting")],
        ["Learning rate", rf"$3 \times 10^{{-{fact('4', 'setting')}}}$"],
        ["Replay size", fact("1,000,000", "setting")],
        ["Hidden units", f"({fact('256', 'setting')}, {fact('256', 'setting')})"],
        ["Target entropy", r"$-\dim(\mathcal{A})$"],
        ["Delay $d$", f"{fact('2', 'setting')}"],
    ]
    table = _table("Hyperparameters.", "tab:hyper", "lr", [["Parameter", "Value"]], rows, first=True)
    return "\n".join(
        (r"\appendix", r"\section{Details}", r"Table~\ref{tab:hyper} lists all hyperparameters.", table)
    )


def _info(study: Study, name: str) -> str:
    sheet = study.sheet
    return json.dumps(
        {
            world: {
                "means": {f"{metric}_mean": sheet.mean((name, world, metric)) for metric in KEYS},
                "stderrs": {f"{metric}_stderr": sheet.error((name, world, metric)) for metric in KEYS},
                "final_info_dict": {metric: sheet.raw[name, world, metric] for metric in KEYS},
            }
            for _, world, _, _ in study.worlds
        }
    )


def _runs(study: Study) -> dict[str, str]:
    """AI Scientist's folders: run_0 and on, named in notes.txt."""
    files = {f"run_{i}/final_info.json": _info(study, name) for i, name in enumerate(study.names())}
    notes = ["# Title: steadier critics", "# Experiment description: run_0 is the first baseline", ""]
    for i, (name, words) in enumerate(study.methods):
        notes += [f"## Run {i}: {name}", f"Description: {words}, default settings.", ""]
    files["notes.txt"] = "\n".join(notes)
    return files


def _named_runs(study: Study) -> dict[str, str]:
    return {f"{name.lower()}/final_info.json": _info(study, name) for name in study.names()}


def _by_world(study: Study) -> dict[str, str]:
    sheet = study.sheet
    return {
        f"{world}.json": json.dumps(
            {
                name.lower(): {
                    metric: {
                        "mean": sheet.mean((name, world, metric)),
                        "stderr": sheet.error((name, world, metric)),
                        "per_seed": sheet.raw[name, world, metric],
                    }
                    for metric in KEYS
                }
                for name in study.names()
            },
            indent=2,
        )
        for _, world, _, _ in study.worlds
    }
