"""The ways of asking: ARP on a segment, ICMP echo over sockets of two kinds, and the ``ping`` program."""

import asyncio
import os
import shutil
import socket
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

from c3tui.clients.sweep import wire
from c3tui.clients.sweep.host import Segment

ETH_P_ARP = 0x0806
_BROADCAST = b"\xff" * 6
_BUFFER = 4 << 20
PROGRAMS = 16
"""``ping`` programs at once."""

Heard = Callable[[IPv4Address, str], None]
"""Called with the address that answers and its MAC, empty where that is not known."""


class Way(Protocol):
    """One way of asking; made with what it calls on each answer."""

    how: str
    rate: float
    """Addresses a second at most."""
    slack: float
    """Seconds that an answer takes beside its way on the wire."""

    async def ask(self, address: IPv4Address) -> None:
        """Send one question; the answer comes by itself.

        Raises:
            OSError: it cannot be sent there.
        """

    async def close(self) -> None:
        """Stop listening."""


class Arp:
    """ARP on one segment: everybody who has an address there answers, whatever its firewall says."""

    how = "arp"
    slack = 0.0

    def __init__(self, segment: Segment, rate: float, heard: Heard) -> None:
        """Raises PermissionError without CAP_NET_RAW, OSError when the interface is gone."""
        self.rate = rate
        self._heard = heard
        self._to = (segment.interface, ETH_P_ARP, 0, 0, _BROADCAST)
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
            self._socket.bind((segment.interface, ETH_P_ARP))
        except OSError:
            self._socket.close()
            raise
        self._mac: bytes = self._socket.getsockname()[4]
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    async def ask(self, address: IPv4Address) -> None:
        """Broadcast a probe."""
        await send(self._socket, wire.arp_probe(self._mac, address), self._to)

    async def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for packet, _ in waiting(self._socket):
            if answer := wire.arp_reply(packet):
                self._heard(*answer)


class Echo:
    """ICMP echo, over the unprivileged kind of socket where the kernel allows it, else a raw one."""

    how = "ping"
    slack = 0.0

    def __init__(self, rate: float, heard: Heard) -> None:
        """Raises PermissionError when neither kind is allowed."""
        self.rate = rate
        self._heard = heard
        self._cookie = os.urandom(wire.COOKIE)
        self._number = int.from_bytes(os.urandom(2))
        self._socket = _icmp()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER)
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    async def ask(self, address: IPv4Address) -> None:
        """Send an echo request."""
        await send(self._socket, wire.echo_request(self._number, self._cookie), (str(address), 0))

    async def close(self) -> None:
        """Stop listening."""
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def _read(self) -> None:
        for packet, sender in waiting(self._socket):
            if wire.is_echo_reply(packet, self._cookie):
                self._heard(IPv4Address(sender[0]), "")


class Program:
    """The system's ``ping``, which may do what we may not."""

    how = "ping"
    rate = 2.0 * PROGRAMS
    slack = 1.0

    def __init__(self, heard: Heard) -> None:
        """Raises FileNotFoundError where there is none."""
        found = shutil.which("ping")
        if found is None:
            raise FileNotFoundError("ping")
        self._program = found
        self._heard = heard
        self._gate = asyncio.Semaphore(PROGRAMS)
        self._asking: set[asyncio.Task[None]] = set()

    async def ask(self, address: IPv4Address) -> None:
        """Start one, as soon as there are few enough."""
        await self._gate.acquire()
        task = asyncio.get_running_loop().create_task(self._one(address))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def close(self) -> None:
        """End those that still run."""
        for task in self._asking:
            task.cancel()
        await asyncio.gather(*self._asking, return_exceptions=True)

    async def _one(self, address: IPv4Address) -> None:
        quiet = asyncio.subprocess.DEVNULL
        try:
            child = await asyncio.create_subprocess_exec(
                self._program,
                "-n",
                "-c",
                "1",
                "-W",
                "1",
                str(address),
                stdin=quiet,
                stdout=quiet,
                stderr=quiet,
            )
            try:
                if await child.wait() == 0:
                    self._heard(address, "")
            finally:
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        finally:
            self._gate.release()


def _icmp() -> socket.socket:
    for kind in (socket.SOCK_DGRAM, socket.SOCK_RAW):
        try:
            return socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK, socket.IPPROTO_ICMP)
        except PermissionError:
            continue
    raise PermissionError("ICMP")


async def send(through: socket.socket, packet: bytes, to: tuple[object, ...]) -> None:
    """Send, waiting while the queue is full."""
    for _ in range(50):
        try:
            through.sendto(packet, to)
            return
        except BlockingIOError:
            await asyncio.sleep(0.01)
        except OSError as error:
            if error.errno != _NO_BUFFERS:
                raise
            await asyncio.sleep(0.01)
    raise OSError(_NO_BUFFERS, os.strerror(_NO_BUFFERS))


_NO_BUFFERS = 105


def waiting(socket_: socket.socket) -> list[tuple[bytes, tuple[str, int]]]:
    """All that has come in."""
    found: list[tuple[bytes, tuple[str, int]]] = []
    while len(found) < 1000:
        try:
            found.append(socket_.recvfrom(2048))
        except BlockingIOError:
            break
        except OSError:
            # An ICMP error about an earlier question; the next read goes on.
            continue
    return found
