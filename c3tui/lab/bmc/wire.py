"""RMCP, ASF presence and the IPMI session headers: a datagram to a packet, and back (IPMI 13.1 to 13.6)."""

import struct
from dataclasses import dataclass
from enum import IntEnum

from c3tui.lab.bmc.codes import Malformed

RMCP_VERSION = 0x06
_NO_ACK = 0xFF
_CLASS_ASF = 0x06
_CLASS_IPMI = 0x07
_ASF_IANA = 4542
_PING, _PONG = 0x80, 0x40
_FORMAT_RMCPP = 0x06
_LEGACY = struct.Struct("<BIIB")
_RMCPP = struct.Struct("<BBIIH")
NEXT_HEADER = 0x07


class PayloadType(IntEnum):
    """Payload types of RMCP+ (IPMI table 13-16) that these BMCs know."""

    IPMI = 0x00
    OPEN_REQUEST = 0x10
    OPEN_RESPONSE = 0x11
    RAKP1 = 0x12
    RAKP2 = 0x13
    RAKP3 = 0x14
    RAKP4 = 0x15


@dataclass(frozen=True)
class Packet:
    """One IPMI datagram with its session header taken apart."""

    payload: bytes
    kind: int = PayloadType.IPMI
    session: int = 0
    sequence: int = 0
    encrypted: bool = False
    authenticated: bool = False
    legacy: bool = False
    """In the header of IPMI 1.5, which carries discovery before any session."""
    covered: bytes = b""
    """What the authentication code of an authenticated packet is made over."""
    code: bytes = b""
    """That authentication code; its length is the session's to judge."""


def rmcp_class(datagram: bytes) -> int:
    """The message class of a datagram: ASF or IPMI.

    Raises:
        Malformed: it is no RMCP message, or an acknowledgement.
    """
    if len(datagram) < 4 or datagram[0] != RMCP_VERSION or datagram[3] not in (_CLASS_ASF, _CLASS_IPMI):
        raise Malformed("not an RMCP message")
    return datagram[3]


def is_asf(datagram: bytes) -> bool:
    """Whether an RMCP message is of class ASF.

    Raises:
        Malformed: it is no RMCP message.
    """
    return rmcp_class(datagram) == _CLASS_ASF


def pong(datagram: bytes) -> bytes:
    """The presence pong to a presence ping: IPMI is supported (IPMI 13.2.4).

    Raises:
        Malformed: it is no presence ping.
    """
    if len(datagram) < 12:
        raise Malformed("ASF message cut short")
    iana, kind, tag = struct.unpack_from(">IBB", datagram, 4)
    if iana != _ASF_IANA or kind != _PING:
        raise Malformed("not a presence ping")
    head = bytes((RMCP_VERSION, 0, _NO_ACK, _CLASS_ASF))
    body = struct.pack(">IIBB6x", _ASF_IANA, 0, 0x81, 0x00)
    return head + struct.pack(">IBBBB", _ASF_IANA, _PONG, tag, 0, len(body)) + body


def parse(datagram: bytes, check_length: int = 0) -> Packet:
    """Take an IPMI datagram apart.

    Args:
        check_length: how many bytes at the end of an authenticated packet are its code.

    Raises:
        Malformed: lengths, formats or the integrity trailer make no sense.
    """
    if len(datagram) < 5:
        raise Malformed("no session header")
    if datagram[4] == 0:
        return _parse_legacy(datagram)
    if datagram[4] != _FORMAT_RMCPP:
        raise Malformed("a session format that was never offered")
    return _parse_rmcpp(datagram, check_length)


def _parse_legacy(datagram: bytes) -> Packet:
    if len(datagram) < 14:
        raise Malformed("IPMI 1.5 header cut short")
    _, sequence, session, length = _LEGACY.unpack_from(datagram, 4)
    payload = datagram[14 : 14 + length]
    # One pad byte may follow: some adapters lost packets of certain lengths (IPMI 13.6, legacy pad).
    if len(payload) != length or len(datagram) - 14 - length > 1 or session:
        raise Malformed("IPMI 1.5 length or session wrong")
    return Packet(payload, sequence=sequence, legacy=True)


def _parse_rmcpp(datagram: bytes, check_length: int) -> Packet:
    if len(datagram) < 16:
        raise Malformed("RMCP+ header cut short")
    _, flags, session, sequence, length = _RMCPP.unpack_from(datagram, 4)
    end = 16 + length
    if end > len(datagram):
        raise Malformed("RMCP+ payload cut short")
    packet = Packet(
        datagram[16:end],
        kind=flags & 0x3F,
        session=session,
        sequence=sequence,
        encrypted=bool(flags & 0x80),
        authenticated=bool(flags & 0x40),
        covered=datagram[4 : len(datagram) - check_length],
        code=datagram[len(datagram) - check_length :],
    )
    if packet.authenticated and session:
        _check_trailer(packet.covered[12 + length :])
    elif end != len(datagram):
        raise Malformed("bytes after the payload")
    return packet


def _check_trailer(trailer: bytes) -> None:
    """Integrity pad of FFh, its length and the next header (IPMI table 13-8)."""
    if len(trailer) < 2 or trailer[-1] != NEXT_HEADER or trailer[-2] != len(trailer) - 2:
        raise Malformed("integrity trailer wrong")


def session_of(datagram: bytes) -> int:
    """The session id in an RMCP+ header, or 0 when there is none to read."""
    if len(datagram) < 16 or datagram[4] != _FORMAT_RMCPP:
        return 0
    return int.from_bytes(datagram[6:10], "little")


def build(packet: Packet) -> bytes:
    """The datagram of a packet that needs no integrity trailer."""
    head = bytes((RMCP_VERSION, 0, _NO_ACK, _CLASS_IPMI))
    if packet.legacy:
        return head + _LEGACY.pack(0, packet.sequence, packet.session, len(packet.payload)) + packet.payload
    return head + rmcpp(packet)


def rmcpp(packet: Packet) -> bytes:
    """The RMCP+ session header and payload, from the authentication type on."""
    flags = packet.kind | packet.encrypted << 7 | packet.authenticated << 6
    header = _RMCPP.pack(_FORMAT_RMCPP, flags, packet.session, packet.sequence, len(packet.payload))
    return header + packet.payload


def seal(body: bytes, code: bytes) -> bytes:
    """The datagram of an authenticated packet: RMCP header, covered bytes, authentication code."""
    return bytes((RMCP_VERSION, 0, _NO_ACK, _CLASS_IPMI)) + body + code


def trailer_for(body: bytes) -> bytes:
    """Pad to a multiple of four, pad length and next header for a header with payload."""
    pad = -(len(body) + 2) % 4
    return b"\xff" * pad + bytes((pad, NEXT_HEADER))
