"""The test campaign against the lab's MAAS: what is found, what is not invented, what is tried again."""

from pathlib import Path

import pytest

from c3tui.clients.maas import Status
from c3tui.model.campaign import ARCHIVE
from c3tui.model.fleet import Stage, TestState
from c3tui.model.replacement import Phase, Replacement
from c3tui.model.run import Outcome
from c3tui.steps.testing import rows_of
from tests.support.campaigns import campaigns, fault

QUICK = {"tests": ["smartctl-validate"], "select": {"memory": ["c3-ecc"], "cpu": []}}
SHORT = QUICK | {"tests": ["smartctl-validate", "smartctl-short"]}
OWN = {"c3-ecc", "c3-links", "c3-clock", "c3-nics"}

pytestmark = pytest.mark.timeout(60)


async def test_faults_are_found_none_is_invented_and_the_untested_are_tried_again(tmp_path: Path) -> None:
    faults = (
        fault("dead-drive", 1, 2),
        fault("no-smart", 1, 1),
        fault("logged-errors", 2, 1),
        fault("no-packages", 3, detail="smartctl-short"),
    )
    nobody = {"present": False}
    async with campaigns(tmp_path, *faults, servers=3, bays=3, hardware=QUICK, technician=nobody) as world:
        await world.ready()
        run = await world.run("hardware")
        assert run.outcome is Outcome.WARNING, run.summary
        assert {victim.server for victim in run.victims} == {"c3-001"}
        states = {
            (name, bay.slot): drive.test
            for name in ("c3-001", "c3-002", "c3-003")
            for bay, drive in world.server(name).drives()
        }
        assert states.pop(("c3-001", 2)) is TestState.FAILED
        assert states.pop(("c3-001", 1)) is TestState.NOT_TESTED
        # smartctl ends with 64 on this one, and MAAS's own test fails it.
        assert world.drive("c3-002", 1).test_detail.startswith("SMART passed: ")
        assert set(states.values()) == {TestState.PASSED}
        assert "the drive gives itself up" in world.drive("c3-001", 2).test_detail
        assert "the device has no SMART" in world.drive("c3-001", 1).test_detail
        assert set(world.opened()) == {"drive.replace:c3-001/bay02", "drive.not-tested:c3-001/bay01"}
        assert [mark.bay for mark in world.engine.store.all(Replacement)] == ["c3-001/bay02"]

        whole = rows_of(world.engine.store, "c3-002")
        assert {row.script for row in whole if row.serial is None} == OWN
        assert all(row.runtime is not None and row.exit == 0 for row in whole if row.script == "c3-smart")
        kept = [each for each in world.engine.store.archived(ARCHIVE, "c3-002") if each.meta["serial"]]
        assert len(kept) == 6 and all(each.body for each in kept)

        # A drive that nobody tested and nobody accepted is tried again, alone; nothing else is.
        checked = await world.engine.check("hardware", "ann")
        serial = world.drive("c3-001", 1).serial
        assert "test c3-001 on 1 drive: c3-smart, smartctl-validate" in checked.missing
        again = await world.run("hardware")
        assert world.started(again) == [f"c3-smart, smartctl-validate on {serial}"]
        assert [await world.tested(name) for name in ("c3-001", "c3-002", "c3-003")] == [2, 1, 1]
        await world.engine.command(
            "verdict", {"bay": "c3-001/bay01", "decision": "accept", "reason": "behind a RAID card"}, "ann"
        )
        checked = await world.engine.check("hardware", "ann")
        assert [line for line in checked.missing if line.startswith("test ")] == []


async def test_a_drive_that_overruns_costs_its_neighbours_nothing(tmp_path: Path) -> None:
    slow = fault("overruns", 1, 2, detail="smartctl-conveyance")
    tests = {"tests": ["smartctl-conveyance", "smartctl-short"], "limits": {"smartctl-conveyance": 600.0}}
    async with campaigns(tmp_path, slow, servers=2, bays=4, hardware=QUICK | tests) as world:
        await world.ready()
        run = await world.run("hardware")
        drives = {bay.slot: drive for bay, drive in world.server("c3-001").drives()}
        assert drives[2].test is TestState.NOT_TESTED
        assert "overran its limit of 10 min" in drives[2].test_detail
        aborted = "smartctl-short did not run to its end: was aborted"
        assert aborted in drives[2].test_detail
        assert {drives[slot].test for slot in (0, 1, 3)} == {TestState.PASSED}
        assert run.outcome is Outcome.WARNING and [each.server for each in run.victims] == ["c3-001"]
        # MAAS gave the whole server up, with all that was still to come on it.
        others = ", ".join(sorted(drives[slot].serial for slot in (0, 1, 3)))
        assert world.started(run)[-1] == f"c3-nics, smartctl-short on {others}"
        assert [await world.tested(name) for name in ("c3-001", "c3-002")] == [2, 1]
        # The slow one is tried again alone, and its neighbours are left in peace.
        again = await world.run("hardware")
        assert world.started(again) == [f"smartctl-conveyance, smartctl-short on {drives[2].serial}"]
        assert aborted in world.drive("c3-001", 2).test_detail
        assert {drives[slot].test for slot in (0, 1, 3)} == {TestState.PASSED}


async def test_the_brake_stops_what_all_share(tmp_path: Path) -> None:
    faults = [fault("dead-drive", number, slot) for number in (1, 2, 3) for slot in (0, 1)]
    async with campaigns(tmp_path, *faults, servers=5, bays=2, hardware=QUICK | {"wave": 3}) as world:
        await world.ready()
        run = await world.run("hardware")
        assert run.outcome is Outcome.FAILED and "3 of the 3 servers of wave 1 of 2" in run.summary
        assert "the drive gives itself up" in run.summary and "2 were not begun" in run.summary
        assert [await world.tested(f"c3-00{n}") for n in range(1, 6)] == [1, 1, 1, 0, 0]
        assert "hardware.brake:site" in world.opened()


async def test_packages_that_cannot_be_had_are_no_pass_and_no_fault_of_the_drive(tmp_path: Path) -> None:
    away = fault("no-packages", 1, detail="smartctl-short", times=1)
    async with campaigns(tmp_path, away, servers=1, bays=2, hardware=SHORT) as world:
        await world.ready()
        await world.run("hardware")
        untested = [
            drive for _, drive in world.server("c3-001").drives() if drive.test is not TestState.PASSED
        ]
        assert [drive.test for drive in untested] == [TestState.NOT_TESTED]
        assert "could not install its packages" in untested[0].test_detail
        assert world.server("c3-001").stage is Stage.TESTED and not world.server("c3-001").trouble
        again = await world.run("hardware")
        assert again.outcome is Outcome.DONE, again.summary
        assert {drive.test for _, drive in world.server("c3-001").drives()} == {TestState.PASSED}


async def test_names_that_maas_does_not_have_and_tags_are_told_before_anything_runs(tmp_path: Path) -> None:
    wrong = QUICK | {"tests": ["storage", "nope"], "limits": {"c3-smart": 90.0}}
    async with campaigns(tmp_path, servers=1, bays=2, hardware=wrong) as world:
        await world.ready()
        run = await world.run("hardware")
        assert run.outcome is Outcome.FAILED and await world.tested("c3-001") == 0
        said = world.opened()["hardware.unknown-test:site"].message
        assert "storage is a tag" in said and "nope is unknown" in said and "smartctl-short" in said
        assert "c3-smart carries a limit of its own" in said


async def test_a_limit_of_the_plan_is_set_in_maas(tmp_path: Path) -> None:
    plan = SHORT | {"limits": {"smartctl-short": 120.0}}
    async with campaigns(tmp_path, servers=1, bays=2, hardware=plan) as world:
        await world.ready()
        await world.run("hardware")
        scripts = {script.name: script for script in await (await world.maas()).scripts("testing")}
        assert scripts["smartctl-short"].timeout == 120
        # Every short test takes 130 s here: MAAS ended them, and the neighbours went on.
        states = {drive.test_detail for _, drive in world.server("c3-001").drives()}
        assert states == {"smartctl-short did not run to its end: overran its limit of 2 min"}


async def test_destructive_tests_want_the_word_and_leave_what_holds_data(tmp_path: Path) -> None:
    async with campaigns(tmp_path, servers=1, bays=3, hardware=QUICK | {"tests": ["fio"]}) as world:
        await world.ready()
        listed = await world.engine.destroys("hardware", "ann")
        serials = [world.drive("c3-001", slot).serial for slot in (0, 1, 2)]
        assert [serial for serial in serials if any(serial in line for line in listed)] == serials[1:]
        run = await world.run("hardware")
        assert run.outcome is Outcome.FAILED and await world.tested("c3-001") == 0
        run = await world.run("hardware", confirm="rehearsal")
        assert run.outcome is Outcome.DONE, run.summary
        rows = [row for row in rows_of(world.engine.store, "c3-001") if row.script == "fio"]
        assert sorted(row.serial or "" for row in rows) == sorted(serials[1:])
        assert all("sequential_read: " in row.result for row in rows)
        held = world.opened()["drive.holds-data:c3-001/bay00"].message
        assert serials[0] in held and "GPT partitioned" in held
        assert world.drive("c3-001", 0).test is TestState.PASSED
        assert await world.engine.destroys("hardware", "ann") == []


async def test_a_server_in_production_is_never_tested(tmp_path: Path) -> None:
    async with campaigns(tmp_path, servers=2, bays=2, hardware=QUICK | {"tests": ["fio"]}) as world:
        await world.ready()
        with world.engine.store.transaction("ann") as transaction:
            transaction.put(world.server("c3-001").model_copy(update={"in_production": True}))
        assert not [line for line in await world.engine.destroys("hardware", "ann") if "c3-001" in line]
        await world.run("hardware", confirm="rehearsal")
        assert [await world.tested("c3-001"), await world.tested("c3-002")] == [0, 1]


@pytest.mark.parametrize("mistake", ["swaps-wrong-bay", "same-drive-back", "smaller-drive"])
async def test_the_technicians_mistakes_are_seen_and_every_mark_closes(tmp_path: Path, mistake: str) -> None:
    faults = (fault("dead-drive", 1, 1), fault(mistake, 1, 1))
    plan = QUICK | {"swap_wait": 20}
    async with campaigns(tmp_path, *faults, servers=1, bays=4, hardware=plan) as world:
        await world.ready()
        before = {bay.slot: drive.serial for bay, drive in world.server("c3-001").drives()}
        size = world.drive("c3-001", 1).size
        run = await world.run("hardware")
        assert run.outcome is Outcome.DONE, run.summary
        assert {mark.phase for mark in world.engine.store.all(Replacement)} == {Phase.CLOSED}
        now = {bay.slot: drive for bay, drive in world.server("c3-001").drives()}
        assert {drive.test for drive in now.values()} == {TestState.PASSED}
        changed = {slot for slot, drive in now.items() if drive.serial != before[slot]}
        assert changed == ({1, 2} if mistake == "swaps-wrong-bay" else {1})
        assert now[1].size == size and not world.opened()
        if mistake == "smaller-drive":
            told = [each.data for each in world.engine.store.journal(limit=10_000, subject="c3-001")]
            assert any(each.get("check") == "replacement.smaller" for each in told)


async def test_results_that_ended_with_no_engine_are_archived_and_not_repeated(tmp_path: Path) -> None:
    async with campaigns(tmp_path, servers=1, bays=2, hardware=QUICK) as world:
        await world.ready()
        run, task = world.engine.begin("hardware", "ann")
        await world.until("c3-001", Status.TESTING)
        task.cancel()
        await task
        await world.until("c3-001", None)
        again = await world.run("hardware")
        assert again.outcome is Outcome.DONE and again.id != run.id, again.summary
        assert await world.tested("c3-001") == 1
        names = [each.name for each in world.engine.store.archived(ARCHIVE, "c3-001")]
        assert len(names) == len(set(names)) == 2 * 2 + 4
