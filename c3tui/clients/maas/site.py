"""What MAAS knows about the place: fabrics, VLANs, subnets, ranges, images and rack controllers."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from c3tui.clients.maas.fields import Raw, child, children, maybe, number, text, words
from c3tui.engine.errors import BadAnswer

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network


@dataclass(frozen=True)
class Vlan:
    """A layer-2 network."""

    id: int
    """MAAS's own number."""
    vid: int
    """The 802.1Q tag; 0 is untagged."""
    name: str
    fabric_id: int
    mtu: int
    dhcp_on: bool
    primary_rack: str
    external_dhcp: str = ""
    """Address of another DHCP server that a rack controller has heard there; empty when none."""


@dataclass(frozen=True)
class Fabric:
    """VLANs that reach each other."""

    id: int
    name: str
    vlans: tuple[Vlan, ...]


@dataclass(frozen=True)
class Subnet:
    """A layer-3 network on a VLAN."""

    id: int
    name: str
    cidr: Network
    gateway: Address | None
    dns: tuple[str, ...]
    managed: bool
    vlan: Vlan


@dataclass(frozen=True)
class IpRange:
    """Addresses that MAAS hands out (``dynamic``) or keeps its hands off (``reserved``)."""

    id: int
    kind: str
    start: Address
    end: Address
    subnet_id: int | None
    comment: str


@dataclass(frozen=True)
class BootImage:
    """An image that can be booted or installed."""

    name: str
    """``ubuntu/noble``; an uploaded one may have no slash."""
    architecture: str
    kind: str


@dataclass(frozen=True)
class RackController:
    """The part of MAAS that serves DHCP, TFTP and power on the spot."""

    system_id: str
    hostname: str
    services: dict[str, str]
    """Service name to ``running``, ``degraded``, ``dead``, ``off`` or ``unknown``."""


def parse_vlan(raw: Raw) -> Vlan:
    """A VLAN out of its JSON."""
    return Vlan(
        id=number(raw, "id", -1),
        vid=number(raw, "vid"),
        name=text(raw, "name"),
        fabric_id=number(raw, "fabric_id", -1),
        mtu=number(raw, "mtu", 1500),
        dhcp_on=raw.get("dhcp_on") is True,
        primary_rack=text(raw, "primary_rack"),
        external_dhcp=text(raw, "external_dhcp"),
    )


def parse_fabric(raw: Raw) -> Fabric:
    """A fabric out of its JSON."""
    vlans = tuple(parse_vlan(vlan) for vlan in children(raw, "vlans"))
    return Fabric(id=number(raw, "id", -1), name=text(raw, "name"), vlans=vlans)


def parse_subnet(raw: Raw) -> Subnet:
    """A subnet out of its JSON.

    Raises:
        BadAnswer: its CIDR or gateway is no such thing.
    """
    gateway = text(raw, "gateway_ip")
    try:
        return Subnet(
            id=number(raw, "id", -1),
            name=text(raw, "name"),
            cidr=ip_network(text(raw, "cidr"), strict=False),
            gateway=ip_address(gateway) if gateway else None,
            dns=words(raw, "dns_servers"),
            managed=raw.get("managed") is not False,
            vlan=parse_vlan(child(raw, "vlan")),
        )
    except ValueError as error:
        raise BadAnswer(f"MAAS describes a subnet wrongly: {error}", where="MAAS") from None


def parse_range(raw: Raw) -> IpRange:
    """An IP range out of its JSON.

    Raises:
        BadAnswer: an end is no address.
    """
    try:
        return IpRange(
            id=number(raw, "id", -1),
            kind=text(raw, "type"),
            start=ip_address(text(raw, "start_ip")),
            end=ip_address(text(raw, "end_ip")),
            subnet_id=maybe(child(raw, "subnet"), "id"),
            comment=text(raw, "comment"),
        )
    except ValueError as error:
        raise BadAnswer(f"MAAS describes an IP range wrongly: {error}", where="MAAS") from None


def parse_image(raw: Raw) -> BootImage:
    """A boot image out of its JSON."""
    return BootImage(text(raw, "name"), text(raw, "architecture"), text(raw, "type"))


def parse_rack(raw: Raw) -> RackController:
    """A rack controller out of its JSON."""
    services = {text(one, "name"): text(one, "status") for one in children(raw, "service_set")}
    return RackController(text(raw, "system_id"), text(raw, "hostname"), services)
