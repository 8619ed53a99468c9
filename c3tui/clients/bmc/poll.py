"""What one BMC is asked each turn, and the reading made of its answers."""

import time
from collections.abc import Callable, Sequence
from typing import Any

from c3tui.clients.bmc import chassis, sel, sensors
from c3tui.clients.bmc.exchange import NO_PRIVILEGE, Ask, AskAll, Denied, Reply
from c3tui.clients.bmc.sdr import Repository, Sensors
from c3tui.clients.bmc.sensors import Role, Sensor
from c3tui.model.base import utc_now
from c3tui.model.fleet import BmcState, Power

SWEEP_SECONDS = 60.0
"""All sensors are read at least this often."""
LOG_SECONDS = 18.0
"""The length of the event log is asked for at least this often."""
_PER_TURN = 2
"""Fans and power supplies read in an ordinary turn, besides the inlet."""
_AGAIN = 4
"""Fans at most that are asked a second time in the next turn, because they were bad in this one."""
_PSU_PRESENT = 0b1
_PSU_FAILED = 0b1_1010
"""Failure, input lost, input lost or out of range (table 42-3, type 08h)."""
_NONE = Sensors([])

Update = Callable[[dict[str, Any]], None]
"""Takes changed fields into the reading."""


class Poller:
    """Asks little each turn, everything now and then, and everything when the power changed."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._known: Sensors | None = None
        self._values: dict[int, sensors.Reading | None] = {}
        self._bad: dict[int, int] = {}
        """How often in a row a sensor was read as bad while the power was on."""
        self._next = 0
        self._swept = self._logged = float("-inf")
        self._power: bool | None = None
        self._extent: sel.Extent | None = None
        self._last_event = ""

    def renew(self) -> None:
        """A new session: what answers may be another board, or another firmware."""
        self._known = None
        self._swept = self._logged = float("-inf")

    async def turn(self, ask: Ask, ask_all: AskAll, update: Update) -> None:
        """One turn of questions: the status and some sensors; ``update`` gets what they say.

        When everything is due it gets the power at once and the measurements at the end.
        """
        if self._known is None:
            update(self._noted(chassis.understood(await ask(*chassis.STATUS))))
            await self.know_sensors(ask)
            update({**await self._everything(ask, ask_all), "at": utc_now()})
            return
        some = self._some()
        answers = await ask_all([chassis.STATUS, *map(sensors.question, some)])
        status = chassis.understood(answers[0].granted())
        changed = status.on is not self._power
        noted = self._noted(status)
        if changed:
            self._forget_fans()
        else:
            self._hear(some, answers[1:])
        if changed or time.monotonic() >= self._swept + SWEEP_SECONDS:
            update({**noted, **self._measured()})
            # The status is not repeated at the end: an order may have changed it meanwhile.
            update({**await self._everything(ask, ask_all), "at": utc_now()})
        elif time.monotonic() >= self._logged + LOG_SECONDS:
            update({**noted, **self._measured()})
            [length] = await ask_all([sel.INFO])
            update({**await self._read_log(ask, length), "at": utc_now()})
        else:
            update({**noted, **self._measured()})

    async def know_sensors(self, ask: Ask) -> dict[int, str]:
        """Learn which sensors there are, unless that is known; their names by number."""
        if self._known is None:
            self._known = await self._repository.sensors(ask)
            self._values.clear()
        return self._known.names

    def _some(self) -> Sequence[Sensor]:
        known = self._known or _NONE
        rest = known.others
        turn = rest[self._next : self._next + _PER_TURN]
        self._next += len(turn)
        if self._next >= len(rest):
            self._next = 0
            self._swept = time.monotonic()
        again = [each for each in known.others if self._bad.get(each.number) == 1 and each not in turn]
        return [*([known.inlet] if known.inlet else []), *turn, *again[:_AGAIN]]

    async def _everything(self, ask: Ask, ask_all: AskAll) -> dict[str, Any]:
        chosen = [sensor for _, sensor in (self._known or _NONE).chosen]
        answers = await ask_all([*map(sensors.question, chosen), sel.INFO])
        self._hear(chosen, answers[:-1])
        self._swept = time.monotonic()
        return {**await self._read_log(ask, answers[-1]), **self._measured()}

    def _hear(self, asked: Sequence[Sensor], answers: Sequence[Reply]) -> None:
        for sensor, answer in zip(asked, answers, strict=True):
            value = self._values[sensor.number] = sensors.reading(sensor, answer)
            bad = bool(self._power) and value is not None and (value.critical or value.value == 0)
            self._bad[sensor.number] = self._bad.get(sensor.number, 0) + 1 if bad else 0

    def _forget_fans(self) -> None:
        """What fans did under the other power says nothing about them now."""
        self._bad.clear()
        for role, sensor in (self._known or _NONE).chosen:
            if role is Role.FAN:
                self._values.pop(sensor.number, None)

    async def _read_log(self, ask: Ask, answer: Reply) -> dict[str, Any]:
        extent = sel.extent(answer)
        if extent is not None and extent != self._extent:
            newest = None
            if extent.entries:
                try:
                    newest = await sel.latest(ask, await self.know_sensors(ask))
                except Denied as refusal:
                    if refusal.code == NO_PRIVILEGE:
                        raise
            self._last_event = str(newest) if newest else ""
            self._extent = extent
        self._logged = time.monotonic()
        entries = self._extent.entries if self._extent else None
        return {"sel_entries": entries, "sel_last": self._last_event}

    def _noted(self, status: chassis.Status) -> dict[str, Any]:
        self._power = status.on
        return shown(status)

    def _measured(self) -> dict[str, Any]:
        inlet_c = None
        speeds: list[float] = []
        fans_failed = psus = psus_failed = 0
        for role, sensor in (self._known or _NONE).chosen:
            value = self._values.get(sensor.number)
            if value is None:
                continue
            if role is Role.INLET:
                inlet_c = sensors.celsius(sensor, value)
            elif role is Role.FAN:
                bad = self._bad.get(sensor.number, 0)
                if bad == 1:
                    # It may have been spinning up, or the power went between the two questions.
                    continue
                if value.value is not None:
                    speeds.append(round(value.value))
                fans_failed += bad > 1
            elif value.states & _PSU_PRESENT:
                psus += 1
                psus_failed += bool(value.states & _PSU_FAILED)
        return {
            "inlet_c": inlet_c,
            "fans_rpm": speeds,
            "fans_failed": fans_failed,
            "psus": psus,
            "psus_failed": psus_failed,
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
