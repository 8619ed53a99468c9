"""What this host is on: its own addresses, the segments it is connected to, and whom it has heard there."""

import fcntl
import socket
import struct
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

ROUTES = Path("/proc/net/route")
LOCAL = Path("/proc/net/fib_trie")
HEARD = Path("/proc/net/arp")
_UP, _NOARP, _ETHERNET = 0x1, 0x80, 1
_GET_FLAGS, _GET_HARDWARE = 0x8913, 0x8927
"""linux/if.h, linux/if_arp.h and linux/sockios.h."""


@dataclass(frozen=True)
class Segment:
    """A network on one of this host's interfaces, with no router between."""

    interface: str
    network: IPv4Network


def segments() -> list[Segment]:
    """Networks this host is connected to over interfaces that do ARP, the narrowest first."""
    found = []
    for line in _lines(ROUTES)[1:]:
        interface, destination, gateway, flags, *_, mask = line.split()[:8]
        network = IPv4Network((_address(destination), str(_address(mask))))
        if int(flags, 16) & 1 and gateway == "00000000" and network.prefixlen and arps(interface):
            found.append(Segment(interface, network))
    return sorted(found, key=lambda each: -each.network.prefixlen)


def arps(interface: str) -> bool:
    """Whether an interface is an Ethernet that is up and asks by ARP; a tunnel or loopback does not."""
    request = struct.pack("256s", interface.encode()[:15])
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
            flags = struct.unpack_from("H", fcntl.ioctl(any_socket, _GET_FLAGS, request), 16)[0]
            kind = struct.unpack_from("H", fcntl.ioctl(any_socket, _GET_HARDWARE, request), 16)[0]
    except OSError:
        return False
    return bool(flags & _UP) and not flags & _NOARP and kind == _ETHERNET


def own_addresses() -> set[IPv4Address]:
    """This host's own addresses."""
    found, last = set(), ""
    for line in _lines(LOCAL):
        text = line.strip()
        if text.startswith("|-- "):
            last = text[4:]
        elif text.endswith("host LOCAL"):
            found.add(IPv4Address(last))
    return found


def heard() -> dict[str, IPv4Address]:
    """Addresses by MAC, lower case, as the kernel has resolved them lately."""
    found = {}
    for line in _lines(HEARD)[1:]:
        address, _, flags, mac, *_ = line.split()
        if int(flags, 16) & 0x2:
            found[mac.lower()] = IPv4Address(address)
    return found


def _address(text: str) -> IPv4Address:
    """An address as the kernel writes it here: hex, in the machine's own byte order."""
    return IPv4Address(socket.ntohl(struct.unpack("!I", bytes.fromhex(text))[0]))


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except OSError:
        return []
