"""Every bay as the screens see it: the drive, what was made of it, what was decided; and the sums over all.

Rows and sums follow the record server by server: a change costs as much as it touches.
"""

import json
import sys
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from c3tui.model.evidence.judgement import Klass
from c3tui.model.facets import class_of
from c3tui.model.fleet import Bay, Server, Stage, TestState, Use, bay_id
from c3tui.model.placement import place, room_of
from c3tui.model.plan import Pool
from c3tui.model.replacement import Decision, Replacement, Verdict

FIELDS = ("$.serial", "$.klass", "$.headline", "$.firmware", "$.numbers")
"""What a brief is made of."""
TESTING = "being tested"


@dataclass(frozen=True, slots=True)
class Brief:
    """A judgement as lists need it: there are thousands, so it is small."""

    serial: str
    klass: Klass
    headline: str
    firmware: str
    terms: tuple[str, ...]
    """Those of all drives alike are one and the same tuple."""
    values: "array[float]"

    def number(self, term: str) -> float | None:
        """A number of the evidence, by its term; None when it was not said."""
        return self.values[self.terms.index(term)] if term in self.terms else None


@dataclass(frozen=True, slots=True)
class DriveRow:
    """A bay, the drive in it, what was made of that drive and what was decided on it."""

    server: Server
    bay: Bay
    verdict: Verdict | None = None
    replacement: Replacement | None = None
    judged: Brief | None = None

    @property
    def id(self) -> str:
        """The bay's name across the site."""
        return bay_id(self.server.name, self.bay.slot)

    @property
    def klass(self) -> Klass | None:
        """What the drive counts as; None for an empty bay, and while a first test runs."""
        return class_of(self)

    @property
    def testing(self) -> bool:
        """Whether a test runs on it now."""
        return self.bay.drive is not None and self.bay.drive.test is TestState.RUNNING

    @property
    def asked_again(self) -> bool:
        """Whether the verdict on it was overtaken by new evidence."""
        return self.verdict is not None and self.verdict.asked_again

    @property
    def kept(self) -> bool:
        """Whether somebody decided to use it, whatever its tests say."""
        return self.verdict is not None and self.verdict.keeps

    @property
    def troubled(self) -> bool:
        """Whether somebody must look at it."""
        if self.replacement or self.asked_again:
            return True
        return self.klass is Klass.REPLACE and not self.kept

    @property
    def says(self) -> str:
        """What the evidence says, in one sentence."""
        if self.judged and not self.testing:
            return self.judged.headline
        return self.bay.drive.test_detail if self.bay.drive else ""


@dataclass(frozen=True)
class Room:
    """Bytes of one server's drives that are used, and that would be if all were good."""

    rack: str
    node: bool
    sound: bool
    used: int
    hoped: int


@dataclass
class DriveRows:
    """All bays in the order one walks past them, and their sums."""

    rows: dict[str, DriveRow] = field(default_factory=dict)
    totals: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Counts and bytes, by (``count`` or ``bytes``, class), and what else :func:`_tally` counts."""
    briefs: dict[str, Brief] = field(default_factory=dict)
    troubled: set[str] = field(default_factory=set)
    """Bays that somebody must look at."""
    again: set[str] = field(default_factory=set)
    """Bays whose verdict was overtaken by new evidence."""
    _ids: dict[str, tuple[str, ...]] = field(default_factory=dict)
    _tallies: dict[str, Counter[tuple[str, str]]] = field(default_factory=dict)
    _rooms: dict[str, Room] = field(default_factory=dict)
    _places: dict[str, tuple[str, int]] = field(default_factory=dict)
    _usable: dict[tuple[str, int, bool], int] = field(default_factory=dict)
    """What was measured since a server's room last changed."""
    _terms: dict[tuple[str, ...], tuple[str, ...]] = field(default_factory=dict)

    def learn(self, bay: str, fields: tuple[Any, ...] | None) -> None:
        """Take what the record says of a judgement, by :data:`FIELDS`.

        Raises:
            ValueError: another version wrote it.
        """
        self.briefs.pop(bay, None)
        if fields is None:
            return
        serial, klass, headline, firmware, numbers = fields
        said: dict[str, float] = json.loads(numbers or "{}")
        terms = tuple(said)
        terms = self._terms.setdefault(terms, terms)
        values = array("d", said.values())
        firmware = sys.intern(str(firmware or ""))
        self.briefs[bay] = Brief(str(serial), Klass(klass), str(headline), firmware, terms, values)

    def follow(
        self,
        names: Iterable[str],
        servers: Mapping[str, Server],
        verdicts: Mapping[str, Verdict],
        moving: Mapping[str, Replacement],
    ) -> None:
        """Bring the bays of some servers up to date.

        Args:
            verdicts: by their ids.
            moving: replacements under way, by bay.
        """
        moved = False
        for name in names:
            moved |= self._follow(name, servers.get(name), verdicts, moving)
        if moved:
            self.rows = dict(sorted(self.rows.items(), key=lambda item: _walk(item[1])))

    def _follow(
        self,
        name: str,
        server: Server | None,
        verdicts: Mapping[str, Verdict],
        moving: Mapping[str, Replacement],
    ) -> bool:
        """One server; true when the order of all may be another now."""
        rows = {row.id: row for row in _rows(server, verdicts, moving, self.briefs)} if server else {}
        at = (server.rack, server.unit) if server else None
        before, place_before = self._ids.pop(name, ()), self._places.pop(name, None)
        for id in before:
            if id not in rows:
                del self.rows[id]
        self.troubled.difference_update(before)
        self.again.difference_update(before)
        for id, row in rows.items():
            self.rows[id] = self.rows[id] if self.rows.get(id) == row else row
        self.totals.subtract(self._tallies.pop(name, Counter()))
        room_before = self._rooms.pop(name, None)
        if server and at:
            self._ids[name], self._places[name] = tuple(rows), at
            self._tallies[name] = tally = _tally(rows.values())
            self.totals.update(tally)
            self._rooms[name] = _room(server, rows.values())
            self.troubled.update(id for id, row in rows.items() if row.troubled)
            self.again.update(id for id, row in rows.items() if row.asked_again)
        if room_before != self._rooms.get(name):
            self._usable.clear()
        return tuple(rows) != before or at != place_before

    def of(self, server: str) -> list[DriveRow]:
        """The bays of one server."""
        return [self.rows[id] for id in self._ids.get(server, ())]

    def usable(self, pool: Pool, *, hoped: bool = False) -> int:
        """Bytes that a pool can hold on the drives as they stand, or if all of them were good."""
        asked = (pool.failure_domain, pool.size, hoped)
        if asked not in self._usable:
            self._usable[asked] = self._measured(pool, hoped)
        return self._usable[asked]

    def _measured(self, pool: Pool, hoped: bool) -> int:
        rooms = self._rooms
        held = [name for name, room in rooms.items() if room.node]
        held = held or [name for name, room in rooms.items() if room.sound]
        sizes: Counter[str] = Counter()
        for name in held:
            room = rooms[name]
            sizes[room.rack if pool.failure_domain == "rack" else name] += room.hoped if hoped else room.used
        return room_of([size for size in sizes.values() if size], pool)

    def siblings(self, row: DriveRow) -> list[Brief]:
        """Judgements on the other drives of the same model."""
        if row.bay.drive is None:
            return []
        model = row.bay.drive.model
        return [
            each.judged
            for each in self.rows.values()
            if each.judged and each.bay.drive and each.bay.drive.model == model and each.id != row.id
        ]


def _rows(
    server: Server,
    verdicts: Mapping[str, Verdict],
    moving: Mapping[str, Replacement],
    briefs: Mapping[str, Brief],
) -> Iterable[DriveRow]:
    for bay in server.bays:
        id = bay_id(server.name, bay.slot)
        brief, verdict = briefs.get(id), None
        if bay.drive:
            verdict = verdicts.get(f"{id}:{bay.drive.serial}")
        # What was made of a drive goes with it: the next one in the bay begins without.
        mine = bay.drive is not None and brief is not None and brief.serial == bay.drive.serial
        yield DriveRow(server, bay, verdict, moving.get(id), brief if mine else None)


def _tally(rows: Collection[DriveRow]) -> Counter[tuple[str, str]]:
    found: Counter[tuple[str, str]] = Counter()
    for row in rows:
        if row.replacement:
            found["marked", ""] += 1
        if row.bay.drive is None:
            continue
        word = TESTING if row.testing or row.klass is None else row.klass.value
        found["count", word] += 1
        found["bytes", word] += row.bay.drive.size
        found["test", row.bay.drive.test.value] += 1
        found["again", ""] += row.asked_again
        found["accepted", ""] += (
            row.kept and row.verdict is not None and row.verdict.decision is Decision.ACCEPT
        )
    return found


def _room(server: Server, rows: Collection[DriveRow]) -> Room:
    marked = {row.id for row in rows if row.replacement}
    kept = {(row.id, row.bay.drive.serial) for row in rows if row.kept and row.bay.drive}
    each = {(bay_id(server.name, bay.slot), drive.serial) for bay, drive in server.drives(Use.DATA)}
    used, hoped = place([server], marked, kept), place([server], (), each)
    node = server.stage is Stage.NODE
    return Room(server.rack, node, not server.trouble, used.raw_bytes(), hoped.raw_bytes())


def walk(server: Server) -> tuple[str, int, str]:
    """The order in which one walks past servers."""
    return (server.rack, server.unit, server.name)


def _walk(row: DriveRow) -> tuple[str, int, str, int]:
    return (*walk(row.server), row.bay.slot)
