"""Sensors: what a record says about one, and what its reading means (IPMI 2.0, chapters 35, 36, 43)."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from c3tui.clients.bmc.exchange import NO_PRIVILEGE, SENSOR, Denied, Reply, Request, need, printable

TEMPERATURE, FAN, POWER_SUPPLY = 0x01, 0x04, 0x08
"""Sensor types (table 42-3)."""
_THRESHOLD, _SENSOR_SPECIFIC = 0x01, 0x6F
_FULL, _COMPACT = 0x01, 0x02
_BMC = 0x20
_CELSIUS, _FAHRENHEIT, _RPM = 1, 2, 18
_AIR_INLET = (0x37, 0x40)
_INLET_NAMES = ("inlet temp", "inlet ambient", "inlet", "ambient", "front panel", "system temp", "mb temp")
"""Best first. Not every board marks the sensor as an air inlet: Supermicro's often says system board."""


class Role(Enum):
    """What C3 shows of a sensor."""

    INLET = auto()
    FAN = auto()
    PSU = auto()


@dataclass(frozen=True)
class Sensor:
    """A sensor of the BMC itself, as its record describes it."""

    number: int
    name: str
    kind: int
    entity: int
    reading_type: int
    unit: int = 0
    signed: int = 0
    """0 unsigned, 1 one's complement, 2 two's complement, 3 no number."""
    curve: int = 0
    """Linearisation (table 43-1, byte 24)."""
    m: int = 1
    b: float = 0.0
    exponent: int = 0

    def value(self, raw: int) -> float | None:
        """The reading in the sensor's unit, or None when it has no number or no fixed formula."""
        if self.signed == 3 or self.curve not in _CURVES:
            return None
        if self.signed and raw & 0x80:
            raw -= 255 if self.signed == 1 else 256
        try:
            return _CURVES[self.curve]((self.m * raw + self.b) * 10.0**self.exponent)
        except (ValueError, ZeroDivisionError, OverflowError):
            return None


_CURVES: dict[int, Callable[[float], float]] = {
    0: lambda x: x,
    1: math.log,
    2: math.log10,
    3: math.log2,
    4: math.exp,
    5: lambda x: 10.0**x,
    6: lambda x: 2.0**x,
    7: lambda x: 1 / x,
    8: lambda x: x * x,
    9: lambda x: x**3,
    10: math.sqrt,
    11: lambda x: math.copysign(abs(x) ** (1 / 3), x),
}


@dataclass(frozen=True)
class Reading:
    """One answer to Get Sensor Reading (section 35.14)."""

    value: float | None
    states: int
    """Threshold comparisons, or the asserted offsets of a discrete sensor."""

    @property
    def critical(self) -> bool:
        """A threshold sensor beyond a critical or non-recoverable limit, either way."""
        return bool(self.states & 0b110110)


def question(sensor: Sensor) -> Request:
    """Asks for the present reading."""
    return Request(SENSOR, 0x2D, bytes([sensor.number]))


def reading(sensor: Sensor, reply: Reply) -> Reading | None:
    """The present reading; None when the sensor is absent, disabled or has nothing to say now.

    Raises:
        Denied: this login may not read it.
        Malformed: the answer is too short.
    """
    if reply.code == NO_PRIVILEGE:
        raise Denied(reply.code)
    if reply.code:
        return None
    data = need(reply.data, 2, "sensor reading")
    flags = data[1]
    if flags & 0x20 or not flags & 0x40:
        return None
    states = int.from_bytes(data[2:4], "little") & 0x7FFF
    return Reading(sensor.value(data[0]), states)


def parse(record: bytes) -> Sensor | None:
    """The sensor a record describes; None for other records, and for sensors behind another controller."""
    if len(record) < 32 or record[3] not in (_FULL, _COMPACT):
        return None
    if record[5] != _BMC or record[6] & 0x03:
        return None
    full = record[3] == _FULL
    if full and len(record) < 48:
        return None
    common = {"number": record[7], "entity": record[8], "kind": record[12], "reading_type": record[13]}
    if not full:
        return Sensor(name=text(record[31], record[32:]), signed=3, **common)
    return Sensor(
        name=text(record[47], record[48:]),
        unit=record[21],
        signed=record[20] >> 6 if record[13] == _THRESHOLD else 3,
        curve=record[23] & 0x7F,
        m=_signed(record[24] | (record[25] & 0xC0) << 2, 10),
        b=_signed(record[26] | (record[27] & 0xC0) << 2, 10) * 10.0 ** _signed(record[29] & 0x0F, 4),
        exponent=_signed(record[29] >> 4, 4),
        **common,
    )


def _signed(value: int, bits: int) -> int:
    return value - (1 << bits) if value >> (bits - 1) else value


def text(kind_and_length: int, data: bytes) -> str:
    """A type/length string (section 43.15): Latin-1, BCD plus or packed 6-bit ASCII."""
    kind, data = kind_and_length >> 6, data[: kind_and_length & 0x1F]
    if kind == 1:
        return "".join(
            "0123456789 -.:,_"[nibble] for byte in data for nibble in (byte >> 4, byte & 15)
        ).strip()
    if kind == 2:
        packed = int.from_bytes(data, "little")
        return "".join(chr(0x20 + (packed >> 6 * i & 0x3F)) for i in range(len(data) * 8 // 6)).strip()
    return printable(data.decode("utf-8" if kind == 0 else "latin-1", errors="replace").rstrip("\0 "))


def role(sensor: Sensor) -> Role | None:
    """What the sensor is to C3, or None. A candidate for the inlet is not yet the inlet: see ``choose``."""
    if sensor.kind == FAN and sensor.reading_type == _THRESHOLD and sensor.unit == _RPM:
        return Role.FAN
    if sensor.kind == POWER_SUPPLY and sensor.reading_type == _SENSOR_SPECIFIC:
        return Role.PSU
    if (
        sensor.kind == TEMPERATURE
        and sensor.unit in (_CELSIUS, _FAHRENHEIT)
        and _inlet_rank(sensor) is not None
    ):
        return Role.INLET
    return None


def choose(sensors: Sequence[Sensor]) -> list[tuple[Role, Sensor]]:
    """The sensors worth reading: at most one inlet, first; then fans and power supplies."""
    ranked = [(_inlet_rank(sensor), sensor) for sensor in sensors if role(sensor) is Role.INLET]
    inlet = min(ranked, key=lambda pair: pair[0] or 0)[1] if ranked else None
    chosen: list[tuple[Role, Sensor]] = [(Role.INLET, inlet)] if inlet else []
    for sensor in sensors:
        what = role(sensor)
        if what in (Role.FAN, Role.PSU):
            chosen.append((what, sensor))
    return chosen


def _inlet_rank(sensor: Sensor) -> int | None:
    name = sensor.name.lower()
    by_name = next((rank for rank, part in enumerate(_INLET_NAMES) if part in name), None)
    if sensor.entity in _AIR_INLET:
        return -1 if by_name is None else by_name - len(_INLET_NAMES)
    return by_name


def celsius(sensor: Sensor, reading: Reading | None) -> float | None:
    """A temperature in degrees Celsius, rounded to a tenth."""
    if reading is None or reading.value is None:
        return None
    degrees = (reading.value - 32) / 1.8 if sensor.unit == _FAHRENHEIT else reading.value
    return round(degrees, 1)
