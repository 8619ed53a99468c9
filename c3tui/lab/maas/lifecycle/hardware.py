"""What commissioning finds out about a machine and writes into the database."""

import uuid

from c3tui.lab.chassis import Chassis, Drive, Nic
from c3tui.lab.maas.database import Database
from c3tui.lab.maas.lifecycle.documents import CPU
from c3tui.lab.maas.lifecycle.enlist import boot_vlan, lease_of
from c3tui.lab.maas.records import Disk, Fabric, Interface, Link, Machine, Vlan
from c3tui.lab.maas.region import Region

_NIC_VENDOR = "Broadcom Inc. and subsidiaries"
_NIC_PRODUCT = "BCM57414 NetXtreme-E 10Gb/25Gb RDMA Ethernet Controller"


def record_hardware(region: Region, machine: Machine, box: Chassis) -> None:
    """Take over what the ephemeral system saw of the chassis."""
    machine.commissioned = True
    machine.cpu_count, machine.cpu_speed, machine.memory = box.cpus, 2100, box.memory_mib
    machine.hardware_uuid = str(uuid.uuid5(uuid.NAMESPACE_OID, box.serial))
    machine.hardware_info = _hardware_info(box)
    if not machine.skip_networking:
        _record_network(region, machine, box)
    if machine.skip_storage:
        machine.disks, machine.boot_disk_id = [], None
    else:
        _record_storage(region.db, machine, box)


def _hardware_info(box: Chassis) -> dict[str, str]:
    vendor = "Supermicro"
    return {
        "system_vendor": vendor,
        "system_product": box.product,
        "system_family": "Family",
        "system_version": "0123456789",
        "system_sku": "To be filled by O.E.M.",
        "system_serial": box.serial,
        "cpu_model": CPU,
        "mainboard_vendor": vendor,
        "mainboard_product": "X11DPi-N",
        "mainboard_serial": f"M{box.serial}",
        "mainboard_version": "1.10",
        "mainboard_firmware_vendor": "American Megatrends Inc.",
        "mainboard_firmware_date": "02/09/2023",
        "mainboard_firmware_version": box.bios,
        "chassis_vendor": vendor,
        "chassis_type": "Rack Mount Chassis",
        "chassis_serial": f"C{box.serial}",
        "chassis_version": "0123456789",
    }


def _record_network(region: Region, machine: Machine, box: Chassis) -> None:
    known = {nic.mac: nic for nic in machine.interfaces if nic.type == "physical"}
    found = []
    for port in box.nics:
        nic = known.get(port.mac) or Interface(
            id=region.db.next_id("interfaces"), name=port.name, mac=port.mac
        )
        nic.name, nic.speed, nic.link_connected = port.name, port.speed, True
        nic.vendor, nic.product, nic.firmware = _NIC_VENDOR, _NIC_PRODUCT, "222.1.69.0"
        _connect(region, nic, port, box)
        found.append(nic)
    machine.interfaces = found
    machine.boot_mac = box.pxe_mac


def _connect(region: Region, nic: Interface, port: Nic, box: Chassis) -> None:
    if port.mac == box.pxe_mac:
        nic.vlan_id = boot_vlan(region)
        nic.lease = lease_of(region, box)
        subnet = region.db.vlan_subnet(nic.vlan_id)
        if subnet:
            nic.links = [Link(id=region.db.next_id("links"), mode="auto", subnet_id=subnet.id)]
            return
    if nic.vlan_id is None:
        nic.vlan_id = _own_vlan(region.db)
    nic.links = [Link(id=region.db.next_id("links"), mode="link_up")]


def _own_vlan(db: Database) -> int:
    """A connected port whose network MAAS cannot tell gets a fabric of its own."""
    number = db.next_id("fabrics")
    db.fabrics[number] = Fabric(id=number, name=f"fabric-{number}")
    vlan = Vlan(id=db.next_id("vlans"), vid=0, name="untagged", fabric_id=number)
    db.vlans[vlan.id] = vlan
    return vlan.id


def _record_storage(db: Database, machine: Machine, box: Chassis) -> None:
    known = {(disk.model, disk.serial): disk for disk in machine.disks}
    found = []
    for bay in box.bays:
        if (drive := bay.drive) is None:
            continue
        disk = known.get((drive.model, drive.serial)) or _new_disk(db, drive)
        disk.name, disk.partition_id = bay.kernel_name, 0
        found.append(disk)
    machine.disks = found
    machine.boot_disk_id = found[0].id if found else None
    if found:
        found[0].partition_id = db.next_id("partitions")
        found[0].uuid = str(uuid.uuid5(uuid.NAMESPACE_OID, found[0].serial))


def _new_disk(db: Database, drive: Drive) -> Disk:
    tags = ["rotary" if drive.rotational else "ssd"]
    if drive.transport == "sata":
        tags.append("sata")
    if drive.rotational:
        tags.append("7200rpm")
    return Disk(
        id=db.next_id("disks"),
        name="",
        model=drive.model,
        serial=drive.serial,
        firmware=drive.firmware,
        id_path=drive.by_id,
        size=drive.size,
        tags=tags,
    )
