"""Servers brought on in waves, with a brake when too many of one wave fail."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

LEAST = 3
"""Failures below which no brake is pulled: two dead servers are two dead servers."""


class Brake:
    """Decides how many servers may be under way, and when no further one is begun.

    Waves follow each other without a gap: a server that succeeds makes room for the next at once. One
    that fails keeps its place until its wave can no longer pull the brake, so that a fault which all
    share (no PXE, a wrong VLAN) never takes more than one wave of servers with it.

    Args:
        names: the servers, in the order they are begun.
        size: of a wave; as many are under way at most.
        share: of a wave that may fail.
    """

    def __init__(self, names: Sequence[str], size: int, share: float) -> None:
        self._size = size
        self._waves = [_Wave(names[start : start + size], share) for start in range(0, len(names), size)]
        self._wave_of = {name: wave for wave in self._waves for name in wave.names}
        self._under_way = 0
        self.failed: list[str] = []
        self.pulled = ""
        """Why no further server is begun; empty while all is well."""

    @property
    def room(self) -> int:
        """How many more may begin now."""
        held = sum(wave.failed for wave in self._waves if not wave.safe)
        return 0 if self.pulled else self._size - self._under_way - held

    def begun(self) -> None:
        """One more is under way."""
        self._under_way += 1

    def ended(self, name: str, good: bool) -> None:
        """A server is through, or has failed."""
        self._under_way -= 1
        wave = self._wave_of[name]
        wave.good += good
        wave.failed += not good
        if not good:
            self.failed.append(name)
        if wave.failed >= wave.limit and not self.pulled:
            number = self._waves.index(wave) + 1
            of = f"wave {number} of {len(self._waves)}"
            self.pulled = f"{wave.failed} of the {len(wave.names)} servers of {of} failed"


class _Wave:
    def __init__(self, names: Sequence[str], share: float) -> None:
        self.names = names
        self.limit = max(LEAST, int(share * len(names)) + 1)
        self.good = self.failed = 0

    @property
    def safe(self) -> bool:
        """Whether it cannot pull the brake any more."""
        return len(self.names) - self.good < self.limit


async def in_waves(names: Sequence[str], brake: Brake, act: Callable[[str], Awaitable[bool]]) -> list[str]:
    """Act on servers as the brake allows.

    Args:
        act: brings one server on, and says whether it succeeded.

    Returns:
        Those that were not begun, because the brake was pulled.
    """
    changed = asyncio.Condition()

    async def one(name: str) -> None:
        good = await act(name)
        async with changed:
            brake.ended(name, good)
            changed.notify_all()

    left = list(names)
    try:
        async with asyncio.TaskGroup() as group:
            while left:
                async with changed:
                    await changed.wait_for(lambda: brake.room > 0 or bool(brake.pulled))
                if brake.pulled:
                    break
                name = left.pop(0)
                brake.begun()
                group.create_task(one(name))
    except ExceptionGroup as errors:
        # The first is the cause of all: a record that cannot be written stops everybody.
        raise errors.exceptions[0] from None
    return left
