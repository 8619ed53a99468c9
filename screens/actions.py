"""What is done to servers and bays from several screens: light and power."""

from collections.abc import Sequence

from c3tui.model.fleet import BmcState, Power
from screens.base import C3Screen
from screens.dialogs import Confirm, WalkDialog
from screens.words import names, place

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


async def light_walk(screen: C3Screen, items: Sequence[str]) -> None:
    """Walk from light to light: servers and bays by name; dark when it is left, whatever happens."""
    if not items:
        screen.say("There is nothing to walk to")
        return
    if not await screen.may_act():
        return
    told = await screen.ask(f"light the first of {len(items)}", "walk", said=None, items=list(items))
    if told is not None:
        said = await screen.app.push_screen_wait(WalkDialog(screen.session, told))
        screen.say(*(said or ("The walk is over", "strong")))


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
