"""The rules of a test campaign: what is missing, what runs next, what rows say together, what is overdue."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from c3tui.clients.maas import ResultSet, Row, Script
from c3tui.lab.chassis import Condition
from c3tui.lab.drives import break_drive, make_drive
from c3tui.lab.maas.catalogue import builtin
from c3tui.lab.maas.lifecycle.ondisk import on_disk, seconds_on
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Media, Scenario
from c3tui.lab.smart import exit_status, report
from c3tui.model.campaign import TestRow, latest, missing, parse_row, suspects
from c3tui.model.plan import Hardware, TestSelection
from c3tui.steps.testing.choice import chosen, own_tests
from c3tui.steps.testing.progress import Timings, told
from c3tui.steps.testing.todo import given_up, next_run

NONE = TestSelection(storage=[], memory=[], cpu=[], network=[], node=[])


def ended(script: str, serial: str | None, code: int, number: int = 1, **more: Any) -> TestRow:
    names = {2: "Passed", 3: "Failed", 4: "Timed out", 5: "Aborted", 8: "Failed installing", 9: "Skipped"}
    row = TestRow(script, serial, names[code], code, 0, 10.0, 600.0, "", (number, 1), f"{number}/1", "")
    return replace(row, **more)


def overrun(script: str, serial: str) -> TestRow:
    return ended(script, serial, 4, runtime=900.0)


def test_what_is_missing_is_what_has_not_said_anything() -> None:
    rows = [ended("smart", "A", 2), ended("smart", "B", 5), ended("smart", "C", 3), ended("ecc", None, 9)]
    wanted = missing(rows, ["smart", "short"], ["ecc", "links"], ["A", "B", "C", "D"])
    short = {("short", serial) for serial in "ABCD"}
    assert wanted == {("smart", "B"), ("smart", "D"), ("ecc", ""), ("links", ""), *short}
    assert missing([ended("ecc", None, 2)], [], ["ecc"], []) == set()


def test_an_aborted_repetition_does_not_undo_a_pass() -> None:
    assert latest([ended("smart", "A", 2, 1), ended("smart", "A", 5, 2)])[0].code == 2
    assert latest([ended("smart", "A", 2, 1), ended("smart", "A", 3, 2)])[0].code == 3
    assert latest([ended("smart", "A", 5, 1), ended("smart", "A", 9, 2)])[0].code == 9


def test_a_silent_server_is_no_overrun() -> None:
    assert suspects([overrun("short", "A"), ended("short", "B", 4, runtime=30.0)]) == {"A"}
    assert "overran its limit of 10 min" in overrun("short", "A").told
    assert "the server fell silent" in ended("short", "B", 4, runtime=30.0).told
    assert not replace(overrun("long", "A"), limit=None).overran


def test_a_drive_that_overran_runs_last_and_alone() -> None:
    slow = [overrun("short", "S"), overrun("short", "T")]
    pairs = {("short", "S"), ("short", "T"), ("smart", "T"), ("short", "A"), ("ecc", "")}
    assert next_run(pairs, slow) == {"short": {"A"}, "ecc": set()}
    assert next_run({("short", "S"), ("short", "T"), ("smart", "T")}, slow) == {"short": {"S"}}
    assert next_run({("short", "T"), ("smart", "T")}, slow) == {"short": {"T"}, "smart": {"T"}}


def test_aborted_neighbours_are_tried_again_and_nobody_else() -> None:
    rows = [overrun("short", "S"), ended("short", "A", 5), ended("short", "B", 2), ended("smart", "S", 5)]
    pairs = {("short", "S"), ("short", "A"), ("short", "B"), ("smart", "S")}
    assert pairs - given_up(pairs, rows) == {("short", "A")}
    # Somebody aborted it all: no drive is to blame, and nothing goes round in circles.
    assert given_up(pairs, [ended("short", "A", 5), ended("short", "B", 2)]) == pairs


def test_a_row_comes_back_out_of_the_archive() -> None:
    meta = {"script": "fio", "serial": "A", "status": "Passed", "code": 2, "exit": 0, "runtime": 61.5}
    row = parse_row("12/345", meta | {"limit": None, "part": "", "result": "results: {}"})
    assert row is not None and row.order == (12, 345) and row.runtime == 61.5 and row.result == "results: {}"
    assert parse_row("12/345", {"script": "fio", "status": "Passed"}) is None
    assert parse_row("report", meta) is None


def known() -> dict[str, Script]:
    found = {}
    for each in builtin(0):
        if each.type == 2:
            found[each.name] = Script(
                each.name,
                each.title,
                2,
                int(each.hardware_type),
                tuple(each.tags),
                each.destructive,
                True,
                float(each.timeout),
                tuple(each.parameters),
            )
    return found | own_tests()


def test_the_default_choice_is_whole_and_harmless() -> None:
    choice = chosen(Hardware(), known())
    assert choice.problems == () and choice.destructive == [] and choice.harmless == ["c3-smart"]
    assert choice.others == [
        "stress-ng-memory-short",
        "c3-ecc",
        "stress-ng-cpu-short",
        "c3-nics",
        "c3-links",
        "c3-clock",
    ]
    assert choice.limit("c3-smart") == 300 and choice.limit("stress-ng-cpu-short") == 300


def test_what_the_plan_names_wrongly_is_said() -> None:
    plan = Hardware(tests=["nope", "storage"], select=TestSelection(memory=["stress-ng-cpu-short"]))
    said = "; ".join(chosen(plan, known()).problems)
    assert "nope is unknown" in said and "storage is a tag" in said and "MAAS has 7z, badblocks" in said
    assert "stress-ng-cpu-short is a test for cpu, and stands under hardware.select.memory" in said
    plan = Hardware(tests=["fio", "smartctl-long"], select=NONE, limits={"smartctl-long": 90_000})
    choice = chosen(plan, known())
    assert (choice.destructive, choice.harmless, choice.problems) == (["fio"], ["smartctl-long"], ())
    assert choice.limit("smartctl-long") == 90_000 and choice.limit("fio") is None
    with pytest.raises(ValidationError):
        Hardware(limits={"smartctl-short": 5})


def running(script: str, seconds: float | None, serial: str = "A", estimated: float | None = None) -> Row:
    """A row that has run so long by MAAS's clock, or passed when ``seconds`` is None."""
    start = NOW - timedelta(seconds=seconds or 60)
    end = NOW if seconds is None else None
    code, word = (2, "Passed") if seconds is None else (1, "Running")
    runtime = 60.0 if seconds is None else None
    return Row(ROW[0], script, code, word, None, serial, "sda", "", start, end, runtime, False, estimated)


ROW = [1]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def results(*rows: Row) -> ResultSet:
    return ResultSet(7, "Testing", 1, "Running", None, None, rows, NOW)


def test_progress_says_what_runs_where_and_what_is_overdue() -> None:
    timings, bays = Timings(), {"A": "bay 3", "B": "bay 4", "C": "bay 5"}
    rows = (running("short", 70, "A"), running("short", 20, "B"), running("smart", None, "C"))
    fraction, detail = told(results(*rows), timings, bays)
    assert fraction == pytest.approx(1 / 3) and detail == "1 of 3; short on bay 3, bay 4, for 70 s"
    timings.learn(results(running("short", None)))
    assert told(results(*rows), timings, bays)[1] == "1 of 3; short on bay 3, bay 4, 70 s of about 60 s"
    late = results(*(running("short", 200, serial) for serial in "ABC"))
    assert told(late, timings, bays)[1] == "0 of 3; short on bay 3 and 2 more, 3 min of about 60 s, overdue"
    only_maas = results(running("long", 3600, estimated=7200.0))
    assert told(only_maas, timings, {})[1] == "0 of 1; long on sda, 60 min of about 2.0 h"


@pytest.mark.parametrize("media", list(Media))
def test_every_class_of_drive_reports_its_faults_and_nothing_when_it_is_sound(media: Media) -> None:
    room = Room(Scenario(servers=1, bays=2, media={media: [1]}))
    bay = room.chassis[0].bays[1]
    drive = bay.drive
    assert drive is not None and exit_status(drive) == 0
    sound = report(drive)
    assert sound["smart_status"]["passed"] is True and sound["serial_number"] == drive.serial
    dead = report(drive.model_copy(update={"failed": True}))
    assert dead["smart_status"]["passed"] is False and dead["smartctl"]["exit_status"] & 0b1000
    moved = report(drive.model_copy(update={"condition": Condition(reallocated=387)}))
    assert moved["smart_status"]["passed"] is True and moved["smartctl"]["exit_status"] == 0
    assert "387" in str({key: moved[key] for key in moved if key not in sound or moved[key] != sound[key]})
    silent = report(drive.model_copy(update={"condition": Condition(smart=False)}))
    assert "smart_status" not in silent and silent["device"]["type"] == "scsi"
    assert bay.kernel_name == ("nvme0n1" if media is Media.NVME else "sdb")


def test_the_faults_of_drives() -> None:
    room = Room(Scenario(servers=1, bays=4, media={Media.SSD: [2], Media.NVME: [3]}))
    box = room.chassis[0]
    for kind, slot in (("worn-drive", 1), ("worn-drive", 2), ("worn-drive", 3)):
        break_drive(box, Fault(kind=FaultKind(kind), server=1, bay=slot))
    disk, flash, nvme = (bay.drive for bay in box.bays[1:])
    assert disk and flash and nvme
    assert report(disk)["power_on_time"]["hours"] > 50_000
    table = {row["id"]: row for row in report(flash)["ata_smart_attributes"]["table"]}
    assert (table[202]["raw"]["value"], table[202]["value"]) == (94, 6)
    assert report(nvme)["nvme_smart_health_information_log"]["percentage_used"] == 94
    break_drive(box, Fault(kind=FaultKind.WRONG_BAY, server=1, bay=1))
    assert box.bays[1].drive and not box.bays[1].drive.rotational
    assert room.swap(box, 1).rotational and room.swap(box, 3).transport == "nvme"


def test_slow_and_hanging_drives_in_the_lab() -> None:
    import random

    drive = make_drive(random.Random(1), 1)
    scripts = {each.name: each for each in builtin(0)}
    slow = drive.model_copy(update={"condition": Condition(pace=0.4)})
    assert seconds_on(scripts["smartctl-short"], drive) == 130
    assert seconds_on(scripts["smartctl-short"], slow) == 325
    quick, late = (on_disk(scripts["fio"], each, "/dev/sdb").result for each in (drive, slow))
    assert _speed(late) == pytest.approx(0.4 * _speed(quick), rel=0.01)
    hangs = drive.model_copy(update={"condition": Condition(hangs_in="fio")})
    assert seconds_on(scripts["fio"], hangs) is None and seconds_on(scripts["smartctl-short"], hangs) == 130
    logged = drive.model_copy(update={"condition": Condition(logged_errors=12)})
    assert exit_status(logged) == 64 and on_disk(scripts["smartctl-validate"], logged, "x").exit_status != 0
    assert report(logged)["ata_smart_error_log"]["summary"]["count"] == 12


def _speed(result: str) -> int:
    return int(result.split("sequential_read: ")[1].split()[0])
