"""The lab's BMCs, judged by datagrams: the knobs of the wire, logins gone wrong, and noise."""

import asyncio
import random
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from c3tui.lab.bmc import BmcLab
from c3tui.lab.bmc.codes import Privilege, Status
from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.message import Request, answer, checksum
from c3tui.lab.bmc.responder import Responder
from c3tui.lab.bmc.sessions import IDLE_SECONDS, Session, SessionTable, Window
from c3tui.lab.bmc.suites import SUITES, Keys, choose
from c3tui.lab.chassis import BMC_USER, Chassis
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario
from tests.support.bmcs import OCTET, PORT, opened

PEER = ("127.0.0.1", 4000)


def ping(tag: int) -> bytes:
    """An ASF presence ping."""
    return bytes((6, 0, 0xFF, 6)) + struct.pack(">IBBBB", 4542, 0x80, tag, 0, 0)


class Pinger(asyncio.DatagramProtocol):
    """Sends datagrams to one BMC and keeps what comes back."""

    def __init__(self) -> None:
        self.answers: asyncio.Queue[bytes] = asyncio.Queue()

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        self.answers.put_nowait(data)


@asynccontextmanager
async def pinging(box: Chassis) -> AsyncIterator[Callable[[bytes, float], Awaitable[bytes | None]]]:
    """A function that sends a datagram and gives its answer, or None after so many seconds."""
    transport, pinger = await asyncio.get_running_loop().create_datagram_endpoint(
        Pinger, remote_addr=(box.bmc.address, PORT)
    )

    async def exchange(datagram: bytes, seconds: float) -> bytes | None:
        transport.sendto(datagram)
        try:
            return await asyncio.wait_for(pinger.answers.get(), seconds)
        except TimeoutError:
            return None

    try:
        yield exchange
    finally:
        transport.close()


async def test_a_dead_bmc_is_silent_until_it_lives_again() -> None:
    async with opened() as room, pinging(room.chassis[0]) as exchange:
        room.chassis[0].bmc.alive = False
        assert await exchange(ping(7), 0.1) is None
        room.chassis[0].bmc.alive = True
        pong = await exchange(ping(7), 5)
        assert pong is not None and pong[8:10] == bytes((0x40, 7)) and pong[20] & 0x80


async def test_latency_delays_an_answer() -> None:
    async with opened(latency_ms=60.0) as room, pinging(room.chassis[0]) as exchange:
        begun = time.monotonic()
        assert await exchange(ping(7), 5)
        assert time.monotonic() - begun >= 0.03


async def test_loss_drops_some_and_not_all() -> None:
    async with opened(loss=0.3) as room, pinging(room.chassis[0]) as exchange:
        answered: list[int] = []
        for tag in range(200):
            pong = await exchange(ping(tag), 0.02)
            if pong is not None:
                answered.append(pong[9])
            # A BMC answers in order, so a tag that was passed over is lost and not late.
            if answered and answered[-1] >= len(answered):
                return
        raise AssertionError(f"nothing or everything was lost: {answered}")


async def test_only_loopback_and_only_a_free_port() -> None:
    room = Room(Scenario(servers=2, octet=OCTET))
    async with opened():
        with pytest.raises(OSError):
            await BmcLab(room).start(PORT)
    room.chassis[1].bmc.address = "192.0.2.1"
    with pytest.raises(ValueError, match=r"192\.0\.2\.1"):
        await BmcLab(room).start(PORT)


def logged_in(bmc: Controller, now: float) -> Session:
    """The console's end of a session that is logged in as administrator."""
    suite = SUITES[0]
    inner = bmc.sessions.add(1, suite, Privilege.ADMINISTRATOR, PEER, now)
    assert inner
    inner.keys = Keys(suite, b"session key")
    inner.privilege = Privilege.ADMINISTRATOR
    console = Session(1, inner.number, suite, Privilege.ADMINISTRATOR, PEER, now)
    console.keys = inner.keys
    return console


def request(netfn: int, command: int, data: bytes = b"") -> bytes:
    """The payload of a command to the BMC."""
    tail = bytes((0x81, 0x04, command)) + data
    return bytes((0x20, netfn << 2, checksum(bytes((0x20, netfn << 2))))) + tail + bytes((checksum(tail),))


def ask(responder: Responder, console: Session, netfn: int, command: int, data: bytes = b"") -> bytes | None:
    """Completion code and data of a command, over the session, or None."""
    reply = responder.respond(console.seal(request(netfn, command, data)), PEER, 0.0)
    return None if reply is None else console.open(reply).payload[6:-1]


async def test_every_command_takes_any_data() -> None:
    room = Room(Scenario(servers=1, bays=1))
    bmc = Controller(room, room.chassis[0])
    responder, rng = Responder(bmc), random.Random(1)
    for netfn in (0x00, 0x04, 0x06, 0x0A, 0x0C, 0x2C, 0x30):
        for command in range(256):
            for length in (0, 1, 2, 4, 6, 16, 22):
                console = logged_in(bmc, 0.0)
                assert ask(responder, console, netfn, command, rng.randbytes(length))
                bmc.sessions.clear()
    bmc.close()
    await room.close()


async def test_garbage_is_dropped() -> None:
    room = Room(Scenario(servers=1, bays=1))
    bmc, rng = Controller(room, room.chassis[0]), random.Random(2)
    responder = Responder(bmc)
    console = logged_in(bmc, 0.0)
    good = console.seal(request(0x06, 0x01))
    for end in range(len(good)):
        assert responder.respond(good[:end], PEER, 0.0) is None
    for place in range(len(good)):
        # Two bytes of the RMCP header, reserved and sequence, have no meaning to IPMI.
        if place not in (1, 2):
            broken = good[:place] + bytes((good[place] ^ 0x10,)) + good[place + 1 :]
            assert responder.respond(broken, PEER, 0.0) is None, place
    for _ in range(3000):
        head = rng.choice((b"", b"\x06\x00\xff\x07", b"\x06\x00\xff\x07\x06", b"\x06\x00\xff\x06", good[:16]))
        assert responder.respond(head + rng.randbytes(rng.randrange(64)), PEER, 0.0) is None
    assert responder.respond(good, PEER, 0.0) is not None
    assert responder.respond(good, PEER, 0.0) is None, "a replay"
    assert ask(responder, console, 0x06, 0x01) is not None


async def test_a_bad_rakp3_is_refused_and_frees_the_slot() -> None:
    async with opened(session_limit=1) as room, pinging(room.chassis[0]) as exchange:

        async def send(kind: int, payload: bytes) -> bytes:
            head = struct.pack("<BBIIH", 6, kind, 0, 0, len(payload))
            reply = await exchange(bytes((6, 0, 0xFF, 7)) + head + payload, 5)
            assert reply is not None and reply[5] == kind + 1
            return reply[16:]

        algorithms = b"".join(bytes((kind, 0, 0, 8, 1, 0, 0, 0)) for kind in range(3))
        for _ in range(2):
            granted = await send(0x10, bytes((9, 4, 0, 0, 1, 0, 0, 0)) + algorithms)
            assert granted[:2] == bytes((9, 0))
            number = granted[8:12]
            name = BMC_USER.encode()
            offer = bytes((9, 0, 0, 0)) + number + bytes(16) + bytes((0x14, 0, 0, len(name))) + name
            assert (await send(0x12, offer))[:2] == bytes((9, 0))
            refused = await send(0x14, bytes((9, 0, 0, 0)) + number + bytes(20))
            assert refused[1] == Status.INVALID_INTEGRITY_CHECK


def test_sessions_expire_and_sequences_are_taken_once() -> None:
    table = SessionTable(1)
    first = table.add(1, SUITES[0], Privilege.USER, PEER, 0.0)
    assert first and table.add(2, SUITES[0], Privilege.USER, PEER, IDLE_SECONDS) is None
    assert table.get(first.number, IDLE_SECONDS) and table.get(first.number, IDLE_SECONDS + 0.1) is None
    assert table.add(2, SUITES[0], Privilege.USER, PEER, IDLE_SECONDS + 0.1)
    window = Window()
    taken = [window.take(number) for number in (1, 3, 2, 2, 3, 0, 35, 36, 3, 4, 1000)]
    assert taken == [True, True, True, False, False, False, True, True, False, False, False]


async def test_partial_reads_want_a_reservation() -> None:
    room = Room(Scenario(servers=1, bays=1))
    bmc = Controller(room, room.chassis[0])
    responder, console = Responder(bmc), logged_in(bmc, 0.0)
    whole = ask(responder, console, 0x0A, 0x23, bytes((0, 0, 1, 0, 0, 0xFF)))
    assert whole is not None and whole[0] == 0
    assert ask(responder, console, 0x0A, 0x23, bytes((9, 9, 1, 0, 5, 8))) == b"\xc5"
    reserved = ask(responder, console, 0x0A, 0x22)
    assert reserved is not None
    part = ask(responder, console, 0x0A, 0x23, reserved[1:] + bytes((1, 0, 5, 8)))
    assert part is not None and part[3:] == whole[8:16]


def test_unknown_algorithms_have_statuses_of_their_own() -> None:
    assert choose((9, 1, 1)) is Status.INVALID_AUTHENTICATION_ALGORITHM
    assert choose((1, 9, 1)) is Status.INVALID_INTEGRITY_ALGORITHM
    assert choose((1, 1, 9)) is Status.INVALID_CONFIDENTIALITY_ALGORITHM
    assert choose((1, 0, 0)) is Status.NO_CIPHER_SUITE_MATCH
    assert choose((None, None, None)) is SUITES[0]
    reply = answer(Request(0x06, 0, 0x01, b"", 0x81, 0x04), 0)
    assert sum(reply[:3]) & 0xFF == sum(reply[3:]) & 0xFF == 0
