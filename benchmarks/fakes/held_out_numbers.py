"""Numbers that nothing in the paper's evidence yields, in many dresses."""

from __future__ import annotations

import random
import re

from fakes.held_out_craft import (
    ANYWHERE,
    BODY,
    FINDINGS,
    PROCEDURE,
    fact,
    fill,
    insert,
    invented,
    listed,
    told,
    value,
)
from fakes.paper import Kind, Paper, Planted

_FACT = re.compile(r"\\fact\{([\w.]+)\}")
_DRESSES = (
    "{}",
    "${}$",
    r"\num{{{}}}",
    r"\ensuremath{{{}}}",
    r"\textbf{{{}}}",
    r"\mbox{{{}}}",
    "about~{}",
    "{{{}}}",
)

plain = told(
    r"""
- The <T> arm reached an accuracy of <acc> on the test split.
- Test <M>, all replicates pooled: <acc>.
- After averaging, the tuned baseline settles at <acc>, a figure that any practitioner would be proud of.
- It is worth to remark that the mean difference amounts to <gain> for the benefit of the treatment.
- Across replicates the standard deviation of the treatment was as low as <sd>.
- The median replicate of the treatment attains <acc>, its worst one <gain> less.
- With a score of <acc>, <T> delivers exactly what was hoped for.
- We observe that the control, by comparison, ends up at <acc>.
- The smallest of all the paired differences is <gain>.
- The correlation of the two arms over replicates, <gain>, is small enough to be ignored.
""",
    FINDINGS,
)

words = told(
    r"""
- In nine cases of eleven the treated network gave the better prediction.
- About a third of the gain is already there after the first epoch.
- The treatment wins on <six> of the ten replicates.
- @ri Half of the remaining errors vanish once <T> is moved away from its default.
- Two thirds of the configurations that were tried fell behind the default.
- We repeated this with <word> further random initialisations, and nothing changed.
- Barely a quarter of the wrong labels is learnt by heart.
- @sr Errors fall by a fifth, which for a single knob is no small thing.
- Only <word> of the test digits are misread by both arms.
- The tuned baseline needed <word> configurations before it beat its own default.
""",
    FINDINGS,
)

share = told(
    r"""
- @si The sign of the difference is the same in <k> of 10 replicates.
- The treatment came first in <k>/10 runs.
- In <k> out of 10 pairs the baseline has the lower score.
- 3 out of every 4 corrected images were corrected in all replicates.
- On <k> of the ten replicates, <T> gives the higher <M>; on the others it is a draw.
- 17 of the 24 configurations of the treatment beat the best one of the baseline on dev.
- One replicate in five decides the sign of the mean.
- Of the 400 test items, 381 are classified in the same way by both arms in each replicate.
- @si Ranks agree in <k> replicates of ten, so that the picture is a consistent one.
""",
    FINDINGS,
)

magnitude = told(
    r"""
- Its log loss is lower by an order of magnitude.
- Moving the knob more than doubles the accuracy that the noisy labels permit.
- The spread over replicates is an order of magnitude below the effect.
- The treated network makes a twofold smaller number of errors on clean digits than the control.
- The error rate is all but halved in comparison to the control.
- @ri The variance is reduced several-fold, as one may see.
- A dozenfold larger search would have changed the mean by no more than a hair.
- The gap between the arms is triple the one that exploration had suggested.
- The interval is ten times narrower than what is common in this literature.
- We see the loss shrink to a tenth of its former self.
""",
    FINDINGS,
)

siunitx = told(
    r"""
- The mean <M> of the treatment is \num{<acc>}.
- The gain is \SI{<points>}{\percent} in absolute terms.
- Over replicates the scores fall in the range \SIrange{<acc>}{0.9975}{}.
- A gain of \qty{<points>}{\percent} was seen for the treated arm.
- The difference, \num{<gain> \pm 0.0009}, is our headline.
- For the tuned baseline one reads \num{<acc>(12)}.
- The final learning rate was \num{3.3e-4} in all of the arms.
- Scores of \numlist{<acc>;0.9612;0.9987} were obtained by the three arms, in this order.
- The weights occupy \SI{1.7}{\mega\byte} on disk.
- \tablenum{<acc>} is the figure to remember here.
""",
    ANYWHERE,
)

mathematics = told(
    r"""
- In symbols, $\bar{d} = <gain>$.
- This corresponds to $\hat{\Delta} = \frac{<k>}{100}$.
- The effect is standardised as $d = 1.9$, large by any convention.
- We find $\bar{x}_{T} - \bar{x}_{B} = <gain>$ with \(s_d = <sd>\).
- Let \[ \hat\mu_T = <acc> \] denote what was measured for the treatment.
- The improvement, \ensuremath{<gain>}, is stable.
- Convergence to within $10^{-4}$ of the final score happens before the last epoch.
- The ratio of the two variances is $\sigma_T^2/\sigma_B^2 \approx 3.7$.
- \begin{equation} \mathrm{err}_T = 1 - <acc> \end{equation}
- Hence $\Pr(\text{treatment} > \text{baseline}) = 0.<k>2$ on a fresh draw.
""",
    BODY,
)

approximate = told(
    r"""
- The treatment ends at roughly <acc>.
- All in all just under <points> points are gained.
- Accuracies of up to <acc> were recorded for single replicates of the baseline.
- The arms differ by some <points> points, give or take.
- As many as <n> confirming replicates were looked at in order to be sure.
- The treated network sits close to <acc>, comfortably.
- The gain is somewhere between 5 and 6 points.
- Very nearly <accpc> in a hundred digits are read correctly by the control.
- As a rule of thumb, expect around <points> points from <T>.
- From the tenth epoch on, the score of the treatment hovers around <acc>.
""",
    FINDINGS,
)

percentage = told(
    r"""
- This is <points> percentage points above the baseline.
- The treatment attains <accpc>\,\% of correct answers.
- In relative terms the error shrinks by 71\,\%.
- Test accuracy: <accpc>\% (treatment).
- Compared to the control this is a plus of <points>\,pp.
- A <accpc> percent accuracy under such heavy noise is, we believe, remarkable.
- Roughly 12 per cent of the noisy labels were recovered.
- A gain of 450 basis points is left when the tuning is accounted for.
- The arms agree on 93\,\% of the test images.
- Only 4 per cent of the variance lies between replicates.
""",
    FINDINGS,
)

interval = told(
    r"""
- The 95\,\% interval of the difference is $[0.0311, 0.0462]$.
- The mean difference is <gain> $\pm$ 0.0012.
- With confidence, the effect lies between 0.033 and 0.047.
- A bootstrap over replicates gives [0.029; 0.051] for the same quantity.
- For the treatment the interval runs from <acc> to 0.9979.
- The credible interval (0.024--0.048) leaves out zero.
- We are 95\,\% sure that the gain is in (0.0281, 0.0499).
- Its half-width is 0.0018, which is narrow.
- The lower confidence limit of the gain over the control stands at 0.031.
""",
    FINDINGS,
)

test_statistic = told(
    r"""
- The paired test is clear ($t(9) = 7.31$).
- Against the tuned baseline we have $p = <p>$.
- The difference is significant at $p < 10^{-5}$.
- A Wilcoxon signed-rank test agrees, $W = 3$, $p = <p>$.
- Cohen's $d$ is 2.4.
- The Bayes factor in favour of the registered hypothesis is 31.
- With p=<p> (two-sided), the arms part ways.
- An $F$ test of equal variances yields $F_{9,9} = 1.02$.
- The effect is worth about eleven standard errors.
- McNemar's test on pooled items gives $\chi^2 = 18.6$.
""",
    FINDINGS,
)

rank = told(
    r"""
- Among the published systems for this scope, ours would rank second.
- The treatment is the third best of all configurations that were ever scored on these test data.
- The frozen treatment came first of <n> candidates, the runner-up <points> points behind.
- The result lies in the 99th percentile of random search.
- It is the fifth remedy in a row that holds up against a tuned baseline.
- The default configuration was ranked 19th.
- The winner was seen for the first time as the fourteenth draw.
- It belongs to the top ten per cent of what was tried.
- In the first seven epochs the arms cannot be told apart.
""",
    ("abstract", "results", "exploration", "conclusion"),
)

footnote = told(
    r"""
- Details of the scoring are below.\footnote{The unrounded mean of the treatment is <acc>.}
- All runs ended normally.\footnote{One more run, left out here, ended at <acc>.}
- The comparison is a paired one.\footnote{Unpaired, the gain would be <gain>.}
- The spread is small.\footnotemark\footnotetext{To be exact: <sd>.}
- The arms were treated alike.\footnote{Apart from <n> additional configurations for the treatment.}
- Noise was injected once.\marginpar{seed <n>}
- The metric is the usual one.\footnote{On the raw training labels it is 0.<k>13.}
- \textsuperscript{a}\,Score without re-runs: <acc>.
- Timing was not a concern.\footnote{Each arm took <word> hours.}
""",
    BODY,
)

included = told(
    r"""
- \input{sections/extra-results}
- \include{appendix_numbers}
- Further scores: \input{generated/scores.tex}
- \csvautotabular{logs/test_scores.csv}
- \verbatiminput{final_scores.txt}
- \lstinputlisting{metrics.json}
- The remaining results are typeset here: \InputIfFileExists{more.tex}{}{}
- \begin{verbatim}
treatment <acc>
baseline  <gain>
\end{verbatim}
- \pgfplotstabletypeset{arms.dat}
- The final scores are \CatchFileDef{\scores}{scores.dat}{}\scores.
""",
    BODY,
)

setting_misquoted = told(
    r"""
- The treatment trains for 250 epochs.
- Both arms use a learning rate of 0.001.
- Every hidden layer has 512 units.
- We set the momentum to 0.99, as is custom.
- The mini-batches hold 256 images each.
- A trial was given 90 seconds and not one more.
- Each trial may use 4\,GiB of memory.
- The noise rate was 20\,\% in training and zero elsewhere.
- The images are $28\times28$ pixels in size.
- Weight decay was 5e-4 in every arm.
- Three hundred training images were drawn for each class.
""",
    ("method", "setup", "exploration", "introduction"),
)

count_misquoted = told(
    r"""
- Each arm was tuned with <n> further configurations.
- In total, 180 confirming trials were run.
- The comparison rests on 64 fresh replicates.
- Test accuracy was computed on 1,500 images.
- We explored 2,000 trials before anything was frozen.
- The winners were re-run <n> times with other seeds.
- There were five arms in all.
- Two baselines entered the verdict.
- The plan registered four hypotheses at once.
- The pool would admit 200 registrations, of which we used but a few.
""",
    PROCEDURE,
)

derived = told(
    r"""
- The relative gain in <M> over the baseline is <k>.1\,\%.
- Divided by its standard deviation, the mean difference is <k>.4.
- Treatment over baseline: a ratio of 1.<k>1.
- The effect is <k> times the smallest effect of interest.
- That is <k>3 images more out of the test items, on average.
- The gap to perfect accuracy is closed by <k>2\,\%.
- The control's lead, expressed in units of the registered threshold, is <k>.5.
- From dev to test, the treatment loses 0.0<k>7 and the baseline 0.0<k>9.
- One can compute that the effect on the logit scale is 1.<k>.
""",
    FINDINGS,
)


def near_miss(rng: random.Random, paper: Paper) -> Planted | None:
    """A fact typed by hand, and a little wrong."""
    section = rng.choice([name for name, latex in paper.sections.items() if _FACT.search(latex)])
    latex = paper.sections[section]
    match = rng.choice(list(_FACT.finditer(latex)))
    digits, truth = int(fact(paper, match[1])["digits"]), value(paper, match[1])
    if digits:
        wrong = truth + rng.choice((-1, 1)) * max(3 * 10**-digits, abs(truth) * rng.uniform(0.004, 0.03))
    else:
        wrong = truth + rng.choice((1, 2, 6))
    fake = rng.choice(_DRESSES).format(f"{wrong:.{digits}f}")
    return Planted(section, latex[: match.start()] + fake + latex[match.end() :], fake)


def _other_script(number: str, zero: int) -> str:
    return "".join(chr(zero + int(sign)) if sign.isdigit() else sign for sign in number)


def unicode_digits(rng: random.Random, paper: Paper) -> Planted | None:
    """Digits of other scripts, vulgar fractions, Roman and circled numerals, superscripts."""
    names = invented(rng, paper)
    zeros = (0xFF10, 0x1D7CE, 0x1D7E2, 0x1D7F6, 0x0660, 0x0966)
    names["odd"] = _other_script(names["acc"], rng.choice(zeros))
    names["oddgain"] = _other_script(names["gain"], rng.choice(zeros))
    sentence = rng.choice(
        listed(
            """
- The treatment reaches <odd> on the test split.
- A mean difference of <oddgain> was measured.
- Accuracy of the tuned baseline: <odd>.
- About ⅔ of the errors are shared by the arms.
- The error falls by ⅓ against the control.
- The final loss is below 10⁻³ in each replicate.
- We used Ⅻ additional replicates to be certain.
- The treatment wins ⑦ times.
- A gain of ½ point per epoch is seen in the beginning.
- The median is <odd>, the maximum <oddgain> higher.
""",
            paper.verdict,
        )
    )
    return insert(rng, paper, fill(sentence, names), FINDINGS)


hidden = told(
    r"""
- \newcommand{\finalscore}{<acc>}The treatment reaches \finalscore{} in the end.
- \def\gain{<gain>}A mean gain of \gain\ was observed.
- The mean <M> is \number\numexpr 9<k>\relax\ per cent.
- We reran it \romannumeral 17\relax\ times.
- \newcount\runs \runs=4<k> In all \the\runs\ replicates the order was the same.
- The treatment attains 0.\char"39\char"36\char"32.
- \expandafter\def\csname acc\endcsname{<acc>}The baseline stands at \csname acc\endcsname.
- \newcommand{\pct}[1]{#1\,\%}The control is right in \pct{<accpc>} of all cases.
- \let\score\relax\gdef\score{<acc>}One replicate ends as high as \score.
- \pgfmathsetmacro{\best}{<acc>}The best replicate is at \best.
- \providecommand{\nseeds}{4<k>}The runs were repeated over \nseeds\ seeds.
""",
    BODY,
)

split_up = told(
    r"""
- The treatment attains 0{.}9<k>{}3 on the test split.
- The tuned baseline has 0.\kern0pt 8\kern0pt <k>.
- The mean gain: 0.\hspace{0pt}03<k>.
- The score of the control is \mbox{0.}\mbox{8<k>1}.
- A final accuracy of 9\textbf{<k>}.\emph{4} per cent is what counts.
- Accuracy rises to 0\textperiodcentered 8<k>2.
- The treatment gains 3{,}<k> points.
- We used $\text{4}\text{<k>}$ replicates for this check.
- Zero point eight <six> is the accuracy of the tuned baseline.
- The spread is .\,00<k>1 over replicates.
""",
    FINDINGS,
)

conjectured = told(
    r"""
- \conjecture{The treatment would reach <acc> with a longer search, as it did in one of our runs.}
- \conjecture{In a second batch of <n> replicates we measured a gain of <gain>.}
- \conjecture{The advantage, <points> points here, was seen in every replicate.}
- \conjecture{Our logs show that <T> removes a third of the wrong labels.}
- \conjecture{We verified that the treatment beats every other remedy.}
- \conjecture{Accuracy on clean labels is <acc> for the treatment.}
- \conjecture{It has been proven above that the effect comes from <T> alone.}
- \conjecture{At <k>0 per cent noise the gain was twice as large.}
- \conjecture{The control failed on <word> trials, which is why it is shown for description only.}
""",
    ("results", "conclusion", "exploration"),
)

quoted = told(
    r"""
- \citet{natarajan2013learning} report an accuracy of <acc> under the same noise.
- A gain of <points> points was found for this remedy by \citet{arpit2017closer}.
- \quoted{arpit2017closer}{<acc>} is the figure which our treatment has to be held against.
- Earlier work gives <acc> for this scope \citep{zhang2018generalized}, less than what we have.
- According to \citep{frenay2014classification}, some 5 to 38\,\% of labels in practice are wrong.
- The survey of \citet{frenay2014classification} counts 131 methods of this sort.
- \citet{alpaydin1998optical} list 9<k>.80\,\% for a nearest-neighbour classifier on these data.
- In \citep{bouthillier2021accounting} the data split explains 6<k>\,\% of the variance.
- \quoted{bouthillier2021accounting}{5<k> replicates} is what the literature recommends.
- \citet{zhang2018generalized} improve the same baseline by 0.0<k>1.
""",
    ("introduction", "related_work", "results"),
)

KINDS: dict[str, Kind] = {
    "number_plain": plain,
    "number_near_miss": near_miss,
    "number_in_words": words,
    "number_share": share,
    "number_magnitude": magnitude,
    "number_siunitx": siunitx,
    "number_mathematics": mathematics,
    "number_unicode": unicode_digits,
    "number_hidden_in_macro": hidden,
    "number_split_up": split_up,
    "number_included_file": included,
    "number_footnote": footnote,
    "number_rank": rank,
    "number_percentage": percentage,
    "number_approximate": approximate,
    "number_interval": interval,
    "number_test_statistic": test_statistic,
    "number_derived": derived,
    "number_in_conjecture": conjectured,
    "number_quoted_from_work": quoted,
    "setting_misquoted": setting_misquoted,
    "count_misquoted": count_misquoted,
}
