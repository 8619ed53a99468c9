"""The lab's BMCs for tests: a small room that answers on addresses of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from c3tui.lab.bmc import BmcLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Fault, Scenario

OCTET = 30
PORT = 6230


@asynccontextmanager
async def opened(servers: int = 2, faults: list[Fault] | None = None, **knobs: float) -> AsyncIterator[Room]:
    """A room whose BMCs answer, by default as fast as they may."""
    wire = BmcKnobs.model_validate({"latency_ms": 1.0} | knobs)
    scenario = Scenario(servers=servers, bays=3, octet=OCTET, bmc=wire, faults=faults or [])
    room = Room(scenario)
    lab = BmcLab(room)
    await lab.start(PORT)
    try:
        yield room
    finally:
        await lab.close()
        await room.close()


async def until(condition: Callable[[], bool], what: str) -> None:
    """Wait for a condition for at most five seconds."""
    deadline = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        await asyncio.sleep(0.01)
