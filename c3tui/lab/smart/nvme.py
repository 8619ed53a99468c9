"""NVMe drives: the health information log."""

from typing import Any

from c3tui.lab.chassis import Drive

_ERRORS_WHEN_DEAD = 1975
_RELIABILITY_DEGRADED = 4


def nvme(drive: Drive, temperature: int) -> dict[str, Any]:
    """The part of a report that NVMe drives have."""
    bad, digits = drive.failed, drive.wwn.removeprefix("0x")
    warning = _RELIABILITY_DEGRADED if bad else 0
    size = {"blocks": drive.size // 512, "bytes": drive.size}
    return {
        "nvme_pci_vendor": {"id": 7695, "subsystem_id": 7695},
        "nvme_ieee_oui_identifier": 9233294,
        "nvme_controller_id": 1,
        "nvme_number_of_namespaces": 32,
        "nvme_version": {"string": "1.4", "value": 66560},
        "nvme_total_capacity": drive.size,
        "nvme_unallocated_capacity": 0,
        "nvme_namespaces": [
            {
                "id": 1,
                "size": size,
                "capacity": size,
                "utilization": size,
                "formatted_lba_size": 512,
                "eui64": {"oui": int(digits[:6], 16), "ext_id": int(digits[6:], 16)},
            }
        ],
        "smart_status": {"passed": not bad, "nvme": {"value": warning}},
        "nvme_smart_health_information_log": {
            "critical_warning": warning,
            "temperature": temperature,
            "available_spare": 4 if bad else 100,
            "available_spare_threshold": 10,
            "percentage_used": 101 if bad else drive.condition.wear,
            "data_units_read": drive.hours * 14_300,
            "data_units_written": drive.hours * 146_000,
            "host_reads": drive.hours * 369_000,
            "host_writes": drive.hours * 3_725_000,
            "controller_busy_time": drive.hours,
            "power_cycles": 4,
            "power_on_hours": drive.hours,
            "unsafe_shutdowns": 1,
            "media_errors": _ERRORS_WHEN_DEAD if bad else drive.condition.reallocated,
            "num_err_log_entries": drive.condition.logged_errors,
            "warning_temp_time": 0,
            "critical_comp_time": 0,
            "temperature_sensors": [temperature, temperature + 9],
        },
        "nvme_self_test_log": {"current_self_test_operation": {"value": 0, "string": "No self-test"}},
    }
