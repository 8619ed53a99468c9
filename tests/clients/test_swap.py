"""Drives swapped right and wrong: what C3 sees by its bay map, in band, and by scanned labels."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli.compose import engine_of
from c3tui.clients.nodes import ensure_key
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError, Unreachable
from c3tui.engine.site import Site
from c3tui.lab import technician
from c3tui.lab.control import Control
from c3tui.lab.nodes import NodesLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, Scenario
from c3tui.lab.site import write_site
from c3tui.model.finding import Severity
from c3tui.model.fleet import Bay, Drive, Server, Stage, TestState, Use
from c3tui.model.replacement import Phase, Replacement
from c3tui.model.run import Outcome
from c3tui.steps import peers
from tests.support import campaigns as support
from tests.support.campaigns import Campaigns, campaigns, fault
from tests.support.rehearsal import until

PLAN = {"tests": ["smartctl-validate"], "select": {"memory": ["c3-ecc"], "cpu": []}}
BAY = "c3-001/bay01"
NOBODY: dict[str, Any] = {"technician": {"present": False}}

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(support, "OCTET", 84)
    monkeypatch.setattr(support, "PORT", 6284)


def told(world: Campaigns, check: str) -> list[dict[str, Any]]:
    """What the journal says of findings of one check, the oldest first."""
    journal = world.engine.store.journal(limit=100_000)
    return [{"what": each.what, **each.data} for each in journal if each.data.get("check") == check]


def mark_of(world: Campaigns, bay: str = BAY) -> Replacement:
    (found,) = [each for each in world.engine.store.all(Replacement) if each.bay == bay]
    return found


@asynccontextmanager
async def marked(directory: Path, *more: Fault, **plan: Any) -> AsyncIterator[Campaigns]:
    """Two servers of four bays, tested: the drive in bay 1 of the first is marked, and nobody swaps it."""
    faults = (fault("dead-drive", 1, 1), *more)
    async with campaigns(directory, *faults, bays=4, hardware=PLAN | plan, **NOBODY) as world:
        await world.ready()
        await world.run("hardware")
        assert mark_of(world).phase is Phase.LOCATED
        yield world


def visit(world: Campaigns, how: technician.How) -> str:
    return technician.visit(world.room, world.room.chassis[0], 1, how).serial


async def test_the_wrong_drive_taken_out_is_named_with_what_to_do_and_put_right(tmp_path: Path) -> None:
    async with marked(tmp_path) as world:
        sound, bad = world.drive("c3-001", 2), world.drive("c3-001", 1)
        box = world.room.chassis[0]
        taken = box.bay(2).drive
        new = visit(world, "wrong-bay")
        await world.run("hardware")
        found = world.opened()["replacement.wrong-bay:c3-001/bay02"]
        assert found.severity is Severity.CRITICAL
        assert f"{sound.serial} was taken out of c3-001/bay02 and {new} sits there" in found.message
        assert f"the marked drive {bad.serial} is still in {BAY}" in found.message
        assert found.remedy.startswith(
            f"Put {sound.serial} back into bay 02, then pull {bad.serial} out of bay 01"
        )
        assert mark_of(world).open

        world.room.swap(box, 2, drive=taken)
        tested = await world.tested("c3-001")
        right = visit(world, "right")
        run = await world.run("hardware")
        assert mark_of(world).phase is Phase.CLOSED and run.outcome is Outcome.DONE, run.summary
        assert not world.opened()
        # What came back keeps its results; only the new drive was tested.
        assert world.drive("c3-001", 2).serial == sound.serial
        assert {drive.test for _, drive in world.server("c3-001").drives()} == {TestState.PASSED}
        assert await world.tested("c3-001") == tested + 1
        (started,) = world.started(run)
        assert started.endswith(f" on {right}")


async def test_two_drives_that_changed_places_are_no_replacement(tmp_path: Path) -> None:
    async with marked(tmp_path) as world:
        box = world.room.chassis[0]
        marked_one, sound = box.bay(1).drive, box.bay(2).drive
        world.room.swap(box, 1, drive=sound)
        world.room.swap(box, 2, drive=marked_one)
        await world.run("hardware")
        said = world.opened()["replacement.wrong-bay:c3-001/bay02"].message
        assert marked_one and sound
        assert f"the marked drive {marked_one.serial} is still in c3-001/bay02; it is in {BAY} now" in said
        assert mark_of(world).phase is Phase.LOCATED


async def test_the_same_drive_is_refused_and_said_for_certain_when_a_label_was_scanned(
    tmp_path: Path,
) -> None:
    async with marked(tmp_path) as world:
        visit(world, "same")
        await world.run("hardware")
        still = world.opened()["replacement.same-drive:" + BAY]
        assert still.severity is Severity.INFO and "still in the bay, or was put back" in still.message
        answer = await world.engine.command("scan", {"serial": "S/N: NEW-1"}, "bob")
        assert answer == {"replacement": mark_of(world).id, "bay": BAY, "serial": "NEW-1", "phase": "located"}
        await world.run("hardware")
        back = world.opened()["replacement.same-drive:" + BAY]
        assert back.severity is Severity.WARNING and "is back in the bay, not NEW-1" in back.message
        # What came in the end is another than what was scanned: it is tested, and said.
        new = visit(world, "right")
        await world.run("hardware")
        assert mark_of(world).phase is Phase.CLOSED
        (other,) = world.opened().values()
        assert other.id == f"replacement.not-announced:{BAY}" and other.message.startswith(
            "NEW-1 was scanned"
        )
        assert new in other.message


async def test_an_empty_bay_and_a_smaller_drive_and_the_one_that_was_scanned(tmp_path: Path) -> None:
    async with marked(tmp_path) as world:
        bay = world.room.chassis[0].bay(1)
        old, bay.drive = bay.drive, None
        await world.run("hardware")
        assert mark_of(world).phase is Phase.PULLED
        bay.drive = old
        await world.run("hardware")
        assert world.opened()["replacement.same-drive:" + BAY].severity is Severity.WARNING
        visit(world, "smaller")
        await world.run("hardware")
        assert set(world.opened()) & {"replacement.smaller:" + BAY, "replacement.same-drive:" + BAY} == {
            "replacement.smaller:" + BAY
        }
        new = visit(world, "right")
        await world.engine.command("scan", {"serial": new.lower()}, "bob")
        await world.run("hardware")
        assert mark_of(world).phase is Phase.CLOSED and not world.opened()
        assert [line.split()[2] for line in mark_of(world).history] == [
            "marked:", "located:", "pulled:", "announced:", "replaced:", "retested:", "closed:",
        ]  # fmt: skip


@pytest.mark.parametrize("mistake", ["swaps-wrong-bay", "same-drive-back", "smaller-drive"])
async def test_every_mistake_of_the_technician_is_found_while_c3_waits(tmp_path: Path, mistake: str) -> None:
    checks = {"swaps-wrong-bay": "wrong-bay", "same-drive-back": "same-drive", "smaller-drive": "smaller"}
    faults = (fault("dead-drive", 1, 1), fault(mistake, 1, 1))
    async with campaigns(tmp_path, *faults, servers=1, bays=4, hardware=PLAN | {"swap_wait": 20}) as world:
        await world.ready()
        run = await world.run("hardware")
        assert run.outcome is Outcome.DONE, run.summary
        said = [each["what"] for each in told(world, f"replacement.{checks[mistake]}")]
        assert said[0] == "finding opened" and said[-1] == "finding fixed"
        others = {"replacement.wrong-bay", "replacement.smaller"} - {f"replacement.{checks[mistake]}"}
        assert [told(world, check) for check in others] == [[]] * len(others)
        assert not world.opened() and mark_of(world).phase is Phase.CLOSED


async def test_marks_on_servers_in_production_are_shown_and_not_touched(tmp_path: Path) -> None:
    async with marked(tmp_path) as world:
        host = world.server("c3-001").model_copy(update={"in_production": True, "stage": Stage.NODE})
        with world.engine.store.transaction("test") as transaction:
            transaction.put(host)
        boots, tested = world.room.chassis[0].boots, await world.tested("c3-001")
        checked = await world.engine.check("hardware", "ann")
        assert checked.done and not checked.missing, checked.missing
        await world.engine.command(
            "mark", {"server": "c3-002", "kind": "psu", "place": "PSU1", "reason": "x"}, "ann"
        )
        assert (await world.engine.check("hardware", "ann")).done
        await world.run("hardware")
        assert (world.room.chassis[0].boots, await world.tested("c3-001")) == (boots, tested)
        assert mark_of(world).phase is Phase.LOCATED


async def test_withdrawn_marks_leave_the_hardware_and_bulk_verdicts_do_too(tmp_path: Path) -> None:
    async with marked(tmp_path, fault("dead-drive", 2, 3)) as world:
        assert [box.bmc.identify for box in world.room.chassis] == [True, True]
        assert len(world.room.marks) == 2
        bays = [BAY, "c3-002/bay03"]
        told_so = {"bays": bays, "decision": "accept", "reason": "they are spare"}
        assert await world.engine.command("verdicts", told_so, "ann") == {"verdicts": 2, "left": []}
        assert [box.bmc.identify for box in world.room.chassis] == [False, False]
        maas = await world.maas()
        machines = [await maas.machine(world.server(name).system_id) for name in ("c3-001", "c3-002")]
        assert not [disk for each in machines for disk in each.disks if "c3-replace" in disk.tags]


async def answers(site: Site, address: str) -> bool:
    try:
        return bool(await peers.shell(site).trust(address))
    except Unreachable:
        return False


@asynccontextmanager
async def running(directory: Path) -> AsyncIterator[tuple[Room, Engine]]:
    """A server that runs, in production, with a drive on its way out; reached over SSH."""
    room = Room(Scenario(servers=1, bays=3, octet=84, bmc_port=6284, ssh_port=2284))
    write_site(directory, room, "http://127.0.0.1:9/MAAS/", "consumer:token:secret")
    site = Site.load(directory, {})
    control = Control(directory / "lab.sock")
    nodes = NodesLab(room, directory / "nodes", control.path)
    for name, operation in nodes.operations().items():
        control.add(name, operation)
    await control.start()
    await nodes.start(2284)
    box = room.chassis[0]
    box.os_name, box.hostname = "ubuntu/noble", box.name
    box.address = str(room.scenario.cluster.network_address + 10)
    box.authorized_keys = [ensure_key(peers.key_file(site))]
    room.emit("installed", box)
    box.powered = box.os_running = True
    room.emit("os-up", box)
    await until(lambda: answers(site, box.address), "the server over SSH")
    engine = engine_of(site, services=False)
    await engine.start()
    with engine.store.transaction("test") as transaction:
        bays = [
            Bay(
                slot=each.slot,
                path=each.by_path,
                drive=Drive(
                    serial=each.drive.serial,
                    wwn=each.drive.wwn,
                    size=each.drive.size,
                    test=TestState.PASSED,
                    use=Use.DATA if each.slot else Use.SYSTEM,
                ),
            )
            for each in box.bays
            if each.drive
        ]
        server = Server(
            id=box.name, name=box.name, rack="r01", unit=1, stage=Stage.NODE, in_production=True,
            address=box.address, bays=bays,
        )  # fmt: skip
        transaction.put(server)
    try:
        yield room, engine
    finally:
        await engine.close()
        await nodes.close()
        await control.close()
        await room.close()


async def test_a_running_server_tells_what_sits_in_its_marked_bays(tmp_path: Path) -> None:
    async with running(tmp_path) as (room, engine):
        with pytest.raises(InputError, match="no running server"):
            await engine.command("look", {}, "ann")
        name, box = room.chassis[0].name, room.chassis[0]
        bay = f"{name}/bay01"
        await engine.command("verdict", {"bay": bay, "decision": "replace", "reason": "OSD down"}, "ann")
        told_so = await engine.command("look", {}, "ann")
        assert not told_so["failed"] and told_so["seen"][bay].endswith(": marked")
        room.swap(box, 1)
        await asyncio.sleep(0)
        told_so = await engine.command("look", {"servers": [name]}, "ann")
        new = box.bay(1).drive
        assert new and told_so["seen"] == {bay: f"{new.serial}: replaced"}
        host = engine.store.get(Server, name)
        assert host and host.bays[1].drive
        assert (host.bays[1].drive.serial, host.bays[1].drive.size) == (new.serial, new.size)
        assert host.bays[1].drive.test is TestState.NOT_TESTED
        closing = {"replacement": bay, "phase": "closed", "note": "osd.7 is up"}
        await engine.command("part", closing, "ann")
        (mark,) = engine.store.all(Replacement)
        assert mark.phase is Phase.CLOSED and mark.new and mark.new.serial == new.serial
