"""An OpenAI-compatible server on loopback that answers every prompt from what the prompt itself lists.

A real server with the real wire format, for tests that need a language model's place taken.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

TYPED = r"(?:mean accuracy|difference in accuracy|exploring trials)[a-z ,]*"
"""Labels of facts that make a sentence as they stand."""
THINGS = ("other data", "a wider range", "another evaluator", "a longer run", "more noise", "less noise")
DOUBTS = ("could well change the answer", "may matter more than it seems", "might have to be looked at")
FIGURE = {
    "none_because": "",
    "metric": "accuracy",
    "y": "level",
    "x": "arm",
    "x_arm": "",
    "marks": "points",
    "code": """def series(results):
    found = []
    for arm in results["arms"]:
        trials = [trial for trial in results["trials"] if trial["arm"] == arm["name"] and trial["metrics"]]
        found.append({"arm": arm["name"], "y": [trial["metrics"]["accuracy"] for trial in trials]})
    return found
""",
    "caption": "Each point is a replicate of the arm that stands below it.",
}
"""A figure that shows the results of the micro template."""
MICRO_LINE = '    careful = 0.02 if knobs["mode"] == "slow" else 0.0\n'


def serve(
    server: HTTPServer, author: Callable[[dict[str, Any]], dict[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Answer `/v1/chat/completions`; the list that comes back fills with the requests' bodies.

    Args:
        author: Answers a request; None gives `answer_to`.
    """
    seen: list[dict[str, Any]] = []

    def handle(request: Request) -> Response:
        body = json.loads(request.data)
        seen.append(body)
        completion = completion_of(body, json.dumps((author or answer_to)(body)))
        return Response(json.dumps(completion), content_type="application/json")

    server.expect_request("/v1/chat/completions", method="POST").respond_with_handler(handle)
    return seen


def completion_of(body: dict[str, Any], text: str, finish: str = "stop") -> dict[str, Any]:
    """The completion that answers `body` with `text`; four bytes are a token."""
    usage = {"prompt_tokens": len(json.dumps(body)) // 4, "completion_tokens": len(text) // 4}
    message = {"role": "assistant", "content": text}
    return {
        "id": "answer",
        "object": "chat.completion",
        "created": 0,
        "model": body["model"],
        "choices": [{"index": 0, "finish_reason": finish, "message": message}],
        "usage": {**usage, "total_tokens": sum(usage.values())},
    }


def stage_of(body: dict[str, Any]) -> str:
    """The prompt behind a request, told by the schema that it asks for, wherever that stands."""
    if body.get("response_format", {}).get("type") == "json_schema":
        return str(body["response_format"]["json_schema"]["name"])
    told = body["messages"][0]["content"].partition("fits this schema:\n")[2]
    keys = json.JSONDecoder().raw_decode(told)[0]["properties"]
    tells = {"ideas": "ideate", "edits": "edit", "latex": "section", "changes": "refine", "scores": "review"}
    return next((stage for key, stage in tells.items() if key in keys), "meta")


def answer_to(body: dict[str, Any]) -> dict[str, Any]:
    """A valid answer to one request."""
    text = "\n".join(message["content"] for message in body["messages"])
    answers = {
        "ideate": _ideas, "edit": _edit, "section": _section, "figure": lambda _: FIGURE, "refine": _refine,
        "review": _review, "meta": _meta,
    }  # fmt: skip
    return answers[stage_of(body)](text)


def _ideas(text: str) -> dict[str, Any]:
    wanted = re.search(r"Give exactly (\d+) idea", text)
    assert wanted is not None
    ideas = [
        {
            "title": f"A bonus for careful guessing, variant {'abcdefgh'[number]}",
            "hypothesis": "A bonus to the chance of a right guess raises accuracy over the baseline.",
            "kind": "code",
            "knob": "",
            "what": f"Variant {'abcdefgh'[number]}: the function chance returns a larger probability.",
            "prediction": "Accuracy rises.",
            "refuted_if": "Accuracy does not rise by the smallest effect of interest.",
            "interest": 8 - number,
            "feasibility": 9,
        }
        for number in range(int(wanted[1]))
    ]
    return {"ideas": ideas}


def _edit(text: str) -> dict[str, Any]:
    step = re.search(r"Step (\d+) of", text)
    assert step is not None
    careful = f'    careful = 0.2{step[1]} if knobs["mode"] == "slow" else 0.2{step[1]}\n'
    return {
        "description": f"Raises the bonus, step {step[1]}.",
        "edits": [{"file": "experiment.py", "search": MICRO_LINE, "replace": careful}],
        "none_because": "",
    }


def _names(text: str, heading: str) -> list[str]:
    """The names listed under lines that begin like this, each list up to the next empty line."""
    parts = [part.partition("\n\n")[0] for part in text.split(f"\n{heading}")[1:]]
    return [name for part in parts for name in re.findall(r"^- `([^`]+)`:", part, re.MULTILINE)]


def _labels(text: str, facts: list[str]) -> list[tuple[str, str]]:
    """The facts whose words can be typed as they are listed, with these words."""
    listed = dict(re.findall(r"^- `([^`]+)`: ([^=\n]+) = ", text, re.MULTILINE))
    return [(fact, listed[fact]) for fact in facts if re.fullmatch(TYPED, listed.get(fact, ""))]


def _section(text: str) -> dict[str, Any]:
    section = re.search(r"# Your section: ([a-z ]+)", text)
    words = re.search(r"^(\d+) to (\d+) words", text, re.MULTILINE)
    assert section is not None
    assert words is not None
    claims, facts, settings = _names(text, "Claims:"), _names(text, "Facts"), _names(text, "Settings")
    works, labels = _names(text, "References:"), _names(text, "Figures and tables")
    lines = [rf"\claim{{{claim}}}." for claim in claims]
    if section[1] in ("abstract", "results", "conclusion"):
        lines.append(r"The verdict within \setting{scope} is \verdict.")
    if section[1] == "related work":
        lines += [rf"One work speaks to this question \citep{{{work}}}." for work in works]
    if section[1] in ("results", "exploration"):
        lines += [rf"The {label} is \fact{{{fact}}}." for fact, label in _labels(text, facts)]
    if section[1] == "limitations":
        limits = text.partition("Limitations of this study:\n")[2].partition("\n\n")[0]
        lines += re.findall(r"^- (.+)$", limits, re.MULTILINE)
    if "varies" in settings and section[1] == "setup":
        lines.append(r"Replicates vary in \setting{varies}.")
    backing = r" for the \fact{plan.n} replicates" if section[1] == "results" else ""
    lines += [rf"See~\ref{{{label}}}{backing}." for label in labels]
    for thing, doubt in itertools.product(THINGS, DOUBTS):
        if sum(len(line.split()) for line in lines) >= int(words[1]) + 25:
            break
        lines.append(rf"\conjecture{{As far as the {section[1]} goes, {thing} {doubt}.}}")
    return {"latex": " ".join(lines)}


def _refine(text: str) -> dict[str, Any]:
    """The conclusion's first conjecture in other words."""
    conclusion = text.partition("\n[conclusion: ")[2].partition("\n```")[0]
    first = re.search(r"\\conjecture\{As far as [^{}]*\}", conclusion)
    assert first is not None
    changed = first[0].replace("As far as", "So far as")
    return {"changes": [{"section": "conclusion", "search": first[0], "replace": changed}]}


def _review(text: str) -> dict[str, Any]:
    return {
        "summary": "The study tests one change against a tuned baseline and reports what it found.",
        "strengths": ["The plan was fixed before the test."],
        "weaknesses": ["One data set only."],
        "questions": ["Would another data set show the same?"],
        "scores": [
            *({"name": name, "value": 3} for name in ("soundness", "presentation", "contribution")),
            {"name": "overall", "value": 5 if "NO:" in text else 6},
        ],
        "decision": "reject" if "NO:" in text else "accept",
    }


def _meta(text: str) -> dict[str, Any]:
    decision = "accept" if "Decision: accept" in text else "reject"
    return {"summary": "The reviewers agree; a second data set matters most.", "decision": decision}
