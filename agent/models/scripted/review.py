"""Scripted reviews: a checklist of what was computed, without scores."""

from __future__ import annotations

from agent.prompts.review import MetaIn, MetaOut, ReviewIn, ReviewLine, ReviewOut


def review(data: ReviewIn) -> ReviewOut:
    """The passed checks as strengths, the failed ones and the audit's findings as weaknesses."""
    passed = [check for check in data.checks if check.passed]
    failed = [check for check in data.checks if not check.passed]
    strengths = tuple(f"{_sentence(check.question)} Yes: {_sentence(check.evidence)}" for check in passed)
    weaknesses = tuple(f"{_sentence(check.question)} No: {_sentence(check.evidence)}" for check in failed)
    ended = ", ".join(f"{line.arm}: {line.count} {line.status.replace('_', ' ')}" for line in data.logs)
    return ReviewOut(
        summary=(
            "This checklist was computed without a language model; it judges neither novelty nor prose. "
            f"{len(passed)} of {len(data.checks)} checks passed, and the audit reports "
            f"{len(data.findings) or 'no'} finding{'' if len(data.findings) == 1 else 's'}. The computed "
            "verdict is "
            f"{data.verdict}." + (f" Confirming trials: {ended}." if ended else "")
        ),
        strengths=strengths,
        weaknesses=(*weaknesses, *(f"Audit: {finding}" for finding in data.findings)),
        questions=(),
        scores=(),
        decision="none",
    )


def chair(data: MetaIn) -> MetaOut:
    """What the checklists found, without a decision."""
    found = tuple(dict.fromkeys(text for one in data.reviews for text in one.weaknesses))
    if found:
        result = f"{len(found)} thing{'' if len(found) == 1 else 's'} to mend: " + " ".join(
            map(_sentence, found)
        )
    else:
        result = "Every check passed and the audit found nothing."
    decided = [one.decision for one in data.reviews if one.decision != "none"]
    return MetaOut(
        summary=(
            f"{_names(data.reviews)} on a study whose computed verdict is {data.verdict}. {result} No "
            "scores are given: no language model and no person has read the paper."
        ),
        decision="none" if not decided else "reject" if "reject" in decided else "accept",
    )


def _names(reviews: tuple[ReviewLine, ...]) -> str:
    return f"{len(reviews)} checklist{'' if len(reviews) == 1 else 's'}"


def _sentence(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "?", "!")) or not text else text + "."
