"""One BMC: its session, its state, its latest reading, and the turns in which it is asked."""

import asyncio
import logging
import math
import random
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from c3tui.clients.bmc import chassis
from c3tui.clients.bmc.dialogue import Dialogue
from c3tui.clients.bmc.exchange import (
    NODE_BUSY,
    TIMED_OUT,
    Denied,
    Malformed,
    NoLogin,
    Reply,
    Request,
    Silent,
    Target,
    Trouble,
)
from c3tui.clients.bmc.gate import Gate
from c3tui.clients.bmc.ledger import Ledger
from c3tui.clients.bmc.login import log_in, pause
from c3tui.clients.bmc.poll import Poller, shown
from c3tui.clients.bmc.sdr import Repository
from c3tui.model.fleet import BmcReading, BmcState

if TYPE_CHECKING:
    from c3tui.clients.bmc.wire import Wire

T = TypeVar("T")

log = logging.getLogger(__name__)

JITTER = 0.2
"""Of the period between polls, either way: traffic stays even though all began at once."""
GOODBYE = 0.25
"""Seconds for a farewell, and as much for switching the LED off."""
TURN_LIMIT = 120.0
"""Seconds for one turn, fetching all sensor records from a slow BMC included."""
_BUSY_TRIES, _BUSY_PAUSE = 3, 0.25
_SHUT_OUT = (BmcState.WRONG_PASSWORD, BmcState.NO_LOGIN)
_REPEAT = 10.0
"""Seconds between identify requests at a BMC that lights its LED only for a time."""
_REPEAT_FOR = 15


@dataclass(frozen=True)
class Surroundings:
    """What all links share, and whom they tell."""

    wire: "Wire"
    gate: Gate
    ledger: Ledger
    repository: Repository
    publish: Callable[[str, BmcReading], None]
    period: Callable[[str], float]
    """Seconds between polls of the BMC of that name."""
    beat: float
    """Seconds between moments at which planned polls begin."""
    preferred: Callable[[str], bool]


def _nothing() -> None:
    """Nobody to tell."""


class Link:
    """Keeps one session open and the reading fresh. Lives on the owner thread's loop."""

    def __init__(self, target: Target, around: Surroundings, reading: BmcReading | None = None) -> None:
        self.target = target
        self.reading = reading or BmcReading()
        self.lit = False
        """Its identify LED was switched on from here."""
        self._around = around
        self._poller = Poller(around.repository)
        self._dialogue: Dialogue | None = None
        self._connecting = asyncio.Lock()
        self._failures = 0
        self._refused: NoLogin | None = None
        self._refused_at = 0.0
        self._due = 0.0
        self._nap: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._repeating: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """There is a session, as far as is known."""
        return self._dialogue is not None and self._dialogue.open

    def start(self, after: asyncio.Task[None] | None = None) -> None:
        """Begin to poll, ``after`` the predecessor has left."""
        self._task = asyncio.create_task(self._run(after), name=f"bmc {self.target.name}")

    def hurry(self, within: float = 0.0) -> None:
        """Poll or log in within so many seconds, whatever was planned."""
        self._due = min(self._due, asyncio.get_running_loop().time() + within)
        if self._nap and not self._nap.done():
            self._nap.set_result(None)

    async def close(self) -> None:
        """LED off if it was lit from here, session closed; bounded, and quiet about what fails."""
        for task in (self._task, self._repeating):
            if task:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
        if self.lit:
            try:
                await asyncio.wait_for(self.identify(False), GOODBYE)
            except (TimeoutError, Trouble):
                log.warning("the identify LED of %s could not be switched off", self.target.where)
        if dialogue := self._dialogue:
            self._dialogue = None
            if await dialogue.goodbye(GOODBYE):
                self._around.ledger.closed(self.target.place, [dialogue.session])

    async def ask(self, netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0) -> bytes:
        """See ``exchange.Ask``. For what somebody waits for: it overtakes a turn of polling."""
        [reply] = await self._asked([Request(netfn, command, data)], patience, urgent=True)
        return reply.granted()

    async def _ask_idly(self, netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0) -> bytes:
        [reply] = await self._asked([Request(netfn, command, data)], patience, urgent=False)
        return reply.granted()

    async def _ask_all_idly(self, requests: Sequence[Request]) -> list[Reply]:
        return await self._asked(requests, 0.0, urgent=False)

    async def _asked(self, requests: Sequence[Request], patience: float, urgent: bool) -> list[Reply]:
        replies = await self._exchange(requests, patience, urgent)
        for place, request in enumerate(requests):
            for _ in range(_BUSY_TRIES - 1):
                if replies[place].code not in (NODE_BUSY, TIMED_OUT):
                    break
                await asyncio.sleep(_BUSY_PAUSE)
                [replies[place]] = await self._exchange([request], patience, urgent)
        return replies

    def _exchange(
        self, requests: Sequence[Request], patience: float, urgent: bool
    ) -> "asyncio.Future[list[Reply]]":
        if self._dialogue is None:
            raise Silent("no session")
        return self._dialogue.ask(requests, patience=patience, urgent=urgent)

    async def reach(self, again: bool = False) -> chassis.Status:
        """Chassis status over a session that works, for a command that somebody waits for.

        Args:
            again: try one login although the last was refused; somebody says that it was mended.

        Raises:
            NoLogin: no session; a wrong password is not tried again.
            Silent, Denied, Malformed: as it went.
        """
        before = self.reading.state
        if not self.alive and before in _SHUT_OUT and not again:
            raise NoLogin(before, self.reading.detail)
        try:
            status = await self._in_session(lambda: chassis.status(self.ask))
        except (NoLogin, Silent) as failure:
            self._failed(failure)
            raise
        self.note(status)
        if before is not BmcState.OK:
            self.hurry()
        return status

    def note(self, status: chassis.Status) -> None:
        """Take a status just read into the reading."""
        self._update(shown(status))

    async def poll(self) -> None:
        """One turn now. Its failure shows in the reading."""
        try:
            async with asyncio.timeout(TURN_LIMIT):
                if not self.alive:
                    async with self._around.gate.place(self._rank) as leave:
                        await self._connect(leave)
                await self._in_session(self._poll)
            self._failures = 0
        except TimeoutError:
            if self._dialogue:
                self._dialogue.abandon()
            self._failed(Silent(f"too slow: not all questions answered in {TURN_LIMIT:.0f} s"))
        except Trouble as failure:
            self._failed(failure)
        except Exception as failure:
            log.exception("polling %s stumbled", self.target.where)
            self._failed(Malformed(f"cannot be read: {type(failure).__name__}"))

    async def identify(self, on: bool, keep: bool = False) -> None:
        """Switch the LED, without waiting for the status to show it.

        Args:
            keep: it stays lit when this link is closed: somebody else remembers it.
        """
        if self._repeating:
            self._repeating.cancel()
            self._repeating = None
        if not on:
            await chassis.identify_off(self.ask)
            self.lit = False
            return
        # From here on something must switch it off, even if the answer gets lost.
        self.lit = not keep
        try:
            await chassis.identify_on(self.ask)
        except Denied:
            try:
                await chassis.identify_for(self.ask, _REPEAT_FOR)
            except Denied:
                self.lit = False
                raise
            self._repeating = asyncio.create_task(self._keep_lit())

    async def sensor_names(self) -> dict[int, str]:
        """Sensor names by number."""
        return await self._poller.know_sensors(self.ask)

    async def _keep_lit(self) -> None:
        while True:
            await asyncio.sleep(_REPEAT)
            with suppress(Trouble):
                await chassis.identify_for(self.ask, _REPEAT_FOR)

    async def _run(self, after: asyncio.Task[None] | None) -> None:
        loop = asyncio.get_running_loop()
        if after:
            await asyncio.wait({after})
        while True:
            self._due = float("inf")
            await self.poll()
            self._around.ledger.beat()
            self._due = min(self._due, self._planned(loop.time()))
            while self._due > loop.time():
                await self._sleep(loop)

    async def _sleep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Until the next turn is due, or somebody hurries."""
        nap = self._nap = loop.create_future()
        timer = loop.call_at(self._due, _wake, nap) if self._due < float("inf") else None
        try:
            await nap
        finally:
            self._nap = None
            if timer:
                timer.cancel()

    def _rank(self) -> tuple[bool, bool]:
        return not self._around.preferred(self.target.name), self._failures > 0

    def _planned(self, now: float) -> float:
        """When the next turn is due. Turns begin many at a time, which costs the fleet far fewer wake-ups."""
        if self.reading.state is not BmcState.OK:
            return now + pause(self.reading.state, self._failures)
        beat = self._around.beat
        period = self._around.period(self.target.name) * random.uniform(1 - JITTER, 1 + JITTER)
        return math.ceil((now + period) / beat - 0.5) * beat

    async def _in_session(self, work: Callable[[], Awaitable[T]]) -> T:
        # A session may have died since its last use, with the BMC alive: once, and only once, log in again.
        if self.alive:
            with suppress(Silent):
                return await work()
        await self._connect()
        return await work()

    async def _connect(self, dull: Callable[[], None] = _nothing) -> None:
        asked = asyncio.get_running_loop().time()
        async with self._connecting:
            if self.alive:
                return
            if self._refused and self._refused_at >= asked:
                raise NoLogin(self._refused.state, self._refused.detail)  # by the attempt we waited for
            silent = self.reading.state is BmcState.NO_ANSWER
            try:
                self._dialogue = await log_in(
                    self._around.wire, self._around.ledger, self.target, found_silent=silent, dull=dull
                )
            except NoLogin as failure:
                self._refused, self._refused_at = failure, asyncio.get_running_loop().time()
                raise
            self._poller.renew()

    async def _poll(self) -> None:
        await self._poller.turn(self._ask_idly, self._ask_all_idly, self._update)

    def _failed(self, failure: Trouble) -> None:
        self._failures += 1
        state = BmcState.ERROR
        if isinstance(failure, NoLogin):
            state = failure.state
        elif isinstance(failure, Silent):
            state = BmcState.NO_ANSWER
        self._update({"state": state, "detail": str(failure)})

    def _update(self, changed: dict[str, Any]) -> None:
        self.reading = self.reading.model_copy(update=changed)
        self._around.publish(self.target.name, self.reading)


def _wake(nap: asyncio.Future[None]) -> None:
    if not nap.done():
        nap.set_result(None)
