"""Commands that reach for the hardware, and those of the steps, by name."""

from typing import Any

from c3tui.engine import commands
from c3tui.engine.core import Command, Engine
from c3tui.engine.errors import Refused
from c3tui.model.fleet import Server
from c3tui.model.light import Why, new_light
from c3tui.steps import (
    addresses,
    credentials,
    golden,
    judging,
    peers,
    servers,
    strays,
    sweep,
    verdicts,
    walks,
)
from c3tui.steps.lights import lights_of


async def identify(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Switch the light of a ``server``, or of a bay such as ``c3-001/bay03``, ``on`` or off.

    What was lit here goes dark with the engine; off means off, whoever lit it.
    """
    led = walks.stops_to([arguments["server"]], engine.store, engine.site.plan)[0].led
    lights = await lights_of(engine.site, engine.store, engine.resources)
    if arguments["on"]:
        lit = await lights.on(new_light(led, Why.HAND, "", who))
        return {"found_lit": lit.found_lit}
    await lights.put_out(led, who)
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


async def reload(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Read plan and secrets again; BMCs and MAAS are asked with what they say now."""
    engine.reload(who)
    fleet = await peers.bmcs(engine.site, engine.resources)
    fleet.retry([server.name for server in engine.site.plan.servers])
    return {}


COMMANDS: dict[str, Command] = {
    **commands.COMMANDS,
    "import": servers.import_servers,
    "release": addresses.release,
    "sweep": sweep.sweep,
    "stop-sweep": sweep.stop_sweep,
    "identity": golden.look,
    "golden": golden.golden,
    "tolerate": golden.tolerate,
    "untolerate": golden.untolerate,
    "find-strays": strays.find_strays,
    "stop-find-strays": strays.stop_find_strays,
    "stray": strays.stray,
    "identify": identify,
    "walk": walks.walk,
    "walk-next": walks.walk_next,
    "walk-end": walks.walk_end,
    "power": power,
    "watch": watch,
    **verdicts.COMMANDS,
    "reload": reload,
    "credentials": credentials.credentials,
    "rejudge": judging.command,
}
