"""One BMC: its session, its state, its latest reading, and the turns in which it is asked."""

import asyncio
import logging
import random
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from c3tui.clients.bmc import chassis
from c3tui.clients.bmc.exchange import (
    NODE_BUSY,
    TIMED_OUT,
    Denied,
    Malformed,
    NoLogin,
    Silent,
    Target,
    Trouble,
)
from c3tui.clients.bmc.gate import Gate
from c3tui.clients.bmc.login import log_in, pause
from c3tui.clients.bmc.poll import Poller, shown
from c3tui.clients.bmc.sdr import Repository
from c3tui.model.fleet import BmcReading, BmcState

if TYPE_CHECKING:
    from c3tui.clients.bmc.conversation import Conversation, Reply
    from c3tui.clients.bmc.wire import Wire

T = TypeVar("T")

log = logging.getLogger(__name__)

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
    repository: Repository
    publish: Callable[[str, BmcReading], None]
    period: Callable[[str], float]
    """Seconds between polls of the BMC of that name."""
    preferred: Callable[[str], bool]


class Link:
    """Keeps one session open and the reading fresh. Lives on the owner thread's loop."""

    def __init__(self, target: Target, around: Surroundings, reading: BmcReading | None = None) -> None:
        self.target = target
        self.reading = reading or BmcReading()
        self.lit = False
        """Its identify LED was switched on from here."""
        self._around = around
        self._poller = Poller(around.repository)
        self._conversation: Conversation | None = None
        self._connecting = asyncio.Lock()
        self._turn = asyncio.Lock()
        self._failures = 0
        self._refused: NoLogin | None = None
        self._refused_at = 0.0
        self._due = 0.0
        self._hurried = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._repeating: asyncio.Task[None] | None = None

    @property
    def alive(self) -> bool:
        """There is a session, as far as is known."""
        return self._conversation is not None and not self._conversation.broken

    def start(self, after: asyncio.Task[None] | None = None) -> None:
        """Begin to poll, ``after`` the predecessor has left."""
        self._task = asyncio.create_task(self._run(after), name=f"bmc {self.target.name}")

    def hurry(self, within: float = 0.0) -> None:
        """Poll or log in within so many seconds, whatever was planned."""
        self._due = min(self._due, asyncio.get_running_loop().time() + within)
        self._hurried.set()

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
        if conversation := self._conversation:
            self._conversation = None
            await conversation.goodbye(GOODBYE)

    async def ask(self, netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0) -> bytes:
        """See ``exchange.Ask``. Requests of several askers take turns: BMCs are serial."""
        for attempt in range(_BUSY_TRIES):
            if attempt:
                await asyncio.sleep(_BUSY_PAUSE)
            reply = await self._exchange(netfn, command, data, patience)
            if reply.code not in (NODE_BUSY, TIMED_OUT):
                break
        if reply.code:
            raise Denied(reply.code)
        return reply.data

    async def _exchange(self, netfn: int, command: int, data: bytes, patience: float) -> "Reply":
        await self._turn.acquire()
        try:
            if self._conversation is None:
                raise Silent("no session")
            future = self._conversation.ask(netfn, command, data, patience)
        except BaseException:
            self._turn.release()
            raise
        # A cancelled asker leaves its question on the wire: the turn ends with the answer, not with him.
        future.add_done_callback(lambda _: self._turn.release())
        return await asyncio.shield(future)

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
                    async with self._around.gate.place(self._rank):
                        await self._connect()
                await self._in_session(self._poll)
            self._failures = 0
        except TimeoutError:
            if self._conversation:
                self._conversation.abandon()
            self._failed(Silent(f"too slow: not all questions answered in {TURN_LIMIT:.0f} s"))
        except Trouble as failure:
            self._failed(failure)
        except Exception as failure:
            log.exception("polling %s stumbled", self.target.where)
            self._failed(Malformed(f"cannot be read: {type(failure).__name__}"))

    async def identify(self, on: bool) -> None:
        """Switch the LED, without waiting for the status to show it."""
        if self._repeating:
            self._repeating.cancel()
            self._repeating = None
        if not on:
            await chassis.identify_off(self.ask)
            self.lit = False
            return
        self.lit = True  # from here on something must switch it off, even if the answer gets lost
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
        await self._poller.know_sensors(self.ask)
        return self._poller.names

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
            self._hurried.clear()
            self._due = float("inf")
            await self.poll()
            self._due = min(self._due, loop.time() + self._next())
            while (left := self._due - loop.time()) > 0:
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._hurried.wait(), left)
                self._hurried.clear()

    def _rank(self) -> tuple[bool, bool]:
        return not self._around.preferred(self.target.name), self._failures > 0

    def _next(self) -> float:
        if self.reading.state is BmcState.OK:
            return self._around.period(self.target.name) * random.uniform(0.9, 1.1)
        return pause(self.reading.state, self._failures)

    async def _in_session(self, work: Callable[[], Awaitable[T]]) -> T:
        # A session may have died since its last use, with the BMC alive: once, and only once, log in again.
        if self.alive:
            with suppress(Silent):
                return await work()
        await self._connect()
        return await work()

    async def _connect(self) -> None:
        asked = asyncio.get_running_loop().time()
        async with self._connecting:
            if self.alive:
                return
            if self._refused and self._refused_at >= asked:
                raise NoLogin(self._refused.state, self._refused.detail)  # by the attempt we waited for
            silent = self.reading.state is BmcState.NO_ANSWER
            try:
                self._conversation = await log_in(self._around.wire, self.target, found_silent=silent)
            except NoLogin as failure:
                self._refused, self._refused_at = failure, asyncio.get_running_loop().time()
                raise
            self._poller.renew()

    async def _poll(self) -> None:
        await self._poller.turn(self.ask, self._update)

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
