"""SAS drives: grown defects and error counters instead of attributes."""

from typing import Any

from c3tui.lab.chassis import Drive

_DEFECTS_WHEN_DEAD, _UNCORRECTED_WHEN_DEAD = 1975, 12
_HARDWARE_IMPENDING_FAILURE = {
    "asc": 93,
    "ascq": 16,
    "string": "HARDWARE IMPENDING FAILURE GENERAL HARD DRIVE FAILURE",
}


def scsi(drive: Drive, temperature: int) -> dict[str, Any]:
    """The part of a report that SAS drives have."""
    bad = drive.failed
    status = {"passed": False, "scsi": _HARDWARE_IMPENDING_FAILURE} if bad else {"passed": True}
    return {
        "vendor": "SEAGATE",
        "product": drive.model,
        "model_name": f"SEAGATE {drive.model}",
        "scsi_model_name": f"SEAGATE {drive.model}",
        "revision": drive.firmware,
        "scsi_version": "SPC-5",
        "rotation_rate": 7200,
        "form_factor": {"scsi_value": 2, "name": "3.5 inches"},
        "physical_block_size": 4096,
        "logical_unit_id": drive.wwn,
        "device_type": {"scsi_value": 0, "name": "disk"},
        "scsi_transport_protocol": {"name": "SAS (SPL-4)", "value": 6},
        "smart_status": status,
        "temperature": {"current": temperature, "drive_trip": 60},
        "power_on_time": {"hours": drive.hours, "minutes": 12},
        "scsi_start_stop_cycle_counter": {
            "specified_cycle_count_over_device_lifetime": 50_000,
            "accumulated_start_stop_cycles": 4,
            "specified_load_unload_count_over_device_lifetime": 600_000,
            "accumulated_load_unload_cycles": 11,
        },
        "scsi_grown_defect_list": _DEFECTS_WHEN_DEAD if bad else drive.condition.reallocated,
        "scsi_error_counter_log": {
            name: _counters(drive.hours * rate, _UNCORRECTED_WHEN_DEAD if bad and name == "read" else 0)
            for name, rate in (("read", 4.3), ("write", 2.1), ("verify", 0.01))
        },
        "scsi_self_test_0": {
            "code": {"value": 1, "string": "Background short"},
            "result": {"value": 0, "string": "Completed"},
            "power_on_time": {"hours": 1, "aka": "accumulated_power_on_hours"},
        },
    }


def _counters(gigabytes: float, uncorrected: int) -> dict[str, Any]:
    return {
        "errors_corrected_by_eccfast": 0,
        "errors_corrected_by_eccdelayed": uncorrected,
        "errors_corrected_by_rereads_rewrites": 0,
        "total_errors_corrected": uncorrected,
        "correction_algorithm_invocations": uncorrected * 2,
        "gigabytes_processed": f"{gigabytes:.3f}",
        "total_uncorrected_errors": uncorrected,
    }
