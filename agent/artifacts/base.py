"""What every artifact is: a frozen record with a hash of its canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Split = Literal["dev", "test", "none"]
"""`none` is the split of templates that score themselves."""
Goal = Literal["maximize", "minimize"]
Status = Literal["ok", "invalid", "crashed", "timeout", "out_of_memory", "disk_full"]
OutcomeStatus = Literal["ok", "crashed", "timeout", "out_of_memory", "disk_full"]
Role = Literal["baseline", "treatment", "ablation", "control"]
Family = Literal["verdict", "ablation", "descriptive"]
Word = Literal["supported", "refuted", "inconclusive"]
Scalar = bool | int | float | str
Gate = Literal["idea", "plan", "paper"]
"""Where a run may wait for a person, in this order."""
Act = Literal["hint", "prune", "pin"]
Id = Annotated[str, Field(pattern=r"^[a-z0-9-]{1,40}$")]


def unset(value: Any) -> bool:
    """Whether a field that came later holds nothing: it is then left out, so that older hashes stay."""
    return not value


def canonical_json(value: Any) -> str:
    """The one JSON text of `value`: sorted keys, no spaces, no NaN or infinity.

    Raises:
        ValueError: a number is not finite.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256_of(value: Any) -> str:
    """Hex sha256 of the canonical JSON of `value` (64 characters)."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def hash_files(files: Mapping[str, bytes]) -> str:
    """Hex sha256 over relative paths and contents, in the order of the paths."""
    return sha256_of({path: hashlib.sha256(content).hexdigest() for path, content in files.items()})


class Artifact(BaseModel):
    """A frozen record; unknown fields are an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, allow_inf_nan=False)

    @property
    def hash(self) -> str:
        """Hex sha256 of the canonical JSON of all fields."""
        return sha256_of(self.model_dump(mode="json"))
