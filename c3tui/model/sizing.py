"""How large a flat L2 must be, and what one of a given size means for switches, gateway and nodes."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from c3tui.model.network import AddressRange, room_for_nodes, span_of
from c3tui.model.plan import Plan

FIRST_NODE = 10
"""Numbers below it are left to gateway, API address, DNS and NTP."""
VIP = 5
FEWEST_PODS = 8
"""As the plan's ``max_pods`` allows: a node's own system pods need that many."""
LONGEST_SLICE, SHORTEST_SLICE = 30, 20
"""As the plan's ``pods.node_prefix`` allows."""
LARGEST = 8
"""Prefix of the largest private network (RFC 1918)."""
NEIGHBOURS = (8192, 32768, 65536)
"""The least that nodes get as gc_thresh1 to 3: the kernel's 1024 is too few on any flat L2."""
NEAR = IPv4Network("10.20.0.0/16")
PRIVATE = (IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12"), IPv4Network("192.168.0.0/16"))


@dataclass(frozen=True)
class Load:
    """What a number of nodes puts on the network."""

    nodes: int
    pods: int
    macs: int
    """Entries in the MAC table of every switch of the L2: a bridge for each node, one for each pod, the
    gateway, and the other residents."""
    arp: int
    """Entries in the gateway's ARP table: the same without itself, and with the API address."""
    neighbours: tuple[int, int, int]
    """net.ipv4.neigh.default.gc_thresh1, 2 and 3 that nodes need."""


@dataclass(frozen=True)
class Sizing:
    """What the plan's cluster L2 holds."""

    pods_per_node: int
    """As planned, ``kubernetes.max_pods``."""
    pods_fit: int
    """Addresses in a node's slice."""
    slices: int
    """Nodes that the pod block has room for."""
    node_addresses: int
    """Nodes that the node range has room for."""
    nodes: int
    """Servers of the plan."""
    nodes_most: int
    """Nodes that have room in both."""
    addresses_left: int
    """Addresses of the L2 that nobody owns."""
    now: Load
    full: Load

    @property
    def nodes_left(self) -> int:
        """Nodes the plan can still take."""
        return max(0, self.nodes_most - self.nodes)


@dataclass(frozen=True)
class Proposal:
    """The smallest plan that fits."""

    cidr: IPv4Network
    gateway: IPv4Address
    vip: IPv4Address
    nodes: AddressRange
    pods: IPv4Network
    node_prefix: int
    max_pods: int
    slices: int
    load: Load

    def changes(self) -> dict[str, object]:
        """The proposal as values of the plan, by dotted path."""
        return {
            "networks.cluster.cidr": str(self.cidr),
            "networks.cluster.gateway": str(self.gateway),
            "networks.cluster.vip": str(self.vip),
            "networks.cluster.nodes.start": str(self.nodes.start),
            "networks.cluster.nodes.end": str(self.nodes.end),
            "networks.cluster.pods.cidr": str(self.pods),
            "networks.cluster.pods.node_prefix": self.node_prefix,
            "kubernetes.max_pods": self.max_pods,
        }


def load(nodes: int, pods_per_node: int, residents: int = 0) -> Load:
    """What so many nodes, full of pods, put on switches, gateway and one another."""
    pods = nodes * pods_per_node
    hosts = nodes + pods + residents
    return Load(nodes, pods, macs=hosts + 1, arp=hosts + 1, neighbours=neighbours(hosts + 2))


def neighbours(entries: int) -> tuple[int, int, int]:
    """gc_thresh1, 2 and 3 for a neighbour table of so many entries.

    Twice what may be there, as stale entries linger; the collector starts at half, and rests below an eighth.
    """
    most = max(NEIGHBOURS[2], 1 << (2 * entries - 1).bit_length())
    return most // 8, most // 2, most


def size(plan: Plan) -> Sizing:
    """What the plan's L2 holds now, and at most."""
    cluster, pods = plan.networks.cluster, plan.kubernetes.max_pods
    slice_size = 1 << (32 - cluster.pods.node_prefix)
    most = room_for_nodes(cluster)
    residents = sum(len(each) for each in cluster.reserved)
    residents += len(cluster.dynamic) if cluster.dynamic else 0
    return Sizing(
        pods_per_node=pods,
        pods_fit=slice_size - 2,
        slices=cluster.pods.slices() if cluster.pods.node_prefix >= cluster.pods.cidr.prefixlen else 0,
        node_addresses=len(cluster.nodes),
        nodes=len(plan.servers),
        nodes_most=most,
        addresses_left=_left(plan),
        now=load(len(plan.servers), pods, residents),
        full=load(max(most, len(plan.servers)), pods, residents),
    )


def _left(plan: Plan) -> int:
    cluster = plan.networks.cluster
    owned = [
        AddressRange(start=cluster.gateway, end=cluster.gateway),
        AddressRange(start=cluster.vip, end=cluster.vip),
        cluster.nodes,
        span_of(cluster.pods.cidr),
        *cluster.reserved,
        *([cluster.dynamic] if cluster.dynamic else []),
    ]
    first, last = int(cluster.cidr.network_address) + 1, int(cluster.cidr.broadcast_address) - 1
    left, at = 0, first
    for each in sorted(owned, key=lambda each: each.start):
        left += max(0, min(int(each.start), last + 1) - at)
        at = max(at, int(each.end) + 1)
    return left + max(0, last + 1 - at)


def propose(
    nodes: int,
    growth: int,
    pods: int,
    *,
    near: IPv4Network = NEAR,
    avoid: Sequence[IPv4Network] = (),
) -> Proposal:
    """The smallest flat L2 for so many nodes with so many pods each.

    Pods take the upper half, cut as Kubespray counts: a slice needs two more numbers than pods, and slices
    come in powers of two. Gateway, API address, nodes and room for others take the lower half.

    Args:
        nodes: nodes now.
        growth: nodes at full growth; never fewer than now.
        pods: pods on each node.
        near: where it should lie, if it fits there.
        avoid: networks it must not overlap.

    Raises:
        ValueError: a number makes no sense, or no private network is large enough.
    """
    growth = max(nodes, growth)
    if nodes < 1 or pods < FEWEST_PODS:
        raise ValueError(f"there must be at least one node, and {FEWEST_PODS} pods on each")
    slice_bits = max(32 - LONGEST_SLICE, (pods + 1).bit_length())
    if slice_bits > 32 - SHORTEST_SLICE:
        raise ValueError(f"{pods} pods a node do not fit the largest slice, /{SHORTEST_SLICE}")
    block_bits = slice_bits + (growth - 1).bit_length()
    # The lower half ends below its last number; pods begin right after.
    bits = max(block_bits + 1, (FIRST_NODE + growth - 1).bit_length() + 1)
    if bits > 32 - LARGEST:
        raise ValueError(f"{growth} nodes with {pods} pods each do not fit a /{LARGEST}")
    cidr = _place(32 - bits, near, avoid)
    block = IPv4Network((int(cidr.broadcast_address) + 1 - (1 << block_bits), 32 - block_bits))
    return Proposal(
        cidr=cidr,
        gateway=cidr[1],
        vip=cidr[VIP],
        nodes=AddressRange(start=cidr[FIRST_NODE], end=cidr[FIRST_NODE + growth - 1]),
        pods=block,
        node_prefix=32 - slice_bits,
        max_pods=pods,
        slices=1 << (block_bits - slice_bits),
        load=load(growth, pods),
    )


def propose_for(plan: Plan, nodes: int, growth: int, pods: int) -> Proposal:
    """The smallest L2 near the plan's own and apart from its other networks.

    Raises:
        ValueError: none fits.
    """
    networks = plan.networks
    avoid = (networks.ipmi.cidr, networks.pxe.cidr, networks.cluster.services)
    return propose(nodes, growth, pods, near=networks.cluster.cidr, avoid=avoid)


def _place(prefix: int, near: IPv4Network, avoid: Sequence[IPv4Network]) -> IPv4Network:
    """A network of that prefix: around or at the start of ``near``, else the first private one free."""
    first = IPv4Network((int(near.network_address), prefix), strict=False)
    if not any(first.overlaps(each) for each in avoid):
        return first
    for private in PRIVATE:
        at = int(private.network_address)
        while prefix >= private.prefixlen and at <= int(private.broadcast_address):
            candidate = IPv4Network((at, prefix))
            clash = [each for each in avoid if candidate.overlaps(each)]
            if not clash:
                return candidate
            # On to the first block behind whatever is in the way.
            behind = max(int(each.broadcast_address) for each in clash) + 1
            at = max(at + (1 << (32 - prefix)), -(-behind >> (32 - prefix) << (32 - prefix)))
    raise ValueError(f"no private /{prefix} is free beside {', '.join(str(each) for each in avoid)}")
