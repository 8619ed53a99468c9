"""Marks on drives as the world outside C3 sees them: a tag in MAAS, the lights on server and bay."""

from c3tui.clients.maas import Maas
from c3tui.engine.errors import C3Error
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.fleet import Server
from c3tui.model.light import Why, new_light, no_bay_led
from c3tui.model.replacement import Kind, Replacement, Verdict
from c3tui.steps.lights import Lights, lights_of

TAG = "c3-replace"
"""MAAS tag on the disk: whoever looks at the server in MAAS sees which drive to pull."""


def accepted(store: Reader, bay: str, serial: str) -> bool:
    """Whether the engineer decided to keep this very drive, and on all that is known of it now."""
    verdict = store.get(Verdict, f"{bay}:{serial}")
    return verdict is not None and verdict.keeps


def of_the_build(store: Reader) -> list[Replacement]:
    """Drives on their way out of servers that the build may touch.

    In production, drives are drained and replaced through Ceph; other parts are moved by hand.
    """
    servers = {each.name: each for each in store.all(Server)}
    found = [each for each in store.all(Replacement) if each.open and each.part is Kind.DRIVE]
    return [each for each in found if not (each.server in servers and servers[each.server].in_production)]


async def show(ctx: Context, maas: Maas, mark: Replacement) -> bool:
    """Tag the drive, light its server, and its bay where that can be; True when a light is on.

    A light that stays off is no reason to stop: the walk list names rack, unit and bay.

    Raises:
        PeerError: MAAS cannot tag the drive.
    """
    system_id = ctx.server(mark.server).system_id
    machine = await maas.machine(system_id)
    if machine.disk(mark.old.serial):
        await maas.tag_disk(system_id, mark.old.serial, TAG)
        ctx.touched()
    lights = await lights_of(ctx.site, ctx.store, ctx.resources)
    lit = [await _light(ctx, lights, mark, led) for led in _leds(ctx.server(mark.server), mark)]
    return any(lit)


async def hide(ctx: Context, maas: Maas, server: str, serials: list[str]) -> None:
    """Take tags and lights away again, as far as drives and server are still there.

    A server with another drive on its way out stays lit.
    """
    await darken(ctx, server)
    if trouble := await untag(ctx, maas, server, serials):
        ctx.say(f"mark not taken away: {trouble}", server, "warning")


async def untag(ctx: Context, maas: Maas, server: str, serials: list[str]) -> str:
    """Take the tag off drives that are still there; what kept it from that, empty when nothing did."""
    system_id = ctx.server(server).system_id
    try:
        machine = await maas.machine(system_id)
        for serial in serials:
            if machine.disk(serial):
                await maas.untag_disk(system_id, serial, TAG)
    except C3Error as error:
        return str(error)
    return ""


async def darken(ctx: Context, server: str) -> None:
    """Switch off the lights of replacements on a server that are no longer under way."""
    lights = await lights_of(ctx.site, ctx.store, ctx.resources)
    under_way = {mark.id for mark in ctx.store.all(Replacement) if mark.server == server and mark.open}
    left = await lights.darken(
        lambda each: each.server == server and each.why is Why.REPLACEMENT and each.owner not in under_way
    )
    for light in left:
        ctx.say(
            f"the light of {light.led} is still on: {light.trouble}; it is tried again", server, "warning"
        )


def _leds(server: Server, mark: Replacement) -> list[str]:
    if mark.slot is None or no_bay_led(server, mark.slot):
        return [mark.server]
    return [mark.server, mark.bay]


async def _light(ctx: Context, lights: Lights, mark: Replacement, led: str) -> bool:
    try:
        await lights.on(new_light(led, Why.REPLACEMENT, mark.id, ctx.who))
    except C3Error as error:
        ctx.say(f"the light of {led} stays off: {error}", mark.server, "warning")
        return False
    return True
