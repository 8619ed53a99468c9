"""Rules of the address space: every network apart, every owner inside its own, no number owned twice."""

from collections.abc import Iterable, Iterator
from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import NamedTuple

from c3tui.checks.catalogue import Says, check
from c3tui.model.network import AddressRange, span_of
from c3tui.model.plan import Plan

NODES, PODS = "networks.cluster.nodes", "networks.cluster.pods.cidr"


class Owner(NamedTuple):
    """Someone who owns consecutive addresses, and the value of the plan that says so."""

    name: str
    span: AddressRange
    field: str


def owners(plan: Plan) -> list[Owner]:
    """Every owner of addresses in the cluster L2."""
    cluster = plan.networks.cluster
    found = [
        Owner("gateway", _one(cluster.gateway), "networks.cluster.gateway"),
        Owner("API address", _one(cluster.vip), "networks.cluster.vip"),
        Owner("nodes", cluster.nodes, NODES),
        Owner("pods", span_of(cluster.pods.cidr), PODS),
    ]
    if cluster.dynamic:
        found.append(Owner("DHCP", cluster.dynamic, "networks.cluster.dynamic"))
    for place, each in enumerate(cluster.reserved):
        found.append(Owner(f"reserved for {each.purpose}", each, f"networks.cluster.reserved.{place}"))
    return found


def _one(address: IPv4Address) -> AddressRange:
    return AddressRange(start=address, end=address)


def overlapping(claims: Iterable[Owner]) -> Iterator[tuple[Owner, Owner]]:
    """Pairs that share an address, in the order given; time grows with claims and pairs, not with squares."""
    named = list(claims)
    order = {id(each): place for place, each in enumerate(named)}
    pairs, open_claims = [], list[Owner]()
    for each in sorted(named, key=lambda each: each.span.start):
        open_claims = [other for other in open_claims if other.span.end >= each.span.start]
        pairs += [
            (other, each) if order[id(other)] < order[id(each)] else (each, other) for other in open_claims
        ]
        open_claims.append(each)
    yield from sorted(pairs, key=lambda pair: (order[id(pair[0])], order[id(pair[1])]))


@check(
    "network.overlap",
    step="network",
    cause="two networks share addresses",
    remedy="Give each of IPMI, PXE and cluster a CIDR of its own",
)
def overlapping_networks(plan: Plan) -> Says:
    """IPMI, PXE and cluster networks must be disjoint."""
    for (one, first), (other, second) in combinations(_networks(plan), 2):
        if first.overlaps(second):
            fields = (f"networks.{one.lower()}.cidr", f"networks.{other.lower()}.cidr")
            yield "site", f"{one} {first} and {other} {second} overlap", fields


@check(
    "network.services-on-lan",
    step="network",
    cause="the service CIDR lies on a real network: hosts there cannot be reached from pods",
    remedy="Choose a private block for services that is used nowhere else",
)
def services_on_lan(plan: Plan) -> Says:
    """Services live inside the cluster only; Kubespray asserts no more than that they hold no pods."""
    services = plan.networks.cluster.services
    for name, network in _networks(plan):
        if network.overlaps(services):
            fields = ("networks.cluster.services", f"networks.{name.lower()}.cidr")
            yield "site", f"{name} {network} and services {services} overlap", fields


def _networks(plan: Plan) -> list[tuple[str, IPv4Network]]:
    networks = plan.networks
    return [("IPMI", networks.ipmi.cidr), ("PXE", networks.pxe.cidr), ("cluster", networks.cluster.cidr)]


@check(
    "network.outside",
    step="network",
    cause="an address or range lies outside its network",
    remedy="Move it inside the network, or widen the network",
)
def outside_its_network(plan: Plan) -> Says:
    """What lives on a network must lie inside it."""
    networks = plan.networks
    inside = [(owner, networks.cluster.cidr) for owner in owners(plan)]
    inside.append((Owner("PXE leases", networks.pxe.dynamic, "networks.pxe.dynamic"), networks.pxe.cidr))
    for name, segment in (("PXE", networks.pxe), ("IPMI", networks.ipmi)):
        if segment.gateway:
            field = f"networks.{name.lower()}.gateway"
            inside.append((Owner(f"{name} gateway", _one(segment.gateway), field), segment.cidr))
    for (name, owned, field), network in inside:
        if owned.start not in network or owned.end not in network:
            yield "site", f"{name} {owned} is not inside {network}", (field,)
    for place, server in enumerate(plan.servers):
        if server.bmc.address not in networks.ipmi.cidr:
            message = f"BMC {server.bmc.address} of {server.name} is not inside {networks.ipmi.cidr}"
            yield "site", message, (f"servers.{place}.bmc.address",)


@check(
    "network.not-a-host",
    step="network",
    cause="the first and the last number of a network name the network and everybody on it, never a host",
    remedy="Move it by one",
)
def not_a_host(plan: Plan) -> Says:
    """Gateway, API address, nodes, leases and BMCs need numbers that a host can have (RFC 1122, 3.2.1.3)."""
    networks = plan.networks
    claims = [(owner, networks.cluster.cidr) for owner in owners(plan) if owner.name != "pods"]
    claims.append((Owner("PXE leases", networks.pxe.dynamic, "networks.pxe.dynamic"), networks.pxe.cidr))
    for name, segment in (("PXE", networks.pxe), ("IPMI", networks.ipmi)):
        if segment.gateway:
            field = f"networks.{name.lower()}.gateway"
            claims.append((Owner(f"{name} gateway", _one(segment.gateway), field), segment.cidr))
    for place, server in enumerate(plan.servers):
        field = f"servers.{place}.bmc.address"
        if server.bmc.address in (networks.ipmi.cidr[0], networks.ipmi.cidr[-1]):
            claims.append(
                (Owner(f"BMC of {server.name}", _one(server.bmc.address), field), networks.ipmi.cidr)
            )
    for (name, owned, field), network in claims:
        if owned.start not in network or owned.end not in network:
            continue
        for number in (network.network_address, network.broadcast_address):
            if number in owned:
                yield "site", f"{name} {owned} has {number} in it, which is no host of {network}", (field,)


@check(
    "network.shared",
    step="network",
    cause="two owners in the cluster L2 claim the same address",
    remedy="Move one of the two ranges",
)
def shared_addresses(plan: Plan) -> Says:
    """API address, nodes, pods, DHCP and reserved ranges must be disjoint; the API is not the gateway."""
    for one, other in overlapping(owners(plan)):
        if one.name != "gateway" or other.name == "API address":
            message = f"{one.name} {one.span} and {other.name} {other.span} share addresses"
            yield "site", message, (one.field, other.field)


@check(
    "network.gateway-in-range",
    step="network",
    cause="a range from which addresses are given out has the gateway's in it",
    remedy="Move the gateway, or start the range behind it",
)
def gateway_in_range(plan: Plan) -> Says:
    """A gateway's address must not be given to anybody else, on any of the networks."""
    networks = plan.networks
    gateway = owners(plan)[0]
    for other in owners(plan)[2:]:
        if gateway.span.overlaps(other.span):
            message = f"cluster gateway {gateway.span.start} lies in {other.name} {other.span}"
            yield "site", message, (gateway.field, other.field)
    pxe, ipmi = networks.pxe, networks.ipmi
    if pxe.gateway and pxe.gateway in pxe.dynamic:
        message = f"PXE gateway {pxe.gateway} lies in the leases {pxe.dynamic}"
        yield "site", message, ("networks.pxe.gateway", "networks.pxe.dynamic")
    for place, server in enumerate(plan.servers):
        if server.bmc.address == ipmi.gateway:
            message = f"IPMI gateway {ipmi.gateway} is given to the BMC of {server.name}"
            yield "site", message, ("networks.ipmi.gateway", f"servers.{place}.bmc.address")
