"""An open session: questions one after the other, sent again when lost, the urgent ones first."""

import asyncio
import time
from collections.abc import Callable, Sequence

from c3tui.clients.bmc.envelope import Answer, Envelope
from c3tui.clients.bmc.exchange import APP, Reply, Request, Session, Silent

FIRST_RETRY, LONGEST_RETRY, GROWTH = 0.3, 2.0, 1.5
"""Seconds until a request is sent again, at least and at most; by what that grows with each loss."""
TRIES = 3
"""Times a request is sent before the session counts as lost."""
_NUMBERS = 64
CLOSE_SESSION = 0x3C


class _Question:
    """Requests that belong together, and their answers so far."""

    __slots__ = ("future", "patience", "replies", "requests")

    def __init__(self, requests: Sequence[Request], patience: float) -> None:
        self.requests = requests
        self.patience = patience
        self.replies: list[Reply] = []
        self.future: asyncio.Future[list[Reply]] = asyncio.get_running_loop().create_future()

    def fail(self, why: str) -> None:
        if not self.future.done():
            self.future.set_exception(Silent(why))
            self.future.exception()  # an asker that was cancelled never looks


class Dialogue:
    """One session after its login. BMCs are serial: one request is under way at a time.

    The next request leaves from within the arrival of the answer before it: a turn of questions costs one
    wake-up of its asker, however many they are.

    Args:
        send: puts a datagram on the wire.
        waiting: those that wait for an answer enter and leave it; their ``tick`` is to be called.
        left: called once when the session is over.
    """

    def __init__(
        self,
        session: Session,
        envelope: Envelope,
        send: Callable[[bytes], None],
        waiting: "dict[Dialogue, None]",
        left: Callable[[], None],
    ) -> None:
        self.session = session
        self.open = True
        """As far as is known."""
        self._envelope = envelope
        self._send = send
        self._waiting = waiting
        self._left = left
        self._urgent: list[_Question] = []
        self._ordinary: list[_Question] = []
        self._current: _Question | None = None
        self._number = 0
        self._tries = 0
        self._round_trip = 0.1
        self._began = self._deadline = self._pause = 0.0

    def ask(
        self, requests: Sequence[Request], *, patience: float = 0.0, urgent: bool = False
    ) -> asyncio.Future[list[Reply]]:
        """Send requests in turn; the future gets an answer to each, or ``Silent``.

        Args:
            patience: seconds before a request is sent once more; 0 takes the round-trip time's word.
            urgent: before all that is not, in the middle of another question if need be.
        """
        question = _Question(requests, patience)
        if not self.open:
            question.fail("the session is closed")
            return question.future
        if not requests:
            question.future.set_result([])
            return question.future
        (self._urgent if urgent else self._ordinary).append(question)
        if self._current is None:
            self._next()
        return question.future

    def receive(self, datagram: bytes) -> None:
        """Take a datagram that came for this session."""
        answer = self._envelope.open(datagram)
        question = self._current
        if answer is None or question is None or not self._answers(answer, question):
            return
        if self._tries == 1:
            self._round_trip += (time.monotonic() - self._began - self._round_trip) / 8
        question.replies.append(answer.reply)
        if len(question.replies) == len(question.requests):
            self._forget(question)
            if not question.future.done():
                question.future.set_result(question.replies)
        self._next()

    def tick(self, now: float) -> None:
        """Send again what stayed without an answer for too long, or give the session up."""
        question = self._current
        if question is None or now < self._deadline:
            return
        if self._tries >= TRIES:
            self.end()
            return
        self._pause = min(self._pause * GROWTH, LONGEST_RETRY)
        self._transmit(question)

    async def goodbye(self, seconds: float) -> bool:
        """Close the session at the BMC, within ``seconds`` whatever it does; whether it confirmed that."""
        if not self.open:
            return False
        closing = self.ask([self._closing()], patience=seconds / 2, urgent=True)
        await asyncio.wait({closing}, timeout=seconds)
        confirmed = closing.done() and closing.exception() is None
        if confirmed:
            self.end()
        else:
            closing.cancel()
            self.abandon()
        return confirmed

    def abandon(self) -> None:
        """Forget the session; the BMC is told by one packet that nobody waits for."""
        if self.open:
            self._send(self._envelope.seal(self._closing(), (self._number + 1) % _NUMBERS))
        self.end()

    def end(self) -> None:
        """The session is over: whoever still waits hears of it."""
        if not self.open:
            return
        self.open = False
        self._current = None
        self._waiting.pop(self, None)
        for question in (*self._urgent, *self._ordinary):
            question.fail("no answer within the session")
        self._urgent.clear()
        self._ordinary.clear()
        self._left()

    def _closing(self) -> Request:
        return Request(APP, CLOSE_SESSION, self.session.id.to_bytes(4, "little"))

    def _next(self) -> None:
        question = self._pick()
        self._current = question
        if question is None:
            self._waiting.pop(self, None)
            return
        self._number = (self._number + 1) % _NUMBERS
        self._tries = 0
        self._pause = question.patience or min(max(4 * self._round_trip, FIRST_RETRY), FIRST_RETRY * 5)
        self._transmit(question)

    def _pick(self) -> _Question | None:
        for queue in (self._urgent, self._ordinary):
            while queue:
                if not queue[0].future.done():
                    return queue[0]
                queue.pop(0)
        return None

    def _transmit(self, question: _Question) -> None:
        self._tries += 1
        self._began = time.monotonic()
        self._deadline = self._began + self._pause
        self._waiting[self] = None
        self._send(self._envelope.seal(question.requests[len(question.replies)], self._number))

    def _answers(self, answer: Answer, question: _Question) -> bool:
        asked = question.requests[len(question.replies)]
        return (answer.netfn, answer.command, answer.number) == (
            asked.netfn | 1,
            asked.command,
            self._number,
        )

    def _forget(self, question: _Question) -> None:
        for queue in (self._urgent, self._ordinary):
            if question in queue:
                queue.remove(question)
