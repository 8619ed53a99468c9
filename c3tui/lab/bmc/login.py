"""The login of RMCP+: Open Session and RAKP messages 1 to 4 (IPMI 13.17 to 13.24)."""

import hmac
import secrets
import struct

from c3tui.lab.bmc.codes import Malformed, Privilege, Status
from c3tui.lab.bmc.sessions import Handshake, Peer, Session, SessionTable
from c3tui.lab.bmc.suites import Keys, Suite, choose
from c3tui.lab.chassis import Bmc

_MAX_NAME = 16
_MAX_PASSWORD = 20


class Login:
    """Lets consoles into one BMC; the account is read at each login, so a change holds at once."""

    def __init__(self, bmc: Bmc, guid: bytes, table: SessionTable) -> None:
        self._bmc = bmc
        self._guid = guid
        self._table = table

    def open_session(self, payload: bytes, peer: Peer, now: float) -> bytes:
        """The Open Session Response to a request.

        Raises:
            Malformed: the request is cut short.
        """
        if len(payload) < 32:
            raise Malformed("open session request cut short")
        tag, level, console = payload[0], payload[1] & 0x0F, payload[4:8]
        if level > Privilege.ADMINISTRATOR:
            return _refusal(tag, Status.INVALID_ROLE, console)
        suite = choose(_proposal(payload))
        if isinstance(suite, Status):
            return _refusal(tag, suite, console)
        limit = Privilege(level or Privilege.ADMINISTRATOR)
        session = self._table.add(int.from_bytes(console, "little"), suite, limit, peer, now)
        if session is None:
            return _refusal(tag, Status.INSUFFICIENT_RESOURCES, console)
        head = struct.pack("<BBBx4sI", tag, Status.OK, limit, console, session.number)
        return head + _algorithms(suite)

    def rakp1(self, payload: bytes, now: float) -> bytes:
        """RAKP message 2 to a message 1.

        Raises:
            Malformed: the message is cut short, or its session is logged in already.
        """
        if len(payload) < 28 or len(payload) < 28 + payload[27]:
            raise Malformed("RAKP message 1 cut short")
        tag, role, length = payload[0], payload[24], payload[27]
        session = self._table.get(int.from_bytes(payload[4:8], "little"), now)
        if session is None:
            return _refusal(tag, Status.INVALID_SESSION, bytes(4))
        if session.keys:
            raise Malformed("RAKP message 1 for an active session")
        name = payload[28 : 28 + length]
        if (status := self._judge(session, role, name)) is not Status.OK:
            self._table.remove(session)
            return _refusal(tag, status, _id(session.console))
        session.touched = now
        before = session.handshake
        # A message 1 sent again, its answer lost, gets the same answer.
        again = before is not None and before.console_random == payload[8:24]
        own = before.own_random if before and again else secrets.token_bytes(16)
        secret = self._bmc.password.encode()[:_MAX_PASSWORD]
        session.handshake = Handshake(payload[8:24], own, role, name, secret)
        return self._rakp2(tag, session, session.handshake)

    def rakp3(self, payload: bytes, now: float) -> bytes | None:
        """RAKP message 4 to a message 3, or None when the console gave up.

        Raises:
            Malformed: the message is cut short, or comes before message 1.
        """
        if len(payload) < 8:
            raise Malformed("RAKP message 3 cut short")
        tag, status = payload[0], payload[1]
        session = self._table.get(int.from_bytes(payload[4:8], "little"), now)
        if session is None:
            return _refusal(tag, Status.INVALID_SESSION, bytes(4))
        if session.handshake is None:
            raise Malformed("RAKP message 3 before message 1")
        if status != Status.OK:
            if session.keys is None:
                self._table.remove(session)
            return None
        agreed = session.handshake
        expected = session.suite.mac(agreed.password, agreed.own_random + _console_part(session, agreed))
        if not hmac.compare_digest(expected, payload[8:]):
            if session.keys is None:
                self._table.remove(session)
            return _refusal(tag, Status.INVALID_INTEGRITY_CHECK, _id(session.console))
        return self._rakp4(tag, session, agreed, now)

    def _judge(self, session: Session, role: int, name: bytes) -> Status:
        level = role & 0x0F
        if len(name) > _MAX_NAME:
            return Status.INVALID_NAME_LENGTH
        if level > Privilege.ADMINISTRATOR:
            return Status.INVALID_ROLE
        if level > session.limit:
            return Status.UNAUTHORIZED_ROLE
        if not hmac.compare_digest(name, self._bmc.user.encode()):
            return Status.UNAUTHORIZED_NAME
        return Status.OK

    def _rakp2(self, tag: int, session: Session, agreed: Handshake) -> bytes:
        code = session.suite.mac(
            agreed.password,
            _id(session.console)
            + _id(session.number)
            + agreed.console_random
            + agreed.own_random
            + self._guid
            + bytes((agreed.role, len(agreed.name)))
            + agreed.name,
        )
        head = struct.pack("<BB2xI", tag, Status.OK, session.console)
        return head + agreed.own_random + self._guid + code

    def _rakp4(self, tag: int, session: Session, agreed: Handshake, now: float) -> bytes:
        suite = session.suite
        session_key = suite.mac(
            agreed.password,
            agreed.console_random + agreed.own_random + bytes((agreed.role, len(agreed.name))) + agreed.name,
        )
        if session.keys is None:
            session.keys = Keys(suite, session_key)
            session.limit = Privilege(agreed.role & 0x0F or session.limit)
            session.privilege = min(Privilege.USER, session.limit)
        session.touched = now
        code = suite.check(session_key, agreed.console_random + _id(session.number) + self._guid)
        return struct.pack("<BB2xI", tag, Status.OK, session.console) + code


def _console_part(session: Session, agreed: Handshake) -> bytes:
    return _id(session.console) + bytes((agreed.role, len(agreed.name))) + agreed.name


def _id(number: int) -> bytes:
    return number.to_bytes(4, "little")


def _refusal(tag: int, status: Status, console: bytes) -> bytes:
    return bytes((tag, status, 0, 0)) + console


def _proposal(payload: bytes) -> tuple[int | None, int | None, int | None]:
    """The algorithms of three proposal records; a record of length 0 leaves the choice to the BMC.

    Raises:
        Malformed: the records are of the wrong kinds, or out of order.
    """
    found: list[int | None] = []
    for kind, start in enumerate((8, 16, 24)):
        if payload[start] != kind or payload[start + 3] not in (0, 8):
            raise Malformed("algorithm proposals wrong")
        found.append(payload[start + 4] & 0x3F if payload[start + 3] else None)
    return found[0], found[1], found[2]


def _algorithms(suite: Suite) -> bytes:
    numbers = (suite.authentication, suite.integrity, suite.confidentiality)
    return b"".join(struct.pack("<B2xBB3x", kind, 8, number) for kind, number in enumerate(numbers))
