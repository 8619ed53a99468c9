"""The sensors of a two-socket storage server board; every chassis of the room has the same."""

from c3tui.lab.bmc.sensors.kinds import Analog, Discrete, Thresholds

_TEMPERATURE, _VOLTAGE, _FAN = 0x01, 0x02, 0x04
_INTRUSION, _POWER_SUPPLY, _DRIVE_SLOT, _LOGGING, _BOOT = 0x05, 0x08, 0x0D, 0x10, 0x1D
_PROCESSOR, _BOARD, _SUPPLY, _DRIVE_BAY, _CHASSIS, _FAN_UNIT, _MEMORY, _AIR_INLET = (
    0x03,
    0x07,
    0x0A,
    0x0F,
    0x17,
    0x1D,
    0x20,
    0x37,
)
INTRUDED = 0
"""Offset of general chassis intrusion."""
SUPPLY_PRESENT, SUPPLY_FAILED = 0, 1
DRIVE_PRESENT, DRIVE_FAULT = 0, 1
LOG_CLEARED = 2
POWERED_UP = 0
"""Offset of a boot initiated by power-up."""


def _temperature(
    number: int, name: str, entity: int, instance: int, nominal: float, warn: float, *, standby: bool = False
) -> Analog:
    limits = Thresholds(5, 10, warn, warn + 5, 0, warn + 10)
    return Analog(
        number,
        name,
        _TEMPERATURE,
        entity,
        instance,
        "C",
        nominal,
        limits,
        signed=True,
        dark_when_off=not standby,
    )


def _fan(index: int) -> Analog:
    limits = Thresholds(500, 700, 25300, 25400, 300, 25500)
    return Analog(
        0x40 + index,
        f"FAN{index}",
        _FAN,
        _FAN_UNIT,
        index,
        "RPM",
        4300,
        limits,
        factor=100,
        dark_when_off=False,
    )


INLET = _temperature(0x01, "Inlet Temp", _AIR_INLET, 1, 23, 40, standby=True)
SYSTEM = _temperature(0x02, "System Temp", _BOARD, 1, 29, 80, standby=True)
CPUS = (
    _temperature(0x03, "CPU1 Temp", _PROCESSOR, 1, 45, 85),
    _temperature(0x04, "CPU2 Temp", _PROCESSOR, 2, 46, 85),
)
DIMMS = (
    _temperature(0x10, "P1-DIMMA1 Temp", _MEMORY, 1, 36, 80),
    _temperature(0x11, "P1-DIMMD1 Temp", _MEMORY, 2, 36, 80),
    _temperature(0x12, "P2-DIMMA1 Temp", _MEMORY, 3, 37, 80),
    _temperature(0x13, "P2-DIMMD1 Temp", _MEMORY, 4, 37, 80),
)
FANS = tuple(_fan(index) for index in range(1, 5))
TWELVE_VOLTS = Analog(
    0x30,
    "12V",
    _VOLTAGE,
    _BOARD,
    1,
    "V",
    12.0,
    Thresholds(10.74, 11.04, 12.84, 13.14, 10.44, 13.44),
    factor=6,
    exponent=-2,
)
SUPPLIES = (
    Discrete(0x50, "PS1 Status", _POWER_SUPPLY, _SUPPLY, 1, 0x0B),
    Discrete(0x51, "PS2 Status", _POWER_SUPPLY, _SUPPLY, 2, 0x0B),
)
INTRUSION = Discrete(0x60, "Chassis Intru", _INTRUSION, _CHASSIS, 1, 0x01)
HDD_STATUS = Discrete(0x61, "HDD Status", _DRIVE_SLOT, _DRIVE_BAY, 1, 0x03)
EVENT_LOG = Discrete(0x70, "Event Log", _LOGGING, _BOARD, 1, 0x04, event_only=True)
BOOT = Discrete(0x71, "System Boot", _BOOT, _BOARD, 1, 0x01, event_only=True)

SENSORS: tuple[Analog | Discrete, ...] = (
    INLET,
    SYSTEM,
    *CPUS,
    *DIMMS,
    *FANS,
    TWELVE_VOLTS,
    *SUPPLIES,
    INTRUSION,
    HDD_STATUS,
    EVENT_LOG,
    BOOT,
)
BY_NUMBER = {sensor.number: sensor for sensor in SENSORS}
BY_NAME = {sensor.name: sensor for sensor in SENSORS if isinstance(sensor, Discrete)}
