"""StepScreen: run, stop and check, the same on the screen of every step."""

import time
from typing import Any, ClassVar

from textual import events, work
from textual.binding import Binding, BindingType

from c3tui.engine.errors import C3Error, StepError
from c3tui.model.run import Outcome
from screens.base import C3Screen
from screens.dialogs import Choose, Failure, Reading, TypedConfirm
from screens.model import Key
from screens.session import Checked, Session
from screens.status import NORMAL, outcome_span
from screens.victims import left_behind, reason
from screens.widgets.bars import StatusLine
from screens.widgets.table import FleetTable
from screens.words import ago, moment

RECHECK_SECONDS = 60.0
"""A check younger than this is not repeated only because the screen is opened again."""


class StepScreen(C3Screen):
    """The screen of one step."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "run", "Run"),
        Binding("s", "stop", "Stop"),
        Binding("c", "check", "Check"),
        Binding("exclamation_mark", "trouble", "Next one in trouble", show=False, key_display="!"),
    ]

    @property
    def where(self) -> str:
        """Number and title of the step."""
        return f"{self.session.number(self.STEP)} {self.session.step(self.STEP).title}"

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._ended = self._last = ""

    def catch_up(self, touched: set[Key] | None) -> None:
        """Bring the screen up to date; a run that has ended, of any step, makes the last look old."""
        super().catch_up(touched)
        status, run = self.session.fleet.statuses.get(self.STEP), self.session.fleet.last_ended()
        ended, last = status.run if status else "", run.id if run else ""
        if touched is not None and (ended, last) != (self._ended, self._last) and not self.session.lost:
            self.query_one(StatusLine).unsay()
            self.look()
            if ended != self._ended:
                self._tell_failure()
        self._ended, self._last = ended, last
        if self.is_mounted:
            self._lead()

    def in_trouble(self) -> list[str]:
        """Keys of the rows that somebody must look at, in the order of the table."""
        return []

    def _lead(self) -> None:
        """Bring the cursor to the first whom the last run left behind, unless somebody moved it already."""
        behind = left_behind(self.session.fleet.latest_run(self.STEP))
        if behind and (found := self.in_trouble()):
            own = [key for key in found if key.partition("/")[0] in behind]
            for table in self.query(FleetTable):
                if not table.walked:
                    table.go_to_key((own or found)[0])

    def action_trouble(self) -> None:
        """Go to the next one in trouble, round and round."""
        found = self.in_trouble()
        if not found:
            self.say("Nobody here is in trouble; f lists what is wrong elsewhere")
            return
        for table in self.query(FleetTable):
            table.go_to_next(found)

    def _tell_failure(self) -> None:
        """A run that failed under the eyes of the engineer is told in full, and stays until it is read."""
        run = self.session.fleet.latest_run(self.STEP)
        if run and run.outcome in (Outcome.FAILED, Outcome.INTERRUPTED) and self.is_current:
            remedy = "When it is mended, r runs it again from where it stands"
            failure = Failure(StepError(run.summary, remedy=remedy), f"run {run.step}")
            self.app.push_screen(failure, lambda answer: self.go("runlog") if answer == "log" else None)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Opening a step's screen looks at the step, unless a run is doing so anyway."""
        super().on_screen_resume(event)
        known = self.session.check(self.STEP)
        fresh = known is not None and time.time() - known.at < RECHECK_SECONDS
        if not fresh and not self.session.lost and not self.session.fleet.active_run():
            self.look()

    @work(exit_on_error=False, exclusive=True, group="look")
    async def look(self) -> None:
        """Check in the background; what comes of it is in the status line."""
        try:
            self._checked(await self.session.link.command("check", step=self.STEP))
        except C3Error as error:
            self.session.checks[self.STEP] = Checked(time.time(), error=str(error))
            self.catch_up(None)

    def _checked(self, answer: dict[str, Any]) -> None:
        self.session.checks[self.STEP] = Checked(
            at=time.time(),
            done=bool(answer.get("done")),
            summary=str(answer.get("summary") or ""),
            missing=[str(line) for line in answer.get("missing") or []],
        )
        self.catch_up(None)

    @work(exit_on_error=False)
    async def action_check(self) -> None:
        """Look at the step now, and say what is left to do."""
        answer = await self.ask(f"check {self.STEP}", "check", step=self.STEP)
        if answer is None:
            return
        self._checked(answer)
        checked = self.session.checks[self.STEP]
        lines = [checked.summary or "Nothing to say.", "", *self._last_run()]
        lines += ["A run would:", *(f"- {line}" for line in checked.missing)] if checked.missing else []
        await self.app.push_screen_wait(Reading(f"Check of {self.STEP}", lines))

    def _last_run(self) -> list[str]:
        """The last run in full, for where a line has no room for it."""
        run = self.session.fleet.latest_run(self.STEP)
        if run is None or run.ended is None:
            return []
        lines = [f"Last run, {ago(moment(run.ended))}: {outcome_span(run.outcome)[0]}. {run.summary}"]
        lines += [
            f"- left behind: {victim.server}: {reason(victim.server, victim.why)}" for victim in run.victims
        ]
        return [*lines, ""]

    @work(exit_on_error=False, exclusive=True, group="run")
    async def action_run(self) -> None:
        """Run the step; whatever it would destroy is listed first and wants a typed word."""
        active = self.session.fleet.active_run()
        if active:
            self.say(f"{active.step} is running: s stops it, or wait for it", "warn")
            return
        if not await self.may_act():
            return
        asked = await self.ask(f"ask what {self.STEP} would destroy", "destroys", step=self.STEP)
        if asked is None:
            return
        arguments: dict[str, Any] = {"step": self.STEP}
        if victims := [str(victim) for victim in asked.get("victims") or []]:
            word = str(asked.get("word") or "")
            title = f"{self.STEP.capitalize()} destroys what is on these. There is no way back."
            given = await self.app.push_screen_wait(TypedConfirm(title, victims, word))
            if not given:
                self.say("Nothing was started; everything is as it was")
                return
            arguments["confirm"] = given
        # That it runs, the line above says by itself.
        await self.ask(f"start {self.STEP}", "run", said=None, **arguments)

    @work(exit_on_error=False, exclusive=True, group="run")
    async def action_stop(self) -> None:
        """Stop the run under way, after asking how."""
        run = self.session.fleet.active_run()
        if run is None:
            self.say("Nothing is running")
            return
        if not await self.may_act():
            return
        answers = [
            ("no", f"No, let {run.step} go on"),
            ("soft", "Stop it after what it is doing now"),
            ("now", "Stop it now: what is half done is found and finished by the next run"),
        ]
        lines = [
            f"Normal for {run.step}: {NORMAL.get(run.step, 'minutes')}.",
            "A stopped run can be run again.",
        ]
        how = await self.app.push_screen_wait(Choose(f"Stop {run.step}?", answers, lines))
        if how in ("soft", "now"):
            await self.ask(f"stop {run.step}", "stop", run=run.id, now=how == "now")
