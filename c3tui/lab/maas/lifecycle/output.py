"""What scripts print on the simulated hardware, and how they end."""

import json
from dataclasses import dataclass
from typing import Any

from c3tui.lab.chassis import Chassis, Drive
from c3tui.lab.maas.records import Machine, Row, Script
from c3tui.lab.smart import report, text_report

SMART_TEST = "c3-smart"
BAYS_SCRIPT = "c3-bays"
_DISK_SPEED = 200_000_000
"""Bytes a second of a whole-surface read."""
_SECONDS = {
    "smartctl-validate": 15.0,
    "smartctl-short": 130.0,
    "smartctl-conveyance": 300.0,
    "memtester": 3600.0,
    "stress-ng-cpu-long": 43_200.0,
    "stress-ng-cpu-short": 300.0,
    "stress-ng-memory-long": 43_200.0,
    "stress-ng-memory-short": 300.0,
    "7z": 120.0,
    "fio": 600.0,
    "50-maas-01-commissioning": 8.0,
    "maas-lshw": 10.0,
    "maas-support-info": 8.0,
    "maas-capture-lldpd": 60.0,
    "wipe-disks": 60.0,
}
_SURFACE_PASSES = {"smartctl-long": 1, "badblocks": 1, "badblocks-destructive": 8}
_READS_SMART = ("smartctl", SMART_TEST, "badblocks")
_GONE = (
    'Storage device "{name}" with model "{model}" and serial "{serial}" has not been found!\n\n'
    "This indicates the storage device has been removed or the OS is unable to find it due to a "
    "hardware failure. Please re-commission this node to re-discover the storage devices, or delete "
    "this device manually.\n"
)


@dataclass
class Outcome:
    """How a script ended."""

    exit_status: int = 0
    output: str = ""
    stderr: str = ""
    result: str = ""


def seconds_of(machine: Machine, script: Script, row: Row) -> float:
    """How long a script takes in simulated time."""
    chosen = row.parameters.get("storage", {}).get("value")
    if script.name in _SURFACE_PASSES and isinstance(chosen, dict):
        size = next((disk.size for disk in machine.disks if disk.id == chosen["id"]), 0)
        return size / _DISK_SPEED * _SURFACE_PASSES[script.name]
    return _SECONDS.get(script.name, 4.0)


def outcome(machine: Machine, box: Chassis, script: Script, row: Row) -> Outcome:
    """Run a script on what really is in the chassis now."""
    disk = row.parameters.get("storage", {}).get("value")
    if isinstance(disk, dict):
        bay = box.bay_of(str(disk["serial"]))
        if bay is None or bay.drive is None:
            return Outcome(1, _GONE.format(**disk))
        return _on_disk(script, bay.drive, f"/dev/{bay.kernel_name}")
    if script.name == BAYS_SCRIPT:
        return Outcome(output=json.dumps(bays(box)) + "\n")
    if script.name == "50-maas-01-commissioning":
        return Outcome(output=json.dumps(_resources(machine, box)) + "\n")
    if script.name == "maas-lshw":
        return Outcome(output=_lshw(machine, box))
    if script.default:
        return Outcome(output="" if not script.results else "done\n", result=_yaml(script, failed=False))
    return Outcome()


def _on_disk(script: Script, drive: Drive, path: str) -> Outcome:
    failed = drive.failed and script.name.startswith(_READS_SMART)
    code = 1 if failed else 0
    if script.name == SMART_TEST:
        data = report(drive)
        data["device"] |= {"name": path, "info_name": f"{path} [SAT]"}
        return Outcome(code, json.dumps(data) + "\n")
    if script.name.startswith("smartctl"):
        verdict = (
            "FAILURE: SMART tests have FAILED for drive" if failed else "SUCCESS: SMART tests passed for"
        )
        return Outcome(code, f"{verdict}: {path}!\n\n{text_report(drive, path)}")
    if script.default:
        return Outcome(code, f"{script.name} on {path}\n", result=_yaml(script, failed=failed))
    return Outcome()


def _yaml(script: Script, *, failed: bool) -> str:
    if not script.results:
        return ""
    values = {name: "8" if failed else "0" for name in script.results}
    if script.name in ("fio", "7z"):
        values = {name: str(1000 + 37 * number) for number, name in enumerate(script.results)}
    lines = "".join(f"  {name}: {value}\n" for name, value in values.items())
    return f"status: {'failed' if failed else 'passed'}\nresults:\n{lines}"


def bays(box: Chassis) -> dict[str, Any]:
    """The bays of a chassis, empty ones with a null serial."""
    return {
        "version": 1,
        "bays": [
            {
                "slot": bay.slot,
                "by_path": bay.by_path,
                "name": bay.kernel_name if bay.drive else None,
                "serial": bay.drive.serial if bay.drive else None,
                "wwn": bay.drive.wwn if bay.drive else None,
                "model": bay.drive.model if bay.drive else None,
                "size": bay.drive.size if bay.drive else None,
                "rotational": bay.drive.rotational if bay.drive else None,
            }
            for bay in box.bays
        ],
    }


def _resources(machine: Machine, box: Chassis) -> dict[str, Any]:
    disks = [
        {
            "id": bay.kernel_name,
            "model": bay.drive.model,
            "serial": bay.drive.serial,
            "size": bay.drive.size,
            "device_path": bay.by_path.rsplit("/", 1)[-1],
            "device_id": bay.drive.by_id.rsplit("/", 1)[-1],
            "rpm": 7200 if bay.drive.rotational else 0,
            "firmware_version": bay.drive.firmware,
        }
        for bay in box.bays
        if bay.drive
    ]
    ports = [{"id": nic.name, "address": nic.mac, "link_speed": nic.speed} for nic in box.nics]
    return {
        "api_version": "1.0",
        "environment": {"os_name": "ubuntu", "os_version": "24.04", "server_name": machine.hostname},
        "resources": {
            "cpu": {"architecture": "x86_64", "total": box.cpus},
            "memory": {"total": box.memory_mib * 1024 * 1024},
            "network": {"cards": [{"ports": ports, "vendor": "Broadcom Inc. and subsidiaries"}]},
            "storage": {"disks": disks, "total": len(disks)},
            "system": {"vendor": "Supermicro", "product": box.product, "serial": box.serial},
        },
    }


def _lshw(machine: Machine, box: Chassis) -> str:
    return (
        f'<?xml version="1.0"?>\n<list>\n<node id="{machine.hostname}" class="system">\n'
        f"<product>{box.product}</product>\n<vendor>Supermicro</vendor>\n<serial>{box.serial}</serial>\n"
        f'<node id="memory" class="memory"><size units="bytes">{box.memory_mib << 20}</size></node>\n'
        "</node>\n</list>\n"
    )
