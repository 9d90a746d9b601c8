"""REVIEW and META: a panel's reports on one round of a paper, and what they come to."""

from __future__ import annotations

from typing import Literal

from agent.artifacts import Check, Status, Word
from agent.ports import Prompt
from agent.prompts.brief import Given, Written

Decision = Literal["accept", "reject", "none"]
ScoreName = Literal["soundness", "presentation", "contribution", "overall"]
TOP: dict[ScoreName, int] = {"soundness": 4, "presentation": 4, "contribution": 4, "overall": 10}
"""Highest value of each score; the lowest is 1."""
ACCEPTED_FROM = 6
"""Overall score from which a reviewer accepts."""


class LogLine(Given):
    """How the confirming trials of one arm ended."""

    arm: str
    status: Status
    count: int
    tail: str = ""
    """End of one such trial's output."""


class ReviewIn(Given):
    """What a reviewer sees."""

    title: str
    paper: str
    """The bound text, plain LaTeX."""
    verdict: Word
    reason: str
    findings: tuple[str, ...]
    """What the audit holds against the paper."""
    checks: tuple[Check, ...]
    """Computed answers about the study."""
    code_diff: str
    logs: tuple[LogLine, ...] = ()
    focus: str
    """What this reviewer looks at most closely."""
    scores_wanted: bool


class ScoreText(Written):
    """One score."""

    name: ScoreName
    value: int


class ReviewOut(Written):
    """The answer to REVIEW."""

    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    scores: tuple[ScoreText, ...]
    decision: Decision


class ReviewLine(Given):
    """One reviewer's report, as the chair sees it."""

    reviewer: str
    summary: str
    strengths: tuple[str, ...]
    weaknesses: tuple[str, ...]
    questions: tuple[str, ...]
    scores: tuple[ScoreText, ...]
    decision: Decision


class MetaIn(Given):
    """What the chair sees."""

    title: str
    verdict: Word
    reviews: tuple[ReviewLine, ...]
    passages: tuple[str, ...] = ()
    """The paragraphs of the paper that the reviews quote."""


class MetaOut(Written):
    """The answer to META."""

    summary: str
    decision: Decision


def review_is_complete(data: ReviewIn, answer: ReviewOut) -> tuple[str, ...]:
    """Problems with empty parts, scores and the decision."""
    problems = [] if answer.summary.strip() else ["`summary` is empty."]
    for name in ("strengths", "weaknesses", "questions"):
        if any(not text.strip() for text in getattr(answer, name)):
            problems.append(f"`{name}` holds an empty string.")
    if not data.scores_wanted:
        if answer.scores or answer.decision != "none":
            problems.append('No scores are wanted: `scores` must be empty and `decision` "none".')
        return tuple(problems)
    if not answer.weaknesses:
        problems.append("`weaknesses` is empty; every study has some.")
    if sorted(score.name for score in answer.scores) != sorted(TOP):
        problems.append(f"`scores` needs each of {', '.join(TOP)} once.")
    problems += [
        f"{score.name} is {score.value}; give a whole number from 1 to {TOP[score.name]}."
        for score in answer.scores
        if not 1 <= score.value <= TOP[score.name]
    ]
    if answer.decision == "none":
        problems.append('`decision` must be "accept" or "reject".')
    overall = next((score.value for score in answer.scores if score.name == "overall"), ACCEPTED_FROM)
    if (answer.decision == "accept") != (overall >= ACCEPTED_FROM):
        problems.append(
            f'overall {overall} and "{answer.decision}" disagree: {ACCEPTED_FROM} and more accepts.'
        )
    return tuple(problems)


def meta_is_complete(data: MetaIn, answer: MetaOut) -> tuple[str, ...]:
    """Problems with the summary and the decision."""
    problems = [] if answer.summary.strip() else ["`summary` is empty."]
    decided = any(review.decision != "none" for review in data.reviews)
    if decided and answer.decision == "none":
        problems.append('`decision` must be "accept" or "reject".')
    if not decided and answer.decision != "none":
        problems.append('No reviewer decided: `decision` must be "none".')
    return tuple(problems)


REVIEW = Prompt("review", 3, ReviewIn, ReviewOut, role="review", check=review_is_complete)
META = Prompt("meta", 4, MetaIn, MetaOut, role="review", check=meta_is_complete)
