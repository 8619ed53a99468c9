"""Reads machines and events."""

import asyncio
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from c3tui.clients.maas.fields import Raw, as_list, as_object, child, children, text
from c3tui.clients.maas.machine import Machine, parse_machine
from c3tui.clients.maas.records import Event, parse_event
from c3tui.clients.maas.status import Status
from c3tui.clients.maas.wire import Wire

CHUNK = 50
"""Machines asked for by id in one call: 2 to 3 seconds of a region's time."""
PAGE = 1000
"""Most events that MAAS gives in one answer."""


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

    async def bmc_addresses(self, ids: Collection[str] | None = None) -> dict[str, str]:
        """The address of the BMC of those machines or of all, by system id; empty where MAAS knows none.

        The quickest way to learn which machines there are: 1.3 s for five hundred.

        Raises:
            PeerError: MAAS refuses or does not answer.
        """
        query = None if ids is None else {"id": list(ids)}
        # The answer holds every BMC's password in clear text: only the address is taken out of it.
        raw = as_object(await self.wire.get("Machines.power_parameters", query), "power parameters")
        return {system_id: text(child(raw, system_id), "power_address") for system_id in raw}

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
