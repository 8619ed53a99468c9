"""Which machines are to be read next: three queues, each id once, the more urgent ones first."""

import asyncio
from collections.abc import Iterable


class Queue:
    """Ids in order of urgency; one asked for twice is read once."""

    def __init__(self) -> None:
        self._lanes: tuple[dict[str, None], ...] = ({}, {}, {})
        self._filled = asyncio.Event()

    def first(self, ids: Iterable[str]) -> None:
        """Somebody has just begun to wait for these."""
        self._put(0, ids)

    def next(self, ids: Iterable[str]) -> None:
        """Something happened to these, and somebody waits for them."""
        self._put(1, ids)

    def later(self, ids: Iterable[str]) -> None:
        """Nobody waits for these."""
        self._put(2, ids)

    async def take(self, most: int) -> list[str]:
        """Up to ``most`` ids of the same urgency, once there are any."""
        while True:
            for lane in self._lanes:
                if lane:
                    taken = list(lane)[:most]
                    for id in taken:
                        # What is read now is not read a second time for less.
                        for each in self._lanes:
                            each.pop(id, None)
                    return taken
            self._filled.clear()
            await self._filled.wait()

    def _put(self, number: int, ids: Iterable[str]) -> None:
        self._lanes[number].update(dict.fromkeys(ids))
        if self._lanes[number]:
            self._filled.set()
