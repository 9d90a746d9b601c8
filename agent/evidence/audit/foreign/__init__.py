"""The audit of a paper that Shoal did not write, held against a folder of results."""

from agent.evidence.audit.foreign.report import Judged, Remark, Report
from agent.evidence.audit.foreign.run import audit_paper
from agent.evidence.audit.foreign.source import Unauditable

__all__ = ["Judged", "Remark", "Report", "Unauditable", "audit_paper"]
