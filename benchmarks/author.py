"""Answers every prompt of a study of the digits as long as a model would, from what the prompt lists.

No language model and no quality: a careful filler, whose answers have realistic sizes and pass the checks,
with a few of the mistakes that models make, so that repairs are counted too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count, product
from typing import Any

WORDS_A_SECTION = 300
WORDS_A_REVIEW = 400
FLAWED = {"edit": (3,), "section": (2, 7), "review": (2,)}
"""By prompt, which of its first answers (from 1) break a rule and have to be given again."""
CRASHING = 2
"""The edit that ends with an exception when it is run."""
REFINED = ("introduction", "method", "setup", "limitations", "conclusion")
"""Sections in which the whole paper's editor changes a sentence."""
WHAT = (
    "In train, keep a running mean of the weights from some epoch on and predict with it, so that, as with "
    "weight decay and dropout, less is fitted to single wrong labels."
)
SUBJECTS = (
    "the size of the training sample",
    "the share of wrong labels",
    "the order of the batches",
    "the width of the hidden layer",
    "the length of training",
    "the tuning of the other knobs",
    "the way in which labels were corrupted",
    "the resolution of the images",
    "the spread between two training samples",
    "the choice of the evaluator",
    "the shape of the learning rate over time",
    "the number of classes",
)
APART = 16
"""Sentences between the beginnings of two sections, so that none is written twice."""
RETELLING = ("introduction", "method", "setup", "exploration")
"""Sections that retell the design, each its share of the sentences."""
VALUES = {
    "method": ("candidates",),
    "setup": (".n", ".trials", ".alpha", ".level", ".sesoi"),
    "results": (".mean", ".sd", ".p"),
    "exploration": (".best", ".default", ".failures"),
}
"""Last letters of the facts that a section states, each fact in one section."""
MOST_FACTS = 8
KINDS = {"fig": "Figure", "tab": "Table"}
VERBS = (
    "may well account for part of",
    "could work against",
    "may leave room for doubt about",
    "might limit",
)
OBJECTS = (
    "what is seen here, and another experiment would have to tell how much",
    "the reach of this answer beyond the scope that was declared",
    "the reading that a hurried reader would give to these figures",
)


class Author:
    """Keeps count of what it was asked, so that its mistakes are the same in every run."""

    def __init__(self) -> None:
        self._asked = {name: count(1) for name in ("ideate", "edit", "section", "refine", "review", "meta")}

    def answer(self, body: dict[str, Any]) -> str:
        """The text of the answer to a chat completion's request."""
        name = body["response_format"]["json_schema"]["name"]
        messages = body["messages"]
        text = "\n".join(message["content"] for message in messages[:2])
        answer: dict[str, Any] = getattr(self, f"_{name}")(text)
        is_repair = len(messages) > 2
        if not is_repair and next(self._asked[name]) in FLAWED.get(name, ()):
            answer = _flawed(name, answer)
        return json.dumps(answer, ensure_ascii=False)

    def _ideate(self, text: str) -> dict[str, Any]:
        wanted = int(_found(r"Give exactly (\d+) idea", text))
        return {"ideas": [_idea(number) for number in range(wanted)]}

    def _edit(self, text: str) -> dict[str, Any]:
        return _edit(int(_found(r"Step (\d+) of", text)), text)

    def _section(self, text: str) -> dict[str, Any]:
        return {"latex": _section(text)}

    def _refine(self, text: str) -> dict[str, Any]:
        return {"changes": list(_refined(text))}

    def _review(self, text: str) -> dict[str, Any]:
        sentences = _prose("the paper")
        names = ("soundness", "presentation", "contribution", "overall")
        return {
            "summary": _words(sentences, WORDS_A_REVIEW // 5),
            "strengths": [_words(sentences, WORDS_A_REVIEW // 10) for _ in range(2)],
            "weaknesses": [_words(sentences, WORDS_A_REVIEW // 10) for _ in range(4)],
            "questions": [_words(sentences, WORDS_A_REVIEW // 20) for _ in range(2)],
            "scores": [{"name": name, "value": 6 if name == "overall" else 3} for name in names],
            "decision": "accept",
        }

    def _meta(self, text: str) -> dict[str, Any]:
        return {"summary": _words(_prose("the panel"), 150), "decision": "accept"}


def _flawed(name: str, answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with a mistake of the kind that its check is there for."""
    if name == "edit":
        first = answer["edits"][0]
        return {**answer, "edits": [{**first, "search": "def main(", "replace": "def main("}]}
    if name == "section":
        return {"latex": answer["latex"] + " The gain is 3 %, which proves the idea."}
    return {**answer, "scores": answer["scores"][:2]}


def _idea(number: int) -> dict[str, Any]:
    share = ("late", "early", "steady")[number % 3]
    return {
        "title": f"Averaging weights against label noise, {share} variant",
        "hypothesis": "Predicting with a running mean of the weights instead of the last ones improves "
        "accuracy over a tuned baseline on noisily labelled digits in this scope.",
        "kind": "code",
        "knob": "",
        "what": f"{WHAT} This is the {share} variant.",
        "prediction": "Accuracy over fresh replicates is higher than that of both comparators by at least "
        "the smallest effect of interest.",
        "refuted_if": "The interval against some comparator rules out a gain of the smallest effect of "
        "interest.",
        "interest": 8 - number,
        "feasibility": 9,
    }


def _edit(step: int, text: str) -> dict[str, Any]:
    """A function of some twenty lines before `train`, and its call at the end of an epoch."""
    code = _found(r"(?s)```python\n(.*?)\n```", text)
    name, start = "abcdefghijklmnopqrstuvwxyz"[step - 1], f"0.{20 + 5 * step}"
    crash = "    weights = weights.settled\n" if step == CRASHING else ""
    function = f'''def settled_{name}(settled, weights, progress):
    """The running mean of the weights, by layer, since {start} of the training has passed.

    Until then the weights themselves. A layer that has moved far since the last epoch takes a smaller share
    of its newest weights, so that one late swing does not undo what many epochs have agreed on.
    """
{crash}    if settled is None or progress < {start}:
        return [weight.copy() for weight in weights]
    share = np.float32(0.05 + 0.1 * (1.0 - progress))
    means = []
    for mean, weight in zip(settled, weights, strict=True):
        moved = np.abs(weight - mean).mean()
        size = np.abs(mean).mean() + np.float32(1e-8)
        damped = share / (np.float32(1.0) + moved / size)
        means.append(mean + damped * (weight - mean))
    largest = max(float(np.abs(mean).max()) for mean in means)
    if not np.isfinite(largest):
        return [weight.copy() for weight in weights]
    return means


def train('''
    given = 'streams.get("settled"), weights, epoch / knobs["epochs"]'
    call = f'        streams["settled"] = settled_{name}({given})\n'
    called = re.search(r'        streams\["settled"\] = [^\n]*\n', code)
    if called:
        search, replace = called[0], call
    else:
        search = _found(r"(?s)(        if epoch % every == 0 [^\n]*\n.*?    return weights\n)", code)
        replace = call + search.replace(", weights)", ', streams["settled"])')
        replace = replace.replace("return weights", 'return streams["settled"]')
    return {
        "description": f"Keeps a running mean of the weights from {start} of the training on, in which "
        "a layer that has moved far takes a smaller share of its newest weights.",
        "edits": [
            {"file": "experiment.py", "search": "def train(", "replace": function},
            {"file": "experiment.py", "search": search, "replace": replace},
        ],
        "none_because": "",
    }


def _section(text: str) -> str:
    """What the record says for the section, in its own words, then conjectures up to the section's length."""
    section = _found(r"# Your section: ([a-z ]+)", text)
    task = text.rpartition("# Your section:")[2]
    most = int(_found(r"(?m)^\d+ to (\d+) words", task))
    names = {kind: _listed(text, headings) for kind, headings in HEADINGS.items()}
    lines = [rf"\claim{{{claim}}}." for claim in names["claims"]]
    if "must state" in task:
        lines.append(r"The verdict within \setting{scope} is \verdict.")
    if section in RETELLING:
        design = _bullets(text.partition("\n# The design")[2].partition("\n# ")[0])
        lines += design[RETELLING.index(section) :: len(RETELLING)]
    if section == "related work":
        lines += _works(text)
    told = [fact for fact in names["facts"] if fact.endswith(VALUES.get(section, ()))]
    lines += _values(text, told[:MOST_FACTS])
    if section == "limitations":
        lines += _bullets(text.partition("Limitations of this study")[2].partition("\n\n")[0])
    if "varies" in names["settings"] and section == "setup":
        lines.append(r"Replicates vary in \setting{varies}.")
    backing = r" for the \fact{plan.n} replicates" if section == "results" else ""
    lines += [rf"See {KINDS[label[:3]]}~\ref{{{label}}}{backing}." for label in names["labels"]]
    wanted = min(WORDS_A_SECTION, int(0.8 * most)) - sum(len(line.split()) for line in lines)
    filler = re.split(r"(?<=\.) ", _words(_prose(f"the {section}"), max(0, wanted)))
    return " ".join([*lines, *(rf"\conjecture{{{line}}}" for line in filler if line)])


def _bullets(text: str) -> list[str]:
    """The entries of a list."""
    return re.findall(r"(?m)^- (.+)$", text)


def _works(text: str) -> Iterator[str]:
    """What each listed work is about, by its topics; where it has none, that it is listed."""
    for line in _bullets(text.partition("\nReferences:")[2].partition("\n\n")[0]):
        key, topics = _found(r"^`([^`]+)`:", line), line.partition(" Topics: ")[2]
        yield (
            rf"\citet{{{key}}} treat {topics}." if topics else rf"One work on the subject is \citet{{{key}}}."
        )


def _values(text: str, facts: list[str]) -> Iterator[str]:
    """Each fact in the words that the prompt lists it with."""
    labels = dict(re.findall(r"(?m)^- `([^`]+)`: ([^=\n]+) = ", text))
    for fact in facts:
        label = labels[fact].strip()
        are = "are" if label.partition(" of ")[0].endswith("s") and "," not in label else "is"
        yield rf"The {label} {are} \fact{{{fact}}}."


def _refined(text: str) -> Iterator[dict[str, str]]:
    """The last conjecture of a few sections in other words."""
    for name in REFINED:
        latex = _found(rf"(?s)\n\[{name}: [^\n]*\]\n(.*?)\n(?:\n\[|```)", text)
        last = re.findall(r"\\conjecture\{[^{}]*\}", latex)[-1]
        yield {"section": name, "search": last, "replace": last.replace("As far as", "So far as")}


ORDER = (
    *("abstract", "introduction", "related work", "method", "setup"),
    *("results", "exploration", "limitations", "conclusion"),
)
HEADINGS = {
    "claims": ("Claims:",),
    "facts": ("Facts for this section:", "Facts of the test:", "Facts fixed before the test:"),
    "settings": ("Settings:",),
    "cites": ("References:",),
    "labels": ("Figures and tables",),
}


def _listed(text: str, headings: tuple[str, ...]) -> list[str]:
    """The names listed under some headings, each list up to the next empty line."""
    parts = (text.rpartition(f"\n{heading}")[2] for heading in headings if f"\n{heading}" in text)
    lists = (part.partition("\n\n")[0] for part in parts)
    return [name for part in lists for name in re.findall(r"(?m)^- `([^`]+)`:", part)]


def _prose(about: str) -> Iterator[str]:
    """Different sentences without end."""
    begun = APART * next((i for i, name in enumerate(ORDER) if about.endswith(name)), 0)
    thoughts = list(product(SUBJECTS, VERBS, OBJECTS))
    for number in count(begun):
        subject, verb, thing = thoughts[number % len(thoughts)]
        again = " once more" * ((number - begun) // len(thoughts))
        yield f"As far as {about} goes, {subject} {verb} {thing}{again}."


def _words(sentences: Iterator[str], wanted: int) -> str:
    """The next sentences, until they hold as many words."""
    taken: list[str] = []
    while sum(len(sentence.split()) for sentence in taken) < wanted:
        taken.append(next(sentences))
    return " ".join(taken)


def _found(pattern: str, text: str) -> str:
    """The first group of a pattern.

    Raises:
        ValueError: the prompt does not hold it: this author has to be brought up to date.
    """
    match = re.search(pattern, text)
    if match is None:
        raise ValueError(f"no {pattern!r} in the prompt")
    return match[1]
