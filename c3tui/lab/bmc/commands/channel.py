"""What the LAN channel offers, for consoles that have not logged in yet too (IPMI 22.13 to 22.24)."""

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.suites import records

_APP = 0x06
LAN_CHANNEL = 1
_THIS_CHANNEL = 0x0E
_IPMI_FORUM = 7154
"""IANA enterprise number, for protocols that the specification defines itself."""
_PAYLOAD_IPMI = 0x00
_LIST_BY_SUITE = 0x80
CHANNEL = Registry()


def check_channel(value: int) -> None:
    """Refuse channels other than the one this request came over.

    Raises:
        Refused: the BMC has no such channel.
    """
    if value & 0x0F not in (_THIS_CHANNEL, LAN_CHANNEL):
        raise Refused(Completion.INVALID_FIELD)


@CHANNEL.add(_APP, 0x38, Privilege.NONE, 2)
def get_authentication_capabilities(call: Call) -> bytes:
    """Get Channel Authentication Capabilities (22.13): no session of IPMI 1.5, only of 2.0."""
    check_channel(call.data[0])
    if not 0 < call.data[1] & 0x0F <= Privilege.ADMINISTRATOR:
        raise Refused(Completion.INVALID_FIELD)
    extended = call.data[0] >> 7
    # Named users only, no null or anonymous login, no two-key login.
    named_users = 0x04
    return bytes((LAN_CHANNEL, extended << 7, named_users, 0x02 if extended else 0, 0, 0, 0, 0))


@CHANNEL.add(_APP, 0x54, Privilege.NONE, 3)
def get_cipher_suites(call: Call) -> bytes:
    """Get Channel Cipher Suites (22.15), sixteen bytes at a time."""
    check_channel(call.data[0])
    if call.data[1] & 0x3F != _PAYLOAD_IPMI:
        raise Refused(Completion.INVALID_FIELD)
    listing = records() if call.data[2] & _LIST_BY_SUITE else bytes((1, 3, 0x41, 0x44, 0x81))
    start = (call.data[2] & 0x3F) * 16
    return bytes((LAN_CHANNEL,)) + listing[start : start + 16]


@CHANNEL.add(_APP, 0x41, Privilege.USER, 2)
def get_channel_access(call: Call) -> bytes:
    """Get Channel Access (22.23): always available, up to administrator."""
    check_channel(call.data[0])
    always_available = 0x02
    return bytes((always_available, Privilege.ADMINISTRATOR))


@CHANNEL.add(_APP, 0x42, Privilege.USER, 1)
def get_channel_info(call: Call) -> bytes:
    """Get Channel Info (22.24): 802.3 LAN with many sessions."""
    check_channel(call.data[0])
    medium_lan, protocol_ipmb, multi_session = 0x04, 0x01, 0x80
    count = min(len(call.bmc.sessions.active()), 0x3F)
    head = bytes((LAN_CHANNEL, medium_lan, protocol_ipmb, multi_session | count))
    return head + _IPMI_FORUM.to_bytes(3, "little") + bytes(2)
