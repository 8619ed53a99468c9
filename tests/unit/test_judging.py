"""Judging by the archive alone: drives, siblings, the plan's own limits; twice is once."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.engine import decisions
from c3tui.engine.errors import InputError
from c3tui.model.evidence import (
    Klass,
    SmartEvidence,
)
from c3tui.model.fleet import Stage, TestState
from c3tui.model.hwprofile import DriveFact, Parts, Profile
from c3tui.model.judged import Judged
from c3tui.model.replacement import Decision, Part, Replacement, Verdict
from c3tui.steps.judging import judge_all, judge_server, stale
from tests.support.archives import SIZE, Fleet, fleet
from tests.support.reports import hdd, row, ssd


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Fleet]:
    made = await fleet(tmp_path / "site")
    try:
        yield made
    finally:
        await made.engine.close()


BAD = hdd(row(5, "Reallocated_Sector_Ct", 387))
WORN = ssd(endurance_used={"current_percent": 73})


async def test_a_sound_fleet_is_good_and_nothing_is_invented(site: Fleet) -> None:
    count = await judge_all(site.ctx)
    assert count == {Klass.GOOD: 20} and not site.opened() and not site.engine.store.all(Replacement)
    judged = site.judged("c3-003", 1)
    assert (judged.serial, judged.firmware, judged.evidence) == ("ZX003001", "F1", ("1/2",))
    assert judged.numbers == {
        "hours": 2000,
        "reallocated": 0,
        "pending": 0,
        "uncorrectable": 0,
        "crc_errors": 0,
        "temperature_c": 30,
    }
    drive = site.server("c3-003").drives()[1][1]
    assert drive.test is TestState.PASSED and drive.test_detail == judged.headline


async def test_a_bad_drive_is_marked_with_its_numbers_and_judged_twice_nothing_changes(site: Fleet) -> None:
    site.set_id = 2
    site.report("c3-002", 1, BAD)
    judge_server(site.ctx, "c3-002")
    assert site.judged("c3-002", 1).klass is Klass.REPLACE
    found = site.opened()["drive.replace:c3-002/bay01"]
    assert "ACME ATA ZX002001: 387 reallocated sectors (replace from 50)" in found.message
    (mark,) = site.engine.store.all(Replacement)
    assert (mark.bay, mark.old.serial) == ("c3-002/bay01", "ZX002001") and "387" in mark.reason
    assert mark.judged and mark.judged.digest == site.judged("c3-002", 1).digest
    assert site.server("c3-002").drives()[1][1].test is TestState.FAILED
    await judge_all(site.ctx)
    before = site.engine.store.cursor
    assert not stale(site.engine.store, site.engine.site.plan)
    await judge_all(site.ctx)
    for name in site.names():
        judge_server(site.ctx, name)
    assert site.engine.store.cursor == before


async def test_all_of_a_judgement_is_written_or_none_and_what_is_missing_is_seen(
    site: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    site.set_id = 2
    site.report("c3-002", 1, BAD)
    monkeypatch.setattr("c3tui.steps.judging.record.Book._findings", dies)
    before = site.engine.store.cursor
    with pytest.raises(KeyboardInterrupt):
        judge_server(site.ctx, "c3-002")
    assert site.engine.store.cursor == before and not list(site.engine.store.archived("evidence"))
    monkeypatch.undo()
    # Killed between what was judged and the mark: the mark comes with the next judgement.
    monkeypatch.setattr("c3tui.steps.judging.record.Book._mark", dies)
    with pytest.raises(KeyboardInterrupt):
        await judge_all(site.ctx)
    monkeypatch.undo()
    assert site.judged("c3-002", 1).klass is Klass.REPLACE and not site.engine.store.all(Replacement)
    assert stale(site.engine.store, site.engine.site.plan) == "judge all drives beside their siblings"
    await judge_all(site.ctx)
    assert [mark.bay for mark in site.engine.store.all(Replacement)] == ["c3-002/bay01"]


async def test_what_grew_during_the_tests_counts(site: Fleet) -> None:
    site.set_id = 2
    site.report("c3-001", 0, hdd(row(5, "Reallocated_Sector_Ct", 3)))
    judge_server(site.ctx, "c3-001")
    assert "reallocated sectors grew from 0 to 3" in site.judged("c3-001", 0).headline


async def test_siblings_are_compared_once_all_are_there_and_kept_when_one_is_judged_again(
    site: Fleet,
) -> None:
    site.set_id = 2
    for n, name in enumerate(site.names()):
        for slot in range(2):
            seconds = 300.0 if (n, slot) == (4, 0) else 120.0 + n
            serial = site.server(name).drives()[slot][1].serial
            site.row(name, "smartctl-short", serial, runtime=seconds)
    site.report("c3-007", 1, hdd(firmware_version="F0"))
    await judge_all(site.ctx)
    slow, old = site.judged("c3-005", 0), site.judged("c3-007", 1)
    assert slow.klass is Klass.WATCH and "slow sibling: self-test took 300 s, 19 siblings" in slow.headline
    assert old.headline == "firmware F0, 19 of 20 of this model run F1" and slow.numbers["selftest_s"] == 300
    assert set(site.opened()) == {"drive.watch:c3-005/bay00", "drive.watch:c3-007/bay01"}
    judge_server(site.ctx, "c3-005")
    assert site.judged("c3-005", 0).says_as(slow)


async def test_a_bay_of_a_golden_server_says_what_belongs_there(site: Fleet) -> None:
    parts = Parts(drives=[DriveFact(bay=slot, model="ACME ATA", size=SIZE) for slot in range(2)])
    site.put(Profile(id="standard", server="c3-001", parts=parts))
    site.set_id = 2
    site.report("c3-002", 0, ssd())
    judge_server(site.ctx, "c3-002")
    assert "SSD in a bay for HDD" in site.judged("c3-002", 0).headline


async def test_other_limits_judge_anew_from_the_archive(site: Fleet) -> None:
    site.set_id = 2
    site.report("c3-004", 0, WORN)
    await judge_all(site.ctx)
    assert site.judged("c3-004", 0).klass is Klass.WATCH
    site.limits(wear={"replace": 72})
    assert stale(site.engine.store, site.engine.site.plan) == "thresholds changed: judge all drives anew"
    told = await site.engine.command("rejudge", {}, "ann")
    assert told["classes"] == {"good": 19, "watch": 0, "replace": 1, "not tested": 0}
    (changed,) = told["changed"]
    assert (changed["bay"], changed["before"], changed["class"]) == ("c3-004/bay00", "watch", "replace")
    assert [mark.bay for mark in site.engine.store.all(Replacement)] == ["c3-004/bay00"]
    assert set(site.opened()) == {"drive.replace:c3-004/bay00"}
    told = await site.engine.command("rejudge", {}, "ann")
    assert told["changed"] == []


async def test_reports_are_read_once_and_the_reading_survives_without_the_raw_one(
    site: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    await judge_all(site.ctx)
    monkeypatch.setattr("c3tui.steps.judging.evidence.read_smart", lambda text: pytest.fail("read again"))
    assert (await judge_all(site.ctx))[Klass.GOOD] == 20
    monkeypatch.undo()
    monkeypatch.setattr("c3tui.steps.judging.evidence.READING", 99)
    read: list[object] = []

    def reading(text: bytes) -> SmartEvidence:
        read.append(text)
        return SmartEvidence(problem="read in another way")

    monkeypatch.setattr("c3tui.steps.judging.evidence.read_smart", reading)
    assert (await judge_all(site.ctx))[Klass.NOT_TESTED] == 20 and len(read) == 20


async def test_a_decision_stands_until_the_evidence_is_worse(site: Fleet) -> None:
    site.set_id = 2
    site.report("c3-001", 0, WORN)
    judge_server(site.ctx, "c3-001")
    decisions.decide(site.engine.store, "c3-001/bay00", Decision.ACCEPT, "spare of a cache", "ann")
    judge_server(site.ctx, "c3-001")
    verdict = site.engine.store.get(Verdict, "c3-001/bay00:ZX001000")
    assert verdict and verdict.keeps
    site.limits(wear={"replace": 72})
    judge_server(site.ctx, "c3-001")
    verdict = site.engine.store.get(Verdict, "c3-001/bay00:ZX001000")
    assert verdict and verdict.asked_again and "judged watch then, and replace now" in verdict.why
    assert not site.engine.store.all(Replacement), "the engineer is asked, and not overruled"
    assert {"drive.replace:c3-001/bay00", "verdict.asked-again:c3-001/bay00"} <= set(site.opened())


async def test_what_runs_in_production_is_told_and_neither_marked_nor_taken_out(site: Fleet) -> None:
    await judge_all(site.ctx)
    site.change("c3-001", in_production=True, stage=Stage.NODE)
    site.set_id = 2
    site.report("c3-001", 0, BAD)
    await judge_all(site.ctx)
    assert site.judged("c3-001", 0).klass is Klass.REPLACE and not site.engine.store.all(Replacement)
    assert site.server("c3-001").drives()[0][1].test is TestState.PASSED
    assert "drive.replace:c3-001/bay00" in site.opened()


async def test_an_emptied_bay_has_no_judgement_and_no_finding_left(site: Fleet) -> None:
    site.set_id = 2
    site.report("c3-001", 0, WORN)
    await judge_all(site.ctx)
    assert "drive.watch:c3-001/bay00" in site.opened()
    server = site.server("c3-001")
    server.bays[0].drive = None
    site.put(server)
    judge_server(site.ctx, "c3-001")
    assert site.engine.store.get(Judged, "c3-001/bay00") is None and not site.opened()


async def test_a_drive_nobody_reported_on_is_not_tested_and_a_small_one_goes_out_again(site: Fleet) -> None:
    server = site.server("c3-001")
    assert server.bays[0].drive and server.bays[1].drive
    server.bays[0].drive.serial, server.bays[1].drive.serial = "NEW0", "NEW1"
    old = Part(serial="ZX001001", size=SIZE * 2)
    mark = {"id": "m", "server": "c3-001", "slot": 1, "bay": "c3-001/bay01", "reason": "bad", "by": "ann"}
    site.put(server, Replacement.model_validate(mark | {"old": old, "new": Part(serial="NEW1")}))
    site.set_id = 2
    site.report("c3-001", 1)
    judge_server(site.ctx, "c3-001")
    assert site.judged("c3-001", 0).klass is Klass.NOT_TESTED
    assert site.judged("c3-001", 0).headline == "no SMART report was made of it"
    assert "smaller than the 8 TB needed here" in site.judged("c3-001", 1).headline


async def test_nothing_is_judged_while_a_step_runs(site: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(site.engine), "active", property(lambda self: _Run()))
    with pytest.raises(InputError, match="deploy is running"):
        await site.engine.command("rejudge", {}, "ann")


class _Run:
    step = "deploy"
