"""A drive's page: the numbers that decided, its whole story, what it printed, and the keys on it."""

import pytest

from c3tui.engine.errors import InputError
from c3tui.model.evidence import Klass
from c3tui.model.fleet import Stage
from c3tui.model.light import Why, new_light
from screens.dialogs import Choose, Reading
from screens.drive.page import page
from screens.drive.story import story_of
from screens.model import FleetModel
from tests.ui.judgements import AGAIN, BAD, PENDING, archive, judge, judgement
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, sees, text, until

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])


def told(record: Record, bay: str) -> list[str]:
    """The whole page as text."""
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    story = story_of(record.reader, fleet, bay)
    assert story is not None
    return ["".join(part for part, _ in line) for line in page(story)]


def line_of(lines: list[str], start: str) -> list[str]:
    """The words of the line that begins so."""
    return next(line for line in lines if line.lstrip(" !*?").startswith(start)).split()


def test_the_whole_story(record: Record) -> None:
    judge(record)
    archive(record)
    record.put(new_light("c3-002", Why.REPLACEMENT, "x", "anna"))
    lines = told(record, BAD)
    whole = "\n".join(lines)
    assert lines[0] == f"{BAD}  r01 u03  ST16000NM001G  ZL200203  16 TB  data"
    assert lines[1].startswith(f"REPLACE: {PENDING}  (judged ")
    for expected in (
        f"! {PENDING}  [pending: 8, limit 1]",
        "45000 h of service  [hours: 45000, limit 43800]",
        "failed   Extended offline at 44990 h: Completed: read failure, first error at LBA 123456",
        "2025-03-01 09:00 c3-smart passed in 2 s  7/1",
        "smartctl-short failed (exit 4) in 2 min  7/2",
        "2025-02-01 09:00 power-on hours 44000, pending 1",
        "OLD00001 closed: it ticked, new ZL200203",
        "By path   /dev/disk/by-path/pci-0000:3b:00.0-sas-phy3-lun-0",
        "By id     /dev/disk/by-id/wwn-0x5000c50000020003",
        "firmware SN03",
        "no OSD: failed: 8 pending sectors",
        "Lit       c3-002, replacement, by anna",
        "text it was dropped",
    ):
        assert expected in whole, expected
    assert line_of(lines, "Pending") == ["!", "Pending", "8"], "nobody else told of pending sectors"
    assert line_of(lines, "Power-on hours")[-2:] == ["25005", "h"], "the median of the 71 siblings"
    assert "median of 71 siblings" in whole
    earlier = lines[lines.index("Drives that sat here before") + 1]
    assert "OLD00001" in earlier and "it ticked" in earlier


def test_a_drive_without_evidence_and_an_empty_bay(record: Record) -> None:
    server = record.server(1, Stage.READY)
    server.bays[3].drive = None
    record.put(server)
    lines = told(record, "c3-001/bay02")
    assert "Tests by MAAS: none on this drive yet" in lines and not any("Numbers" in line for line in lines)
    assert told(record, "c3-001/bay03")[0] == "c3-001/bay03  r01 u01  empty bay"


def test_evidence_that_cannot_be_read_is_left_out(record: Record) -> None:
    judge(record)
    archive(record)
    record.store._db.execute("UPDATE archive SET body = x'ff00' WHERE kind = 'evidence'")
    record.store._db.execute("UPDATE archive SET meta = '{}' WHERE name = '7/2'")
    lines = told(record, BAD)
    assert any(PENDING in line for line in lines) and not any("self-tests" in line for line in lines)


@SIZES
async def test_by_keys(record: Record, size: tuple[int, int]) -> None:
    judge(record)
    archive(record)
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3", "!", "enter")
        await sees(pilot, f"{BAD}  r01 u03", f"REPLACE: {PENDING}", "o Raw report")
        await pilot.press("right")
        await sees(pilot, "c3-002/bay04", "GOOD: 2.9 years")
        await pilot.press("left", "left")
        await sees(pilot, "c3-002/bay02")
        await pilot.press("right", "enter")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "server")
        await pilot.press("escape")
        await sees(pilot, f"REPLACE: {PENDING}")
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "hardware")


async def test_the_raw_report_is_read(record: Record) -> None:
    judge(record)
    archive(record)
    app = app_of(record)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("3", "!", "enter", "o")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await sees(pilot, "7/1  c3-smart passed (decided)", "7/2  smartctl-short failed")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, Reading))
        await sees(pilot, '"protocol": "ATA"', '"serial_number": "ZL200203"')
        assert "\x1b" not in text(app)
        await pilot.press("escape", "right", "o")
        await sees(pilot, "Nothing is archived of this drive yet")


async def test_new_evidence_is_seen_at_once(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "!", "enter")
        await sees(pilot, "REPLACE:")
        server = record.server(2, Stage.TESTED)
        record.put(server, judgement(server, 3, Klass.WATCH, "1 reallocated sector"))
        await sees(pilot, "WATCH: 1 reallocated sector")
        record.link.answers["cost"] = {"lines": ["16.0 TB raw"], "word": ""}
        await pilot.press("x", *"no", "enter")
        await until(pilot, lambda: bool(record.link.told("verdict")))
        assert record.link.told("verdict") == [{"bay": BAD, "decision": "replace", "reason": "no"}]
        await pilot.press("n", *"odd", "enter")
        await until(pilot, lambda: record.link.told("note") == [{"bays": [BAD], "text": "odd"}])


async def test_who_is_asked_again_is_told_why(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "v", "enter")
        await sees(pilot, AGAIN, "REPLACE: 3 media errors", "accept by anna")
        await sees(pilot, "ASKED AGAIN just now: now 3 media errors")


async def test_its_light_is_that_of_the_server_until_the_bay_s_can_be_lit(record: Record) -> None:
    judge(record)
    record.put(record.server(3, Stage.DEPLOYED, address="10.20.0.12"))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "!", "enter", "l")
        await sees(pilot, "Server light: a bay's LED is lit in band only, and c3-002 is not deployed")
        assert record.link.told("identify") == [{"server": "c3-002", "on": True}]
        app.session.drive = "c3-003/bay04"
        app.place("drive").catch_up(None)
        await pilot.press("l")
        wanted = {"server": "c3-003/bay04", "on": True}
        await until(pilot, lambda: record.link.told("identify")[-1] == wanted)
        record.link.answers["identify"] = InputError("no ledctl")
        await pilot.press("l")
        await sees(pilot, "no ledctl")
