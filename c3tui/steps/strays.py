"""Strays: BMCs in the IPMI network that nobody expects; found, lit, taken into the plan or ignored."""

import asyncio
import os
import time
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from pydantic import ValidationError

from c3tui.clients.sweep import BmcSweeper, Limits, Progress
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.logins import write_logins
from c3tui.engine.site import load_secrets
from c3tui.engine.step import Context
from c3tui.engine.store import Store
from c3tui.model.base import utc_now
from c3tui.model.identity import Stray, StrayState
from c3tui.model.imports import Row
from c3tui.model.light import Light, Why, new_light
from c3tui.model.network import AddressRange, span_of
from c3tui.model.plan import BmcAddress, ExpectedServer, Plan
from c3tui.model.reality import Sweep
from c3tui.steps import identity, peers, servers
from c3tui.steps.credentials import checked_login
from c3tui.steps.lights import lights_of

TOLD_SECONDS = 0.25
RATE = 500.0
"""Addresses a second; a management network is a small network, and its switches are slow."""
MOST = 70_000
ID = "ipmi"
"""Of the observation of kind ``sweep`` that says how far it is."""
RESOURCE = "sweep ipmi"
Arguments = dict[str, Any]


class Searching:
    """The search under way, if there is one; ends with the engine."""

    def __init__(self) -> None:
        self.task: asyncio.Task[Arguments] | None = None

    async def close(self) -> None:
        """Stop it."""
        if self.task:
            self.task.cancel()
            await asyncio.gather(self.task, return_exceptions=True)


async def find_strays(engine: Engine, arguments: Arguments, who: str) -> Arguments:
    """Ask the IPMI network, or the ``range`` FIRST-LAST of it, for BMCs; answers when it has ended.

    ``rate`` is in addresses a second.
    """
    rate = float(arguments.get("rate") or RATE)
    if not 1 <= rate <= 10_000:
        raise InputError(f"{rate:g} addresses a second make no sense", remedy="Say 1 to 10000")
    span = _span(engine.site.plan, str(arguments.get("range") or ""))
    searching = await engine.resources.get(RESOURCE, _idle)
    if searching.task and not searching.task.done():
        raise InputError("a search is under way", remedy="Wait for it, or stop it")
    searching.task = asyncio.get_running_loop().create_task(_search(engine, span, rate, who))
    return dict(await asyncio.shield(searching.task))


async def stop_find_strays(engine: Engine, arguments: Arguments, who: str) -> Arguments:
    """Stop the search under way; what it has found by then is recorded."""
    searching = engine.resources.peek(RESOURCE)
    if searching is None or searching.task is None or searching.task.done():
        raise InputError("no search is under way")
    searching.task.cancel()
    return {}


async def _idle() -> Searching:
    return Searching()


def _span(plan: Plan, text: str) -> AddressRange:
    """The addresses to ask: all of the IPMI network, or the part of it that is named."""
    whole = span_of(plan.networks.ipmi.cidr)
    if not text:
        return whole
    try:
        if "/" in text:
            part = span_of(IPv4Network(text))
        else:
            first, _, last = text.partition("-")
            part = AddressRange(start=IPv4Address(first), end=IPv4Address(last or first))
    except ValueError as error:
        raise InputError(f"{text!r} is no range", remedy="Write 10.0.0.1-10.0.0.99 or 10.0.0.0/25") from error
    if part.start not in whole or part.end not in whole:
        raise InputError(f"{text} is not within the IPMI network {plan.networks.ipmi.cidr}")
    return part


def expected(plan: Plan) -> set[IPv4Address]:
    """Addresses of the IPMI network that somebody is known to have."""
    known = {server.bmc.address for server in plan.servers}
    return known | ({plan.networks.ipmi.gateway} if plan.networks.ipmi.gateway else set())


async def _search(engine: Engine, span: AddressRange, rate: float, who: str) -> Arguments:
    plan = engine.site.plan
    edges = {plan.networks.ipmi.cidr.network_address, plan.networks.ipmi.cidr.broadcast_address}
    known = expected(plan) | edges
    wanted = [each for each in span.addresses() if each not in known]
    limits = Limits(rate=rate, most=MOST)
    sweeper = BmcSweeper(plan.endpoints.bmc.port, limits, _teller(engine.store))
    stopped = False
    try:
        await sweeper.run(wanted)
    except asyncio.CancelledError:
        stopped = True
    found = sweeper.result
    ids = _record(engine, found, span, who, stopped=stopped)
    told = {"asked": found.asked, "found": len(found.answers), "stopped": stopped}
    engine.store.observe("sweep", {ID: {**told, "running": False, "total": len(wanted)}})
    untested = [str(each) for each in found.untested]
    return {**told, "strays": ids, "untested": untested, "notes": list(found.notes)}


def _teller(store: Store) -> Any:
    """Tells the record how far it is, four times a second at most."""
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if time.monotonic() - last >= TOLD_SECONDS:
            last = time.monotonic()
            store.observe("sweep", {ID: {**progress._asdict(), "running": True}})

    return tell


def _record(engine: Engine, found: Sweep, span: AddressRange, who: str, *, stopped: bool) -> list[str]:
    """Write down who was found; one that was asked to no avail answers no more."""
    known = {each.id: each for each in engine.store.all(Stray)}
    answered = {str(each.address): (each.macs or ("",))[0] for each in found.answers}
    with engine.store.transaction(who) as transaction:
        for address, mac in answered.items():
            old = known.get(address) or Stray(id=address)
            seen = {"last_seen": utc_now(), "answers": True, "mac": mac or old.mac}
            if transaction.put(old.model_copy(update=seen)) and address not in known:
                transaction.note("stray found", "site", address=address, mac=mac)
        for address, old in known.items():
            gone = old.answers and address not in answered and IPv4Address(address) in span
            if gone and not stopped:
                transaction.put(old.model_copy(update={"answers": False}))
        note = "search for strays stopped" if stopped else "strays searched"
        transaction.note(note, "site", asked=found.asked, found=len(answered))
    identity.judge(_context(engine, who))
    return sorted(answered, key=IPv4Address)


async def stray(engine: Engine, arguments: Arguments, who: str) -> Arguments:
    """Decide about the stray at ``address``.

    ``act`` is ``take-in`` (as ``server``, in ``rack`` and ``unit``, maybe ``serial`` and ``profile``),
    ``ignore`` (for a ``reason``), ``recall`` (it is new again), or ``light`` and ``dark`` (with ``user`` and
    ``password``, or the login that all servers have).
    """
    known = engine.store.get(Stray, str(arguments["address"]))
    if known is None:
        raise InputError(f"no stray {arguments['address']!r}", remedy="See `c3tui strays SITE`")
    acts = {"take-in": _take_in, "ignore": _ignore, "recall": _recall, "light": _light, "dark": _dark}
    act = acts.get(str(arguments["act"]))
    if act is None:
        raise InputError(f"no such thing as {arguments['act']!r}", remedy=f"Say {', '.join(acts)}")
    told = await act(engine, known, arguments, who)
    identity.judge(_context(engine, who))
    return told


async def _take_in(engine: Engine, known: Stray, arguments: Arguments, who: str) -> Arguments:
    """Write it into the plan as an expected server."""
    plan, name = engine.site.plan, str(arguments.get("server") or "")
    if engine.active:
        raise InputError(f"{engine.active.step} is running: the plan is not changed", remedy="Wait for it")
    if any(server.name == name for server in plan.servers):
        raise InputError(f"the plan has a server {name} already", remedy="Give it another name")
    place = (str(arguments.get("rack") or ""), int(arguments.get("unit") or 0))
    holder = next((each for each in plan.servers if (each.rack, each.unit) == place), None)
    if holder is not None:
        raise InputError(f"{holder.name} stands in {place[0]} unit {place[1]} already")
    fields = {key: arguments[key] for key in ("serial", "profile") if arguments.get(key)}
    bmc = BmcAddress(address=IPv4Address(known.id), mac=known.mac or None)
    try:
        server = ExpectedServer(name=name, rack=place[0], unit=place[1], bmc=bmc, **fields)
    except ValidationError as error:
        said = "; ".join(f"{each['loc'][0]}: {each['msg']}" for each in error.errors())
        raise InputError(said, where=known.id, remedy="Give name, rack and unit") from error
    servers.merge(engine.site.files.plan, [Row(1, server, frozenset(fields))])
    engine.reload(who)
    if _on_record(engine, known.id):
        await _dark(engine, known, {}, who)
    _decide(engine, known, who, state=StrayState.TAKEN_IN, server=name)
    return {"server": name}


async def _ignore(engine: Engine, known: Stray, arguments: Arguments, who: str) -> Arguments:
    reason = str(arguments.get("reason") or "").strip()
    if not reason:
        raise InputError("ignoring a stray wants a reason", where=known.id)
    _decide(engine, known, who, state=StrayState.IGNORED, reason=reason)
    return {}


async def _recall(engine: Engine, known: Stray, arguments: Arguments, who: str) -> Arguments:
    if any(str(server.bmc.address) == known.id for server in engine.site.plan.servers):
        raise InputError(
            "the plan has it as a server", where=known.id, remedy="Take it out of the plan first"
        )
    _decide(engine, known, who, state=StrayState.NEW, server="", reason="")
    return {}


def _decide(engine: Engine, known: Stray, who: str, **values: Any) -> None:
    with engine.store.transaction(who) as transaction:
        transaction.put(known.model_copy(update={**values, "by": who}))
        said = {key: str(value) for key, value in values.items() if value}
        transaction.note("stray decided", "site", address=known.id, **said)


async def _light(engine: Engine, known: Stray, arguments: Arguments, who: str) -> Arguments:
    """Light its identify LED; it stays lit until ``dark``, or until the engine ends.

    A login given with it goes into secrets.yaml under the address: a later engine must be able to darken it.
    """
    if password := str(arguments.get("password") or ""):
        login = checked_login(known.id, {"user": arguments.get("user"), "password": password})
        write_logins(engine.site.files.secrets, {known.id: login}, None, os.environ)
        engine.site.secrets.bmc = load_secrets(engine.site.files.secrets, os.environ).bmc
    lights = await lights_of(engine.site, engine.store, engine.resources)
    try:
        await lights.on(new_light(peers.guest(known.id), Why.HAND, "", who))
    finally:
        if not _on_record(engine, known.id):
            await _forget_guest(engine, known.id)
    return {}


async def _dark(engine: Engine, known: Stray, arguments: Arguments, who: str) -> Arguments:
    if not _on_record(engine, known.id):
        raise InputError("its light was not switched on from here", where=known.id)
    lights = await lights_of(engine.site, engine.store, engine.resources)
    await lights.put_out(peers.guest(known.id), who)
    await _forget_guest(engine, known.id)
    return {}


def _on_record(engine: Engine, address: str) -> bool:
    return any(each.server == peers.guest(address) for each in engine.store.all(Light))


async def _forget_guest(engine: Engine, address: str) -> None:
    """Watch its BMC no longer."""
    guests = engine.resources.peek(peers.GUESTS)
    if guests and guests.targets.pop(address, None):
        await peers.bmcs(engine.site, engine.resources)


def _context(engine: Engine, who: str) -> Context:
    return engine.context(engine.step(identity.STEP), who)
