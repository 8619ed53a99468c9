"""Readings on their way from the owner thread to the loop that shows them, several at a time."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress

from c3tui.model.fleet import BmcReading

log = logging.getLogger(__name__)

INTERVAL = 0.25
"""Least seconds between two deliveries."""
Changes = Callable[[dict[str, BmcReading]], None]


class Outbox:
    """The latest reading of every name, and who is told when some changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._latest: dict[str, BmcReading] = {}
        self._fresh: dict[str, BmcReading] = {}
        self._armed = False
        self._delivered = float("-inf")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._callbacks: list[Changes] = []

    def open(self, loop: asyncio.AbstractEventLoop) -> None:
        """Deliver in this loop from now on."""
        self._loop = loop

    def close(self) -> None:
        """Deliver no more; the latest readings stay."""
        self._loop = None

    def subscribe(self, callback: Changes) -> None:
        """Call back with changed readings, in the loop."""
        self._callbacks.append(callback)

    def expect(self, names: Iterable[str]) -> None:
        """Hold readings of exactly these."""
        with self._lock:
            self._latest = {name: self._latest.get(name, BmcReading()) for name in names}
            self._fresh = {name: self._fresh[name] for name in self._fresh if name in self._latest}

    def snapshot(self) -> dict[str, BmcReading]:
        """The latest reading of each."""
        with self._lock:
            return dict(self._latest)

    def put(self, name: str, reading: BmcReading) -> None:
        """Post a reading, from any thread."""
        with self._lock:
            if name not in self._latest:
                return
            self._latest[name] = self._fresh[name] = reading
            arm = not self._armed and self._loop is not None
            self._armed = self._armed or arm
        if arm and self._loop:
            with suppress(RuntimeError):  # the loop closed meanwhile
                self._loop.call_soon_threadsafe(self._schedule)

    def _schedule(self) -> None:
        if self._loop:
            self._loop.call_later(max(0.0, self._delivered + INTERVAL - self._loop.time()), self._deliver)

    def _deliver(self) -> None:
        if self._loop is None:
            return
        with self._lock:
            batch, self._fresh, self._armed = self._fresh, {}, False
        self._delivered = self._loop.time()
        for callback in self._callbacks:
            try:
                callback(batch)
            except Exception:
                log.exception("a reader of BMC readings failed")
