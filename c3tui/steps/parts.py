"""The parts of each server as found, and the golden server of each kind that they are compared with."""

from collections.abc import Iterable, Sequence

from c3tui.checks.catalogue import CATALOGUE, Known, faults
from c3tui.checks.profile import differences
from c3tui.clients.bmc import BmcFleet
from c3tui.clients.maas import Maas, Machine
from c3tui.clients.maas.details import details
from c3tui.engine.errors import BadAnswer, PeerError
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.base import utc_now
from c3tui.model.fleet import Server
from c3tui.model.hwprofile import Difference, Dimm, DriveFact, Inventory, Parts, Port, Profile
from c3tui.model.plan import Plan
from c3tui.steps import tolerances

STEP = "discovery"


def take_in(ctx: Context, server: Server, machine: Machine) -> Inventory:
    """Write down the parts that MAAS's machine and the bay map tell of; what else was read stays."""
    known = ctx.store.get(Inventory, server.name) or Inventory(id=server.name)
    firmware = {disk.serial: disk.firmware for disk in machine.disks}
    bays = [(bay.slot, drive) for bay, drive in server.drives()]
    found = known.parts.model_copy(
        update={
            "cpu_model": machine.cpu_model,
            "threads": machine.cpus,
            "memory_mib": machine.memory_mib,
            "bios": machine.bios,
            "drives": [
                DriveFact(
                    bay=slot, model=drive.model, size=drive.size, firmware=firmware.get(drive.serial, "")
                )
                for slot, drive in bays
            ],
            "ports": [
                Port(name=nic.name, speed=nic.speed if nic.connected else 0, firmware=nic.firmware)
                for nic in machine.nics
                if nic.type == "physical"
            ],
        }
    )
    changes = {"parts": found, "commissioning": machine.commissioning_set, "read_at": known.read_at}
    fresh = known.model_copy(update=changes)
    if fresh != known:
        fresh.read_at = utc_now()
        ctx.save(fresh, note="parts read", subject=server.name)
    return fresh


async def complete(ctx: Context, maas: Maas, fleet: BmcFleet | None, server: Server) -> bool:
    """Read what the machine's own record lacks: memory modules, processors, neighbours, BMC firmware.

    Returns:
        Whether anything was read.

    Raises:
        PeerError: MAAS refuses or does not answer.
    """
    known = ctx.store.get(Inventory, server.name)
    if known is None:
        known = take_in(ctx, server, await maas.machine(server.system_id))
    fresh = known.model_copy(deep=True)
    if not known.complete:
        await _read_details(ctx, maas, server, fresh)
    if fleet:
        try:
            fresh.parts.bmc = await fleet.firmware(server.name)
        except PeerError as error:
            ctx.say(f"firmware of its BMC not read: {error}", server.name, "warning")
    if fresh == known:
        return False
    ctx.save(fresh, note="parts read", subject=server.name)
    return True


async def _read_details(ctx: Context, maas: Maas, server: Server, fresh: Inventory) -> None:
    try:
        found = await details(maas, server.system_id)
    except BadAnswer as error:
        ctx.say(f"memory modules not read: {error}", server.name, "warning")
        fresh.details_of = fresh.commissioning
        return
    if found is None:
        return
    modules = found.modules
    fresh.commissioning = fresh.details_of = found.commissioning
    fresh.parts.sockets = found.sockets
    fresh.switches = found.switches
    if modules is None:
        fresh.parts.dimms = None
    else:
        fresh.parts.dimms = [Dimm(slot=each.slot, size_mib=each.size >> 20) for each in modules]


def compared(store: Reader, plan: Plan, names: Iterable[str]) -> dict[str, Sequence[Difference]]:
    """How each of some servers differs from the golden one of its kind; only of those that can be told."""
    profiles = {each.id: each for each in store.all(Profile)}
    kinds = {each.name: each.profile for each in plan.servers}
    found: dict[str, Sequence[Difference]] = {}
    for name in names:
        golden = profiles.get(kinds.get(name, ""))
        known = store.get(Inventory, name) if golden else None
        if golden and known:
            found[name] = differences(golden.parts, known.parts)
    return found


def judge(ctx: Context, names: Iterable[str] | None = None) -> list[str]:
    """What the rules say of the parts of some servers, or of all; gives the ids of findings that are true."""
    chosen = list(names) if names is not None else [each.name for each in ctx.plan.servers]
    known = Known(parts=compared(ctx.store, ctx.plan, chosen))
    rules = [each.id for each in CATALOGUE.values() if each.needs == "parts"]
    said = [each for each in faults(ctx.plan, STEP, known) if each.check.id in rules]
    return tolerances.record(ctx, rules, said, about=chosen)


def make_golden(ctx: Context, server: str, name: str, who: str) -> Profile:
    """The parts of a server, as the measure for all servers of a profile."""
    known = ctx.store.get(Inventory, server)
    assert known is not None
    profile = Profile(id=name, server=server, parts=known.parts, by=who)
    ctx.save(profile, note="golden server chosen", subject=server, profile=name)
    return profile


def floor_of(known: Parts) -> dict[str, float]:
    """The least figures of the plan's own profile that a golden server's parts make."""
    data = [drive for drive in known.drives if drive.size >= _LEAST_DATA]
    return {
        "cpus": max(1, known.threads),
        "memory_gib": max(1, known.memory_mib // 1024),
        "data_drives": len(data),
        "nics": max(1, len(known.ports)),
    }


_LEAST_DATA = 10**12
"""Bytes: smaller drives are a system's."""
