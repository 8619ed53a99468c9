"""What NVMe drives say: the health log, its critical warnings, the self-test log."""

from c3tui.model.evidence.common import LONGEST_SERVICE, Said, celsius, fill
from c3tui.model.evidence.selftests import nvme_self_tests
from c3tui.model.evidence.wire import UNSIGNED_128, Picker, Tree

DATA_UNIT = 512_000
"""Bytes in a data unit: a thousand blocks of 512 (NVM Express Base Specification, SMART log)."""

WARNINGS = (
    "spare blocks below their threshold",
    "temperature beyond its threshold",
    "reliability degraded by media or internal errors",
    "read-only",
    "its power-loss backup failed",
    "its persistent memory region is unreliable",
)
"""Critical warning, from bit 0."""


def read(picker: Picker, report: Tree, said: Said) -> None:
    """Add the terms of an NVMe drive."""
    log = picker.node(report, "nvme_smart_health_information_log")
    warning = picker.whole(log, "critical_warning", most=255)
    said["critical_warning"] = warning
    said["critical_warnings"] = _warnings(warning or 0)
    for term, key, sane in (
        ("wear", "percentage_used", 255),
        ("spare", "available_spare", 100),
        ("spare_threshold", "available_spare_threshold", 100),
        ("media_errors", "media_errors", 2**48),
        ("error_entries", "num_err_log_entries", None),
        ("unsafe_shutdowns", "unsafe_shutdowns", None),
        ("warm_minutes", "warning_temp_time", None),
        ("hot_minutes", "critical_comp_time", None),
        ("hours", "power_on_hours", LONGEST_SERVICE),
        ("cycles", "power_cycles", None),
    ):
        fill(said, term, picker.whole(log, key, most=UNSIGNED_128, sane=sane))
    written = picker.whole(log, "data_units_written", most=UNSIGNED_128)
    said["bytes_written"] = None if written is None else written * DATA_UNIT
    fill(said, "temperature", celsius(picker, log, "temperature"))
    fill(said, "capacity", picker.whole(report, "nvme_total_capacity") or None)
    for row in picker.rows(report, "nvme_namespaces"):
        fill(said, "capacity", picker.whole(row, "size", "bytes") or None)
        fill(said, "logical_sector", picker.whole(row, "formatted_lba_size", sane=1 << 16))
    said["self_tests"] = nvme_self_tests(picker, report)


def _warnings(bits: int) -> tuple[str, ...]:
    known = tuple(what for bit, what in enumerate(WARNINGS) if bits >> bit & 1)
    other = bits >> len(WARNINGS)
    return (*known, f"unknown critical warning 0x{bits:02x}") if other else known
