"""What ``smartctl`` says about a drive of the room, as JSON and as text."""

import time
from typing import Any

from c3tui.lab.chassis import Drive

_FAILED_EXIT = 0b0001_1000
"""Bits 3 (disk failing) and 4 (an attribute at or below its threshold) of smartctl's exit status."""
_LOGGED_ERRORS_EXIT = 0b0100_0000
_REALLOCATED, _PENDING = 1975, 8
_Attribute = tuple[int, str, int, int, int, int, int]
"""Id, name, value, worst, threshold, flags, raw value."""


def report(drive: Drive, temperature: int = 31) -> dict[str, Any]:
    """``smartctl --json --xall`` of a drive, at so many degrees Celsius.

    A failed drive has overall status FAILED, reallocated and pending sectors (or the critical warning of
    NVMe), and the matching bits in ``smartctl.exit_status`` (smartctl(8), "EXIT STATUS").
    """
    specific = _nvme(drive, temperature) if drive.transport == "nvme" else _ata(drive, temperature)
    return {**_common(drive, temperature), **specific}


def _common(drive: Drive, temperature: int) -> dict[str, Any]:
    now = int(time.time())
    nvme = drive.transport == "nvme"
    exit_status = 0 if not drive.failed else _FAILED_EXIT if nvme else _FAILED_EXIT | _LOGGED_ERRORS_EXIT
    kind = "nvme" if nvme else "sat"
    return {
        "json_format_version": [1, 0],
        "smartctl": {
            "version": [7, 4],
            "svn_revision": "5530",
            "platform_info": "x86_64-linux-6.8.0-48-generic",
            "build_info": "(local build)",
            "argv": ["smartctl", "--json", "--xall", drive.by_id],
            "exit_status": exit_status,
        },
        "local_time": {"time_t": now, "asctime": time.strftime("%a %b %e %H:%M:%S %Y UTC", time.gmtime(now))},
        "device": {
            "name": drive.by_id,
            "info_name": drive.by_id if nvme else f"{drive.by_id} [SAT]",
            "type": kind,
            "protocol": "NVMe" if nvme else "ATA",
        },
        "model_name": drive.model,
        "serial_number": drive.serial,
        "firmware_version": drive.firmware,
        "logical_block_size": 512,
        "user_capacity": {"blocks": drive.size // 512, "bytes": drive.size},
        "smart_support": {"available": True, "enabled": True},
        "smart_status": {"passed": not drive.failed},
        "power_on_time": {"hours": drive.hours},
        "power_cycle_count": 4,
        "temperature": {"current": temperature},
    }


def _ata(drive: Drive, temperature: int) -> dict[str, Any]:
    digits = drive.wwn.removeprefix("0x")
    errors = 12 if drive.failed else 0
    attributes = _hdd(drive, temperature) if drive.rotational else _ssd(drive, temperature)
    speed = {"sata_value": 14, "string": "6.0 Gb/s", "units_per_second": 60, "bits_per_unit": 100_000_000}
    return {
        "model_family": "Seagate Exos X16"
        if drive.rotational
        else "Intel S4510/S4610/S4500/S4600 Series SSDs",
        "wwn": {"naa": int(digits[0], 16), "oui": int(digits[1:7], 16), "id": int(digits[7:], 16)},
        "physical_block_size": 4096,
        "rotation_rate": 7200 if drive.rotational else 0,
        "form_factor": {"ata_value": 2, "name": "3.5 inches"}
        if drive.rotational
        else {"ata_value": 3, "name": "2.5 inches"},
        "trim": {"supported": not drive.rotational},
        "in_smartctl_database": True,
        "ata_version": {
            "string": "ACS-4 T13/BSR INCITS 529 revision 5",
            "major_value": 4064,
            "minor_value": 65535,
        },
        "sata_version": {"string": "SATA 3.3", "value": 511},
        "interface_speed": {"max": speed, "current": {**speed, "sata_value": 3}},
        "ata_smart_data": {
            "offline_data_collection": {
                "status": {"value": 130, "string": "was completed without error", "passed": True}
            },
            "self_test": {
                "status": {"value": 0, "string": "completed without error", "passed": True},
                "polling_minutes": {"short": 1, "extended": drive.size // 180_000_000 // 60, "conveyance": 2},
            },
            "capabilities": {"self_tests_supported": True, "error_logging_supported": True},
        },
        "ata_smart_attributes": {"revision": 10, "table": [_attribute(*each) for each in attributes]},
        "ata_smart_error_log": {"extended": {"revision": 1, "sectors": 5, "count": errors}}
        | {"summary": {"revision": 1, "count": errors}},
        "ata_smart_self_test_log": {"extended": {"revision": 1, "sectors": 1, "count": 0}},
        "sata_phy_event_counters": {"table": [], "reset": False},
    }


def _hdd(drive: Drive, temperature: int) -> list[_Attribute]:
    bad = drive.failed
    return [
        (1, "Raw_Read_Error_Rate", 84, 64, 44, 15, 239_307_048),
        (3, "Spin_Up_Time", 91, 90, 0, 3, 0),
        (4, "Start_Stop_Count", 100, 100, 20, 50, 4),
        (
            5,
            "Reallocated_Sector_Ct",
            1 if bad else 100,
            1 if bad else 100,
            10,
            51,
            _REALLOCATED if bad else 0,
        ),
        (7, "Seek_Error_Rate", 85, 60, 45, 15, 330_010),
        (9, "Power_On_Hours", 100, 100, 0, 50, drive.hours),
        (10, "Spin_Retry_Count", 100, 100, 97, 19, 0),
        (12, "Power_Cycle_Count", 100, 100, 20, 50, 4),
        (187, "Reported_Uncorrect", 88 if bad else 100, 88 if bad else 100, 0, 50, 12 if bad else 0),
        (188, "Command_Timeout", 100, 100, 0, 50, 0),
        (190, "Airflow_Temperature_Cel", 100 - temperature, 50, 40, 34, temperature),
        (194, "Temperature_Celsius", temperature, 40, 0, 34, temperature),
        (197, "Current_Pending_Sector", 100, 100, 0, 18, _PENDING if bad else 0),
        (198, "Offline_Uncorrectable", 100, 100, 0, 16, _PENDING if bad else 0),
        (199, "UDMA_CRC_Error_Count", 200, 200, 0, 62, 0),
        (240, "Head_Flying_Hours", 100, 253, 0, 0, drive.hours),
        (241, "Total_LBAs_Written", 100, 253, 0, 0, drive.hours * 29_370_000),
        (242, "Total_LBAs_Read", 100, 253, 0, 0, drive.hours * 11_510_000),
    ]


def _ssd(drive: Drive, temperature: int) -> list[_Attribute]:
    bad = drive.failed
    return [
        (
            5,
            "Reallocated_Sector_Ct",
            1 if bad else 100,
            1 if bad else 100,
            10,
            51,
            _REALLOCATED if bad else 0,
        ),
        (9, "Power_On_Hours", 100, 100, 0, 50, drive.hours),
        (12, "Power_Cycle_Count", 100, 100, 0, 50, 4),
        (170, "Available_Reservd_Space", 100, 100, 10, 51, 0),
        (171, "Program_Fail_Count", 100, 100, 0, 50, 0),
        (172, "Erase_Fail_Count", 100, 100, 0, 50, 0),
        (187, "Uncorrectable_Error_Cnt", 100, 100, 0, 50, 12 if bad else 0),
        (190, "Drive_Temperature", 100 - temperature, 66, 0, 34, temperature),
        (194, "Temperature_Celsius", 100, 100, 0, 34, temperature),
        (197, "Pending_Sector_Count", 100, 100, 0, 18, _PENDING if bad else 0),
        (199, "CRC_Error_Count", 100, 100, 0, 62, 0),
        (232, "Available_Reservd_Space", 100, 100, 10, 51, 0),
        (233, "Media_Wearout_Indicator", 100, 100, 0, 50, 0),
        (241, "Host_Writes_32MiB", 100, 100, 0, 50, drive.hours * 11),
        (242, "Host_Reads_32MiB", 100, 100, 0, 50, drive.hours * 81),
    ]


_FLAGS = (
    (1, "prefailure", "P"),
    (2, "updated_online", "O"),
    (4, "performance", "S"),
    (8, "error_rate", "R"),
    (16, "event_count", "C"),
    (32, "auto_keep", "K"),
)


def _attribute(
    number: int, name: str, value: int, worst: int, threshold: int, flags: int, raw: int
) -> dict[str, Any]:
    letters = "".join(letter if flags & bit else "-" for bit, _, letter in _FLAGS)
    failing = 0 < value <= threshold
    return {
        "id": number,
        "name": name,
        "value": value,
        "worst": worst,
        "thresh": threshold,
        "when_failed": "now" if failing else "",
        "flags": {"value": flags, "string": f"{letters} "}
        | {key: bool(flags & bit) for bit, key, _ in _FLAGS},
        "raw": {"value": raw, "string": str(raw)},
    }


def _nvme(drive: Drive, temperature: int) -> dict[str, Any]:
    bad = drive.failed
    return {
        "nvme_pci_vendor": {"id": 5197, "subsystem_id": 5197},
        "nvme_ieee_oui_identifier": 9528,
        "nvme_controller_id": 6,
        "nvme_number_of_namespaces": 32,
        "nvme_version": {"string": "1.4", "value": 66560},
        "nvme_total_capacity": drive.size,
        "nvme_unallocated_capacity": 0,
        "smart_status": {"passed": not bad, "nvme": {"value": 4 if bad else 0}},
        "nvme_smart_health_information_log": {
            "critical_warning": 4 if bad else 0,
            "temperature": temperature,
            "available_spare": 4 if bad else 100,
            "available_spare_threshold": 10,
            "percentage_used": 101 if bad else 0,
            "data_units_read": drive.hours * 14_300,
            "data_units_written": drive.hours * 146_000,
            "host_reads": drive.hours * 369_000,
            "host_writes": drive.hours * 3_725_000,
            "controller_busy_time": drive.hours,
            "power_cycles": 4,
            "power_on_hours": drive.hours,
            "unsafe_shutdowns": 1,
            "media_errors": _REALLOCATED if bad else 0,
            "num_err_log_entries": 12 if bad else 0,
            "warning_temp_time": 0,
            "critical_comp_time": 0,
            "temperature_sensors": [temperature, temperature + 9],
        },
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
    table = report(drive).get("ata_smart_attributes", {}).get("table", [])
    for row in table:
        lines.append(
            f"{row['id']:3d} {row['name']:<24}{row['flags']['string']}{row['value']:03d}   "
            f"{row['worst']:03d}   {row['thresh']:03d}    "
            f"{row['when_failed'] or '-':<5}{row['raw']['string']}"
        )
    return "\n".join(lines) + "\n"
