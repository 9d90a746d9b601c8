"""Hardware, run time, data, attempts, components, checks and people that no record of the study knows."""

from __future__ import annotations

import random

from fakes.held_out_craft import (
    BODY,
    PROCEDURE,
    one_swap,
    told,
)
from fakes.paper import Kind, Paper, Planted

hardware = told(
    r"""
- All experiments were run on a single NVIDIA A100.
- We used a cluster of commodity workstations for the confirming trials.
- Training was done on a laptop without a graphics card.
- The trials ran on AMD EPYC processors, one core a trial.
- A TPU pod served for exploration, while confirming was left to a desktop machine.
- Each trial had a GPU of its own.
- Mixed precision on tensor cores was employed throughout.
- Computation was distributed over several nodes by MPI.
- The machine had plenty of memory and a fast solid-state disk.
- We are running on a Raspberry Pi, to show how cheap it is.
- The exploring trials were executed in the cloud, on spot instances.
""",
    PROCEDURE,
)

run_time = told(
    r"""
- The whole study took three days and nights.
- Training of one network takes several minutes.
- The treatment is faster to train than the baseline.
- Per epoch, both arms need the same time.
- Exploration kept the machine busy for weeks.
- The time that training takes was compared over the arms, and found to be alike.
- Several trials ran into their time limit.
- The treated knob adds no overhead worth mentioning.
- Wall-clock time was dominated by the loading of data.
- It took the better part of a week until all of the trials were through.
- On average a trial used half of the seconds that it was granted.
""",
    ("abstract", "setup", "results", "exploration", "conclusion"),
)

efficiency = told(
    r"""
- At inference the treated network is twice as fast as that of the baseline.
- @si The treated network needs fewer parameters than the baseline for the same score.
- Energy use was the same in all arms.
- @s The treatment converges in fewer epochs.
- Memory consumption is the same for every configuration.
- The method scales linearly in the number of images.
- Gains are bought at no extra cost whatsoever.
- The carbon footprint of the study is negligible.
- The treatment halves the time to a given score.
- Fewer configurations suffice to tune the treated arm.
""",
    ("abstract", "introduction", "results", "conclusion"),
)

data = told(
    r"""
- The training set holds 60,000 images, of which a sixth is used here.
- Classes are balanced to within one image in every replicate.
- The digits were written by 250 persons.
- Images with illegible digits were removed by hand.
- The data were augmented with synthetic digits before training.
- Dev and test split are of the same size.
- Wrong labels are more frequent for digits that resemble each other.
- A tenth of the training labels was verified, and used as a clean validation set.
- Pixels were standardised with the statistics of the test split.
- We downscaled the images of MNIST to the size that is needed.
- Half of the test images were corrupted by Gaussian noise.
- Duplicates between training and test data were searched for and deleted.
""",
    ("method", "setup", "exploration", "introduction"),
)

also_tried = told(
    r"""
- We also tried a larger network, with the same outcome.
- In preliminary experiments, other remedies did worse.
- An ensemble of both arms was looked at and dropped.
- Adding a second hidden layer did not help.
- Other values of the treated knob led to nothing better, as a few side runs told us.
- We experimented with cosine schedules, too, but abandoned them early.
- An earlier pilot had pointed in the same direction.
- Replacing the optimiser by Adam made no difference to the ranking.
- For completeness, the noise-free case was run as well; the arms coincide there.
- Some further trials, not reported for lack of space, are consistent with this.
- Training for longer was attempted and gave no benefit.
- Informal tests on letters instead of digits were encouraging.
""",
    ("introduction", "results", "exploration", "conclusion"),
)

component = told(
    r"""
- The network ends in a batch-normalised layer before the softmax.
- Gradients are clipped to unit norm.
- A cosine schedule lowers the learning rate over the epochs.
- We stop early, when the dev loss has not improved for some epochs.
- Predictions are averaged over an ensemble of independently trained networks.
- An exponential moving average of the weights is what gets evaluated.
- The optimiser is Adam, with its default parameters.
- Two convolutional layers precede the fully connected one.
- Weights are initialised from a self-supervised pretraining stage.
- A small attention module reweights the pixels.
- Residual connections link input and output of the hidden layer.
- Samples with a large loss are skipped by a curriculum.
- A noise-transition matrix is estimated and used to correct the loss.
- At test time, predictions are averaged over shifted copies of the image.
""",
    ("method", "setup", "introduction"),
)

code_changed = told(
    r"""
- For the treatment we rewrote the training loop.
- The baseline uses its own, older implementation of the optimiser.
- A new module was added to the code in order to carry out the treatment.
- The evaluator was adapted so as to handle the treated arm.
- A bug in the shuffling of batches was mended between exploring and confirming.
- The control runs a reference implementation from the literature.
- Our patch touches the loss function and the data loader.
- Some lines of the experiment were changed after the plan had been registered.
- The treated arm relies on a custom kernel that was written for this study.
- In the treated arm, the loss is replaced by a robust variant of our own making.
- The code was ported to PyTorch before the confirming trials.
""",
    ("method", "setup", "exploration"),
)

tuning_told = told(
    r"""
- Configurations were proposed by Bayesian optimisation.
- We went over a full grid of learning rates and momenta.
- The knobs were tuned by hand at first, and then refined at random.
- Only the learning rate was tuned; all other knobs were left alone.
- Tuning of the baseline was continued until no further progress was made.
- Half of the configurations were given up after a few epochs.
- Hyperparameters were copied from earlier work.
- The control received the largest share of the search.
- The treatment was allowed to reuse the best configuration of the baseline.
- Winners were picked by their score on the test split, as that is what counts in the end.
- An evolutionary search over all knobs delivered both winners.
- Candidates of the baseline were chosen by an expert.
""",
    PROCEDURE,
)

protocol_told = told(
    r"""
- Scores were obtained by five-fold cross-validation.
- The p values were adjusted by the method of Holm.
- We first tested for normality and then chose the test.
- Outlying replicates were removed before the analysis.
- A mixed-effects model with random slopes led to the same verdict.
- The number of replicates was raised when the first ones looked promising.
- Replicates were added until the interval was narrow enough.
- The verdict was confirmed by a permutation test over arms.
- Intervals are bias-corrected bootstrap intervals.
- The analysis was carried out blind to the names of the arms.
- The plan was deposited in a public registry of trials.
- An interim analysis was made at half of the replicates.
""",
    ("method", "setup", "results"),
)

failures_told = told(
    r"""
- One trial of the baseline diverged and was left out.
- Two runs of the control had to be restarted.
- A handful of trials ran out of memory, and were repeated with smaller batches.
- Failed trials were simply run again until they succeeded.
- Several configurations of the treatment crashed in exploring.
- The treatment failed once, which is counted with the worst value.
- A power cut interrupted the confirming trials, without any harm.
- One replicate is missing for the control.
- Trials that hit the time limit are scored by their last checkpoint.
- In a single case the evaluator rejected the predictions of the baseline.
- Not every confirming trial ended with a score.
""",
    ("results", "exploration", "setup"),
)

deviation_told = told(
    r"""
- We departed from the plan in one respect: the metric was chosen afterwards.
- The threshold for the smallest effect was lowered during the study.
- A replicate was exchanged after registration, for it was an odd one.
- The baseline was tuned once more, after we had seen the test scores.
- In a minor deviation from the plan, the control was swapped for a stronger one.
- The number of replicates was reduced for reasons of cost.
- The frozen treatment was adjusted slightly before the last trials.
- Contrary to what had been registered, the comparison is one with the default baseline.
- The level of the test was relaxed when the result was close.
- We had planned a further ablation, but it was cancelled.
""",
    ("method", "results", "limitations"),
)

ablation_told = told(
    r"""
- An ablation shows that <T> is indispensable.
- When <T> is taken out, the effect is gone.
- Switching off momentum as well makes both arms equal.
- Of the components, dropout contributes the least.
- Ablating one knob after the other, we found none that matters as much as <T>.
- The ablated variant falls back to the level of the baseline.
- A dose--response check confirms: the more of <T>, the larger the effect.
- With label smoothing removed, results are unchanged.
- A placebo arm, where the knob was moved without any function, had no effect.
- Removing the cleaning step hurts every arm alike.
""",
    ("results", "exploration", "conclusion"),
)

people = told(
    r"""
- Three annotators checked a sample of the wrong predictions.
- The authors inspected all misread digits by eye.
- The code was reviewed by two colleagues.
- An expert in handwriting confirmed our reading of the errors.
- We thank the anonymous reviewers for their remarks.
- This work was funded by a national research grant.
- The ethics board of our institution approved the study.
- The first author ran the experiments, the second one wrote the text.
- We discussed the outcome with the authors of the baseline, who agree.
- Students helped with the labelling of the images.
- A statistician was consulted about the decision rule.
""",
    BODY,
)

availability = told(
    r"""
- Code and weights are available at \url{https://github.com/noisy-digits/release}.
- All trained networks were released under a permissive licence.
- An interactive demo accompanies this paper.
- The data were deposited at Zenodo.
- Logs may be had from the authors on request.
- Our implementation has become part of a widely used library.
- A supplementary video explains the method.
- The test answers were published, so that anyone can check the scores.
- The supplement gives the scores of each replicate by class.
- A container image with the exact environment is published.
""",
    ("abstract", "introduction", "setup", "conclusion"),
)

repeated_elsewhere = told(
    r"""
- An independent group has reproduced the outcome.
- The study was repeated on another machine, with identical results.
- A replication with fresh data is in agreement with this.
- The follow-up comparison has since been run, and it settles the question.
- We reproduced the finding in a second registration.
- The same comparison on other data, made in the meantime, came out likewise.
- Colleagues in industry see the same in production.
- The result was replicated on letters.
- The next experiment was started and its first replicates point the same way.
- Rerunning all trials under another environment left every score as it was.
""",
    ("abstract", "results", "limitations", "conclusion"),
)


def authorship_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """Another author, reader or way of writing than the disclosed one."""
    abstract = "(no language model; novelty not assessed)"
    whole = "This is a scripted study (no language model; novelty not assessed)"
    swaps = [
        ("abstract", abstract, "(planned and written by the authors; novelty assessed)"),
        ("abstract", abstract, "(checked by a domain expert; novelty confirmed)"),
        ("abstract", abstract, "(written with a language model; novelty assessed by search)"),
        ("abstract", "This is a scripted study of", "This is a peer-reviewed study of"),
        ("introduction", whole, "This is a study by human experimenters, and novelty was assessed"),
        ("introduction", whole, "This is a study whose idea came from a language model and was judged novel"),
        (
            "introduction",
            "a rule chose the hypothesis",
            "the authors chose the hypothesis after a careful look at the field",
        ),
        ("introduction", "judged by computation", "judged by a panel of experts"),
        (
            "limitations",
            "No language model and no person weighed the text: it is made of fixed sentences.",
            "The text was written by a person and proofread by another one.",
        ),
        ("introduction", "without offering a mechanism", "and offer the mechanism that explains them"),
    ]
    return one_swap(rng, paper, swaps)


def safeguard_altered(rng: random.Random, paper: Paper) -> Planted | None:
    """Another procedure in a sentence of the paper that tells how the study was guarded."""
    swaps = [
        (
            "setup",
            "the experiment's code sees neither the answers nor which split it is scored on",
            "the experiment's code sees the answers of the dev split in order to stop early",
        ),
        (
            "setup",
            "It is computed by a separate evaluator from what the experiment wrote",
            "It is computed by the experiment itself and copied from its log",
        ),
        (
            "setup",
            "Exploring and confirming use different replicates and different splits",
            "Exploring and confirming use the same replicates on different splits",
        ),
        (
            "setup",
            "Each trial runs in a sandbox of its own, without a network.",
            "Trials run side by side in one process, with access to the network.",
        ),
        (
            "method",
            "Baseline and treatment run the same code.",
            "Baseline and treatment run different code, each written for its purpose.",
        ),
        ("method", "All were scored on the dev split", "All were scored on the test split"),
        (
            "method",
            "was run on the same replicates, for description only",
            "was run on other replicates, and decides as well",
        ),
        (
            "method",
            "The plan was registered before the first confirming trial",
            "The plan was registered after the first few confirming trials",
        ),
        (
            "introduction",
            "The hypothesis was fixed before the first confirming trial.",
            "The hypothesis took its final form once the confirming trials were in.",
        ),
        (
            "method",
            "All other knobs were tuned in each arm on its own",
            "All other knobs were kept at the same values in both arms",
        ),
        ("method", "paired t interval", "unpaired Welch interval"),
        (
            "method",
            "counts with the best value of its arm and bars any verdict but inconclusive",
            "is dropped, together with its pair, and bars nothing",
        ),
        ("abstract", "a hidden test split", "the dev split on which they had been tuned"),
        (
            "setup",
            "the interval of a difference counts items as well as replicates",
            "the interval of a difference treats the items as fixed",
        ),
    ]
    return one_swap(rng, paper, swaps)


KINDS: dict[str, Kind] = {
    "hardware_told": hardware,
    "run_time_told": run_time,
    "efficiency_told": efficiency,
    "data_told": data,
    "also_tried_told": also_tried,
    "component_told": component,
    "code_change_told": code_changed,
    "tuning_told": tuning_told,
    "protocol_told": protocol_told,
    "failures_told": failures_told,
    "deviation_told": deviation_told,
    "ablation_told": ablation_told,
    "people_told": people,
    "availability_told": availability,
    "repetition_told": repeated_elsewhere,
    "authorship_altered": authorship_altered,
    "safeguard_altered": safeguard_altered,
}
