"""JSON of VLANs, fabrics, subnets, address ranges and interfaces."""

from typing import Any

from c3tui.lab.maas.database import Database, children_of
from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Fabric, Interface, IpRange, Link, Machine, Subnet, User, Vlan

SPACE = "undefined"
"""The space of VLANs that have none."""


def vlan_json(db: Database, vlan: Vlan) -> dict[str, Any]:
    """A VLAN."""
    return {
        "vid": vlan.vid,
        "mtu": vlan.mtu,
        "dhcp_on": vlan.dhcp_on,
        "external_dhcp": None,
        "relay_vlan": None,
        "id": vlan.id,
        "primary_rack": vlan.primary_rack,
        "fabric_id": vlan.fabric_id,
        "space": SPACE,
        "name": vlan.name,
        "secondary_rack": vlan.secondary_rack,
        "fabric": db.fabrics[vlan.fabric_id].name,
        "resource_uri": f"{BASE}vlans/{vlan.id}/",
    }


def fabric_json(db: Database, fabric: Fabric) -> dict[str, Any]:
    """A fabric with its VLANs."""
    vlans = [vlan_json(db, vlan) for vlan in db.vlans.values() if vlan.fabric_id == fabric.id]
    return {
        "class_type": None,
        "vlans": vlans,
        "id": fabric.id,
        "name": fabric.name,
        "resource_uri": f"{BASE}fabrics/{fabric.id}/",
    }


def subnet_json(db: Database, subnet: Subnet) -> dict[str, Any]:
    """A subnet with its VLAN."""
    return {
        "name": subnet.name,
        "description": subnet.description,
        "vlan": vlan_json(db, db.vlans[subnet.vlan_id]),
        "cidr": subnet.cidr,
        "rdns_mode": 2,
        "gateway_ip": subnet.gateway_ip,
        "dns_servers": subnet.dns_servers,
        "allow_dns": subnet.allow_dns,
        "allow_proxy": subnet.allow_proxy,
        "active_discovery": subnet.active_discovery,
        "managed": subnet.managed,
        "disabled_boot_architectures": [],
        "id": subnet.id,
        "space": SPACE,
        "resource_uri": f"{BASE}subnets/{subnet.id}/",
    }


def space_json(db: Database) -> dict[str, Any]:
    """The one space: that of VLANs without a space."""
    return {
        "description": "Backward compatibility object to ensure objects not associated with a space "
        "can be found.",
        "vlans": [vlan_json(db, vlan) for vlan in db.vlans.values()],
        "subnets": [subnet_json(db, subnet) for subnet in db.subnets.values()],
        "id": -1,
        "name": SPACE,
        "resource_uri": f"{BASE}spaces/{SPACE}/",
    }


def user_json(user: User) -> dict[str, Any]:
    """A user."""
    return {
        "is_superuser": user.is_superuser,
        "username": user.username,
        "email": user.email,
        "is_local": True,
        "resource_uri": f"{BASE}users/{user.username}/",
    }


def range_json(db: Database, span: IpRange) -> dict[str, Any]:
    """An address range with its subnet and its maker."""
    user = db.users.get(span.username or "")
    return {
        "subnet": subnet_json(db, db.subnets[span.subnet_id]),
        "type": span.type,
        "start_ip": span.start,
        "end_ip": span.end,
        "user": user_json(user) if user else None,
        "comment": span.comment,
        "id": span.id,
        "resource_uri": f"{BASE}ipranges/{span.id}/",
    }


def _link_json(db: Database, link: Link) -> dict[str, Any]:
    data: dict[str, Any] = {"id": link.id, "mode": link.mode}
    if link.ip:
        data["ip_address"] = link.ip
    if link.subnet_id is not None:
        data["subnet"] = subnet_json(db, db.subnets[link.subnet_id])
    return data


def interface_json(db: Database, machine: Machine, nic: Interface) -> dict[str, Any]:
    """An interface of a machine."""
    vlan = db.vlans.get(nic.vlan_id) if nic.vlan_id is not None else None
    physical = nic.type == "physical"
    subnet = db.vlan_subnet(nic.vlan_id)
    names = {each.id: each.name for each in machine.interfaces}
    return {
        "children": [child.name for child in children_of(machine, nic)],
        "params": nic.params,
        "discovered": [{"subnet": subnet_json(db, subnet), "ip_address": nic.lease}]
        if nic.lease and subnet
        else None,
        "link_connected": nic.link_connected if physical else False,
        "links": [_link_json(db, link) for link in nic.links],
        "tags": nic.tags,
        "id": nic.id,
        "interface_speed": nic.speed,
        "name": nic.name,
        "enabled": nic.enabled,
        "mac_address": nic.mac,
        "type": nic.type,
        "firmware_version": nic.firmware,
        "vendor": nic.vendor,
        "system_id": machine.system_id,
        "effective_mtu": nic.params.get("mtu") or (vlan.mtu if vlan else 1500),
        "numa_node": 0 if physical else None,
        "link_speed": nic.speed,
        "sriov_max_vf": 0,
        "vlan": vlan_json(db, vlan) if vlan else None,
        "parents": [names[parent] for parent in nic.parents if parent in names],
        "product": nic.product,
        "resource_uri": f"{BASE}nodes/{machine.system_id}/interfaces/{nic.id}/",
    }
