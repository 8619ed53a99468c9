"""Things that live as long as the engine: opened once, at first use, closed in reverse order."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar, cast


class Closable(Protocol):
    """Something that is closed once."""

    async def close(self) -> None:
        """Let go of everything it holds."""


R = TypeVar("R", bound=Closable)


class Resources:
    """One of each, by the name its opener gave it."""

    def __init__(self) -> None:
        self._open: dict[str, Closable] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, name: str, opener: Callable[[], Awaitable[R]]) -> R:
        """The resource of that name; opened by ``opener`` when it is not there yet.

        Raises:
            C3Error: whatever the opener raises; the next call tries again.
        """
        # One lock each: a peer that is slow to open keeps nobody from the others.
        async with self._locks.setdefault(name, asyncio.Lock()):
            if name not in self._open:
                self._open[name] = await opener()
            return cast(R, self._open[name])

    def peek(self, name: str) -> Any:
        """The resource of that name if it is open, else None."""
        return self._open.get(name)

    async def drop(self, name: str) -> None:
        """Close one, so that the next use opens it anew."""
        if resource := self._open.pop(name, None):
            await resource.close()

    async def close(self) -> None:
        """Close all, newest first."""
        for name in reversed(list(self._open)):
            await self._open.pop(name).close()
