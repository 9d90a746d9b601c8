# ruff: noqa: E501  (lines of the drawn papers stay whole)
r"""A style of other systems' papers: long-horizon forecasting, horizons as rows beneath each data set.

Multirow data sets with horizons 96 to 720 and an average row, MSE and MAE side by side under each model, an
ablation with check marks, a look-back table whose headers are levels, costs in thousands of parameters and
milliseconds; results are a wide CSV (one column by model and metric, or by metric and horizon) and nested
JSON. Written without sight of the audit's code; knows nothing of it.
"""

from __future__ import annotations

import csv
import io
import json
import random
import statistics
from dataclasses import dataclass

from foreign_papers import Paper

from foreign_styles.sheet import Sheet, fixed, listed

DATA = (
    ("ETTh1", "etth1", 0.37, 0.10),
    ("ETTm2", "ettm2", 0.17, 0.20),
    ("Weather", "weather", 0.15, 0.17),
    ("Electricity", "electricity", 0.13, 0.07),
    ("Traffic", "traffic", 0.39, 0.06),
)
BASES = (
    ("DLinear", "dlinear", 2020),
    ("PatchTST", "patchtst", 2021),
    ("Autoformer", "autoformer", 2019),
    ("N-BEATS", "nbeats", 2018),
)
OURS = (("TideMix", "tidemix"), ("RippleNet", "ripplenet"))
HORIZONS = ("96", "192", "336", "720")
LOOKS = ("96", "192", "336", "512")
VARIANTS = (
    ("full", (True, True, True)),
    ("no_norm", (False, True, True)),
    ("no_patch", (True, False, True)),
    ("no_mix", (True, True, False)),
    ("none", (False, False, False)),
)
KEYS = ("mse", "mae")
COSTS = ("params", "ms_per_step", "memory_mb")


@dataclass
class Study:
    """One drawn study."""

    sheet: Sheet
    data: list[tuple[str, str, float, float]]
    models: list[tuple[str, str]]
    """Name and key, the proposed one last."""
    years: list[int]
    probe: tuple[str, str, float, float]
    """The data set of ablation, look-back and costs."""
    seeds: int
    averaged: bool
    """Whether the main table has average rows."""

    def mean(self, model: str, where: str, metric: str) -> float:
        """The mean over seeds; `where` is `etth1/96`."""
        return self.sheet.mean((model, where, metric))

    def value(self, model: str, where: str, metric: str) -> str:
        """A mark for an error, three digits."""
        data, horizon = where.split("/")
        near = [self.mean(key, where, metric) for _, key in self.models if key != model]
        near += [self.mean(model, f"{data}/{other}", metric) for other in HORIZONS if other != horizon]
        near += [self.mean(model, f"{other[1]}/{horizon}", metric) for other in self.data if other[1] != data]
        return self.sheet.put(self.mean(model, where, metric), fixed(3), "value", near)

    def average(self, model: str, data: str, metric: str) -> float:
        """The mean over horizons."""
        return statistics.fmean(self.mean(model, f"{data}/{h}", metric) for h in HORIZONS)

    def average_mark(self, model: str, data: str, metric: str) -> str:
        """A mark for it."""
        others = [self.average(key, data, metric) for _, key in self.models if key != model]
        return self.sheet.put(self.average(model, data, metric), fixed(3), "average", others)


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"forecasting {seed}")
    data = rng.sample(DATA, rng.choice((2, 3)))
    bases = rng.sample(BASES, rng.choice((2, 3)))
    ours = rng.choice(OURS)
    models = [(name, key) for name, key, _ in bases] + [ours]
    study = Study(
        Sheet(rng),
        data,
        models,
        [year for *_, year in bases],
        rng.choice(data),
        rng.choice((3, 5)),
        rng.random() < 0.5,
    )
    _fill(study)
    body = [
        _abstract(study),
        _setup(study),
        _main(study),
        _prose(study),
        _ablation(study),
        _lookback(study),
        _costs(study),
        _appendix(study),
    ]
    head = [
        r"\documentclass[10pt]{article}",
        r"\usepackage{booktabs,multirow,amssymb}",
        r"\begin{document}",
        rf"\title{{{ours[0]}: Long-Horizon Forecasting by Mixing Scales}}",
        r"\maketitle",
    ]
    latex = "\n".join(head) + "\n" + "\n\n".join(body) + "\n\\end{document}\n"
    results = rng.choice((_by_model_column, _by_horizon_column, _nested))(study) | _side(study)
    return Paper(f"forecasting {seed}", latex, study.sheet.marks, results)


def _fill(study: Study) -> None:
    rng, sheet = study.sheet.rng, study.sheet
    for _, data, low, slope in study.data:
        for place, (_, model) in enumerate(study.models):
            skill = rng.uniform(0.93, 1.0) if place == len(study.models) - 1 else rng.uniform(0.99, 1.35)
            for index, horizon in enumerate(HORIZONS):
                mse = (low + slope * index / 3) * skill * rng.uniform(0.98, 1.02)
                sheet.fill((model, f"{data}/{horizon}", "mse"), mse, mse * 0.008, study.seeds)
                mae = mse**0.5 * rng.uniform(0.58, 0.68)
                sheet.fill((model, f"{data}/{horizon}", "mae"), mae, mae * 0.008, study.seeds)
    ours, probe = study.models[-1][1], study.probe[1]
    for variant, _ in VARIANTS[1:]:
        for metric in KEYS:
            centre = study.mean(ours, f"{probe}/336", metric) * rng.uniform(1.02, 1.2)
            sheet.fill((variant, "ablation", metric), centre, centre * 0.008, study.seeds)
    sheet.raw.update({("full", "ablation", m): sheet.raw[ours, f"{probe}/336", m] for m in KEYS})
    for _, model in study.models:
        level = study.mean(model, f"{probe}/336", "mse") * 1.15
        for index, look in enumerate(LOOKS):
            centre = level * (1 - 0.05 * index) * rng.uniform(0.97, 1.03)
            sheet.fill((model, f"look/{look}", "mse"), centre, centre * 0.008, study.seeds)
        for metric, low, high in (("params", 2e4, 9e6), ("ms_per_step", 4, 90), ("memory_mb", 300, 9000)):
            drawn = rng.uniform(low, high)
            sheet.raw[model, "cost", metric] = [round(drawn) if metric == "params" else drawn]


def _pair(study: Study, where: str, metric: str) -> tuple[tuple[str, str], tuple[str, str]]:
    """A worse and a better model."""
    a, b = study.sheet.rng.sample(study.models, 2)
    return (a, b) if study.mean(a[1], where, metric) > study.mean(b[1], where, metric) else (b, a)


def _cut(study: Study, better: str, worse: str, where: str, metric: str) -> str:
    """A mark for a relative reduction in percent."""

    def cut(x: str, y: str) -> float:
        return (1 - study.mean(x, where, metric) / study.mean(y, where, metric)) * 100

    right = cut(better, worse)
    others = [abs(cut(key, worse)) for _, key in study.models if key not in (better, worse)]
    return study.sheet.put(right, fixed(1), "percentage", others, low=0.5, high=max(30.0, right * 2))


def _abstract(study: Study) -> str:
    ours, base = study.models[-1], study.models[0]
    where = f"{study.data[0][1]}/720"
    worse, better = _pair(study, where, "mse")
    fact = study.sheet.fact
    return "\n".join(
        (
            r"\begin{abstract}",
            f"Forecasts far ahead lean on slow components. {ours[0]} separates {fact('4', 'setting')} time scales and mixes them. On {study.data[0][0]} at horizon {fact('720', 'setting')},",
            rf"{better[0]} lowers the MSE of {worse[0]} by {_cut(study, better[1], worse[1], where, 'mse')}\%; its own MAE at that horizon is {study.value(better[1], where, 'mae')}.",
            f"Code for {base[0]} is the one released in {fact(str(study.years[0]), 'structural')}.",
            r"\end{abstract}",
        )
    )


def _setup(study: Study) -> str:
    fact = study.sheet.fact
    horizons = listed([fact(h, "setting") for h in HORIZONS])
    cites = ", ".join(
        f"{name} ({fact(str(year), 'structural')})"
        for (name, _), year in zip(study.models, study.years, strict=False)
    )
    word = {3: "three", 5: "five"}[study.seeds]
    return "\n".join(
        (
            r"\section{Experimental setup}",
            f"We forecast {horizons} steps ahead from a look-back window of {fact('336', 'setting')} steps unless stated otherwise.",
            f"Baselines are {cites}. {study.models[-1][0]} has {fact('3', 'setting')} encoder layers with {fact('8', 'setting')} heads, model width {fact('128', 'setting')}, patch length {fact('16', 'setting')} and stride {fact('8', 'setting')}.",
            rf"We use Adam with learning rate ${fact('0.0005', 'setting')}$, batch size {fact('32', 'setting')}, dropout {fact('0.2', 'setting')} and stop early with patience {fact('5', 'setting')}, at most {fact('40', 'setting')} epochs.",
            f"Data are split {fact('7', 'setting')}:{fact('1', 'setting')}:{fact('2', 'setting')} in time; ETTh1 covers July {fact('2016', 'structural')} to July {fact('2018', 'structural')} at {fact('1', 'setting')}-hour resolution. All runs fit on one RTX {fact('3090', 'structural')} with {fact('24', 'setting')}\\,GB.",
            f"Errors are means over {word} seeds; both metrics are lower-is-better.",
        )
    )


def _main(study: Study) -> str:
    """Data set by horizon, MSE and MAE under each model."""
    fact = study.sheet.fact
    count = len(study.models)
    spans = " & ".join(rf"\multicolumn{{2}}{{c}}{{{name}}}" for name, _ in study.models)
    rules = "".join(rf"\cmidrule(lr){{{3 + 2 * i}-{4 + 2 * i}}}" for i in range(count))
    lines = [
        r"\begin{table*}[t]",
        r"\centering",
        r"\caption{Long-horizon forecasting. MSE and MAE on the test split"
        + (r"; Avg is over the horizons" if study.averaged else "")
        + "; best in bold.}",
        r"\label{tab:main}",
        r"\begin{tabular}{ll" + "cc" * count + "}",
        r"\toprule",
        rf"Dataset & Horizon & {spans} \\",
        rules,
        " & & " + " & ".join(["MSE & MAE"] * count) + r" \\",
        r"\midrule",
    ]
    for name, key, *_ in study.data:
        size = len(HORIZONS) + study.averaged
        for index, horizon in enumerate(HORIZONS):
            first = rf"\multirow{{{size}}}{{*}}{{{name}}}" if not index else ""
            cells = []
            for metric_cells in [[(m, k) for k in KEYS] for _, m in study.models]:
                for model, metric in metric_cells:
                    mark = study.value(model, f"{key}/{horizon}", metric)
                    best = min(study.mean(k, f"{key}/{horizon}", metric) for _, k in study.models)
                    is_best = study.mean(model, f"{key}/{horizon}", metric) == best
                    cells.append(rf"\textbf{{{mark}}}" if is_best else mark)
            lines.append(" & ".join([first, fact(horizon, "setting"), *cells]) + r" \\")
        if study.averaged:
            cells = [study.average_mark(m, key, k) for _, m in study.models for k in KEYS]
            lines.append(" & ".join(["", "Avg", *cells]) + r" \\")
        lines.append(r"\midrule" if name != study.data[-1][0] else r"\bottomrule")
    return "\n".join([*lines, r"\end{tabular}", r"\end{table*}"])


def _prose(study: Study) -> str:
    rng = study.sheet.rng
    options = [_reaches, _grows, _from_to, _mean_words, _series, _margin]
    picked = rng.sample(options, 4)
    return "\n".join(
        [r"\section{Results}", r"Table~\ref{tab:main} compares all models.", *(o(study) for o in picked)]
    )


def _place(study: Study) -> tuple[str, str, str]:
    data = study.sheet.rng.choice(study.data)
    return data[0], data[1], study.sheet.rng.choice(HORIZONS)


def _reaches(study: Study) -> str:
    name, data, h = _place(study)
    worse, better = _pair(study, f"{data}/{h}", "mse")
    fact = study.sheet.fact
    return f"At a horizon of {fact(h, 'setting')} on {name}, {better[0]} has an MSE of {study.value(better[1], f'{data}/{h}', 'mse')} against {study.value(worse[1], f'{data}/{h}', 'mse')} for {worse[0]}."


def _grows(study: Study) -> str:
    name, data, _ = _place(study)
    model = study.sheet.rng.choice(study.models)
    fact = study.sheet.fact
    ends = [study.value(model[1], f"{data}/{h}", "mae") for h in ("96", "720")]
    return f"The MAE of {model[0]} on {name} grows from {ends[0]} at {fact('96', 'setting')} steps to {ends[1]} at {fact('720', 'setting')} steps."


def _from_to(study: Study) -> str:
    name, data, h = _place(study)
    worse, better = _pair(study, f"{data}/{h}", "mae")
    fact = study.sheet.fact
    return rf"For {name} with $H={fact(h, 'setting')}$, replacing {worse[0]} by {better[0]} cuts MAE by {_cut(study, better[1], worse[1], f'{data}/{h}', 'mae')}\%."


def _mean_words(study: Study) -> str:
    name, data, _ = _place(study)
    a, b = study.sheet.rng.sample(study.models, 2)
    return f"Averaged over the four horizons, the MSE on {name} is {study.average_mark(a[1], data, 'mse')} for {a[0]} and {study.average_mark(b[1], data, 'mse')} for {b[0]}."


def _series(study: Study) -> str:
    name, data, _ = _place(study)
    model = study.sheet.rng.choice(study.models)
    fact = study.sheet.fact
    levels = listed([fact(h, "setting") for h in HORIZONS])
    return f"On {name}, {model[0]} has MSEs of {listed([study.value(model[1], f'{data}/{h}', 'mse') for h in HORIZONS])} at horizons {levels}, respectively."


def _margin(study: Study) -> str:
    name, data, h = _place(study)
    worse, better = _pair(study, f"{data}/{h}", "mse")

    def gap(x: str, y: str) -> float:
        return abs(study.mean(x, f"{data}/{h}", "mse") - study.mean(y, f"{data}/{h}", "mse"))

    right = gap(worse[1], better[1])
    others = [gap(k, better[1]) for _, k in study.models if k not in (worse[1], better[1])]
    mark = study.sheet.put(right, fixed(3), "difference", others, low=0.001, high=right * 2 + 0.05)
    fact = study.sheet.fact
    return f"The difference in MSE between {worse[0]} and {better[0]} on {name} at {fact(h, 'setting')} steps amounts to {mark}."


def _ablation(study: Study) -> str:
    sheet = study.sheet
    ticks = {True: r"\checkmark", False: "--"}
    rows = []
    for variant, parts in VARIANTS:
        cells = []
        for metric in KEYS:
            others = [sheet.mean((v, "ablation", metric)) for v, _ in VARIANTS if v != variant]
            cells.append(sheet.put(sheet.mean((variant, "ablation", metric)), fixed(3), "value", others))
        rows.append([*(ticks[part] for part in parts), *cells])
    fact = sheet.fact
    variant, word = sheet.rng.choice(
        (("no_norm", "normalisation"), ("no_patch", "patching"), ("no_mix", "mixing"))
    )
    others = [sheet.mean((v, "ablation", "mse")) for v, _ in VARIANTS if v != variant]
    mark = sheet.put(sheet.mean((variant, "ablation", "mse")), fixed(3), "value", others)
    caption = f"Ablation of {study.models[-1][0]} on {study.probe[0]} at horizon {fact('336', 'setting')}."
    return "\n".join(
        (
            r"\section{Ablation}",
            rf"Table~\ref{{tab:abl}} removes one part at a time. Without {word} the MSE is {mark}.",
            _table(
                caption, "tab:abl", "ccccc", [["Normalisation", "Patching", "Mixing", "MSE", "MAE"]], rows
            ),
        )
    )


def _lookback(study: Study) -> str:
    """Levels of the look-back window as columns."""
    sheet, fact = study.sheet, study.sheet.fact
    head = ["Look-back", *(fact(look, "setting") for look in LOOKS)]
    rows = []
    for name, key in study.models:
        cells = []
        for look in LOOKS:
            near = [sheet.mean((key, f"look/{o}", "mse")) for o in LOOKS if o != look]
            near += [sheet.mean((k, f"look/{look}", "mse")) for _, k in study.models if k != key]
            cells.append(sheet.put(sheet.mean((key, f"look/{look}", "mse")), fixed(3), "value", near))
        rows.append([name, *cells])
    caption = f"MSE on {study.probe[0]} at horizon {fact('336', 'setting')} by look-back window."
    return "\n".join(
        (
            r"\section{Look-back window}",
            rf"Table~\ref{{tab:look}} varies the window from {fact('96', 'setting')} to {fact('512', 'setting')} steps.",
            _table(caption, "tab:look", "lcccc", [head], rows),
        )
    )


def _costs(study: Study) -> str:
    sheet, fact = study.sheet, study.sheet.fact
    rows = []
    for name, key in study.models:
        cells = []
        for metric, factor, digits in (
            ("params", 1e-6, 2),
            ("ms_per_step", 1, 1),
            ("memory_mb", 1 / 1000, 2),
        ):
            near = [sheet.mean((k, "cost", metric)) * factor for _, k in study.models if k != key]
            cells.append(sheet.put(sheet.mean((key, "cost", metric)) * factor, fixed(digits), "value", near))
        rows.append([name, *cells])
    a, b = sorted(sheet.rng.sample(study.models, 2), key=lambda m: sheet.mean((m[1], "cost", "ms_per_step")))

    def ratio(x: str, y: str) -> float:
        return sheet.mean((y, "cost", "ms_per_step")) / sheet.mean((x, "cost", "ms_per_step"))

    others = [max(ratio(a[1], k), ratio(k, a[1])) for _, k in study.models if k not in (a[1], b[1])]
    mark = sheet.put(
        ratio(a[1], b[1]), fixed(1), "ratio", others, low=1.1, high=max(5.0, 1.5 * ratio(a[1], b[1]))
    )
    return "\n".join(
        (
            r"\section{Cost}",
            rf"Costs are for {study.probe[0]} with batches of {fact('32', 'setting')}. A step of {a[0]} is {mark}$\times$ faster than one of {b[0]}.",
            _table(
                "Model size and cost of a training step.",
                "tab:cost",
                "lccc",
                [["Model", "Params (M)", "Time (ms/step)", "Memory (GB)"]],
                rows,
            ),
        )
    )


def _appendix(study: Study) -> str:
    fact = study.sheet.fact
    rows = [
        ["Learning rate", f"\\{{{fact('1e-4', 'setting')}, {fact('5e-4', 'setting')}\\}}"],
        ["Encoder layers", f"{fact('2', 'setting')}, {fact('3', 'setting')}"],
        ["Dropout", f"{fact('0.1', 'setting')}, {fact('0.2', 'setting')}, {fact('0.3', 'setting')}"],
        ["Scales", fact("4", "setting")],
    ]
    return "\n".join(
        (
            r"\appendix",
            r"\section{Search space}",
            f"We tried {fact('12', 'setting')} configurations a model with seed {fact('2021', 'setting')}.",
            _table("Search space.", "tab:space", "ll", [["Hyperparameter", "Values"]], rows),
        )
    )


def _table(caption: str, label: str, spec: str, heads: list[list[str]], rows: list[list[str]]) -> str:
    lines = [
        r"\begin{table}[h]",
        r"\centering",
        r"\begin{tabular}{" + spec + "}",
        r"\toprule",
        *(" & ".join(head) + r" \\" for head in heads),
        r"\midrule",
        *(" & ".join(row) + r" \\" for row in rows),
        r"\bottomrule",
        r"\end{tabular}",
        rf"\caption{{{caption}}}",
        rf"\label{{{label}}}",
        r"\end{table}",
    ]
    return "\n".join(lines)


def _csv(rows: list[list[object]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


def _by_model_column(study: Study) -> dict[str, str]:
    """One row by data set and horizon, one column by model and metric."""
    rows: list[list[object]] = [["dataset", "pred_len", *(f"{m}_{k}" for _, m in study.models for k in KEYS)]]
    for _, data, *_ in study.data:
        for h in HORIZONS:
            rows.append([data, h, *(study.mean(m, f"{data}/{h}", k) for _, m in study.models for k in KEYS)])
    return {"main_results.csv": _csv(rows)}


def _by_horizon_column(study: Study) -> dict[str, str]:
    """One row by model and data set, one column by metric and horizon."""
    rows: list[list[object]] = [["model", "dataset", *(f"{k}_h{h}" for k in KEYS for h in HORIZONS)]]
    for _, model in study.models:
        for _, data, *_ in study.data:
            rows.append([model, data, *(study.mean(model, f"{data}/{h}", k) for k in KEYS for h in HORIZONS)])
    return {"long_horizon.csv": _csv(rows)}


def _nested(study: Study) -> dict[str, str]:
    """Data set, horizon, model, metric, seeds."""
    return {
        "forecasts.json": json.dumps(
            {
                data: {
                    f"horizon_{h}": {
                        model: {
                            k: {
                                "mean": study.mean(model, f"{data}/{h}", k),
                                "std": study.sheet.std((model, f"{data}/{h}", k)),
                            }
                            for k in KEYS
                        }
                        for _, model in study.models
                    }
                    for h in HORIZONS
                }
                for _, data, *_ in study.data
            },
            indent=1,
        )
    }


def _side(study: Study) -> dict[str, str]:
    """Ablation, look-back and costs, nested in one JSON."""
    sheet = study.sheet
    probe = study.probe[1]
    content = {
        "ablation": {
            probe: {
                variant: {
                    "normalisation": parts[0],
                    "patching": parts[1],
                    "mixing": parts[2],
                    "pred_len": 336,
                    **{k: sheet.mean((variant, "ablation", k)) for k in KEYS},
                }
                for variant, parts in VARIANTS
            }
        },
        "lookback": {
            probe: {
                model: {
                    f"seq_len_{look}": {"mse": sheet.mean((model, f"look/{look}", "mse"))} for look in LOOKS
                }
                for _, model in study.models
            }
        },
        "efficiency": {
            model: {metric: sheet.raw[model, "cost", metric][0] for metric in COSTS}
            for _, model in study.models
        },
    }
    return {"extra/studies.json": json.dumps(content, indent=1)}
