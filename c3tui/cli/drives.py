"""Every drive of a site with what was made of it, and the whole story of one bay; read from the record."""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from c3tui.cli.output import as_text, clean
from c3tui.cli.show import reading, select, show_rows
from c3tui.engine.decisions import find_bay
from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader
from c3tui.model.facets import DRIVE, class_of
from c3tui.model.fleet import Bay, Server, bay_id
from c3tui.model.judged import Judged
from c3tui.model.replacement import Replacement, Verdict
from c3tui.model.story import Sat, Story

FIGURES = (
    "hours",
    "reallocated",
    "pending",
    "uncorrectable",
    "grown_defects",
    "media_errors",
    "wear_percent",
    "spare_percent",
    "crc_errors",
    "temperature_c",
    "mb_s",
    "write_mb_s",
    "selftest_s",
)
"""Columns of numbers, in this order in a spreadsheet too; empty where a drive does not say."""


@dataclass(frozen=True)
class SeenDrive:
    """A bay of a server with what was made of the drive in it, and what was decided on it."""

    server: Server
    bay: Bay
    judged: Judged | None
    verdict: Verdict | None
    replacement: Replacement | None


def seen_drives(reader: Reader) -> dict[str, SeenDrive]:
    """Every occupied bay by its name."""
    verdicts = {(each.bay, each.serial): each for each in reader.all(Verdict)}
    moving = {each.bay: each for each in reader.all(Replacement) if each.open}
    made = {(each.id, each.serial): each for each in reader.all(Judged)}
    found = {}
    for server in reader.all(Server):
        for bay, drive in server.drives():
            name = bay_id(server.name, bay.slot)
            of = (name, drive.serial)
            found[name] = SeenDrive(server, bay, made.get(of), verdicts.get(of), moving.get(name))
    return found


def drives(options: argparse.Namespace) -> int:
    """Every drive in every bay, or the whole story of one bay."""
    if options.bay:
        return _story(options)
    with reading(options.site) as reader:
        found = seen_drives(reader)
    wanted = " ".join(part for part in (options.filter, options.where) if part)
    rows = select(found, _row, wanted, DRIVE)
    columns = ["bay", "serial", "model", "tb", "class", "verdict", "replacement", "headline"]
    if options.csv:
        columns = [*columns[:4], "firmware", "use", *columns[4:], *FIGURES, "rack", "unit", "path"]
    return show_rows(options, rows, *columns)


def bays_where(reader: Reader, query: str) -> list[str]:
    """The bays whose drives pass a filter.

    Raises:
        InputError: the filter makes no sense.
    """
    return [str(row["bay"]) for row in select(seen_drives(reader), _row, query, DRIVE)]


def _row(seen: SeenDrive) -> dict[str, Any]:
    server, bay, drive, judged = seen.server, seen.bay, seen.bay.drive, seen.judged
    klass, verdict = class_of(seen), seen.verdict
    row: dict[str, Any] = {"bay": bay_id(server.name, bay.slot), "server": server.name, "slot": bay.slot}
    row |= {"rack": server.rack, "unit": server.unit, "path": bay.path}
    if drive:
        row |= {**drive.model_dump(mode="json"), "tb": round(drive.size / 1e12, 2)}
    row |= {
        "class": klass.value if klass else "",
        "headline": judged.headline if judged else drive.test_detail if drive else "",
        "firmware": judged.firmware if judged else "",
        "reasons": [each.model_dump(mode="json") for each in judged.reasons] if judged else [],
        "judged_at": judged.at if judged else None,
        "verdict": verdict.decision.value if verdict else "",
        "asked_again": verdict.asked_again if verdict else False,
        "replacement": seen.replacement.phase.value if seen.replacement else "",
    }
    return row | {term: judged.number(term) if judged else None for term in FIGURES}


def _story(options: argparse.Namespace) -> int:
    from c3tui.steps.stories import stories

    if options.csv or options.filter or options.where:
        raise InputError("a bay is named: --csv, --filter and --where are for lists")
    with reading(options.site) as reader:
        server, bay = find_bay(reader, options.bay)
        told = next(each for each in stories(reader, [server]) if each.slot == bay.slot)
    if options.json:
        print(as_text(told.model_dump(mode="json")))
    else:
        for line in _lines(told):
            print(clean(line))
    return 0


def _lines(told: Story) -> Iterator[str]:
    osd = f", osd.{told.osd}" if told.osd is not None else ""
    yield f"{told.bay}: rack {told.rack}, unit {told.unit}{osd}, {told.path or 'no stable path'}"
    if told.serial:
        klass = told.klass.value if told.klass else "not judged"
        yield f"now {told.serial}: {klass}" + (f": {told.headline}" if told.headline else "")
    else:
        yield "now empty"
    for sat in told.drives:
        yield ""
        yield from _of_drive(sat)
    for each in told.replacements:
        yield ""
        yield f"replacement of {each.old.serial}: {each.phase}: {each.reason}"
        yield from (f"  {line}" for line in each.history)


def _of_drive(sat: Sat) -> Iterator[str]:
    yield " ".join(part for part in ("drive", sat.serial, sat.model, sat.firmware) if part)
    for test in sat.tests:
        took = f" after {test.seconds:.0f} s" if test.seconds is not None else ""
        yield f"  {test.at[:19]:<19} {test.test} {test.said}{took}"
    for each in sat.figures:
        numbers = ", ".join(f"{term} {value:g}" for term, value in each.numbers.items())
        yield f"  {each.at[:19]:<19} SMART: {each.problem or numbers}"
    for said in sat.judgements:
        yield f"  {said.at:%Y-%m-%d %H:%M:%S} judged {said.klass}: {said.headline}"
    if verdict := sat.verdict:
        again = f"; asked again: {verdict.why}" if verdict.asked_again else ""
        decided = f"decided {verdict.decision}: {verdict.reason}{again}"
        yield f"  {verdict.at:%Y-%m-%d %H:%M:%S} {verdict.by} {decided}"
