# ruff: noqa: E501  (lines of the drawn papers stay whole)
r"""A style of other systems' papers: samplers of image models, quality beside cost, at several step counts.

Lower is better (FID, KL), step counts as columns under a spanning header, data sets in \multirow, speed-ups,
milliseconds, images a second, megabytes printed as gigabytes, siunitx units, table notes, metrics as rows;
results in several files: a wide CSV beside JSON Lines, one JSON a configuration, or one long CSV. Knows
nothing of the audit.
"""

from __future__ import annotations

import json
import random
import statistics
from dataclasses import dataclass

from foreign_papers import Paper

from foreign_styles.sheet import Form, Sheet, fixed, listed

DATA = (
    ("CIFAR-10", "cifar10"),
    ("CelebA", "celeba64"),
    ("ImageNet-64", "imagenet64"),
    ("LSUN Bedroom", "lsun_bedroom"),
)
BASES = (("DDIM", "ddim"), ("DPM-Solver++", "dpmpp"), ("Heun", "heun"), ("UniPC", "unipc"), ("PNDM", "pndm"))
OURS = (("TwinStep", "twinstep"), ("Glide-2", "glide2"), ("CurveFlow", "curveflow"))
COUNTS = (10, 20, 50)
QUALITY = ("fid", "kl", "precision", "recall")
COST = ("latency_ms", "throughput_img_s", "peak_memory_mb")
SEEDS = 3
NAMES = {"fid": "FID", "kl": "KL", "precision": "Precision", "recall": "Recall"}
FORMS: dict[str, Form] = {"fid": fixed(2), "kl": fixed(3), "precision": fixed(2), "recall": fixed(2)}


@dataclass
class Study:
    """One drawn study."""

    sheet: Sheet
    data: list[tuple[str, str]]
    samplers: list[tuple[str, str]]
    """Name and key, the proposed one last."""
    fixed_count: int
    """The step count of the cost table."""

    def mean(self, key: str, data: str, count: int, metric: str) -> float:
        """The mean over seeds."""
        return self.sheet.mean((f"{key}@{count}", data, metric))

    def value(
        self, key: str, data: str, count: int, metric: str, form: Form | None = None, factor: float = 1.0
    ) -> str:
        """A mark for a mean."""
        form = form or FORMS[metric]
        near = [self.mean(other, data, count, metric) for _, other in self.samplers if other != key]
        near += [self.mean(key, data, other, metric) for other in COUNTS if other != count]
        near += [self.mean(key, other, count, metric) for _, other in self.data if other != data]
        right = self.mean(key, data, count, metric) * factor
        return self.sheet.put(right, form, "value", [value * factor for value in near])

    def label(self, key: str) -> str:
        """A sampler as the text writes it."""
        return {k: name for name, k in self.samplers}[key]

    def arms(self) -> list[str]:
        """All samplers, the proposed one last."""
        return [key for _, key in self.samplers]

    def ordered(self, data: str, count: int, metric: str) -> tuple[str, str]:
        """Two samplers, the one with the smaller mean first."""
        a, b = self.sheet.rng.sample(self.arms(), 2)
        return (a, b) if self.mean(a, data, count, metric) < self.mean(b, data, count, metric) else (b, a)


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"sampling {seed}")
    samplers = [*rng.sample(BASES, 3), rng.choice(OURS)]
    study = Study(Sheet(rng), rng.sample(DATA, 3), samplers, rng.choice(COUNTS))
    _fill(study)
    body = [
        _opening(study),
        r"\section{Experiments}",
        _quality(study),
        _cost(study),
        _metrics(study),
        _prose(study),
    ]
    body.append(_appendix(study))
    head = [
        r"\documentclass[twocolumn]{article}",
        r"\usepackage{booktabs,multirow,siunitx,threeparttable}",
        r"\begin{document}",
        rf"\title{{{samplers[-1][0]}: Fast Sampling by Curved Trajectories}}",
        r"\maketitle",
    ]
    latex = "\n".join(head) + "\n" + "\n\n".join(body) + "\n\\end{document}\n"
    results = rng.choice((_two_files, _configurations, _long))(study)
    return Paper(f"sampling {seed}", latex, study.sheet.marks, results)


def _fill(study: Study) -> None:
    rng, sheet = study.sheet.rng, study.sheet
    for _, data in study.data:
        hard = rng.uniform(2.5, 7.0)
        for place, key in enumerate(study.arms()):
            skill = rng.uniform(0.75, 0.95) if place == len(study.samplers) - 1 else rng.uniform(0.9, 1.6)
            memory = rng.uniform(2300, 5200)
            for count in COUNTS:
                arm = f"{key}@{count}"
                fid = hard * skill * (1 + rng.uniform(12, 18) / count)
                sheet.fill((arm, data, "fid"), fid, 0.05, SEEDS)
                sheet.fill((arm, data, "kl"), rng.uniform(0.05, 0.6), 0.004, SEEDS)
                sheet.fill((arm, data, "precision"), rng.uniform(0.58, 0.79), 0.004, SEEDS)
                sheet.fill((arm, data, "recall"), rng.uniform(0.41, 0.64), 0.004, SEEDS)
                latency = count * rng.uniform(4.5, 9.5)
                sheet.fill((arm, data, "latency_ms"), latency, latency * 0.01, SEEDS)
                sheet.fill((arm, data, "throughput_img_s"), 64e3 / latency / rng.uniform(3, 4), 2, SEEDS)
                sheet.fill((arm, data, "peak_memory_mb"), memory + count * rng.uniform(3, 9), 4, SEEDS)


def _ratio(study: Study, data: str, count: int, metric: str, a: str, b: str) -> str:
    """A mark for how many times `b` is of `a`."""

    def of(x: str, y: str) -> float:
        return study.mean(y, data, count, metric) / study.mean(x, data, count, metric)

    others = [of(a, other) for other in study.arms() if other not in (a, b)]
    others = [other if other > 1 else 1 / other for other in others]
    return study.sheet.put(of(a, b), fixed(2), "ratio", others, low=1.05, high=3.5)


def _opening(study: Study) -> str:
    fact, rng = study.sheet.fact, study.sheet.rng
    name, data = rng.choice(study.data)
    count = rng.choice(COUNTS)
    best, worse = study.ordered(data, count, "fid")
    return "\n".join(
        (
            r"\begin{abstract}",
            rf"Diffusion models need many steps. {study.label(study.arms()[-1])} needs few: we study {fact('10', 'setting')}, {fact('20', 'setting')} and {fact('50', 'setting')} function evaluations.",
            rf"On {name} with {fact(str(count), 'setting')} evaluations, {study.label(best)} attains an FID of {study.value(best, data, count, 'fid')},",
            rf"compared to {study.value(worse, data, count, 'fid')} for {study.label(worse)}.",
            r"\end{abstract}",
            r"\section{Introduction}",
            rf"Since {fact('2020', 'structural')} \citep{{ho{fact('2020', 'structural')}}}, samplers have gone from {fact('1000', 'setting')} steps to a few dozen.",
            rf"Our solver is of order {fact('2', 'setting')}, with $\theta = {fact('0.7', 'setting')}$ in Eq.~({fact('3', 'structural')}) of Karras et al.",
            r"\section{Setup}",
            rf"We use one U-Net of {fact('55.7', 'setting')}M parameters a data set at {fact('64', 'setting')}$\times${fact('64', 'setting')} pixels, trained for",
            rf"\num{{{fact('800000', 'setting')}}} iterations with batch size {fact('128', 'setting')} and EMA {fact('0.9999', 'setting')}. FID and KL use \num{{{fact('50000', 'setting')}}} samples;",
            rf"cost is measured on one A100 (\SI{{{fact('40', 'setting')}}}{{\giga\byte}}) with batches of {fact('64', 'setting')}, over {fact(str(SEEDS), 'setting')} repetitions.",
        )
    )


def _quality(study: Study) -> str:
    """FID by step count; data sets in \\multirow."""
    rng = study.sheet.rng
    spread = rng.random() < 0.5
    rows = []
    for place, (name, data) in enumerate(study.data):
        best = {c: min(study.arms(), key=lambda key: study.mean(key, data, c, "fid")) for c in COUNTS}
        for line, key in enumerate(study.arms()):
            cells = [
                rf"\multirow{{{len(study.samplers)}}}{{*}}{{{name}}}" if line == 0 else "",
                study.label(key),
            ]
            for count in COUNTS:
                mean = study.value(key, data, count, "fid")
                text = rf"\textbf{{{mean}}}" if best[count] == key else mean
                if spread:
                    text += rf" {{\footnotesize $\pm$ {_deviation(study, key, data, count)}}}"
                cells.append(text)
            rows.append(" & ".join(cells) + r" \\")
        if place < len(study.data) - 1:
            rows.append(r"\cmidrule(l){2-5}")
    note = r"\item Mean over three repetitions" + (r" $\pm$ standard deviation." if spread else ".")
    return "\n".join(
        (
            r"\begin{table}[t]",
            r"\begin{threeparttable}",
            r"\caption{Sample quality (FID $\downarrow$) by number of function evaluations (NFE).}",
            r"\label{tab:fid}",
            r"\begin{tabular}{llccc}",
            r"\toprule",
            r"& & \multicolumn{3}{c}{NFE\tnote{a}} \\",
            r"\cmidrule(lr){3-5}",
            " & ".join(["Data", "Sampler", *(study.sheet.fact(str(c), "setting") for c in COUNTS)]) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\begin{tablenotes}",
            note,
            r"\item[a] Guided models need twice as many.",
            r"\end{tablenotes}",
            r"\end{threeparttable}",
            r"\end{table}",
        )
    )


def _deviation(study: Study, key: str, data: str, count: int) -> str:
    def of(other: str) -> float:
        return study.sheet.std((f"{other}@{count}", data, "fid"))

    others = [of(other) for other in study.arms() if other != key]
    return study.sheet.put(of(key), fixed(2), "spread", others, low=0.01, high=of(key) * 3 + 0.05)


def _cost(study: Study) -> str:
    rng = study.sheet.rng
    name, data = rng.choice(study.data)
    count, base = study.fixed_count, study.arms()[0]
    rows = []
    for key in study.arms():
        cells = [
            study.label(key),
            study.value(key, data, count, "latency_ms", fixed(1)),
            r"1.00$\times$" if key == base else rf"{_speed(study, data, count, base, key)}$\times$",
            study.value(key, data, count, "throughput_img_s", fixed(0)),
            study.value(key, data, count, "peak_memory_mb", fixed(2), 1e-3),
        ]
        rows.append(" & ".join(cells) + r" \\")
    return "\n".join(
        (
            r"\begin{table}[t]",
            r"\begin{tabular}{lrrrr}",
            r"\toprule",
            r"Sampler & Latency (ms) $\downarrow$ & Speed-up $\uparrow$ & Throughput (img/s) $\uparrow$ & Peak memory (GB) $\downarrow$ \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{Cost on {name} at {study.sheet.fact(str(count), 'setting')} NFE. Speed-up is relative to {study.label(base)}.}}",
            r"\label{tab:cost}",
            r"\end{table}",
        )
    )


def _speed(study: Study, data: str, count: int, base: str, key: str) -> str:
    def of(other: str) -> float:
        return study.mean(base, data, count, "latency_ms") / study.mean(other, data, count, "latency_ms")

    others = [of(other) for other in study.arms() if other not in (key, base)]
    return study.sheet.put(of(key), fixed(2), "ratio", others, low=0.4, high=2.5)


def _metrics(study: Study) -> str:
    """Metrics as rows, samplers as columns."""
    rng = study.sheet.rng
    name, data = rng.choice(study.data)
    count = rng.choice(COUNTS)
    arrows = {"fid": "", "kl": r" $\downarrow$", "precision": r" $\uparrow$", "recall": r" $\uparrow$"}
    rows = [
        " & ".join(
            [NAMES[m] + arrows[m], *(rf"\num{{{study.value(k, data, count, m)}}}" for k in study.arms())]
        )
        + r" \\"
        for m in ("kl", "precision", "recall")
    ]
    return "\n".join(
        (
            r"\begin{table}[t]",
            rf"\caption{{Further metrics on {name} (NFE $= {study.sheet.fact(str(count), 'setting')}$).}}",
            r"\label{tab:more}",
            rf"\begin{{tabular}}{{l{'c' * len(study.samplers)}}}",
            r"\toprule",
            " & ".join(["Metric", *(study.label(key) for key in study.arms())]) + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
        )
    )


def _prose(study: Study) -> str:
    rng = study.sheet.rng
    options = [_lowers, _faster, _latency, _memory, _respectively, _throughput, _mean_fid, _kl]
    picked = rng.sample(options, 6)
    return "\n".join(
        [
            r"Tables~\ref{tab:fid}, \ref{tab:cost} and~\ref{tab:more} summarise our experiments.",
            *(option(study, *rng.choice(study.data), rng.choice(COUNTS)) for option in picked),
        ]
    )


def _lowers(study: Study, name: str, data: str, count: int) -> str:
    best, worse = study.ordered(data, count, "fid")

    def cut(x: str, y: str) -> float:
        return (1 - study.mean(x, data, count, "fid") / study.mean(y, data, count, "fid")) * 100

    others = [abs(cut(other, worse)) for other in study.arms() if other not in (best, worse)]
    mark = study.sheet.put(cut(best, worse), fixed(1), "percentage", others, low=1, high=60)
    return (
        rf"At {study.sheet.fact(str(count), 'setting')} NFE on {name}, {study.label(best)} lowers the FID from {study.value(worse, data, count, 'fid')} "
        rf"({study.label(worse)}) to {study.value(best, data, count, 'fid')}, a {mark}\% reduction."
    )


def _faster(study: Study, name: str, data: str, count: int) -> str:
    quick, slow = study.ordered(data, count, "latency_ms")
    mark = _ratio(study, data, count, "latency_ms", quick, slow)
    return rf"With {study.sheet.fact(str(count), 'setting')} evaluations on {name}, {study.label(quick)} is ${mark}\times$ faster than {study.label(slow)}."


def _latency(study: Study, name: str, data: str, count: int) -> str:
    quick, slow = study.ordered(data, count, "latency_ms")
    marks = [study.value(key, data, count, "latency_ms", fixed(1)) for key in (slow, quick)]

    def gap(key: str) -> float:
        return abs(study.mean(slow, data, count, "latency_ms") - study.mean(key, data, count, "latency_ms"))

    others = [gap(other) for other in study.arms() if other not in (quick, slow)]
    saved = study.sheet.put(gap(quick), fixed(1), "difference", others, low=0.5, high=gap(quick) * 2.5 + 10)
    return (
        rf"On {name} at NFE {study.sheet.fact(str(count), 'setting')}, the latency of a batch drops from \SI{{{marks[0]}}}{{\milli\second}} with {study.label(slow)} "
        rf"to \SI{{{marks[1]}}}{{\milli\second}} with {study.label(quick)}, i.e.\ by \SI{{{saved}}}{{\milli\second}}."
    )


def _memory(study: Study, name: str, data: str, count: int) -> str:
    small, large = study.ordered(data, count, "peak_memory_mb")
    marks = [study.value(key, data, count, "peak_memory_mb", fixed(2), 1e-3) for key in (small, large)]
    return rf"{study.label(small)} peaks at {marks[0]}\,GB on {name} ({study.sheet.fact(str(count), 'setting')} NFE), {study.label(large)} at {marks[1]}\,GB."


def _respectively(study: Study, name: str, data: str, count: int) -> str:
    key = study.sheet.rng.choice(study.arms())
    values = listed([study.value(key, data, c, "fid") for c in COUNTS])
    counts = listed([study.sheet.fact(str(c), "setting") for c in COUNTS])
    return f"The FID of {study.label(key)} on {name} is {values} at {counts} evaluations, respectively."


def _throughput(study: Study, name: str, data: str, count: int) -> str:
    key = study.sheet.rng.choice(study.arms())
    mark = study.value(key, data, count, "throughput_img_s", fixed(0))
    return f"{study.label(key)} generates {mark} images per second on {name} with {study.sheet.fact(str(count), 'setting')} evaluations."


def _mean_fid(study: Study, name: str, data: str, count: int) -> str:
    def of(key: str) -> float:
        return statistics.fmean(study.mean(key, d, count, "fid") for _, d in study.data)

    a, b = study.sheet.rng.sample(study.arms(), 2)
    marks = [
        study.sheet.put(of(k), fixed(2), "average", [of(other) for other in study.arms() if other != k])
        for k in (a, b)
    ]
    return (
        f"Averaged over the {study.sheet.fact('3', 'structural')} data sets at {study.sheet.fact(str(count), 'setting')} NFE, "
        f"the FID is {marks[0]} for {study.label(a)} and {marks[1]} for {study.label(b)}."
    )


def _kl(study: Study, name: str, data: str, count: int) -> str:
    low, high = study.ordered(data, count, "kl")
    return (
        f"In terms of KL divergence, {study.label(low)} ({study.value(low, data, count, 'kl')}) beats {study.label(high)} "
        f"({study.value(high, data, count, 'kl')}) on {name} at {study.sheet.fact(str(count), 'setting')} NFE."
    )


def _appendix(study: Study) -> str:
    fact = study.sheet.fact
    rows = (
        ("Channels", f"{fact('128', 'setting')}, {fact('256', 'setting')}, {fact('256', 'setting')}"),
        ("Noise schedule", f"cosine, $s = {fact('0.008', 'setting')}$"),
        ("Learning rate", fact("2e-4", "setting")),
        ("Dropout", fact("0.1", "setting")),
        ("Gradient clip", fact("1.0", "setting")),
    )
    return "\n".join(
        (
            r"\appendix",
            r"\section{Training details}",
            r"\begin{table}[h]",
            r"\caption{Training configuration.}",
            r"\label{tab:config}",
            r"\begin{tabular}{lc}",
            r"\hline",
            r"Option & Value \\",
            r"\hline",
            *(f"{name} & {value} \\\\" for name, value in rows),
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            r"All models share Table~\ref{tab:config}.",
        )
    )


def _cells(study: Study) -> list[tuple[str, str, int]]:
    return [(key, data, count) for key in study.arms() for _, data in study.data for count in COUNTS]


def _two_files(study: Study) -> dict[str, str]:
    raw = study.sheet.raw
    lines = ["sampler,dataset,nfe,seed," + ",".join(QUALITY)]
    timing = []
    for key, data, count in _cells(study):
        for seed in range(SEEDS):
            arm = f"{key}@{count}"
            values = ",".join(f"{raw[arm, data, metric][seed]:.6f}" for metric in QUALITY)
            lines.append(f"{key},{data},{count},{seed},{values}")
            entry: dict[str, object] = {"sampler": key, "dataset": data, "nfe": count, "repetition": seed}
            timing.append(json.dumps(entry | {metric: raw[arm, data, metric][seed] for metric in COST}))
    return {"quality.csv": "\n".join(lines) + "\n", "timing.jsonl": "\n".join(timing) + "\n"}


def _configurations(study: Study) -> dict[str, str]:
    sheet = study.sheet
    out = {}
    for key, data, count in _cells(study):
        metrics = {}
        for metric in (*QUALITY, *COST):
            cell = (f"{key}@{count}", data, metric)
            metrics[metric] = {"mean": sheet.mean(cell), "std": sheet.std(cell)}
        document = {"config": {"sampler": key, "nfe": count, "batch_size": 64}, "metrics": metrics}
        out[f"{data}/{key}_nfe{count}.json"] = json.dumps(document, indent=2)
    return out


def _long(study: Study) -> dict[str, str]:
    raw = study.sheet.raw
    lines = ["sampler,nfe,dataset,seed,metric,value"]
    for key, data, count in _cells(study):
        for metric in (*QUALITY, *COST):
            values = raw[f"{key}@{count}", data, metric]
            lines += [
                f"{key},{count},{data},{seed},{metric},{value:.5f}" for seed, value in enumerate(values)
            ]
    return {"results_long.csv": "\n".join(lines) + "\n"}
