"""What is done to servers and drives from several screens: light, power, verdicts."""

from collections.abc import Sequence

from c3tui.model.fleet import BmcState, Power, Use
from c3tui.model.replacement import Decision
from screens.base import C3Screen
from screens.dialogs import Confirm, Reason
from screens.model import DriveRow
from screens.words import counted, names, place, size

IN_PRODUCTION = "in production: its drives are drained and replaced through Ceph, not by 3 Hardware"
"""What a mark on a drive of a node means: no step of the build touches it."""


async def identify(screen: C3Screen, servers: Sequence[str]) -> None:
    """Switch the identify light of servers: off where it shines, on elsewhere."""
    if not servers or not await screen.may_act():
        return
    rows = screen.session.fleet.server_rows
    for name in servers:
        row = rows.get(name)
        on = not (row and row.bmc and row.bmc.identify)
        what = f"switch the identify light of {name} {'on' if on else 'off'}"
        if await screen.ask(what, "identify", server=name, on=on) is None:
            return


async def power(screen: C3Screen, servers: Sequence[str]) -> None:
    """Switch servers on or off, whichever they are not, after asking."""
    rows = screen.session.fleet.server_rows
    on = [name for name in servers if name in rows and _is_off(screen, name)]
    off = [name for name in servers if name in rows and not _is_off(screen, name)]
    if not (on or off) or not await screen.may_act():
        return
    lines = [f"{name}, {place(rows[name].server)}: {rows[name].server.stage.value}" for name in [*on, *off]]
    verb = " and ".join(
        part for part in (on and f"on: {names(on)}", off and f"OFF, hard: {names(off)}") if part
    )
    answer = await screen.app.push_screen_wait(Confirm("Switch power?", f"Yes, switch {verb}", lines=lines))
    if answer != "yes":
        screen.say("Power stays as it is")
        return
    for name in [*on, *off]:
        what = f"switch {name} {'on' if name in on else 'off'}"
        if await screen.ask(what, "power", server=name, on=name in on) is None:
            return


def _is_off(screen: C3Screen, name: str) -> bool:
    reading = screen.session.fleet.server_rows[name].bmc
    return reading is None or reading.state is not BmcState.OK or reading.power is not Power.ON


async def decide(screen: C3Screen, rows: Sequence[DriveRow], decision: Decision) -> bool:
    """Give a verdict on drives; replace and accept want a reason. True when all were given."""
    rows = [row for row in rows if row.bay.drive]
    if not rows:
        screen.say("There is no drive in this bay", "warn")
        return False
    if not await screen.may_act():
        return False
    reason = ""
    if decision is not Decision.USE:
        reason = await _reason(screen, rows, decision) or ""
        if not reason:
            screen.say("No verdict was given; what you typed is kept")
            return False
    for row in rows:
        what = f"{decision.value} {row.id}"
        if await screen.ask(what, "verdict", bay=row.id, decision=decision.value, reason=reason) is None:
            return False
    return True


def _warnings(rows: Sequence[DriveRow]) -> list[str]:
    """What one should know before a drive is marked for replacement."""
    live = list(dict.fromkeys(row.server.name for row in rows if row.server.in_production))
    system = [row.id for row in rows if row.bay.drive and row.bay.drive.use is Use.SYSTEM]
    lines = [f"{names(live)}: {IN_PRODUCTION}."] if live else []
    if system:
        lines.append(f"{names(system)}: a system drive; without it the server does not start.")
    return lines


async def _reason(screen: C3Screen, rows: Sequence[DriveRow], decision: Decision) -> str | None:
    titles = {
        Decision.REPLACE: f"Mark {counted(len(rows), 'drive')} for replacement",
        Decision.ACCEPT: f"Accept {counted(len(rows), 'drive')} as is",
    }
    lines = []
    for row in rows:
        drive = row.bay.drive
        assert drive is not None
        lines.append(f"{row.id}  {drive.serial}  {drive.model}  {size(drive.size)}  {drive.test.value}")
    lines += _warnings(rows) if decision is Decision.REPLACE else []
    key = f"reason:{decision.value}:{rows[0].id}"
    return await screen.app.push_screen_wait(Reason(titles[decision], screen.session.drafts, key, lines))
