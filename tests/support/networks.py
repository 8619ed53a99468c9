"""Network plans for tests: a good one, values changed in it by dotted path, and MAAS's picture of it."""

from io import StringIO
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from ruamel.yaml import YAML

from c3tui.model.network import AddressRange
from c3tui.model.plan import Plan
from c3tui.model.reality import Picture, RangeSeen, SubnetSeen, VlanSeen
from tests.support.plans import SITE

MORE = """\
  - {name: c3-003, rack: r01, unit: 5, serial: S3, bmc: {address: 10.0.0.13, mac: "ac:1f:6b:00:00:03"}}
  - {name: c3-004, rack: r02, unit: 7, serial: S4, bmc: {address: 10.0.0.14, mac: "ac:1f:6b:00:00:04"}}
"""
GOOD = (
    SITE.replace("kubernetes:\n", MORE + "kubernetes:\n")
    .replace("control_plane: [c3-001]", "control_plane: [c3-001, c3-002, c3-004]")
    .replace("  - {name: r01}\n", "  - {name: r01}\n  - {name: r02}\n")
)

Changes = dict[str, Any]

PXE = VlanSeen(5001, "fabric-0", 0, 1500, True)
FLAT = VlanSeen(5002, "fabric-1", 0, 1500, False)
PXE_SUBNET = SubnetSeen(1, IPv4Network("10.1.0.0/24"), PXE)
SUBNET = SubnetSeen(2, IPv4Network("10.20.0.0/16"), FLAT, IPv4Address("10.20.0.1"))


def span(start: str, end: str) -> AddressRange:
    return AddressRange(start=IPv4Address(start), end=IPv4Address(end))


def seen_range(kind: str, start: str, end: str, subnet: int = 2, comment: str = "") -> RangeSeen:
    return RangeSeen(9, kind, span(start, end), subnet, comment)


LEASES = seen_range("dynamic", "10.1.0.100", "10.1.0.200", subnet=1, comment="leases")


def picture(
    *ranges: RangeSeen, pxe: SubnetSeen | None = PXE_SUBNET, flat: SubnetSeen | None = SUBNET
) -> Picture:
    """MAAS as it suits the good plan, with more ranges or other subnets."""
    subnets = tuple(each for each in (pxe, flat) if each)
    return Picture((PXE, FLAT), subnets, (LEASES, *ranges))


def tree_with(changes: Changes, text: str = GOOD) -> Any:
    """A plan as plain values, some of them changed; a new key is made, an item after the last appended."""
    tree = YAML(typ="safe").load(StringIO(text))
    for path, value in changes.items():
        *parents, last = path.split(".")
        at = tree
        for key in parents:
            at = at[int(key)] if isinstance(at, list) else at.setdefault(key, {})
        if isinstance(at, list) and int(last) == len(at):
            at.append(value)
        else:
            at[int(last) if isinstance(at, list) else last] = value
    return tree


def plan_with(changes: Changes, text: str = GOOD) -> Plan:
    return Plan.model_validate(tree_with(changes, text))


def worked_example(servers: int = 300, **changes: Any) -> Plan:
    """10.20.0.0/16 with pods in 10.20.128.0/17 by /26, and racks of twenty servers."""
    wide = {
        "networks.ipmi.cidr": "10.0.0.0/20",
        "networks.pxe.cidr": "10.1.0.0/20",
        "networks.pxe.dynamic": {"start": "10.1.4.0", "end": "10.1.8.255"},
        "racks": [{"name": f"r{number:02d}"} for number in range(-(-servers // 20))],
        "servers": [
            {
                "name": f"c3-{number:04d}",
                "rack": f"r{number // 20:02d}",
                "unit": 1 + number % 20 * 2,
                "serial": f"S{number:05d}",
                "bmc": {"address": str(IPv4Address("10.0.1.0") + number)},
            }
            for number in range(servers)
        ],
        "kubernetes.control_plane": ["c3-0000", "c3-0020", "c3-0040"],
    }
    return plan_with(wide | {key.replace("__", "."): value for key, value in changes.items()})
