"""The system event log of a BMC: records made of the room's own list of events (IPMI chapters 31 and 32)."""

import struct
import time

from c3tui.lab.bmc.codes import Completion, Refused
from c3tui.lab.bmc.sensors import catalogue
from c3tui.lab.bmc.sensors.kinds import SENSOR_SPECIFIC, Discrete
from c3tui.lab.chassis import Bmc

CAPACITY = 512
RECORD_BYTES = 16
_SYSTEM_EVENT = 0x02
_GENERATOR = 0x20
_REVISION = 0x04
_DEASSERTED = 0x80
_DAY = 86400
Entry = tuple[float, str, int, int]
"""Unix time, sensor name, event direction and type, event data 1."""


class EventLog:
    """The log over the chassis' own list; full, it takes nothing more and says so."""

    def __init__(self, bmc: Bmc) -> None:
        self._bmc = bmc
        self.overflow = False
        self.cleared = 0.0
        """Unix time of the last erase."""
        self.reservation = 0

    @property
    def entries(self) -> list[Entry]:
        """The chassis' list; the record with id n is item n - 1."""
        return self._bmc.sel

    def seed(self) -> None:
        """What a board has logged by the time it is racked: the factory's erase, and a lid that was open."""
        if self.entries:
            return
        now = time.time()
        self._add(catalogue.EVENT_LOG, catalogue.LOG_CLEARED, now - 40 * _DAY)
        self._add(catalogue.INTRUSION, catalogue.INTRUDED, now - 2 * _DAY)
        self._add(catalogue.INTRUSION, catalogue.INTRUDED, now - 2 * _DAY + 600, asserted=False)

    def record(self, sensor: Discrete, offset: int, *, asserted: bool = True) -> None:
        """Log an event that happens now."""
        self._add(sensor, offset, time.time(), asserted=asserted)

    def asserted(self, sensor: Discrete, offset: int) -> bool:
        """Whether the last event of that kind says that it is so."""
        for _, name, kind, data in reversed(self.entries):
            if name == sensor.name and data & 0x0F == offset:
                return not kind & _DEASSERTED
        return False

    def add(self, record: bytes) -> int:
        """Log a record that a console made; the id it got.

        Raises:
            Refused: no system event, of a sensor that the board lacks, or the log is full.
        """
        if record[2] != _SYSTEM_EVENT:
            raise Refused(Completion.INVALID_FIELD)
        sensor = catalogue.BY_NUMBER.get(record[11])
        if not isinstance(sensor, Discrete):
            raise Refused(Completion.NOT_PRESENT)
        if not self._append((time.time(), sensor.name, record[12], record[13])):
            raise Refused(Completion.OUT_OF_SPACE)
        return len(self.entries)

    def clear(self) -> None:
        """Erase everything, and log that."""
        self.entries.clear()
        self.overflow = False
        self.cleared = time.time()
        self.reservation = 0
        self.record(catalogue.EVENT_LOG, catalogue.LOG_CLEARED)

    def get(self, number: int) -> tuple[int, bytes]:
        """The id of the next record (FFFFh after the last) and the record of an id.

        Args:
            number: 0 is the first record, FFFFh the last.

        Raises:
            Refused: there is no such record.
        """
        last = len(self.entries)
        number = {0: 1, 0xFFFF: last}.get(number, number)
        if not 1 <= number <= last:
            raise Refused(Completion.NOT_PRESENT)
        following = number + 1 if number < last else 0xFFFF
        return following, _encode(number, self.entries[number - 1])

    def _add(self, sensor: Discrete, offset: int, when: float, *, asserted: bool = True) -> None:
        kind = SENSOR_SPECIFIC | (0 if asserted else _DEASSERTED)
        self._append((when, sensor.name, kind, offset))

    def _append(self, entry: Entry) -> bool:
        if len(self.entries) >= CAPACITY:
            self.overflow = True
            return False
        self.entries.append(entry)
        return True


def _encode(number: int, entry: Entry) -> bytes:
    """A system event record (IPMI table 32-1)."""
    when, name, kind, data = entry
    sensor = catalogue.BY_NAME.get(name)
    sensor_type, sensor_number = (sensor.kind, sensor.number) if sensor else (0x12, 0xFF)
    return struct.pack(
        "<HBIHBBBBBBB",
        number,
        _SYSTEM_EVENT,
        int(when),
        _GENERATOR,
        _REVISION,
        sensor_type,
        sensor_number,
        kind,
        data,
        0xFF,
        0xFF,
    )
