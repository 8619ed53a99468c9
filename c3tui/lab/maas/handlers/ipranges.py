"""Dynamic and reserved address ranges."""

from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import Any

from c3tui.lab.maas.handlers.subnets import find_subnet
from c3tui.lab.maas.records import IpRange, Subnet
from c3tui.lab.maas.shapes.network import range_json
from c3tui.lab.maas.wire import (
    NO_CONTENT,
    Answer,
    ApiError,
    Call,
    Resource,
    choice_error,
    invalid,
    not_found,
)

_ranges = Resource("IPRangesHandler", "ipranges/", "Manage IP ranges.")
_range = Resource("IPRangeHandler", "ipranges/{id}/", "Manage an IP range.")
_BOTH = "Start IP address and end IP address are both required."
_CONFLICT = {
    "reserved": "Requested reserved range conflicts with an existing range.",
    "dynamic": "Requested dynamic range conflicts with an existing IP address or range.",
}


@_ranges.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """List IP ranges."""
    return [range_json(call.region.db, each) for each in call.region.db.ip_ranges.values()]


@_ranges.on("POST", "create")
def create(call: Call) -> dict[str, Any]:
    """Create a range of type reserved or dynamic; MAAS finds the subnet when none is given."""
    db, form = call.region.db, call.form
    kind = form.get("type")
    if kind == "dynamic" and not call.is_admin:
        raise ApiError(403, "Unable to create dynamic IP range. You don't have sufficient privileges.")
    if kind not in _CONFLICT:
        raise invalid("type", choice_error(kind) if kind else "This field is required.")
    start, end = _bounds(form.get("start_ip"), form.get("end_ip"))
    subnet = _subnet(call, start)
    new = IpRange(
        id=0,
        type=kind,
        start=str(start),
        end=str(end),
        subnet_id=subnet.id,
        username=call.username,
        comment=form.get("comment"),
    )
    _check(call, new, subnet)
    new.id = db.next_id("ip_ranges")
    db.ip_ranges[new.id] = new
    return range_json(db, new)


def _find(call: Call) -> IpRange:
    number = call.path["id"]
    each = call.region.db.ip_ranges.get(int(number)) if number.isdigit() else None
    if each is None:
        raise not_found("IPRange")
    return each


@_range.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read an IP range."""
    return range_json(call.region.db, _find(call))


@_range.on("PUT", "update")
def update(call: Call) -> dict[str, Any]:
    """Change start, end or comment."""
    old, form, db = _find(call), call.form, call.region.db
    start, end = _bounds(form.get("start_ip", old.start), form.get("end_ip", old.end))
    if end < start:
        # Unlike on creation, MAAS stumbles over this one.
        raise ApiError(500, "lower bound IP greater than upper bound!")
    new = old.model_copy(
        update={"start": str(start), "end": str(end), "comment": form.get("comment", old.comment)}
    )
    _check(call, new, db.subnets[old.subnet_id])
    db.ip_ranges[old.id] = new
    return range_json(db, new)


@_range.on("DELETE", "delete")
def delete(call: Call) -> Answer:
    """Delete an IP range."""
    del call.region.db.ip_ranges[_find(call).id]
    return NO_CONTENT


def _bounds(start: str, end: str) -> tuple[IPv4Address, IPv4Address]:
    errors: dict[str, list[str]] = {}
    found: list[IPv4Address] = []
    for name, text in (("start_ip", start), ("end_ip", end)):
        try:
            found.append(IPv4Address(text))
        except AddressValueError:
            complaint = "Enter a valid IPv4 or IPv6 address." if text else "This field is required."
            errors[name] = [complaint]
    if errors:
        for name in ("start_ip", "end_ip"):
            errors.setdefault(name, []).append(_BOTH)
        raise ApiError(400, errors)
    return found[0], found[1]


def _subnet(call: Call, start: IPv4Address) -> Subnet:
    if wanted := call.form.get("subnet"):
        if subnet := find_subnet(call.region.db, wanted):
            return subnet
        raise invalid("subnet", "Select a valid choice. That choice is not one of the available choices.")
    for subnet in call.region.db.subnets.values():
        if start in IPv4Network(subnet.cidr):
            return subnet
    raise invalid("subnet", "This field is required.")


def _check(call: Call, new: IpRange, subnet: Subnet) -> None:
    network = IPv4Network(subnet.cidr)
    start, end = IPv4Address(new.start), IPv4Address(new.end)
    within = f"IP address must be within subnet: {subnet.cidr}."
    if start not in network:
        raise invalid("start_ip", f"Start {within}")
    if end not in network:
        raise invalid("end_ip", f"End {within}")
    if end < start:
        raise invalid("end_ip", "End IP address must not be less than Start IP address.")
    if start == network.network_address:
        raise invalid("start_ip", "Reserved network address cannot be included in IP range.")
    if end == network.broadcast_address:
        raise invalid("end_ip", "Broadcast address cannot be included in IP range.")
    if _conflicts(call, new, subnet, start, end):
        raise ApiError(400, {name: [_CONFLICT[new.type]] for name in ("start_ip", "end_ip")})


def _conflicts(call: Call, new: IpRange, subnet: Subnet, start: IPv4Address, end: IPv4Address) -> bool:
    for other in call.region.db.ranges_of(subnet):
        if other.id != new.id and IPv4Address(other.start) <= end and start <= IPv4Address(other.end):
            return True
    if new.type != "dynamic":
        return False
    taken = {subnet.gateway_ip, *subnet.dns_servers, *call.region.db.used_addresses(subnet)} - {""}
    return any(start <= IPv4Address(address) <= end for address in taken)
