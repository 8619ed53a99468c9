"""The session table of a BMC: slots, idle expiry, sequence windows, sealed packets."""

import hmac
import secrets
from dataclasses import dataclass, field, replace

from c3tui.lab.bmc import wire
from c3tui.lab.bmc.codes import Malformed, Privilege
from c3tui.lab.bmc.suites import Keys, Suite
from c3tui.lab.bmc.wire import Packet

IDLE_SECONDS = 60.0
"""Session inactivity timeout (IPMI 6.12.15), real seconds."""
_WINDOW = 32
Peer = tuple[str, int]


@dataclass
class Window:
    """Sequence numbers seen: none is taken twice, none from far back (IPMI 6.12.13)."""

    highest: int = 0
    seen: int = 0
    """Bit n stands for ``highest - n``."""

    def take(self, sequence: int) -> bool:
        """Whether a packet of that sequence number may be taken; remembers it."""
        ahead = sequence - self.highest
        if sequence == 0 or ahead > _WINDOW or ahead <= -_WINDOW:
            return False
        if ahead > 0:
            self.seen = (self.seen << ahead | 1) & (1 << _WINDOW) - 1
            self.highest = sequence
            return True
        if self.seen >> -ahead & 1:
            return False
        self.seen |= 1 << -ahead
        return True


@dataclass
class Handshake:
    """What RAKP messages 1 and 2 agreed on."""

    console_random: bytes
    own_random: bytes
    role: int
    """The whole role byte, as both sides put it into their codes."""
    name: bytes
    password: bytes


@dataclass
class Session:
    """One slot of the table: half open until it has keys."""

    number: int
    """The id by which the console addresses us."""
    console: int
    """The id by which we address the console."""
    suite: Suite
    limit: Privilege
    peer: Peer
    touched: float
    """Monotonic seconds of the last packet."""
    privilege: Privilege = Privilege.USER
    handshake: Handshake | None = None
    keys: Keys | None = None
    sent: int = 0
    window: Window = field(default_factory=Window)

    def open(self, datagram: bytes) -> Packet:
        """The decrypted packet of an authenticated datagram.

        Raises:
            Malformed: not sealed with this session's keys, or its sequence number was seen.
        """
        if self.keys is None:
            raise Malformed("session is not active")
        packet = wire.parse(datagram, self.suite.check_length)
        if not (packet.encrypted and packet.authenticated):
            raise Malformed("not sealed")
        if not hmac.compare_digest(self.keys.check(packet.covered), packet.code):
            raise Malformed("authentication code wrong")
        if not self.window.take(packet.sequence):
            raise Malformed("sequence number taken or out of the window")
        return replace(packet, payload=self.keys.decrypt(packet.payload))

    def seal(self, payload: bytes) -> bytes:
        """The datagram that carries an IPMI message to the console.

        Raises:
            Malformed: the session is not active.
        """
        if self.keys is None:
            raise Malformed("session is not active")
        self.sent = self.sent % 0xFFFFFFFF + 1
        body = wire.rmcpp(
            Packet(
                self.keys.encrypt(payload),
                session=self.console,
                sequence=self.sent,
                encrypted=True,
                authenticated=True,
            )
        )
        body += wire.trailer_for(body)
        return wire.seal(body, self.keys.check(body))


class SessionTable:
    """The slots of one BMC; half-open sessions take one too, until they expire."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._sessions: dict[int, Session] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def add(self, console: int, suite: Suite, limit: Privilege, peer: Peer, now: float) -> Session | None:
        """A new half-open session, or None when the table is full.

        A console that asks again before its session is active gets a new one in the same slot.
        """
        self._expire(now)
        for old in list(self._sessions.values()):
            if old.keys is None and old.peer == peer and old.console == console:
                self.remove(old)
        if len(self._sessions) >= self.limit:
            return None
        number = 0
        while number == 0 or number in self._sessions:
            number = secrets.randbits(32)
        session = Session(number, console, suite, limit, peer, now)
        self._sessions[number] = session
        return session

    def get(self, number: int, now: float) -> Session | None:
        """The session of that id, unless it was idle for too long."""
        session = self._sessions.get(number)
        if session is not None and now - session.touched > IDLE_SECONDS:
            self.remove(session)
            return None
        return session

    def active(self) -> list[Session]:
        """The sessions that are logged in."""
        return [session for session in self._sessions.values() if session.keys]

    def remove(self, session: Session) -> None:
        """Free a slot."""
        self._sessions.pop(session.number, None)

    def clear(self) -> None:
        """Forget everybody, as a BMC does that restarts."""
        self._sessions.clear()

    def _expire(self, now: float) -> None:
        for session in list(self._sessions.values()):
            if now - session.touched > IDLE_SECONDS:
                self.remove(session)
