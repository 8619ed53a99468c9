"""What ``smartctl`` says about a drive of the room, as JSON and as text.

A failed drive has overall status FAILED, reallocated and pending sectors (or the critical warning of
NVMe), and the matching bits in ``smartctl.exit_status`` (smartctl(8), "EXIT STATUS").
"""

import time
from typing import Any

from c3tui.lab.chassis import Drive
from c3tui.lab.smart.ata import ata
from c3tui.lab.smart.nvme import nvme
from c3tui.lab.smart.scsi import scsi

__all__ = ["exit_status", "report", "text_report"]

_CHECKSUM_EXIT = 0b0000_0100
"""Bit 2: a SMART command failed; all that a drive without SMART gives."""
_FAILED_EXIT = 0b0001_1000
"""Bits 3 (disk failing) and 4 (an attribute at or below its threshold)."""
_LOGGED_ERRORS_EXIT = 0b0100_0000
_KINDS = {"nvme": ("nvme", "NVMe"), "sas": ("scsi", "SCSI"), "sata": ("sat", "ATA")}
_BODIES = {"nvme": nvme, "sas": scsi, "sata": ata}


def exit_status(drive: Drive) -> int:
    """How smartctl ends on a drive."""
    if not drive.condition.smart:
        return _CHECKSUM_EXIT
    ata_only = drive.transport == "sata"
    status = _FAILED_EXIT if drive.failed else 0
    if ata_only and (drive.failed or drive.condition.logged_errors):
        status |= _LOGGED_ERRORS_EXIT
    return status


def report(drive: Drive, temperature: int = 31, path: str = "") -> dict[str, Any]:
    """``smartctl --json --xall`` of a drive, at so many degrees Celsius, asked for by ``path``."""
    common = _common(drive, path or drive.by_id)
    if not drive.condition.smart:
        return common | _silent(drive)
    told = {
        "smart_support": {"available": True, "enabled": True},
        "smart_status": {"passed": not drive.failed},
        "power_on_time": {"hours": drive.hours},
        "power_cycle_count": 4,
        "temperature": {"current": temperature},
    }
    return common | told | _BODIES[drive.transport](drive, temperature)


def _common(drive: Drive, path: str) -> dict[str, Any]:
    now = int(time.time())
    kind, protocol = _KINDS[drive.transport] if drive.condition.smart else _KINDS["sas"]
    return {
        "json_format_version": [1, 0],
        "smartctl": {
            "version": [7, 4],
            "svn_revision": "5530",
            "platform_info": "x86_64-linux-6.8.0-48-generic",
            "build_info": "(local build)",
            "argv": ["smartctl", "--json", "--xall", path],
            "exit_status": exit_status(drive),
        },
        "local_time": {"time_t": now, "asctime": time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime(now))},
        "device": {
            "name": path,
            "info_name": f"{path} [SAT]" if kind == "sat" else path,
            "type": kind,
            "protocol": protocol,
        },
        "model_name": drive.model,
        "serial_number": drive.serial,
        "firmware_version": drive.firmware,
        "logical_block_size": 512,
        "user_capacity": {"blocks": drive.size // 512, "bytes": drive.size},
    }


def _silent(drive: Drive) -> dict[str, Any]:
    """A volume of a RAID controller: a disk to the kernel, with nothing behind it that answers SMART."""
    return {
        "vendor": "LSI",
        "product": drive.model[:16],
        "revision": drive.firmware[:4],
        "scsi_version": "SPC-3",
        "device_type": {"scsi_value": 0, "name": "disk"},
        "smart_support": {"available": False},
        "temperature": {"current": 0, "drive_trip": 0},
    }


def text_report(drive: Drive, path: str) -> str:
    """``smartctl --health --attributes`` as people read it."""
    verdict = "FAILED!" if drive.failed else "PASSED"
    lines = [
        "smartctl 7.4 2023-08-01 r5530 [x86_64-linux-6.8.0-48-generic] (local build)",
        f"Device:           {path}",
        f"Device Model:     {drive.model}",
        f"Serial Number:    {drive.serial}",
        f"Firmware Version: {drive.firmware}",
        f"User Capacity:    {drive.size:,} bytes",
        f"SMART overall-health self-assessment test result: {verdict}",
    ]
    if not drive.condition.smart:
        lines[-1] = "SMART support is:     Unavailable - device lacks SMART capability."
    table = report(drive).get("ata_smart_attributes", {}).get("table", [])
    for row in table:
        lines.append(
            f"{row['id']:3d} {row['name']:<24}{row['flags']['string']}{row['value']:03d}   "
            f"{row['worst']:03d}   {row['thresh']:03d}    "
            f"{row['when_failed'] or '-':<5}{row['raw']['string']}"
        )
    return "\n".join(lines) + "\n"
