"""The sensor data records of the board, as the SDR repository hands them out (IPMI chapter 43)."""

import struct

from c3tui.lab.bmc.sensors.catalogue import SENSORS
from c3tui.lab.bmc.sensors.kinds import SENSOR_SPECIFIC, Analog, Discrete

_FULL, _COMPACT, _EVENT_ONLY, _CONTROLLER = 0x01, 0x02, 0x03, 0x12
_OWNER = 0x20
_VERSION = 0x51
_UNITS = {"C": 1, "V": 4, "RPM": 18}
_THRESHOLD_TYPE = 0x01
_INITIALIZED = 0x7F
"""Scanning and events on, thresholds and hysteresis set at start-up (IPMI table 43-1, byte 11)."""


def repository() -> list[bytes]:
    """Every record in order; the id of each is its place, from 1."""
    bodies = [_body(sensor) for sensor in SENSORS]
    bodies.append((_CONTROLLER, _controller()))
    return [
        struct.pack("<HBBB", number, _VERSION, kind, len(body)) + body
        for number, (kind, body) in enumerate(bodies, 1)
    ]


def _body(sensor: Analog | Discrete) -> tuple[int, bytes]:
    if isinstance(sensor, Analog):
        return _FULL, _full(sensor)
    return (_EVENT_ONLY, _event_only(sensor)) if sensor.event_only else (_COMPACT, _compact(sensor))


def _name(text: str) -> bytes:
    return bytes((0xC0 | len(text),)) + text.encode("ascii")


def _head(sensor: Analog | Discrete) -> bytes:
    return bytes((_OWNER, 0, sensor.number, sensor.entity, sensor.instance))


def _full(sensor: Analog) -> bytes:
    """IPMI table 43-1, from byte 6."""
    limits = sensor.thresholds.in_order()
    lnc, lc, lnr, unc, uc, unr = (0 if limit is None else sensor.raw(limit) for limit in limits)
    # Auto re-arm, hysteresis readable, thresholds readable, an event for each threshold.
    capabilities = 0x54
    low, high = (0x80, 0x7F) if sensor.signed else (0x00, 0xFF)
    nominal = sensor.raw(sensor.nominal)
    return (
        _head(sensor)
        + bytes((_INITIALIZED, capabilities, sensor.kind, _THRESHOLD_TYPE))
        + _threshold_masks(sensor)
        + bytes((sensor.signed << 7, _UNITS[sensor.unit], 0, 0))
        + _formula(sensor)
        + bytes((0x07, nominal, min(nominal + 5, high), max(nominal - 5, 0), high, low))
        + bytes((unr, uc, unc, lnr, lc, lnc, sensor.hysteresis, sensor.hysteresis, 0, 0, 0))
        + _name(sensor.name)
    )


def _threshold_masks(sensor: Analog) -> bytes:
    """Assertion events with lower thresholds, deassertion with upper ones, readable ones, none settable."""
    readable = sensor.readable
    lower = sum(0x01 << 2 * bit for bit in range(3) if readable >> bit & 1)
    upper = sum(0x80 << 2 * (bit - 3) for bit in range(3, 6) if readable >> bit & 1)
    events = (lower | upper) & 0x0FFF
    comparison = readable & 0x07
    return struct.pack("<HHBB", events | comparison << 12, events | (readable >> 3) << 12, readable, 0)


def _formula(sensor: Analog) -> bytes:
    """M, tolerance, B, accuracy and exponents: y = M x 10^Rexp, B is 0 throughout."""
    return bytes((sensor.factor & 0xFF, sensor.factor >> 2 & 0xC0, 0, 0, 0, (sensor.exponent & 0x0F) << 4))


def _compact(sensor: Discrete) -> bytes:
    """IPMI table 43-2, from byte 6."""
    return (
        _head(sensor)
        + bytes((_INITIALIZED & 0x63, 0x40, sensor.kind, SENSOR_SPECIFIC))
        + struct.pack("<HHH", sensor.states, sensor.states, sensor.states)
        + bytes((0xC0, 0, 0))
        + struct.pack("<HBB3xB", 0x0001, 0, 0, 0)
        + _name(sensor.name)
    )


def _event_only(sensor: Discrete) -> bytes:
    """IPMI table 43-3, from byte 6."""
    return (
        _head(sensor)
        + bytes((sensor.kind, SENSOR_SPECIFIC))
        + struct.pack("<HBB", 0x0001, 0, 0)
        + _name(sensor.name)
    )


def _controller() -> bytes:
    """The management controller device locator: IPMI table 43-8, from byte 6."""
    sensors_sdr_sel_fru = 0x0F
    return bytes((_OWNER, 0, 0, sensors_sdr_sel_fru, 0, 0, 0, 0x06, 1, 0)) + _name("BMC")
