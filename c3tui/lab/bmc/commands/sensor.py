"""Sensor readings and what they are judged by (IPMI chapter 35)."""

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.sensors import catalogue, readings
from c3tui.lab.bmc.sensors.kinds import SENSOR_SPECIFIC, Analog, Discrete

_SENSOR = 0x04
_EVENTS_AND_SCANNING = 0xC0
_UNAVAILABLE = 0x20
_THRESHOLD_TYPE = 0x01
SENSOR = Registry()


def _sensor(call: Call) -> Analog | Discrete:
    """The sensor of a request.

    Raises:
        Refused: there is none of that number, or it only ever logs events.
    """
    sensor = catalogue.BY_NUMBER.get(call.data[0])
    if sensor is None or (isinstance(sensor, Discrete) and sensor.event_only):
        raise Refused(Completion.NOT_PRESENT)
    return sensor


def _analog(call: Call) -> Analog:
    sensor = _sensor(call)
    if not isinstance(sensor, Analog):
        raise Refused(Completion.INVALID_FIELD)
    return sensor


def _value(call: Call, sensor: Analog) -> float | None:
    return readings.measure(call.bmc.box, sensor, call.bmc.room.clock.elapsed())


def _alarms(call: Call, sensor: Analog, value: float) -> int:
    """Thresholds crossed; a server without power has no alarms for its resting fans."""
    if not call.bmc.box.powered and sensor in catalogue.FANS:
        return 0
    return sensor.status(value)


@SENSOR.add(_SENSOR, 0x2D, Privilege.USER, 1)
def get_reading(call: Call) -> bytes:
    """Get Sensor Reading (35.14)."""
    sensor = _sensor(call)
    if isinstance(sensor, Discrete):
        if sensor is catalogue.HDD_STATUS:
            call.bmc.failed_drives()
        mask = readings.states(call.bmc.box, sensor)
        return bytes((0, _EVENTS_AND_SCANNING, mask & 0xFF, 0x80 | mask >> 8))
    value = _value(call, sensor)
    if value is None:
        return bytes((0, _EVENTS_AND_SCANNING | _UNAVAILABLE, 0xC0))
    return bytes((sensor.raw(value), _EVENTS_AND_SCANNING, 0xC0 | _alarms(call, sensor, value)))


@SENSOR.add(_SENSOR, 0x27, Privilege.USER, 1)
def get_thresholds(call: Call) -> bytes:
    """Get Sensor Thresholds (35.9)."""
    sensor = _analog(call)
    limits = sensor.thresholds.in_order()
    raw = bytes(0 if limit is None else sensor.raw(limit) for limit in limits)
    return bytes((sensor.readable,)) + raw


@SENSOR.add(_SENSOR, 0x25, Privilege.USER, 2)
def get_hysteresis(call: Call) -> bytes:
    """Get Sensor Hysteresis (35.7)."""
    sensor = _analog(call)
    return bytes((sensor.hysteresis, sensor.hysteresis))


@SENSOR.add(_SENSOR, 0x29, Privilege.USER, 1)
def get_event_enable(call: Call) -> bytes:
    """Get Sensor Event Enable (35.11): every event that the sensor can make."""
    sensor = _sensor(call)
    if isinstance(sensor, Discrete):
        events = sensor.states
    else:
        lower = sum(0x01 << 2 * bit for bit in range(3) if sensor.readable >> bit & 1)
        events = lower | sum(0x02 << 2 * bit for bit in range(3, 6) if sensor.readable >> bit & 1)
    return bytes((_EVENTS_AND_SCANNING,)) + events.to_bytes(2, "little") * 2


@SENSOR.add(_SENSOR, 0x2B, Privilege.USER, 1)
def get_event_status(call: Call) -> bytes:
    """Get Sensor Event Status (35.13)."""
    sensor = _sensor(call)
    if isinstance(sensor, Discrete):
        return bytes((_EVENTS_AND_SCANNING,)) + readings.states(call.bmc.box, sensor).to_bytes(2, "little")
    value = _value(call, sensor)
    if value is None:
        return bytes((_EVENTS_AND_SCANNING | _UNAVAILABLE,))
    crossed = _alarms(call, sensor, value)
    lower = sum(0x01 << 2 * bit for bit in range(3) if crossed >> bit & 1)
    events = lower | sum(0x02 << 2 * bit for bit in range(3, 6) if crossed >> bit & 1)
    return bytes((_EVENTS_AND_SCANNING,)) + events.to_bytes(2, "little")


@SENSOR.add(_SENSOR, 0x2F, Privilege.USER, 1)
def get_type(call: Call) -> bytes:
    """Get Sensor Type (35.16)."""
    sensor = _sensor(call)
    return bytes((sensor.kind, SENSOR_SPECIFIC if isinstance(sensor, Discrete) else _THRESHOLD_TYPE))
