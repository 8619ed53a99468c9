"""Those who wait for something about MAAS's machines."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from c3tui.clients.maas.machine import Machine
from c3tui.engine.errors import Unreachable

Until = Callable[[Machine], bool]


@dataclass(eq=False)
class Waiter:
    """Somebody who waits for a machine."""

    system_id: str
    until: Until
    on_silence: Callable[[Unreachable], None]
    after: int
    """Number of the last reading begun before it waited: older news are none to it."""
    done: "asyncio.Future[Machine | None]"
    last: Machine | None = None


@dataclass(eq=False)
class Seeker:
    """Somebody who waits for a machine with a certain BMC to appear."""

    address: str
    on_silence: Callable[[Unreachable], None]
    done: "asyncio.Future[str]"


@dataclass
class Look:
    """A look around that callers share: one begun after they asked."""

    wanted: bool = True
    waiting: "list[asyncio.Future[None]]" = field(default_factory=list)
