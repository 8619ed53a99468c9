"""What one BMC is asked each turn, and the reading made of its answers."""

import time
from collections.abc import Callable
from typing import Any

from c3tui.clients.bmc import chassis, sel, sensors
from c3tui.clients.bmc.exchange import NO_PRIVILEGE, Ask, Denied
from c3tui.clients.bmc.sdr import Repository
from c3tui.clients.bmc.sensors import Role
from c3tui.model.base import utc_now
from c3tui.model.fleet import BmcState, Power

SWEEP_SECONDS = 60.0
"""All sensors are read at least this often."""
_PER_TURN = 4
"""Fans and power supplies read in an ordinary turn, besides the inlet."""
_PSU_PRESENT = 0b1
_PSU_FAILED = 0b1_1010
"""Failure, input lost, input lost or out of range (table 42-3, type 08h)."""

Update = Callable[[dict[str, Any]], None]
"""Takes changed fields into the reading."""


class Poller:
    """Asks little each turn, everything now and then, and everything when the power changed."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._chosen: list[tuple[Role, sensors.Sensor]] | None = None
        self.names: dict[int, str] = {}
        """Sensor names by number, for the event log."""
        self._values: dict[int, sensors.Reading | None] = {}
        self._next = 0
        self._swept = float("-inf")
        self._power: bool | None = None
        self._extent: sel.Extent | None = None
        self._last_event = ""

    def renew(self) -> None:
        """A new session: what answers may be another board, or another firmware."""
        self._chosen = None
        self._swept = float("-inf")

    async def turn(self, ask: Ask, update: Update) -> None:
        """One turn of questions; ``update`` gets the power at once and the measurements at the end.

        The power is not repeated at the end: an order may have changed it meanwhile.
        """
        status = await chassis.status(ask)
        update(shown(status))
        await self.know_sensors(ask)
        await self._read_sensors(ask, status.on)
        await self._read_log(ask)
        update({**self._measured(status.on), "at": utc_now()})

    async def know_sensors(self, ask: Ask) -> None:
        """Learn which sensors there are, unless that is known."""
        if self._chosen is None:
            all_sensors = await self._repository.sensors(ask)
            self.names = {sensor.number: sensor.name for sensor in all_sensors}
            self._chosen = sensors.choose(all_sensors)
            self._values.clear()

    async def _read_sensors(self, ask: Ask, on: bool) -> None:
        chosen = self._chosen or []
        now = time.monotonic()
        if now - self._swept >= SWEEP_SECONDS or on is not self._power:
            turn = chosen
            self._swept, self._power = now, on
        else:
            inlet = [pair for pair in chosen if pair[0] is Role.INLET]
            rest = [pair for pair in chosen if pair[0] is not Role.INLET]
            turn = inlet + [rest[(self._next + i) % len(rest)] for i in range(min(_PER_TURN, len(rest)))]
            self._next += _PER_TURN
        for _, sensor in turn:
            self._values[sensor.number] = await sensors.read(ask, sensor)

    async def _read_log(self, ask: Ask) -> None:
        extent = await sel.extent(ask)
        if extent is None or extent == self._extent:
            return
        try:
            newest = await sel.latest(ask, self.names) if extent.entries else None
        except Denied as refusal:
            if refusal.code == NO_PRIVILEGE:
                raise
            newest = None
        self._last_event = str(newest) if newest else ""
        self._extent = extent

    def _measured(self, on: bool) -> dict[str, Any]:
        inlet_c = None
        speeds: list[float] = []
        fans_failed = psus = psus_failed = 0
        for role, sensor in self._chosen or []:
            value = self._values.get(sensor.number)
            if value is None:
                continue
            if role is Role.INLET:
                inlet_c = sensors.celsius(sensor, value)
            elif role is Role.FAN:
                if value.value is not None:
                    speeds.append(round(value.value))
                fans_failed += on and (value.critical or value.value == 0)
            elif value.states & _PSU_PRESENT:
                psus += 1
                psus_failed += bool(value.states & _PSU_FAILED)
        return {
            "inlet_c": inlet_c,
            "fans_rpm": speeds,
            "fans_failed": fans_failed,
            "psus": psus,
            "psus_failed": psus_failed,
            "sel_entries": self._extent.entries if self._extent else None,
            "sel_last": self._last_event,
        }


def shown(status: chassis.Status) -> dict[str, Any]:
    """What a chassis status adds to a reading."""
    return {
        "state": BmcState.OK,
        "detail": "",
        "power": Power.ON if status.on else Power.OFF,
        "identify": status.identify,
        "fault": status.fault,
        "at": utc_now(),
    }
