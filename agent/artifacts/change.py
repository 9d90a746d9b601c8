"""What a variant changes, and the limits of its trials."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import Field, field_validator

from agent.artifacts.base import Artifact, Scalar


class KnobValue(Artifact):
    """One knob set to one value."""

    name: str
    value: Scalar


class Edit(Artifact):
    """One search/replace edit; `search` must occur exactly once in `file`."""

    file: str
    """Path relative to the template folder; one of its editable files."""
    search: str
    replace: str


class Change(Artifact):
    """What distinguishes a variant from the template's defaults."""

    knobs: tuple[KnobValue, ...] = ()
    """Sorted by name; knobs not named here keep their defaults."""
    edits: tuple[Edit, ...] = ()
    """Applied in order."""

    @field_validator("knobs")
    @classmethod
    def _sorted_by_name(cls, knobs: tuple[KnobValue, ...]) -> tuple[KnobValue, ...]:
        ordered = tuple(sorted(knobs, key=lambda knob: knob.name))
        if len({knob.name for knob in ordered}) != len(ordered):
            raise ValueError("a knob is set twice")
        return ordered

    @classmethod
    def of(cls, knobs: Mapping[str, Scalar], edits: Iterable[Edit] = ()) -> Change:
        """Build a change from a mapping of knob names to values."""
        return cls(knobs=tuple(KnobValue(name=k, value=v) for k, v in knobs.items()), edits=tuple(edits))

    def values(self) -> dict[str, Scalar]:
        """The knobs as a mapping."""
        return {knob.name: knob.value for knob in self.knobs}


class Limits(Artifact):
    """What one sandboxed job may use."""

    wall_s: float = Field(gt=0)
    """Seconds of wall-clock time."""
    cpus: int = Field(default=1, ge=1)
    """Whole cores; also the number of threads the job is told to use."""
    mem_mb: int = Field(default=512, ge=16)
    """MiB of memory, swap excluded."""
    out_mb: int = Field(default=16, ge=1)
    """MiB of files under /out."""
    out_files: int = Field(default=200, ge=1)
    """Number of files under /out."""
    tmp_mb: int = Field(default=16, ge=1)
    """MiB of files under /tmp."""
    pids: int = Field(default=64, ge=1)
    """Processes and threads at one time."""
