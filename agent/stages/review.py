"""A panel that sees the paper, the audit, the code and the logs."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from importlib.resources import files as resources
from statistics import fmean

from agent.artifacts import (
    Audit,
    Check,
    MetaReview,
    Paper,
    Review,
    Score,
    Verdict,
)
from agent.deps import Deps
from agent.evidence.checks import paper_checks, study_checks
from agent.evidence.executed import code_checks
from agent.evidence.verdict import Results
from agent.prompts.review import META, REVIEW, LogLine, MetaIn, ReviewIn, ReviewLine, ScoreText
from agent.stages.analyse import derive
from agent.stages.confirm import confirmed
from agent.stages.study import Study

FOCUSES = (
    "whether the comparison is fair and the statistics say what the text says",
    "whether method and code do what the paper describes",
    "whether the text is clear, complete and honest about its limits",
)
"""What each reviewer of the panel looks at most closely."""
LOG_CHARACTERS = 800
MOST_PASSAGES, PASSAGE_CHARACTERS = 8, 1200
"""Of the paper, for the chair."""
_QUOTATION = re.compile(r'"([^"]{12,})"|“([^”]{12,})”|``(.{12,}?)\'\'', re.DOTALL)
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_WRAPPED = re.compile(
    rf"\\(?:shoal(?:fact|setting|claim)\{{[^{{}}]*\}}|shoalverdict|shoaldeclared|ensuremath){_GROUP}"
)
"""What prints its last argument as it stands; `readable` takes the innermost first."""
_LAYOUT = re.compile(
    r"^\\(?:maketitle|centering|vspace\{.*\}|includegraphics.*|FloatBarrier|appendix)$\n", re.MULTILINE
)
_BIBLIOGRAPHY = re.compile(r"\\begingroup.*?\\endgroup", re.DOTALL)


def review(paper: Paper, deps: Deps) -> MetaReview:
    """Review one round of a paper: `run.reviewers` reports and what they come to.

    Raises:
        AnswerRejected: a reviewer broke the rules of the prompt in every turn.
    """
    key = f"{deps.run.name}/{paper.idea}/{paper.round}"
    study = Study.read(paper.idea, deps)
    data = _review_in(paper, study, deps)
    scored = deps.run.model != "scripted"
    reviews = []
    for number in range(deps.run.reviewers):
        deps.check_stop()
        focus = FOCUSES[number % len(FOCUSES)] if scored else "every computed check"
        asked = data.model_copy(update={"focus": focus, "scores_wanted": scored})
        answer = deps.model.ask(REVIEW, asked, site=f"{paper.idea}/review/{number}", sample=number)
        written = answer.value
        reviews.append(
            Review(
                reviewer=f"{answer.model}: {focus}" if scored else "checklist, computed; no language model",
                summary=written.summary,
                strengths=written.strengths,
                weaknesses=written.weaknesses,
                questions=written.questions,
                checks=data.checks,
                scores=tuple(Score(name=score.name, value=score.value) for score in written.scores),
                decision=written.decision,
                parents=(paper.hash,),
            )
        )
        deps.workspace.put(f"{key}/{number}", reviews[-1])
    meta = _meta(paper, study.verdict, reviews, quoted(data.paper, reviews), deps)
    _store_text(key, study, reviews, meta, deps)
    return meta


def _meta(
    paper: Paper, verdict: Verdict, reviews: list[Review], passages: tuple[str, ...], deps: Deps
) -> MetaReview:
    data = MetaIn(
        title=paper.title,
        verdict=verdict.word,
        reviews=tuple(
            ReviewLine(
                reviewer=one.reviewer,
                summary=one.summary,
                strengths=one.strengths,
                weaknesses=one.weaknesses,
                questions=one.questions,
                scores=tuple(ScoreText.model_validate(score.model_dump()) for score in one.scores),
                decision=one.decision,
            )
            for one in reviews
        ),
        passages=passages,
    )
    answer = deps.model.ask(META, data, site=f"{paper.idea}/review/meta").value
    names = dict.fromkeys(score.name for one in reviews for score in one.scores)
    means = {
        name: fmean(score.value for one in reviews for score in one.scores if score.name == name)
        for name in names
    }
    return MetaReview(
        summary=answer.summary,
        decision=answer.decision,
        scores=tuple(Score(name=name, value=value) for name, value in means.items()),
        reviews=tuple(one.hash for one in reviews),
        parents=(paper.hash,),
    )


def quoted(paper: str, reviews: Iterable[Review]) -> tuple[str, ...]:
    """The paragraphs of a paper that reviews quote, in its order; `paper` is what the reviewers read."""
    texts = [
        text for one in reviews for text in (one.summary, *one.strengths, *one.weaknesses, *one.questions)
    ]
    quotations = {
        _unspaced(next(filter(None, match.groups()))).rstrip(".,;…")
        for text in texts
        for match in _QUOTATION.finditer(text)
    }
    paragraphs = re.split(r"\n\s*\n", paper)
    found = [text for text in paragraphs if any(one in _unspaced(text) for one in quotations)]
    return tuple(text.strip()[:PASSAGE_CHARACTERS] for text in found[:MOST_PASSAGES])


def _unspaced(text: str) -> str:
    return " ".join(text.split())


def _review_in(paper: Paper, study: Study, deps: Deps) -> ReviewIn:
    key = f"{deps.run.name}/{paper.idea}/{paper.round}"
    audit = deps.workspace.get(Audit, key)
    results = confirmed(study.plan, study.registration, deps)
    tex = (deps.workspace.path(Paper, key).parent / "paper.tex").read_text(encoding="utf-8")
    return ReviewIn(
        title=paper.title,
        paper=readable(tex),
        verdict=study.verdict.word,
        reason=study.verdict.reason,
        findings=tuple(f"{f.file}:{f.line}: {f.quotation}: {f.reason}" for f in audit.findings),
        checks=_checks(paper, study, audit, results, deps),
        code_diff=study.code_diff,
        logs=_logs(study, results, deps),
        focus="",
        scores_wanted=False,
    )


def readable(tex: str) -> str:
    """What a reviewer reads of a bound paper: text and configurations, without preamble, code and evidence.

    The code comes beside it as a diff, and every number's evidence row was checked by the audit; so numbers
    stand as they are printed, without the macros that lead to their rows, and layout is left out.
    """
    body = tex.partition(r"\begin{document}")[2].partition(r"\section{Evidence}")[0]
    before, _, rest = body.partition(r"\begin{shoalcode}")
    text = before + rest.partition(r"\end{shoalcode}")[2]
    text = _BIBLIOGRAPHY.sub("", _LAYOUT.sub("", text))
    unwrapped = _WRAPPED.sub(r"\1", text)
    while unwrapped != text:
        text, unwrapped = unwrapped, _WRAPPED.sub(r"\1", unwrapped)
    return re.sub(r"\n{3,}", "\n\n", text.replace("{}", "")).strip()


def _checks(paper: Paper, study: Study, audit: Audit, results: Results, deps: Deps) -> tuple[Check, ...]:
    again = derive(study.plan, study.registration, study.tree, results, deps)
    same = (again.verdict, again.facts, again.claims) == (study.verdict, study.facts, study.claims)
    counted = any(entry.plan == study.plan.hash for entry in deps.ledger.entries())
    works = [deps.literature.find(reference) for reference in paper.references]
    return (
        Check(
            question="Do verdict, facts and claims follow again from the recorded results?",
            passed=same,
            evidence=f"verdict {again.verdict.word}, {len(again.facts.items)} facts recomputed.",
        ),
        Check(
            question="Is the plan in the ledger?",
            passed=counted,
            evidence=f"plan {study.plan.hash[:12]}.",
        ),
        *study_checks(study.plan, study.registration, study.tree, results, study.verdict),
        *code_checks(study.plan, study.executed),
        *paper_checks(paper, audit, works),
        Check(
            question="Did all trials run in a sandbox?",
            passed=deps.run.sandbox != "none",
            evidence=f"sandbox: {deps.run.sandbox}.",
        ),
    )


def _logs(study: Study, results: Results, deps: Deps) -> tuple[LogLine, ...]:
    counts = Counter((arm, result.status) for (arm, _), (result, _) in results.items())
    lines = []
    for (arm, status), count in sorted(counts.items()):
        first = next(r for (a, _), (r, _) in sorted(results.items()) if (a, r.status) == (arm, status))
        tail = "" if status == "ok" else deps.workspace.log_tail(deps.run.name, first.trial)
        lines.append(LogLine(arm=arm, status=status, count=count, tail=tail[-LOG_CHARACTERS:]))
    return tuple(lines)


def _store_text(key: str, study: Study, reviews: list[Review], meta: MetaReview, deps: Deps) -> None:
    """The reviews as a page for people, `review.md`."""
    from jinja2 import Environment, StrictUndefined

    source = (resources("agent.stages") / "review.md.j2").read_text(encoding="utf-8")
    environment = Environment(undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    text = environment.from_string(source).render(
        idea=study.idea,
        verdict=study.verdict,
        reviews=reviews,
        meta=meta,
    )
    run, idea, number = key.split("/")
    deps.workspace.put_file(f"reviews/{run}/{idea}/round-{number}/review.md", text.encode())
