"""Parts to replace: scanned serials, moves by hand, other parts, and the list written for the clipboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from c3tui.engine.errors import InputError
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Stage
from c3tui.model.replacement import Kind, Part, Phase, Replacement
from screens.replacements.screen import ReplacementsScreen
from tests.ui.records import Record
from tests.ui.views import SMALL, app_of, sees, text, until


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    record = Record(tmp_path)
    record.put(*(record.server(n, Stage.TESTED) for n in range(1, 13)))
    record.put(*(drive(n) for n in (1, 2, 8)), psu())
    yield record
    record.close()


def drive(n: int, **more: Any) -> Replacement:
    bay = f"c3-{n:03d}/bay03"
    values = {
        "id": f"{bay}:ZL{n}", "server": f"c3-{n:03d}", "slot": 3, "bay": bay, "reason": f"reason {n}",
        "old": Part(serial=f"ZL{n}", model="ST16000NM001G", size=16_000_900_661_248), "by": "anna",
        "history": [f"2026-01-01 10:00:00 marked: reason {n}"],
    } | more  # fmt: skip
    return Replacement(**values)


def psu() -> Replacement:
    more = {"part": Kind.PSU, "slot": None, "bay": "c3-002/PSU2", "id": "c3-002/PSU2:1"}
    return drive(2, **more, old=Part(serial="", model="PWS-1K"))


def on(app: Any) -> ReplacementsScreen:
    assert isinstance(app.screen, ReplacementsScreen)
    return app.screen


async def test_a_scanner_pairs_one_part_after_another(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await sees(pilot, "c3-001/bay03", "c3-002/PSU2")
        await pilot.press("n")
        await sees(pilot, "New serial for c3-001/bay03")
        record.link.answers["scan"] = {"serial": "NEW1", "bay": "c3-001/bay03", "phase": "located"}
        await pilot.press(*"NEWq1", "enter")
        await sees(pilot, "NEW1 is for c3-001/bay03", "New serial for c3-002/bay03")
        # Every letter went into the line, though many of them are keys elsewhere.
        first = record.link.told("scan")[0]
        assert first == {"serial": "NEWq1", "replacement": "c3-001/bay03:ZL1"}

        record.link.answers["scan"] = InputError("ZL8 sits in c3-008/bay03", remedy="Scan the label again")
        await pilot.press(*"ZL8", "enter")
        await sees(pilot, "ZL8 sits in c3-008/bay03", "Scan the label again")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ReplacementsScreen))
        assert on(app).query_one("#serial", Input).value == "ZL8"
        assert record.link.told("scan")[1]["replacement"] == "c3-002/bay03:ZL2"
        assert "Traceback" not in text(app)


async def test_what_is_wrong_with_a_swap_stands_beside_it(record: Record) -> None:
    told = finding(
        "replacement.wrong-bay",
        "c3-001/bay02",
        "hardware",
        Severity.CRITICAL,
        "ZLX was taken out",
        "Put it back",
    )
    record.put(told, drive(1, announced="NEW1"))
    app = app_of(record)
    async with app.run_test(size=(120, 40)) as pilot:
        await pilot.press("R")
        await sees(pilot, "! ZLX was taken out", "Put it back", "NEW1 (scanned, not seen yet)")


async def test_a_part_is_moved_by_hand_with_its_serial_and_a_note(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await sees(pilot, "c3-001/bay03")
        await pilot.press("down", "down", "p")
        await sees(pilot, "How far is it?", "It is replaced")
        await pilot.press("end", "enter")
        await sees(pilot, "What came into c3-002/PSU2?")
        await pilot.press(*"P9", "enter")
        await sees(pilot, "c3-002/PSU2 is replaced", "What was done")
        await pilot.press(*"spare", "enter")
        await until(pilot, lambda: bool(record.link.told("part")))
        assert record.link.told("part") == [
            {"replacement": "c3-002/PSU2:1", "phase": "replaced", "serial": "P9", "note": "spare"}
        ]


async def test_another_part_is_marked_and_a_whole_server_asks_for_its_drives(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R", "m")
        await sees(pilot, "Which kind of part goes out?", "A drive is marked in 3 Hardware")
        await pilot.press("down", "enter")
        await sees(pilot, "of which server?")
        await pilot.press(*"c3-004", "enter")
        await sees(pilot, "such as P1-DIMMA1")
        await pilot.press(*"P1-DIMMB2", "enter")
        await sees(pilot, "Mark c3-004/P1-DIMMB2 for replacement")
        await pilot.press(*"ecc", "enter")
        await until(pilot, lambda: bool(record.link.told("mark")))
        await pilot.press("m")
        await sees(pilot, "Which kind")
        await pilot.press("end", "enter", *"c3-004", "enter")
        await sees(pilot, "What becomes of its drives?")
        await pilot.press("down", "enter")
        await sees(pilot, "Mark c3-004 for replacement")
        await pilot.press(*"burnt", "enter")
        await until(pilot, lambda: len(record.link.told("mark")) == 2)
    dimm, server = record.link.told("mark")
    assert dimm == {"kind": "dimm", "server": "c3-004", "place": "P1-DIMMB2", "reason": "ecc"}
    assert server == {"kind": "server", "server": "c3-004", "drives": "move", "place": "", "reason": "burnt"}


async def test_the_list_is_written_and_nothing_overwritten_unasked(record: Record) -> None:
    app = app_of(record)
    target = record.site.files.directory / "walk-list-pages.txt"
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await sees(pilot, "c3-001/bay03")
        await pilot.press("x")
        await sees(pilot, "Write 4 parts as what?")
        await pilot.press("down", "enter")
        await sees(pilot, "walk-list-pages.txt")
        await pilot.press("enter")
        await sees(pilot, "Written: 4 parts")
        sheets = target.read_text().split("\f")
        assert ["Rack r01: 3 parts" in sheets[0], "Rack r02: 1 part" in sheets[1]] == [True, True]
        assert target.stat().st_mode & 0o777 == 0o600
        target.write_text("mine")
        await pilot.press("x")
        await sees(pilot, "Write 4 parts")
        await pilot.press("down", "enter")
        await sees(pilot, "walk-list-pages.txt")
        await pilot.press("enter")
        await sees(pilot, "exists.")
        await pilot.press("n")
        await sees(pilot, "Nothing was written")
        assert target.read_text() == "mine"


async def test_the_walk_goes_to_servers_where_a_part_has_no_light(record: Record) -> None:
    record.link.answers["walk"] = InputError("no")
    record.put(drive(1, phase=Phase.CLOSED))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await sees(pilot, "c3-002/PSU2")
        await pilot.press("W")
        await until(pilot, lambda: bool(record.link.told("walk")))
        assert record.link.told("walk") == [{"items": ["c3-002/bay03", "c3-002", "c3-008/bay03"]}]
