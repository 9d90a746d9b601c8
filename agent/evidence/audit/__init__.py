"""What a paper's text says, held against its evidence."""

from agent.evidence.audit.context import AuditContext
from agent.evidence.audit.run import audit

__all__ = ["AuditContext", "audit"]
