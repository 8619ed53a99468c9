"""Identify walks: light after light, each with what is written on the labels, all dark when one leaves."""

import asyncio
import logging
import secrets as random_source
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error, InputError
from c3tui.engine.store import Reader
from c3tui.model.fleet import Server
from c3tui.model.light import Light, Stop, Why, in_order, new_light, no_bay_led, split_led
from c3tui.model.plan import Plan
from c3tui.model.replacement import Replacement
from c3tui.steps.lights import Lights, lights_of

log = logging.getLogger("c3tui.engine")


@dataclass
class Walk:
    """Somebody on the way from light to light. It ends with the terminal that began it."""

    id: str
    viewer: str
    by: str
    stops: list[Stop]
    at: int = 0
    skipped: set[str] = field(default_factory=set)
    lit: set[str] = field(default_factory=set)
    """Ids of its lights."""
    said: list[str] = field(default_factory=list)
    """What there is to know about the light here."""
    over: bool = False
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Walks:
    """The walks under way in one engine."""

    def __init__(self, engine: Engine, lights: Lights) -> None:
        self._store = engine.store
        self._lights = lights
        self._walks: dict[str, Walk] = {}
        self._left: set[str] = set()
        self._ending: set[asyncio.Task[None]] = set()
        engine.on_gone(self._gone)

    async def close(self) -> None:
        """Let walks that are ending end."""
        await asyncio.gather(*self._ending, return_exceptions=True)

    async def begin(self, stops: list[Stop], viewer: str, by: str) -> dict[str, Any]:
        """Light the first stop.

        Raises:
            InputError: there is nowhere to go, or whoever asked has left.
        """
        if not stops:
            raise InputError("there is nothing to walk to", remedy="Name servers or bays of the plan")
        if viewer in self._left:
            raise InputError("the terminal that asked is gone")
        walk = Walk(f"walk-{random_source.token_hex(3)}", viewer, by, in_order(stops))
        self._walks[walk.id] = walk
        self._note(walk, "identify walk begun", stops=len(walk.stops))
        async with walk.lock:
            await self._light(walk)
        return self._told(walk)

    async def move(self, id: str, by: int, *, skip: bool = False) -> dict[str, Any]:
        """Go on, or back; past the last stop the walk is over.

        Raises:
            InputError: no such walk is under way.
        """
        walk = self._walk(id)
        async with walk.lock:
            if walk.over:
                raise _over(id)
            here = walk.stops[walk.at].led
            walk.skipped = (
                walk.skipped | {here} if skip else walk.skipped - {here} if by > 0 else walk.skipped
            )
            if walk.at + by >= len(walk.stops):
                return await self._end(walk)
            walk.at = max(0, walk.at + by)
            await self._light(walk)
        return self._told(walk)

    async def end(self, id: str) -> dict[str, Any]:
        """All its lights off; told are those that could not be reached.

        Raises:
            InputError: no such walk is under way.
        """
        walk = self._walk(id)
        async with walk.lock:
            return await self._end(walk)

    def _walk(self, id: str) -> Walk:
        walk = self._walks.get(id)
        if walk is None:
            raise _over(id)
        return walk

    def _gone(self, viewer: str) -> None:
        self._left.add(viewer)
        for walk in list(self._walks.values()):
            if walk.viewer == viewer:
                task = asyncio.get_running_loop().create_task(self._abandoned(walk))
                self._ending.add(task)
                task.add_done_callback(self._ending.discard)

    async def _abandoned(self, walk: Walk) -> None:
        async with walk.lock:
            try:
                await self._end(walk)
            except C3Error as error:
                log.error("%s was left, and its lights are still on: %s", walk.id, error)

    async def _end(self, walk: Walk) -> dict[str, Any]:
        if walk.over:
            return {"over": True, "left_on": []}
        left = await self._lights.darken(lambda each: each.why is Why.WALK and each.owner == walk.id)
        seen = len(walk.stops) if walk.at == len(walk.stops) - 1 else walk.at + 1
        left_on = [each.led for each in left]
        walk.over = True
        self._walks.pop(walk.id, None)
        self._note(walk, "identify walk ended", seen=seen, skipped=sorted(walk.skipped), left_on=left_on)
        return {"over": True, "seen": seen, "skipped": sorted(walk.skipped), "left_on": left_on}

    async def _light(self, walk: Walk) -> None:
        """Light where one stands now, and put out where one stood."""
        stop = walk.stops[walk.at]
        walk.said = []
        wanted = [self._wish(walk, led) for led in self._leds(walk, stop)]
        stale = walk.lit - {light.id for light in wanted}
        walk.lit = {light.id for light in wanted} | stale
        await asyncio.gather(self._all_on(walk, wanted), *(self._lights.off(id) for id in stale))
        walk.lit -= stale

    def _leds(self, walk: Walk, stop: Stop) -> list[str]:
        """The server's LED, to find it by; and the bay's, where it can be lit."""
        if stop.slot is None:
            return [stop.server]
        server = self._store.get(Server, stop.server)
        reason = no_bay_led(server, stop.slot) if server else f"{stop.server} was not looked for yet"
        if reason:
            walk.said.append(f"Bay LED: no; {reason}. Go by bay number and drive serial.")
            return [stop.server]
        return [stop.server, stop.led]

    def _wish(self, walk: Walk, led: str) -> Light:
        return new_light(led, Why.WALK, walk.id, walk.by)

    async def _all_on(self, walk: Walk, wanted: list[Light]) -> None:
        walk.said += await asyncio.gather(*(self._on(each) for each in wanted))

    async def _on(self, light: Light) -> str:
        what = "Server LED" if light.slot is None else f"LED of bay {light.slot}"
        try:
            lit = await self._lights.on(light)
        except C3Error as error:
            return f"{what}: NOT LIT; {error.what}."
        more = "; it was lit before, and stays so" if lit.found_lit else ""
        return f"{what}: lit{more}."

    def _told(self, walk: Walk) -> dict[str, Any]:
        return {
            "walk": walk.id,
            "over": walk.over,
            "stop": walk.stops[walk.at].model_dump(mode="json"),
            "at": walk.at,
            "count": len(walk.stops),
            "skipped": walk.stops[walk.at].led in walk.skipped,
            "said": walk.said,
        }

    def _note(self, walk: Walk, what: str, **data: Any) -> None:
        with self._store.transaction(walk.by) as transaction:
            transaction.note(what, "site", walk=walk.id, **data)


def _over(id: str) -> InputError:
    return InputError(f"no walk {id!r} is under way: its lights are off", remedy="Begin another one")


def stops_to(names: Iterable[str], store: Reader, plan: Plan) -> list[Stop]:
    """The stops for servers (``c3-001``) and bays (``c3-001/bay03``).

    Raises:
        InputError: there is no such server, or no such bay.
    """
    reasons = {mark.bay: mark.reason for mark in store.all(Replacement) if mark.open}
    return [_stop(str(name), store, plan, reasons) for name in names]


def _stop(name: str, store: Reader, plan: Plan, reasons: dict[str, str]) -> Stop:
    try:
        server_name, slot = split_led(name)
        server = store.get(Server, server_name)
        expected = next((each for each in plan.servers if each.name == server_name), None)
        rack, unit = (server or expected).rack, (server or expected).unit  # type: ignore[union-attr]
    except (ValueError, AttributeError):
        remedy = "Servers are named as in the plan, bays like c3-001/bay03"
        raise InputError(f"no server and no bay {name!r}", remedy=remedy) from None
    serial = (server.serial if server else "") or (expected.serial if expected else "") or ""
    stop = Stop(
        server=server_name, slot=slot, rack=rack, unit=unit, serial=serial, reason=reasons.get(name, "")
    )
    if slot is None:
        return stop
    bay = server.bay(slot) if server else None
    if bay is None:
        raise InputError(f"no bay {name!r}", remedy="See `c3tui drives`")
    if drive := bay.drive:
        stop.drive_serial, stop.drive_model, stop.drive_size = drive.serial, drive.model, drive.size
    return stop


async def walks_of(engine: Engine) -> Walks:
    """The walks of an engine."""
    lights = await lights_of(engine.site, engine.store, engine.resources)

    async def opened() -> Walks:
        return Walks(engine, lights)

    return await engine.resources.get("walks", opened)


async def walk(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Begin a walk to ``items``: servers and bays, in the order one passes them."""
    walks = await walks_of(engine)
    stops = stops_to(arguments["items"], engine.store, engine.site.plan)
    return await walks.begin(stops, str(arguments.get("viewer") or ""), who)


async def walk_next(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Go on in ``walk``: ``by`` 1 or -1, noting with ``skip`` that nobody was there."""
    walks = await walks_of(engine)
    by = -1 if int(arguments.get("by") or 1) < 0 else 1
    return await walks.move(str(arguments["walk"]), by, skip=bool(arguments.get("skip")))


async def walk_end(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Leave ``walk``: all its lights go off."""
    walks = await walks_of(engine)
    return await walks.end(str(arguments["walk"]))
