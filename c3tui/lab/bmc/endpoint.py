"""The UDP socket of one BMC, with the delay and the losses of a management network."""

import asyncio
import random
import time
from typing import cast

from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.responder import Responder
from c3tui.lab.bmc.sessions import Peer
from c3tui.lab.scenario import BmcKnobs

_LEAST_DELAY = 0.0005
_BACKLOG = 32
"""Datagrams that wait; a BMC is a small machine and serves one after the other."""


class Endpoint(asyncio.DatagramProtocol):
    """Receives for one BMC; a dead one is silent and forgets its sessions."""

    def __init__(self, bmc: Controller, knobs: BmcKnobs, rng: random.Random) -> None:
        self.bmc = bmc
        self._responder = Responder(bmc)
        self._knobs = knobs
        self._rng = rng
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.DatagramTransport | None = None
        self._waiting = 0
        self._free_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: Peer) -> None:
        """Serve a datagram after the BMC's delay, unless it is lost."""
        if not self.bmc.box.bmc.alive:
            self.bmc.restart()
            return
        if self._lost() or self._waiting >= _BACKLOG:
            return
        self._waiting += 1
        self._free_at = max(self._loop.time(), self._free_at) + self._delay()
        self._loop.call_at(self._free_at, self._serve, data, addr)

    def close(self) -> None:
        """Close the socket; what still waits is dropped."""
        if self._transport:
            self._transport.close()

    def _serve(self, data: bytes, peer: Peer) -> None:
        self._waiting -= 1
        if self._transport is None or self._transport.is_closing() or not self.bmc.box.bmc.alive:
            return
        answer = self._responder.respond(data, peer, time.monotonic())
        if answer is not None and not self._lost():
            self._transport.sendto(answer, peer)

    def _lost(self) -> bool:
        return self._knobs.loss > 0 and self._rng.random() < self._knobs.loss

    def _delay(self) -> float:
        return max(_LEAST_DELAY, self._knobs.latency_ms / 1000 * self._rng.uniform(0.5, 1.5))
