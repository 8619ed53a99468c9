"""The LAN configuration, to read (IPMI 23.2 and table 23-4)."""

from collections.abc import Callable
from ipaddress import IPv4Address

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.commands.channel import check_channel
from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.suites import SUITES

_TRANSPORT = 0x0C
_REVISION = 0x11
_STATIC = 0x01
LAN = Registry()


def _address(bmc: Controller) -> bytes:
    return IPv4Address(bmc.box.bmc.address).packed


def _mac(bmc: Controller) -> bytes:
    return bytes.fromhex(bmc.box.bmc.mac.replace(":", ""))


def _netmask(bmc: Controller) -> bytes:
    return bmc.room.scenario.ipmi.netmask.packed


def _suites(bmc: Controller) -> bytes:
    return bytes((0, *sorted(suite.number for suite in SUITES))).ljust(17, b"\0")


def _suite_privileges(bmc: Controller) -> bytes:
    """Administrator for each suite that there is, two to a byte."""
    return bytes((0, 0x44)).ljust(9, b"\0")


_PARAMETERS: dict[int, Callable[[Controller], bytes]] = {
    0: lambda bmc: bytes(1),
    1: lambda bmc: bytes(1),
    2: lambda bmc: bytes(5),
    3: _address,
    4: lambda bmc: bytes((_STATIC,)),
    5: _mac,
    6: _netmask,
    7: lambda bmc: bytes((0x40, 0x40, 0x10)),
    12: lambda bmc: bytes(4),
    13: lambda bmc: bytes(6),
    16: lambda bmc: b"public".ljust(18, b"\0"),
    17: lambda bmc: bytes(1),
    20: lambda bmc: bytes(2),
    21: lambda bmc: bytes(1),
    22: lambda bmc: bytes((len(SUITES),)),
    23: _suites,
    24: _suite_privileges,
}


@LAN.add(_TRANSPORT, 0x02, Privilege.OPERATOR, 4)
def get_lan_parameters(call: Call) -> bytes:
    """Get LAN Configuration Parameters (23.2); bit 7 of the channel asks for the revision only."""
    check_channel(call.data[0])
    parameter = _PARAMETERS.get(call.data[1])
    if parameter is None:
        raise Refused(Completion.PARAMETER_NOT_SUPPORTED)
    revision = bytes((_REVISION,))
    return revision if call.data[0] & 0x80 else revision + parameter(call.bmc)
