"""Asks addresses whether a BMC is there: RMCP presence ping and pong (ASF 2.0 3.2.4, IPMI 2.0 13.2.3)."""

import asyncio
import socket
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from ipaddress import IPv4Address

from c3tui.clients.sweep import host
from c3tui.clients.sweep.sweep import NEIGHBOUR_RATE, Limits, Progress, Sweeper
from c3tui.clients.sweep.ways import Heard, Way, send, waiting
from c3tui.model.reality import Sweep

PORT = 623
"""The primary RMCP port; no login is needed for a presence ping."""
_RMCP, _NO_ACK, _ASF = 0x06, 0xFF, 0x06
_ASF_IANA = 4542
_PING, _PONG = 0x80, 0x40
_IPMI = 0x80
"""In the pong's supported entities: IPMI is spoken."""
_HEAD = struct.Struct(">BxBBIBBxB")
_ENTITIES = _HEAD.size + 8


def ping(tag: int) -> bytes:
    """A presence ping."""
    return _HEAD.pack(_RMCP, _NO_ACK, _ASF, _ASF_IANA, _PING, tag, 0)


def is_pong(packet: bytes, tag: int) -> bool:
    """Whether it is the pong to a ping of that tag, from something that speaks IPMI."""
    if len(packet) <= _ENTITIES:
        return False
    version, _, kind, iana, message, answers, _ = _HEAD.unpack_from(packet)
    ours = (version, kind, iana, message, answers) == (_RMCP, _ASF, _ASF_IANA, _PONG, tag)
    return ours and bool(packet[_ENTITIES] & _IPMI)


class Presence:
    """Presence pings from one socket."""

    how = "rmcp"
    slack = 0.0

    def __init__(self, port: int, rate: float, heard: Heard) -> None:
        self.rate = rate
        self._port = port
        self._heard = heard
        self._tag = 0x5C
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("", 0))
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    async def ask(self, address: IPv4Address) -> None:
        """Send a ping."""
        await send(self._socket, ping(self._tag), (str(address), self._port))

    async def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for packet, sender in waiting(self._socket):
            if sender[1] == self._port and is_pong(packet, self._tag):
                self._heard(IPv4Address(sender[0]), "")


class BmcSweeper(Sweeper):
    """A sweep that asks every address for its BMC, at a rate this host's neighbour table bears."""

    def __init__(
        self,
        port: int = PORT,
        limits: Limits | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> None:
        super().__init__(limits, on_progress)
        self._port = port

    async def run(self, addresses: Iterable[IPv4Address]) -> Sweep:
        """Ask every address; who answers has ``how`` "rmcp", and its MAC where ARP has just told it."""
        found = await super().run(addresses)
        return with_macs(found)

    def _ways(self, wanted: Sequence[IPv4Address]) -> Iterable[tuple[list[IPv4Address], Way]]:
        networks = [each.network for each in host.segments()]
        near: list[IPv4Address] = []
        far: list[IPv4Address] = []
        for address in wanted:
            (near if any(address in network for network in networks) else far).append(address)
        for group, rate in ((near, min(NEIGHBOUR_RATE, self._limits.rate)), (far, self._limits.rate)):
            if group:
                yield group, Presence(self._port, rate, self._heard("rmcp"))


def with_macs(sweep: Sweep) -> Sweep:
    """The BMCs among the answers, with the MACs that this host's neighbour table has for them."""
    macs = {address: mac for mac, address in host.heard().items()}
    answers = [
        replace(each, macs=(macs[each.address],) if each.address in macs else ())
        for each in sweep.answers
        if each.how == "rmcp"
    ]
    return replace(sweep, answers=tuple(answers))
