"""Reads machines and events, and waits for machines to come to where they should be."""

import asyncio
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from c3tui.clients.maas.fields import Raw, as_list, as_object, child, children, text
from c3tui.clients.maas.machine import Machine, parse_machine
from c3tui.clients.maas.records import Event, parse_event
from c3tui.clients.maas.status import Status
from c3tui.clients.maas.wire import Wire
from c3tui.engine.errors import Unreachable

CHUNK = 50
"""Machines asked for by id in one call: 2 to 3 seconds of a region's time."""
PAGE = 1000
"""Most events that MAAS gives in one answer."""
_REREAD = 6
"""Every so many polls all awaited machines are read: not every change of a machine makes an event."""


@dataclass
class Caller:
    """What every group of calls shares."""

    wire: Wire
    username: str
    """Whose API key it is; the owner of machines that are worked on with it."""
    version: str
    """Of MAAS, as it says: ``3.7.3``."""
    names: dict[str, str] = field(default_factory=dict, repr=False)
    """Host names by system id, for error messages."""

    def known(self, raw: Raw) -> Machine:
        """The machine of this JSON, its name remembered."""
        machine = parse_machine(raw)
        self.names[machine.system_id] = machine.hostname
        return machine

    def where(self, system_id: str) -> str:
        """The machine's name as far as known, for error messages."""
        return self.names.get(system_id) or system_id


class Inventory(Caller):
    """The machines."""

    async def machines(
        self, ids: Collection[str] | None = None, statuses: Iterable[Status] | None = None
    ) -> list[Machine]:
        """Machines of those ids, in those states, or all; ids that MAAS does not know are left out.

        The list of all takes a region some 50 ms per machine.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        status = None if statuses is None else [one.name.lower() for one in statuses]
        if ids is None:
            return await self._list({"status": status}, self.wire.limits.full_list)
        # A set would shuffle the chunks from call to call.
        wanted = list(dict.fromkeys(ids))
        chunks = [wanted[start : start + CHUNK] for start in range(0, len(wanted), CHUNK)]
        lists = await asyncio.gather(*(self._list({"status": status, "id": chunk}) for chunk in chunks))
        return [machine for chunk in lists for machine in chunk]

    async def machine(self, system_id: str) -> Machine:
        """One machine.

        Raises:
            Refused: MAAS knows no such machine.
            PeerError: MAAS does not answer.
        """
        raw = await self.wire.get("Machine.read", uri={"system_id": system_id}, where=self.where(system_id))
        return self.known(as_object(raw, "machine"))

    async def find_by_mac(self, mac: str) -> Machine | None:
        """The machine with that network port, or None.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        found = await self._list({"mac_address": mac.lower()})
        return found[0] if found else None

    async def power_addresses(self) -> dict[str, str]:
        """System ids by the address of the BMC, of all machines that have one.

        MAAS lets two machines claim one BMC; then the one whose id sorts first is given, always the same.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        # The answer holds every BMC's password in clear text: only the address is taken out of it.
        raw = as_object(await self.wire.get("Machines.power_parameters"), "power parameters")
        found: dict[str, str] = {}
        for system_id in sorted(raw):
            if address := text(child(raw, system_id), "power_address"):
                found.setdefault(address, system_id)
        return found

    async def _list(self, query: dict[str, object], limit: float | None = None) -> list[Machine]:
        raw = as_list(await self.wire.get("Machines.read", query, limit=limit), "machines")
        if len(raw) <= CHUNK:
            return [self.known(one) for one in raw]
        # Half a millisecond each: too long a stop for the event loop.
        machines = await asyncio.to_thread(lambda: [parse_machine(one) for one in raw])
        self.names.update((machine.system_id, machine.hostname) for machine in machines)
        return machines

    async def events(self, after: int, limit: int = PAGE, system_id: str | None = None) -> list[Event]:
        """The first ``limit`` (at most 1000) events newer than ``after``, oldest first, of all levels.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        query = {"after": after, "limit": limit, "level": "DEBUG", "id": system_id}
        return await self._events(query)

    async def last_event(self) -> int:
        """The id of the newest event, where a feed begins; 0 when there is none.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        newest = await self._events({"limit": 1, "level": "DEBUG"})
        return newest[-1].id if newest else 0

    async def _events(self, query: dict[str, object]) -> list[Event]:
        raw = as_object(await self.wire.get("Events.query", query), "events")
        return sorted((parse_event(one) for one in children(raw, "events")), key=lambda event: event.id)

    async def wait(
        self,
        system_ids: Collection[str],
        until: Callable[[Machine], bool],
        poll: float,
        limit: float,
        on_change: Callable[[Machine], None] | None = None,
        on_silence: Callable[[Unreachable], None] | None = None,
    ) -> dict[str, Machine]:
        """Wait until every machine satisfies ``until``, or ``limit`` seconds are over.

        One straggler is no error: the answer holds every machine as last seen, so ask ``until`` again
        of each. A machine that was deleted in MAAS is not in it. A MAAS that stops answering is waited
        for as well.

        Args:
            system_ids: whom to wait for.
            until: whether a machine is where it should be.
            poll: seconds between looks.
            limit: seconds altogether.
            on_change: told of every machine on first sight and whenever something about it changed.
            on_silence: told of every look that MAAS did not answer.

        Raises:
            Unreachable: MAAS did not answer at the end.
            PeerError: MAAS refuses.
        """
        watch = _Watch(self, set(system_ids), until, on_change or (lambda machine: None))
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        while True:
            silence = await watch.look()
            if silence and on_silence:
                on_silence(silence)
            left = end - loop.time()
            if not watch.waiting or left <= 0:
                if silence:
                    raise silence
                return watch.seen
            await asyncio.sleep(min(poll, left))


class _Watch:
    """Reads those machines again that the event feed names, and now and then all."""

    def __init__(
        self,
        inventory: Inventory,
        waiting: set[str],
        until: Callable[[Machine], bool],
        on_change: Callable[[Machine], None],
    ) -> None:
        self.waiting = waiting
        self.seen: dict[str, Machine] = {}
        self._inventory = inventory
        self._until = until
        self._on_change = on_change
        self._cursor: int | None = None
        self._stale: set[str] = set()
        self._looks = 0

    async def look(self) -> Unreachable | None:
        """Look once; what was missed for lack of an answer is looked at next time."""
        try:
            await self._read_feed()
            if self._looks % _REREAD == 0:
                self._stale |= self.waiting
            if self._stale:
                self._take(await self._inventory.machines(ids=sorted(self._stale)))
        except Unreachable as error:
            return error
        self._looks += 1
        return None

    async def _read_feed(self) -> None:
        if self._cursor is None:
            # Before the first reading, so that nothing falls between the two.
            self._cursor = await self._inventory.last_event()
            return
        more = True
        while more:
            events = await self._inventory.events(self._cursor)
            self._cursor = max((event.id for event in events), default=self._cursor)
            self._stale |= {event.system_id for event in events} & self.waiting
            more = len(events) >= PAGE

    def _take(self, machines: list[Machine]) -> None:
        deleted = self._stale - {machine.system_id for machine in machines}
        for system_id in deleted:
            self.seen.pop(system_id, None)
        self.waiting -= deleted
        self._stale.clear()
        for machine in machines:
            changed = self.seen.get(machine.system_id) != machine
            self.seen[machine.system_id] = machine
            if changed:
                self._on_change(machine)
            if self._until(machine):
                self.waiting.discard(machine.system_id)
