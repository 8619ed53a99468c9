"""Marks on drives as the world outside C3 sees them: a tag in MAAS, the light on the server."""

from c3tui.clients.bmc import BmcFleet
from c3tui.clients.maas import Maas
from c3tui.engine.errors import C3Error, PeerError
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.replacement import Decision, Replacement, Verdict

TAG = "c3-replace"
"""MAAS tag on the disk: whoever looks at the server in MAAS sees which drive to pull."""


def accepted(store: Reader, bay: str, serial: str) -> bool:
    """Whether the engineer decided to keep this very drive."""
    verdict = store.get(Verdict, f"{bay}:{serial}")
    return verdict is not None and verdict.decision is not Decision.REPLACE


async def show(ctx: Context, maas: Maas, fleet: BmcFleet, mark: Replacement) -> bool:
    """Tag the drive and light the server; True when the light is on.

    A BMC that cannot light is no reason to stop: the walk list names rack, unit and bay.

    Raises:
        PeerError: MAAS cannot tag the drive.
    """
    system_id = ctx.server(mark.server).system_id
    machine = await maas.machine(system_id)
    if machine.disk(mark.old.serial):
        await maas.tag_disk(system_id, mark.old.serial, TAG)
        ctx.touched()
    try:
        await fleet.identify(mark.server, True)
    except PeerError as error:
        ctx.say(f"the identify light stays off: {error}", mark.server, "warning")
        return False
    return True


async def hide(ctx: Context, maas: Maas, fleet: BmcFleet, server: str, serials: list[str]) -> None:
    """Take tags and light away again, as far as the drives and the BMC are still there."""
    system_id = ctx.server(server).system_id
    try:
        machine = await maas.machine(system_id)
        for serial in serials:
            if machine.disk(serial):
                await maas.untag_disk(system_id, serial, TAG)
        await fleet.identify(server, False)
    except C3Error as error:
        ctx.say(f"mark not taken away: {error}", server, "warning")
