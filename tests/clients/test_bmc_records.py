"""What the BMC client makes of records and answers, against examples of the IPMI specification."""

import asyncio
import subprocess
import sys

import pytest

from c3tui.clients.bmc import chassis, sel, sensors
from c3tui.clients.bmc.exchange import NOT_THAT_MANY, RESERVATION_LOST, Denied
from c3tui.clients.bmc.gate import Gate
from c3tui.clients.bmc.sdr import Repository
from c3tui.clients.bmc.sensors import Role, Sensor


@pytest.mark.parametrize(
    ("kind_and_length", "data", "expected"),
    [
        (0xC4, b"FAN1", "FAN1"),
        (0xC5, b"FAN1\0", "FAN1"),
        (0xC2, b"\xb5A", "µA"),
        (0xC4, b"\x1b[2J", "?[2J"),
        (0x83, bytes.fromhex("29dca6"), "IPMI"),
        (0x42, b"\x12\xb7", "12-7"),
        (0x02, b"\xff\xfe", "��"),
        (0xC4, b"", ""),
    ],
)
def test_names_in_all_four_encodings(kind_and_length: int, data: bytes, expected: str) -> None:
    assert sensors.text(kind_and_length, data) == expected


def temperature(name: str, entity: int = 7, **more: int) -> Sensor:
    return Sensor(
        number=1, name=name, kind=sensors.TEMPERATURE, entity=entity, reading_type=1, unit=1, **more
    )


def test_readings_follow_the_formula() -> None:
    assert temperature("x").value(200) == 200
    assert temperature("x", signed=2).value(0xF6) == -10
    assert temperature("x", signed=1).value(0xF5) == -10
    assert temperature("x", m=5, exponent=-1).value(7) == 3.5
    assert Sensor(1, "x", sensors.FAN, 29, 1, m=1, curve=7, exponent=-3).value(4) == 250
    assert Sensor(1, "x", sensors.FAN, 29, 1, curve=7).value(0) is None, "no division by a stopped fan"
    assert temperature("x", signed=3).value(9) is None


def test_the_inlet_is_found_by_entity_and_by_name() -> None:
    def inlet(*candidates: Sensor) -> str:
        [(role, sensor)] = sensors.choose(candidates)
        assert role is Role.INLET
        return sensor.name

    assert inlet(temperature("System Temp"), temperature("Inlet Temp")) == "Inlet Temp"
    assert inlet(temperature("Inlet Temp"), temperature("Front", entity=0x40)) == "Front"
    assert inlet(temperature("CPU1 Temp", entity=3), temperature("MB Temp")) == "MB Temp"
    assert sensors.choose([temperature("CPU1 Temp", entity=3)]) == []


def test_odd_records_are_no_sensors() -> None:
    assert sensors.parse(b"") is None
    assert sensors.parse(bytes([1, 0, 0x51, 0x11, 20]) + bytes(40)) is None
    assert sensors.parse(bytes([1, 0, 0x51, 1, 30, 0x20]) + bytes(30)) is None, "a full record cut short"


async def test_chassis_status_bits() -> None:
    async def ask(netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0) -> bytes:
        return answer

    answer = bytes([0x01, 0, 0x40])
    assert await chassis.status(ask) == chassis.Status(on=True, fault=False, identify=False)
    answer = bytes([0x09, 0, 0x60, 0])
    assert await chassis.status(ask) == chassis.Status(on=True, fault=True, identify=True)
    answer = bytes([0x00, 0, 0x04])
    assert await chassis.status(ask) == chassis.Status(on=False, fault=True, identify=None)


def test_boot_flags_count_where_the_bmc_calls_them_valid() -> None:
    wanted = b"\xa0\x04"
    assert chassis.same_boot(b"\xa0\x04", wanted)
    assert chassis.same_boot(b"\x00\x04", wanted)
    assert not chassis.same_boot(b"\x80\x04", wanted), "legacy boot instead of UEFI"
    assert not chassis.same_boot(b"\xa0\x08", wanted), "disk"


def test_events_in_words() -> None:
    record = bytes.fromhex("0500 02 00000068 2000 04 08 42 6f 01 ffff")
    entry = sel.decode(record, {0x42: "PS1 Status"})
    assert str(entry) == "2025-04-16 19:07 PS1 Status: Failure"
    gone = sel.decode(record[:12] + b"\xef" + record[13:], {})
    assert str(gone) == "2025-04-16 19:07 Power Supply 0x42: Failure (gone)"
    unset = sel.decode(record[:3] + b"\x10\0\0\0" + record[7:], {})
    assert unset.at is None
    vendor = sel.decode(b"\x06\0\xe1" + bytes(13), {})
    assert vendor.sensor == "vendor" and vendor.at is None


async def test_the_gate_lets_the_first_rank_in_first() -> None:
    gate = Gate(1)
    order: list[str] = []

    async def pass_through(name: str, rest: bool) -> None:
        async with gate.place(lambda: (rest, False)):
            order.append(name)
            await asyncio.sleep(0)

    tasks = [
        asyncio.create_task(pass_through(name, rest))
        for name, rest in (("first", True), ("later", True), ("gone", False), ("screen", False))
    ]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == ["first", "screen", "later"]
    async with asyncio.timeout(1), gate.place(lambda: (True, True)):
        pass


def test_the_ipmi_library_loads_only_when_a_fleet_starts() -> None:
    look = "import sys, c3tui.clients.bmc; sys.exit(any(name.startswith('pyghmi') for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0


async def test_records_in_pieces_from_a_bmc_that_refuses_whole_ones() -> None:
    name = b"FAN1"
    body = bytes([0x20, 0, 7, 29, 1, 0, 0, 4, 1]) + bytes(7) + bytes([18]) + bytes(25) + bytes([0xC4]) + name
    record = bytes([1, 0, 0x51, 1, len(body)]) + body
    reservations = 0

    async def ask(netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0) -> bytes:
        nonlocal reservations
        if (netfn, command) == (0x0A, 0x22):
            reservations += 1
            return bytes([reservations, 0])
        if (netfn, command) != (0x0A, 0x23):
            return bytes(15)
        if data[5] > 20:
            raise Denied(NOT_THAT_MANY)
        if data[0] != 2:
            raise Denied(RESERVATION_LOST)
        return b"\xff\xff" + record[data[4] : data[4] + data[5]]

    [fan] = (await Repository().sensors(ask)).all
    assert (fan.name, fan.number, sensors.role(fan)) == ("FAN1", 7, Role.FAN)
