"""Follows a test run to its end: results archived as they come, progress told, whatever the wire does."""

import asyncio
from contextlib import suppress

from c3tui.clients.maas import Maas, Machine, Status
from c3tui.engine.errors import PeerError
from c3tui.engine.step import Context
from c3tui.model.fleet import Server
from c3tui.steps.testing.progress import Timings, told
from c3tui.steps.testing.record import Keeper
from c3tui.steps.waiting import settled

ENDED = (Status.READY, Status.FAILED_TESTING, Status.ALLOCATED)
"""States of a machine after tests, whatever they found: C3 judges by rows, not by these."""
LOOK_SECONDS = 60.0
"""Longest between two looks at the results, if no event calls for one before."""


async def follow(ctx: Context, maas: Maas, name: str, keeper: Keeper, set_id: int, timings: Timings) -> None:
    """Wait until MAAS has ended the tests of a server.

    Raises:
        StepError: it ended in a state that is no end of tests.
        Unreachable: it did not end within the plan's time.
        RecordError: results cannot be archived.
    """
    watcher = _Watcher(ctx, maas, name, keeper, set_id, timings)
    waiting = asyncio.ensure_future(
        settled(
            ctx,
            maas,
            name,
            ctx.server(name).system_id,
            limit=ctx.plan.hardware.timeout,
            good=ENDED,
            says=watcher.says,
        )
    )
    looking = asyncio.ensure_future(watcher.look())
    try:
        # Looking never ends by itself, only with an error that stops everything.
        await asyncio.wait({waiting, looking}, return_when=asyncio.FIRST_COMPLETED)
        if looking.done():
            await looking
        await waiting
    finally:
        for task in (waiting, looking):
            task.cancel()
            with suppress(asyncio.CancelledError, Exception):
                await task


class _Watcher:
    """Looks at the results whenever MAAS says that something happened on the machine."""

    def __init__(
        self, ctx: Context, maas: Maas, name: str, keeper: Keeper, set_id: int, timings: Timings
    ) -> None:
        self._ctx = ctx
        self._maas = maas
        self._name = name
        self._keeper = keeper
        self._set_id = set_id
        self._timings = timings
        self._happened = asyncio.Event()
        self._words = ("testing", "booting")
        server = ctx.server(name)
        self._system_id = server.system_id
        self._bays = names_of(server)

    def says(self, machine: Machine) -> tuple[str, str]:
        """What the server does; asked at every change of the machine."""
        self._happened.set()
        return self._words

    async def look(self) -> None:
        """Archive and tell, until cancelled; a MAAS that does not answer is `settled`'s to speak of."""
        while True:
            with suppress(PeerError):
                await self._once()
            self._happened.clear()
            await asyncio.sleep(self._ctx.plan.endpoints.maas.poll)
            # Not wait_for: on Python 3.11 it loses a cancellation that comes together with the event.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._happened.wait()

    async def _once(self) -> None:
        results = await self._maas.results(self._system_id, self._set_id)
        if results is None or not results.rows:
            return
        await self._keeper.keep(results)
        self._timings.learn(results)
        fraction, detail = told(results, self._timings, self._bays)
        self._words = ("testing", detail)
        self._ctx.progress(self._name, "testing", fraction, detail)


def names_of(server: Server) -> dict[str, str]:
    """What drives are called on this server, by serial."""
    return {drive.serial: f"bay {bay.slot}" for bay, drive in server.drives()}
