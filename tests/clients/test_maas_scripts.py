"""The commissioning script that MAAS runs for C3: the map of the bays."""

import importlib.util
import json
import os
import stat
import sys
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from c3tui.clients.maas import BaySlot, parse_bays
from c3tui.engine.errors import BadAnswer

SCRIPTS = Path(__file__).resolve().parents[2] / "assets" / "maas-scripts"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    loader = SourceFileLoader("c3_bays", str(SCRIPTS / "c3-bays"))
    spec = importlib.util.spec_from_loader("c3_bays", loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def disk(name: str, **more: Any) -> dict[str, Any]:
    plain = {"name": name, "type": "disk", "size": 100, "rota": True, "serial": f"SER-{name}", "tran": "sas"}
    return plain | {"wwn": f"0x5000c500{name}", "model": "ST16000NM001G", **more}


class Sysfs:
    """The part of /sys and /dev that the script reads."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.disks: dict[str, dict[str, Any]] = {}

    def disk(
        self, name: str, link: str, *more_links: str, pci: str = "", subsystem: bool = False, **fields: Any
    ) -> None:
        self.disks[name] = disk(name, **fields)
        node = self.root / "dev" / name
        node.parent.mkdir(parents=True, exist_ok=True)
        node.touch()
        by_path = self.root / "dev/disk/by-path"
        by_path.mkdir(parents=True, exist_ok=True)
        for one in (link, *more_links):
            if one:
                (by_path / one).symlink_to(node)
                (by_path / f"{one}-part1").symlink_to(node)
        if pci:
            device = self.root / "sys/devices" / pci
            device.mkdir(parents=True)
            block = self.root / "sys/block" / name / "device" / ("nvme9" if subsystem else "")
            block.mkdir(parents=True)
            (block / "device").symlink_to(device)

    def slot(
        self, enclosure: str, component: str, number: str, name: str, kind: str = "array device"
    ) -> None:
        folder = self.root / "sys/class/enclosure" / enclosure / component
        folder.mkdir(parents=True)
        (folder / "type").write_text(f"{kind}\n")
        if number:
            (folder / "slot").write_text(f"{number}\n")
        if name:
            (folder / "device/block" / name).mkdir(parents=True)

    def pci_slot(self, name: str, address: str) -> None:
        folder = self.root / "sys/bus/pci/slots" / name
        folder.mkdir(parents=True)
        (folder / "address").write_text(f"{address}\n")

    def controller(self, address: str, pci_class: str) -> None:
        folder = self.root / "sys/bus/pci/devices" / address
        folder.mkdir(parents=True)
        (folder / "class").write_text(f"{pci_class}\n")

    def pull(self, name: str) -> None:
        del self.disks[name]
        for link in (self.root / "dev/disk/by-path").glob("*"):
            if link.resolve().name == name:
                link.unlink()


@pytest.fixture
def sysfs(tmp_path: Path) -> Sysfs:
    return Sysfs(tmp_path)


def mapped(script: ModuleType, sysfs: Sysfs, storcli: dict[str, Any] | None = None) -> dict[int, BaySlot]:
    report = {"version": 1, "bays": script.bays(sysfs.root, sysfs.disks, storcli or {})}
    return {bay.slot: bay for bay in parse_bays(json.dumps(report).encode())}


def test_an_enclosure_names_the_bays_and_the_empty_ones(script: ModuleType, sysfs: Sysfs) -> None:
    sysfs.disk("sda", "pci-0000:3b:00.0-sas-phy7-lun-0", "pci-0000:3b:00.0-sas-0x5000c500a-lun-0")
    sysfs.disk("sdb", "pci-0000:3b:00.0-sas-phy2-lun-0")
    sysfs.slot("0:0:12:0", "Slot 00", "0", "sdb")
    sysfs.slot("0:0:12:0", "Slot 01", "1", "")
    sysfs.slot("0:0:12:0", "Slot 02", "2", "sda")
    sysfs.slot("0:0:12:0", "Fan 01", "", "", kind="cooling")
    found = mapped(script, sysfs)
    assert {slot: bay.serial for slot, bay in found.items()} == {0: "SER-sdb", 1: None, 2: "SER-sda"}
    # The other link carries the drive's own SAS address and would go with it.
    assert found[2].by_path == "/dev/disk/by-path/pci-0000:3b:00.0-sas-phy7-lun-0"
    assert (found[2].name, found[2].wwn, found[2].size, found[2].rotational) == (
        "sda",
        "0x5000c500sda",
        100,
        True,
    )


def test_two_backplanes_follow_on_each_other_and_two_expanders_of_one_are_one(
    script: ModuleType, sysfs: Sysfs
) -> None:
    for name in ("sda", "sdb"):
        sysfs.disk(name, "")
    # The second path to the drive in the first bay: another kernel name, the same WWN.
    sysfs.disk("sdz", "", wwn="0x5000c500sda", serial="SER-sda")
    for enclosure, name in (("0:0:12:0", "sda"), ("1:0:12:0", "sdz"), ("10:0:0:0", "sdb")):
        sysfs.slot(enclosure, "Slot 00", "", name)
        sysfs.slot(enclosure, "Slot 01", "", "")
        identity = "0x500a" if enclosure.endswith("12:0") else "0x500b"
        (sysfs.root / "sys/class/enclosure" / enclosure / "id").write_text(identity)
    found = mapped(script, sysfs)
    assert {slot: bay.name for slot, bay in found.items()} == {0: "sda", 1: "", 2: "sdb", 3: ""}


def test_nvme_drives_are_found_by_their_pci_slot(script: ModuleType, sysfs: Sysfs) -> None:
    sysfs.disk("sda", "pci-0000:00:17.0-ata-1")
    sysfs.disk("nvme0n1", "pci-0000:5e:00.0-nvme-1", pci="0000:5e:00.0")
    sysfs.disk("nvme1n1", "pci-0000:5f:00.0-nvme-1", pci="0000:5f:00.0", subsystem=True)
    sysfs.pci_slot("21", "0000:5e:00")
    sysfs.pci_slot("20-1", "0000:5f:00")
    found = mapped(script, sysfs)
    assert {slot: bay.name for slot, bay in found.items()} == {20: "nvme1n1", 21: "nvme0n1", 1000: "sda"}


def test_without_an_enclosure_the_port_of_the_controller_counts(script: ModuleType, sysfs: Sysfs) -> None:
    sysfs.controller("0000:00:17.0", "0x010601")
    sysfs.controller("0000:3b:00.0", "0x010700")
    sysfs.disk("sda", "pci-0000:3b:00.0-sas-phy11-lun-0")
    sysfs.disk("sdb", "pci-0000:3b:00.0-sas-phy2-lun-0")
    sysfs.disk("sdc", "pci-0000:00:17.0-ata-3", "pci-0000:00:17.0-ata-3.0")
    found = mapped(script, sysfs)
    assert {slot: bay.name for slot, bay in found.items()} == {2: "sdb", 11: "sda", 102: "sdc"}
    assert found[102].by_path.endswith("-ata-3")


def test_a_pulled_drive_renumbers_nobody(script: ModuleType, sysfs: Sysfs) -> None:
    for address, pci_class in (("0000:3b:00.0", "0x010700"), ("0000:af:00.0", "0x010400")):
        sysfs.controller(address, pci_class)
    sysfs.disk("sda", "pci-0000:3b:00.0-sas-phy0-lun-0")
    sysfs.disk("sdb", "pci-0000:af:00.0-sas-phy0-lun-0")
    sysfs.disk("sdc", "pci-0000:00:17.0-ata-1")
    before = mapped(script, sysfs)
    assert {slot: bay.name for slot, bay in before.items()} == {0: "sda", 100: "sdb", 200: "sdc"}
    sysfs.pull("sda")
    assert mapped(script, sysfs) == {slot: bay for slot, bay in before.items() if bay.name != "sda"}


def test_without_anything_the_order_of_the_links_counts(script: ModuleType, sysfs: Sysfs) -> None:
    sysfs.disk("sda", "pci-0000:03:00.0-scsi-0:2:10:0")
    sysfs.disk("sdb", "pci-0000:03:00.0-scsi-0:2:9:0")
    sysfs.disk("vda", "", serial=None, wwn=None)
    found = mapped(script, sysfs)
    assert [bay.name for bay in found.values()] == ["sdb", "sda", "vda"]
    assert found[2].serial == "no-serial-vda"
    assert all(bay.guessed for bay in found.values())


def storcli_says(**drives: dict[str, str]) -> dict[str, Any]:
    """The part of ``storcli /call/eall/sall show all J`` that tells drives and their places."""
    data: dict[str, Any] = {}
    for place, told in drives.items():
        name = "Drive /" + place.replace("_", "/")
        data[name] = [{"EID:Slt": "252:0", "State": "JBOD"}]
        data[f"{name} - Detailed Information"] = {
            f"{name} State": {"Media Error Count": 0},
            f"{name} Device attributes": told,
        }
    return {"Controllers": [{"Command Status": {"Status": "Success"}, "Response Data": data}]}


def test_a_raid_controller_tells_the_slots_of_what_it_passes_through(
    script: ModuleType, sysfs: Sysfs
) -> None:
    sysfs.disk("sda", "pci-0000:18:00.0-scsi-0:0:9:0")
    sysfs.disk("sdb", "pci-0000:18:00.0-scsi-0:0:8:0", serial="36f01", wwn="0x5000c500abcd0001")
    sysfs.disk("sdc", "pci-0000:18:00.0-scsi-0:2:0:0", serial="volume")
    says = storcli_says(
        c0_e8_s1={"SN": "            SER-sda", "WWN": "5000C500FFFF0000"},
        c0_e252_s5={"SN": "another way to write it", "WWN": "5000C500ABCD0001"},
        c0_e252_s6={"SN": "behind a volume", "WWN": "5000C500ABCD0009"},
    )
    found = mapped(script, sysfs, says)
    # The volume has no bay, so its number is a guess.
    assert {bay.name: (slot, bay.guessed) for slot, bay in found.items()} == {
        "sda": (1, False),
        "sdb": (105, False),
        "sdc": (106, True),
    }


@pytest.mark.parametrize("said", ["", "controller not found", "[]", '{"Controllers": [{}]}'])
def test_a_storcli_that_says_nothing_is_as_good_as_none(
    script: ModuleType, sysfs: Sysfs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    fake = tmp_path / "storcli64"
    fake.write_text(f"#!/bin/sh\necho '{said}'\nexit 1\n")
    fake.chmod(fake.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    sysfs.disk("sda", "pci-0000:3b:00.0-sas-phy4-lun-0")
    found = mapped(script, sysfs, script.storcli())
    assert {slot: bay.guessed for slot, bay in found.items()} == {4: False}


def test_what_is_no_drive_is_left_out(script: ModuleType) -> None:
    assert script.is_drive(disk("sda"))
    for other in (
        disk("sdb", tran="usb"),
        disk("sr0", type="rom"),
        disk("loop0", type="loop"),
        disk("zram0"),
        disk("sdc", size=0),
    ):
        assert not script.is_drive(other)


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"Traceback (most recent call last):",
        b"{}",
        b"[]",
        b'{"version": 2, "bays": []}',
        b'{"version": 1}',
        b'{"version": 1, "bays": [3]}',
        b'{"version": 1, "bays": [{"serial": "x"}]}',
        b'{"version": 1, "bays": [{"slot": -1}]}',
        b'{"version": 1, "bays": [{"slot": 1}, {"slot": 1}]}',
        b"\xff\xfe{",
    ],
)
def test_a_map_that_makes_no_sense_is_a_bad_answer(output: bytes) -> None:
    with pytest.raises(BadAnswer, match="c3-bays"):
        parse_bays(output)


def test_a_map_is_read_past_noise_and_sorted() -> None:
    bays = parse_bays(
        b'warning: x\n{"version": 1, "new": 1, "bays": [{"slot": 3}, {"slot": 1, "serial": "S"}]}'
    )
    assert [(bay.slot, bay.serial) for bay in bays] == [(1, "S"), (3, None)]
