"""One BMC: its place in the room, its sessions, its timers and its event log."""

import asyncio
import uuid
from enum import IntEnum

from c3tui.lab.bmc import fru, sel
from c3tui.lab.bmc.login import Login
from c3tui.lab.bmc.sensors import catalogue
from c3tui.lab.bmc.sensors.kinds import Discrete
from c3tui.lab.bmc.sessions import SessionTable
from c3tui.lab.chassis import Chassis
from c3tui.lab.room import Room

SHUTDOWN_SECONDS = 20.0
"""How long an operating system takes to shut down, simulated."""
_GUID_SPACE = uuid.UUID("6f0c2b5e-6f1b-4d0e-9b5e-0d6a3f1f7c11")


class Identify(IntEnum):
    """The identify light, as Get Chassis Status tells it."""

    OFF = 0
    TIMED = 1
    ON = 2


class Controller:
    """The BMC of one chassis. What must outlive the process is in the chassis itself."""

    def __init__(self, room: Room, box: Chassis) -> None:
        self.room = room
        self.box = box
        # Least significant byte first (IPMI 20.8), the reverse of what RFC 4122 writes.
        self.guid = uuid.uuid5(_GUID_SPACE, box.serial).bytes[::-1]
        self.sessions = SessionTable(room.scenario.bmc.session_limit)
        self.login = Login(box.bmc, self.guid, self.sessions)
        self.fru = fru.inventory(box)
        self.log = sel.EventLog(box.bmc)
        self.sdr_reservation = 0
        self.boot_uefi = False
        self.boot_parameters: dict[int, bytes] = {}
        """Boot option parameters that only their reader cares for."""
        self._light_off: asyncio.TimerHandle | None = None
        self._shutdown: asyncio.TimerHandle | None = None

    @property
    def identify(self) -> Identify:
        """How the identify light is lit."""
        if not self.box.bmc.identify:
            return Identify.OFF
        return Identify.TIMED if self._light_off else Identify.ON

    def light(self, seconds: float | None) -> None:
        """Light the identify light for that many real seconds; None for ever, 0 puts it out."""
        self._stop_light_timer()
        if seconds:
            self._light_off = asyncio.get_running_loop().call_later(seconds, self.light, 0)
        lit = seconds is None or seconds > 0
        if lit is not self.box.bmc.identify:
            self.box.bmc.identify = lit
            self.room.emit("identify", self.box)

    def power_on(self) -> None:
        """Power up."""
        self._stop_shutdown()
        self.room.power_on(self.box)

    def power_off(self) -> None:
        """Power down at once."""
        self._stop_shutdown()
        self.room.power_off(self.box)

    def power_cycle(self) -> None:
        """Power down and up again."""
        self._stop_shutdown()
        self.room.power_cycle(self.box)

    def soft_off(self) -> None:
        """Press the ACPI button: a running system shuts down in its time, firmware just switches off."""
        if not self.box.os_running:
            self.power_off()
        elif self._shutdown is None:
            delay = SHUTDOWN_SECONDS / self.room.clock.speed
            self._shutdown = asyncio.get_running_loop().call_later(delay, self.power_off)

    def failed_drives(self) -> bool:
        """Whether a drive has failed; logs it when that is news."""
        failed = any(bay.drive is not None and bay.drive.failed for bay in self.box.bays)
        if failed is not self.log.asserted(catalogue.HDD_STATUS, catalogue.DRIVE_FAULT):
            self.record(catalogue.HDD_STATUS, catalogue.DRIVE_FAULT, asserted=failed)
        return failed

    def record(self, sensor: Discrete, offset: int, *, asserted: bool = True) -> None:
        """Write an event of a discrete sensor into the log."""
        self.log.record(sensor, offset, asserted=asserted)

    def restart(self) -> None:
        """Forget every session, as after a loss of the BMC's own power."""
        self.sessions.clear()

    def close(self) -> None:
        """Stop the timers; a timed light stays lit no longer than its timer."""
        if self._light_off:
            self.light(0)
        self._stop_shutdown()

    def _stop_light_timer(self) -> None:
        if self._light_off:
            self._light_off.cancel()
            self._light_off = None

    def _stop_shutdown(self) -> None:
        if self._shutdown:
            self._shutdown.cancel()
            self._shutdown = None
