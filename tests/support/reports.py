"""SMART reports for tests: a sound drive of each protocol as smartctl writes it, and changes to it."""

import json
from copy import deepcopy
from typing import Any

from c3tui.model.evidence import SmartEvidence, read_smart

Report = dict[str, Any]


def row(
    id: int, name: str, raw: int, value: int = 100, threshold: int = 0, text: str | None = None, **more: Any
) -> Report:
    """A line of the attribute table."""
    return {
        "id": id,
        "name": name,
        "value": value,
        "worst": more.pop("worst", value),
        "thresh": threshold,
        "when_failed": more.pop("when_failed", ""),
        "flags": {"value": 51, "string": "PO--CK ", "prefailure": more.pop("prefail", False)},
        "raw": {"value": raw, "string": str(raw) if text is None else text},
    }


def _common(protocol: str, kind: str) -> Report:
    return {
        "json_format_version": [1, 0],
        "smartctl": {"version": [7, 4], "exit_status": 0},
        "device": {"name": "/dev/x", "type": kind, "protocol": protocol},
        "model_name": f"ACME {protocol}",
        "serial_number": "ZX000001",
        "firmware_version": "F1",
        "user_capacity": {"blocks": 7814037168, "bytes": 4000787030016},
        "logical_block_size": 512,
        "physical_block_size": 4096,
        "smart_support": {"available": True, "enabled": True},
        "smart_status": {"passed": True},
        "power_on_time": {"hours": 2000},
        "power_cycle_count": 9,
        "temperature": {"current": 30},
    }


def hdd(*rows: Report, **changes: Any) -> Report:
    """A spinning SATA drive; rows replace or join the table, changes go by ``path__to__key``."""
    table = [
        row(1, "Raw_Read_Error_Rate", 239_307_048, 84, 44, prefail=True),
        row(5, "Reallocated_Sector_Ct", 0, 100, 10, prefail=True),
        row(9, "Power_On_Hours", 2000),
        row(197, "Current_Pending_Sector", 0),
        row(198, "Offline_Uncorrectable", 0),
        row(199, "UDMA_CRC_Error_Count", 0, 200),
    ]
    speed = {"string": "6.0 Gb/s"}
    made = _common("ATA", "sat") | {
        "rotation_rate": 7200,
        "interface_speed": {"max": dict(speed), "current": dict(speed)},
        "ata_smart_attributes": {"revision": 10, "table": _merged(table, rows)},
    }
    return changed(made, changes)


def ssd(*rows: Report, **changes: Any) -> Report:
    """A SATA solid state drive as Intel's attributes tell it."""
    table = [
        row(5, "Reallocated_Sector_Ct", 0),
        row(9, "Power_On_Hours", 2000),
        row(232, "Available_Reservd_Space", 0, 100, 10, prefail=True),
        row(233, "Media_Wearout_Indicator", 0, 99),
    ]
    made = _common("ATA", "sat") | {
        "rotation_rate": 0,
        "interface_speed": {"max": {"string": "6.0 Gb/s"}, "current": {"string": "6.0 Gb/s"}},
        "ata_smart_attributes": {"revision": 10, "table": _merged(table, rows)},
    }
    return changed(made, changes)


def nvme(**changes: Any) -> Report:
    """An NVMe drive; changes without ``__`` go into its health log."""
    made = _common("NVMe", "nvme") | {
        "nvme_smart_health_information_log": {
            "critical_warning": 0,
            "temperature": 36,
            "available_spare": 100,
            "available_spare_threshold": 10,
            "percentage_used": 3,
            "data_units_written": 1000,
            "media_errors": 0,
            "num_err_log_entries": 0,
            "power_on_hours": 2000,
            "unsafe_shutdowns": 1,
            "warning_temp_time": 0,
            "critical_comp_time": 0,
        }
    }
    log = made["nvme_smart_health_information_log"]
    log |= {key: value for key, value in changes.items() if key in log}
    return changed(made, {key: value for key, value in changes.items() if key not in log})


def sas(**changes: Any) -> Report:
    """A spinning SAS drive."""
    counter = {"total_uncorrected_errors": 0, "gigabytes_processed": "176987.332"}
    made = _common("SCSI", "scsi") | {
        "rotation_rate": 7200,
        "temperature": {"current": 34, "drive_trip": 68},
        "scsi_grown_defect_list": 0,
        "scsi_error_counter_log": {way: dict(counter) for way in ("read", "write", "verify")},
    }
    return changed(made, changes)


def self_test(status: int, hours: int, kind: str = "Extended offline", **more: Any) -> Report:
    """An entry of ATA's self-test log; the status' upper four bits are the result (ACS-4)."""
    state: Report = {"value": status, "string": more.pop("string", "told by the drive")}
    if status >> 4 in (0, 3, 4, 5, 6, 7, 8):
        state["passed"] = status >> 4 == 0
    return {"type": {"value": 2, "string": kind}, "status": state, "lifetime_hours": hours, **more}


def with_log(*entries: Report) -> Report:
    """The changes that give a drive a self-test log, the newest entry first."""
    log = {"standard": {"revision": 1, "table": list(entries), "count": len(entries)}}
    return {"ata_smart_self_test_log": log}


def changed(report: Report, changes: Report) -> Report:
    """A copy with values put at ``path__to__key``; None takes the key away."""
    made = deepcopy(report)
    for path, value in changes.items():
        *parents, last = path.split("__")
        at = made
        for key in parents:
            at = at.setdefault(key, {})
        if value is None:
            at.pop(last, None)
        else:
            at[last] = value
    return made


def evidence(report: Report) -> SmartEvidence:
    """What is read of a report."""
    return read_smart(json.dumps(report))


def _merged(table: list[Report], rows: tuple[Report, ...]) -> list[Report]:
    own = {each["id"]: each for each in rows}
    return [own.pop(each["id"], each) for each in table] + list(own.values())
