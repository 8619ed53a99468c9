"""What C3's own scripts printed of a server's memory, ports, cards and clocks, in the terms of judgement.

What is missing or makes no sense stays unknown: a part that nobody could read is not tested, never good.
"""

import json
from collections.abc import Iterator
from statistics import median
from typing import Any, TypeVar

from c3tui.checks.server_hardware import Dimm, Fan, Nic, PciDevice, Probe, Psu

LARGEST = 8 << 20
"""Bytes; what is larger is none of C3's reports."""

_MOST = 10**15
"""No figure of a server is larger; NaN is no figure either."""

Tree = dict[str, Any]
N = TypeVar("N", int, float)


def read(text: bytes) -> Tree | None:
    """The report as an object; None when it is none."""
    try:
        tree = json.loads(text) if len(text) <= LARGEST else None
    except (ValueError, RecursionError):
        return None
    return tree if isinstance(tree, dict) else None


def dimms(tree: Tree) -> tuple[Dimm, ...] | None:
    """Slots as the firmware lists them, with the errors that the memory controllers counted.

    The kernel names modules by controller and channel where the board tells it no better: such stand beside
    the slots, with their counts alone.
    """
    counted = {_label(each): each for each in _rows(tree, "dimms")}
    slots = {str(each.get("locator") or ""): each for each in _rows(tree, "slots")}
    slots.pop("", None)
    if not slots and not counted:
        return None
    found = []
    for name, slot in slots.items():
        mib, errors = _number(slot.get("mib")), counted.pop(name, {})
        gib = None if mib is None else mib / 1024
        found.append(Dimm(name, gib, _count(errors.get("ce")), _count(errors.get("ue"))))
    found += [
        Dimm(name, None, _count(each.get("ce")), _count(each.get("ue"))) for name, each in counted.items()
    ]
    return tuple(found)


def counts_errors(tree: Tree) -> bool:
    """Whether anything counts the errors of the memory."""
    return tree.get("edac") == "present"


def _label(dimm: Tree) -> str:
    return str(dimm.get("label") or dimm.get("name") or "?")


def nics(tree: Tree) -> tuple[Nic, ...] | None:
    """The physical ports."""
    ports = [
        Nic(str(each.get("name")), _flag(each.get("carrier")), _count(each.get("speed_mbit_s")),
            _count(each.get("max_mbit_s")))
        for each in _rows(tree, "ports")
    ]  # fmt: skip
    return tuple(ports) or None


def probes(tree: Tree) -> Iterator[Probe]:
    """Ways on which large packets are cut."""
    for each in _rows(tree, "probes"):
        mtu, largest = _count(each.get("mtu")), _count(each.get("largest"))
        if each.get("ok") is False and mtu and largest:
            yield Probe(str(each.get("port")), str(each.get("target")), mtu, largest)


def pci(tree: Tree) -> tuple[PciDevice, ...] | None:
    """Cards and NVMe drives on their links; a slot that gives less than the card could is the board's own."""
    found = []
    for each in _rows(tree, "pci"):
        now, most, slot = (_tree(each, key) for key in ("now", "max", "slot"))
        names = each.get("names")
        name = ", ".join(map(str, names)) if isinstance(names, list) and names else str(each.get("kind"))
        found.append(
            PciDevice(
                f"{name} ({each.get('address')})",
                _count(now.get("width")),
                _least(_count(most.get("width")), _count(slot.get("width"))),
                _number(now.get("speed_gt_s")),
                _least(_number(most.get("speed_gt_s")), _number(slot.get("speed_gt_s"))),
            )
        )
    return tuple(found) if "pci" in tree else None


def clock(tree: Tree) -> float | None:
    """Seconds that a server's clock is ahead: the system's, or the hardware's where that is further off."""
    offsets = [_number(each.get("offset_s")) for each in _rows(tree, "ntp")]
    known = [-each for each in offsets if each is not None]
    system = median(known) if known else None
    rtc = _number(tree.get("rtc_offset_s"))
    if rtc is not None and system is not None:
        rtc += system
    both = [each for each in (system, rtc) if each is not None]
    return max(both, key=abs) if both else None


def psus(reading: Tree) -> tuple[Psu, ...] | None:
    """Power supplies by number: a BMC's reading counts them, and those that failed."""
    total, failed = _count(reading.get("psus")), _count(reading.get("psus_failed"))
    if not total or failed is None:
        return None
    good = [Psu("", True, True)] * (total - min(failed, total))
    return (*good, *[Psu(f"(one of {total})", True, False)] * min(failed, total))


def fans(reading: Tree) -> tuple[Fan, ...] | None:
    """Fans in the order in which the BMC lists them."""
    speeds = reading.get("fans_rpm")
    if not isinstance(speeds, list) or not speeds:
        return None
    return tuple(Fan(f"FAN{nth}", _number(each)) for nth, each in enumerate(speeds, 1))


def _rows(tree: Tree, key: str) -> list[Tree]:
    rows = tree.get(key)
    return [each for each in rows if isinstance(each, dict)] if isinstance(rows, list) else []


def _tree(tree: Tree, key: str) -> Tree:
    found = tree.get(key)
    return found if isinstance(found, dict) else {}


def _number(value: object) -> float | None:
    known = isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= _MOST
    return float(value) if known else None  # type: ignore[arg-type]


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _flag(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def _least(one: N | None, other: N | None) -> N | None:
    known = [each for each in (one, other) if each is not None]
    return min(known) if known else None
