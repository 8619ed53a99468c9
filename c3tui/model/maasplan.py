"""What MAAS must have for the plan's addresses, and the plan of changes that brings it there."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Literal

from c3tui.model.network import AddressRange, Segment, span_of
from c3tui.model.plan import Plan
from c3tui.model.reality import Picture, RangeSeen, SubnetSeen

OWN = "C3: "
"""How the comment begins of a range that C3 made."""


@dataclass(frozen=True)
class Wanted:
    """A range that MAAS must have."""

    network: str
    kind: Literal["reserved", "dynamic"]
    span: AddressRange
    purpose: str

    def __str__(self) -> str:
        return f"{self.span} ({self.purpose})"

    def lacking(self, ranges: Iterable[RangeSeen]) -> list[AddressRange]:
        """The parts of it that no range of its kind covers yet."""
        return uncovered(self.span, (each.span for each in ranges if each.kind == self.kind))

    def _inside(self, other: AddressRange) -> bool:
        return other.start <= self.span.start and self.span.end <= other.end

    def clashing(self, ranges: Iterable[RangeSeen]) -> list[RangeSeen]:
        """Ranges that are in its way: of the other kind, or of others and holding a part of it.

        One of its own kind that holds all of it is no clash, whoever made it; nor is what C3 made for an
        earlier plan.
        """
        across = [each for each in ranges if each.span.overlaps(self.span)]
        if any(each.kind == self.kind and self._inside(each.span) for each in across):
            return []
        return [each for each in across if each.kind != self.kind or not each.comment.startswith(OWN)]


@dataclass(frozen=True)
class Change:
    """One thing to change in MAAS."""

    subnet: SubnetSeen
    what: Literal["gateway", "dns", "range"]
    text: str
    """For a person, in one line."""
    values: tuple[str, ...] = ()
    """The gateway, or the DNS servers."""
    wanted: Wanted | None = None
    span: AddressRange | None = None
    """The range to make: a part of what is wanted, where another part is there already."""

    def __str__(self) -> str:
        return self.text


def wanted_ranges(plan: Plan) -> list[Wanted]:
    """What MAAS must have on the PXE and the cluster subnet; the gateways it knows by itself."""
    cluster, pxe = plan.networks.cluster, plan.networks.pxe
    vip = AddressRange(start=cluster.vip, end=cluster.vip)
    wanted = [
        Wanted("PXE", "dynamic", pxe.dynamic, "leases for servers that boot"),
        Wanted("cluster", "reserved", vip, "Kubernetes API"),
        Wanted("cluster", "reserved", cluster.nodes, "nodes, addressed by the plan"),
        Wanted("cluster", "reserved", _hosts_of(cluster.pods.cidr, cluster.cidr), "pods"),
        *(Wanted("cluster", "reserved", each, each.purpose) for each in cluster.reserved),
    ]
    if cluster.dynamic:
        wanted.append(Wanted("cluster", "dynamic", cluster.dynamic, "leases for other residents"))
    return wanted


def segments(plan: Plan) -> list[tuple[str, Segment]]:
    """The networks that MAAS must know; that of the BMCs it only needs to reach."""
    return [("PXE", plan.networks.pxe), ("cluster", plan.networks.cluster)]


def changes(plan: Plan, picture: Picture) -> list[Change]:
    """What a run changes in MAAS, in that order; empty when MAAS has all of it.

    What is wrong and not C3's to change is left out here: the checks of the network step report it.
    """
    found: list[Change] = []
    for name, segment in segments(plan):
        if subnet := picture.subnet(segment.cidr):
            found += _settings(name, segment, subnet)
            found += _ranges([each for each in wanted_ranges(plan) if each.network == name], picture, subnet)
    return found


def _settings(name: str, segment: Segment, subnet: SubnetSeen) -> Iterator[Change]:
    where = f"{name} subnet {subnet.cidr}"
    if segment.gateway and subnet.gateway != segment.gateway:
        text = f"set the gateway of {where} to {segment.gateway} (now {subnet.gateway or 'none'})"
        yield Change(subnet, "gateway", text, (str(segment.gateway),))
    servers = tuple(str(each) for each in segment.dns)
    if servers and servers != subnet.dns:
        text = f"set the DNS of {where} to {' '.join(servers)} (now {' '.join(subnet.dns) or 'none'})"
        yield Change(subnet, "dns", text, servers)


def _ranges(wanted: list[Wanted], picture: Picture, subnet: SubnetSeen) -> Iterator[Change]:
    ranges = picture.ranges_on(subnet)
    for each in wanted:
        if each.clashing(ranges):
            continue
        verb = "reserve" if each.kind == "reserved" else "lease"
        for part in each.lacking(ranges):
            text = f"{verb} {part} ({each.purpose}) in {each.network} subnet {subnet.cidr}"
            yield Change(subnet, "range", text, wanted=each, span=part)


def uncovered(span: AddressRange, by: Iterable[AddressRange]) -> list[AddressRange]:
    """The parts of a range that no other covers, lowest first."""
    left, at = [], int(span.start)
    for other in sorted((each for each in by if each.overlaps(span)), key=lambda each: each.start):
        if int(other.start) > at:
            left.append((at, int(other.start) - 1))
        at = max(at, int(other.end) + 1)
    if at <= int(span.end):
        left.append((at, int(span.end)))
    return [AddressRange(start=IPv4Address(first), end=IPv4Address(last)) for first, last in left]


def _hosts_of(block: IPv4Network, subnet: IPv4Network) -> AddressRange:
    # MAAS refuses a range that touches the subnet's own network or broadcast address.
    span = span_of(block)
    start = span.start + 1 if span.start == subnet.network_address else span.start
    end = span.end - 1 if span.end == subnet.broadcast_address else span.end
    return AddressRange(start=start, end=end)
