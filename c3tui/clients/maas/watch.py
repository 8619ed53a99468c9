"""Watches the machines of a region for everybody at once: the event feed, then only what changed.

A region needs some 50 ms for each machine it tells of, 25 seconds for five hundred. So machines are read
in chunks by id, those somebody waits for first, and each chunk is told as soon as it is there.
"""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from c3tui.clients.maas.answers import NoAnswer
from c3tui.clients.maas.feed import Feed
from c3tui.clients.maas.inventory import CHUNK, Inventory
from c3tui.clients.maas.machine import Machine
from c3tui.clients.maas.queue import Queue
from c3tui.clients.maas.waiters import Look, Seeker, Until, Waiter
from c3tui.engine.errors import PeerError, Unreachable

READERS = 3
"""Chunks asked for at once: a region has four workers, and others ask it too."""
REREAD = 6
"""Every so many looks the machines waited for are read without an event, for not every change makes one."""
AROUND = 60
"""Every so many looks MAAS is asked anew which machines there are; while a BMC is waited for, `REREAD`."""


class MachineWatch:
    """Every machine as last read, and those who wait for one of them.

    It asks nothing while nobody waits, and goes on from where the feed stood.

    Args:
        inventory: the region.
        poll: seconds between looks at the feed.
    """

    def __init__(self, inventory: Inventory, poll: float) -> None:
        self.inventory = inventory
        self._poll = poll
        self._feed = Feed(inventory)
        self._machines: dict[str, Machine] = {}
        self._read_as: dict[str, int] = {}
        self._addresses: dict[str, str] = {}
        """BMC address by system id; empty while MAAS knows none."""
        self._no_machines: set[str] = set()
        """Nodes of the event log that are controllers or devices."""
        self._waiters: dict[str, list[Waiter]] = {}
        self._seekers: list[Seeker] = []
        self._look = Look()
        self._queue = Queue()
        self._reading = 0
        self._looks = 0
        self._needed = asyncio.Event()
        self._hurry = asyncio.Event()
        self._silence: Unreachable | None = None
        self._note = ""
        self._listener = ""
        self._tell: Callable[[str], None] = lambda text: None
        self._tasks: list[asyncio.Task[None]] = []

    def speak_to(self, who: str, tell: Callable[[str], None]) -> None:
        """Tell ``who``, and not who was told before, when the feed fails and when it is back."""
        if who == self._listener:
            return
        self._listener, self._tell = who, tell
        if self._note:
            tell(self._note)

    async def close(self) -> None:
        """Stop watching; those who still wait are cancelled."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        for waiter in self._everybody():
            waiter.done.cancel()
        for look in self._look.waiting:
            look.cancel()

    def machine(self, system_id: str) -> Machine | None:
        """A machine as last read, however long ago; None when it was never read, or is gone."""
        return self._machines.get(system_id)

    def find(self, address: str) -> str | None:
        """The machine with that BMC as of the last look around.

        MAAS lets two machines claim one BMC; then the one whose id sorts first is given, always the same.
        """
        return min((id for id, known in self._addresses.items() if known == address), default=None)

    @property
    def progress(self) -> tuple[int, int]:
        """How many machines were read, of how many MAAS has."""
        return len(self._machines.keys() & self._addresses.keys()), len(self._addresses)

    def read_all(self) -> None:
        """Have every machine read that was not yet, behind what somebody waits for."""
        self._queue.later(id for id in self._addresses if id not in self._machines)
        self._start()

    async def look_around(self) -> None:
        """Wait for a look, begun after this call, at which machines there are and at their BMCs.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._look.wanted = True
        self._look.waiting.append(done)
        self._start()
        self._hurry.set()
        await done

    async def wait(
        self,
        system_id: str,
        until: Until,
        *,
        limit: float,
        on_silence: Callable[[Unreachable], None] = lambda error: None,
    ) -> Machine | None:
        """Wait until a machine, as read after this call, satisfies ``until``; or for ``limit`` seconds.

        A straggler is no error: the answer is the machine as last read, so ask ``until`` again. A MAAS
        that stops answering is waited for as well.

        Args:
            until: asked at every reading of the machine.
            on_silence: told whenever MAAS did not answer.

        Returns:
            The machine, or None when MAAS has it no longer.

        Raises:
            Unreachable: MAAS did not answer at the end.
            PeerError: MAAS refuses.
        """
        loop = asyncio.get_running_loop()
        waiter = Waiter(system_id, until, on_silence, self._reading, loop.create_future())
        self._waiters.setdefault(system_id, []).append(waiter)
        self._queue.first([system_id])
        self._start()
        try:
            await asyncio.wait({waiter.done}, timeout=limit)
            if waiter.done.done():
                return waiter.done.result()
            if self._silence or waiter.last is None:
                where = self.inventory.where(system_id)
                raise self._silence or Unreachable(f"MAAS did not tell of it within {limit:g} s", where=where)
            return waiter.last
        finally:
            waiter.done.cancel()
            self._waiters[system_id].remove(waiter)
            if not self._waiters[system_id]:
                del self._waiters[system_id]
            self._rest()

    async def appeared(
        self,
        address: str,
        *,
        limit: float,
        on_silence: Callable[[Unreachable], None] = lambda error: None,
    ) -> str | None:
        """Wait until MAAS has a machine with the BMC at ``address``; None after ``limit`` seconds.

        Raises:
            PeerError: MAAS refuses.
        """
        if known := self.find(address):
            return known
        seeker = Seeker(address, on_silence, asyncio.get_running_loop().create_future())
        self._seekers.append(seeker)
        self._start()
        try:
            await asyncio.wait({seeker.done}, timeout=limit)
            return seeker.done.result() if seeker.done.done() else None
        finally:
            seeker.done.cancel()
            self._seekers.remove(seeker)
            self._rest()

    def _start(self) -> None:
        self._needed.set()
        if not self._tasks:
            loop = asyncio.get_running_loop()
            self._tasks = [loop.create_task(self._follow())]
            self._tasks += [loop.create_task(self._read()) for _ in range(READERS)]

    def _rest(self) -> None:
        if not (self._waiters or self._seekers or self._look.waiting):
            self._needed.clear()

    async def _follow(self) -> None:
        while True:
            await self._needed.wait()
            self._hurry.clear()
            try:
                await self._look_at_feed()
                if self._around_due:
                    await self._ask_around(None)
                if self._silence:
                    self._speaks_again()
            except Unreachable as error:
                self._fell_silent(error)
            except PeerError as error:
                self._refused(error)
            self._looks += 1
            self._rest()
            # Nobody needs to wait for the pause who wants a look around now.
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll):
                    await self._hurry.wait()

    @property
    def _around_due(self) -> bool:
        often = REREAD if self._seekers else AROUND
        return self._look.wanted or not self._addresses or self._looks % often == 0

    async def _look_at_feed(self) -> None:
        try:
            news = await self._feed.news()
        except PeerError as error:
            if isinstance(error, Unreachable) and not (isinstance(error, NoAnswer) and error.timed_out):
                raise
            self._say(f"MAAS's event feed fails ({error.what}): every server is asked for instead")
            self._queue.next(self._waiters)
            self._look.wanted = self._look.wanted or bool(self._seekers)
            return
        if self._note:
            self._say("")
        if news is None or self._looks % REREAD == 0:
            self._queue.next(self._waiters)
        touched = {event.system_id for event in news or ()}
        self._queue.next(touched & self._waiters.keys())
        # What nobody waits for is read again when somebody does.
        unplaced = {id for id in touched - self._no_machines if id and not self._addresses.get(id)}
        if unplaced:
            await self._ask_around(unplaced)
            self._no_machines |= unplaced - self._addresses.keys()

    async def _ask_around(self, ids: Iterable[str] | None) -> None:
        """Ask for the BMCs of some machines, or of all."""
        look, fresh = self._look, ids is None
        if fresh:
            self._look = Look(wanted=False)
        try:
            found = await self.inventory.bmc_addresses(None if ids is None else sorted(ids))
        except BaseException:
            if fresh:
                self._look.waiting += look.waiting
                self._look.wanted = True
            raise
        self._addresses = found if fresh else {**self._addresses, **found}
        for seeker in self._seekers:
            if not seeker.done.done() and (known := self.find(seeker.address)):
                seeker.done.set_result(known)
        if fresh:
            for waiting in look.waiting:
                if not waiting.done():
                    waiting.set_result(None)
            for gone in self._machines.keys() - found.keys():
                del self._machines[gone]

    async def _read(self) -> None:
        while True:
            ids = await self._queue.take(CHUNK)
            self._reading += 1
            number = self._reading
            try:
                machines = await self.inventory.machines(ids)
            except Unreachable as error:
                self._queue.next(id for id in ids if id in self._waiters)
                self._fell_silent(error)
                await asyncio.sleep(self._poll)
            except PeerError as error:
                self._refused(error, ids)
            else:
                if self._silence:
                    self._speaks_again()
                self._deliver(number, ids, {machine.system_id: machine for machine in machines})

    def _deliver(self, number: int, ids: Iterable[str], machines: dict[str, Machine]) -> None:
        for id in ids:
            # Readers overtake each other: what was asked for earlier is older.
            if self._read_as.get(id, 0) > number:
                continue
            self._read_as[id] = number
            machine = machines.get(id)
            if machine is None:
                self._machines.pop(id, None)
                self._addresses.pop(id, None)
            else:
                self._machines[id] = machine
            for waiter in [each for each in self._waiters.get(id, ()) if each.after < number]:
                self._satisfy(waiter, machine)

    def _satisfy(self, waiter: Waiter, machine: Machine | None) -> None:
        if waiter.done.done():
            return
        waiter.last = machine
        try:
            if machine is None or waiter.until(machine):
                waiter.done.set_result(machine)
        except Exception as error:
            # What its own condition raises is its own, and stops nobody else.
            waiter.done.set_exception(error)

    def _fell_silent(self, error: Unreachable) -> None:
        self._silence = error
        for told in self._everybody():
            told.on_silence(error)
        self._fail_looks(error)

    def _everybody(self) -> list[Waiter | Seeker]:
        return [*(each for group in self._waiters.values() for each in group), *self._seekers]

    def _speaks_again(self) -> None:
        self._silence = None
        self._queue.next(self._waiters)

    def _refused(self, error: PeerError, ids: Iterable[str] | None = None) -> None:
        for id in self._waiters if ids is None else ids:
            for waiter in self._waiters.get(id, ()):
                if not waiter.done.done():
                    waiter.done.set_exception(error)
        if ids is None:
            for seeker in self._seekers:
                if not seeker.done.done():
                    seeker.done.set_exception(error)
            self._fail_looks(error)

    def _fail_looks(self, error: PeerError) -> None:
        waiting, self._look.waiting = self._look.waiting, []
        for future in waiting:
            if not future.done():
                future.set_exception(error)

    def _say(self, note: str) -> None:
        if note != self._note:
            self._tell(note or "MAAS's event feed is back")
        self._note = note
