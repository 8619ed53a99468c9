"""The tests that MAAS runs for C3, against fake trees and stand-in commands: each reports, none judges."""

import importlib.util
import json
import os
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from c3tui.lab.maas.handlers.script_form import metadata_of
from c3tui.lab.maas.lifecycle.inband import REPORTS
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario

SCRIPTS = Path(__file__).resolve().parents[2] / "assets" / "maas-scripts"
NAMES = ["c3-smart", "c3-links", "c3-ecc", "c3-nics", "c3-clock"]


def load(name: str) -> ModuleType:
    loader = SourceFileLoader(name.replace("-", "_"), str(SCRIPTS / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    loader.exec_module(module)
    sys.dont_write_bytecode = before
    return module


def command(folder: Path, name: str, body: str) -> None:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def run(name: str, *arguments: str, path: str, **environment: str) -> subprocess.CompletedProcess[str]:
    done = [sys.executable, str(SCRIPTS / name), *arguments]
    return subprocess.run(
        done, env={"PATH": path, **environment}, capture_output=True, check=False, text=True
    )


def put(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{text}\n")


@pytest.mark.parametrize("name", NAMES)
def test_each_describes_itself_to_maas_and_destroys_nothing(name: str) -> None:
    fields = metadata_of((SCRIPTS / name).read_text(), {})
    assert fields["name"] == name and fields["destructive"] is False and 60 <= fields["timeout"] <= 300
    assert os.access(SCRIPTS / name, os.X_OK)


@pytest.mark.parametrize("name", NAMES)
def test_with_no_tool_at_all_each_still_reports(tmp_path: Path, name: str) -> None:
    done = run(name, "/dev/sda", path=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    said = json.loads(done.stdout)
    if name == "c3-smart":
        assert said["c3"] == {"smartctl": "absent"}
    else:
        assert said["version"] == 1
    if name == "c3-ecc":
        assert said["dmidecode"] == "absent"


@pytest.mark.parametrize(
    ("status", "report", "result"),
    [
        (0, {"smart_status": {"passed": True}}, "passed"),
        (64, {"smart_status": {"passed": True}}, "passed"),
        (216, {"smart_status": {"passed": False}}, "passed"),
        (2, {"smartctl": {"messages": []}}, "skipped"),
        (4, {"device": {}}, "skipped"),
        (1, None, "skipped"),
    ],
)
def test_smart_reports_whatever_smartctl_says(
    tmp_path: Path, status: int, report: dict[str, Any] | None, result: str
) -> None:
    said = json.dumps(report) if report is not None else "Segmentation fault"
    body = f"echo \"$@\" >> {tmp_path}/asked\n/bin/cat <<'END'\n{said}\nEND\nexit {status}"
    command(tmp_path / "bin", "smartctl", body)
    done = run("c3-smart", "/dev/sda", path=str(tmp_path / "bin"), RESULT_PATH=str(tmp_path / "result"))
    assert (done.returncode, done.stderr) == (0, "")
    if report is not None:
        assert json.loads(done.stdout) == report
    assert (tmp_path / "asked").read_text().splitlines()[0] == "--json --xall /dev/sda"
    assert (tmp_path / "result").read_text() == f"status: {result}\n"


def test_smart_reaches_a_drive_behind_a_bridge(tmp_path: Path) -> None:
    good = '{"smart_status": {"passed": true}}'
    body = f"case \"$*\" in *'-d sat'*) echo '{good}';; *) echo '{{\"device\": {{}}}}';; esac"
    command(tmp_path / "bin", "smartctl", body)
    done = run("c3-smart", "/dev/sda", path=str(tmp_path / "bin"))
    assert json.loads(done.stdout) == {"smart_status": {"passed": True}}


def test_links_of_cards_and_drives(tmp_path: Path) -> None:
    slot = "sys/devices/pci0000:17/0000:17:00.0"
    card, hba = f"{slot}/0000:18:00.0", "sys/devices/pci0000:3a/0000:3a:00.0/0000:3b:00.0"
    put(
        tmp_path,
        {
            f"{slot}/max_link_width": "16",
            f"{slot}/max_link_speed": "8.0 GT/s PCIe",
            f"{card}/class": "0x020000",
            f"{card}/vendor": "0x14e4",
            f"{card}/device": "0x16d7",
            f"{card}/current_link_width": "4",
            f"{card}/max_link_width": "8",
            f"{card}/current_link_speed": "8.0 GT/s PCIe",
            f"{card}/max_link_speed": "Unknown",
            f"{card}/net/eno1/address": "aa",
            f"{hba}/class": "0x060400",
            f"{hba}/max_link_width": "8",
            f"{hba}/host0/port-0:3/phy-0:3/x": "",
            f"{hba}/host0/port-0:3/end_device-0:3/target0:0:3/0:0:3:0/block/sdb/size": "1",
            "sys/class/sas_phy/phy-0:3/negotiated_linkrate": "6.0 Gbit",
            "sys/class/sas_phy/phy-0:3/maximum_linkrate": "12.0 Gbit",
            "sys/devices/pci0000:00/0000:00:17.0/ata5/host4/target4:0:0/4:0:0:0/block/sda/size": "1",
            "sys/class/ata_link/link5/sata_spd": "3.0 Gbps",
            "sys/class/ata_link/link5/hw_sata_spd_limit": "6.0 Gbps",
        },
    )
    links = {"sys/bus/pci/devices/0000:18:00.0": card, "sys/bus/pci/devices/0000:3b:00.0": hba}
    links["sys/block/sdb"] = f"{hba}/host0/port-0:3/end_device-0:3/target0:0:3/0:0:3:0/block/sdb"
    links["sys/block/sda"] = "sys/devices/pci0000:00/0000:00:17.0/ata5/host4/target4:0:0/4:0:0:0/block/sda"
    for link, target in links.items():
        (tmp_path / link).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / link).symlink_to(tmp_path / target)
    script = load("c3-links")
    (found,) = script.pci(tmp_path)
    assert (found["kind"], found["names"], found["vendor"]) == ("nic", ["eno1"], "0x14e4")
    assert found["now"] == {"width": 4, "speed_gt_s": 8.0}
    assert found["max"] == {"width": 8, "speed_gt_s": None}
    assert found["slot"] == {"width": 16, "speed_gt_s": 8.0}
    assert script.disks(tmp_path) == [
        {"name": "sda", "transport": "sata", "now_gbit_s": 3.0, "max_gbit_s": 6.0},
        {"name": "sdb", "transport": "sas", "now_gbit_s": 6.0, "max_gbit_s": 12.0},
    ]


DMI = """\
# dmidecode 3.3
Handle 0x0026, DMI type 16, 23 bytes
Physical Memory Array
\tLocation: System Board Or Motherboard
\tError Correction Type: Multi-bit ECC

Handle 0x0028, DMI type 17, 84 bytes
Memory Device
\tSize: 16 GB
\tLocator: P1-DIMMA1
\tBank Locator: P0_Node0_Channel0_Dimm0
\tType: DDR4
\tSpeed: 2933 MT/s
\tManufacturer: Samsung
\tSerial Number: 40A1
\tPart Number: M393A2K43CB2-CVF
\tConfigured Memory Speed: 2666 MT/s

Handle 0x002A, DMI type 17, 84 bytes
Memory Device
\tSize: No Module Installed
\tLocator: P1-DIMMA2
\tBank Locator: P0_Node0_Channel0_Dimm1
\tType: Unknown
\tSpeed: Unknown
\tManufacturer: NO DIMM
\tSerial Number: NO DIMM
\tPart Number: NO DIMM
"""


def test_memory_errors_and_slots(tmp_path: Path) -> None:
    mc = "sys/devices/system/edac/mc/mc0"
    dimm = {"dimm_label": "CPU0_A1", "dimm_location": "channel 0 slot 0", "size": "16384"}
    put(
        tmp_path,
        {
            f"{mc}/mc_name": "Skylake Socket#0 IMC#0",
            f"{mc}/ce_count": "3",
            f"{mc}/ue_count": "0",
            **{f"{mc}/dimm0/{key}": value for key, value in dimm.items()},
            f"{mc}/dimm0/dimm_ce_count": "3",
            f"{mc}/csrow0/ce_count": "3",
        },
    )
    script = load("c3-ecc")
    (controller,) = script.controllers(tmp_path)
    assert (controller["ce"], controller["ue"], controller["ce_nowhere"]) == (3, 0, None)
    (found,) = script.dimms(tmp_path)
    assert (found["name"], found["label"], found["ce"], found["ue"]) == ("mc0/dimm0", "CPU0_A1", 3, None)
    full, empty = script.slots(DMI)
    assert (full["locator"], full["mib"], full["mt_s"], full["configured_mt_s"]) == (
        "P1-DIMMA1",
        16384,
        2933,
        2666,
    )
    assert (empty["locator"], empty["mib"], empty["mt_s"], empty["serial"], empty["type"]) == (
        "P1-DIMMA2",
        0,
        None,
        "",
        "",
    )


def test_ports_and_the_largest_packet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    net, real = "sys/class/net", "sys/devices/pci0000:17/0000:18:00.0"
    put(
        tmp_path,
        {
            f"{net}/eno1/address": "3c:ec:ef:00:00:01",
            f"{net}/eno1/carrier": "1",
            f"{net}/eno1/speed": "10000",
            f"{net}/eno1/mtu": "9000",
            f"{net}/eno1/operstate": "up",
            f"{net}/eno1/statistics/rx_errors": "4",
            f"{net}/eno2/speed": "-1",
            f"{net}/lo/mtu": "65536",
            f"{real}/class": "0x020000",
            "proc/net/route": "Iface Destination Gateway\neno1 00000000 010010AC 0003",
            "proc/cmdline": "BOOT_IMAGE=x cloud-config-url=http://172.16.0.2:5248/MAAS/x ro",
        },
    )
    for port in ("eno1", "eno2"):
        (tmp_path / net / port / "device").symlink_to(tmp_path / real)
    # A switch on the way that takes 1500 bytes and no more.
    command(tmp_path / "bin", "ping", 'while [ "$1" != -s ]; do shift; done; [ "$2" -le 1472 ]')
    modes = (
        "Supported link modes:   10000baseT/Full\\n\\t 25000baseCR/Full\\n\\tSupports auto-negotiation: Yes"
    )
    command(tmp_path / "bin", "ethtool", f"printf '{modes}\\n'")
    monkeypatch.setenv("PATH", f"{tmp_path}/bin:/bin:/usr/bin")
    script = load("c3-nics")
    up, down = script.ports(tmp_path)
    assert (up["speed_mbit_s"], up["max_mbit_s"], up["carrier"], up["mtu"]) == (10000, 25000, True, 9000)
    assert up["errors"]["rx_errors"] == 4 and up["errors"]["tx_errors"] is None
    assert (down["speed_mbit_s"], down["carrier"]) == (None, None)
    assert script.targets(tmp_path) == [
        ("gateway", "172.16.0.1", "eno1"),
        ("rack controller", "172.16.0.2", ""),
    ]
    assert script.probe("172.16.0.1", 1500) == {"ok": True, "largest": 1500}
    found = script.probe("172.16.0.1", 9000)
    assert found["ok"] is False and 1490 <= found["largest"] <= 1500
    command(tmp_path / "bin", "ping", "exit 1")
    assert script.probe("172.16.0.1", 1500) == {"ok": None, "largest": None}


@pytest.fixture
def ntp() -> Iterator[int]:
    """A server whose clock is forty seconds ahead of ours."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as wire:
        wire.bind(("127.82.0.1", 0))
        wire.settimeout(5)

        def answer() -> None:
            packet, peer = wire.recvfrom(512)
            now = time.time() + 40 + 2_208_988_800
            stamp = struct.pack("!II", int(now), int(now % 1 * (1 << 32)))
            wire.sendto(b"\x24\x03" + bytes(22) + packet[40:48] + stamp + stamp, peer)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield wire.getsockname()[1]
        thread.join(5)


def test_a_clock_that_is_off_is_measured(tmp_path: Path, ntp: int) -> None:
    script = load("c3-clock")
    found = script.ask("127.82.0.1", ntp)
    assert abs(found["offset_s"] - 40) < 0.5 and found["stratum"] == 3
    assert script.ask("127.82.0.1", 9)["offset_s"] is None
    put(
        tmp_path,
        {
            "etc/systemd/timesyncd.conf": "[Time]\nNTP=10.0.0.1 10.0.0.2\n#NTP=10.9.9.9",
            "etc/chrony/chrony.conf": "pool ntp.example iburst\nserver 10.0.0.1",
            "proc/cmdline": "cloud-config-url=http://10.0.0.3:5248/x",
            "sys/class/rtc/rtc0/since_epoch": str(int(time.time()) - 100),
        },
    )
    assert script.servers(tmp_path) == ["10.0.0.1", "10.0.0.2", "ntp.example", "10.0.0.3"]
    assert -102 <= script.hardware_clock(tmp_path) <= -98
    assert script.hardware_clock(tmp_path / "nowhere") is None


def keys(value: Any) -> Any:
    """The shape of a report: names, and the shape of the first of a list."""
    if isinstance(value, dict):
        return {name: keys(each) for name, each in value.items()}
    return [keys(value[0])] if isinstance(value, list) and value else None


def test_the_lab_prints_what_the_scripts_print(tmp_path: Path) -> None:
    box = Room(Scenario(servers=1, bays=3, media={"nvme": [2]})).chassis[0]
    links, memory = REPORTS["c3-links"](box), REPORTS["c3-ecc"](box)
    assert [each["kind"] for each in links["pci"]] == ["nic", "nic", "hba", "nvme"]
    assert len(links["disks"]) == 2 and sum(slot["mib"] for slot in memory["slots"]) == box.memory_mib
    for name in ("c3-links", "c3-ecc", "c3-nics", "c3-clock"):
        real = json.loads(run(name, path=str(tmp_path)).stdout)
        ours = REPORTS[name](box)
        assert ours.keys() == real.keys(), name
    script = load("c3-ecc")
    assert keys(memory["slots"]) == keys(script.slots(DMI))
