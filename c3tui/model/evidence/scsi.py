"""What SAS drives say: defect lists, error counters, endurance, self-tests, the phys of their ports."""

from c3tui.model.evidence.common import Said, fill, gbps
from c3tui.model.evidence.selftests import scsi_self_tests
from c3tui.model.evidence.wire import Picker, Tree

PORTS = ("scsi_sas_port_0", "scsi_sas_port_1")
_PHY_ERRORS = ("invalid_dword_count", "running_disparity_error_count", "loss_of_dword_synchronization_count")


def read(picker: Picker, report: Tree, said: Said) -> None:
    """Add the terms of a SAS drive."""
    said["grown_defects"] = picker.whole(report, "scsi_grown_defect_list", sane=2**31)
    counters = picker.node(report, "scsi_error_counter_log")
    for way in ("read", "write", "verify"):
        said[f"{way}_uncorrected"] = picker.whole(counters, way, "total_uncorrected_errors", sane=2**48)
    said["pending"] = picker.whole(report, "scsi_pending_defects", "count", sane=2**32)
    used = picker.whole(report, "scsi_percentage_used_endurance_indicator", most=255)
    fill(said, "wear", used)
    cycles = picker.node(report, "scsi_start_stop_cycle_counter")
    said["start_stops"] = picker.whole(cycles, "accumulated_start_stop_cycles", sane=2**32)
    said["self_tests"] = scsi_self_tests(picker, report)
    _phys(picker, report, said)


def _phys(picker: Picker, report: Tree, said: Said) -> None:
    """A dual-ported drive runs at its slowest connected phy; what its link could have, it does not say."""
    speeds, errors = [], []
    for port in PORTS:
        tree = picker.node(report, port)
        for phy in (key for key in tree if key.startswith("phy_")):
            speeds.append(gbps(picker.text(tree, phy, "negotiated_logical_link_rate")))
            errors += [picker.whole(tree, phy, key, sane=2**32) for key in _PHY_ERRORS]
    said["link_gbps"] = min((each for each in speeds if each is not None), default=None)
    known = [each for each in errors if each is not None]
    said["phy_errors"] = sum(known) if known else None
