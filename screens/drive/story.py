"""The story of one bay out of the record: judgement, evidence, tests, verdicts, and who sat here before."""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from typing import Any

from pydantic import ValidationError

from c3tui.engine.store import Entry, Reader
from c3tui.model.campaign import ARCHIVE, TestRow, parse_row
from c3tui.model.evidence import SmartEvidence
from c3tui.model.judged import Judged
from c3tui.model.light import Light
from c3tui.model.placement import place
from c3tui.model.replacement import Replacement
from screens.journal import Journal
from screens.model import DriveRow, FleetModel

EVIDENCE = "evidence"
"""Kind under which reports are archived as they were read, by server; the name begins with the report's."""
FEWEST_SIBLINGS = 3
"""With fewer there is nothing to compare with."""
KEPT_ENTRIES = 200


@dataclass(frozen=True)
class Taken:
    """The numbers of one SMART report on a drive of this bay."""

    serial: str
    model: str
    ended: str
    numbers: dict[str, float]


@dataclass(frozen=True)
class Story:
    """Everything about one bay, and about the drive that sits in it now."""

    row: DriveRow
    judged: Judged | None
    siblings: int
    medians: dict[str, float]
    """Of drives of the same model, by term."""
    smart: SmartEvidence | None
    tests: tuple[TestRow, ...]
    """On this drive, the newest first."""
    taken: tuple[Taken, ...]
    """Every report on any drive of this bay, the newest first."""
    entries: tuple[Entry, ...]
    """The bay's journal, the newest first."""
    parts: tuple[Replacement, ...]
    """Replacements in this bay, the newest first."""
    lights: tuple[Light, ...]
    """What C3 lit to find it."""
    osd: str

    @property
    def earlier(self) -> dict[str, str]:
        """Drives that sat here before, by serial, with what became of each."""
        here = self.row.bay.drive.serial if self.row.bay.drive else ""
        found = {each.serial: f"{each.model}, last tested {each.ended[:16]}" for each in reversed(self.taken)}
        for entry in reversed(self.entries):
            if entry.what == "drive judged" and (serial := str(entry.data.get("serial") or "")):
                found.setdefault(serial, "")
        for part in reversed(self.parts):
            found[part.old.serial] = f"{part.old.model}, {part.phase.value}: {part.reason}"
        return {serial: text for serial, text in found.items() if serial not in ("", here)}


def story_of(reader: Reader, fleet: FleetModel, bay: str) -> Story | None:
    """Read what the record has on a bay; None when there is no such bay."""
    row = fleet.drive_rows.get(bay)
    if row is None:
        return None
    server, serial = row.server.name, row.bay.drive.serial if row.bay.drive else ""
    judged = _judged(reader, bay, serial)
    known = [brief for brief in fleet.drives.siblings(row)]
    terms = judged.numbers if judged and len(known) >= FEWEST_SIBLINGS else {}
    values = {term: [value for each in known if (value := each.number(term)) is not None] for term in terms}
    rows = [_row(name, meta) for _, name, meta in reader.archive_index(ARCHIVE, server)]
    tests = [each for each in rows if each and serial and each.serial == serial]
    parts = [each for each in fleet.replacements.values() if each.bay == bay]
    return Story(
        row=row,
        judged=judged,
        siblings=len(known),
        medians={term: median(found) for term, found in values.items() if len(found) >= FEWEST_SIBLINGS},
        smart=_smart(reader, server, judged.evidence if judged else ()),
        tests=tuple(sorted(tests, key=lambda each: each.order, reverse=True)),
        taken=tuple(reversed(list(_taken(reader, row, serial)))),
        entries=tuple(reversed(Journal(reader, keep=KEPT_ENTRIES, subject=bay).catch_up())),
        parts=tuple(sorted(parts, key=lambda part: part.marked_at, reverse=True)),
        lights=tuple(each for each in fleet.lights.values() if each.led in (bay, server)),
        osd=_osd(fleet, row),
    )


def _judged(reader: Reader, bay: str, serial: str) -> Judged | None:
    with suppress(ValidationError):
        found = reader.get(Judged, bay)
        return found if found and found.serial == serial else None
    return None


def _row(name: str, meta: dict[str, Any]) -> TestRow | None:
    with suppress(KeyError, TypeError, ValueError):
        return parse_row(name, meta)
    return None


def _smart(reader: Reader, server: str, names: Iterable[str]) -> SmartEvidence | None:
    """The newest report that the judgement rests on, as it was read."""
    wanted = {f"{name}@" for name in names if name}
    index = reader.archive_index(EVIDENCE, server) if wanted else ()
    found = [name for _, name, _ in index if name[: name.find("@") + 1] in wanted]
    body = reader.archive_body(EVIDENCE, server, found[-1]) if found else None
    with suppress(ValidationError):
        return SmartEvidence.model_validate_json(body) if body else None
    return None


def _taken(reader: Reader, row: DriveRow, serial: str) -> Iterable[Taken]:
    for _, _, meta in reader.archive_index(EVIDENCE, row.server.name):
        numbers = meta.get("numbers")
        if not isinstance(numbers, dict) or not meta.get("serial"):
            continue
        if meta["serial"] == serial or meta.get("slot") == row.bay.slot:
            ended = str(meta.get("ended") or "")
            yield Taken(str(meta["serial"]), str(meta.get("model") or ""), ended, numbers)


def _osd(fleet: FleetModel, row: DriveRow) -> str:
    """What becomes of the drive in storage: the plan for its bay, and what exists on its server."""
    if row.bay.drive is None:
        return ""
    beside = fleet.drives.of(row.server.name)
    kept = {(each.id, each.bay.drive.serial) for each in beside if each.kept and each.bay.drive}
    placed = place([row.server], {each.id for each in beside if each.replacement}, kept)
    if left := next((each for each in placed.left_out if each.bay == row.id), None):
        return f"no OSD: {left.why}"
    if not any(osd.bay == row.id for osd in placed.osds):
        return "no OSD: it is a system drive"
    made = fleet.observed.get("storage", {}).get("ceph", {}).get("servers")
    counts = made.get(row.server.name) if isinstance(made, dict) else None
    exist = f"; of {row.server.name} {counts[0]} of {counts[1]} exist" if counts else "; none made yet"
    return f"an OSD is planned on it{exist}"
