"""The technician: goes to drives that MAAS shows as marked, pulls them and puts in new ones.

Who makes a mistake is told so by the list: the drive is still on it when the server was looked at again.
"""

from typing import Literal

from c3tui.lab.chassis import Chassis, Drive
from c3tui.lab.room import Room
from c3tui.lab.scenario import FaultKind

LOOK_SECONDS = 10.0
"""Simulated seconds between two looks at the list."""

How = Literal["right", "wrong-bay", "same", "smaller"]
MISTAKES: dict[FaultKind, How] = {
    FaultKind.SWAPS_WRONG_BAY: "wrong-bay",
    FaultKind.SAME_DRIVE_BACK: "same",
    FaultKind.SMALLER_DRIVE: "smaller",
}


async def work(room: Room) -> None:
    """Visit every marked drive, one at a time, the scenario's time after seeing the mark."""
    settings = room.scenario.technician
    visited: dict[tuple[str, int], int] = {}
    while settings.present:
        for name, slot in sorted(room.marks):
            box = room.by_name(name)
            # After a mistake the server boots once before anybody can know, and is off again then.
            before = visited.get((name, slot))
            if before is not None and (box.boots <= before or box.powered):
                continue
            await room.clock.sleep(settings.seconds)
            if (name, slot) in room.marks:
                how = _how(room, box, slot)
                visit(room, box, slot, how)
                if how != "right":
                    visited[name, slot] = box.boots
        await room.clock.sleep(LOOK_SECONDS)


def visit(room: Room, box: Chassis, slot: int, how: How) -> Drive:
    """One visit to a bay, done right or with a mistake; after a mistake the bay stays on the list.

    Returns:
        The drive that the technician put in, in whatever bay that was.

    Raises:
        KeyError: the chassis has no such bay.
    """
    marked = (box.name, slot) in room.marks
    bay = box.bay(slot)
    old = bay.drive
    if how == "wrong-bay":
        slots = [each.slot for each in box.bays]
        beside = slot + 1 if slot + 1 in slots else slot - 1
        drive = room.swap(box, beside)
    elif how == "same" and old:
        drive = room.swap(box, slot, drive=old)
    elif how == "smaller" and old:
        smaller = room.new_drive(box, slot, old)
        smaller.size //= 2
        drive = room.swap(box, slot, drive=smaller)
        bay.belongs = old.size
    else:
        return room.swap(box, slot)
    if marked:
        room.marks.add((box.name, slot))
    return drive


def _how(room: Room, box: Chassis, slot: int) -> How:
    """The mistake that the scenario has for this visit, counted down; else it is done right."""
    for fault in room.faults:
        here = (fault.server, fault.bay) == (box.position, slot)
        if here and fault.kind in MISTAKES and not fault.mended:
            fault.times -= 1
            fault.mended = fault.times <= 0
            return MISTAKES[fault.kind]
    return "right"
