"""Power, identify light and state of the chassis (IPMI chapter 28)."""

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry

_CHASSIS = 0x00
_ALWAYS_ON, _POWER_IS_ON = 0x40, 0x01
_LAST_ON_BY_COMMAND = 0x10
_IDENTIFY_SUPPORTED, _DRIVE_FAULT = 0x40, 0x04
_DEFAULT_IDENTIFY = 15
_DOWN, _UP, _CYCLE, _RESET, _DIAGNOSTIC, _SOFT = range(6)
CHASSIS = Registry()


@CHASSIS.add(_CHASSIS, 0x00, Privilege.USER)
def get_capabilities(call: Call) -> bytes:
    """Get Chassis Capabilities (28.1): intrusion sensor, everything at the BMC."""
    return bytes((0x01, 0x20, 0x20, 0x20, 0x20))


@CHASSIS.add(_CHASSIS, 0x01, Privilege.USER)
def get_status(call: Call) -> bytes:
    """Get Chassis Status (28.2)."""
    box = call.bmc.box
    misc = _IDENTIFY_SUPPORTED | call.bmc.identify << 4
    misc |= _DRIVE_FAULT if call.bmc.failed_drives() else 0
    power = _ALWAYS_ON | (_POWER_IS_ON if box.powered else 0)
    return bytes((power, _LAST_ON_BY_COMMAND if box.powered else 0, misc, 0))


@CHASSIS.add(_CHASSIS, 0x02, Privilege.OPERATOR, 1)
def control(call: Call) -> bytes:
    """Chassis Control (28.3)."""
    bmc, action = call.bmc, call.data[0] & 0x0F
    if action in (_CYCLE, _RESET, _DIAGNOSTIC) and not bmc.box.powered:
        raise Refused(Completion.NOT_IN_PRESENT_STATE)
    if action == _UP:
        bmc.power_on()
    elif action == _DOWN:
        bmc.power_off()
    elif action in (_CYCLE, _RESET):
        bmc.power_cycle()
    elif action == _SOFT:
        bmc.soft_off()
    else:
        raise Refused(Completion.INVALID_FIELD)
    return b""


@CHASSIS.add(_CHASSIS, 0x04, Privilege.OPERATOR)
def identify(call: Call) -> bytes:
    """Chassis Identify (28.5): seconds, 15 when none are given; a second byte of 1 is for ever."""
    if len(call.data) > 1 and call.data[1] & 0x01:
        call.bmc.light(None)
    else:
        call.bmc.light(call.data[0] if call.data else _DEFAULT_IDENTIFY)
    return b""


@CHASSIS.add(_CHASSIS, 0x07, Privilege.USER)
def get_restart_cause(call: Call) -> bytes:
    """Get System Restart Cause (28.11): a chassis control command."""
    return bytes((0x01, 0x01))


@CHASSIS.add(_CHASSIS, 0x0F, Privilege.USER)
def get_power_on_hours(call: Call) -> bytes:
    """Get POH Counter (28.14): as many hours as the drive in the first bay has run."""
    first = next((bay.drive for bay in call.bmc.box.bays if bay.drive), None)
    return bytes((60,)) + (first.hours if first else 0).to_bytes(4, "little")
