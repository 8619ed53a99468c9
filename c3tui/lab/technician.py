"""The technician: goes to drives that MAAS shows as marked, pulls them and puts in new ones."""

from c3tui.lab.room import Room

LOOK_SECONDS = 10.0
"""Simulated seconds between two looks at the list."""


async def work(room: Room) -> None:
    """Swap every marked drive, one at a time, the scenario's time after seeing the mark."""
    settings = room.scenario.technician
    while settings.present:
        for name, slot in sorted(room.marks):
            await room.clock.sleep(settings.seconds)
            if (name, slot) in room.marks:
                room.swap(room.by_name(name), slot)
        await room.clock.sleep(LOOK_SECONDS)
