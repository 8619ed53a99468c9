"""Ports and bridges of a machine, and their links to subnets."""

import re
from typing import Any

from c3tui.lab.maas.database import children_of, interface_of
from c3tui.lab.maas.handlers.links import add_link
from c3tui.lab.maas.records import Interface, Link, Machine
from c3tui.lab.maas.shapes.network import interface_json
from c3tui.lab.maas.status import CONFIGURABLE, NodeStatus
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, Resource, choice_error, invalid, not_found

_all = Resource("InterfacesHandler", "nodes/{system_id}/interfaces/", "Manage interfaces on a node.")
_one = Resource("InterfaceHandler", "nodes/{system_id}/interfaces/{id}/", "Manage a node's interface.")
_NAME = re.compile(r"[a-zA-Z0-9_.:-]{1,15}")
_BAD_NAME = (
    "The interface name must be 1 to 15 characters long and can only contain alphanumeric characters, "
    "hyphens ('-'), underscores ('_'), periods ('.'), and colons (':')."
)
_NO_CHOICE = "Select a valid choice. That choice is not one of the available choices."
_BUSY_PARENT = "A bridge interface can't have a parent that is already in a bond or a bridge."
_BRIDGE_TYPES = ("standard", "ovs")


def _find(call: Call) -> tuple[Machine, Interface]:
    machine = call.machine()
    nic = interface_of(machine, call.path["id"])
    if nic is None:
        raise not_found("Interface")
    return machine, nic


def _configurable(call: Call, machine: Machine, action: str) -> None:
    if machine.locked or not call.is_admin:
        raise ApiError(403)
    if machine.status not in CONFIGURABLE:
        raise ApiError(
            409, f"Cannot {action} interface because the machine is not New, Ready, Allocated, or Broken."
        )


@_all.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """List a machine's interfaces."""
    machine = call.machine()
    return [interface_json(call.region.db, machine, nic) for nic in machine.interfaces]


@_one.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read an interface."""
    return interface_json(call.region.db, *_find(call))


@_one.on("PUT", "update")
def update(call: Call) -> dict[str, Any]:
    """Change an interface; a new VLAN takes the links of the old one away."""
    machine, nic = _find(call)
    if machine.status is not NodeStatus.DEPLOYED:
        _configurable(call, machine, "update interface")
        _change(call, machine, nic)
    return interface_json(call.region.db, machine, nic)


def _change(call: Call, machine: Machine, nic: Interface) -> None:
    form = call.form
    if "name" in form:
        nic.name = _checked_name(machine, form.get("name"), nic)
    if "vlan" in form:
        vlan = _vlan(call, form.get("vlan"))
        if vlan != nic.vlan_id:
            nic.vlan_id, nic.links, nic.lease = vlan, [], ""
            for child in children_of(machine, nic):
                child.vlan_id = vlan
    if "mac_address" in form:
        nic.mac = form.get("mac_address").lower()
    if "tags" in form:
        nic.tags = form.csv("tags")
    if "mtu" in form:
        nic.params["mtu"] = form.number("mtu")
        for parent in machine.interfaces:
            if parent.id in nic.parents:
                parent.params["mtu"] = nic.params["mtu"]
    if nic.type == "bridge":
        nic.params |= _bridge_params(call, nic.params)


def _vlan(call: Call, text: str) -> int | None:
    if not text:
        return None
    if not text.isdigit() or int(text) not in call.region.db.vlans:
        raise invalid("vlan", _NO_CHOICE)
    return int(text)


def _checked_name(machine: Machine, name: str, own: Interface | None) -> str:
    if not name:
        raise invalid("name", "This field is required.")
    if not _NAME.fullmatch(name):
        raise invalid("name", _BAD_NAME)
    if any(each.name == name and each is not own for each in machine.interfaces):
        owner = f"{machine.system_id} ({machine.hostname})"
        raise invalid("name", f"Node {owner} already has an interface named '{name}'.")
    return name


def _bridge_params(call: Call, old: dict[str, Any]) -> dict[str, Any]:
    kind = call.form.get("bridge_type", old.get("bridge_type", _BRIDGE_TYPES[0]))
    if kind not in _BRIDGE_TYPES:
        raise invalid(
            "bridge_type", f"'{kind}' is not a valid bridge_type.  It should be one of: 'standard', 'ovs'."
        )
    delay = call.form.number("bridge_fd") if "bridge_fd" in call.form else int(old.get("bridge_fd", 15))
    if delay < 0:
        raise invalid("bridge_fd", "Ensure this value is greater than or equal to 0.")
    stp = call.form.flag("bridge_stp", bool(old.get("bridge_stp", False)))
    return {"bridge_type": kind, "bridge_stp": stp, "bridge_fd": delay}


@_all.on("POST", "create_bridge", op=True)
def create_bridge(call: Call) -> dict[str, Any]:
    """Put a bridge over an interface; the interface's links are lost."""
    machine, form = call.machine(), call.form
    _configurable(call, machine, "create bridge")
    params = _bridge_params(call, {})
    parent = _bridge_parent(machine, form.get("parent") or form.get("parents"))
    name = _checked_name(machine, form.get("name"), None)
    vlan = _vlan(call, form.get("vlan")) if form.get("vlan") else parent.vlan_id
    if "mtu" in form:
        params["mtu"] = form.number("mtu")
    elif "mtu" in parent.params:
        params["mtu"] = parent.params["mtu"]
    bridge = Interface(
        id=call.region.db.next_id("interfaces"),
        name=name,
        type="bridge",
        mac=form.get("mac_address", parent.mac).lower(),
        vlan_id=vlan,
        parents=[parent.id],
        params=params,
        tags=form.csv("tags"),
    )
    if vlan is not None:
        bridge.links = [Link(id=call.region.db.next_id("links"), mode="link_up")]
    parent.links = []
    machine.interfaces.append(bridge)
    return interface_json(call.region.db, machine, bridge)


def _bridge_parent(machine: Machine, text: str) -> Interface:
    parent = next((nic for nic in machine.interfaces if str(nic.id) == text), None)
    if parent is None:
        complaint = choice_error(text) if text else "A bridge interface must have exactly one parent."
        blank = ["This field cannot be blank."]
        raise ApiError(400, {"mac_address": blank, "parent": [complaint]})
    if parent.type == "bridge":
        raise invalid("parent", "A bridge interface can't have another bridge interface as parent.")
    if children_of(machine, parent):
        raise ApiError(400, {"mac_address": ["This field cannot be blank."], "parent": [_BUSY_PARENT]})
    return parent


@_one.on("DELETE", "delete")
def delete(call: Call) -> Answer:
    """Delete an interface and what lies over it."""
    machine, nic = _find(call)
    _configurable(call, machine, "delete interface")
    gone = {nic.id} | {child.id for child in children_of(machine, nic)}
    machine.interfaces = [each for each in machine.interfaces if each.id not in gone]
    return NO_CONTENT


@_one.on("POST", "link_subnet", op=True)
def link_subnet(call: Call) -> dict[str, Any]:
    """Give an interface an address on a subnet: AUTO, DHCP, STATIC or LINK_UP."""
    machine, nic = _find(call)
    _configurable(call, machine, "link subnet")
    add_link(call, machine, nic)
    return interface_json(call.region.db, machine, nic)


@_one.on("POST", "unlink_subnet", op=True)
def unlink_subnet(call: Call) -> dict[str, Any]:
    """Remove a link by its id; the interface stays up."""
    machine, nic = _find(call)
    _configurable(call, machine, "unlink subnet")
    wanted = call.form.get("id")
    if wanted not in (numbers := [str(link.id) for link in nic.links]):
        listed = ", ".join(f"'{number}'" for number in numbers)
        raise invalid("id", f"'{wanted}' is not a valid id.  It should be one of: {listed}.")
    nic.links = [link for link in nic.links if str(link.id) != wanted]
    if not nic.links and nic.vlan_id is not None:
        nic.links = [Link(id=call.region.db.next_id("links"), mode="link_up")]
    return interface_json(call.region.db, machine, nic)


@_one.on("POST", "disconnect", op=True)
def disconnect(call: Call) -> dict[str, Any]:
    """Remove every link and the VLAN."""
    machine, nic = _find(call)
    _configurable(call, machine, "disconnect")
    nic.links, nic.vlan_id = [], None
    return interface_json(call.region.db, machine, nic)
