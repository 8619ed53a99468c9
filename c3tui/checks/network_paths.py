"""Rules of the way a frame takes: VLANs, MTU, and the DNS and NTP servers at its end."""

from ipaddress import IPv4Address
from itertools import combinations

from c3tui.checks.catalogue import Says, check
from c3tui.checks.network_space import NODES, PODS
from c3tui.model.finding import Severity
from c3tui.model.network import AddressRange, Segment, span_of
from c3tui.model.plan import Plan

BOOT_MTU = 1500
"""What firmware, PXE and BMCs speak, whatever the system speaks later."""


def _segments(plan: Plan) -> list[tuple[str, Segment]]:
    networks = plan.networks
    return [("ipmi", networks.ipmi), ("pxe", networks.pxe), ("cluster", networks.cluster)]


@check(
    "network.one-vlan",
    step="network",
    cause="two networks that must be apart are one VLAN: leases and BMCs meet the pods there",
    remedy="Give IPMI, PXE and cluster a VLAN each",
)
def one_vlan(plan: Plan) -> Says:
    """IPMI, PXE and cluster are three L2 networks. Untagged (0) may be another on each switch."""
    for (one, first), (other, second) in combinations(_segments(plan), 2):
        if first.vlan and first.vlan == second.vlan:
            message = f"{_title(one)} and {_title(other)} are both VLAN {first.vlan}"
            yield "site", message, (f"networks.{one}.vlan", f"networks.{other}.vlan")


@check(
    "network.mtu",
    step="network",
    cause="an MTU is out of range (576 to 9216), or differs along a path: large packets vanish silently",
    remedy="Use one MTU on switch ports, servers and pods",
)
def one_mtu(plan: Plan) -> Says:
    """What shares a VLAN shares its MTU; a value out of range is refused when the plan is read."""
    for (one, first), (other, second) in combinations(_segments(plan), 2):
        if first.vlan and first.vlan == second.vlan and first.mtu != second.mtu:
            message = (
                f"VLAN {first.vlan} has MTU {first.mtu} as {_title(one)}, {second.mtu} as {_title(other)}"
            )
            yield "site", message, (f"networks.{one}.mtu", f"networks.{other}.mtu")


@check(
    "network.mtu-boot",
    step="network",
    severity=Severity.WARNING,
    cause="firmware and BMCs speak 1500 whatever the network allows",
    remedy="Leave the MTU of IPMI and PXE at 1500",
)
def boot_mtu(plan: Plan) -> Says:
    """Jumbo frames from MAAS do not reach a booting server's firmware."""
    for name, segment in _segments(plan)[:2]:
        if segment.mtu > BOOT_MTU:
            yield "site", f"{_title(name)} has MTU {segment.mtu}", (f"networks.{name}.mtu",)


@check(
    "network.dns-ntp-inside",
    step="network",
    cause="a DNS or NTP server has an address that C3 or the cluster gives to somebody else",
    remedy="Use a server outside pods, services, nodes and leases, or move the range",
)
def dns_ntp_inside(plan: Plan) -> Says:
    """Names and clocks must be there before the cluster is, at addresses that stay theirs."""
    cluster, pxe = plan.networks.cluster, plan.networks.pxe
    claimed: list[tuple[str, AddressRange, str]] = [
        ("pods", span_of(cluster.pods.cidr), PODS),
        ("services", span_of(cluster.services), "networks.cluster.services"),
        ("nodes", cluster.nodes, NODES),
        ("the API address", AddressRange(start=cluster.vip, end=cluster.vip), "networks.cluster.vip"),
        ("the PXE leases", pxe.dynamic, "networks.pxe.dynamic"),
    ]
    if cluster.dynamic:
        claimed.append(("DHCP", cluster.dynamic, "networks.cluster.dynamic"))
    for what, address, field in _servers(plan):
        for name, span, other in claimed:
            if address in span:
                yield "site", f"{what} server {address} lies in {name} {span}", (field, other)


def _servers(plan: Plan) -> list[tuple[str, IPv4Address, str]]:
    found: dict[tuple[str, IPv4Address], str] = {}
    for name, segment in _segments(plan):
        for address in segment.dns:
            found.setdefault(("DNS", address), f"networks.{name}.dns")
        for text in segment.ntp:
            try:
                found.setdefault(("NTP", IPv4Address(text)), f"networks.{name}.ntp")
            except ValueError:
                # A name: where it leads is seen only by asking.
                continue
    return [(what, address, field) for (what, address), field in found.items()]


def _title(name: str) -> str:
    return name if name == "cluster" else name.upper()
