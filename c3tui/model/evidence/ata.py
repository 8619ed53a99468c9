"""What ATA drives say: attributes, device statistics, logs, the SATA link."""

from c3tui.model.evidence import attributes
from c3tui.model.evidence.common import HOTTEST, LONGEST_SERVICE, Said, fill, gbps
from c3tui.model.evidence.selftests import ata_errors, ata_self_tests
from c3tui.model.evidence.wire import Picker, Tree

SECTOR = 512
"""Bytes: attribute 241 and the statistics count logical sectors of this size with every vendor that names it
LBAs; 4Kn drives count their own."""

_STATISTICS: dict[tuple[int, int], str] = {
    (1, 16): "hours",
    (1, 24): "sectors_written",
    (3, 32): "reallocated",
    (3, 56): "pending",
    (4, 8): "reported_uncorrectable",
    (5, 32): "temperature_max",
    (6, 24): "crc_errors",
    (7, 8): "wear",
}
"""Device statistics by page and offset (ACS-4, 9.5), for what the attributes leave out."""


def read(picker: Picker, report: Tree, said: Said) -> None:
    """Add the terms of an ATA drive."""
    table = attributes.read_attributes(picker, report)
    said["attributes"] = table
    said.update(attributes.counts(picker, table) | {k: v for k, v in said.items() if v is not None})
    _from_attributes(picker, said)
    _from_statistics(picker, report, said)
    count = picker.whole(report, "ata_pending_defects_log", "count", sane=2**32)
    if count is not None:
        said["pending"] = max(said.get("pending") or 0, count)
    said["self_tests"] = ata_self_tests(picker, report, said["hours"])
    said["error_entries"], said["errors"] = ata_errors(picker, report, said["hours"])
    said["link_gbps"] = gbps(picker.text(report, "interface_speed", "current", "string"))
    said["link_gbps_max"] = gbps(picker.text(report, "interface_speed", "max", "string"))


def _from_attributes(picker: Picker, said: Said) -> None:
    table = said["attributes"]
    service = next((each for each in table if each.id == 9), None)
    if said["hours"] is None and service is not None:
        hours = attributes.hours(service)
        if hours is not None and hours <= LONGEST_SERVICE:
            said["hours"] = hours
    warmth = attributes.temperature(table)
    if warmth is not None and warmth <= HOTTEST:
        fill(said, "temperature", warmth)
    if said["rpm"]:
        return
    own = attributes.wear(table)
    if own is not None:
        said["wear"] = max(own, said["wear"] or 0)
    if found := attributes.spare(table):
        fill(said, "spare", found[0])
        fill(said, "spare_threshold", found[1])
    written = next(
        (each for each in table if each.id in (241, 246) and each.name == "Total_LBAs_Written"), None
    )
    if written is not None and written.raw is not None:
        said["bytes_written"] = written.raw * SECTOR


def _from_statistics(picker: Picker, report: Tree, said: Said) -> None:
    for page in picker.rows(report, "ata_device_statistics", "pages"):
        number = picker.whole(page, "number")
        for row in picker.rows(page, "table"):
            term = _STATISTICS.get((number or 0, picker.whole(row, "offset") or 0))
            if term is None or picker.flag(row, "flags", "valid") is False:
                continue
            value = picker.whole(row, "value", least=-(2**31), sane=None)
            if value is None:
                continue
            if term == "wear" and 0 <= value <= 255 and not said["rpm"]:
                # The standard's own figure, where the drive keeps it, over a guess from its attributes.
                said["wear"] = value
            elif term == "sectors_written":
                fill(said, "bytes_written", value * (said["logical_sector"] or SECTOR))
            elif term != "wear" and value >= 0:
                fill(said, term, value)
