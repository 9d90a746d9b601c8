"""Tests in this folder run over every sandbox that works here."""

from tests.sandboxes.adapters import sandbox, sums_memory

__all__ = ["sandbox", "sums_memory"]
