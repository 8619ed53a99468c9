"""The network plan as others need it: a table of hosts, ``/etc/hosts``, and the switch engineer's sheet."""

import csv
import io
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Address

from c3tui.model.network import Placement4, Segment
from c3tui.model.plan import Plan
from c3tui.model.sizing import Load, size

HOST_COLUMNS = (
    *("name", "rack", "unit", "serial", "profile"),
    *("bmc", "bmc_mac", "address", "pod_first", "pod_last"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet takes a text that starts so for a formula, and runs it (OWASP, CSV injection)."""

Row = Mapping[str, object]


def hosts(plan: Plan, placed: Mapping[str, Placement4]) -> list[dict[str, object]]:
    """A row for each server of the plan; empty addresses where the plan has no room."""
    rows: list[dict[str, object]] = []
    for server in plan.servers:
        where = placed.get(server.name)
        rows.append(
            {
                "name": server.name,
                "rack": server.rack,
                "unit": server.unit,
                "serial": server.serial or "",
                "profile": server.profile,
                "bmc": str(server.bmc.address),
                "bmc_mac": server.bmc.mac or "",
                "address": str(where.address) if where else "",
                "pod_first": str(where.pod_range.start) if where else "",
                "pod_last": str(where.pod_range.end) if where else "",
            }
        )
    return rows


def as_csv(rows: Iterable[Row], columns: Sequence[str] = HOST_COLUMNS) -> str:
    """Rows as CSV, with a line of headings; no cell is a formula to a spreadsheet."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column, "")) for column in columns] for row in rows)
    return text.getvalue()


def _cell(value: object) -> str:
    text = str(value)
    return f"'{text}" if text.startswith(FORMULA) and not isinstance(value, int | float) else text


def etc_hosts(plan: Plan, placed: Mapping[str, Placement4]) -> str:
    """Lines for ``/etc/hosts``: the API, every node, and every BMC under its name with ``-bmc``."""
    lines: list[tuple[IPv4Address, str]] = [(plan.networks.cluster.vip, plan.kubernetes.api_domain)]
    lines += [(where.address, name) for name, where in placed.items()]
    bmcs = [(server.bmc.address, f"{server.name}-bmc") for server in plan.servers]
    width = max(len(str(address)) for address, _ in [*lines, *bmcs])
    body = [f"{address!s:<{width}}  {name}" for address, name in [*lines, *bmcs]]
    return "\n".join([f"# Site {plan.site.name}", *body]) + "\n"


def switch_sheet(plan: Plan) -> str:
    """What whoever sets up the switches must know: VLANs, ports by rack, MAC limits, tables, settings."""
    sizing = size(plan)
    return "\n".join(
        [
            f"Site {plan.site.name}: what the switches must do",
            "",
            *_vlans(plan),
            "",
            *_ports(plan),
            "",
            *_limits(plan),
            "",
            "Tables (entries)               now      full",
            f"  servers               {sizing.now.nodes:>10}{sizing.full.nodes:>10}",
            *_tables(sizing.now, sizing.full),
            "",
            *SETTINGS,
            "",
        ]
    )


def _tables(now: Load, full: Load) -> list[str]:
    return [
        f"  MAC table, every switch{now.macs:>9}{full.macs:>10}",
        f"  ARP table, gateway    {now.arp:>10}{full.arp:>10}",
    ]


def _segments(plan: Plan) -> list[tuple[str, Segment]]:
    networks = plan.networks
    return [("IPMI", networks.ipmi), ("PXE", networks.pxe), ("cluster", networks.cluster)]


def _vlans(plan: Plan) -> list[str]:
    lines = ["VLANs         VLAN      network             gateway          MTU"]
    for name, each in _segments(plan):
        vlan = str(each.vlan) if each.vlan else "untagged"
        gateway = str(each.gateway) if each.gateway else "none"
        lines.append(f"  {name:<12}{vlan:<10}{each.cidr!s:<20}{gateway:<17}{each.mtu}")
    return lines


def _ports(plan: Plan) -> list[str]:
    """Ports in each rack; every network needs one of its own on each server."""
    count = Counter(server.rack for server in plan.servers)
    lines = ["Access ports  IPMI      PXE       cluster"]
    names = [*dict.fromkeys(rack.name for rack in plan.racks), *sorted(count)]
    for rack in dict.fromkeys(names):
        if count[rack]:
            lines.append(f"  {rack:<12}{count[rack]:<10}{count[rack]:<10}{count[rack]}")
    total = len(plan.servers)
    lines.append(f"  {'all':<12}{total:<10}{total:<10}{total}")
    return lines


def _limits(plan: Plan) -> list[str]:
    """MACs that one port must take; pods have one each, behind their node's port."""
    pods = plan.kubernetes.max_pods
    return [
        "MACs on one port, at least (port security must allow them, or be off)",
        "  IPMI        1",
        "  PXE         2         (the port, and a BMC that shares it)",
        f"  cluster     {pods + 2:<10}(the port, its bridge, and {pods} pods)",
    ]


SETTINGS = (
    "Settings",
    "  - Server ports are edge ports (portfast) with BPDU guard: the bridges run no spanning tree.",
    "  - No DHCP server but MAAS on PXE; none on the cluster network.",
    "  - No dynamic ARP inspection and no IP source guard on the cluster network: pods have no leases.",
    "  - Gratuitous ARP must pass: the API's address moves between servers by it.",
    "  - The MTU holds on every port, trunk and the gateway's interface of its VLAN.",
)
