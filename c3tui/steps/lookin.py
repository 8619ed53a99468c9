"""A look into marked bays of servers that run, over SSH: C3 touches nothing on them, it only reads."""

from typing import Any

from c3tui.clients.nodes import BlockDevice
from c3tui.engine import decisions
from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error, InputError
from c3tui.engine.step import Context
from c3tui.model.fleet import Bay, Drive, Server, Stage, TestState
from c3tui.model.replacement import Kind, Replacement
from c3tui.steps import peers
from c3tui.steps.sightings import Sightings

SEEN = "seen in its bay by the running server; not tested by C3"


async def look(engine: Engine, servers: list[str], who: str) -> dict[str, Any]:
    """Look what sits in the marked bays of some running servers, or of all that have marks.

    Gives what was seen by bay, and why servers could not be asked.

    Raises:
        InputError: none of them runs, or none has a drive on its way out.
    """
    open_marks = [each for each in decisions.open_marks(engine.store).values() if each.part is Kind.DRIVE]
    waiting: dict[str, list[Replacement]] = {}
    for mark in open_marks:
        server = engine.store.get(Server, mark.server)
        running = server is not None and server.stage.reached(Stage.DEPLOYED) and bool(server.address)
        if running and (not servers or mark.server in servers):
            waiting.setdefault(mark.server, []).append(mark)
    if not waiting:
        raise InputError(
            "no running server has a drive on its way out",
            remedy="Before servers are deployed, the hardware step looks into their bays",
        )
    ctx = engine.context(engine.step("hardware"), who)
    seen: dict[str, str] = {}
    failed: dict[str, str] = {}
    for name, marks in waiting.items():
        try:
            seen |= await _server(ctx, name, marks)
        except C3Error as error:
            failed[name] = str(error)
    ctx.flush()
    return {"seen": seen, "failed": failed}


async def _server(ctx: Context, name: str, marks: list[Replacement]) -> dict[str, str]:
    devices = await peers.shell(ctx.site).inventory(ctx.server(name).address)
    whole = {each.by_path: each for each in devices if not each.parent and each.by_path}
    server, sightings = ctx.server(name), Sightings(ctx)
    told = {}
    for mark in marks:
        bay = server.bay(mark.slot) if mark.slot is not None else None
        if bay is None or not bay.path:
            told[mark.bay] = "its bay has no stable path: nobody can tell what sits in it"
            continue
        device = whole.get(bay.path)
        if device is not None and not device.serial:
            told[mark.bay] = f"{device.name} tells no serial"
            continue
        drive = _drive(bay, device)
        if drive is None or bay.drive is None or drive.serial != bay.drive.serial:
            _sits(ctx, server, bay, mark, drive)
        moved = sightings.compare(mark, drive)
        told[mark.bay] = f"{drive.serial if drive else 'empty'}: {moved.phase}"
    return told


def _sits(ctx: Context, server: Server, bay: Bay, mark: Replacement, drive: Drive | None) -> None:
    """Write what was seen into the fleet; what was found on the old drive went out with it."""
    bay.drive = drive
    with ctx.store.transaction(ctx.who) as transaction:
        if transaction.put(server):
            transaction.note("bay seen", mark.bay, serial=drive.serial if drive else "")
        decisions.gone_with_it(ctx.store, transaction, mark.bay)


def _drive(bay: Bay, device: BlockDevice | None) -> Drive | None:
    """What sits in a bay, by the block device there; the one on record when it is the same."""
    known = bay.drive
    if device is None:
        return None
    if known and (device.serial == known.serial or (device.wwn and device.wwn == known.wwn)):
        return known
    drive = Drive(
        serial=device.serial,
        model=device.model,
        wwn=device.wwn,
        size=device.size,
        rotational=device.rotational,
        by_id=device.by_id,
        test=TestState.NOT_TESTED,
        test_detail=SEEN,
    )
    if known:
        drive.use = known.use
    return drive
