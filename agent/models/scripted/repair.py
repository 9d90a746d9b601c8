"""REPAIR without a language model: the rules were tried before it was asked."""

from __future__ import annotations

from agent.prompts.repair import RepairIn, RepairOut


def repair(data: RepairIn) -> RepairOut:
    """No repair: a rule that could mend it would have."""
    return RepairOut(search="", replace="", none_because="the scripted study mends by rule alone")
