"""All IPMI sessions of the process on one event loop, with no thread and no blocking wait of pyghmi's own.

pyghmi keeps sessions, sockets and timers in module globals and expects its callers to block in its event
loop, helped by a receiving thread. Here the owner's asyncio loop watches the sockets and the timers instead.
"""

import asyncio
import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from pyghmi.ipmi.private import session as library

from c3tui.clients.bmc.conversation import Conversation
from c3tui.clients.bmc.exchange import Target

log = logging.getLogger(__name__)

TICK = 0.05
"""Seconds between looks at the retry timers, while something is awaited."""


class Wire:
    """All sessions of the process, driven by the running loop. One at a time: pyghmi's state is global."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._watched: set[Any] = set()
        self._ticking: asyncio.TimerHandle | None = None
        self._originals = {
            name: getattr(library, name)
            for name in ("_io_wait", "_io_sendto", "_io_recvfrom", "_monotonic_time")
        }
        # With a thread in its place pyghmi starts none; received packets are fetched by the loop.
        library.iothread = threading.current_thread()
        library.iothreadready = True
        library._io_wait = _fetch
        library._io_sendto = self._send
        library._io_recvfrom = _receive
        library._monotonic_time = time.monotonic

    def open(self, target: Target, on_logon: Callable[[dict[str, Any]], None]) -> Conversation:
        """Begin to log in; ``on_logon`` is called once with ``success`` or ``error``."""
        # As bytes: given text, pyghmi registers the attempt under one key and removes it under another,
        # and the next login gets the dead session back.
        conversation = Conversation(
            target.address,
            target.user.encode(),
            target.password.get_secret_value().encode(),
            port=target.port,
            onlogon=on_logon,
        )
        for sock in library.iosockets:
            if sock not in self._watched:
                sock.setblocking(False)
                self._watched.add(sock)
                self._loop.add_reader(sock, self._readable)
        return conversation

    def _readable(self) -> None:
        _fetch()
        while library.sessionqueue:
            library.sessionqueue.popleft().process_pktqueue()

    def _send(self, sock: Any, packet: bytearray, address: Any) -> None:
        # A packet that cannot leave now is a packet lost on the way: the retry timer takes care.
        with contextlib.suppress(OSError):
            sock.sendto(packet, address)
        if self._ticking is None:
            self._ticking = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        try:
            library.Session.wait_for_rsp(0)
        except Exception:
            log.exception("the IPMI timers stumbled")
        if library.Session.waiting_sessions and self._ticking is None:
            self._ticking = self._loop.call_later(TICK, self._tick)

    def close(self) -> None:
        """Forget every session and close the sockets."""
        if self._ticking:
            self._ticking.cancel()
        for handlers in list(library.Session.bmc_handlers.values()):
            for conversation in list(handlers.values()):
                conversation.abandon()
        for sock in library.iosockets:
            self._loop.remove_reader(sock)
            sock.close()
        library.iosockets.clear()
        library.sessionqueue.clear()
        session = library.Session
        for registry in (
            session.bmc_handlers,
            session.waiting_sessions,
            session.initting_sessions,
            session.keepalive_sessions,
            session.socketpool,
        ):
            registry.clear()
        library.iothread, library.iothreadready = None, False
        for name, original in self._originals.items():
            setattr(library, name, original)


def _fetch(*_: Any) -> None:
    library._io_graball(library.iosockets, {})


def _receive(sock: Any, size: int) -> Any:
    try:
        return sock.recvfrom(size)
    except OSError:
        return None
