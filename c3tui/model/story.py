"""The whole story of a bay: every drive that sat in it, what was found on each, and what was decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from c3tui.model.campaign import TestRow
from c3tui.model.evidence.judgement import Klass
from c3tui.model.fleet import Bay, Server, bay_id
from c3tui.model.judged import Judged
from c3tui.model.replacement import Replacement, Verdict


class Told(BaseModel):
    """One test of a drive, as it ended."""

    test: str
    said: str
    at: str = ""
    seconds: float | None = None
    ref: str
    """Its name in the archive."""


class Figures(BaseModel):
    """What one SMART report said, in numbers."""

    at: str = ""
    ref: str
    numbers: dict[str, float] = {}
    problem: str = ""


class Said(BaseModel):
    """A judgement as it was given; the latest stands."""

    at: datetime
    klass: Klass
    headline: str


class Sat(BaseModel):
    """One drive for as long as it was known in this bay."""

    serial: str
    model: str = ""
    firmware: str = ""
    tests: list[Told] = []
    figures: list[Figures] = []
    judgements: list[Said] = []
    verdict: Verdict | None = None


class Line(BaseModel):
    """A line of the journal about the bay."""

    at: datetime
    who: str
    what: str
    data: dict[str, Any] = {}


class Story(BaseModel):
    """Everything that is known of one bay, the drives in the order in which they came."""

    bay: str
    server: str
    rack: str
    unit: int
    slot: int
    path: str
    serial: str = ""
    """Of the drive that sits there now; empty for none."""
    klass: Klass | None = None
    headline: str = ""
    osd: int | None = None
    """Ceph's number of it, when known."""
    drives: list[Sat] = []
    replacements: list[Replacement] = []
    journal: list[Line] = []

    @property
    def eventful(self) -> bool:
        """Whether there is more to tell than that a good drive was found good."""
        sound = self.klass is Klass.GOOD or (self.klass is None and not self.drives)
        decided = any(each.verdict for each in self.drives)
        return not sound or len(self.drives) > 1 or bool(self.replacements) or decided


@dataclass
class Sources:
    """What the record holds, sorted so that bays find theirs."""

    rows: Mapping[str, Sequence[TestRow]]
    """Every row, by serial."""
    evidence: Mapping[str, Sequence[Mapping[str, Any]]]
    """What evidence is filed under, by serial."""
    judged: Mapping[str, Judged] = field(default_factory=dict)
    """By bay."""
    verdicts: Mapping[tuple[str, str], Verdict] = field(default_factory=dict)
    """By bay and serial."""
    replacements: Mapping[str, Sequence[Replacement]] = field(default_factory=dict)
    """By bay."""
    lines: Mapping[str, Sequence[Line]] = field(default_factory=dict)
    """Of the journal, by bay."""
    osds: Mapping[str, int] = field(default_factory=dict)
    """Ceph's numbers by bay."""


def story(server: Server, bay: Bay, known: Sources) -> Story:
    """The story of one bay."""
    name = bay_id(server.name, bay.slot)
    judged, now = known.judged.get(name), bay.drive
    current = judged if judged and now and judged.serial == now.serial else None
    serials = list(dict.fromkeys(_serials(name, bay, known)))
    return Story(
        bay=name,
        server=server.name,
        rack=server.rack,
        unit=server.unit,
        slot=bay.slot,
        path=bay.path,
        serial=now.serial if now else "",
        klass=current.klass if current else None,
        headline=current.headline if current else "",
        osd=known.osds.get(name),
        drives=[_sat(name, bay, serial, known) for serial in serials],
        replacements=list(known.replacements.get(name, ())),
        journal=list(known.lines.get(name, ())),
    )


def _serials(name: str, bay: Bay, known: Sources) -> Iterable[str]:
    """Who sat there, the oldest first."""
    swaps = sorted(known.replacements.get(name, ()), key=lambda each: each.marked_at)
    yield from (each.old.serial for each in swaps if each.old.serial)
    for line in known.lines.get(name, ()):
        if line.what == "drive judged" and (serial := line.data.get("serial")):
            yield str(serial)
    yield from (each.new.serial for each in swaps if each.new and each.new.serial)
    if bay.drive:
        yield bay.drive.serial


def _sat(name: str, bay: Bay, serial: str, known: Sources) -> Sat:
    here = bay.drive if bay.drive and bay.drive.serial == serial else None
    filed = known.evidence.get(serial, ())
    parts = [
        part
        for each in known.replacements.get(name, ())
        for part in (each.old, each.new)
        if part and part.serial == serial
    ]
    models = [here.model if here else "", *(each.model for each in parts), *(each["model"] for each in filed)]
    return Sat(
        serial=serial,
        model=next((each for each in models if each), ""),
        firmware=next((str(each["firmware"]) for each in reversed(filed) if each["firmware"]), ""),
        tests=[_told(row) for row in known.rows.get(serial, ())],
        figures=[
            Figures(at=each["ended"], ref=each["ref"], numbers=each["numbers"], problem=each["problem"])
            for each in filed
        ],
        judgements=[
            Said(at=line.at, klass=Klass(line.data["class"]), headline=str(line.data["headline"]))
            for line in known.lines.get(name, ())
            if line.what == "drive judged" and line.data.get("serial") == serial
        ],
        verdict=known.verdicts.get((name, serial)),
    )


def _told(row: TestRow) -> Told:
    said = row.told.removeprefix(f"{row.script} ")
    return Told(test=row.script, said=said, at=row.ended, seconds=row.runtime, ref=row.ref)
