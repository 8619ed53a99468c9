"""What reports of all protocols share: who the drive is, how it was read, its hours and temperature."""

import re
from typing import Any, TypeAlias

from c3tui.model.evidence.wire import Picker, Tree

Said: TypeAlias = dict[str, Any]
"""Terms and their values, before they become evidence."""

EXIT_BITS = (
    "the command line was wrong",
    "the device could not be opened, or it sleeps",
    "a SMART command to the drive failed",
    "the drive says that it is failing",
    "an attribute is at its failure threshold",
    "an attribute was at its threshold in the past",
    "the drive's error log has entries",
    "the self-test log has failures",
)
"""smartctl(8), EXIT STATUS, from bit 0."""

HOTTEST = 150
"""Celsius; a drive that reports more reports something else."""

LONGEST_SERVICE = 400_000
"""Hours, 45 years: older than any drive with SMART."""

KNOWN = frozenset(
    "ata_device_statistics ata_pending_defects_log ata_smart_attributes ata_smart_error_log "
    "ata_smart_self_test_log device endurance_used firmware_version form_factor interface_speed "
    "json_format_version local_time logical_block_size model_family model_name nvme_namespaces "
    "nvme_self_test_log nvme_smart_health_information_log nvme_total_capacity physical_block_size "
    "power_cycle_count power_on_time product revision rotation_rate scsi_error_counter_log "
    "scsi_grown_defect_list scsi_model_name scsi_pending_defects scsi_percentage_used_endurance_indicator "
    "scsi_product scsi_revision scsi_sas_port_0 scsi_sas_port_1 scsi_start_stop_cycle_counter scsi_vendor "
    "serial_number smart_status smart_support smartctl spare_available temperature user_capacity vendor wwn"
    .split()
) | {f"scsi_self_test_{nth}" for nth in range(20)}  # fmt: skip
"""Keys that are read; everything else is kept as it is."""

_GBPS = re.compile(r"(\d+(?:\.\d+)?) ?G")


def read_common(picker: Picker, report: Tree) -> Said:
    """The terms that no protocol changes."""
    exit_status = picker.whole(report, "smartctl", "exit_status", most=255)
    vendor = picker.text(report, "scsi_vendor") or picker.text(report, "vendor")
    product = picker.text(report, "scsi_product") or picker.text(report, "product")
    model = picker.text(report, "model_name") or picker.text(report, "scsi_model_name")
    return {
        "type": picker.text(report, "device", "type"),
        "vendor": vendor,
        "model": model or f"{vendor} {product}".strip(),
        "family": picker.text(report, "model_family"),
        "serial": picker.text(report, "serial_number"),
        "wwn": _wwn(picker, report),
        "firmware": picker.text(report, "firmware_version")
        or picker.text(report, "scsi_revision")
        or picker.text(report, "revision"),
        "form_factor": picker.text(report, "form_factor", "name"),
        "capacity": picker.whole(report, "user_capacity", "bytes") or None,
        "rpm": picker.whole(report, "rotation_rate", sane=60_000),
        "logical_sector": picker.whole(report, "logical_block_size", sane=1 << 16),
        "physical_sector": picker.whole(report, "physical_block_size", sane=1 << 20),
        "smart_available": picker.flag(report, "smart_support", "available"),
        "smart_enabled": picker.flag(report, "smart_support", "enabled"),
        "smart_passed": picker.flag(report, "smart_status", "passed"),
        "exit_status": exit_status,
        "exit_bits": tuple(what for bit, what in enumerate(EXIT_BITS) if (exit_status or 0) >> bit & 1),
        "hours": picker.whole(report, "power_on_time", "hours", sane=LONGEST_SERVICE),
        "cycles": picker.whole(report, "power_cycle_count", sane=2**32),
        "wear": picker.whole(report, "endurance_used", "current_percent", sane=255),
        "spare": picker.whole(report, "spare_available", "current_percent", sane=100),
        "spare_threshold": picker.whole(report, "spare_available", "threshold_percent", sane=100),
        **_temperatures(picker, report),
    }


def _wwn(picker: Picker, report: Tree) -> str:
    """As udev writes it: ``0x5000c500a1b2c3d4``."""
    parts = [picker.whole(report, "wwn", key) for key in ("naa", "oui", "id")]
    naa, oui, number = parts
    return "" if naa is None or oui is None or number is None else f"0x{naa:x}{oui:06x}{number:09x}"


def _temperatures(picker: Picker, report: Tree) -> Said:
    """In Celsius. A SAS device that has no sensor says 0 and trips at 0."""
    now = celsius(picker, report, "temperature", "current")
    trip = celsius(picker, report, "temperature", "drive_trip")
    if now == 0 and not trip:
        now = None
    most = celsius(picker, report, "temperature", "lifetime_max")
    return {"temperature": now, "temperature_max": most, "temperature_trip": trip or None}


def celsius(picker: Picker, tree: Tree, *path: str) -> int | None:
    """A temperature a drive can have."""
    value = picker.whole(tree, *path, least=-(2**31))
    if value is None or -50 <= value <= HOTTEST:
        return value
    picker.doubt(".".join(path), f"{value} C cannot be true")
    return None


def fill(said: Said, term: str, value: object) -> None:
    """Take a value from a second place where the first had none."""
    if said.get(term) is None and value is not None:
        said[term] = value


def gbps(text: str) -> float | None:
    """Gigabits a second out of such as ``6.0 Gb/s`` or ``phy enabled; 12 Gbps``."""
    found = _GBPS.search(text)
    return float(found.group(1)) if found else None
