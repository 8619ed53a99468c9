"""The ledger of lights: every LED that C3 lights is written down first, and struck out when seen dark."""

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress

from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error, RecordError, Refused
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.step import record_finding
from c3tui.engine.store import Store, Transaction
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.light import Light, Way, Why, new_light
from c3tui.model.replacement import Replacement
from c3tui.steps.leds import Leds

LEFT_ON = "light.left-on"
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 60.0
"""Seconds between attempts to switch off an LED that cannot be reached; doubled each time."""
GOODBYE_SECONDS = 3.0
"""For switching off what ends with the engine."""
_AT_ONCE = 32

log = logging.getLogger("c3tui.engine")


class Lights:
    """The ledger of one site. All switching of LEDs goes through here."""

    def __init__(self, site: Site, store: Store, resources: Resources) -> None:
        self._store = store
        self._leds = Leds(site, store, resources)
        self._locks: dict[str, asyncio.Lock] = {}
        self._own: set[str] = set()
        """Lights that this engine lit; the others were left by one before it."""
        self._due: dict[str, tuple[float, float]] = {}
        """When to try a light again that would not go dark, and how long to wait after that."""
        self._changed = asyncio.Event()

    async def close(self) -> None:
        """Nothing is held open here."""

    def all(self) -> list[Light]:
        """The ledger."""
        return self._store.all(Light)

    def on_led(self, led: str) -> list[Light]:
        """Why an LED is lit; lights that are to go dark are not among them."""
        return [each for each in self.all() if each.led == led and not each.going]

    async def on(self, light: Light) -> Light:
        """Write down, light, read back.

        Raises:
            C3Error: it is not lit, or nobody knows: then it stays in the ledger and is switched off.
        """
        async with self._lock(light.led):
            others = [each for each in self.all() if each.led == light.led and each.id != light.id]
            shines = await self._leds.lit(light)
            if others:
                light.found_lit = any(each.found_lit for each in others)
            elif (before := self._store.get(Light, light.id)) is not None:
                light.found_lit = before.found_lit
            else:
                light.found_lit = bool(shines)
            self._own.add(light.id)
            self._due.pop(light.id, None)
            self._write(light, "light switched on")
            try:
                keep = any(self._stays(each) for each in (light, *others))
                await self._leds.switch(light, True, keep=keep)
            except Refused:
                if not others:
                    self._strike(light)
                raise
            except C3Error as error:
                self._keep_trying(light, error)
                raise
            with self._store.transaction(light.by) as transaction:
                self._mended(transaction, light)
            return light

    async def off(self, id: str) -> bool:
        """Take one reason away; with the last one the LED goes dark. False when it could not.

        Then :meth:`tend` tries again. An LED that shone before C3 was asked to light it is left alone.
        """
        light = self._store.get(Light, id)
        if light is None:
            return True
        async with self._lock(light.led):
            return await self._off(light)

    async def put_out(self, led: str, by: str) -> None:
        """Somebody wants this LED dark, whoever lit it and whatever for.

        Raises:
            C3Error: it is still lit, or nobody knows; what C3 lit is tried again.
        """
        async with self._lock(led):
            lights = [each for each in self.all() if each.led == led]
            for each in lights:
                each.going, each.found_lit = True, False
                self._write(each)
            any_of_them = lights[0] if lights else new_light(led, Why.HAND, "", by)
            try:
                await self._leds.switch(any_of_them, False)
            except C3Error as error:
                for each in lights:
                    self._keep_trying(each, error)
                raise
            for each in lights:
                self._strike(each)
            if not lights:
                with self._store.transaction(by) as transaction:
                    transaction.note("light switched off", led)

    async def take_over(self) -> None:
        """What an earlier engine left lit: replacements keep their light, all others go dark."""
        left = [each for each in self.all() if each.id not in self._own]
        for light in left:
            if not self._stays(light):
                light.going = True
                self._write(light)
        kept = [each for each in left if not each.going]
        await asyncio.gather(*(self._relight(each) for each in kept))

    async def tend(self) -> None:
        """Switch off what is to go dark, again and again until it is; never ends."""
        while True:
            self._changed.clear()
            for each in self.all():
                if each.going:
                    self._due.setdefault(each.id, (0.0, FIRST_PAUSE))
            now = time.monotonic()
            due = [id for id, (at, _) in self._due.items() if at <= now]
            await self._try(due)
            soonest = min((at for at, _ in self._due.values()), default=None)
            pause = None if soonest is None else max(0.0, soonest - time.monotonic())
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._changed.wait()

    async def darken(self, wanted: Callable[[Light], bool]) -> list[Light]:
        """Take all lights away that are ``wanted`` so; gives those that are still lit."""
        lights = [each for each in self.all() if wanted(each)]
        gone = await asyncio.gather(*(self.off(each.id) for each in lights))
        return [each for each, dark in zip(lights, gone, strict=True) if not dark]

    async def say_goodbye(self) -> None:
        """The engine ends: only replacements keep their light. The next engine darkens what is left."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self.darken(lambda light: not self._stays(light))
        except TimeoutError:
            log.warning("lights left on: %s", ", ".join(each.led for each in self.all()))

    def _stays(self, light: Light) -> bool:
        if light.why is not Why.REPLACEMENT or light.going:
            return False
        mark = self._store.get(Replacement, light.owner)
        return mark is not None and mark.open

    async def _relight(self, light: Light) -> None:
        """Some BMCs light their LED only for a time, and need to be told again."""
        try:
            async with self._lock(light.led):
                await self._leds.switch(light, True, keep=True)
        except C3Error as error:
            log.warning("light of %s: %s", light.led, error)

    async def _off(self, light: Light) -> bool:
        fresh = self._store.get(Light, light.id)
        if fresh is None:
            return True
        others = [each for each in self.all() if each.led == fresh.led and each.id != fresh.id]
        if not others and not fresh.found_lit:
            fresh.going = True
            self._write(fresh)
            try:
                await self._leds.switch(fresh, False)
            except C3Error as error:
                self._keep_trying(fresh, error)
                return False
        self._strike(fresh)
        return True

    async def _try(self, ids: list[str]) -> None:
        gate = asyncio.Semaphore(_AT_ONCE)

        async def one(id: str) -> None:
            async with gate:
                _, pause = self._due[id]
                try:
                    dark = await self.off(id)
                except RecordError as error:
                    log.error("light %s: %s", id, error)
                    dark = False
            if dark:
                self._due.pop(id, None)
            else:
                self._due[id] = (time.monotonic() + pause, min(2 * pause, LONGEST_PAUSE))

        await asyncio.gather(*(one(id) for id in ids))

    def _write(self, light: Light, note: str = "") -> None:
        with self._store.transaction(light.by) as transaction:
            if transaction.put(light) and note:
                why = {"for": light.why, "owner": light.owner, "found_lit": light.found_lit}
                transaction.note(note, light.led, **why)

    def _keep_trying(self, light: Light, error: C3Error) -> None:
        """It may be lit, and cannot be reached: it stays in the ledger, and is a finding."""
        light.going, light.trouble = True, str(error)
        with self._store.transaction("lights") as transaction:
            transaction.put(light)
            record_finding(self._store, transaction, _left_on(light, error))
        self._due.setdefault(light.id, (time.monotonic() + FIRST_PAUSE, 2 * FIRST_PAUSE))
        self._changed.set()

    def _strike(self, light: Light) -> None:
        """It is dark, or lit for other reasons."""
        self._own.discard(light.id)
        self._due.pop(light.id, None)
        with self._store.transaction(light.by) as transaction:
            transaction.delete(Light, light.id)
            transaction.note("light switched off", light.led, **{"for": light.why, "owner": light.owner})
            self._mended(transaction, light)

    def _mended(self, transaction: Transaction, light: Light) -> None:
        """Nothing of this LED is out of reach any more, unless another light of it is."""
        known = self._store.get(Finding, f"{LEFT_ON}:{light.led}")
        others = [each for each in self.all() if each.led == light.led and each.id != light.id]
        if known and known.state is not FindingState.FIXED and not any(each.going for each in others):
            known.state = FindingState.FIXED
            transaction.put(known)
            transaction.note("finding fixed", light.led, check=LEFT_ON)

    def _lock(self, led: str) -> asyncio.Lock:
        return self._locks.setdefault(led, asyncio.Lock())


def _left_on(light: Light, error: C3Error) -> Finding:
    what = "chassis LED" if light.way is Way.CHASSIS else "locate LED"
    return finding(
        LEFT_ON,
        light.led,
        "hardware",
        Severity.WARNING,
        f"the {what} of {light.led} may still be lit: C3 switched it on and cannot reach it",
        "It is tried again until it is dark; or press the UID button at the server",
        str(error),
    )


async def lights_of(site: Site, store: Store, resources: Resources) -> Lights:
    """The ledger of a site's engine."""

    async def opened() -> Lights:
        return Lights(site, store, resources)

    return await resources.get("lights", opened)


async def tend_lights(engine: Engine) -> None:
    """Darken what an engine before this one left lit, and what cannot be reached at once."""
    lights = await lights_of(engine.site, engine.store, engine.resources)
    try:
        await lights.take_over()
        await lights.tend()
    finally:
        await lights.say_goodbye()
