"""SATA drives: identity, self-test and error logs around a table of attributes."""

from typing import Any

from c3tui.lab.chassis import Drive
from c3tui.lab.smart.attributes import attributes

LOGGED_WHEN_DEAD = 12
_FAMILIES = {
    "INTEL SSDSC2KB480G8": "Intel S4510/S4610/S4500/S4600 Series SSDs",
    "MTFDDAK3T8TDS": "Micron 5100 Pro / 52x0 / 5300 SSDs",
}
_LOG_ENTRIES = 5
"""Errors that the log keeps of all it counted."""


def ata(drive: Drive, temperature: int) -> dict[str, Any]:
    """The part of a report that SATA drives have."""
    digits = drive.wwn.removeprefix("0x")
    speed = {"sata_value": 14, "string": "6.0 Gb/s", "units_per_second": 60, "bits_per_unit": 100_000_000}
    return {
        "model_family": _FAMILIES.get(drive.model, "Seagate Exos X16"),
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
        "ata_smart_data": _data(drive),
        "ata_smart_attributes": {"revision": 10, "table": attributes(drive, temperature)},
        "ata_smart_error_log": _error_log(drive),
        "ata_smart_self_test_log": {"extended": {"revision": 1, "sectors": 1, **_self_tests(drive)}},
        "sata_phy_event_counters": {"table": [], "reset": False},
    }


def _data(drive: Drive) -> dict[str, Any]:
    whole = round(drive.size / 180_000_000 / 60 / drive.condition.pace)
    return {
        "offline_data_collection": {
            "status": {"value": 130, "string": "was completed without error", "passed": True}
        },
        "self_test": {
            "status": {"value": 0, "string": "completed without error", "passed": True},
            "polling_minutes": {"short": 1, "extended": whole, "conveyance": 2},
        },
        "capabilities": {"self_tests_supported": True, "error_logging_supported": True},
    }


def _error_log(drive: Drive) -> dict[str, Any]:
    count = LOGGED_WHEN_DEAD if drive.failed else drive.condition.logged_errors
    kept: dict[str, Any] = {"revision": 1, "count": count}
    if count:
        # Long ago: the drive has worked without an error since.
        hours = [max(0, drive.hours // 2 - number) for number in range(min(count, _LOG_ENTRIES))]
        description = "Error: ICRC, ABRT 8 sectors at LBA = 0x00000000 = 0"
        kept |= {
            "logged_count": len(hours),
            "table": [
                {"error_number": count - number, "lifetime_hours": hour, "error_description": description}
                for number, hour in enumerate(hours)
            ],
        }
    return {"extended": {"sectors": 5, **kept}, "summary": kept}


def _self_tests(drive: Drive) -> dict[str, Any]:
    """One short test, passed on the way out of the factory."""
    status = {"value": 0, "string": "Completed without error", "passed": True}
    entry = {"type": {"value": 1, "string": "Short offline"}, "status": status, "lifetime_hours": 1}
    return {"count": 1, "table": [entry], "error_count_total": 0, "error_count_outdated": 0}
