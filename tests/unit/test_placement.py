"""Which drives become OSDs, and what a pool on them can hold."""

import random

import pytest

from c3tui.model.fleet import Bay, Drive, Server, TestState, Use
from c3tui.model.placement import FULL, Osd, Placement, device_class, place
from c3tui.model.plan import Pool

TB = 10**12


def racks(*hosts: int, size: int = TB) -> Placement:
    """A placement with so many hosts of one drive in each rack."""
    osds = [
        Osd(f"r{rack}-h{host}", f"r{rack}", 1, "/dev/disk/by-path/a", f"s{rack}-{host}", size, "hdd")
        for rack, count in enumerate(hosts)
        for host in range(count)
    ]
    return Placement(tuple(osds), ())


def drive(serial: str, **given: object) -> Drive:
    values = {"size": 16 * TB, "rotational": True, "test": TestState.PASSED, **given}
    return Drive.model_validate({"serial": serial, **values})


def server(*drives: Drive | None, name: str = "c3-001", path: str = "/dev/disk/by-path/phy{}") -> Server:
    bays = [Bay(slot=slot, path=path.format(slot), drive=each) for slot, each in enumerate(drives)]
    return Server(id=name, name=name, rack="r1", unit=1, bays=bays)


@pytest.mark.parametrize(
    ("hosts", "copies", "bound"),
    [
        ((150, 100, 50), 3, 50),
        ((120, 60, 60, 60), 3, 90),
        ((100, 100, 100), 3, 100),
        ((100, 100, 100, 100), 2, 200),
        ((300, 10, 10, 10), 3, 15),
        ((100, 100), 3, 0),
        ((), 2, 0),
    ],
)
def test_no_rack_holds_more_than_one_copy(hosts: tuple[int, ...], copies: int, bound: int) -> None:
    pool = Pool(size=copies, failure_domain="rack")
    assert racks(*hosts).usable_bytes(pool) == int(bound * TB * FULL)


def feasible(sizes: list[int], copies: int, data: float) -> bool:
    """The definition: so much data fits when every domain takes at most one copy of it."""
    return sum(min(size, data) for size in sizes) >= copies * data


def test_usable_space_is_the_largest_that_fits_whatever_the_racks() -> None:
    chance = random.Random(7)
    for _ in range(300):
        hosts = [chance.randint(1, 40) for _ in range(chance.randint(2, 9))]
        copies = chance.randint(2, min(4, len(hosts)))
        usable = racks(*hosts).usable_bytes(Pool(size=copies, failure_domain="rack")) / FULL
        sizes = [count * TB for count in hosts]
        assert feasible(sizes, copies, usable - 2), (hosts, copies)
        assert not feasible(sizes, copies, usable * 1.000001 + 2), (hosts, copies)
        assert usable <= sum(sizes) / copies + 2


def test_hosts_are_the_domains_when_the_plan_says_so() -> None:
    placement = racks(2, 1)
    assert placement.usable_bytes(Pool(size=3, failure_domain="host")) == int(TB * FULL)
    assert placement.usable_bytes(Pool(size=3, failure_domain="rack")) == 0
    assert placement.domains("rack") == {"r0": 2 * TB, "r1": TB}
    assert placement.raw_bytes() == 3 * TB


def test_sound_data_drives_are_placed_by_their_bay() -> None:
    placement = place([server(drive("SYS", use=Use.SYSTEM), drive("A"), None, drive("B"))], (), ())
    assert [(osd.bay, osd.serial, osd.path) for osd in placement.osds] == [
        ("c3-001/bay01", "A", "/dev/disk/by-path/phy1"),
        ("c3-001/bay03", "B", "/dev/disk/by-path/phy3"),
    ]
    assert placement.left_out == ()
    assert [osd.serial for osd in placement.of("c3-001")] == ["A", "B"] and placement.of("c3-002") == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"test": TestState.FAILED, "test_detail": "SMART says so"}, "failed: SMART says so"),
        ({"test": TestState.NOT_TESTED}, "not tested"),
        ({"test": TestState.RUNNING}, "running"),
        ({"size": 4 << 30}, "too small"),
        ({"size": 0}, "too small"),
    ],
)
def test_a_drive_that_is_left_out_says_why(given: dict[str, object], why: str) -> None:
    placement = place([server(drive("A", **given), drive("B"))], (), ())
    assert [osd.serial for osd in placement.osds] == ["B"]
    assert [(left.bay, left.serial) for left in placement.left_out] == [("c3-001/bay00", "A")]
    assert why in placement.left_out[0].why


def test_an_accepted_drive_is_used_whatever_its_test_says() -> None:
    fleet = [server(drive("A", test=TestState.FAILED), drive("B", test=TestState.FAILED))]
    placement = place(fleet, (), {("c3-001/bay00", "A"), ("c3-001/bay01", "OLD")})
    assert [osd.serial for osd in placement.osds] == ["A"], "a verdict is about one drive in one bay"


def test_a_marked_bay_is_left_out_even_when_its_drive_is_sound_or_accepted() -> None:
    placement = place([server(drive("A"))], {"c3-001/bay00"}, {("c3-001/bay00", "A")})
    assert placement.osds == () and placement.left_out[0].why == "marked for replacement"


def test_acceptance_gives_no_path_and_no_size() -> None:
    accepted = {("c3-001/bay00", "A")}
    nowhere = place([server(drive("A"), path="")], (), accepted)
    small = place([server(drive("A", size=1))], (), accepted)
    assert nowhere.left_out[0].why == "no stable path to its bay"
    assert "too small" in small.left_out[0].why


def test_two_bays_with_one_path_make_one_osd() -> None:
    placement = place([server(drive("A"), drive("B"), path="/dev/disk/by-path/same")], (), ())
    assert [osd.serial for osd in placement.osds] == ["A"]
    assert placement.left_out[0].why == "its path is also that of c3-001/bay00"
    twins = [server(drive("A"), name="c3-001"), server(drive("B"), name="c3-002")]
    assert len(place(twins, (), ()).osds) == 2, "servers of a kind have the same paths"


@pytest.mark.parametrize(
    ("given", "path", "expected"),
    [
        ({"rotational": True}, "", "hdd"),
        ({"rotational": False, "by_id": "/dev/disk/by-id/wwn-0x5"}, "", "ssd"),
        ({"rotational": False, "by_id": "/dev/disk/by-id/nvme-eui.01"}, "", "nvme"),
        ({"rotational": False}, "/dev/disk/by-path/pci-0000:01:00.0-nvme-1", "nvme"),
    ],
)
def test_the_class_follows_from_the_drive(given: dict[str, object], path: str, expected: str) -> None:
    assert device_class(drive("A", **given), path) == expected
