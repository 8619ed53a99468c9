"""The list of drives to replace: disks with a certain tag, as the technician sees them."""

from c3tui.lab.maas.records import Disk, Machine
from c3tui.lab.maas.region import Region

REPLACE_TAG = "c3-replace"


def mark(region: Region, machine: Machine, disk: Disk) -> None:
    """Put the bay on the technician's list, if that very drive sits in it."""
    if found := region.bay_of(machine, disk.serial):
        box, bay = found
        region.room.marks.add((box.name, bay.slot))


def unmark(region: Region, machine: Machine, disk: Disk) -> None:
    """Take the bay off the list."""
    if found := region.bay_of(machine, disk.serial):
        box, bay = found
        region.room.marks.discard((box.name, bay.slot))


def restore_marks(region: Region) -> None:
    """The list again, from the tags in the database."""
    for machine in region.db.machines.values():
        for disk in machine.disks:
            if REPLACE_TAG in disk.tags:
                mark(region, machine, disk)
