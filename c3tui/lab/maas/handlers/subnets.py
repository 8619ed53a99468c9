"""Subnets: what they are, and which of their addresses are taken."""

import re
from ipaddress import IPv4Address, IPv4Network, ip_address
from typing import Any

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.handlers.spans import Span, gaps, merged
from c3tui.lab.maas.records import Subnet
from c3tui.lab.maas.region import event_stamp
from c3tui.lab.maas.shapes.network import subnet_json
from c3tui.lab.maas.wire import Call, Resource, invalid, not_found

_subnets = Resource("SubnetsHandler", "subnets/", "Manage subnets.")
_subnet = Resource("SubnetHandler", "subnets/{id}/", "Manage a subnet.")
# A specifier such as cidr:10.0.0.0/8 brings its slash along.
_subnet.pattern = re.compile(r"subnets/(?P<id>.+)/\Z")
_STICKY, _AUTO, _DISCOVERED = 1, 0, 6
"""Allocation types: STATIC links, AUTO links, and DHCP leases."""


def find_subnet(db: Database, text: str) -> Subnet | None:
    """By id, name or CIDR, with or without ``name:`` or ``cidr:`` before it."""
    plain = text.removeprefix("name:").removeprefix("cidr:").removeprefix("id:")
    for subnet in db.subnets.values():
        if plain in (str(subnet.id), subnet.name, subnet.cidr):
            return subnet
    return None


def _find(call: Call) -> Subnet:
    subnet = find_subnet(call.region.db, call.path["id"])
    if subnet is None:
        raise not_found("Subnet")
    return subnet


@_subnets.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """List subnets."""
    return [subnet_json(call.region.db, subnet) for subnet in call.region.db.subnets.values()]


@_subnet.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read a subnet."""
    return subnet_json(call.region.db, _find(call))


@_subnet.on("PUT", "update", admin="text")
def update(call: Call) -> dict[str, Any]:
    """Change a subnet."""
    subnet, form, db = _find(call), call.form, call.region.db
    changes: dict[str, Any] = {}
    if "gateway_ip" in form:
        changes["gateway_ip"] = _gateway(subnet, form.get("gateway_ip"))
    if "dns_servers" in form:
        changes["dns_servers"] = _addresses(form.all("dns_servers"))
    if "vlan" in form:
        number = form.get("vlan")
        if not number.isdigit() or int(number) not in db.vlans:
            raise invalid("vlan", "Select a valid choice. That choice is not one of the available choices.")
        changes["vlan_id"] = int(number)
    changes |= {name: form.get(name) for name in ("name", "description") if name in form}
    changes |= {name: form.flag(name) for name in ("allow_dns", "allow_proxy") if name in form}
    changes |= {name: form.truth(name) for name in ("managed", "active_discovery") if name in form}
    for name, value in changes.items():
        setattr(subnet, name, value)
    return subnet_json(db, subnet)


def _gateway(subnet: Subnet, text: str) -> str:
    if not text:
        return ""
    try:
        inside = ip_address(text) in IPv4Network(subnet.cidr)
    except ValueError:
        raise invalid("gateway_ip", "Enter a valid IPv4 or IPv6 address.") from None
    if not inside:
        raise invalid("gateway_ip", "Gateway IP must be within CIDR range.")
    return text


def _addresses(texts: list[str]) -> list[str]:
    addresses = [part for text in texts for part in re.split(r"[\s,]+", text) if part]
    for address in addresses:
        try:
            ip_address(address)
        except ValueError:
            text = f"Invalid IP address: {address}; provide a list of space-separated IP addresses"
            raise invalid("__all__", text) from None
    return addresses


def _spans(db: Database, subnet: Subnet) -> list[Span]:
    spans = []
    if subnet.gateway_ip:
        spans.append(Span.single(subnet.gateway_ip, "gateway-ip"))
    network = IPv4Network(subnet.cidr)
    servers = [address for address in subnet.dns_servers if ip_address(address) in network]
    spans += [Span.single(address, "dns-server") for address in servers]
    for each in db.ranges_of(subnet):
        start, end = int(IPv4Address(each.start)), int(IPv4Address(each.end))
        spans.append(Span(start, end, frozenset({each.type})))
    spans += [Span.single(address, "assigned-ip") for address in db.used_addresses(subnet)]
    return merged(spans)


@_subnet.on("GET", "reserved_ip_ranges", op=True)
def reserved_ip_ranges(call: Call) -> list[dict[str, Any]]:
    """Address ranges that are taken, and what for."""
    return [span.as_json() for span in _spans(call.region.db, _find(call))]


@_subnet.on("GET", "unreserved_ip_ranges", op=True)
def unreserved_ip_ranges(call: Call) -> list[dict[str, Any]]:
    """Address ranges that are free."""
    subnet = _find(call)
    free = gaps(_spans(call.region.db, subnet), IPv4Network(subnet.cidr))
    return [{key: value for key, value in span.as_json().items() if key != "purpose"} for span in free]


@_subnet.on("GET", "statistics", op=True)
def statistics(call: Call) -> dict[str, Any]:
    """How full a subnet is."""
    subnet = _find(call)
    network = IPv4Network(subnet.cidr)
    spans = _spans(call.region.db, subnet)
    sizes = [span.size for span in gaps(spans, network)]
    total = network.num_addresses - 2
    available = sum(sizes)
    return {
        "num_available": available,
        "largest_available": max(sizes, default=0),
        "num_unavailable": total - available,
        "total_addresses": total,
        "usage": (total - available) / total,
        "usage_string": f"{(total - available) / total:.0%}",
        "available_string": f"{available / total:.0%}",
        "first_address": str(network.network_address + 1),
        "last_address": str(network.broadcast_address - 1),
        "ip_version": 4,
    } | ({"ranges": [span.as_json() for span in spans]} if "include_ranges" in call.query else {})


@_subnet.on("GET", "ip_addresses", op=True)
def ip_addresses(call: Call) -> list[dict[str, Any]]:
    """Addresses in use, with the machine behind each."""
    subnet, db = _find(call), call.region.db
    now = event_stamp(call.region.now())
    found: list[dict[str, Any]] = []
    for machine in db.machines.values():
        for nic in machine.interfaces:
            held = [(link.ip, link.mode) for link in nic.links if link.subnet_id == subnet.id and link.ip]
            if nic.lease and ip_address(nic.lease) in IPv4Network(subnet.cidr):
                held.append((nic.lease, "lease"))
            for address, mode in held:
                kind = {"static": _STICKY, "auto": _AUTO}.get(mode, _DISCOVERED)
                entry: dict[str, Any] = {"ip": address, "alloc_type": kind, "created": now, "updated": now}
                if call.query.flag("with_summary", True):
                    entry["node_summary"] = {
                        "system_id": machine.system_id,
                        "node_type": 0,
                        "fqdn": f"{machine.hostname}.maas",
                        "hostname": machine.hostname,
                        "is_container": False,
                        "via": nic.name,
                    }
                if machine.owner and call.query.flag("with_username", True):
                    entry["user"] = machine.owner
                found.append(entry)
    return sorted(found, key=lambda entry: IPv4Address(entry["ip"]))
