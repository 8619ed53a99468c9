"""Commands of identity: ask every end who stands where, choose a golden server, accept known differences."""

import asyncio
import hashlib
from collections.abc import Collection
from typing import Any

from c3tui.checks.catalogue import CATALOGUE, Fault, Known
from c3tui.checks.identity import places
from c3tui.clients.bmc import BmcFleet
from c3tui.clients.maas import Machine
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError, PeerError
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import BmcState, Server, Stage
from c3tui.model.hwprofile import Inventory
from c3tui.model.identity import Tolerance, scopes
from c3tui.model.plan import Plan
from c3tui.steps import identity, parts, peers

SCOPES = "site, rack[:NAME], server[:NAME] or batch[:PROFILE]"
AT_ONCE = 8
"""BMCs or machines that are asked at the same time, beside what else goes on."""


async def look(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Ask the BMCs and MAAS about ``servers``, or about all; say where each of them stands."""
    ctx = _context(engine, who)
    names = _known(engine.site.plan, arguments.get("servers") or ())
    unread = await ask(ctx, names)
    found = identity.judge(ctx) + parts.judge(ctx, names)
    where = places(engine.site.plan, identity.facts(engine.store))
    return {
        "servers": {name: [where[name].place.value, where[name].words] for name in names},
        "unread": unread,
        "findings": [each for each in found if _stands(engine.store, each)],
    }


async def golden(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Make the ``server`` the golden one of its profile, or of ``profile``; compare all servers of that kind.

    With ``floor`` its figures become the least that the plan wants of that profile.
    """
    plan, server = engine.site.plan, str(arguments["server"])
    name = str(arguments.get("profile") or plan.expected(_known(plan, [server])[0]).profile)
    ctx = _context(engine, who)
    record = engine.store.get(Server, server)
    if record is None or not record.stage.reached(Stage.READY):
        remedy = "Run discovery first: its parts are read as it is commissioned"
        raise InputError("nothing is known of its parts yet", where=server, remedy=remedy)
    unread = await ask(ctx, [server])
    if unread:
        raise InputError(unread[0], where=server, remedy="Mend that first: half a server is no measure")
    made = parts.make_golden(ctx, server, name, who)
    if arguments.get("floor"):
        engine.edit(_floor(plan, name, parts.floor_of(made.parts)), who)
    kind = [each.name for each in engine.site.plan.servers if each.profile == name]
    # A sister whose memory was not read is compared as far as it is known; the watch reads the rest.
    left = [each for each in kind if not _complete(engine.store, each)]
    unread = await ask(ctx, left)
    told = parts.compared(engine.store, engine.site.plan, kind)
    parts.judge(ctx, kind)
    said = {each: [one.what for one in found] for each, found in told.items() if found}
    return {"profile": name, "compared": len(told), "different": said, "unread": unread}


def _floor(plan: Plan, name: str, figures: dict[str, float]) -> dict[str, Any]:
    """The changes that write a profile's least figures; profiles that only a default gives stay given."""
    given = "profiles" in plan.hardware.model_fields_set
    kept = {} if given else {key: each.model_dump() for key, each in plan.hardware.profiles.items()}
    return {f"hardware.profiles.{key}": value for key, value in (kept | {name: figures}).items()}


async def ask(ctx: Context, names: Collection[str]) -> list[str]:
    """Read what is missing about some servers from each end; gives what could not be read, in words.

    Raises:
        PeerError: MAAS cannot be reached at all.
    """
    fleet = await peers.bmcs(ctx.site, ctx.resources)
    gate, unread = asyncio.Semaphore(AT_ONCE), list[str]()
    ready = [name for name in names if (known := ctx.store.get(Server, name)) and known.system_id]
    maas = await peers.maas(ctx) if ready else None
    machines = {each.system_id: each for each in await maas.machines(_ids(ctx, ready))} if maas else {}

    async def one(name: str) -> None:
        async with gate:
            try:
                await _ask_bmc(ctx, fleet, name)
            except PeerError as error:
                unread.append(f"{name}: {error.what}")
            try:
                server = ctx.store.get(Server, name)
                if server and (machine := machines.get(server.system_id)):
                    await _take(ctx, server, machine)
            except PeerError as error:
                unread.append(f"{name}: {error.what}")

    async with asyncio.TaskGroup() as group:
        for name in names:
            group.create_task(one(name))
    identity.resolve(ctx, names)
    return sorted(unread)


async def _ask_bmc(ctx: Context, fleet: BmcFleet, name: str) -> None:
    """The BMC's own inventory, and a reading of now; nothing where nobody gave a login."""
    if name not in fleet.readings():
        return
    reading = await fleet.read(name)
    ctx.store.observe("bmc", {name: reading.model_dump(mode="json")})
    if reading.state is BmcState.OK:
        await read_fru(ctx, fleet, name)


async def read_fru(ctx: Context, fleet: BmcFleet, name: str) -> None:
    """Remember which serial a BMC says its server has.

    Raises:
        PeerError: it does not answer, or refuses.
    """
    told = await fleet.fru(name)
    address = str(ctx.plan.expected(name).bmc.address)
    identity.note(ctx, name, fru=told.get("serial") or told.get("board_serial") or "", at=address)


async def _take(ctx: Context, server: Server, machine: Machine) -> None:
    identity.note(ctx, server.name, maas=machine.serial)
    identity.note_power(ctx, server.name, machine.power_state)
    if server.stage.reached(Stage.READY):
        parts.take_in(ctx, server, machine)
        await complete(ctx, server.name)


async def complete(ctx: Context, name: str) -> bool:
    """Read what is missing of one server's parts, and where its cables lead.

    Raises:
        PeerError: MAAS refuses or does not answer.
    """
    fleet = await peers.bmcs(ctx.site, ctx.resources)
    server = ctx.server(name)
    reading = fleet.readings().get(name)
    asked = fleet if reading and reading.state is BmcState.OK else None
    changed = await parts.complete(ctx, await peers.maas(ctx), asked, server)
    if changed and (known := ctx.store.get(Inventory, name)):
        identity.note(ctx, name, switches=sorted(set(known.switches.values())))
    return changed


async def tolerate(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Accept what ``finding`` says as a known difference, for ``scope``, for a ``reason``.

    Gives the ids of the accepted differences, one for each thing the finding says, and of the findings that
    are waived by them.
    """
    found = engine.store.get(Finding, str(arguments["finding"]))
    if found is None or found.state is FindingState.FIXED:
        raise InputError(f"no open finding {arguments['finding']!r}", remedy="See `c3tui findings`")
    said = _said(engine, found)
    if not said:
        remedy = "Waive the finding itself, with a reason"
        raise InputError(f"{found.check} is no difference between servers", where=found.id, remedy=remedy)
    reason = str(arguments.get("reason") or "").strip()
    if not reason:
        raise InputError("an accepted difference wants a reason", where=found.id)
    scope = _scope(engine.site.plan, found.subject, str(arguments.get("scope") or "server"))
    made = [_tolerance(found.check, scope, each.message, reason, who) for each in said]
    with engine.store.transaction(who) as transaction:
        for each in made:
            transaction.put(each)
            transaction.note("difference accepted", "site", id=each.id, said=each.what, reason=reason)
    return {"tolerances": [each.id for each in made], **_judged(engine, who)}


async def untolerate(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take back an accepted difference, ``tolerance``: what it covers counts again."""
    known = engine.store.get(Tolerance, str(arguments["tolerance"]))
    if known is None:
        remedy = "See `c3tui tolerances`"
        raise InputError(f"no accepted difference {arguments['tolerance']!r}", remedy=remedy)
    with engine.store.transaction(who) as transaction:
        transaction.delete(Tolerance, known.id)
        transaction.note("difference counts again", "site", id=known.id, said=known.what)
    return _judged(engine, who)


def _scope(plan: Plan, subject: str, text: str) -> str:
    """The scope of that name; a NAME that is left out is that of the finding's server."""
    if text == "site":
        return text
    kind, _, name = text.partition(":")
    known = {
        "rack": {each.name for each in plan.racks},
        "server": {each.name for each in plan.servers},
        "batch": {each.profile for each in plan.servers},
    }
    if kind not in known:
        raise InputError(f"no scope {text!r}", remedy=f"Say {SCOPES}")
    own = {each.partition(":")[0]: each.partition(":")[2] for each, _ in scopes(plan, subject)}
    name = name or own.get(kind, "")
    if name not in known[kind]:
        raise InputError(f"no {kind} {name!r} in the plan", remedy=f"Say {SCOPES}")
    return f"{kind}:{name}"


def _tolerance(check: str, scope: str, what: str, reason: str, who: str) -> Tolerance:
    digest = hashlib.sha256(what.encode()).hexdigest()[:8]
    return Tolerance(
        id=f"{check}/{scope}/{digest}", check=check, scope=scope, what=what, reason=reason, by=who
    )


def _said(engine: Engine, found: Finding) -> list[Fault]:
    """Each thing that a finding says, as its rule says it now."""
    plan, store = engine.site.plan, engine.store
    known = Known(identity=identity.facts(store), parts=parts.compared(store, plan, [found.subject]))
    rule = CATALOGUE.get(found.check)
    if rule is None or rule.needs not in ("identity", "parts"):
        return []
    return [each for each in rule.faults(plan, known) if each.subject == found.subject]


def _judged(engine: Engine, who: str) -> dict[str, Any]:
    """Judge anew; gives the findings that are waived since, and those that count again."""
    ctx, before = _context(engine, who), _waived(engine.store)
    identity.judge(ctx)
    parts.judge(ctx)
    now = _waived(engine.store)
    return {"waived": sorted(now - before), "opened": sorted(before - now)}


def _waived(store: Reader) -> set[str]:
    return {each.id for each in store.all(Finding) if each.state is FindingState.WAIVED and each.tolerance}


def _stands(store: Reader, id: str) -> bool:
    found = store.get(Finding, id)
    return found is not None and found.state is FindingState.OPEN


def _complete(store: Reader, name: str) -> bool:
    known = store.get(Inventory, name)
    return known is not None and known.complete and bool(known.parts.bmc)


def _ids(ctx: Context, names: Collection[str]) -> list[str]:
    return [ctx.server(name).system_id for name in names]


def _known(plan: Plan, names: Collection[str]) -> list[str]:
    """Those names, or all of the plan.

    Raises:
        InputError: the plan has no such server.
    """
    every = [each.name for each in plan.servers]
    for name in names:
        if name not in every:
            raise InputError(f"no server {name!r} in the plan", remedy="See `c3tui servers`")
    return list(names) or every


def _context(engine: Engine, who: str) -> Context:
    return engine.context(engine.step("discovery"), who)
