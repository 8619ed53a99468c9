"""System boot options: what the next boot starts from (IPMI 28.12 and 28.13)."""

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.registry import Call, Registry

_CHASSIS = 0x00
_VERSION = 0x01
_IN_PROGRESS, _PARTITION, _SCAN, _VALID_CLEARING, _ACKNOWLEDGE, _FLAGS, _INITIATOR = range(7)
_SIZES = {
    _IN_PROGRESS: 1,
    _PARTITION: 1,
    _SCAN: 1,
    _VALID_CLEARING: 1,
    _ACKNOWLEDGE: 2,
    _FLAGS: 5,
    _INITIATOR: 9,
}
_VALID, _PERSISTENT, _UEFI = 0x80, 0x40, 0x20
_DEVICES = {0x0: "", 0x1: "pxe", 0x2: "disk"}
_SELECTORS = {device: selector for selector, device in _DEVICES.items()}
BOOT = Registry()


@BOOT.add(_CHASSIS, 0x08, Privilege.OPERATOR, 1)
def set_boot_options(call: Call) -> bytes:
    """Set System Boot Options."""
    number, data = call.data[0] & 0x7F, call.data[1:]
    if number not in _SIZES:
        raise Refused(Completion.PARAMETER_NOT_SUPPORTED)
    if not data:
        # Only the parameter's own valid bit is meant (28.12, byte 1 bit 7).
        return b""
    if number == _FLAGS:
        _set_flags(call.bmc, data)
    else:
        call.bmc.boot_parameters[number] = data[: _SIZES[number]].ljust(_SIZES[number], b"\0")
    return b""


def _set_flags(bmc: Controller, data: bytes) -> None:
    """Boot flags (IPMI table 28-14, parameter 5): network and hard disk are what this server has."""
    if len(data) < _SIZES[_FLAGS]:
        raise Refused(Completion.LENGTH_INVALID)
    device = _DEVICES.get(data[1] >> 2 & 0x0F)
    if device is None:
        raise Refused(Completion.INVALID_FIELD)
    valid = bool(data[0] & _VALID)
    bmc.box.bmc.boot_device = device if valid else ""
    bmc.box.bmc.boot_persistent = valid and bool(data[0] & _PERSISTENT)
    bmc.boot_uefi = bool(data[0] & _UEFI)


@BOOT.add(_CHASSIS, 0x09, Privilege.OPERATOR, 1)
def get_boot_options(call: Call) -> bytes:
    """Get System Boot Options."""
    number = call.data[0] & 0x7F
    if number not in _SIZES:
        raise Refused(Completion.PARAMETER_NOT_SUPPORTED)
    if number == _FLAGS:
        value = _flags(call.bmc)
    else:
        value = call.bmc.boot_parameters.get(number, bytes(_SIZES[number]))
    return bytes((_VERSION, number)) + value


def _flags(bmc: Controller) -> bytes:
    account = bmc.box.bmc
    first = _VALID if account.boot_device else 0
    first |= _PERSISTENT if account.boot_persistent else 0
    first |= _UEFI if bmc.boot_uefi else 0
    return bytes((first, _SELECTORS.get(account.boot_device, 0) << 2, 0, 0, 0))
