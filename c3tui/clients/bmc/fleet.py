"""The BMCs of a fleet as the rest of C3 sees them: readings, changes, orders.

One thread owns every session. This class is its counter: orders and wishes go in, readings come out.
"""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from c3tui.clients.bmc import orders
from c3tui.clients.bmc.exchange import Target
from c3tui.clients.bmc.outbox import Changes, Outbox
from c3tui.clients.bmc.sel import SelEntry
from c3tui.clients.bmc.switchboard import Switchboard
from c3tui.engine.errors import InputError, Unreachable
from c3tui.model.fleet import BmcReading

T = TypeVar("T")


class BmcFleet:
    """Polls BMCs and passes orders to them. All methods are for one asyncio loop.

    Orders raise ``Unreachable``, ``Unauthorised``, ``Refused`` or ``BadAnswer``, with server, address and
    remedy, and ``InputError`` for a name that is not watched.

    Args:
        poll: seconds between two readings of a BMC that is preferred (or of any, when none is).
        directory: keeps, from one start to the next, the sensor records of each firmware, and which sessions
            are open: what a killed process left open is closed by the next login.
    """

    _in_use: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self, poll: float = 5.0, directory: Path | None = None) -> None:
        self._poll = poll
        self._directory = directory
        self._outbox = Outbox()
        self._targets: tuple[Target, ...] = ()
        self._preferred: frozenset[str] = frozenset()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._board: Switchboard | None = None
        self._stop: asyncio.Event | None = None
        self._finished: asyncio.Future[None] | None = None

    async def start(self) -> None:
        """Start the thread, and polling.

        Raises:
            RuntimeError: another fleet is open in this process; the IPMI library has room for one.
        """
        if not self._in_use.acquire(blocking=False):
            raise RuntimeError("only one BmcFleet can be open in a process")
        loop = asyncio.get_running_loop()
        self._outbox.open(loop)
        started: asyncio.Future[None] = loop.create_future()
        self._finished = loop.create_future()
        self._thread = threading.Thread(target=self._own, args=(loop, started), name="bmc", daemon=True)
        self._thread.start()
        try:
            await asyncio.shield(started)
        except asyncio.CancelledError:
            # Nobody will ever close it: the thread must not outlive the loop it reports to.
            await started
            await self.close()
            raise
        self.prefer(self._preferred)
        self.watch(self._targets)

    async def close(self) -> None:
        """LEDs off, sessions closed, thread gone; within about half a second."""
        if self._thread is None or self._finished is None:
            return
        if self._loop and self._stop:
            with suppress(RuntimeError):  # the thread died before
                self._loop.call_soon_threadsafe(self._stop.set)
        await self._finished
        self._thread.join()
        self._outbox.close()
        self._thread = self._loop = self._board = self._stop = self._finished = None

    async def ended(self) -> None:
        """Wait until its thread is gone: because it was closed, or because it died."""
        if self._finished:
            await asyncio.shield(self._finished)

    def watch(self, targets: Sequence[Target]) -> None:
        """Poll exactly these. What did not change keeps its session; changed ones log in at once.

        Raises:
            InputError: two targets have the same name or the same address and port.
        """
        _must_differ(targets)
        self._targets = tuple(targets)
        self._outbox.expect(target.name for target in targets)
        self._tell(lambda board: board.watch(self._targets))

    def prefer(self, names: Iterable[str]) -> None:
        """What is on screen: logged in to first, polled at the full rate; the others at a quarter of it."""
        wanted = self._preferred = frozenset(names)
        self._tell(lambda board: board.prefer(wanted))

    def retry(self, names: Iterable[str]) -> None:
        """Try these again now: somebody has just repaired them, or their password."""
        wanted = tuple(names)
        self._tell(lambda board: board.retry(wanted))

    def readings(self) -> dict[str, BmcReading]:
        """The latest reading of each, by name."""
        return self._outbox.snapshot()

    def changes(self, callback: Changes) -> None:
        """Call ``callback`` in the loop with changed readings by name, at most four times a second."""
        self._outbox.subscribe(callback)

    async def power(self, name: str, on: bool) -> None:
        """Power on or hard off; returns when the chassis is so."""
        await self._order(lambda board: orders.power(board.link(name), on))

    async def power_cycle(self, name: str) -> None:
        """Off and on again; one that is off is switched on."""
        await self._order(lambda board: orders.power_cycle(board.link(name)))

    async def boot_pxe(self, name: str, uefi: bool = True, persistent: bool = False) -> None:
        """PXE at the next boot, or at every one."""
        await self._order(lambda board: orders.boot_pxe(board.link(name), uefi, persistent))

    async def identify(self, name: str, on: bool, keep: bool = False) -> None:
        """The identify LED on until switched off, here or by ``dark`` or ``close``.

        Args:
            keep: ``dark`` and ``close`` leave it lit: somebody else remembers it.
        """
        await self._order(lambda board: orders.identify(board.link(name), on, keep))

    async def identified(self, name: str) -> bool | None:
        """Whether its identify LED is lit now; None when this BMC does not say."""
        return await self._order(lambda board: orders.identified(board.link(name)))

    async def read(self, name: str, again: bool = False) -> BmcReading:
        """A reading of now. Trouble in getting it shows in its state.

        A password that was refused is not tried again, since BMCs lock accounts, unless ``again`` asks for
        one more login: the board's own password may have been mended meanwhile.
        """
        return await self._order(lambda board: board.read(name, again))

    async def fru(self, name: str) -> dict[str, str]:
        """``serial``, ``product``, ``manufacturer``, ``board_serial``, ``board_product``: those filled in."""
        return await self._order(lambda board: orders.inventory(board.link(name)))

    async def firmware(self, name: str) -> str:
        """Version of the BMC's firmware, such as ``1.73``."""
        return await self._order(lambda board: orders.firmware(board.link(name)))

    async def sel(self, name: str, after: int | None = None) -> list[SelEntry]:
        """The event log, or what follows the record ``after``."""
        return await self._order(lambda board: orders.event_log(board.link(name), after))

    def lit(self) -> set[str]:
        """Whose identify LED was switched on from here."""
        return self._board.lit() if self._board else set()

    async def dark(self) -> None:
        """Switch all those LEDs off.

        Raises:
            ExceptionGroup: of PeerErrors, for those that would not.
        """
        done = await asyncio.gather(
            *(self.identify(name, False) for name in self.lit()), return_exceptions=True
        )
        failed = [outcome for outcome in done if isinstance(outcome, Exception)]
        if failed:
            raise ExceptionGroup("identify LEDs still lit", failed)

    def _tell(self, wish: Callable[[Switchboard], None]) -> None:
        if self._loop and self._board:
            self._loop.call_soon_threadsafe(wish, self._board)

    async def _order(self, order: Callable[[Switchboard], Coroutine[Any, Any, T]]) -> T:
        if self._loop is None or self._board is None:
            raise RuntimeError("the BmcFleet is not started")
        work = _run(order, self._board)
        try:
            return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self._loop))
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task and task.cancelling():
                raise
            # Not the caller was cancelled, but the order on its way.
            raise Unreachable("the order was dropped", remedy="The BMC client was closed meanwhile") from None

    def _own(self, caller: asyncio.AbstractEventLoop, started: asyncio.Future[None]) -> None:
        try:
            asyncio.run(self._serve(caller, started))
        except BaseException as error:
            caller.call_soon_threadsafe(_fail, started, error)
            raise
        finally:
            self._in_use.release()
            with suppress(RuntimeError):  # the caller's loop closed without closing this
                caller.call_soon_threadsafe(_settle, self._finished)

    async def _serve(self, caller: asyncio.AbstractEventLoop, started: asyncio.Future[None]) -> None:
        # Here, since the library takes its time to load and the caller has a screen to draw.
        from c3tui.clients.bmc.wire import Wire

        self._stop = asyncio.Event()
        board = Switchboard(Wire(), self._poll, self._directory, self._outbox.put)
        self._loop, self._board = asyncio.get_running_loop(), board
        caller.call_soon_threadsafe(_settle, started)
        try:
            await self._stop.wait()
        finally:
            await board.close()


async def _run(order: Callable[[Switchboard], Coroutine[Any, Any, T]], board: Switchboard) -> T:
    # The lookup of a name belongs on the owner's side too.
    return await order(board)


def _settle(future: asyncio.Future[None] | None) -> None:
    if future and not future.done():
        future.set_result(None)


def _fail(future: asyncio.Future[None], error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)


def _must_differ(targets: Sequence[Target]) -> None:
    for what, key in (
        ("name", lambda target: target.name),
        ("BMC address", lambda target: f"{target.address}:{target.port}"),
    ):
        counted = Counter(key(target) for target in targets)
        twice = [value for value, count in counted.items() if count > 1]
        if twice:
            names = [target.name for target in targets if key(target) in twice]
            raise InputError(
                f"the same {what} is given to more than one server",
                where=", ".join(names),
                remedy=f"Correct {', '.join(twice)} in the plan",
            )
