"""Commands that reach for the hardware: lights, power, and what a verdict means outside C3."""

from typing import Any

from c3tui.engine import commands, decisions
from c3tui.engine.core import Command, Engine
from c3tui.engine.errors import C3Error, InputError, Refused
from c3tui.model.fleet import Server
from c3tui.model.replacement import Decision
from c3tui.steps import addresses, marks, peers, servers, sweep


async def identify(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Switch a ``server``'s identify light ``on`` or off."""
    name, on = str(arguments["server"]), bool(arguments["on"])
    fleet = await peers.bmcs(engine.site, engine.resources)
    await fleet.identify(name, on)
    with engine.store.transaction(who) as transaction:
        transaction.note("identify light on" if on else "identify light off", name)
    return {}


async def power(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Switch a ``server`` ``on`` or off; one in production is left alone."""
    name, on = str(arguments["server"]), bool(arguments["on"])
    server = engine.store.get(Server, name)
    if server and server.in_production and not on:
        raise Refused(
            "it is in production: C3 does not cut its power",
            where=name,
            remedy="Drain it first, then power it off by its own system",
        )
    fleet = await peers.bmcs(engine.site, engine.resources)
    await fleet.power(name, on)
    with engine.store.transaction(who) as transaction:
        transaction.note("powered on" if on else "powered off", name)
    return {}


async def watch(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """These ``servers`` are on screen: their BMCs are asked first."""
    fleet = await peers.bmcs(engine.site, engine.resources)
    fleet.prefer([str(name) for name in arguments["servers"]])
    return {}


async def verdict(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Decide on the drive in ``bay``, and take a withdrawn mark off the hardware again."""
    before = decisions.open_replacement(engine.store, arguments["bay"])
    answer = await commands.verdict(engine, arguments, who)
    if before and Decision(arguments["decision"]) is not Decision.REPLACE:
        await _hide(engine, before.server, before.old.serial, who)
    return answer


async def withdraw(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Take back ``replacement`` for a ``reason``, on the hardware too."""
    mark = decisions.withdraw(engine.store, arguments["replacement"], arguments.get("reason") or "", who)
    await _hide(engine, mark.server, mark.old.serial, who)
    return {}


async def reload(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Read plan and secrets again; BMCs and MAAS are asked with what they say now."""
    engine.reload(who)
    fleet = await peers.bmcs(engine.site, engine.resources)
    fleet.retry([server.name for server in engine.site.plan.servers])
    return {}


async def _hide(engine: Engine, server: str, serial: str, who: str) -> None:
    ctx = engine.context(engine.step("hardware"), who)
    try:
        fleet = await peers.bmcs(engine.site, engine.resources)
        await marks.hide(ctx, await peers.maas(ctx), fleet, server, [serial])
    except C3Error as error:
        raise InputError(
            f"the decision stands, but its mark is still on the hardware: {error.what}",
            where=error.where,
            remedy="Take the tag off in MAAS, and switch the light off",
        ) from error


COMMANDS: dict[str, Command] = {
    **commands.COMMANDS,
    "import": servers.import_servers,
    "release": addresses.release,
    "sweep": sweep.sweep,
    "stop-sweep": sweep.stop_sweep,
    "identify": identify,
    "power": power,
    "watch": watch,
    "verdict": verdict,
    "withdraw": withdraw,
    "reload": reload,
}
