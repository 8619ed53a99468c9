"""How servers differ from their golden one, part by part; and what lshw and lldpd say."""

import pytest

from c3tui.checks.profile import differences
from c3tui.clients.maas.details import Module, parse_lldp, parse_lshw
from c3tui.engine.errors import BadAnswer
from c3tui.lab.maas.lifecycle.documents import lshw, neighbours
from c3tui.lab.racking import build
from c3tui.lab.scenario import Scenario
from c3tui.model.hwprofile import Dimm, DriveFact, Parts, Port

GOLDEN = Parts(
    cpu_model="Xeon 4216",
    sockets=2,
    threads=64,
    memory_mib=65536,
    dimms=[Dimm(slot=slot, size_mib=16384) for slot in ("A1", "B1", "C1", "D1")],
    drives=[DriveFact(bay=n, model="ST16", size=16 * 10**12, firmware="SN03") for n in range(4)],
    ports=[Port(name="eno1", speed=25000, firmware="222"), Port(name="eno2", speed=25000, firmware="222")],
    bios="4.0",
    bmc="1.73",
)


def said(**changes: object) -> list[tuple[str, str]]:
    found = differences(GOLDEN, GOLDEN.model_copy(update=changes))
    return [(each.check.removeprefix("profile."), each.what) for each in found]


def dimms(*held: tuple[str, int]) -> list[Dimm]:
    return [Dimm(slot=slot, size_mib=gib << 10) for slot, gib in held]


def drive(bay: int | None, **changes: object) -> DriveFact:
    return GOLDEN.drives[0].model_copy(update={"bay": bay, **changes})


def test_a_sister_says_nothing_and_what_is_not_known_is_not_compared() -> None:
    assert said() == []
    assert said(dimms=None, bios="", bmc="", sockets=0, cpu_model="") == []


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"cpu_model": "Xeon 4210"}, [("cpu", "Xeon 4210 instead of Xeon 4216")]),
        ({"sockets": 1, "threads": 32}, [("cpu", "1 processors instead of 2")]),
        ({"threads": 32}, [("cpu", "32 CPU threads instead of 64")]),
        ({"dimms": None, "memory_mib": 32768}, [("memory", "32 GiB of memory instead of 64")]),
        (
            {"dimms": dimms(("A1", 16), ("B1", 16), ("C1", 16))},
            [("dimm-missing", "3 of 4 DIMMs: nothing in D1")],
        ),
        (
            {"dimms": dimms(("A1", 16), ("B1", 16), ("C1", 16), ("D2", 16))},
            [("dimm-wrong-slot", "the 16 GiB module of D1 sits in D2")],
        ),
        (
            {"dimms": dimms(("A1", 16), ("B1", 16), ("C1", 16), ("D1", 8))},
            [("dimm-size", "D1 holds 8 GiB instead of 16 GiB")],
        ),
        (
            {"dimms": dimms(("A1", 16), ("B1", 16), ("C1", 16), ("D1", 16), ("A2", 16))},
            [("dimm-extra", "the golden server has nothing in A2")],
        ),
        ({"drives": GOLDEN.drives[:3]}, [("drive-count", "3 of 4 drives: nothing in bay 3")]),
        (
            {"drives": [*GOLDEN.drives[:3], drive(3, model="MG08")]},
            [("drive-model", "MG08 instead of ST16 in bay 3")],
        ),
        (
            {"drives": [*GOLDEN.drives[:2], drive(2, size=14 * 10**12), drive(3, size=14 * 10**12)]},
            [("drive-size", "14 TB instead of 16 TB in bays 2, 3")],
        ),
        (
            {"drives": [drive(n, firmware="SN02") for n in range(4)]},
            [("drive-firmware", "ST16 firmware SN02 instead of SN03")],
        ),
        ({"ports": GOLDEN.ports[:1]}, [("nic-count", "1 of 2 network ports")]),
        (
            {"ports": [GOLDEN.ports[0], Port(name="eno2", speed=10000, firmware="222")]},
            [("nic-speed", "eno2 10 of 25 Gbit/s")],
        ),
        (
            {"ports": [GOLDEN.ports[0], Port(name="eno2", speed=0, firmware="222")]},
            [("nic-speed", "eno2 no link of 25 Gbit/s")],
        ),
        (
            {"ports": [Port(name=name, speed=25000, firmware="221") for name in ("eno1", "eno2")]},
            [("firmware", "eno1 eno2 firmware 221 instead of 222")],
        ),
        (
            {"bios": "3.9", "bmc": "1.74"},
            [
                ("firmware", "BIOS firmware 3.9 instead of 4.0"),
                ("firmware", "BMC firmware 1.74 instead of 1.73"),
            ],
        ),
    ],
)
def test_each_difference_is_told_with_its_numbers(
    changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert said(**changes) == expected


def test_drives_without_a_bay_map_are_compared_by_kind() -> None:
    golden = GOLDEN.model_copy(update={"drives": [drive(None), drive(None)]})
    found = golden.model_copy(update={"drives": [drive(None), drive(None, model="MG08")]})
    assert [each.what for each in differences(golden, found)] == ["1 drives of MG08 with 16 TB instead of 0"]


LSHW = b"""warning: output may be incomplete
<?xml version="1.0" standalone="yes" ?>
<list><node id="sut" class="system"><node id="core" class="bus">
<node id="cpu:0" class="processor"><slot>CPU1</slot></node>
<node id="cpu:1" class="processor" disabled="true"><slot>CPU2</slot></node>
<node id="cache:0" class="memory"><slot>L1</slot><size units="bytes">4096</size></node>
<node id="memory" class="memory"><size units="bytes">8589934592</size>
<node id="bank:0" class="memory"><slot>DIMM0</slot><size units="bytes">8589934592</size></node>
<node id="bank:1" class="memory"><description>[empty]</description><slot>DIMM1</slot></node>
</node></node></node></list>
"""


def test_lshw_tells_of_occupied_slots_and_of_processors_in_use() -> None:
    assert parse_lshw(LSHW) == ((Module("DIMM0", 8 << 30),), 1)
    assert parse_lshw(LSHW.replace(b"DIMM0", b"")) == (None, 1)
    assert parse_lshw(b"<list><node class='system'/></list>") == (None, 0)
    with pytest.raises(BadAnswer, match="no XML"):
        parse_lshw(b"<list><node></list>")


def test_lldpd_tells_the_switch_by_name_or_by_id() -> None:
    text = b"""<lldp><interface name="eno1"><chassis><id type="mac">00:1c:73:00:00:01</id>
    <name>sw1</name></chassis></interface><interface name="eno2"><chassis><id>00:1c:73:00:00:02</id></chassis>
    </interface><interface name="eno3"/></lldp>"""
    assert parse_lldp(text) == {"eno1": "sw1", "eno2": "00:1c:73:00:00:02"}


def test_what_the_lab_prints_is_read_back() -> None:
    box = build(Scenario(servers=1, bays=2))[0]
    modules, sockets = parse_lshw(lshw("n", box).encode())
    assert modules and [each.slot for each in modules] == [each.slot for each in box.dimms] and sockets == 2
    assert set(parse_lldp(neighbours(box).encode())) == {"eno1", "eno2"}
