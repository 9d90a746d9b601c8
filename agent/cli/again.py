"""What became of a study when its trials ran again, in words for people.

Promises to read records only.
"""

from __future__ import annotations

from agent.artifacts import Replication, Reproduction
from agent.workspace import LAYOUT, ArtifactT, Workspace


def again_lines(workspace: Workspace, key: str) -> list[str]:
    """What `shoal reproduce` and `shoal replicate` found of an idea, oldest first."""
    return [
        *(f"reproduced, {reproduction_text(one)}" for one in numbered(workspace, Reproduction, key)),
        *(replication_text(one) for one in numbered(workspace, Replication, key)),
    ]


def numbered(workspace: Workspace, kind: type[ArtifactT], key: str) -> list[ArtifactT]:
    """The artifacts of one kind that an idea has several of, by number."""
    paths = workspace.path(kind, f"{key}/1").parent.glob(LAYOUT[kind].rpartition("/")[2].format("*"))
    numbers = sorted(int(path.stem.rpartition("-")[2]) for path in paths)
    return [workspace.get(kind, f"{key}/{number}") for number in numbers]


def reproduction_text(done: Reproduction) -> str:
    """A reproduction in one line."""
    word = "the same" if done.passed else "NOT the same"
    if done.exact:
        return f"{word}: {done.trials - len(done.differing)} of {done.trials} trials equal to the last bit"
    far = max((abs(e.again - e.recorded) for e in done.effects), default=0.0)
    limit = max((e.tolerance for e in done.effects), default=0.0)
    return (
        f"{word} within tolerance: effects differ by {far:.2g} at most, {limit:g} is allowed where "
        f"{', '.join(done.otherwise)} differ; the verdict is {done.word}"
    )


def replication_text(done: Replication) -> str:
    """A replication in one line."""
    parts = [
        f"{e.comparator}: {e.again:+.4f} over {e.n_again} fresh replicates, "
        f"{'within' if e.passed else 'OUTSIDE'} {e.recorded:+.4f} ± {e.half_width:.4f}"
        for e in done.effects
    ]
    failed = f"; {done.failures} trials failed" if done.failures else ""
    return f"{'replicated' if done.passed else 'NOT replicated'}: {'; '.join(parts)}{failed}"
