"""The networks as they are found: what MAAS has of them, and which addresses answer."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from c3tui.model.network import AddressRange


@dataclass(frozen=True)
class VlanSeen:
    """A VLAN of MAAS."""

    id: int
    """MAAS's own number: two VLANs of one tag, in two fabrics, are not one VLAN."""
    fabric: str
    vid: int
    mtu: int
    dhcp: bool
    """Whether MAAS serves DHCP there."""
    external_dhcp: str = ""
    """Another DHCP server that MAAS has heard there; empty when none."""


@dataclass(frozen=True)
class SubnetSeen:
    """A subnet of MAAS."""

    id: int
    cidr: IPv4Network
    vlan: VlanSeen
    gateway: IPv4Address | None = None
    dns: tuple[str, ...] = ()
    managed: bool = True
    """In a subnet that is not managed MAAS gives out the *reserved* ranges, and nothing else."""


@dataclass(frozen=True)
class RangeSeen:
    """An address range of MAAS."""

    id: int
    kind: str
    """``dynamic`` (leased to whoever asks) or ``reserved`` (MAAS keeps its hands off)."""
    span: AddressRange
    subnet_id: int | None
    comment: str = ""

    def __str__(self) -> str:
        return f"{self.kind} range {self.span} ({self.comment or 'no comment'})"


@dataclass(frozen=True)
class Picture:
    """What MAAS knows about IPv4 networks."""

    vlans: tuple[VlanSeen, ...] = ()
    subnets: tuple[SubnetSeen, ...] = ()
    ranges: tuple[RangeSeen, ...] = ()

    def subnet(self, cidr: IPv4Network) -> SubnetSeen | None:
        """The subnet with exactly that CIDR, or None."""
        return next((each for each in self.subnets if each.cidr == cidr), None)

    def ranges_on(self, subnet: SubnetSeen) -> list[RangeSeen]:
        """The ranges of a subnet, lowest first."""
        return sorted(
            (each for each in self.ranges if each.subnet_id == subnet.id), key=lambda each: each.span.start
        )


@dataclass(frozen=True)
class Answer:
    """An address that answered."""

    address: IPv4Address
    how: str
    """``arp``, ``ping``, or ``own`` when it is this host's own."""
    macs: tuple[str, ...] = ()
    """Who answered, where ARP was asked; more than one means that two hosts share the address."""


@dataclass(frozen=True)
class Untested:
    """Addresses that were not asked, and why."""

    span: AddressRange
    why: str

    def __str__(self) -> str:
        return f"{self.span}: {self.why}"


@dataclass(frozen=True)
class Sweep:
    """What came of asking many addresses."""

    answers: tuple[Answer, ...] = ()
    untested: tuple[Untested, ...] = ()
    asked: int = 0
    notes: tuple[str, ...] = ()
    """How it was asked, where that is not the best way."""
