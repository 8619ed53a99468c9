"""The networks of a site: IPMI, PXE and the flat cluster L2 with its node, VIP and pod addresses."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from c3tui.model.base import Chosen

Mtu = Annotated[int, Field(ge=576, le=9216)]
Vlan = Annotated[int, Field(ge=0, le=4094)]


def _usable(network: IPv4Network) -> IPv4Network:
    if network.prefixlen > 30:
        raise ValueError(f"{network} has no room for servers: use a prefix of /30 or shorter")
    return network


Network4 = Annotated[IPv4Network, AfterValidator(_usable)]


class AddressRange(Chosen):
    """Consecutive addresses, both ends included."""

    start: IPv4Address
    end: IPv4Address

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.end < self.start:
            raise ValueError(f"range ends at {self.end}, before its start {self.start}")
        return self

    def __len__(self) -> int:
        return int(self.end) - int(self.start) + 1

    def __contains__(self, address: object) -> bool:
        return isinstance(address, IPv4Address) and self.start <= address <= self.end

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"

    def addresses(self) -> Iterator[IPv4Address]:
        """Every address of the range, lowest first."""
        for number in range(int(self.start), int(self.end) + 1):
            yield IPv4Address(number)

    def overlaps(self, other: "AddressRange") -> bool:
        """Whether the two share an address."""
        return self.start <= other.end and other.start <= self.end


class ReservedRange(AddressRange):
    """Addresses that C3 must never give out, and whom they belong to."""

    purpose: str


class Segment(Chosen):
    """What every network has."""

    cidr: Network4
    vlan: Vlan = 0
    mtu: Mtu = 1500
    gateway: IPv4Address | None = None
    dns: list[IPv4Address] = []
    ntp: list[str] = []


class IpmiNetwork(Segment):
    """The network of the BMCs."""


class PxeNetwork(Segment):
    """The network that servers boot from; MAAS gives leases out of ``dynamic`` during enlistment."""

    dynamic: AddressRange


class PodBlock(Chosen):
    """The part of the cluster L2 that pods live in, cut into one slice of ``/node_prefix`` per node."""

    cidr: Network4
    node_prefix: Annotated[int, Field(ge=20, le=30)] = 26

    def slices(self) -> int:
        """How many nodes the block has room for."""
        return 1 << max(0, self.node_prefix - self.cidr.prefixlen)

    def slice_of(self, index: int) -> IPv4Network:
        """The slice of the node at ``index`` (0 is the first).

        Raises:
            ValueError: the block has no slice of that index.
        """
        if not 0 <= index < self.slices():
            raise ValueError(
                f"{self.cidr} holds {self.slices()} slices of /{self.node_prefix}, not {index + 1}"
            )
        size = 1 << (32 - self.node_prefix)
        return IPv4Network((int(self.cidr.network_address) + index * size, self.node_prefix))


class ClusterNetwork(Segment):
    """The flat L2: nodes, the API address and every pod, all reachable from outside."""

    gateway: IPv4Address
    bridge: str = "br0"
    nodes: AddressRange
    vip: IPv4Address
    pods: PodBlock
    services: Network4
    dynamic: AddressRange | None = None
    """What MAAS leases on this network, for residents that need DHCP; nodes and pods never do."""
    reserved: list[ReservedRange] = []


class Networks(Chosen):
    """The three networks of a site."""

    ipmi: IpmiNetwork
    pxe: PxeNetwork
    cluster: ClusterNetwork


class Placement4(Chosen):
    """The addresses of one node on the cluster L2, bound to its name."""

    address: IPv4Address
    pod_range: AddressRange
    """First and last pod address: the slice without its network and broadcast numbers."""


def room_for_nodes(network: ClusterNetwork) -> int:
    """How many nodes get both an address and a slice of the pod block."""
    if network.pods.node_prefix < network.pods.cidr.prefixlen:
        return 0
    return min(len(network.nodes), network.pods.slices())


def span_of(network: IPv4Network) -> AddressRange:
    """All numbers of a network as a range, its own and the broadcast address included."""
    return AddressRange(start=network.network_address, end=network.broadcast_address)


def node_addresses(network: ClusterNetwork, index: int) -> Placement4:
    """The addresses that belong to ``index`` (0 is the first); `c3tui.model.addresses` says whose it is.

    Raises:
        ValueError: the node range or the pod block has no room for that index.
    """
    if not 0 <= index < len(network.nodes):
        raise ValueError(f"node range {network.nodes} holds {len(network.nodes)} nodes, not {index + 1}")
    pods = network.pods.slice_of(index)
    return Placement4(
        address=IPv4Address(int(network.nodes.start) + index),
        pod_range=AddressRange(start=pods.network_address + 1, end=pods.broadcast_address - 1),
    )
