"""Who this BMC is, and its sessions (IPMI chapters 20 and 22)."""

import ipaddress
import struct

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.sessions import Session

_APP = 0x06
SUPERMICRO = 10876
"""IANA enterprise number."""
_PRODUCT = 0x0985
_DEVICES = 0xBF
"""Chassis, event generator and receiver, FRU, SEL, SDR repository, sensors (IPMI table 20-2)."""
_EXCEEDS_LIMIT = 0x81
_INVALID_SESSION_ID = 0x87
_RMCPP_SESSION = 0x10
APPLICATION = Registry()


@APPLICATION.add(_APP, 0x01, Privilege.USER)
def get_device_id(call: Call) -> bytes:
    """Get Device ID (20.1)."""
    major, minor = call.bmc.box.bmc.firmware
    # The minor is in BCD.
    head = bytes((0x20, 0x01, major, minor // 10 << 4 | minor % 10, 0x02, _DEVICES))
    return head + SUPERMICRO.to_bytes(3, "little") + struct.pack("<H4x", _PRODUCT)


@APPLICATION.add(_APP, 0x02, Privilege.ADMINISTRATOR)
@APPLICATION.add(_APP, 0x03, Privilege.ADMINISTRATOR)
def reset(call: Call) -> bytes:
    """Cold and Warm Reset (20.2, 20.3): every session is gone, the server runs on."""
    call.bmc.restart()
    return b""


@APPLICATION.add(_APP, 0x04, Privilege.USER)
def get_self_test_results(call: Call) -> bytes:
    """Get Self Test Results (20.4): no error."""
    return bytes((0x55, 0x00))


@APPLICATION.add(_APP, 0x08, Privilege.USER)
@APPLICATION.add(_APP, 0x37, Privilege.NONE)
def get_guid(call: Call) -> bytes:
    """Get Device GUID and Get System GUID (20.8, 22.14)."""
    return call.bmc.guid


@APPLICATION.add(_APP, 0x3B, Privilege.CALLBACK, 1)
def set_session_privilege(call: Call) -> bytes:
    """Set Session Privilege Level (22.18); 0 asks for the present one."""
    session = _session(call)
    level = call.data[0] & 0x0F
    if level == Privilege.CALLBACK or level > Privilege.ADMINISTRATOR:
        raise Refused(Completion.INVALID_FIELD)
    if level > session.limit:
        raise Refused(_EXCEEDS_LIMIT)
    if level:
        session.privilege = Privilege(level)
    return bytes((session.privilege,))


@APPLICATION.add(_APP, 0x3C, Privilege.CALLBACK, 4)
def close_session(call: Call) -> bytes:
    """Close Session (22.19): one's own, or as administrator anybody's."""
    session = _session(call)
    number = int.from_bytes(call.data[:4], "little")
    target = next((one for one in call.bmc.sessions.active() if one.number == number), None)
    if target is None:
        raise Refused(_INVALID_SESSION_ID)
    if target is not session and session.privilege < Privilege.ADMINISTRATOR:
        raise Refused(Completion.INSUFFICIENT_PRIVILEGE)
    call.bmc.sessions.remove(target)
    return b""


@APPLICATION.add(_APP, 0x3D, Privilege.USER, 1)
def get_session_info(call: Call) -> bytes:
    """Get Session Info (22.20) of this session, the n-th, or the one of an id."""
    active = call.bmc.sessions.active()
    counts = bytes((min(call.bmc.sessions.limit, 63), min(len(active), 63)))
    session = _wanted(call, active)
    if session is None:
        return b"\0" + counts
    handle = active.index(session) + 1
    who = bytes((handle,)) + counts + bytes((2, session.privilege, _RMCPP_SESSION | 1))
    address, port = session.peer
    mac = bytes.fromhex(call.bmc.box.bmc.mac.replace(":", ""))
    return who + ipaddress.IPv4Address(address).packed + mac + struct.pack("<H", port)


def _wanted(call: Call, active: list[Session]) -> Session | None:
    index = call.data[0]
    if index == 0:
        return call.session
    if index < 0xFE:
        return active[index - 1] if index <= len(active) else None
    key = int.from_bytes(call.data[1:], "little")
    if index == 0xFE:
        return active[key - 1] if 0 < key <= len(active) else None
    return next((one for one in active if one.number == key), None)


def _session(call: Call) -> Session:
    if call.session is None:
        raise Refused(Completion.INSUFFICIENT_PRIVILEGE)
    return call.session
