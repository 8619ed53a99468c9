"""IPMI messages as LAN payloads carry them: addresses, checksums, completion code (IPMI 13.8)."""

from dataclasses import dataclass

from c3tui.lab.bmc.codes import Malformed

BMC_ADDRESS = 0x20


@dataclass(frozen=True)
class Request:
    """A command to the BMC."""

    netfn: int
    lun: int
    command: int
    data: bytes
    requester: int
    sequence: int
    """Requester's sequence number and LUN, as they came."""


def checksum(data: bytes) -> int:
    """The two's complement checksum: data and checksum add up to 0 in eight bits."""
    return -sum(data) & 0xFF


def parse(payload: bytes) -> Request:
    """Take a request apart.

    Raises:
        Malformed: cut short, a checksum is wrong, a response, or for another controller.
    """
    if len(payload) < 7 or sum(payload[:3]) & 0xFF or sum(payload[3:]) & 0xFF:
        raise Malformed("length or checksum of an IPMI message wrong")
    netfn, lun = payload[1] >> 2, payload[1] & 0x03
    if payload[0] != BMC_ADDRESS or netfn & 1:
        raise Malformed("not a request to the BMC")
    return Request(netfn, lun, payload[5], payload[6:-1], payload[3], payload[4])


def answer(request: Request, code: int, data: bytes = b"") -> bytes:
    """The response to a request."""
    first = bytes((request.requester, (request.netfn | 1) << 2 | request.sequence & 0x03))
    second = bytes((BMC_ADDRESS, request.sequence & 0xFC | request.lun, request.command, code)) + data
    return first + bytes((checksum(first),)) + second + bytes((checksum(second),))
