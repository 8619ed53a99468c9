"""WalkDialog: where to go now, in words one reads from a step away, while its light is on."""

from typing import Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType

from c3tui.engine.errors import C3Error
from c3tui.model.light import Stop
from screens.dialogs.frame import Dialog
from screens.session import Session
from screens.signs import Span
from screens.widgets.text import TextPane
from screens.words import counted, names, size

Lines = list[list[Span]]


class WalkDialog(Dialog[tuple[str, str]]):
    """One stop of a walk. Answers what to say of it afterwards, and in which tone.

    Args:
        told: what the engine said when the walk began.
    """

    AUTO_FOCUS = "#text"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space,n,right", "move(1)", "Next", key_display="Enter"),
        Binding("b,left", "move(-1)", "Back", key_display="b"),
        Binding("s", "skip", "Skip: not found"),
        Binding("escape,x,q", "leave", "Leave, lights off", key_display="x"),
    ]

    def __init__(self, session: Session, told: dict[str, Any]) -> None:
        super().__init__(_heading(told), stop_lines(Stop.model_validate(told["stop"]), told))
        self.add_class("-tall")
        self._session = session
        self._told = told
        self._trouble: Lines = []

    def _show(self) -> None:
        self.query_one("#heading").update(_heading(self._told))  # type: ignore[attr-defined]
        stop = Stop.model_validate(self._told["stop"])
        self.query_one("#text", TextPane).show([*stop_lines(stop, self._told), *self._trouble])

    def action_move(self, by: int) -> None:
        """Go on, or back; past the last stop the walk is over."""
        self._go("walk-next", by=by)

    def action_skip(self) -> None:
        """Nobody there, or not to be reached: go on, and say so at the end."""
        self._go("walk-next", by=1, skip=True)

    def action_leave(self) -> None:
        """Leave: every light of the walk goes off."""
        self._go("walk-end")

    @work(exit_on_error=False, group="walk")
    async def _go(self, name: str, **arguments: Any) -> None:
        """Keys pressed while the engine is at it wait their turn: it takes a walk's commands one by one."""
        try:
            told = await self._session.link.command(name, walk=self._told["walk"], **arguments)
        except C3Error as error:
            self._failed(error, leaving=name == "walk-end")
            return
        if not self.is_current:
            return
        if told.get("over"):
            self.dismiss(_farewell(told))
            return
        self._told, self._trouble = told, []
        self._show()

    def _failed(self, error: C3Error, *, leaving: bool) -> None:
        if not self.is_current:
            return
        if leaving:
            # Whatever is still lit is in the engine's ledger: it darkens it when this terminal leaves.
            self.dismiss((f"leave the walk: {error}", "bad"))
            return
        self._trouble = [[], [(f"! {error}", "bad")], [("x leaves; the lights go off then", "")]]
        self._show()


def _heading(told: dict[str, Any]) -> str:
    at, count = int(told["at"]) + 1, int(told["count"])
    left = count - at
    return f"Identify walk: {at} of {count}, {f'{left} left' if left else 'the last one'}"


def stop_lines(stop: Stop, told: dict[str, Any]) -> Lines:
    """Where to go, as it is written on rack, server and drive."""
    lines: Lines = [
        [("RACK    ", "key"), (wide(stop.rack), "strong")],
        [],
        [("UNIT    ", "key"), (wide(f"{stop.unit:02d}"), "strong")],
        [],
        [("SERVER  ", "key"), (stop.server, "strong"), (f"   serial {stop.serial or 'not known'}", "")],
    ]
    if stop.slot is not None:
        drive = f"serial {stop.drive_serial}" if stop.drive_serial else "empty"
        lines += [
            [],
            [("BAY     ", "key"), (wide(str(stop.slot)), "strong"), (f"   {drive}", "strong")],
        ]
        if stop.drive_serial:
            lines.append([("        ", ""), (f"{stop.drive_model}  {size(stop.drive_size)}", "")])
    if stop.reason:
        lines.append([("        ", ""), (f"to replace: {stop.reason}", "warn")])
    lines.append([])
    lines += [[(said, "warn" if "NOT LIT" in said or "LED: no" in said else "good")] for said in told["said"]]
    if told.get("skipped"):
        lines.append([("Skipped before", "warn")])
    return lines


def wide(text: str) -> str:
    """Capitals with room between them: read from a step away on any terminal."""
    return " ".join(text.upper())


def _farewell(told: dict[str, Any]) -> tuple[str, str]:
    left_on = [str(led) for led in told.get("left_on") or []]
    skipped = [str(led) for led in told.get("skipped") or []]
    said = f"Walk over, {counted(int(told.get('seen') or 0), 'stop')} seen"
    if skipped:
        said += f", skipped: {names(skipped)}"
    if left_on:
        return f"{said}; STILL LIT: {names(left_on)}, tried again (f lists it)", "bad"
    return f"{said}; all its lights are off", "warn" if skipped else "good"
