"""What the screens of one viewer share: the site, the wire to the engine, the record, unfinished input."""

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from c3tui.model.plan import Plan
from c3tui.model.run import StepInfo
from screens.model import FleetModel, Key
from screens.summary import next_step

if TYPE_CHECKING:
    from c3tui.engine.link import Link

Profile = Literal["rich", "console"]


@dataclass
class Checked:
    """The engine's last answer about whether a step is done."""

    at: float
    done: bool = False
    summary: str = ""
    missing: list[str] = field(default_factory=list)
    error: str = ""


@dataclass
class Session:
    """Everything a screen needs; one per viewer, outliving any single screen."""

    site: Site
    link: "Link"
    reader: Reader
    steps: Sequence[StepInfo]
    profile: Profile = "rich"
    fleet: FleetModel = field(default_factory=FleetModel)
    drafts: dict[str, str] = field(default_factory=dict)
    """Text typed and not sent yet, by field or dialog: going back never loses it."""
    checks: dict[str, Checked] = field(default_factory=dict)
    server: str = ""
    """The server whose page is open, or was last."""
    drive: str = ""
    """The bay whose page is open, or was last."""
    lost: bool = False
    """The engine is gone; what is shown is the record as it was left."""
    record_error: str = ""
    _plan_seen: int = 0

    def __post_init__(self) -> None:
        """The plan was just loaded."""
        with suppress(OSError):
            self._plan_seen = self.site.files.plan.stat().st_mtime_ns

    def step(self, id: str) -> StepInfo:
        """The step of that id.

        Raises:
            KeyError: there is none.
        """
        for step in self.steps:
            if step.id == id:
                return step
        raise KeyError(id)

    def number(self, id: str) -> int:
        """The number key of a step, from 1."""
        return [step.id for step in self.steps].index(id) + 1

    def next_step(self) -> StepInfo | None:
        """The step to run next, or None when nothing is left to do."""
        return next_step(self.fleet, self.site.plan, self.steps)

    def check(self, step: str) -> Checked | None:
        """The last look at a step; none once any run has begun or ended since, which makes it old."""
        checked = self.checks.get(step)
        if checked is None:
            return None
        at = checked.at
        runs = self.fleet.runs.values()
        return None if any((run.ended or run.started).timestamp() > at for run in runs) else checked

    @property
    def behind(self) -> bool:
        """Whether the record has gone on unseen: hints may be dropped, and a record may be mended."""
        try:
            return bool(self.record_error) or self.reader.cursor != self.fleet.cursor
        except sqlite3.Error:
            return True

    def catch_up(self) -> set[Key]:
        """Bring the fleet up to date; a record that cannot be read is said, never fatal."""
        try:
            touched = self.fleet.catch_up(self.reader)
        except sqlite3.Error as error:
            self.record_error = f"the record cannot be read: {error}"
            return set()
        self.record_error = ""
        if self.reload_plan():
            touched.add(("plan", "plan"))
        return touched

    def reload_plan(self) -> bool:
        """Read the plan again when its file changed; a bad one leaves the old in view."""
        try:
            seen = self.site.files.plan.stat().st_mtime_ns
            if seen == self._plan_seen:
                return False
            self._plan_seen = seen
            self.site.plan = planfile.load(Plan, self.site.files.plan)
        except (OSError, InputError):
            return False
        return True
