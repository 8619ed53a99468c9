"""Fabrics, VLANs and the space."""

from typing import Any

from c3tui.lab.maas.records import Fabric, Vlan
from c3tui.lab.maas.seed import RACK_ID
from c3tui.lab.maas.shapes.network import SPACE, fabric_json, space_json, vlan_json
from c3tui.lab.maas.wire import Call, Resource, choice_error, invalid, not_found

_fabrics = Resource("FabricsHandler", "fabrics/", "Manage fabrics.")
_fabric = Resource("FabricHandler", "fabrics/{id}/", "Manage a fabric.")
_vlans = Resource("VlansHandler", "fabrics/{fabric_id}/vlans/", "Manage VLANs on a fabric.")
_vlan = Resource("VlanHandler", "fabrics/{fabric_id}/vlans/{vid}/", "Manage a VLAN on a fabric.")
_any_vlan = Resource("VlanByIdHandler", "vlans/{id}/", "Manage a VLAN by its id.", described=False)
_spaces = Resource("SpacesHandler", "spaces/", "Manage spaces.")
_space = Resource("SpaceHandler", "spaces/{id}/", "Manage a space.")
_LEAST_MTU, _MOST_MTU = 552, 65535


def _find_fabric(call: Call, name: str) -> Fabric:
    for fabric in call.region.db.fabrics.values():
        if call.path[name] in (str(fabric.id), fabric.name):
            return fabric
    raise not_found("Fabric")


def _find_vlan(call: Call) -> Vlan:
    if "id" in call.path:
        vlan = next((each for each in call.region.db.vlans.values() if str(each.id) == call.path["id"]), None)
        if vlan is None:
            error = not_found("VLAN")
            error.body = "VLAN with specified ID does not exist."
            raise error
        return vlan
    fabric = _find_fabric(call, "fabric_id")
    for vlan in call.region.db.vlans.values():
        if vlan.fabric_id == fabric.id and str(vlan.vid) == call.path["vid"]:
            return vlan
    raise not_found("VLAN")


@_fabrics.on("GET", "read")
def read_fabrics(call: Call) -> list[dict[str, Any]]:
    """List fabrics with their VLANs."""
    return [fabric_json(call.region.db, fabric) for fabric in call.region.db.fabrics.values()]


@_fabric.on("GET", "read")
def read_fabric(call: Call) -> dict[str, Any]:
    """Read a fabric."""
    return fabric_json(call.region.db, _find_fabric(call, "id"))


@_vlans.on("GET", "read")
def read_vlans(call: Call) -> list[dict[str, Any]]:
    """List the VLANs of a fabric."""
    fabric, db = _find_fabric(call, "fabric_id"), call.region.db
    return [vlan_json(db, vlan) for vlan in db.vlans.values() if vlan.fabric_id == fabric.id]


@_vlan.on("GET", "read")
@_any_vlan.on("GET", "read")
def read_vlan(call: Call) -> dict[str, Any]:
    """Read a VLAN."""
    return vlan_json(call.region.db, _find_vlan(call))


@_vlan.on("PUT", "update", admin="text")
@_any_vlan.on("PUT", "update", admin="text")
def update_vlan(call: Call) -> dict[str, Any]:
    """Change name, MTU, or who serves DHCP on a VLAN."""
    vlan, form = _find_vlan(call), call.form
    if "mtu" in form:
        mtu = form.number("mtu")
        if mtu < _LEAST_MTU:
            raise invalid("mtu", f"Ensure this value is greater than or equal to {_LEAST_MTU}.")
        if mtu > _MOST_MTU:
            raise invalid("mtu", f"Ensure this value is less than or equal to {_MOST_MTU}.")
        vlan.mtu = mtu
    vlan.name = form.get("name", vlan.name)
    rack = form.get("primary_rack", vlan.primary_rack or "")
    if rack not in ("", RACK_ID):
        raise invalid("primary_rack", choice_error(rack))
    if "dhcp_on" in form:
        _set_dhcp(call, vlan, rack, on=form.truth("dhcp_on"))
    vlan.primary_rack = rack or None
    return vlan_json(call.region.db, vlan)


def _set_dhcp(call: Call, vlan: Vlan, rack: str, *, on: bool) -> None:
    db = call.region.db
    subnets = {subnet.id for subnet in db.subnets.values() if subnet.vlan_id == vlan.id}
    dynamic = [each for each in db.ip_ranges.values() if each.type == "dynamic" and each.subnet_id in subnets]
    if on and not dynamic:
        raise invalid("dhcp_on", "dhcp can only be turned on when a dynamic IP range is defined.")
    if on and not rack:
        raise invalid("__all__", "dhcp can only be turned on when a primary rack controller is set.")
    vlan.dhcp_on = on


@_spaces.on("GET", "read")
def read_spaces(call: Call) -> list[dict[str, Any]]:
    """List spaces."""
    return [space_json(call.region.db)]


@_space.on("GET", "read")
def read_space(call: Call) -> dict[str, Any]:
    """Read a space."""
    if call.path["id"] not in (SPACE, "-1"):
        raise not_found("Space")
    return space_json(call.region.db)
