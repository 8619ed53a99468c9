"""Disks of a machine, and the tags on them."""

from typing import Any

from c3tui.lab.maas.database import disk_of
from c3tui.lab.maas.marks import REPLACE_TAG, mark, unmark
from c3tui.lab.maas.records import Disk, Machine
from c3tui.lab.maas.shapes.storage import disk_json
from c3tui.lab.maas.status import CONFIGURABLE
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, Resource, invalid, not_found

_all = Resource("BlockDevicesHandler", "nodes/{system_id}/blockdevices/", "Manage block devices on a node.")
_one = Resource("BlockDeviceHandler", "nodes/{system_id}/blockdevices/{id}/", "Manage a block device.")


@_all.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """List a machine's disks."""
    machine = call.machine()
    return [disk_json(machine, disk) for disk in machine.disks]


def _find(call: Call, *, edit: bool = False) -> tuple[Machine, Disk]:
    machine = call.machine(edit=edit, admin=edit)
    disk = disk_of(machine, call.path["id"])
    if disk is None:
        raise not_found("BlockDevice")
    return machine, disk


@_one.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read a disk."""
    return disk_json(*_find(call))


@_one.on("PUT", "update")
def update(call: Call) -> dict[str, Any]:
    """Change name, model, serial or id_path of a disk."""
    machine, disk = _find(call, edit=True)
    for name in ("name", "model", "serial", "id_path"):
        if name in call.form:
            setattr(disk, name, call.form.get(name))
    return disk_json(machine, disk)


@_one.on("DELETE", "delete")
def delete(call: Call) -> Answer:
    """Forget a disk until the next commissioning."""
    machine, disk = _find(call, edit=True)
    if machine.status not in CONFIGURABLE:
        raise ApiError(409, "Cannot delete block device because the machine is not Ready.")
    unmark(call.region, machine, disk)
    machine.disks.remove(disk)
    if machine.boot_disk_id == disk.id:
        machine.boot_disk_id = machine.disks[0].id if machine.disks else None
    return NO_CONTENT


@_one.on("POST", "add_tag", op=True)
def add_tag(call: Call) -> dict[str, Any]:
    """Tag a disk; a drive tagged for replacement comes on the technician's list."""
    machine, disk = _find(call, edit=True)
    tag = call.form.get("tag")
    if not tag:
        raise invalid("tag", "This field is required.")
    if tag not in disk.tags:
        disk.tags.append(tag)
    if tag == REPLACE_TAG:
        mark(call.region, machine, disk)
    return disk_json(machine, disk)


@_one.on("POST", "remove_tag", op=True)
def remove_tag(call: Call) -> dict[str, Any]:
    """Remove a tag from a disk."""
    machine, disk = _find(call, edit=True)
    tag = call.form.get("tag")
    disk.tags = [each for each in disk.tags if each != tag]
    if tag == REPLACE_TAG:
        unmark(call.region, machine, disk)
    return disk_json(machine, disk)


@_one.on("POST", "set_boot_disk", op=True)
def set_boot_disk(call: Call) -> Answer:
    """Install on this disk."""
    machine, disk = _find(call, edit=True)
    if machine.status not in CONFIGURABLE:
        raise ApiError(409, "Cannot set as boot disk unless the machine is Ready or Allocated.")
    machine.boot_disk_id = disk.id
    return Answer(200, b"OK")
