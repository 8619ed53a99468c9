"""Sealed packets against the rehearsal BMC's own code, and the order in which questions are asked."""

import asyncio
import itertools
import time

import pytest

from c3tui.clients.bmc import login
from c3tui.clients.bmc.dialogue import TRIES, Dialogue
from c3tui.clients.bmc.envelope import Answer, Envelope, Keys
from c3tui.clients.bmc.exchange import Reply, Request, Session, Silent
from c3tui.lab.bmc import message
from c3tui.lab.bmc.codes import Privilege
from c3tui.lab.bmc.sessions import Session as LabSession
from c3tui.lab.bmc.suites import SUITES, Suite
from c3tui.lab.bmc.suites import Keys as LabKeys
from c3tui.model.fleet import BmcState


def both_ends(suite: Suite) -> tuple[Envelope, LabSession]:
    """The two ends of a session, from one session key."""
    key = bytes(range(20))
    far = LabSession(7, 9, suite, Privilege.ADMINISTRATOR, ("127.0.0.1", 1), 0.0)
    far.keys = LabKeys(suite, key)
    integrity, confidentiality = suite.mac(key, b"\x01" * 20), suite.mac(key, b"\x02" * 20)[:16]
    near = Envelope(Keys(9, 7, integrity, confidentiality, suite.digest, suite.check_length))
    return near, far


@pytest.mark.parametrize("suite", SUITES, ids=lambda suite: f"suite{suite.number}")
@pytest.mark.parametrize("length", [0, 8, 9, 25, 200])
def test_what_one_end_seals_the_other_opens(suite: Suite, length: int) -> None:
    near, far = both_ends(suite)
    for number in (3, 4):
        data = bytes(index & 0xFF for index in range(length))
        asked = message.parse(far.open(near.seal(Request(0x0A, 0x11, data), number)).payload)
        assert (asked.netfn, asked.command, asked.data) == (0x0A, 0x11, data)
        sealed = far.seal(message.answer(asked, 0xCB, data))
        assert near.open(sealed) == Answer(0x0B, 0x11, number, Reply(0xCB, data))


def test_forged_old_and_foreign_packets_are_not_opened() -> None:
    near, far = both_ends(SUITES[1])
    asked = message.parse(far.open(near.seal(Request(0, 1), 1)).payload)
    first, second = (far.seal(message.answer(asked, 0, b"\x01\x02\x03")) for _ in range(2))
    for place in range(4, len(second)):
        assert near.open(second[:place] + bytes([second[place] ^ 1]) + second[place + 1 :]) is None
    assert near.open(second[:-1]) is None
    assert near.open(second) is not None
    assert near.open(first) is None, "older than the one before"
    far.console = 10
    assert near.open(far.seal(message.answer(asked, 0, b"\x01\x02\x03"))) is None


class Line:
    """A dialogue whose packets are written down instead of sent; answers are given by hand."""

    def __init__(self) -> None:
        self.sent: list[Request] = []
        self.over = 0
        self.number = 0
        self.waiting: dict[Dialogue, None] = {}
        self.dialogue = Dialogue(Session(7, 1), self, lambda packet: None, self.waiting, self.left)  # type: ignore[arg-type]

    def left(self) -> None:
        self.over += 1

    def seal(self, request: Request, number: int) -> bytes:
        self.sent.append(request)
        self.number = number
        return b""

    def open(self, datagram: bytes) -> Answer:
        asked = self.sent[-1]
        return Answer(asked.netfn | 1, asked.command, datagram[0], Reply(0, bytes([asked.command])))

    def answer(self) -> None:
        self.dialogue.receive(bytes([self.number]))


def requests(*commands: int) -> list[Request]:
    return [Request(4, command) for command in commands]


async def test_an_order_overtakes_a_turn_of_polling() -> None:
    line = Line()
    turn = line.dialogue.ask(requests(1, 2, 3))
    later = line.dialogue.ask(requests(4))
    order = line.dialogue.ask(requests(9), urgent=True)
    for _ in range(5):
        line.answer()
    assert [request.command for request in line.sent] == [1, 9, 2, 3, 4]
    assert [reply.data for reply in await turn] == [b"\x01", b"\x02", b"\x03"]
    assert [reply.data for reply in [*await order, *await later]] == [b"\x09", b"\x04"]
    assert not line.waiting, "nothing is awaited any more"


async def test_a_late_answer_is_not_the_next_ones() -> None:
    line = Line()
    given_up = line.dialogue.ask(requests(1, 2))
    number = line.number
    given_up.cancel()
    following = line.dialogue.ask(requests(1))
    line.answer()
    assert [request.command for request in line.sent] == [1, 1], "the rest of a cancelled turn is dropped"
    line.dialogue.receive(bytes([number]))
    assert not following.done()
    line.answer()
    assert (await following)[0].data == b"\x01"


async def test_a_lost_request_is_sent_again_until_the_session_counts_as_lost() -> None:
    line = Line()
    asked, queued = line.dialogue.ask(requests(1)), line.dialogue.ask(requests(2))
    began = time.monotonic()
    line.dialogue.tick(began)
    assert len(line.sent) == 1, "not before its time"
    for later in itertools.count(1):
        if not line.dialogue.open:
            break
        line.dialogue.tick(began + 10.0 * later)
    assert len(line.sent) == TRIES and line.over == 1 and not line.waiting
    for future in (asked, queued, line.dialogue.ask(requests(3))):
        with pytest.raises(Silent):
            await future


async def test_a_session_that_does_not_answer_is_left_in_time() -> None:
    line = Line()
    line.dialogue.ask(requests(1))
    began = asyncio.get_running_loop().time()
    assert not await line.dialogue.goodbye(0.05)
    assert asyncio.get_running_loop().time() - began < 0.5
    assert line.sent[-1] == Request(6, 0x3C, b"\x07\0\0\0"), "told so, though nobody waits"
    assert not line.dialogue.open


def test_who_is_shut_out_is_tried_again_when_told_only() -> None:
    assert login.pause(BmcState.WRONG_PASSWORD, 1) == float("inf")
    assert login.pause(BmcState.NO_LOGIN, 1) == float("inf")
    assert 45 < login.pause(BmcState.NO_SESSION, 1) < 75
    assert 4 <= login.pause(BmcState.NO_ANSWER, 1) <= 6 < 40 < login.pause(BmcState.NO_ANSWER, 9) <= 72
