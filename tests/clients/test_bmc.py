"""The BMC client against OpenIPMI's simulator and against the rehearsal lab's BMCs."""

import asyncio
import json
import logging
import shutil
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from c3tui.clients.bmc import BmcFleet, Target
from c3tui.engine.errors import InputError, Refused, Unauthorised, Unreachable
from c3tui.lab.scenario import Fault, FaultKind
from c3tui.model.fleet import BmcState, Power
from tests.clients import ipmi_sim
from tests.clients.bmc_wires import (
    PORT,
    Babbler,
    Mangle,
    among_garbage,
    complete,
    counted_sessions,
    lab,
    losing_every,
    rehearsed,
    relay,
    simulated,
    until,
)

Simulate = Callable[..., Awaitable[list[ipmi_sim.SimulatedBmc]]]

needs_ipmi_sim = pytest.mark.skipif(
    not ipmi_sim.PROGRAM, reason="ipmi_sim (Debian openipmi) is not installed"
)


@pytest.fixture
async def simulate(tmp_path: Path) -> AsyncIterator[Simulate]:
    """Starts so many ``ipmi_sim``."""
    bmcs: list[ipmi_sim.SimulatedBmc] = []

    async def start(count: int, **kind: Any) -> list[ipmi_sim.SimulatedBmc]:
        for number in range(1, count + 1):
            bmcs.append(ipmi_sim.prepare(tmp_path / f"bmc{number}", f"127.80.1.{number}", PORT, **kind))
        await ipmi_sim.answering(bmcs)
        return bmcs

    yield start
    for bmc in bmcs:
        bmc.stop()


@pytest.fixture
async def fleet() -> AsyncIterator[BmcFleet]:
    """A started client."""
    one = BmcFleet(poll=0.2)
    await one.start()
    yield one
    await one.close()


@needs_ipmi_sim
async def test_a_table_with_one_dead_and_one_wrong_password(simulate: Simulate, fleet: BmcFleet) -> None:
    bmcs = await simulate(7)
    targets = [simulated(bmc, f"s{number}") for number, bmc in enumerate(bmcs, 1)]
    targets[6] = simulated(bmcs[6], "s7", password="not-this-one")
    dead = Target("s8", "127.80.1.99", PORT, ipmi_sim.USER, SecretStr(ipmi_sim.PASSWORD))
    fleet.watch([*targets, dead])
    assert {reading.state for reading in fleet.readings().values()} == {BmcState.NEW}

    wrong = await until(fleet, lambda table: table["s7"].state is BmcState.WRONG_PASSWORD)
    silent = wrong + await until(fleet, lambda table: table["s8"].state is BmcState.NO_ANSWER)
    await until(fleet, lambda table: all(complete(table[f"s{number}"]) for number in range(1, 7)))

    assert wrong < 2 and 0.9 < silent < 3
    one = fleet.readings()["s1"]
    assert (one.power, one.fault, one.inlet_c) == (Power.OFF, False, 24.0)
    assert one.fans_rpm == [5400, 0] and one.fans_failed == 0, "a stopped fan is no failure while powered off"
    assert (one.psus, one.psus_failed) == (2, 1)
    assert one.sel_entries == 2 and "PS2 Status: Power input lost" in one.sel_last
    assert fleet.readings()["s8"].at is None and fleet.readings()["s8"].inlet_c is None


@needs_ipmi_sim
async def test_orders_arrive_at_the_chassis(simulate: Simulate, fleet: BmcFleet) -> None:
    [bmc] = await simulate(1)
    fleet.watch([simulated(bmc)])
    await fleet.power("a", True)
    assert bmc.held("power") == "1" and fleet.readings()["a"].power is Power.ON
    await fleet.boot_pxe("a")
    assert bmc.held("boot") == "pxe"
    await fleet.identify("a", True)
    assert bmc.held("identify") == "0 1" and fleet.lit() == {"a"}
    await fleet.dark()
    assert bmc.held("identify") == "0 0" and fleet.lit() == set()
    await until(fleet, lambda table: table["a"].fans_failed == 1)
    await fleet.power("a", True)
    assert bmc.orders().count("power 1") == 1, "what is on already is left alone"
    await fleet.power_cycle("a")
    assert bmc.orders()[-2:] == ["power 0", "power 1"]
    await fleet.power("a", False)
    assert bmc.held("power") == "0" and fleet.readings()["a"].power is Power.OFF


@needs_ipmi_sim
async def test_inventory_and_event_log(simulate: Simulate, fleet: BmcFleet) -> None:
    [bmc] = await simulate(1)
    fleet.watch([simulated(bmc)])
    inventory = await fleet.fru("a")
    assert inventory["serial"] == ipmi_sim.SERIAL and inventory["board_serial"] == ipmi_sim.BOARD_SERIAL
    assert (inventory["manufacturer"], inventory["product"]) == (ipmi_sim.MAKER, ipmi_sim.PRODUCT)
    log = await fleet.sel("a")
    assert [(entry.record, entry.sensor) for entry in log] == [(1, "Inlet Temp"), (2, "PS2 Status")]
    assert [entry.record for entry in await fleet.sel("a", after=1)] == [2]
    assert await fleet.sel("a", after=2) == []
    assert len(await fleet.sel("a", after=77)) == 2, "an erased log is read from its beginning"


@needs_ipmi_sim
async def test_bmcs_that_die_restart_and_come_back(simulate: Simulate, fleet: BmcFleet) -> None:
    dying, restarting = await simulate(2)
    fleet.watch([simulated(dying), simulated(restarting, "b")])
    await until(fleet, lambda table: all(complete(reading) for reading in table.values()))
    dying.stop()
    restarting.stop()
    restarting.start()
    await ipmi_sim.answering([restarting])
    await fleet.power("b", True)
    assert restarting.held("power") == "1", "an order does not fail for a session that the BMC has forgotten"
    await until(fleet, lambda table: table["a"].state is BmcState.NO_ANSWER)
    assert fleet.readings()["a"].inlet_c == 24.0 and fleet.readings()["a"].at, "old values keep their age"
    dying.start()
    await ipmi_sim.answering([dying])
    fleet.retry(["a"])
    await until(fleet, lambda table: complete(table["a"]))


@needs_ipmi_sim
async def test_what_a_bmc_refuses_is_refused(simulate: Simulate, fleet: BmcFleet) -> None:
    [bmc] = await simulate(1, chassis=False)
    fleet.watch([simulated(bmc)])
    with pytest.raises(Refused, match="the BMC says") as caught:
        await fleet.identify("a", True)
    assert caught.value.where == f"a (BMC {bmc.address}:{PORT})"
    assert fleet.lit() == set() and fleet.readings()["a"].state is BmcState.OK


@needs_ipmi_sim
async def test_a_login_of_an_operator_is_enough(simulate: Simulate, fleet: BmcFleet) -> None:
    [bmc] = await simulate(1, privilege="operator")
    fleet.watch([simulated(bmc)])
    await fleet.power("a", True)
    await until(fleet, lambda table: complete(table["a"]))
    assert bmc.held("power") == "1"


@needs_ipmi_sim
async def test_corrected_password_takes_effect_at_once(simulate: Simulate, fleet: BmcFleet) -> None:
    [bmc] = await simulate(1)
    async with relay(simulated(bmc)) as (between, right):
        fleet.watch([Target(right.name, right.address, right.port, right.user, SecretStr("wrong"))])
        await until(fleet, lambda table: table["behind"].state is BmcState.WRONG_PASSWORD)
        asked = between.asked
        fleet.prefer(["behind"])
        assert (await fleet.read("behind")).state is BmcState.WRONG_PASSWORD
        with pytest.raises(Unauthorised):
            await fleet.power("behind", True)
        assert between.asked == asked, "a wrong password is not tried again by itself"
        fleet.watch([right])
        assert await until(fleet, lambda table: complete(table["behind"])) < 2


@needs_ipmi_sim
async def test_close_leaves_no_session_no_light_and_no_thread(simulate: Simulate) -> None:
    [bmc] = await simulate(1)
    before = threading.active_count()
    fleet = BmcFleet(poll=0.2)
    await fleet.start()
    fleet.watch([simulated(bmc)])
    await fleet.identify("a", True)
    if shutil.which("ipmitool"):
        assert await counted_sessions(bmc) == 2
    began = asyncio.get_running_loop().time()
    await fleet.close()
    assert asyncio.get_running_loop().time() - began < 1
    assert bmc.orders()[-1] == "identify 0 0"
    assert threading.active_count() == before
    if shutil.which("ipmitool"):
        assert await counted_sessions(bmc) == 1, "only ipmitool's own is open"


@needs_ipmi_sim
async def test_garbage_from_a_bmc_neither_stops_nor_deceives(
    simulate: Simulate, fleet: BmcFleet, caplog: pytest.LogCaptureFixture
) -> None:
    [bmc] = await simulate(1)
    babbler, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Babbler, local_addr=("127.80.2.9", PORT)
    )
    noisy = Target("noisy", "127.80.2.9", PORT, ipmi_sim.USER, SecretStr("x"))
    async with relay(simulated(bmc), to_client=among_garbage(3)) as (_, behind):
        fleet.watch([behind, noisy])
        await until(fleet, lambda table: complete(table["behind"]))
        await fleet.power("behind", True)
        assert len(await fleet.sel("behind")) == 2
        with pytest.raises(Exception, match="proper IPMI") as caught:
            await fleet.power("noisy", True)
        assert "noisy (BMC 127.80.2.9" in str(caught.value)
        assert [thread.name for thread in threading.enumerate()].count("bmc") == 1
        assert (await fleet.read("behind")).inlet_c == 24.0
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]
    babbler.close()
    await asyncio.sleep(0)


async def test_lost_datagrams_are_sent_again(fleet: BmcFleet) -> None:
    losses: dict[str, Mangle] = {"to_bmc": losing_every(15), "to_client": losing_every(17)}
    async with lab(1) as room, relay(rehearsed(room)[0], **losses) as (_, behind):
        fleet.watch([behind])
        await until(fleet, lambda table: complete(table["behind"]), 15)
        await fleet.power("behind", True)
        assert room.chassis[0].powered


async def test_a_password_mended_in_the_bmc_is_tried_when_somebody_asks(fleet: BmcFleet) -> None:
    async with lab(1, Fault(kind=FaultKind.WRONG_PASSWORD, server=1)) as room:
        fleet.watch(rehearsed(room))
        await until(fleet, lambda table: table["c3-001"].state is BmcState.WRONG_PASSWORD)
        assert (await fleet.read("c3-001", again=True)).state is BmcState.WRONG_PASSWORD
        room.mend()
        assert (await fleet.read("c3-001")).state is BmcState.WRONG_PASSWORD
        assert (await fleet.read("c3-001", again=True)).state is BmcState.OK


async def test_the_lab_room_is_what_the_client_sees(fleet: BmcFleet) -> None:
    faults = [Fault(kind=FaultKind.DEAD_BMC, server=2), Fault(kind=FaultKind.WRONG_PASSWORD, server=3)]
    async with lab(6, *faults) as room:
        fleet.watch(rehearsed(room))
        sound = [box.name for box in room.chassis if box.position not in (2, 3)]
        await until(fleet, lambda table: all(complete(table[name]) for name in sound))
        await until(fleet, lambda table: table["c3-002"].state is BmcState.NO_ANSWER)
        assert fleet.readings()["c3-003"].state is BmcState.WRONG_PASSWORD
        box = room.chassis[0]
        entries = fleet.readings()[box.name].sel_entries or 0
        await fleet.boot_pxe(box.name, persistent=True)
        assert (box.bmc.boot_device, box.bmc.boot_persistent) == ("pxe", True)
        await fleet.power(box.name, True)
        assert box.powered
        await fleet.identify(box.name, True)
        assert box.bmc.identify and fleet.readings()[box.name].identify is True
        await until(fleet, lambda table: bool(table[box.name].fans_rpm) and min(table[box.name].fans_rpm) > 0)
        await until(fleet, lambda table: (table[box.name].sel_entries or 0) > entries)
        assert (await fleet.fru(box.name))["serial"] == box.serial
        room.mend()
        fleet.retry(["c3-002", "c3-003"])
        await until(fleet, lambda table: all(complete(reading) for reading in table.values()))
        await fleet.close()
        assert not box.bmc.identify


async def test_a_full_session_table_is_its_own_state(fleet: BmcFleet) -> None:
    async with lab(1, session_limit=0) as room:
        fleet.watch(rehearsed(room))
        await until(fleet, lambda table: table["c3-001"].state is BmcState.NO_SESSION)


async def test_errors_say_who_where_and_what_to_do(fleet: BmcFleet) -> None:
    dead = Target("c3-009", "127.80.3.9", PORT, "ADMIN", SecretStr("s3cret-word"))
    fleet.watch([dead, Target("named", "bmc.example.org", PORT, "ADMIN", SecretStr("s3cret-word"))])
    with pytest.raises(Unreachable) as caught:
        await fleet.power("c3-009", True)
    assert caught.value.where == f"c3-009 (BMC 127.80.3.9:{PORT})" and caught.value.remedy
    assert "s3cret-word" not in str(caught.value) + repr(dead)
    assert "not an IP address" in (await fleet.read("named")).detail
    with pytest.raises(InputError):
        await fleet.identify("nobody", True)
    with pytest.raises(InputError, match="BMC address"):
        fleet.watch([dead, Target("twin", dead.address, PORT, "x", SecretStr("y"))])


async def test_an_order_that_is_cancelled_does_not_confuse_the_next(fleet: BmcFleet) -> None:
    async with lab(1) as room:
        fleet.watch(rehearsed(room))
        await until(fleet, lambda table: complete(table["c3-001"]))
        async with asyncio.timeout(4):  # a lost answer would cost a second each time
            for turns in range(12):
                order = asyncio.create_task(fleet.sel("c3-001"))
                for _ in range(turns):
                    await asyncio.sleep(0)
                order.cancel()
                assert (await fleet.read("c3-001")).state is BmcState.OK
                assert (await fleet.fru("c3-001"))["serial"] == room.chassis[0].serial


async def test_who_is_no_longer_watched_is_left_and_forgotten(fleet: BmcFleet) -> None:
    async with lab(2) as room:
        first, second = rehearsed(room)
        fleet.watch([first, second])
        await fleet.identify(first.name, True)
        fleet.watch([second])
        assert set(fleet.readings()) == {second.name}
        await until(fleet, lambda _: not room.chassis[0].bmc.identify)
        assert (await fleet.read(second.name)).state is BmcState.OK


async def test_changes_come_in_batches(fleet: BmcFleet) -> None:
    async with lab(8) as room:
        loop = asyncio.get_running_loop()
        batches: list[tuple[float, set[str]]] = []
        fleet.changes(lambda readings: batches.append((loop.time(), set(readings))))
        fleet.watch(rehearsed(room))
        await until(fleet, lambda _: len(batches) >= 5)
        gaps = [later - sooner for (sooner, _), (later, _) in pairwise(batches)]
        assert min(gaps) > 0.24
        assert set().union(*(names for _, names in batches)) == set(fleet.readings())


async def test_sensor_records_are_kept_on_disk(tmp_path: Path) -> None:
    async with lab(3) as room:
        for _ in with_cache_edited(tmp_path):
            fleet = BmcFleet(poll=0.2, directory=tmp_path)
            await fleet.start()
            fleet.watch(rehearsed(room))
            await until(fleet, lambda table: all(complete(reading) for reading in table.values()))
            psus = {reading.psus for reading in fleet.readings().values()}
            await fleet.close()
    assert psus == {0}, "the second start took the records from the disk"


def with_cache_edited(directory: Path) -> Iterator[int]:
    """Two rounds; between them the kept records lose their power supplies."""
    yield 1
    [kept] = directory.glob("sdr-*.json")
    held = json.loads(kept.read_text())
    held["records"] = [record for record in held["records"] if bytes.fromhex(record)[12] != 0x08]
    kept.write_text(json.dumps(held))
    yield 2


async def test_one_fleet_in_a_process(fleet: BmcFleet) -> None:
    with pytest.raises(RuntimeError):
        await BmcFleet().start()
    await fleet.close()
    second = BmcFleet()
    await second.start()
    await second.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "bmc"]
