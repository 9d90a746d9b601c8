# ruff: noqa: E501  (lines of the drawn papers stay whole)
r"""A style of other systems' papers: fine-tuning on text tasks, methods as rows and tasks as columns.

Percentages of fractions, an average column, deviations behind ± or in a macro, a table of ablations with
differences, lists with "respectively", relative error reductions, a table of hyperparameters; results nested
by task, method and seed, one file a seed, one file a method, or a long CSV. Knows nothing of the audit.
"""

from __future__ import annotations

import json
import random
import statistics
from dataclasses import dataclass

from foreign_papers import Paper

from foreign_styles.sheet import Sheet, fixed, listed

TASKS = (
    ("SST-2", "sst2", "Acc.", "accuracy", 0.91),
    ("MRPC", "mrpc", "F1", "f1", 0.87),
    ("CoLA", "cola", "Mcc", "matthews_correlation", 0.58),
    ("RTE", "rte", "Acc.", "accuracy", 0.70),
    ("QNLI", "qnli", "Acc.", "accuracy", 0.89),
    ("STS-B", "stsb", "Pear.", "pearson", 0.86),
    ("BoolQ", "boolq", "Acc.", "accuracy", 0.75),
    ("WiC", "wic", "Acc.", "accuracy", 0.65),
)
METHODS = (
    ("Full fine-tuning", "full_ft"),
    ("LoRA", "lora"),
    ("BitFit", "bitfit"),
    ("Prefix tuning", "prefix_tuning"),
    ("Adapters", "adapter"),
    (r"(IA)$^3$", "ia3"),
)
OURS = (("Quill", "quill"), ("Tandem", "tandem"), ("MixGate", "mixgate"))
PARTS = (
    ("gating", "no_gate"),
    ("layer-wise scaling", "no_scaling"),
    ("the warm-up", "no_warmup"),
    ("orthogonal initialisation", "random_init"),
)
POINT = fixed(1)


@dataclass
class Study:
    """One drawn study."""

    sheet: Sheet
    tasks: list[tuple[str, str, str, str, float]]
    methods: list[tuple[str, str]]
    ours: tuple[str, str]
    parts: list[tuple[str, str]]
    seeds: list[int]
    macro: bool
    """Whether the proposed method's name is a macro."""

    @property
    def name(self) -> str:
        """The proposed method as the text writes it."""
        return r"\ours{}" if self.macro else rf"\textsc{{{self.ours[0]}}}"

    def value(self, method: str, task: int) -> float:
        """The mean in percent."""
        return 100 * self.sheet.mean((method, self.tasks[task][1], self.tasks[task][3]))

    def average(self, method: str) -> float:
        """The mean over tasks, in percent."""
        return statistics.fmean(self.value(method, task) for task in range(len(self.tasks)))

    def label(self, key: str) -> str:
        """A method as the text writes it."""
        return {k: n for n, k in self.methods}.get(key, self.name)

    def arms(self) -> list[str]:
        """All methods of the main table, the proposed one last."""
        return [key for _, key in self.methods] + [self.ours[1]]

    def near(self, method: str, task: int) -> list[float]:
        """Values that could be mistaken for a cell's."""
        return [self.value(other, task) for other in self.arms() if other != method] + [
            self.value(method, other) for other in range(len(self.tasks)) if other != task
        ]

    def cell(self, method: str, task: int) -> str:
        """A mark for a mean."""
        right = self.value(method, task)
        return self.sheet.put(
            right, POINT, "value", self.near(method, task), low=right - 12, high=min(99.9, right + 9)
        )


def draw(seed: int) -> Paper:
    """The paper of a seed."""
    rng = random.Random(f"language {seed}")
    study = Study(
        Sheet(rng),
        rng.sample(TASKS, rng.choice((4, 5, 6))),
        rng.sample(METHODS, rng.choice((3, 4))),
        rng.choice(OURS),
        rng.sample(PARTS, 3),
        rng.sample((13, 21, 42, 87, 100), rng.choice((3, 5))),
        rng.random() < 0.5,
    )
    _fill(study)
    body = [_abstract(study), _method(study), _setup(study), _main(study), _prose(study)]
    body += [_ablation(study), _appendix(study)]
    head = [
        r"\documentclass[11pt]{article}",
        r"\usepackage{acl}",
        r"\usepackage{booktabs,multirow,amsmath}",
        rf"\newcommand{{\ours}}{{\textsc{{{study.ours[0]}}}}}",
        r"\newcommand{\std}[1]{{\scriptsize$\pm$#1}}",
        r"\begin{document}",
        rf"\title{{{study.ours[0]}: Cheaper Tuning of Small Encoders}}",
        r"\maketitle",
    ]
    latex = "\n".join(head) + "\n" + "\n\n".join(body) + "\n\\end{document}\n"
    results = rng.choice((_nested, _folders, _by_method, _long))(study)
    return Paper(f"language {seed}", latex, study.sheet.marks, results)


def _fill(study: Study) -> None:
    rng = study.sheet.rng
    for _, task, _, metric, centre in study.tasks:
        top = centre + 0.02
        for key in study.arms():
            middle = rng.gauss(top + 0.012 if key == study.ours[1] else centre, 0.015)
            study.sheet.fill((key, task, metric), middle, rng.uniform(0.002, 0.008), len(study.seeds))
            study.sheet.fill(
                (key, task, "eval_loss"), rng.uniform(0.2, 0.7), rng.uniform(0.01, 0.03), len(study.seeds)
            )
        for _, key in study.parts:
            middle = study.sheet.mean((study.ours[1], task, metric)) - rng.uniform(0.002, 0.03)
            study.sheet.fill((key, task, metric), middle, 0.004, len(study.seeds))
            study.sheet.fill((key, task, "eval_loss"), rng.uniform(0.2, 0.7), 0.02, len(study.seeds))


def _gap(study: Study, a: str, b: str, task: int) -> str:
    """A mark for the points between two methods, from the printed values as most authors do."""

    def points(x: str, y: str) -> float:
        return abs(round(study.value(x, task), 1) - round(study.value(y, task), 1))

    others = [points(a, other) for other in study.arms() if other not in (a, b)]
    right = points(a, b)
    return study.sheet.put(right, POINT, "difference", others, low=0.1, high=right * 2.5 + 2)


def _cut(study: Study, better: str, worse: str, task: int) -> str:
    """A mark for the relative reduction of the error, in percent."""

    def reduction(x: str, y: str) -> float:
        return abs((study.value(x, task) - study.value(y, task)) / (100 - study.value(y, task))) * 100

    others = [reduction(better, other) for other in study.arms() if other not in (better, worse)]
    return study.sheet.put(reduction(better, worse), POINT, "percentage", others, low=1, high=45)


def _pair(study: Study, task: int) -> tuple[str, str]:
    """The better and the worse of the proposed method and another."""
    ours, other = study.ours[1], study.sheet.rng.choice(study.methods)[1]
    return (ours, other) if study.value(ours, task) > study.value(other, task) else (other, ours)


def _abstract(study: Study) -> str:
    rng, sheet = study.sheet.rng, study.sheet
    task = rng.randrange(len(study.tasks))
    better, worse = _pair(study, task)
    name = study.tasks[task][0]
    ours = study.ours[1]
    averages = [study.average(other) for other in study.arms() if other != ours]
    count = sheet.fact(("four", "five", "six")[len(study.tasks) - 4], "structural")
    average = sheet.put(study.average(ours), POINT, "average", averages, low=60, high=92)
    return "\n".join(
        (
            r"\begin{abstract}",
            f"We present {study.name}, a parameter-efficient way of tuning small encoders. On {count} tasks it reaches",
            f"an average score of {average}.",
            (
                f"On {name}, {study.label(better)} improves over {study.label(worse)} by {_gap(study, better, worse, task)} points, while only"
                f" {sheet.fact('0.4', 'setting')}\\% of the parameters are trained."
            ),
            r"\end{abstract}",
        )
    )


def _method(study: Study) -> str:
    fact = study.sheet.fact
    return "\n".join(
        (
            r"\section{Introduction}",
            rf"Since BERT \citep{{devlin{fact('2019', 'structural')}}}, encoders of {fact('110', 'setting')}M parameters",
            rf"are tuned by everyone; surveys list more than {fact('40', 'setting')} methods (arXiv:{fact('2303.15647', 'structural')}).",
            r"\section{Method}",
            rf"Let $W \in \mathbb{{R}}^{{{fact('768', 'setting')} \times {fact('768', 'setting')}}}$ be a frozen matrix. We add a gated update",
            rf"\begin{{equation}} W' = W + {fact('0.5', 'structural')}\, g \odot (A B), \label{{eq:gate}} \end{{equation}}",
            rf"where $A$ has rank $r={fact('8', 'setting')}$ and $g \in [{fact('0', 'structural')},{fact('1', 'structural')}]$.",
            r"Equation~\ref{eq:gate} costs one multiplication.",
        )
    )


def _setup(study: Study) -> str:
    fact, rng = study.sheet.fact, study.sheet.rng
    rate = rng.choice((r"$3\times10^{-4}$", r"$5\cdot10^{-5}$", "2e-5"))
    lead = "3" if rate.startswith("$3") else "5" if rate.startswith("$5") else "2e-5"
    rate = rate.replace(lead, fact(lead, "setting"), 1)
    seeds = study.seeds
    word = {3: "three", 5: "five"}[len(seeds)]
    return "\n".join(
        (
            r"\section{Experimental setup}",
            rf"All models have {fact('12', 'setting')} layers and {fact('12', 'setting')} heads. We train for {fact('3', 'setting')} epochs with AdamW,",
            rf"a learning rate of {rate}, a batch size of {fact('32', 'setting')}, weight decay {fact('0.01', 'setting')} and a warm-up over the first",
            rf"{fact('6', 'setting')}\% of the steps, with sequences of at most {fact('128', 'setting')} tokens. Each run takes one GPU with {fact('24', 'setting')}\,GB.",
            rf"We report mean and standard deviation over {word} seeds ({', '.join(fact(str(s), 'setting') for s in seeds)}).",
            (
                rf"As in earlier work (Wang et al., {fact('2018', 'structural')}), we report Matthews correlation ($\times {fact('100', 'structural')}$) for CoLA,"
                " Pearson correlation for STS-B, F1 for MRPC and accuracy otherwise."
            ),
        )
    )


def _main(study: Study) -> str:
    rng, sheet = study.sheet.rng, study.sheet
    form = rng.choice(("pm", "macro", "plain", "subscript"))
    tasks = range(len(study.tasks))
    best = {task: max(study.arms(), key=lambda key: study.value(key, task)) for task in tasks}
    rows = []
    for key in study.arms():
        cells = [study.label(key) if key != study.ours[1] else f"{study.name} (ours)"]
        if key == study.ours[1]:
            rows.append(r"\midrule")
        for task in tasks:
            mean = study.cell(key, task)
            bold = best[task] == key
            spread = _spread(study, key, task)
            if form == "pm":
                cells.append(rf"$\mathbf{{{mean}}} \pm {spread}$" if bold else rf"${mean} \pm {spread}$")
            elif form == "macro":
                cells.append((rf"\textbf{{{mean}}}" if bold else mean) + rf"\std{{{spread}}}")
            elif form == "subscript":
                cells.append(rf"$\mathbf{{{mean}}}_{{{spread}}}$" if bold else f"${mean}_{{{spread}}}$")
            else:
                cells.append(rf"\textbf{{{mean}}}" if bold else mean)
        others = [study.average(other) for other in study.arms() if other != key]
        cells.append(sheet.put(study.average(key), POINT, "average", others, low=60, high=92))
        rows.append(" & ".join(cells) + r" \\")
    note = {
        "pm": " Mean and standard deviation over seeds.",
        "macro": " Mean over seeds, standard deviation in small print.",
        "subscript": " Subscripts give standard deviations over seeds.",
        "plain": " Means over seeds.",
    }[form]
    if rng.random() < 0.5:
        head = " & ".join(["Method", *(task[0] for task in study.tasks), "Avg."]) + r" \\"
        second = " & ".join(["", *(task[2] for task in study.tasks), ""]) + r" \\"
        top = [head, second]
    else:
        span = rf"\multirow{{2}}{{*}}{{Method}} & \multicolumn{{{len(study.tasks)}}}{{c}}{{Task}} & \multirow{{2}}{{*}}{{Avg.}} \\"
        rule = rf"\cmidrule(lr){{2-{len(study.tasks) + 1}}}"
        top = [span, rule, " & ".join(["", *(f"{task[0]} ({task[2]})" for task in study.tasks), ""]) + r" \\"]
    return "\n".join(
        (
            r"\section{Results}",
            r"\begin{table*}[t]",
            r"\centering",
            rf"\begin{{tabular}}{{l{'c' * len(study.tasks)}c}}",
            r"\toprule",
            *top,
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{Scores on the development sets (\%).{note} Best in bold.}}",
            r"\label{tab:main}",
            r"\end{table*}",
        )
    )


def _spread(study: Study, key: str, task: int) -> str:
    def of(k: str, t: int) -> float:
        return 100 * study.sheet.std((k, study.tasks[t][1], study.tasks[t][3]))

    others = [of(other, task) for other in study.arms() if other != key]
    right = of(key, task)
    return study.sheet.put(right, POINT, "spread", others, low=0.1, high=right * 3 + 0.5)


def _prose(study: Study) -> str:
    rng, sheet = study.sheet.rng, study.sheet
    sentences = [r"Table~\ref{tab:main} shows the main results."]
    options = [_from_to, _respectively, _reduction, _against, _averages, _best_seed, _overall]
    for option in rng.sample(options, 5):
        sentences.append(option(study, rng.randrange(len(study.tasks))))
    sentences.append(
        rf"Training is stable: none of the {sheet.fact(str(len(study.seeds)), 'structural')} seeds diverged."
    )
    return "\n".join(sentences)


def _from_to(study: Study, task: int) -> str:
    better, worse = _pair(study, task)
    name, metric = study.tasks[task][0], study.tasks[task][2]
    word = {"Acc.": "accuracy", "F1": "F1", "Mcc": "the Matthews correlation", "Pear.": "the correlation"}[
        metric
    ]
    return (
        f"On {name}, {word} rises from {study.cell(worse, task)} with {study.label(worse)} to {study.cell(better, task)} with "
        f"{study.label(better)} (+{_gap(study, better, worse, task)} points)."
    )


def _respectively(study: Study, task: int) -> str:
    keys = study.sheet.rng.sample(study.arms(), 3)
    values = listed([rf"{study.cell(key, task)}\%" for key in keys])
    return f"On {study.tasks[task][0]} we obtain {values} for {listed([study.label(key) for key in keys])}, respectively."


def _reduction(study: Study, task: int) -> str:
    accurate = [t for t, entry in enumerate(study.tasks) if entry[3] == "accuracy"]
    if not accurate:
        return _from_to(study, task)
    task = study.sheet.rng.choice(accurate)
    better, worse = _pair(study, task)
    return (
        rf"This is a relative error reduction of {_cut(study, better, worse, task)}\% over {study.label(worse)} on "
        f"{study.tasks[task][0]} for {study.label(better)}."
    )


def _against(study: Study, task: int) -> str:
    better, worse = _pair(study, task)
    return (
        f"{study.label(better)} scores {study.cell(better, task)} on {study.tasks[task][0]}, against {study.cell(worse, task)} for "
        f"{study.label(worse)}, a gain of {_gap(study, better, worse, task)} points."
    )


def _averages(study: Study, task: int) -> str:
    keys = study.sheet.rng.sample(study.arms(), 2)
    marks = []
    for key in keys:
        others = [study.average(other) for other in study.arms() if other != key]
        marks.append(study.sheet.put(study.average(key), POINT, "average", others, low=60, high=92))
    return f"Averaged over all tasks, {study.label(keys[0])} reaches {marks[0]} and {study.label(keys[1])} {marks[1]}."


def _best_seed(study: Study, task: int) -> str:
    key = study.sheet.rng.choice(study.arms())
    _, data, _, metric, _ = study.tasks[task]
    best = 100 * max(study.sheet.raw[key, data, metric])
    others = [100 * max(study.sheet.raw[other, data, metric]) for other in study.arms() if other != key]
    mark = study.sheet.put(best, POINT, "best", others, low=best - 10, high=min(99.9, best + 8))
    return f"The best single seed of {study.label(key)} on {study.tasks[task][0]} reached {mark}."


def _overall(study: Study, task: int) -> str:
    ours = study.ours[1]
    other = study.sheet.rng.choice(study.methods)[1]

    def points(key: str) -> float:
        return abs(round(study.average(ours), 1) - round(study.average(key), 1))

    others = [points(key) for key in study.arms() if key not in (ours, other)]
    mark = study.sheet.put(points(other), POINT, "difference", others, low=0.1, high=points(other) * 2.5 + 2)
    word = "above" if study.average(ours) > study.average(other) else "below"
    return f"Overall, the average of {study.name} lies {mark} points {word} that of {study.label(other)}."


def _ablation(study: Study) -> str:
    rng = study.sheet.rng
    ours = study.ours[1]
    picked = rng.sample(range(len(study.tasks)), 2)
    rows = [" & ".join([study.name, *(f"{study.cell(ours, task)} & --" for task in picked)]) + r" \\"]
    for part, key in study.parts:
        cells = [f"\\quad w/o {part}"]
        for task in picked:
            near = [study.value(other, task) for _, other in study.parts if other != key]
            right = study.value(key, task)
            mean = study.sheet.put(right, POINT, "value", near, low=right - 12, high=min(99.9, right + 9))
            drop = round(study.value(key, task), 1) - round(study.value(ours, task), 1)
            drops = [
                abs(round(study.value(other, task), 1) - round(study.value(ours, task), 1))
                for _, other in study.parts
                if other != key
            ]
            sign = "-" if drop < 0 else "+"
            mark = study.sheet.put(abs(drop), POINT, "difference", drops, low=0.1, high=abs(drop) * 2.5 + 2)
            cells.append(f"{mean} & ${sign}${mark}")
        rows.append(" & ".join(cells) + r" \\")
    head = " & ".join(["", *(rf"{study.tasks[task][0]} & $\Delta$" for task in picked)])
    return "\n".join(
        (
            r"\section{Ablations}",
            r"\begin{table}[t]",
            r"\centering\small",
            rf"\begin{{tabular}}{{l{'cc' * len(picked)}}}",
            r"\toprule",
            head + r" \\",
            r"\midrule",
            *rows,
            r"\bottomrule",
            r"\end{tabular}",
            rf"\caption{{Ablations of {study.name}. $\Delta$ is the difference to the full method in points.}}",
            r"\label{tab:ablation}",
            r"\end{table}",
            r"Table~\ref{tab:ablation} removes one part at a time.",
        )
    )


def _appendix(study: Study) -> str:
    fact = study.sheet.fact
    rows = (
        (
            "Learning rate",
            "$\\{" + fact("1", "setting") + r"\text{e-}5, " + fact("3", "setting") + r"\text{e-}5\}$",
        ),
        ("Batch size", fact("32", "setting")),
        ("Epochs", fact("3", "setting")),
        ("Rank $r$", f"{fact('4', 'setting')}, {fact('8', 'setting')}, {fact('16', 'setting')}"),
        ("Dropout", fact("0.1", "setting")),
        ("Adam $\\epsilon$", fact("1e-8", "setting")),
    )
    return "\n".join(
        (
            r"\appendix",
            r"\section{Hyperparameters}",
            r"\begin{table}[h]",
            r"\begin{tabular}{ll}",
            r"\toprule",
            r"Hyperparameter & Value \\",
            r"\midrule",
            *(f"{name} & {value} \\\\" for name, value in rows),
            r"\bottomrule",
            r"\end{tabular}",
            r"\caption{Hyperparameters, the same for all tasks.}",
            r"\label{tab:hyper}",
            r"\end{table}",
            r"See Table~\ref{tab:hyper}.",
        )
    )


def _arms(study: Study) -> list[str]:
    return study.arms() + [key for _, key in study.parts]


def _nested(study: Study) -> dict[str, str]:
    raw = study.sheet.raw
    document = {
        task: {
            key: {
                f"seed_{number}": {
                    metric: raw[key, task, metric][i],
                    "eval_loss": raw[key, task, "eval_loss"][i],
                }
                for i, number in enumerate(study.seeds)
            }
            for key in _arms(study)
        }
        for _, task, _, metric, _ in study.tasks
    }
    return {"results.json": json.dumps(document, indent=2)}


def _folders(study: Study) -> dict[str, str]:
    raw = study.sheet.raw
    return {
        f"{task}/{key}/seed{number}/eval_results.json": json.dumps(
            {
                "epoch": 3.0,
                f"eval_{metric}": raw[key, task, metric][i],
                "eval_loss": raw[key, task, "eval_loss"][i],
                "eval_samples": 1043,
            }
        )
        for _, task, _, metric, _ in study.tasks
        for key in _arms(study)
        for i, number in enumerate(study.seeds)
    }


def _by_method(study: Study) -> dict[str, str]:
    sheet = study.sheet
    out = {}
    for key in _arms(study):
        document = {}
        for _, task, _, metric, _ in study.tasks:
            cell, loss = (key, task, metric), (key, task, "eval_loss")
            document[task] = {
                metric: {"mean": sheet.mean(cell), "std": sheet.std(cell), "values": sheet.raw[cell]},
                "eval_loss": {"mean": sheet.mean(loss), "std": sheet.std(loss), "values": sheet.raw[loss]},
            }
        out[f"{key}.json"] = json.dumps(document, indent=1)
    return out


def _long(study: Study) -> dict[str, str]:
    lines = ["method,dataset,seed,metric,value"]
    for (key, task, metric), values in study.sheet.raw.items():
        lines += [f"{key},{task},{study.seeds[i]},{metric},{value:.6f}" for i, value in enumerate(values)]
    return {"all_runs.csv": "\n".join(lines) + "\n"}
