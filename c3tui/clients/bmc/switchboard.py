"""All links of a fleet: who is watched, who comes first, who leaves. Lives on the owner thread's loop."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from c3tui.clients.bmc.exchange import Target, Trouble
from c3tui.clients.bmc.gate import Gate
from c3tui.clients.bmc.ledger import Ledger
from c3tui.clients.bmc.link import Link, Surroundings
from c3tui.clients.bmc.sdr import Repository
from c3tui.engine.errors import InputError
from c3tui.model.fleet import BmcReading, BmcState

if TYPE_CHECKING:
    from c3tui.clients.bmc.wire import Wire

LOGINS = 128
"""Under way at once: as many as keep a large fleet's dead from being found one batch after the other."""
REST_PERIOD = 20.0
"""Most seconds between polls of what is not on screen: no session may idle out, which takes 60 seconds by the
specification and 30 on some boards."""

LONGEST_BEAT = 1.0
"""Seconds between moments at which polls begin: a fifth of the fleet at a time, at most so far apart."""


class Switchboard:
    """The links by name."""

    def __init__(
        self, wire: "Wire", poll: float, directory: Path | None, publish: Callable[[str, BmcReading], None]
    ) -> None:
        self._wire = wire
        self._poll = poll
        self._rest = min(poll * 4, REST_PERIOD)
        self._links: dict[str, Link] = {}
        self._preferred: frozenset[str] = frozenset()
        self._leaving: set[asyncio.Task[None]] = set()
        self._around = Surroundings(
            wire=wire,
            gate=Gate(LOGINS),
            ledger=Ledger(directory / "sessions.jsonl" if directory else None),
            repository=Repository(directory),
            publish=publish,
            period=self._period,
            beat=min(poll / 5, LONGEST_BEAT),
            preferred=lambda name: name in self._preferred,
        )

    def link(self, name: str) -> Link:
        """The link of that name.

        Raises:
            InputError: there is none.
        """
        try:
            return self._links[name]
        except KeyError:
            raise InputError(
                "its BMC is not watched", where=name, remedy="Give it an address and a login"
            ) from None

    def watch(self, targets: Sequence[Target]) -> None:
        """Look after exactly these."""
        wanted = {target.name: target for target in targets}
        gone = [name for name in self._links if name not in wanted]
        for name in gone:
            self._leave(self._links.pop(name))
        for target in sorted(wanted.values(), key=lambda target: target.name not in self._preferred):
            link = self._links.get(target.name)
            if link is None or link.target != target:
                self._replace(target, link)

    def _replace(self, target: Target, old: Link | None) -> None:
        reading = BmcReading(every=max(self._poll, self._rest))
        leaving = None
        if old:
            leaving = self._leave(old)
            if (old.target.address, old.target.port) == (target.address, target.port):
                fresh = {"state": BmcState.NEW, "detail": "", "every": reading.every}
                reading = old.reading.model_copy(update=fresh)
        link = self._links[target.name] = Link(target, self._around, reading)
        self._around.publish(target.name, reading)
        link.start(after=leaving)

    def prefer(self, names: Iterable[str]) -> None:
        """Poll these at the full rate and log in to them first; none means all are equal."""
        fresh = frozenset(names)
        for name in fresh - self._preferred:
            link = self._links.get(name)
            if link and link.reading.state is BmcState.OK:
                link.hurry(within=self._poll * 0.2)
        self._preferred = fresh

    def retry(self, names: Iterable[str]) -> None:
        """Try these again now, whatever their back-off says."""
        for name in names:
            if link := self._links.get(name):
                link.hurry()

    def lit(self) -> set[str]:
        """Whose LED was switched on from here."""
        return {name for name, link in list(self._links.items()) if link.lit}

    async def read(self, name: str, again: bool = False) -> BmcReading:
        """A turn now; ``again`` as for :meth:`Link.reach`."""
        link = self.link(name)
        with suppress(Trouble):
            await link.reach(again)
            await link.poll()
        return link.reading

    async def close(self) -> None:
        """Close all sessions, LEDs off."""
        for link in self._links.values():
            self._leave(link)
        self._links.clear()
        while self._leaving:
            await asyncio.wait(set(self._leaving))
        self._wire.close()
        self._around.ledger.close()

    def _leave(self, link: Link) -> asyncio.Task[None]:
        task = asyncio.create_task(link.close())
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
        return task

    def _period(self, name: str) -> float:
        if not self._preferred or name in self._preferred:
            return self._poll
        return self._rest
