"""Runs: executions of steps, and where each step stands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from c3tui.model.base import Document, utc_now


class Outcome(StrEnum):
    """How a run stands or ended."""

    RUNNING = "running"
    DONE = "done"
    WARNING = "warning"
    """Done for the healthy set; somebody was left behind, by name."""
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"
    """Found running with no engine alive."""


class Victim(BaseModel):
    """A server a run went on without."""

    server: str
    why: str


class Run(Document):
    """One execution of a step."""

    kind = "run"

    step: str
    outcome: Outcome = Outcome.RUNNING
    by: str
    started: datetime = Field(default_factory=utc_now)
    ended: datetime | None = None
    summary: str = ""
    victims: list[Victim] = []
    changed: bool = False
    """Whether it changed anything outside C3."""
    exit_code: int = 0
    """What a command line tells the shell of a failure; 4 when a peer could not be reached."""
    child: str = ""
    """Job directory of a child process that may outlive the engine."""

    @property
    def seconds(self) -> float:
        """How long it took, or has taken so far."""
        return ((self.ended or utc_now()) - self.started).total_seconds()


class StepStatus(Document):
    """Where a step stands; its id is the step's."""

    kind = "step"

    outcome: Outcome | None = None
    """None until it has run."""
    run: str = ""
    stale: bool = False
    """The plan changed after it was done."""
    plan_digest: str = ""
    """Of the part of the plan the step used."""
    summary: str = ""


@dataclass(frozen=True)
class StepInfo:
    """What a screen or a list needs to know of a step without knowing its code."""

    id: str
    title: str
    needs: tuple[str, ...] = ()
    """Ids of the steps that come before it."""
