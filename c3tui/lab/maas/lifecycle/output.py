"""What scripts print on the simulated hardware, and how they end."""

import json
from typing import Any

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle import documents
from c3tui.lab.maas.lifecycle.inband import REPORTS
from c3tui.lab.maas.lifecycle.ondisk import Outcome, figures, on_disk, seconds_on
from c3tui.lab.maas.records import Machine, Row, Script

__all__ = ["Outcome", "bays", "outcome", "seconds_of"]

BAYS_SCRIPT = "c3-bays"
_SECONDS = {
    "memtester": 3600.0,
    "stress-ng-cpu-long": 43_200.0,
    "stress-ng-cpu-short": 300.0,
    "stress-ng-memory-long": 43_200.0,
    "stress-ng-memory-short": 300.0,
    "7z": 120.0,
    "50-maas-01-commissioning": 8.0,
    "maas-lshw": 10.0,
    "maas-support-info": 8.0,
    "maas-capture-lldpd": 60.0,
    "wipe-disks": 60.0,
}
_GONE = (
    'Storage device "{name}" with model "{model}" and serial "{serial}" has not been found!\n\n'
    "This indicates the storage device has been removed or the OS is unable to find it due to a "
    "hardware failure. Please re-commission this node to re-discover the storage devices, or delete "
    "this device manually.\n"
)


def seconds_of(box: Chassis, script: Script, row: Row) -> float | None:
    """How long a script takes in simulated time; None when it never comes back."""
    disk = row.parameters.get("storage", {}).get("value")
    bay = box.bay_of(str(disk["serial"])) if isinstance(disk, dict) else None
    if bay and bay.drive:
        return seconds_on(script, bay.drive)
    return _SECONDS.get(script.name, 4.0)


def outcome(machine: Machine, box: Chassis, script: Script, row: Row) -> Outcome:
    """Run a script on what really is in the chassis now."""
    disk = row.parameters.get("storage", {}).get("value")
    if isinstance(disk, dict):
        bay = box.bay_of(str(disk["serial"]))
        if bay is None or bay.drive is None:
            return Outcome(1, _GONE.format(**disk))
        return on_disk(script, bay.drive, f"/dev/{bay.kernel_name}")
    if script.name == BAYS_SCRIPT:
        return Outcome(output=json.dumps(bays(box)) + "\n")
    if script.name == "50-maas-01-commissioning":
        return Outcome(output=json.dumps(_resources(machine, box)) + "\n")
    if script.name == "maas-lshw":
        return Outcome(output=documents.lshw(machine.hostname, box))
    if script.name == "maas-capture-lldpd":
        return Outcome(output=documents.neighbours(box))
    if script.name in REPORTS:
        return Outcome(output=json.dumps(REPORTS[script.name](box), indent=1) + "\n")
    if script.default:
        return Outcome(output="" if not script.results else "done\n", result=figures(script, failed=False))
    return Outcome()


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
