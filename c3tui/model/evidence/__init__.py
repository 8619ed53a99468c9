"""What tests say of a part, in common terms with units, and the words for what is made of it.

Missing values are None, never zero; a report that cannot be trusted says why and is never a pass.
"""

from c3tui.model.evidence.judgement import Judgement, Klass, Reason, conclude
from c3tui.model.evidence.results import FioEvidence, TestEvidence, TestOutcome, read_fio
from c3tui.model.evidence.smart import read_smart
from c3tui.model.evidence.terms import Attribute, LoggedError, SelfTest, SelfTestResult, SmartEvidence

__all__ = [
    "Attribute",
    "FioEvidence",
    "Judgement",
    "Klass",
    "LoggedError",
    "Reason",
    "SelfTest",
    "SelfTestResult",
    "SmartEvidence",
    "TestEvidence",
    "TestOutcome",
    "conclude",
    "read_fio",
    "read_smart",
]
