"""The login of one session: pyghmi's, with what it does badly when many run at once overridden.

Only the owner thread imports this: loading the library takes a noticeable moment.
"""

import hashlib
import itertools
import logging
import secrets
from collections.abc import Callable
from typing import Any

from pyghmi.ipmi.private.session import Session

from c3tui.clients.bmc.envelope import Keys

log = logging.getLogger(__name__)

FIRST_RETRY = 0.3
"""Seconds until the first packet to a BMC is sent again."""
RAKP_RETRY = 1.0
"""Seconds for a login message: real BMCs compute long, and a repetition starts the login anew."""
GROWTH, LONGEST_RETRY = 1.5, 2.0

_console_ids = itertools.count(secrets.randbits(30) + 1)
"""One for every attempt in this process: answers find their session by it."""


class Handshake(Session):  # type: ignore[misc]
    """A login under way. What follows it is a ``Dialogue`` with the keys it leaves."""

    privlevel: int
    attemptedhash: int
    sessioncontext: str | None
    """How far the login is; None until the BMC has answered the first question."""
    heard = False
    """Anything came back, sense or not."""
    malformed = 0
    """Packets that made no sense."""
    opening: Callable[[int], None] | None = None
    """Told the session id that the BMC is about to make active, before it does."""
    _patience = RAKP_RETRY

    def keys(self) -> Keys:
        """What both sides agreed on, after success."""
        return Keys(
            console=self.localsid,
            bmc=self.sessionid,
            integrity=self.k1,
            confidentiality=self.aeskey,
            digest=self.currhashlib().name,
            code_length=self.currhashlen,
        )

    def take(self, packet: bytes, address: Any) -> None:
        """A datagram from the BMC's address."""
        self.heard = True
        self.pktqueue.append((packet, address, self.socket, True))
        # Whatever a malformed answer trips over in the parser must not stop the others.
        try:
            self.process_pktqueue()
        except Exception:
            self.malformed += 1
            log.debug("malformed answer from %s", self.bmc, exc_info=True)

    def abandon(self) -> None:
        """Forget the login, over or not. An open session stays open: its keys were handed on."""
        self.logonwaiters.clear()
        self._mark_broken()

    # What follows overrides pyghmi 1.6.19; names and signatures are its own.

    def _cmdwait(self) -> None:
        # It would block the loop, and a login asks one thing at a time.
        self.incommand = False

    def _initsession(self) -> None:
        super()._initsession()
        self.timeout = FIRST_RETRY
        self.maxtimeout = 8  # beyond any timer set here: the callers' deadlines decide

    def _open_rmcpplus_request(self) -> None:
        self.localsid = next(_console_ids) & 0x7FFFFFFF  # pyghmi adds 1
        super()._open_rmcpplus_request()

    def _req_priv_level(self) -> None:
        # The session is open. pyghmi would wait here for one BMC at a time, and stay in charge.
        self.logging = False
        if self.sessioncontext == "ESTABLISHED":
            self.onlogon({"success": True})
        else:
            self.onlogon({"error": "it speaks IPMI 1.5 only"})

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
        if self.opening:
            self.opening(self.pendingsessionid)
        self.timeout = self._patience
        super()._send_rakp3()

    def _relog(self) -> Any:
        self._patience = min(self._patience * 2, 4.0)
        return super()._relog()

    def _timedout(self) -> None:
        try:
            self.timeout = min(self.timeout * GROWTH, LONGEST_RETRY) - 1  # pyghmi adds 1
            super()._timedout()
        except Exception:
            log.debug("retry to %s failed", self.bmc, exc_info=True)
            self._mark_broken()

    def logout(self, sessionok: bool = True) -> Any:
        # pyghmi takes the session off its socket's count twice.
        share = Session.socketpool.get(self.socket, 1)
        gone = self.broken
        self.lastpayload = None
        try:
            return super().logout(sessionok)
        finally:
            Session.socketpool[self.socket] = max(share - (not gone), 0)

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
