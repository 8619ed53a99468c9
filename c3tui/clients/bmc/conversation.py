"""One IPMI session: pyghmi's, with what it does badly when many run at once overridden.

Only the owner thread imports this: loading the library takes a noticeable moment.
"""

import asyncio
import contextlib
import hashlib
import logging
import time
from dataclasses import dataclass
from typing import Any

from pyghmi.ipmi.private.session import Session

from c3tui.clients.bmc.exchange import Silent

log = logging.getLogger(__name__)

FIRST_RETRY = 0.3
"""Seconds until the first packet to a BMC is sent again."""
RAKP_RETRY = 1.0
"""Seconds for a login message: real BMCs compute long, and a repetition starts the login anew."""
GROWTH, LONGEST_RETRY = 1.5, 2.0
TRIES = 3
"""Times a request of an open session is sent before the session counts as lost."""


@dataclass(frozen=True)
class Reply:
    """The answer to one request: completion code and data."""

    code: int
    data: bytes


class Conversation(Session):  # type: ignore[misc]
    """One session with one BMC. One request at a time: the caller sees to it."""

    logged: int
    privlevel: int
    attemptedhash: int
    sessioncontext: str | None
    """How far the login is; None until the BMC has answered the first question."""
    heard = False
    """Anything came back, sense or not."""
    malformed = 0
    """Packets that made no sense."""
    round_trip = 0.1
    """Smoothed seconds from request to answer."""
    _sent = 0
    _patience = RAKP_RETRY
    _waiting: asyncio.Future[Reply] | None = None

    def ask(self, netfn: int, command: int, data: bytes, patience: float) -> asyncio.Future[Reply]:
        """Send a request; the future gets the answer, or ``Silent`` after the last try."""
        future = asyncio.get_running_loop().create_future()
        if not self.logged or self.broken:
            future.set_exception(Silent("the session is closed"))
            return future
        began = time.monotonic()

        def answered(response: dict[str, Any]) -> None:
            self.incommand = False
            if "error" in response:
                self._give_up()
            elif not future.done():
                self.round_trip += (time.monotonic() - began - self.round_trip) / 8
                future.set_result(Reply(response["code"], bytes(response["data"])))

        self._waiting = future
        future.add_done_callback(_noted)
        self._sent = 1
        self.incommand = False
        self.timeout = patience or min(max(4 * self.round_trip, FIRST_RETRY), 1.5)
        self.raw_command(netfn=netfn, command=command, data=data, callback=answered)
        return future

    async def goodbye(self, seconds: float) -> None:
        """Close the session at the BMC and forget it, within ``seconds`` whatever the BMC does."""
        if self.logged and not self.broken:
            if self._waiting and not self._waiting.done():
                with contextlib.suppress(TimeoutError, Silent):
                    await asyncio.wait_for(asyncio.shield(self._waiting), seconds / 2)
            self.lastpayload = None  # else the farewell queues behind a question that nobody answers
            self.pendingpayloads.clear()
            close = self.ask(0x06, 0x3C, self.sessionid.to_bytes(4, "little"), 0.0)
            with contextlib.suppress(TimeoutError, Silent):
                await asyncio.wait_for(close, seconds / 2)
                self.logged = 0
        self.abandon()

    def abandon(self) -> None:
        """Forget the session; an open one is closed by one packet that nobody waits for."""
        self.logonwaiters.clear()
        self._mark_broken()

    def _give_up(self) -> None:
        if self._waiting and not self._waiting.done():
            self._waiting.set_exception(Silent("no answer within the session"))

    # What follows overrides pyghmi 1.6.19; names and signatures are its own.

    def _cmdwait(self) -> None:
        # It would block the loop. One request at a time is the caller's care.
        self.incommand = False

    def _initsession(self) -> None:
        super()._initsession()
        self.timeout = FIRST_RETRY
        self.maxtimeout = 8  # beyond any timer set here: the callers' deadlines decide

    def _req_priv_level(self) -> None:
        # pyghmi waits here for one BMC at a time; it also keeps one relogin in place, which loses the
        # caller's callback. A lost session is opened anew by the caller instead.
        self.logged = 1
        self.logoutexpiry = None
        self.logontries = 0
        self._set_privilege()

    def _set_privilege(self) -> None:
        if self.broken:
            return
        self._sent = 1
        self.timeout = RAKP_RETRY
        self.raw_command(netfn=0x06, command=0x3B, data=[self.privlevel], callback=self._got_privilege)

    def _got_privilege(self, response: dict[str, Any]) -> None:
        self.incommand = False
        code = response.get("code", 0xFFFF)
        if code in (0x80, 0x81) and self.privlevel == 4:
            self.privlevel = 3
            asyncio.get_running_loop().call_soon(self._set_privilege)
            return
        self.logging = False
        if code:
            # onlogon ends in _mark_broken, which closes the session while "logged" still says there is one.
            self.onlogon({"error": response.get("error", f"Set Session Privilege refused (0x{code:02X})")})
        else:
            self.onlogon({"success": True})

    def _got_rmcp_response(self, data: bytearray) -> Any:
        # A BMC may choose SHA1 though SHA256 was proposed; pyghmi takes for granted that it did not.
        agreed = len(data) >= 36 and data[0] == self.rmcptag and data[1] == 0
        if agreed and self.attemptedhash == 256 and data[16] == 1:
            self.attemptedhash, self.currhashlib, self.currhashlen = 1, hashlib.sha1, 12
        return super()._got_rmcp_response(data)

    def _send_rakp1(self) -> None:
        self.timeout = self._patience
        super()._send_rakp1()

    def _send_rakp3(self) -> None:
        self.timeout = self._patience
        super()._send_rakp3()

    def _relog(self) -> Any:
        self._patience = min(self._patience * 2, 4.0)
        return super()._relog()

    def _timedout(self) -> None:
        try:
            self._sent += 1
            if self.logged and self._sent > TRIES:
                self.maxtimeout = 0
            self.timeout = min(self.timeout * GROWTH, LONGEST_RETRY) - 1  # pyghmi adds 1
            super()._timedout()
        except Exception:
            log.debug("retry to %s failed", self.bmc, exc_info=True)
            self._mark_broken()

    def _mark_broken(self, error: str | None = None) -> None:
        self._give_up()
        self.incommand = False
        super()._mark_broken(error)

    def logout(self, sessionok: bool = True) -> Any:
        # pyghmi takes the session off its socket's count twice.
        share = Session.socketpool.get(self.socket, 1)
        gone = self.broken
        self.lastpayload = None
        try:
            return super().logout(sessionok)
        finally:
            Session.socketpool[self.socket] = max(share - (not gone), 0)

    def _keepalive(self) -> None:
        # Polling keeps the session alive.
        return

    def process_pktqueue(self) -> None:
        # Whatever a malformed answer trips over in the parser must not stop the others.
        while self.pktqueue:
            self.heard = True
            try:
                super().process_pktqueue()
            except Exception:
                self.malformed += 1
                log.debug("malformed answer from %s", self.bmc, exc_info=True)

    def _handle_ipmi_packet(self, data: bytearray, sockaddr: Any = None, qent: Any = None) -> Any:
        # A packet outside a session carries zeros for sequence and session id, and is of no use inside one.
        # pyghmi would believe its sequence number before checking anything else, and stop its retry timer
        # before noticing that the packet is cut short.
        rmcp_plus = data[4] == 6
        length = int.from_bytes(data[14:16], "little") + 16 if rmcp_plus else data[13] + 14
        useless = not rmcp_plus and (self.sessioncontext == "ESTABLISHED" or any(data[5:13]))
        if useless or len(data) < length:
            self.malformed += 1
            return None
        return super()._handle_ipmi_packet(data, sockaddr, qent)

    def _parse_ipmi_payload(self, payload: bytearray) -> Any:
        if len(payload) < 8:
            # No completion code. pyghmi would stop its retry timer before noticing.
            self.malformed += 1
            return None
        return super()._parse_ipmi_payload(payload)


def _noted(future: asyncio.Future[Reply]) -> None:
    # The asker may have been cancelled; its answer is then nobody's.
    if not future.cancelled():
        future.exception()
