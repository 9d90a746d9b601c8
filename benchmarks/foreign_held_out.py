"""Seeded papers of other systems, second style: written after the matcher, which did not change for it.

Other studies, other names, other sentences, tables without booktabs rules, uneven results: summary files
keyed by metric, a list of records, semicolon-separated values, and flat keys with everything in one name.
"""

from __future__ import annotations

import json
import random

from foreign_papers import Drawing, Metric, Paper, World

STUDIES = (
    World(
        (
            ("GCN", "gcn"),
            ("GraphSAGE", "graphsage"),
            ("GAT", "gat"),
            ("our ring attention", "ring_attention"),
        ),
        (("Cora", "cora"), ("PubMed", "pubmed"), ("OGB-Arxiv", "ogbn_arxiv")),
        (
            Metric("node accuracy", "node_accuracy", 0.5, 0.9, 2, percent=True),
            Metric("macro F1", "macro_f1", 0.4, 0.9, 3),
            Metric("inference latency", "latency_ms", 2, 80, 1, lower=True),
        ),
    ),
    World(
        (
            ("ARIMA", "arima"),
            ("DeepAR", "deepar"),
            ("N-BEATS", "nbeats"),
            ("Temporal Fusion", "temporal_fusion"),
        ),
        (
            ("Electricity", "electricity"),
            ("Traffic", "traffic"),
            ("Exchange rates", "exchange"),
            ("M4 Hourly", "m4_hourly"),
        ),
        (
            Metric("mean absolute error", "mae", 0.1, 2.4, 3, lower=True),
            Metric("RMSE", "rmse", 0.2, 3.9, 3, lower=True),
            Metric("coverage", "coverage", 0.5, 0.99, 1, percent=True),
        ),
    ),
    World(
        (
            ("static batching", "static"),
            ("continuous batching", "continuous"),
            ("chunked prefill", "chunked_prefill"),
        ),
        (("short prompts", "short"), ("long prompts", "long"), ("chat traces", "chat")),
        (
            Metric("throughput", "throughput_tok_s", 300, 9000, 0),
            Metric("time to first token", "ttft_s", 0.05, 4, 3, lower=True),
            Metric("GPU utilisation", "gpu_util", 0.2, 0.98, 1, percent=True),
        ),
    ),
    World(
        (("U-Net", "unet"), ("DeepLab", "deeplabv3"), ("SegFormer", "segformer"), ("Mask-free", "maskfree")),
        (("Cityscapes", "cityscapes"), ("ADE20K", "ade20k"), ("Pascal VOC", "voc")),
        (
            Metric("mean IoU", "miou", 0.3, 0.85, 1, percent=True),
            Metric("pixel accuracy", "pixel_acc", 0.6, 0.97, 1, percent=True),
            Metric("boundary loss", "boundary_loss", 0.01, 0.9, 4, lower=True),
        ),
    ),
)


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"second {seed}")
    drawing = Drawing(STUDIES[seed % len(STUDIES)], rng)
    form = ("by metric", "records", "semicolons", "one name")[seed // len(STUDIES) % 4]
    world = drawing.world
    parts = [
        "\\documentclass[twocolumn]{article}\n\\newcommand{\\best}[1]{\\textbf{#1}}\n\\begin{document}",
        "\\title{A closer look}\\maketitle\n\\begin{abstract}",
        f"This work revisits {len(world.arms)} approaches. {_claim(drawing)}\n\\end{{abstract}}",
        (
            "\\section{Experiments}\nAll models see the same data; we use Adam ($\\beta_1 = 0.9$), "
            "dropout 0.1, "
            f"{rng.choice([2, 6, 12])} layers, hidden size {rng.choice([128, 512])}, and "
            f"{drawing.seeds} random seeds."
        ),
        _grid(drawing, rng.randrange(len(world.metrics))),
        " ".join(_claim(drawing) for _ in range(4)),
        _sheet(drawing, rng.randrange(len(world.data))),
        "Looking closer:\n\\begin{itemize}\n"
        + "\n".join(f"  \\item {_claim(drawing)}" for _ in range(3))
        + "\n\\end{itemize}",
        _ablation(drawing),
        f"\\section{{Conclusion}}\n{_claim(drawing)}\n\\end{{document}}\n",
    ]
    return Paper(f"second-{seed}-{form}", "\n\n".join(parts), drawing.marks, _results(drawing, form))


def _claim(drawing: Drawing) -> str:
    world, rng = drawing.world, drawing.rng
    a, b = rng.sample(range(len(world.arms)), 2)
    d, m = rng.randrange(len(world.data)), rng.randrange(len(world.metrics))
    metric, unit = world.metrics[m], "\\%" if world.metrics[m].percent else ""
    one, two, data = world.arms[a][0], world.arms[b][0], world.data[d][0]
    high, low = (a, b) if drawing.mean((a, d, m)) > drawing.mean((b, d, m)) else (b, a)
    top, bottom = world.arms[high][0], world.arms[low][0]
    kind = rng.randrange(8)
    if kind == 0:
        return f"With {one}, {metric.name} on {data} stands at {drawing.value((a, d, m))}{unit}."
    if kind == 1:
        return (
            f"While {two} manages {drawing.value((b, d, m))}{unit} in terms of {metric.name} for "
            f"{data}, {one} "
            f"ends at {drawing.value((a, d, m))}{unit}."
        )
    if kind == 2:
        return (
            f"We measured the {metric.name} of {one} ({drawing.value((a, d, m))}{unit}) and {two} "
            f"({drawing.value((b, d, m))}{unit}) on {data}."
        )
    if kind == 3:
        number = drawing.pair(high, low, d, m, "difference")
        return f"The gap between {top} and {bottom} in {metric.name} amounts to {number} on {data}."
    if kind == 4:
        number = drawing.pair(high, low, d, m, "ratio")
        return f"In {metric.name}, {top} is {number} times {bottom} when evaluated on {data}."
    if kind == 5:
        number = drawing.pair(a, b, d, m, "percentage")
        return f"Swapping {two} for {one} changes {metric.name} by {number}\\% on {data}."
    if kind == 6:
        other = rng.choice([i for i in range(len(world.data)) if i != d])
        return (
            f"{one[0].upper() + one[1:]}'s {metric.name} is {drawing.value((a, d, m))}{unit} on {data} but "
            f"{drawing.value((a, other, m))}{unit} on {world.data[other][0]}."
        )
    return f"On {data} we observe {drawing.value((a, d, m))}{unit} {metric.name} using {one}."


def _grid(drawing: Drawing, m: int) -> str:
    """Data sets down, arms across, lines instead of rules, and deviations in brackets of their own macro."""
    world, rng = drawing.world, drawing.rng
    metric = world.metrics[m]
    spread = rng.random() < 0.5
    lines = []
    for d, (name, _) in enumerate(world.data):
        cells = []
        for a in range(len(world.arms)):
            text = drawing.value((a, d, m))
            text = f"\\best{{{text}}}" if a == 0 and not spread and rng.random() < 0.0 else text
            cells.append(f"${text} \\pm {drawing.deviation((a, d, m))}$" if spread else f"${text}$")
        lines.append(f"{name} & " + " & ".join(cells) + " \\\\ \\hline")
    head = " & ".join(["", *(f"\\textbf{{{arm}}}" for arm, _ in world.arms)])
    label = metric.name + (", in percent" if metric.percent else "")
    return (
        "\\begin{table*}\n\\begin{tabular}{|l|"
        + "c|" * len(world.arms)
        + "}\n\\hline\n"
        + head
        + " \\\\ \\hline\n"
        + "\n".join(lines)
        + "\n\\end{tabular}\n\\caption{Comparison of "
        + label
        + ".}\n\\label{tab:grid}\n\\end{table*}"
    )


def _sheet(drawing: Drawing, d: int) -> str:
    """Metrics down, arms across, for one data set."""
    world = drawing.world
    lines = []
    for m, metric in enumerate(world.metrics):
        cells = [drawing.value((a, d, m)) + ("\\%" if metric.percent else "") for a in range(len(world.arms))]
        lines.append(f"{metric.name} & " + " & ".join(cells) + " \\\\")
    head = " & ".join(["Metric", *(arm for arm, _ in world.arms)])
    return (
        "\\begin{table}\n\\caption{Detailed scores for "
        + world.data[d][0]
        + "}\n\\begin{tabular}{l"
        + "r" * len(world.arms)
        + "}\n"
        + head
        + " \\\\\n\\hline\n"
        + "\n".join(lines)
        + "\n\\end{tabular}\n\\end{table}"
    )


def _ablation(drawing: Drawing) -> str:
    """Two levels of headers: data sets over metrics."""
    world, rng = drawing.world, drawing.rng
    chosen = rng.sample(range(len(world.data)), 2)
    metrics = rng.sample(range(len(world.metrics)), 2)
    top = " & ".join(["", *(f"\\multicolumn{{2}}{{c}}{{{world.data[d][0]}}}" for d in chosen)])
    second = " & ".join(["Approach", *(_header(world.metrics[m]) for _ in chosen for m in metrics)])
    lines = [
        " & ".join([arm, *(drawing.value((a, d, m)) for d in chosen for m in metrics)]) + " \\\\"
        for a, (arm, _) in enumerate(world.arms)
    ]
    return (
        "\\begin{table}\n\\centering\n\\begin{tabular}{lcccc}\n\\toprule\n"
        + top
        + " \\\\\n\\cmidrule(lr){2-3}\\cmidrule(lr){4-5}\n"
        + second
        + " \\\\\n\\midrule\n"
        + "\n".join(lines)
        + "\n\\bottomrule\n\\end{tabular}\n\\caption{Two benchmarks side by side.}\n\\end{table}"
    )


def _header(metric: Metric) -> str:
    return metric.name + (" (\\%)" if metric.percent else "")


def _results(drawing: Drawing, form: str) -> dict[str, str]:
    world = drawing.world
    cells = [
        (a, d, m)
        for a in range(len(world.arms))
        for d in range(len(world.data))
        for m in range(len(world.metrics))
    ]
    if form == "by metric":
        files = {}
        for m, metric in enumerate(world.metrics):
            tree: dict[str, dict[str, list[float]]] = {}
            for a, (_, arm) in enumerate(world.arms):
                tree[arm] = {data: drawing.raw[a, d, m] for d, (_, data) in enumerate(world.data)}
            files[f"summary/{metric.key}.json"] = json.dumps(tree)
        return files
    if form == "records":
        rows = [
            {
                "model": world.arms[a][1],
                "benchmark": world.data[d][1],
                "metric": world.metrics[m].key,
                "mean": drawing.mean((a, d, m)),
                "std": drawing.spread((a, d, m)),
            }
            for a, d, m in cells
        ]
        return {
            "eval.json": json.dumps(rows),
            "config.json": json.dumps({"optimizer": "adam", "dropout": 0.1}),
        }
    if form == "semicolons":
        lines = ["approach;corpus;" + ";".join(f"{x.key};{x.key}_sd" for x in world.metrics)]
        for a, (_, arm) in enumerate(world.arms):
            for d, (_, data) in enumerate(world.data):
                values = [
                    f"{drawing.mean((a, d, m))!r};{drawing.spread((a, d, m))!r}"
                    for m in range(len(world.metrics))
                ]
                lines.append(";".join([arm, data, *values]))
        return {"table.csv": "\n".join(lines) + "\n"}
    flat: dict[str, float] = {}
    for a, d, m in cells:
        key = f"{world.arms[a][1]}.{world.data[d][1]}.{world.metrics[m].key}"
        flat[f"{key}.avg"], flat[f"{key}.std"] = drawing.mean((a, d, m)), drawing.spread((a, d, m))
    return {"all_metrics.json": json.dumps(flat, indent=0)}
