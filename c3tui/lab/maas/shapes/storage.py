"""JSON of block devices."""

from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Disk, Machine

_ALIGNMENT = 4 * 1024 * 1024
_MBR_LIMIT = 2 * 1024**4


def available(size: int) -> int:
    """Bytes left for partitions: whole 4 MiB, less one for the table, less another for a backup GPT."""
    return size // _ALIGNMENT * _ALIGNMENT - _ALIGNMENT * (2 if size > _MBR_LIMIT else 1)


def disk_json(machine: Machine, disk: Disk) -> dict[str, Any]:
    """A disk of a machine."""
    root = disk.partition_id != 0
    return {
        "firmware_version": disk.firmware,
        "filesystem": None,
        "used_size": available(disk.size) + _ALIGNMENT if root else 0,
        "available_size": 0 if root else available(disk.size),
        "partitions": [_partition_json(machine, disk)] if root else [],
        "tags": disk.tags,
        "id": disk.id,
        "partition_table_type": "GPT" if root else None,
        "serial": disk.serial,
        "name": disk.name,
        "size": disk.size,
        "type": "physical",
        "id_path": disk.id_path,
        "storage_pool": None,
        "path": f"/dev/disk/by-dname/{disk.name}",
        "model": disk.model,
        "system_id": machine.system_id,
        "numa_node": 0,
        "uuid": None,
        "used_for": "GPT partitioned with 1 partition" if root else "Unused",
        "block_size": 512,
        "resource_uri": f"{BASE}nodes/{machine.system_id}/blockdevices/{disk.id}/",
    }


def _partition_json(machine: Machine, disk: Disk) -> dict[str, Any]:
    path = f"{BASE}nodes/{machine.system_id}/blockdevices/{disk.id}/partition/{disk.partition_id}"
    return {
        "uuid": disk.uuid,
        "size": available(disk.size),
        "bootable": False,
        "tags": [],
        "filesystem": {
            "fstype": "ext4",
            "label": "root",
            "uuid": disk.uuid[::-1],
            "mount_point": "/",
            "mount_options": None,
        },
        "id": disk.partition_id,
        "path": f"/dev/disk/by-dname/{disk.name}-part2",
        "used_for": "ext4 formatted filesystem mounted at /",
        "device_id": disk.id,
        "type": "partition",
        "system_id": machine.system_id,
        "resource_uri": path,
    }
