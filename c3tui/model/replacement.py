"""Verdicts on parts, and replacements: parts on their way out, from mark to close."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from c3tui.model.base import Document, utc_now


class Decision(StrEnum):
    """What the engineer decided about a part."""

    USE = "use"
    REPLACE = "replace"
    ACCEPT = "accept"


class Verdict(Document):
    """A decision on the part that sits in one bay; reversible, and asked again on new evidence."""

    kind = "verdict"

    bay: str
    serial: str
    decision: Decision
    reason: str
    by: str
    at: datetime = Field(default_factory=utc_now)


class Phase(StrEnum):
    """Where a replacement stands."""

    MARKED = "marked"
    LOCATED = "located"
    PULLED = "pulled"
    REPLACED = "replaced"
    RETESTED = "retested"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


class Part(BaseModel):
    """A part as it is written on its label."""

    serial: str
    model: str = ""
    size: int = 0
    """Bytes."""


class Replacement(Document):
    """A part on its way out."""

    kind = "replacement"

    server: str
    slot: int
    bay: str
    reason: str
    phase: Phase = Phase.MARKED
    old: Part
    new: Part | None = None
    by: str
    marked_at: datetime = Field(default_factory=utc_now)
    history: list[str] = []
    """One line for each phase it went through, with its time."""

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.phase not in (Phase.CLOSED, Phase.WITHDRAWN)
