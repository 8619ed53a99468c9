"""Asks many addresses whether somebody has them: bounded in rate and number, with progress, cancellable."""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address
from typing import NamedTuple

from c3tui.clients.sweep import host
from c3tui.clients.sweep.ways import Arp, Echo, Program, Way
from c3tui.model.network import AddressRange
from c3tui.model.reality import Answer, Sweep, Untested


@dataclass(frozen=True)
class Limits:
    """How hard a sweep may ask."""

    rate: float = 1000.0
    """Addresses a second at most; a broadcast reaches every port of the L2."""
    most: int = 70_000
    """Addresses at most; a /16 and a little more."""
    tries: int = 2
    wait: float = 1.0
    """Seconds to wait for the last answers of each try."""


class Progress(NamedTuple):
    """How far a sweep has come."""

    asked: int
    total: int
    """Questions at most: those who answered are not asked again."""
    found: int


NEIGHBOUR_RATE = 200.0
"""Pings a second on a segment of our own: each that nobody answers holds an entry of the kernel's neighbour
table for seconds, and that has room for 1024."""

BATCH_SECONDS = 0.02


class Sweeper:
    """One sweep; ``found`` fills while it runs, and stays true when it is cancelled."""

    def __init__(
        self, limits: Limits | None = None, on_progress: Callable[[Progress], None] | None = None
    ) -> None:
        self._limits = limits or Limits()
        self._tell = on_progress or (lambda progress: None)
        self._wanted: set[IPv4Address] = set()
        """Whose answers count now."""
        self._silent: set[IPv4Address] = set()
        """Those of them that have not answered, and can be asked."""
        self._macs: dict[IPv4Address, list[str]] = {}
        self._how: dict[IPv4Address, str] = {}
        self._untested: list[tuple[IPv4Address, str]] = []
        self._notes: list[str] = []
        self._complete = asyncio.Event()
        self._asked = 0
        self._total = 0

    @property
    def result(self) -> Sweep:
        """What is known by now."""
        answers = [Answer(each, how, tuple(self._macs.get(each, []))) for each, how in self._how.items()]
        return Sweep(
            answers=tuple(sorted(answers, key=lambda each: each.address)),
            untested=tuple(_in_ranges(self._untested)),
            asked=self._asked,
            notes=tuple(self._notes),
        )

    async def run(self, addresses: Iterable[IPv4Address]) -> Sweep:
        """Ask every address, those on one segment by ARP, the others by ping; cancellable at any time."""
        wanted = list(dict.fromkeys(addresses))
        wanted, beyond = wanted[: self._limits.most], wanted[self._limits.most :]
        why = f"more than {self._limits.most} addresses in one sweep"
        self._untested += [(each, why) for each in beyond]
        own = host.own_addresses()
        for each in wanted:
            if each in own:
                self._how[each] = "own"
        for group, way in self._ways([each for each in wanted if each not in own]):
            try:
                await self._through(way, group)
            finally:
                await way.close()
        return self.result

    async def _through(self, way: Way, group: Sequence[IPv4Address]) -> None:
        self._wanted, self._silent = set(group), set(group)
        self._total += len(group) * self._limits.tries
        for attempt in range(self._limits.tries):
            left = [each for each in group if each in self._silent]
            if attempt:
                # Those who have answered are not asked again.
                self._total -= len(group) - len(left)
            await self._paced(way, left)
            if left:
                await self._last_answers(way)
        self._wanted = set()
        self._tell(self._progress)

    async def _paced(self, way: Way, group: Sequence[IPv4Address]) -> None:
        rate = min(way.rate, self._limits.rate)
        batch = max(1, round(rate * BATCH_SECONDS))
        began = time.monotonic()
        for done in range(0, len(group), batch):
            for address in group[done : done + batch]:
                await self._ask(way, address)
            self._tell(self._progress)
            due = began + (done + batch) / rate
            await asyncio.sleep(max(0.0, due - time.monotonic()))

    async def _ask(self, way: Way, address: IPv4Address) -> None:
        self._asked += 1
        try:
            await way.ask(address)
        except OSError as error:
            self._silent.discard(address)
            self._untested.append((address, f"cannot be asked ({error.strerror})"))

    async def _last_answers(self, way: Way) -> None:
        """Wait for late answers; by ARP also for a second one from the same address."""
        self._complete.clear()
        if way.how != "arp" and not self._silent:
            return
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.wait + way.slack):
                await self._complete.wait()

    @property
    def _progress(self) -> Progress:
        return Progress(self._asked, max(self._asked, self._total), len(self._how))

    def _heard(self, how: str) -> Callable[[IPv4Address, str], None]:
        def heard(address: IPv4Address, mac: str) -> None:
            if address not in self._wanted:
                return
            self._how[address] = how
            macs = self._macs.setdefault(address, [])
            if mac and mac not in macs:
                macs.append(mac)
            self._silent.discard(address)
            if how != "arp" and not self._silent:
                self._complete.set()

        return heard

    def _ways(self, wanted: Sequence[IPv4Address]) -> "Iterable[tuple[list[IPv4Address], Way]]":
        """Groups of addresses with the way to ask each; opened one after the other."""
        left = list(wanted)
        for segment in host.segments():
            group = [each for each in left if each in segment.network]
            if not group:
                continue
            left = [each for each in left if each not in segment.network]
            try:
                way: Way | None = Arp(segment, self._limits.rate, self._heard("arp"))
            except PermissionError:
                self._notes.append(
                    f"{segment.network} is on {segment.interface}, but ARP needs CAP_NET_RAW: pinged"
                )
                way = self._pinging(group, NEIGHBOUR_RATE)
            except OSError as error:
                self._notes.append(f"{segment.interface} cannot be used ({error.strerror}): pinged")
                way = self._pinging(group, NEIGHBOUR_RATE)
            if way:
                yield group, way
        if left and (way := self._pinging(left, self._limits.rate)):
            yield left, way

    def _pinging(self, group: Sequence[IPv4Address], rate: float) -> Way | None:
        try:
            return Echo(rate, self._heard("ping"))
        except PermissionError:
            pass
        try:
            return Program(self._heard("ping"))
        except FileNotFoundError:
            why = "may not send ICMP (net.ipv4.ping_group_range, CAP_NET_RAW), and there is no ping program"
            self._untested += [(each, why) for each in group]
            return None


async def sweep(
    addresses: Iterable[IPv4Address],
    limits: Limits | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> Sweep:
    """Which of these addresses answer, asked from this host.

    Args:
        addresses: asked in this order.
        limits: rate, number, tries and patience, when the defaults do not suit.
        on_progress: called about fifty times a second.
    """
    return await Sweeper(limits, on_progress).run(addresses)


def _in_ranges(single: Iterable[tuple[IPv4Address, str]]) -> list[Untested]:
    """Neighbouring addresses with one reason as one range."""
    found: list[Untested] = []
    for address, why in sorted(set(single)):
        last = found[-1] if found else None
        if last and last.why == why and int(last.span.end) + 1 == int(address):
            found[-1] = Untested(AddressRange(start=last.span.start, end=address), why)
        else:
            found.append(Untested(AddressRange(start=address, end=address), why))
    return found
