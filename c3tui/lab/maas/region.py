"""The region controller: its database, its clock, its event log, and who is who in the room."""

import time
from datetime import UTC, datetime
from typing import Any

from c3tui.lab.chassis import Bay, Chassis
from c3tui.lab.maas.database import Database
from c3tui.lab.maas.records import Event, Machine
from c3tui.lab.maas.seed import seeded
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.room import Room

LEVELS = {"AUDIT": 0, "DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
POWER_LAG = 20.0
"""Simulated seconds until MAAS looks at the power again after a run."""
POWER_PERIOD = 60.0


class Region:
    """What handlers and the life of machines share."""

    def __init__(self, room: Room, state: dict[str, Any] | None = None) -> None:
        self.room = room
        saved = Database.model_validate(state) if state is not None else None
        epoch = max(time.time(), saved.epoch if saved else 0.0)
        self._zero = epoch - room.clock.elapsed()
        self.db = saved or seeded(room.scenario, epoch)
        self.slow_ms = room.scenario.maas_ms_per_machine
        """Added to a list of machines, per machine (a real region needs 30 to 50 ms)."""

    def now(self) -> float:
        """Simulated unix time."""
        return self._zero + self.room.clock.elapsed()

    def event(
        self,
        machine: Machine,
        kind: str,
        description: str = "",
        *,
        level: str = "INFO",
        username: str = "unknown",
    ) -> None:
        """Log an event of a machine; from INFO on it becomes its status message."""
        number = self.db.next_id("events")
        if number % 7 == 0:
            number = self.db.next_id("events")
        self.db.add_event(
            Event(
                id=number,
                system_id=machine.system_id,
                level=LEVELS[level],
                created=self.now(),
                type=kind,
                description=description,
                username=username,
            )
        )
        if LEVELS[level] >= LEVELS["INFO"]:
            machine.status_message = f"{kind} - {description}" if description else kind

    def move(self, machine: Machine, status: NodeStatus) -> None:
        """Change the status of a machine, with its event."""
        if machine.status is status:
            return
        old, machine.status = machine.status, status
        machine.waiting_since = self.now()
        self.event(machine, "Node changed status", f"From '{old.label}' to '{status.label}'", level="DEBUG")

    def alive(self, machine: Machine, *statuses: NodeStatus) -> bool:
        """Whether the machine is still there, in one of those states."""
        return self.db.machines.get(machine.system_id) is machine and machine.status in statuses

    def box_of(self, machine: Machine) -> Chassis | None:
        """The chassis that a machine's ports belong to."""
        for nic in machine.interfaces:
            if box := self.room.by_mac(nic.mac):
                return box
        return None

    def machine_in(self, box: Chassis) -> Machine | None:
        """The machine that MAAS has for a chassis."""
        for nic in box.nics:
            if machine := self.db.machine_by_mac(nic.mac):
                return machine
        return None

    def bay_of(self, machine: Machine, serial: str) -> tuple[Chassis, Bay] | None:
        """Where the drive of that serial sits now, if it still does."""
        box = self.box_of(machine)
        bay = box.bay_of(serial) if box else None
        return (box, bay) if box and bay else None


def stamp(moment: float | None) -> str | None:
    """A time as most of the API writes it."""
    return _format(moment, "%a, %d %b %Y %H:%M:%S +0000")


def event_stamp(moment: float) -> str:
    """A time as the event log writes it."""
    return _format(moment, "%a, %d %b. %Y %H:%M:%S") or ""


def _format(moment: float | None, layout: str) -> str | None:
    return None if moment is None else datetime.fromtimestamp(moment, UTC).strftime(layout)


def duration(seconds: float | None) -> str:
    """H:MM:SS; empty for what has no duration yet."""
    if seconds is None:
        return ""
    hours, rest = divmod(int(seconds), 3600)
    return f"{hours}:{rest // 60:02d}:{rest % 60:02d}"
