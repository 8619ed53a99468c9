"""What the sensors read: slow, smooth functions of the chassis and of simulated time."""

import math
import zlib
from collections.abc import Callable

from c3tui.lab.bmc.sensors import catalogue
from c3tui.lab.bmc.sensors.kinds import Analog, Discrete
from c3tui.lab.chassis import Chassis

_WAVE_SECONDS = 900.0
"""Mean length of a swing, simulated; each sensor has its own."""
_PER_UNIT = 0.06
"""Degrees that the inlet air is warmer one rack unit higher."""
_OVER_INLET: dict[int, float] = {catalogue.SYSTEM.number: 5.0}
_OVER_INLET |= {sensor.number: 24.0 for sensor in catalogue.CPUS}
_OVER_INLET |= {sensor.number: 14.0 for sensor in catalogue.DIMMS}


def _character(box: Chassis, number: int) -> float:
    """A fixed number from 0 to 1 for one sensor of one chassis."""
    return zlib.crc32(f"{box.serial}/{number}".encode()) / 0xFFFFFFFF


def _swing(box: Chassis, number: int, seconds: float) -> float:
    """A slow wave from -1 to 1."""
    character = _character(box, number)
    period = _WAVE_SECONDS * (0.7 + 0.6 * character)
    return math.sin(2 * math.pi * (seconds / period + character))


def inlet(box: Chassis, seconds: float) -> float:
    """Degrees Celsius of the air that goes in; warmer on top of the rack."""
    number = catalogue.INLET.number
    return 21.0 + 2.0 * _character(box, number) + _PER_UNIT * box.unit + _swing(box, number, seconds)


def _temperature(box: Chassis, sensor: Analog, seconds: float) -> float:
    swing = _swing(box, sensor.number, seconds)
    if sensor is catalogue.INLET:
        return inlet(box, seconds)
    over = _OVER_INLET[sensor.number] + (3.0 if box.os_running else 0.0)
    return inlet(box, seconds) + over * (1.0 if box.powered else 0.4) + 1.5 * swing


def _fan(box: Chassis, sensor: Analog, seconds: float) -> float:
    if not box.powered:
        return 0.0
    return sensor.nominal + 60 * (inlet(box, seconds) - 23) + 250 * _swing(box, sensor.number, seconds)


def _volts(box: Chassis, sensor: Analog, seconds: float) -> float:
    return sensor.nominal + 0.07 * _swing(box, sensor.number, seconds)


_READERS: dict[str, Callable[[Chassis, Analog, float], float]] = {
    "C": _temperature,
    "RPM": _fan,
    "V": _volts,
}


def measure(box: Chassis, sensor: Analog, seconds: float) -> float | None:
    """The reading in the sensor's unit at that simulated second, or None when it has none."""
    if sensor.dark_when_off and not box.powered:
        return None
    return _READERS[sensor.unit](box, sensor, seconds)


def states(box: Chassis, sensor: Discrete) -> int:
    """The mask of states that a discrete sensor tells now."""
    if sensor.kind == catalogue.SUPPLIES[0].kind:
        return 1 << catalogue.SUPPLY_PRESENT
    if sensor is catalogue.HDD_STATUS:
        drives = [bay.drive for bay in box.bays if bay.drive]
        failed = any(drive.failed for drive in drives)
        return bool(drives) << catalogue.DRIVE_PRESENT | failed << catalogue.DRIVE_FAULT
    return 0
