"""The packets of a sweep: ARP probes (RFC 826, RFC 5227) and ICMP echo (RFC 792)."""

import struct
from ipaddress import IPv4Address

_ARP = struct.Struct("!HHBBH6s4s6s4s")
_ECHO = struct.Struct("!BBHHH")
_ETHERNET, _IPV4, _REQUEST, _REPLY = 1, 0x0800, 1, 2
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
COOKIE = 8
"""Bytes of an echo's payload by which we know our own."""


def arp_probe(mac: bytes, address: IPv4Address) -> bytes:
    """Who has ``address``? Sent without an address of our own, so that it changes nobody's table."""
    return _ARP.pack(_ETHERNET, _IPV4, 6, 4, _REQUEST, mac, bytes(4), bytes(6), address.packed)


def arp_reply(packet: bytes) -> tuple[IPv4Address, str] | None:
    """Address and MAC of whoever answers, or None when it is no answer."""
    if len(packet) < _ARP.size:
        return None
    hardware, protocol, _, _, operation, mac, address, _, _ = _ARP.unpack_from(packet)
    # Linux calls loopback's hardware 772; the rest of the packet is the same.
    if hardware not in (_ETHERNET, 772) or protocol != _IPV4 or operation != _REPLY:
        return None
    return IPv4Address(address), mac.hex(":")


def echo_request(number: int, cookie: bytes) -> bytes:
    """An ICMP echo request; the kernel sets identifier and checksum anew on its own kind of socket."""
    head = _ECHO.pack(_ECHO_REQUEST, 0, 0, number, 1)
    return _ECHO.pack(_ECHO_REQUEST, 0, checksum(head + cookie), number, 1) + cookie


def is_echo_reply(packet: bytes, cookie: bytes) -> bool:
    """Whether it answers an echo with our cookie; with or without the IP header before it."""
    if packet[:1] and packet[0] >> 4 == 4:
        packet = packet[(packet[0] & 0xF) * 4 :]
    return packet[:1] == bytes([_ECHO_REPLY]) and packet[_ECHO.size :] == cookie


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
