"""All IPMI traffic of the process on one event loop: logins are pyghmi's, open sessions are ours.

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

from c3tui.clients.bmc.dialogue import Dialogue
from c3tui.clients.bmc.envelope import Envelope
from c3tui.clients.bmc.exchange import Session, Target
from c3tui.clients.bmc.handshake import Handshake

log = logging.getLogger(__name__)

TICK = 0.05
"""Seconds between looks at the retry timers, while something is awaited."""
_AT_ONCE = 128
"""Datagrams taken from a socket before the loop does something else."""
_LARGEST = 2048


class Wire:
    """All sessions of the process, driven by the running loop. One at a time: pyghmi's state is global."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._ports: dict[Any, int] = {}
        self._dialogues: dict[bytes, Dialogue] = {}
        """By the session id in the packets that come for them."""
        self._waiting: dict[Dialogue, None] = {}
        self._ticking: asyncio.TimerHandle | None = None
        self._originals = {
            name: getattr(library, name) for name in ("_io_wait", "_io_sendto", "_monotonic_time")
        }
        # With a thread in its place pyghmi starts none; received packets are handed to it by the loop.
        library.iothread = threading.current_thread()
        library.iothreadready = True
        library._io_wait = _no_wait
        library._io_sendto = self._send
        library._monotonic_time = time.monotonic

    def open(self, target: Target, on_logon: Callable[[dict[str, Any]], None]) -> Handshake:
        """Begin to log in; ``on_logon`` is called once with ``success`` or ``error``."""
        # As bytes: given text, pyghmi registers the attempt under one key and removes it under another,
        # and the next login gets the dead session back.
        handshake = Handshake(
            target.address,
            target.user.encode(),
            target.password.get_secret_value().encode(),
            port=target.port,
            onlogon=on_logon,
        )
        for sock in library.iosockets:
            if sock not in self._ports:
                sock.setblocking(False)
                self._ports[sock] = sock.getsockname()[1]
                self._loop.add_reader(sock, self._readable, sock)
        return handshake

    def converse(self, handshake: Handshake) -> Dialogue:
        """The session that a login has opened. The login is over and forgotten."""
        sock, address, keys = handshake.socket, handshake.sockaddr, handshake.keys()
        pool = library.Session.socketpool
        handshake.abandon()
        pool[sock] = pool.get(sock, 0) + 1
        key = keys.console.to_bytes(4, "little")

        def left() -> None:
            self._dialogues.pop(key, None)
            if sock in pool:
                pool[sock] = max(pool[sock] - 1, 0)

        session = Session(keys.bmc, self._ports[sock])
        dialogue = Dialogue(
            session, Envelope(keys), lambda packet: self._send(sock, packet, address), self._waiting, left
        )
        self._dialogues[key] = dialogue
        return dialogue

    def port(self, handshake: Handshake) -> int:
        """The UDP port from which the BMC is spoken to."""
        return self._ports[handshake.socket]

    def _readable(self, sock: Any) -> None:
        for _ in range(_AT_ONCE):
            try:
                packet, address = sock.recvfrom(_LARGEST)
            except OSError:
                return
            # Authenticated, of payload type IPMI, and long enough for a header: for an open session.
            if len(packet) > 32 and packet[4] == 6 and packet[5] & 0x7F == 0x40:
                if dialogue := self._dialogues.get(packet[6:10]):
                    dialogue.receive(packet)
            else:
                handlers = library.Session.bmc_handlers.get(address)
                if handlers and (handshake := handlers.get(self._ports[sock])):
                    handshake.take(packet, address)

    def _send(self, sock: Any, packet: bytes | bytearray, address: Any) -> None:
        # A packet that cannot leave now is a packet lost on the way: the retry timer takes care.
        with contextlib.suppress(OSError):
            sock.sendto(packet, address)
        if self._ticking is None:
            self._ticking = self._loop.call_later(TICK, self._tick)

    def _tick(self) -> None:
        self._ticking = None
        now = time.monotonic()
        for dialogue in list(self._waiting):
            dialogue.tick(now)
        if library.Session.waiting_sessions:
            try:
                library.Session.wait_for_rsp(0)
            except Exception:
                log.exception("the IPMI timers stumbled")
        if (self._waiting or library.Session.waiting_sessions) and self._ticking is None:
            self._ticking = self._loop.call_later(TICK, self._tick)

    def close(self) -> None:
        """Forget every session and close the sockets."""
        if self._ticking:
            self._ticking.cancel()
        for dialogue in list(self._dialogues.values()):
            dialogue.abandon()
        for handlers in list(library.Session.bmc_handlers.values()):
            for handshake in list(handlers.values()):
                handshake.abandon()
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


def _no_wait(*_: Any) -> None:
    """In place of pyghmi's blocking wait."""
