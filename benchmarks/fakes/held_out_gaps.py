"""What is left out, what points nowhere, what nothing feeds, and sections that say nothing."""

from __future__ import annotations

import random

from fakes.held_out_craft import (
    BODY,
    FINDINGS,
    fill,
    insert,
    invented,
    listed,
    one_swap,
    sentence_with,
    swap,
    told,
)
from fakes.paper import Kind, Paper, Planted

_ALL = (*FINDINGS, "introduction", "related_work", "method", "setup", "exploration", "limitations")


def _without(
    rng: random.Random, paper: Paper, section: str, marks: list[str], instead: str
) -> Planted | None:
    """The section without the sentences that hold the marks; the first may give way to an evasive one."""
    latex = paper.sections[section]
    gone = []
    for number, mark in enumerate(marks):
        sentence = sentence_with(latex, mark)
        if not sentence:
            continue
        evasion = rng.choice(["", "", *listed(instead, paper.verdict)]) if number == 0 else ""
        latex = latex.replace(sentence, evasion, 1).replace("  ", " ")
        gone.append(sentence)
    if not gone:
        return None
    return Planted(section, latex.strip(), " ".join(gone))


def primary_effect_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """The abstract does not say how large the effect is."""
    evasions = """
- The two arms were compared on these replicates.
- A difference between the arms was computed, together with an interval.
- The size of the effect is given in the main text.
- What came out is discussed below in full detail.
- The comparison went as planned.
- The difference was set against the smallest effect of interest.
- All scores are to be found in the tables.
- The outcome is a nuanced one.
"""
    return _without(rng, paper, "abstract", [r"\fact{effect.baseline.mean}"], evasions)


def verdict_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """The abstract does not say the verdict."""
    evasions = """
- The hypothesis was judged by the registered rule.
- A verdict was computed for this scope.
- We discuss what follows from that.
- The registered rule was applied without any exception.
- The verdict is given in the results.
- This sheds light on the question.
- The question has got an answer that will be of use.
- The rule then decides.
"""
    return _without(rng, paper, "abstract", [r"\verdict"], evasions)


def control_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """The results do not tell of the control."""
    evasions = """
- Comparisons with other arms are of lesser interest.
- Nothing else of note was seen.
- A further arm served as a sanity check and is not discussed.
- The remaining comparison is in line with expectation.
- The picture is complete with that.
- All other comparisons were made, too.
- Besides, a control was run.
- Supplementary comparisons are left to the reader.
"""
    return _without(rng, paper, "results", [r"\claim{effect-control}"], evasions)


def primary_claim_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """The results do not tell of the registered comparison, of its p or of the verdict."""
    evasions = """
- As one can see, the two are not the same.
- The reader may judge the difference.
- The registered comparison was carried out.
- This is the heart of the study.
- The difference speaks for itself.
- Formal tests are a matter of taste, and we let the means speak.
- Both values are means over the replicates.
- More on that in the conclusion.
"""
    marks = [r"\claim{primary}", r"\verdict", r"\fact{comparison.baseline.p}"]
    return _without(rng, paper, "results", marks, evasions)


def search_omitted(rng: random.Random, paper: Paper) -> Planted | None:
    """How much was tried and how often the test data were used is not told, or denied."""
    entry = r", as entry \fact{ledger.number} of \fact{ledger.total} on these test data"
    tried = (
        r"On the dev split, \fact{explore.baseline.candidates} configurations of the baseline and "
        r"\fact{explore.treatment.candidates} of the treatment were tried, in \fact{explore.trials} trials "
        "with all re-runs."
    )
    counts = (
        r"There were \fact{explore.trials} exploring and \fact{count.trials} confirming trials, the latter"
    )
    fresh = [
        ", on test data that no study had used before",
        ", as the first one on these test data",
        ", and it is the only one on these test data",
        ", on a pool of test data that was set up for this study alone",
    ]
    swaps = [
        (
            "exploration",
            tried,
            "On the dev split, no configuration was tried that did not make it into this paper.",
        ),
        ("exploration", tried, "On the dev split, the defaults were checked and found to be good enough."),
        ("exploration", tried, "On the dev split, a single configuration of each arm was tried."),
        (
            "exploration",
            tried,
            "On the dev split, little was tried for the baseline, and all of it is shown.",
        ),
        ("setup", counts, r"No exploring was needed; there were \fact{count.trials} trials, all of them"),
        ("setup", counts, r"All \fact{count.trials} trials that were ever run are reported, each"),
    ]
    if _earlier(paper):
        swaps += [("method", entry, words) for words in fresh]
    return one_swap(rng, paper, swaps)


def _earlier(paper: Paper) -> bool:
    """Whether the test data had been used before."""
    return any(one["name"] == "ledger.number" and one["value"] > 1 for one in paper.facts)


_AUTHORS = ("okafor", "lindqvist", "marchetti", "hou", "petrov", "ibarra", "vandermeer", "saito", "novak")
_TOPICS = ("robust", "noisy", "memorization", "tuning", "cleaning", "labels", "baselines", "generalisation")


def reference_unknown(rng: random.Random, paper: Paper) -> Planted | None:
    """A key that the library does not have."""
    key = f"{rng.choice(_AUTHORS)}{rng.choice((2009, 2014, 2018, 2020, 2022, 2023))}{rng.choice(_TOPICS)}"
    sentence = rng.choice(
        listed(
            r"""
- On robust training, see \citep{<key>}.
- Similar remedies are discussed by \citet{<key>}.
- This design follows \citep{<key>}.
- A survey is given in \cite{<key>}.
- On <T> under noise: \citep{<known>,<key>}.
- The same question was asked by \citeauthor{<key>} in \citeyear{<key>}.
- Our notation is that of \citet[Sec.~2]{<key>}.
- It is known that tuning matters a lot \citep[see][]{<key>}.
- Compare also \citealp{<key>}.
""",
            paper.verdict,
        )
    )
    names = {**invented(rng, paper), "key": key, "known": rng.choice(paper.references)}
    return insert(rng, paper, fill(sentence, names), ("introduction", "related_work", "method"))


reference_typed = told(
    r"""
- The effect was described before (Hartmann and Liu, 2019).
- See [12] for an overview.
- Smith et al.\ came to the same conclusion.
- As shown in [Zha21], noisy labels are learnt last.
- Our baseline is the one of Okafor (2020), which is hard to beat.
- This is known from the literature (see e.g.\ Marchetti, 2016; Novak, 2018).
- A proof may be found in the well-known textbook of Bishop.
- The trick goes back to Hinton's lecture notes.
- Details are in arXiv:1905.11604.
- A recent preprint (doi:10.48550/arXiv.2101.00001) says the opposite.
- Recent papers at NeurIPS and ICML are of the same opinion.
""",
    ("introduction", "related_work", "method", "conclusion"),
)

reference_unresolved = told(
    r"""
- This was noted before \citep{?}.
- On regularisation: \citep{TODO}.
- Earlier work \cite{} points in the same direction.
- The remedy is an old one [?].
- See \citep{citation-needed} for a discussion.
- The proof is given in \citet{key}.
- Others did likewise \citep{REF1,REF2}.
- This is well established (\textbf{REF}).
- For background the reader is referred to \citep{XXXX}.
- As was shown in (?, ?), noise hurts.
""",
    ("introduction", "related_work", "method"),
)


def reference_duplicated(rng: random.Random, paper: Paper) -> Planted | None:
    """The same work twice, as if it were two."""
    one, other = rng.sample(paper.references, 2)
    sentence = rng.choice(
        (
            rf"Two works are close to this study: \citep{{{one},{one}}}.",
            rf"On the same topic: \citep{{{one},{other},{one}}}.",
            rf"See \citep{{{one}}} and also \citep{{{one}}}, which is independent of it.",
            rf"There are several sources \citep{{{other},{other},{one}}}.",
            rf"Both \citet{{{one}}} and \citet{{{one}}} take up this topic.",
            rf"Further reading: \cite{{{one}, {one}, {one}}}.",
            rf"The topic has drawn much interest \citep{{{one},{other}}}\citep{{{other},{one}}}.",
            rf"Among many others, one may name \citealp{{{other}}}; \citealp{{{other}}}; \citealp{{{one}}}.",
        )
    )
    return insert(rng, paper, sentence, ("introduction", "related_work"))


def reference_uncited(rng: random.Random, paper: Paper) -> Planted | None:
    """A work of the list that the text no longer cites, or that is padded in without a word."""
    related = paper.sections["related_work"]
    key = rng.choice(paper.references)
    if rng.random() < 0.25:
        sentence = rng.choice((r"\nocite{*}", rf"\nocite{{{key}}}"))
        padded = swap(paper, "related_work", rf"\citep{{{key}}}", f"the usual source{sentence}", sentence)
        if padded:
            return padded
    for old, new in ((f",{key}", ""), (f"{key},", "")):
        if old in related:
            return Planted("related_work", related.replace(old, new, 1), key)
    words = rng.choice(
        (
            "the usual source",
            "well-known work",
            "the original paper",
            "a classic that needs no citation",
            "see any textbook",
            "the source that everybody uses",
            "earlier work by others",
            "what the literature has to offer",
        )
    )
    return swap(paper, "related_work", rf"\citep{{{key}}}", words, key)


def reference_misused(rng: random.Random, paper: Paper) -> Planted | None:
    """What a cited work is said to have found, though nobody compared it with this study."""
    keys = {"key": rng.choice(paper.references), "other": rng.choice(paper.references)}
    sentence = rng.choice(
        listed(
            r"""
- Our outcome agrees with that of \citet{<key>}.
- In contrast to \citep{<key>}, we tune the baseline.
- This contradicts \citet{<key>}, who claim the opposite.
- \citet{<key>} found <T> to be without effect on digits.
- That <T> helps is a well-known result \citep{<key>}.
- \citet{<key>} recommend our treatment for noisy labels.
- The protocol of \citep{<key>} is followed to the letter.
- We confirm a conjecture of \citet{<key>} here.
- The weakness of \citep{<key>,<other>} is that no control was run.
- Like \citet{<key>}, we used the largest network that fits.
- The proof in \citep{<key>} covers the present case.
""",
            paper.verdict,
        )
    )
    sentence = fill(sentence, {**invented(rng, paper), **keys})
    return insert(rng, paper, sentence, ("introduction", "related_work", "results", "conclusion"))


def _table(rows: str, caption: str) -> str:
    return (
        "\\begin{table}[t]\n\\centering\n\\caption{" + caption + "}\n\\begin{tabular}{lr}\n"
        "Arm & <M> \\\\ \\hline\n" + rows + "\\end{tabular}\n\\end{table}"
    )


_TABLES = (
    _table("<T> & <acc> \\\\\ntuned baseline & 0.8<k>1 \\\\\n", "Test scores by arm."),
    _table("<T> + ensembling & <acc> \\\\\n", "A further arm."),
    _table("digit 3 & <acc> \\\\\ndigit 8 & 0.8<k>4 \\\\\n", "Scores by class."),
    _table("20\\,\\% noise & <acc> \\\\\n60\\,\\% noise & 0.7<k> \\\\\n", "Other noise rates."),
    _table("without <T> & <acc> \\\\\nwithout momentum & 0.8<k>9 \\\\\n", "Ablation."),
    _table("seed <n> & <acc> \\\\\n", "Single runs."),
    _table("SVM & 0.9<k>2 \\\\\nrandom forest & <acc> \\\\\n", "Comparison with other methods."),
    _table("treatment & \\textbf{<acc>} \\\\\nprevious best & 0.9<k>0 \\\\\n", "State of the art."),
    "\\begin{center}\\begin{tabular}{c|c}treatment & control \\\\ <acc> & 0.8<k>\\end{tabular}\\end{center}",
)


def table_typed(rng: random.Random, paper: Paper) -> Planted | None:
    """A table that no experiment produced."""
    table = fill(rng.choice(_TABLES), invented(rng, paper))
    section = rng.choice(("results", "exploration", "setup"))
    return Planted(section, f"{paper.sections[section]}\n\n{table}", table)


def _figure(drawing: str, caption: str) -> str:
    return "\\begin{figure}[t]\n\\centering\n" + drawing + "\n\\caption{" + caption + "}\n\\end{figure}"


_PLOT = (
    "\\begin{tikzpicture}\\begin{axis}\\addplot coordinates {(1,0.8<k>) (2,0.9<k>) (3,<acc>)};\\end{axis}"
    "\\end{tikzpicture}"
)
_FIGURES = (
    _figure(
        "\\includegraphics[width=\\linewidth]{figures/loss-landscape.pdf}", "The loss surface of both arms."
    ),
    _figure("\\includegraphics{figures/confusion.png}", "Confusion matrices on the test split."),
    _figure(_PLOT, "<M> by the size of the network."),
    _figure("\\includegraphics{figures/tsne.pdf}", "Hidden representations of treatment and baseline."),
    _figure("\\includegraphics{example-image}", "The treated network."),
    _figure("\\rule{6cm}{4cm}", "Overview of the method."),
    _figure("\\begin{picture}(60,40)\\line(3,2){60}\\end{picture}", "<M> grows with the treated knob."),
    _figure("\\includegraphics{figures/noise-rates.pdf}", "Effect by the rate of wrong labels."),
    _figure(
        "\\includegraphics{figures/weights.pdf}", "Weights of the first layer before and after treatment."
    ),
)


def figure_fed_by_nothing(rng: random.Random, paper: Paper) -> Planted | None:
    """A figure that no results feed."""
    figure = fill(rng.choice(_FIGURES), invented(rng, paper))
    section = rng.choice(("results", "method", "exploration"))
    return Planted(section, f"{paper.sections[section]}\n\n{figure}", figure)


float_unknown = told(
    r"""
- Figure~\ref{fig:ablation} shows the ablation.
- Table~\ref{tab:classes} lists the scores by class.
- See Figure~\ref{fig:confusion} for the confusion matrices.
- The remaining scores are in Table~\ref{tab:extra}.
- Figure~\ref{fig:overview} gives an overview of the method.
- As Table~\ref{tab:noise-rates} shows, other noise rates behave alike.
- Details of the search are in Appendix~\ref{app:search}.
- Figure~7 makes this plain.
- Table IX has the full list.
- By Theorem~\ref{thm:main}, this had to be so.
- The scores of each replicate are plotted in Figure~??.
""",
    BODY,
)

float_misdescribed = told(
    r"""
- Figure~\ref{fig:learning-curves} shows that the baseline begins to forget after a few epochs.
- In Figure~\ref{fig:effects}, the intervals do not overlap with the hatched region at all, on either side.
- Figure~\ref{fig:learning-curves} gives the scores on the noisy training labels.
- @ri Table~\ref{tab:results} makes it clear that the treatment has the smallest spread of all.
- Figure~\ref{fig:exploration} reveals that the score hardly depends on the configuration.
- The bands in Figure~\ref{fig:learning-curves} are ranges from the worst to the best replicate.
- Table~\ref{tab:knobs} shows that the arms share their settings.
- Figure~\ref{fig:effects} displays the differences class by class.
- Table~\ref{tab:exploration} holds the final results of the study.
- From Figure~\ref{fig:learning-curves} one reads off that all arms have converged.
- Table~\ref{tab:results} includes an ablation without momentum.
""",
    ("results", "exploration", "conclusion"),
)


def float_unreferenced(rng: random.Random, paper: Paper) -> Planted | None:
    """A table or figure of the paper that the text does not mention any more."""
    swaps = [
        ("results", r" (Table~\ref{tab:results})", ""),
        ("results", r" (Table~\ref{tab:results})", " (see the table)"),
        ("results", r"Figure~\ref{fig:effects} shows the differences", "We also plotted the differences"),
        ("results", r"Figure~\ref{fig:effects} shows", "The figure on the next page shows"),
        ("results", r"Figure~\ref{fig:learning-curves} shows", "Another figure shows"),
        ("results", r"Figure~\ref{fig:learning-curves} shows", "We looked at"),
        (
            "exploration",
            r"Table~\ref{tab:exploration} and Figure~\ref{fig:exploration} show",
            "The floats show",
        ),
        ("exploration", r"Table~\ref{tab:exploration} and ", ""),
        ("exploration", r" and Figure~\ref{fig:exploration} show", " shows"),
    ]
    section, old, new = rng.choice(swaps)
    return swap(paper, section, old, new, old.strip())


def section_repeated(rng: random.Random, paper: Paper) -> Planted | None:
    """A passage that stands in the paper twice."""
    source = rng.choice(("introduction", "method", "setup", "results", "exploration", "related_work"))
    passage = rng.choice([part for part in paper.sections[source].split("\n\n") if len(part) > 200])
    target = rng.choice([source, source, *BODY])
    lead = rng.choice(
        (
            "",
            "",
            "To repeat: ",
            "Put differently: ",
            "As stated above: ",
            "In summary: ",
            "Again: ",
            "Once more: ",
        )
    )
    fake = lead + passage
    return Planted(target, f"{paper.sections[target]}\n\n{fake}", fake)


def section_empty(rng: random.Random, paper: Paper) -> Planted | None:
    """A section without a word to read."""
    section = rng.choice(_ALL)
    void = rng.choice(
        (
            "",
            " ",
            "% results go here",
            r"\par",
            "~",
            r"\bigskip",
            r"\vspace{2cm}",
            "{}",
            r"\begin{itemize}\end{itemize}",
            r"\phantom{text}",
            ".",
            r"\iffalse " + paper.sections[section].replace("%", "") + r" \fi",
        )
    )
    return Planted(section, void, void.strip() or paper.sections[section])


_PLACEHOLDERS = r"""
- To be written.
- TODO: summarise the main findings.
- [Insert discussion here.]
- Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt.
- This section will be completed once all results are in.
- \textit{Placeholder.}
- Content goes here.
- TBD
- XXX: numbers, then a sentence on the control.
- In this section, we describe the approach in detail. We then discuss it.
- (This page intentionally left blank.)
- Same as above, adapt later.
- <INSERT RESULTS>
- FIXME -- ask about the control.
"""


def section_placeholder(rng: random.Random, paper: Paper) -> Planted | None:
    """A section, or its last paragraph, that waits to be written."""
    section = rng.choice(_ALL)
    fake = rng.choice(listed(_PLACEHOLDERS, paper.verdict))
    kept = "" if rng.random() < 0.5 else paper.sections[section] + "\n\n"
    return Planted(section, kept + fake, fake)


leftover = told(
    r"""
- Here is the revised section:
- Certainly! Below is a more concise version of the paragraph.
- As an AI language model, I cannot verify these results.
- I hope this helps; let me know whether you want it shorter.
- \textbf{Note to the editor:} check this number.
- [citation needed]
- Regenerate response.
- (word count: about right)
- Sure, the section reads as follows.
- \textcolor{red}{Reviewer 2 will ask about this.}
- In order to meet the page limit, the rest was cut.
""",
    _ALL,
)

KINDS: dict[str, Kind] = {
    "omitted_primary_effect": primary_effect_omitted,
    "omitted_verdict": verdict_omitted,
    "omitted_control": control_omitted,
    "omitted_primary_claim": primary_claim_omitted,
    "omitted_search": search_omitted,
    "reference_unknown": reference_unknown,
    "reference_typed": reference_typed,
    "reference_unresolved": reference_unresolved,
    "reference_duplicated": reference_duplicated,
    "reference_uncited": reference_uncited,
    "reference_misused": reference_misused,
    "table_typed": table_typed,
    "figure_fed_by_nothing": figure_fed_by_nothing,
    "float_unknown": float_unknown,
    "float_misdescribed": float_misdescribed,
    "float_unreferenced": float_unreferenced,
    "section_repeated": section_repeated,
    "section_empty": section_empty,
    "section_placeholder": section_placeholder,
    "section_leftover": leftover,
}
