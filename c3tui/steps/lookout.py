"""Keeps the record of who stands where current: a service that asks as soon as there is somebody to ask."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection

from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error
from c3tui.engine.step import Context
from c3tui.model.fleet import BmcState, Server
from c3tui.model.hwprofile import Inventory
from c3tui.model.run import Run
from c3tui.steps import golden, identity, parts, peers

PERIOD = 3.0
"""Seconds between looks at what is new on record."""
POWER_PERIOD, POWER_CHUNK = 30.0, 50
"""MAAS is asked for the power of so many machines each so many seconds: that is 3 seconds of its time."""
BATCH, AT_ONCE = 32, 4
"""Servers asked in one look, and at the same time."""
RETRY = 20
"""Looks after which somebody who gave no answer is asked again."""

log = logging.getLogger("c3tui.engine")


async def watch_identity(engine: Engine) -> None:
    """Ask each BMC for its inventory once, MAAS for what each commissioning found, and for power in turn."""
    lookout = Lookout(engine)
    powered = 0.0
    while True:
        await asyncio.sleep(PERIOD)
        powered += PERIOD
        try:
            await lookout.look()
            if powered >= POWER_PERIOD:
                powered = 0.0
                await lookout.compare_power()
        except C3Error as error:
            log.info("identity: %s", error)


class Lookout:
    """Follows the record by cursor, and knows whom to ask next."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._cursor = 0
        self._unread: dict[str, int] = {}
        """BMCs that answer and were not asked for their inventory; how many looks to wait."""
        self._bare: dict[str, int] = {}
        """Servers whose commissioning was not read in full; how many looks to wait."""
        self._told: dict[str, str] = {}
        """At which address each server's inventory was read."""
        self._machines: dict[str, str] = {}
        """System ids by server."""
        self._turn = 0

    async def look(self) -> None:
        """Ask those that are new, and judge when anything came of it.

        Raises:
            C3Error: a peer is away, or the record cannot be written.
        """
        self._follow()
        ctx = self._context()
        fleet = await peers.bmcs(ctx.site, ctx.resources)
        watched = fleet.readings()
        due = [name for name in _due(self._unread) if name in watched]
        read = await _all(self._unread, due, lambda name: golden.read_fru(ctx, fleet, name))
        completed = await _all(self._bare, _due(self._bare), lambda name: golden.complete(ctx, name))
        if read:
            identity.resolve(ctx, read)
        if read or completed:
            identity.judge(ctx)
        if completed:
            parts.judge(ctx, completed)

    async def compare_power(self) -> None:
        """Compare MAAS's word about power with the BMCs', for the servers whose turn it is.

        Raises:
            PeerError: MAAS does not answer, or refuses.
        """
        ctx, names = self._context(), sorted(self._machines)
        chunk = names[self._turn : self._turn + POWER_CHUNK]
        self._turn = self._turn + POWER_CHUNK if self._turn + POWER_CHUNK < len(names) else 0
        if not chunk:
            return
        maas = await peers.maas(ctx)
        states = {each.system_id: each.power_state for each in await maas.machines(self._ids(chunk))}
        for name in chunk:
            if state := states.get(self._machines[name]):
                identity.note_power(ctx, name, state)
        identity.judge(ctx)

    def _ids(self, names: Collection[str]) -> list[str]:
        return [self._machines[name] for name in names]

    def _follow(self) -> None:
        plan = {each.name: str(each.bmc.address) for each in self._engine.site.plan.servers}
        store, since = self._engine.store, self._cursor
        self._cursor = store.cursor
        for name, fields in store.fields(Server.kind, since, "$.system_id"):
            if name in plan and fields and fields[0]:
                self._machines[name] = str(fields[0])
        for name, fields in store.fields(Inventory.kind, since, "$.details_of", "$.commissioning"):
            if name in plan and fields and fields[0] != fields[1]:
                self._bare.setdefault(name, 0)
        observed = [each for each in store.observed(since) if each[0] in (identity.KIND, "bmc")]
        for kind, name, document in observed:
            if kind == identity.KIND and "fru" in document:
                self._told[name] = str(document.get("at") or "")
        for kind, name, document in observed:
            answers = kind == "bmc" and document.get("state") == BmcState.OK.value
            if answers and name in plan and self._told.get(name) != plan[name]:
                self._unread.setdefault(name, 0)

    def _context(self) -> Context:
        run = Run(id="lookout", step=identity.STEP, by="engine")
        return Context(self._engine.site, self._engine.store, self._engine.resources, run, identity.STEP)


def _due(waiting: dict[str, int]) -> list[str]:
    """Whose turn it is now; the others come one look nearer."""
    due = [name for name, looks in waiting.items() if looks <= 0][:BATCH]
    for name in waiting:
        waiting[name] -= 1
    return due


async def _all(
    waiting: dict[str, int], due: Collection[str], ask: Callable[[str], Awaitable[object]]
) -> list[str]:
    """Ask those who are due; who answers waits no more, who does not waits a while."""
    gate, done = asyncio.Semaphore(AT_ONCE), list[str]()

    async def one(name: str) -> None:
        async with gate:
            try:
                await ask(name)
            except C3Error as error:
                log.info("identity of %s: %s", name, error)
                waiting[name] = RETRY
            else:
                waiting.pop(name, None)
                done.append(name)

    async with asyncio.TaskGroup() as group:
        for name in due:
            group.create_task(one(name))
    return done
