"""The other ends of the BMC client in the tests, and relays that lose, mangle and count datagrams."""

import asyncio
import random
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from pydantic import SecretStr

from c3tui.clients.bmc import BmcFleet, Target
from c3tui.lab.bmc import BmcLab
from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Fault, Scenario
from c3tui.model.fleet import BmcReading, BmcState
from tests.clients import ipmi_sim

PORT = 6321
LAB_PORT = 6322

Mangle = Callable[[bytes], list[bytes]]
"""What arrives instead of one datagram."""


def faithful(datagram: bytes) -> list[bytes]:
    """As it came."""
    return [datagram]


def losing_every(nth: int) -> Mangle:
    """All but every nth."""
    count = 0

    def mangle(datagram: bytes) -> list[bytes]:
        nonlocal count
        count += 1
        return [] if count % nth == 0 else [datagram]

    return mangle


def among_garbage(seed: int) -> Mangle:
    """As it came, with noise, stumps and flipped copies before and after it."""
    rng = random.Random(seed)

    def flipped(datagram: bytes) -> bytes:
        copy = bytearray(datagram)
        copy[rng.randrange(4, len(copy))] ^= 1 << rng.randrange(8)
        return bytes(copy)

    def mangle(datagram: bytes) -> list[bytes]:
        noise = b"\x06\x00\xff\x07" + rng.randbytes(rng.randrange(60))
        stump = datagram[: rng.randrange(4, len(datagram))]
        sealed = datagram[4] == 6 and datagram[5] & 0x40
        # What comes before the session is sealed cannot be told from its forgery.
        forgery = flipped(datagram) if sealed else stump
        return [noise, stump, forgery, datagram, rng.randbytes(30), forgery]

    return mangle


class _Upstream(asyncio.DatagramProtocol):
    def __init__(self, relay: "Relay", client: Any) -> None:
        self._relay = relay
        self._client = client

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._relay.answer(data, self._client)


class Relay(asyncio.DatagramProtocol):
    """A BMC's address that passes datagrams on to the true one and back."""

    def __init__(
        self, true: tuple[str, int], to_bmc: Mangle = faithful, to_client: Mangle = faithful
    ) -> None:
        self.asked = 0
        """Datagrams from the client so far."""
        self._true = true
        self._to_bmc = to_bmc
        self._to_client = to_client
        self._transport: asyncio.DatagramTransport | None = None
        self._upstream: dict[Any, asyncio.DatagramTransport] = {}
        self._waiting: dict[Any, list[bytes]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, address: str, port: int) -> None:
        """Listen there."""
        loop = asyncio.get_running_loop()
        self._transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(address, port))

    def close(self) -> None:
        """Fall silent."""
        for transport in (self._transport, *self._upstream.values()):
            if transport:
                transport.close()

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.asked += 1
        passed = self._to_bmc(data)
        if addr in self._upstream:
            for one in passed:
                self._upstream[addr].sendto(one)
        elif addr in self._waiting:
            self._waiting[addr] += passed
        else:
            self._waiting[addr] = passed
            task = asyncio.create_task(self._connect(addr))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _connect(self, client: Any) -> None:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Upstream(self, client), remote_addr=self._true
        )
        self._upstream[client] = transport
        for one in self._waiting.pop(client):
            transport.sendto(one)

    def answer(self, data: bytes, client: Any) -> None:
        """Pass an answer of the BMC to the client."""
        for one in self._to_client(data):
            if self._transport:
                self._transport.sendto(one, client)


class Babbler(asyncio.DatagramProtocol):
    """Answers every datagram with noise that begins like RMCP."""

    def __init__(self) -> None:
        self._rng = random.Random(5)
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self._transport.sendto(b"\x06\x00\xff\x07\x06" + self._rng.randbytes(self._rng.randrange(50)), addr)


@asynccontextmanager
async def lab(servers: int, *faults: Fault, session_limit: int = 15) -> AsyncIterator[Room]:
    """The rehearsal lab's BMCs."""
    knobs = BmcKnobs(latency_ms=1.0, session_limit=session_limit)
    room = Room(Scenario(servers=servers, octet=80, bmc=knobs, faults=list(faults)))
    bmcs = BmcLab(room)
    await bmcs.start(LAB_PORT)
    try:
        yield room
    finally:
        await room.close()
        await bmcs.close()


@asynccontextmanager
async def relay(true: Target, **ways: Mangle) -> AsyncIterator[tuple[Relay, Target]]:
    """A BMC behind a relay, and how to reach it there."""
    one = Relay((true.address, true.port), **ways)
    await one.open("127.80.2.1", PORT)
    try:
        yield one, Target("behind", "127.80.2.1", PORT, true.user, true.password)
    finally:
        one.close()


def simulated(bmc: ipmi_sim.SimulatedBmc, name: str = "a", password: str = ipmi_sim.PASSWORD) -> Target:
    """How to reach an ``ipmi_sim``."""
    return Target(name, bmc.address, bmc.port, ipmi_sim.USER, SecretStr(password))


def rehearsed(room: Room) -> list[Target]:
    """How to reach the BMCs of the lab."""
    return [
        Target(box.name, box.bmc.address, LAB_PORT, BMC_USER, SecretStr(BMC_PASSWORD)) for box in room.chassis
    ]


async def until(
    fleet: BmcFleet, good: Callable[[dict[str, BmcReading]], bool], seconds: float = 8.0
) -> float:
    """Wait for readings that satisfy ``good``; the seconds it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not good(fleet.readings()):
        assert loop.time() < began + seconds, f"still not so: {fleet.readings()}"
        await asyncio.sleep(0.01)
    return loop.time() - began


def complete(reading: BmcReading) -> bool:
    """All of a turn has arrived."""
    return reading.state is BmcState.OK and reading.inlet_c is not None and reading.sel_entries is not None


async def counted_sessions(bmc: ipmi_sim.SimulatedBmc) -> int:
    """Open sessions, as ipmitool counts them, its own included."""
    login = ["-H", bmc.address, "-p", str(bmc.port), "-U", ipmi_sim.USER, "-P", ipmi_sim.PASSWORD]
    tool = await asyncio.create_subprocess_exec(
        "ipmitool", "-I", "lanplus", "-C", "3", *login, "session", "info", "active", stdout=subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(tool.communicate(), 10)
    counts = [line.split(":")[1] for line in out.decode().splitlines() if line.startswith("active sessions")]
    return int(counts[0])
