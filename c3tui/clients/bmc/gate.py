"""How many logins are under way at once, and who is next."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

Rank = Callable[[], tuple[bool, bool]]
"""Asked when a place is free, since what is on screen changes; the lowest goes first."""


class Gate:
    """So many places; the waiter of the lowest rank gets the next free one, equals in order of arrival."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: dict[asyncio.Future[None], Rank] = {}

    @asynccontextmanager
    async def place(self, rank: Rank) -> AsyncIterator[Callable[[], None]]:
        """Hold a place for the length of the block, or until what it gives is called."""
        if self._free:
            self._free -= 1
        else:
            await self._wait(rank)
        held = True

        def leave() -> None:
            nonlocal held
            if held:
                held = False
                self._leave()

        try:
            yield leave
        finally:
            leave()

    async def _wait(self, rank: Rank) -> None:
        call = asyncio.get_running_loop().create_future()
        self._waiting[call] = rank
        try:
            await call
        except asyncio.CancelledError:
            if call.done() and not call.cancelled():
                self._leave()
            raise
        finally:
            self._waiting.pop(call, None)

    def _leave(self) -> None:
        # One that is done was called or cancelled, and has not come round to it yet.
        waiting = [call for call in self._waiting if not call.done()]
        if waiting:
            min(waiting, key=lambda call: self._waiting[call]()).set_result(None)
        else:
            self._free += 1
