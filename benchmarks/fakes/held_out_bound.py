"""Fakes in the rendered paper: its cells, captions, card, front matter, appendices and text."""

from __future__ import annotations

import random
import re

from fakes.held_out_craft import fill, invented, listed, one_swap, sentence_ends, swap
from fakes.paper import BOUND, Kind, Paper, Planted

_FACT = re.compile(r"\\shoalfact\{([\w.]+)\}\{\\ensuremath\{([+-]?[\d.]+)\}\}")
_LIMITS = re.compile(
    r"\\shoalfact\{[\w.]+\}\{\[\\ensuremath\{([+-]?[\d.]+)\}, \\ensuremath\{([+-]?[\d.]+)\}\]\}"
)
_KNOB = re.compile(r"\\shoalsetting\{(knob\.[\w.]+)\}\{\\ensuremath\{([\d.]+)\}\}")
_ROW = re.compile(r"\\shoalrow\{([\w.]+)\}[^\n]*")
_DIGIT = re.compile(r"\d")


def _altered(rng: random.Random, number: str) -> str:
    """The number with a digit changed; its sign at times turned, if it has one."""
    if number[0] in "+-" and rng.random() < 0.3:
        return {"+": "-", "-": "+"}[number[0]] + number[1:]
    match = rng.choice(list(_DIGIT.finditer(number))[-3:])
    digit = str((int(match[0]) + rng.randint(1, 9)) % 10)
    return number[: match.start()] + digit + number[match.end() :]


def _at(paper: Paper, start: int, stop: int, new: str, fake: str = "") -> Planted:
    return Planted(BOUND, paper.bound[:start] + new + paper.bound[stop:], fake or new)


def cell_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """A number under its fact's name, with another digit or sign."""
    match = rng.choice(list(_FACT.finditer(paper.bound)))
    new = rf"\shoalfact{{{match[1]}}}{{\ensuremath{{{_altered(rng, match[2])}}}}}"
    return _at(paper, match.start(), match.end(), new)


def limits_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """An interval with one limit changed."""
    match = rng.choice(list(_LIMITS.finditer(paper.bound)))
    which = rng.choice((1, 2))
    old = match[0]
    start = match.start(which) - match.start()
    new = old[:start] + _altered(rng, match[which]) + old[start + len(match[which]) :]
    return _at(paper, match.start(), match.end(), new)


def link_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """A number that links to the row of another fact, which has another value."""
    matches = list(_FACT.finditer(paper.bound))
    match = rng.choice(matches)
    others = sorted({other[1] for other in matches if other[2] != match[2] and other[1] != match[1]})
    new = rf"\shoalfact{{{rng.choice(others)}}}{{\ensuremath{{{match[2]}}}}}"
    return _at(paper, match.start(), match.end(), new)


def knob_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """A frozen knob with another value."""
    match = rng.choice(list(_KNOB.finditer(paper.bound)))
    new = rf"\shoalsetting{{{match[1]}}}{{\ensuremath{{{_altered(rng, match[2])}}}}}"
    return _at(paper, match.start(), match.end(), new)


def row_added(rng: random.Random, paper: Paper) -> Planted | None:
    """A row that no trial stands behind, in one of the paper's own tables."""
    places = (
        ("control & control & ", "<name> & ablation & <acc> & [<acc>, 0.9981] & <sd> & 0 & <n> \\\\\n"),
        (" & descriptive & ", "<name> $-$ control & descriptive & +<gain> & [0.0021, 0.0613] & <p> \\\\\n"),
    )
    anchor, row = rng.choice(places)
    names = (
        "two hidden layers",
        "<T> with ensembling",
        "untuned baseline",
        "no momentum",
        "treatment at half strength",
        "published result",
        "oracle with clean labels",
        "support vector machine",
        "<T>, longer training",
    )
    at = paper.bound.find(anchor)
    start = paper.bound.rfind("\n", 0, at) + 1
    new = fill(fill(row, {"name": rng.choice(names)}), invented(rng, paper))
    return _at(paper, start, start, new, new.strip())


def row_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """The control or a comparison left out of the results' table, and the control's claim out of the text."""
    starts = (
        f"{paper.arms['treatment']} & treatment & ",
        "tuned baseline & baseline & ",
        "control & control & ",
        f"{paper.arms['treatment']} $-$ tuned baseline & verdict & ",
        f"{paper.arms['treatment']} $-$ control & descriptive & ",
    )
    chosen = tuple(rng.sample(starts, rng.choice((1, 2))))
    lines = paper.bound.split("\n")
    gone = [line for line in lines if line.startswith(chosen)]
    if not gone:
        return None
    latex = "\n".join(line for line in lines if line not in gone)
    claim = latex.find(r"\shoalclaim{effect-control}")
    if claim >= 0 and any(line.startswith("control") or "descriptive" in line for line in gone):
        latex = latex[:claim] + latex[latex.index("The secondary metric", claim) :]
    return Planted(BOUND, latex, "\n".join(gone))


def caption_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """A caption that says other things of its float than are true."""
    swaps = [
        ("Mean test accuracy while training.", "Mean training accuracy while training."),
        ("Mean test accuracy while training.", "Mean dev accuracy while training."),
        ("Bands are t intervals of the mean", "Bands are standard errors of the mean"),
        ("Bands are t intervals of the mean", "Bands span all replicates, around the median,"),
        ("Bars are t intervals", "Bars are bootstrap intervals"),
        ("Filled markers decide the verdict, open ones are descriptive.", "All markers decide the verdict."),
        ("to the right the arm named first is better", "to the left the arm named first is better"),
        (
            "Every registered arm and comparison, on the test split.",
            "Every registered arm and comparison, on dev.",
        ),
        (
            "Every registered arm and comparison, on the test split.",
            "Scores of the best replicate of each arm.",
        ),
        ("those of the family \\emph{verdict} decide", "those of all families decide"),
        ("$p$ is that of the one-sided sign-flip test and decides nothing", "$p$ is two-sided and decides"),
        ("None of these numbers is a result:", "These numbers are results as well:"),
        ("What was explored on the dev split before", "What was explored on the test split before"),
        ("means with standard errors over the replicates", "means with ranges over the replicates"),
        ("Effects on test accuracy;", "Effects on test log loss;"),
        (
            "their variance taken over replicates and test items",
            "their variance taken over <n> bootstrap samples",
        ),
        ("knobs in which the arms differ are bold", "knobs that were tuned are bold"),
    ]
    return one_swap(rng, paper, [(BOUND, old, new) for old, new in swaps])


def caption_extended(rng: random.Random, paper: Paper) -> Planted | None:
    """One more sentence in a caption."""
    sentence = rng.choice(
        listed(
            r"""
- The treatment's mean is <acc>.
- Note the clear separation of the arms.
- Averages over <n> seeds.
- Best value in bold; the next best is <points> points behind.
- Shaded: the region of human performance.
- The dashed line marks the published state of the art, <acc>.
- Outliers are not shown.
- Computed on a single GPU in <word> minutes.
- The gain is due to <T>.
- Log scale; smoothed by a moving average.
- Further arms behaved alike and are omitted.
""",
            paper.verdict,
        )
    )
    fake = fill(sentence, invented(rng, paper))
    starts = [match.end() for match in re.finditer(r"\\caption\{", paper.bound)]
    at = rng.choice([paper.bound.index(". ", start) + 1 for start in starts[:-1]])
    return _at(paper, at, at, f" {fake}", fake)


def evidence_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """An entry of the evidence appendix that tells of other trials, splits, counts or ways of computing."""
    changes = (
        ("test split", "dev split"),
        ("dev split", "test split"),
        ("}{10}{", "}{32}{"),
        ("}{4}{", "}{12}{"),
        (r"\footnotesize fraction", r"\footnotesize per cent"),
        (r"{\footnotesize (95\,\%)}", r"{\footnotesize (99\,\%)}"),
        ("sample standard deviation", "standard error"),
        ("mean of accuracy over", "best accuracy over"),
        ("treatment minus baseline", "baseline minus treatment"),
        ("treatment minus control", "control minus treatment"),
        ("registered replicates", "replicates chosen afterwards"),
        (r"\hyperlink{trials:4}{T4}", r"\hyperlink{trials:6}{T6}"),
        (r"\hyperlink{trials:5}{T5}", r"\hyperlink{trials:1}{T1}"),
        ("re-runs left out", "re-runs counted"),
        ("declared in the template", "chosen after the trials"),
    )
    old, new = rng.choice(changes)
    rows = [match for match in _ROW.finditer(paper.bound) if old in match[0]]
    if not rows:
        return None
    match = rng.choice(rows)
    return _at(paper, match.start(), match.end(), match[0].replace(old, new, 1))


def card_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """The card on the first page says more than the paper."""
    start = paper.bound.index(r"\begin{shoalcard}")
    stop = paper.bound.index(r"\end{shoalcard}")
    card = paper.bound[start:stop]
    word = rng.choice([one for one in ("supported", "refuted", "inconclusive") if one != paper.verdict])
    changes = (
        (rf"\shoalverdict{{{paper.verdict}}}", rf"\shoalverdict{{{word}}}"),
        (rf"\shoalverdict{{{paper.verdict}}}", f"strongly {word}"),
        ("fixed before the first confirming trial", "fixed after the last confirming trial"),
        ("fixed before the first confirming trial", "amended during the confirming trials"),
        (r"40~\% uniform label noise", "any label noise"),
        (r"1,000 training images", r"60,000 training images"),
        ("handwritten digits", "natural images"),
        (r"(limit \shoaldeclared{20})", r"(limit \shoaldeclared{200})"),
        ("over the tuned baseline", "over the published state of the art"),
        ("on this test pool", "on five test pools"),
    )
    old, new = rng.choice([one for one in changes if one[0] in card])
    return _at(paper, start, stop, card.replace(old, new, 1), new)


def front_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """Title, by-line or metadata that promise what the paper does not hold."""
    head = paper.bound[: paper.bound.index(r"\begin{document}")]
    title = re.search(r"\\title\{([^\n]*)\}", head)
    if title is None:
        return None
    capital = paper.arms["treatment"][0].upper() + paper.arms["treatment"][1:]
    titles = (
        f"{capital} is all you need under label noise",
        f"{capital}: state-of-the-art learning with noisy labels",
        f"{capital} proves useless against any baseline, at any noise rate",
        f"Why {paper.arms['treatment']} works",
        f"A 9-point gain from {paper.arms['treatment']}",
        f"{capital} makes neural networks immune to label noise",
        f"{capital}, a universal remedy",
        f"Towards solving label noise: {paper.arms['treatment']} at human level",
    )
    subject = f"Verdict: {paper.verdict}."
    swaps = [(BOUND, title[0], rf"\title{{{rng.choice(titles)}}}")] * 4
    byline = r"\shoalbyline}{Machine-made paper: scripted study; no language model; novelty not assessed}"
    swaps += [
        (BOUND, subject, "Verdict: proven beyond doubt."),
        (BOUND, byline, r"\shoalbyline}{Peer-reviewed; novelty assessed}"),
        (BOUND, byline, r"\shoalbyline}{Written by humans; no machine was involved}"),
    ]
    return one_swap(rng, paper, swaps)


def making_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """How the paper was made and what ran, told otherwise."""
    swaps = [
        ("No person wrote or checked its text.", "Two persons wrote and checked its text."),
        ("No person wrote or checked its text.", "Its text was checked line by line by an expert."),
        ("The trials ran in sandboxes (bubblewrap) without a network.", "The trials ran on a GPU cluster."),
        ("The trials ran in sandboxes (bubblewrap)", "The trials ran in virtual machines (Firecracker)"),
        ("were computed from recorded trials", "were taken from the logs of the best runs"),
        (r"\shoaldeclared{\texttt{digits} with seed 0}", r"\shoaldeclared{\texttt{mnist} with seed 42}"),
        ("This paper was made by a machine,", "This paper was made by a team of scientists with the help of"),
        ("-{}-explore 24", "-{}-explore 240"),
        ("All arms run the template's unchanged code;", "The treatment runs code that was written for it;"),
        (
            "they differ in the knobs of Table~\\ref{tab:knobs} alone",
            "they also differ in their architecture",
        ),
        ("One entry for each number that this paper prints", "One entry for a selection of the numbers"),
        ("no language model; novelty not assessed)}", "with a language model; found to be novel)}"),
    ]
    return one_swap(rng, paper, [(BOUND, old, new) for old, new in swaps])


def sentence_typed(rng: random.Random, paper: Paper) -> Planted | None:
    """A sentence typed into the rendered text after binding."""
    sentence = rng.choice(
        listed(
            r"""
- On the test split, the treatment attains <acc>.
- This corresponds to <points> percentage points, which is more than we had hoped for.
- We used <n> GPUs.
- A user study with <word> participants confirms the benefit.
- The gain vanishes when <T> is switched off, as an ablation shows.
- Results on CIFAR are similar.
- \shoalfact{arm.extra.mean}{\ensuremath{<acc>}} is the mean of a fourth arm.
- \shoalclaim{bonus}{The treatment improves accuracy by <points> points on unseen data}.
- The verdict would be \shoalverdict{supported} with \shoalsetting{limit.gpus}{\ensuremath{8}} accelerators.
- The training took \shoaldeclared{<word> minutes} for each arm.
- It is \shoaldeclared{<k>} times out of 10 that the treatment wins.
""",
            paper.verdict,
        )
    )
    fake = fill(sentence, invented(rng, paper))
    start = paper.bound.index(
        rng.choice((r"\section{Results}", r"\section{Conclusion}", r"\section{Exploration}"))
    )
    body = paper.bound[paper.bound.index("\n", start) : paper.bound.index("\n\n", start)]
    at = paper.bound.index("\n", start) + rng.choice(sentence_ends(body))
    return _at(paper, at, at, f" {fake}", fake)


def appendix_added(rng: random.Random, paper: Paper) -> Planted | None:
    """An appendix or closing section that nothing in the study stands behind."""
    fake = fill(
        rng.choice(
            listed(
                r"""
- \section{Further results} On a second data set the treatment has an accuracy of <acc>.
- \section{Hardware} All trials ran on <n> nodes with two processors each.
- \section{Ablations} Without <T> the score falls to <acc>.
- \section{Proof of the main theorem} The claim follows by induction over the epochs.
- \section{Acknowledgements} We thank our colleagues for running the replication.
- \section{Extended evidence} Trials of <n> more replicates are in line with the verdict.
- \section{Notation}
- \section{Broader impact} The method has been in use at a postal service, with good results.
- \section{Reproducibility} The study was reproduced on <word> machines, bit for bit.
- \section{Additional tables} To be added.
""",
                paper.verdict,
            )
        ),
        invented(rng, paper),
    )
    at = paper.bound.index(r"\end{document}")
    return _at(paper, at, at, f"{fake}\n", fake)


def bibliography_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """Citations of the rendered paper that point elsewhere, twice or nowhere."""
    key = rng.choice(paper.references)
    wrong = rng.choice(
        (f"{key}b", "anon2020noise", f"{key},{key}", "", "?", "okafor2021tuning", f"{key}:p7", "TODO")
    )
    if rng.random() < 0.3:
        item = rng.choice(
            (
                r"\begin{thebibliography}{9}\bibitem{a} A. Okafor. On noise. 2021.\end{thebibliography}",
                r"\bibliography{references,more}",
                rf"\bibitem{{{key}}} The same work again.",
            )
        )
        return swap(
            paper, BOUND, r"\bibliography{references}", r"\bibliography{references}" + "\n" + item, item
        )
    cites = [cite for cite in re.findall(r"\\citep\{[^}]*\}", paper.bound) if key in cite]
    if not cites:
        return None
    return swap(paper, BOUND, cites[0], cites[0].replace(key, wrong))


KINDS: dict[str, Kind] = {
    "bound_cell_altered": cell_altered,
    "bound_limits_altered": limits_altered,
    "bound_link_altered": link_altered,
    "bound_knob_altered": knob_altered,
    "bound_row_added": row_added,
    "bound_row_omitted": row_omitted,
    "bound_caption_altered": caption_altered,
    "bound_caption_extended": caption_extended,
    "bound_evidence_altered": evidence_altered,
    "bound_card_altered": card_altered,
    "bound_front_altered": front_altered,
    "bound_making_altered": making_altered,
    "bound_sentence_typed": sentence_typed,
    "bound_appendix_added": appendix_added,
    "bound_bibliography_altered": bibliography_altered,
}
