"""Findings: what a check or a test says about one subject, with its evidence."""

from datetime import datetime
from enum import StrEnum

from pydantic import Field

from c3tui.model.base import Document, utc_now


class Severity(StrEnum):
    """How much a finding matters. A critical one blocks its subject until waived or fixed."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"


class FindingState(StrEnum):
    """What became of a finding."""

    OPEN = "open"
    WAIVED = "waived"
    FIXED = "fixed"


class Finding(Document):
    """One thing that is wrong, with the cause and what to do about it."""

    kind = "finding"

    check: str
    """Stable id of the rule, such as ``bmc.no-answer``."""
    subject: str
    """``site``, a server's name, or a bay such as ``c3-001/bay03``."""
    step: str
    severity: Severity
    message: str
    """What is wrong, with the numbers."""
    remedy: str
    """What to do."""
    evidence: str = ""
    state: FindingState = FindingState.OPEN
    waived_by: str = ""
    reason: str = ""
    tolerance: str = ""
    """The accepted difference that waives it, as long as that stands; empty when a person waived it alone."""
    first_seen: datetime = Field(default_factory=utc_now)
    last_seen: datetime = Field(default_factory=utc_now)

    @property
    def blocks(self) -> bool:
        """Whether it keeps its subject from going on."""
        return self.state is FindingState.OPEN and self.severity is Severity.CRITICAL


def finding(
    check: str, subject: str, step: str, severity: Severity, message: str, remedy: str, evidence: str = ""
) -> Finding:
    """A new finding; its id is the rule and the subject, so saying it twice is saying it once."""
    return Finding(
        id=f"{check}:{subject}",
        check=check,
        subject=subject,
        step=step,
        severity=severity,
        message=message,
        remedy=remedy,
        evidence=evidence,
    )
