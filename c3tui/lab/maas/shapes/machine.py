"""JSON of a machine: 26 KB and more on real hardware, and every field of it."""

from typing import Any

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Machine, Named
from c3tui.lab.maas.shapes.network import interface_json
from c3tui.lab.maas.shapes.results import status_fields
from c3tui.lab.maas.shapes.storage import disk_json

DOMAIN = "maas"
HARDWARE_KEYS = (
    "system_vendor",
    "system_product",
    "system_family",
    "system_version",
    "system_sku",
    "system_serial",
    "cpu_model",
    "mainboard_vendor",
    "mainboard_product",
    "mainboard_serial",
    "mainboard_version",
    "mainboard_firmware_vendor",
    "mainboard_firmware_date",
    "mainboard_firmware_version",
    "chassis_vendor",
    "chassis_type",
    "chassis_serial",
    "chassis_version",
)
_CONSTANT: dict[str, Any] = {
    "parent": None,
    "enable_hw_sync": False,
    "volume_groups": [],
    "raids": [],
    "bios_boot_method": None,
    "min_hwe_kernel": "",
    "netboot": True,
    "node_type": 0,
    "node_type_name": "Machine",
    "virtualblockdevice_set": [],
    "last_sync": None,
    "next_sync": None,
    "sync_interval": None,
    "enable_kernel_crash_dump": False,
    "special_filesystems": [],
    "virtualmachine_id": None,
    "pod": None,
    "address_ttl": None,
    "disable_ipv4": False,
    "is_dpu": False,
    "cache_sets": [],
    "bcaches": [],
    "swap_size": None,
    "ephemeral_deploy": False,
}


def domain_json() -> dict[str, Any]:
    """The one DNS domain."""
    return {
        "authoritative": True,
        "ttl": None,
        "id": 0,
        "resource_record_count": 0,
        "is_default": True,
        "name": DOMAIN,
        "resource_uri": f"{BASE}domains/0/",
    }


def pool_json(pool: Named) -> dict[str, Any]:
    """A resource pool."""
    return {
        "name": pool.name,
        "description": pool.description,
        "id": pool.id,
        "resource_uri": f"{BASE}resourcepool/{pool.id}/",
    }


def zone_json(zone: Named) -> dict[str, Any]:
    """A physical zone."""
    return {
        "name": zone.name,
        "description": zone.description,
        "id": zone.id,
        "resource_uri": f"{BASE}zones/{zone.name}/",
    }


def machine_json(db: Database, machine: Machine) -> dict[str, Any]:
    """A whole machine."""
    return {
        **_CONSTANT,
        **status_fields(db, db.sets_of(machine.system_id)),
        **_identity(machine),
        **_state(machine),
        **_hardware(machine),
        **_storage(machine),
        **_network(db, machine),
        "domain": domain_json(),
        "pool": pool_json(db.pools[machine.pool_id]),
        "zone": zone_json(db.zones[machine.zone_id]),
    }


def _identity(machine: Machine) -> dict[str, Any]:
    return {
        "system_id": machine.system_id,
        "hostname": machine.hostname,
        "fqdn": f"{machine.hostname}.{DOMAIN}",
        "description": machine.description,
        "tag_names": machine.tags,
        "owner": machine.owner,
        "owner_data": machine.owner_data,
        "workload_annotations": machine.owner_data,
        "hardware_uuid": machine.hardware_uuid,
        "resource_uri": f"{BASE}machines/{machine.system_id}/",
    }


def _state(machine: Machine) -> dict[str, Any]:
    heard = bool(machine.status_message)
    return {
        "status": int(machine.status),
        "status_name": machine.status.label,
        "status_message": machine.status_message or None,
        "status_action": "" if heard else None,
        "error_description": machine.error_description,
        "locked": machine.locked,
        "power_state": machine.power_state,
        "power_type": machine.power_type,
        "osystem": machine.osystem,
        "distro_series": machine.distro_series,
        "hwe_kernel": machine.hwe_kernel,
        "current_commissioning_result_id": machine.commissioning_set,
        "current_testing_result_id": machine.testing_set,
        "current_installation_result_id": machine.installation_set,
    }


def _hardware(machine: Machine) -> dict[str, Any]:
    cores = list(range(machine.cpu_count))
    return {
        "architecture": machine.architecture,
        "cpu_count": machine.cpu_count,
        "cpu_speed": machine.cpu_speed,
        "memory": machine.memory,
        "hardware_info": {key: machine.hardware_info.get(key, "Unknown") for key in HARDWARE_KEYS},
        "numanode_set": [{"index": 0, "memory": machine.memory, "cores": cores, "hugepages_set": []}],
    }


def _storage(machine: Machine) -> dict[str, Any]:
    disks = [disk_json(machine, disk) for disk in machine.disks]
    return {
        "storage": sum(disk.size for disk in machine.disks) / 1_000_000,
        "physicalblockdevice_set": disks,
        "blockdevice_set": disks,
        "boot_disk": next((disk for disk in disks if disk["id"] == machine.boot_disk_id), None),
    }


def _network(db: Database, machine: Machine) -> dict[str, Any]:
    nics = {nic.id: interface_json(db, machine, nic) for nic in machine.interfaces}
    links = [link for nic in machine.interfaces for link in nic.links]
    fixed = [link.ip for link in links if link.ip]
    leases = [nic.lease for nic in machine.interfaces if nic.lease]
    subnets = [db.subnets[link.subnet_id] for link in links if link.subnet_id is not None]
    gateway = next((subnet.gateway_ip for subnet in subnets if subnet.gateway_ip), None)
    boot = next((nic for nic in machine.interfaces if nic.mac == machine.boot_mac), None)
    return {
        "interface_set": list(nics.values()),
        "boot_interface": nics[boot.id] if boot else None,
        "ip_addresses": fixed or leases,
        "default_gateways": {
            "ipv4": {"gateway_ip": gateway, "link_id": None},
            "ipv6": {"gateway_ip": None, "link_id": None},
        },
    }
