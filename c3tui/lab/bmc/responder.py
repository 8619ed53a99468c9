"""A datagram to a BMC and the datagram it answers with, if any."""

from dataclasses import replace

from c3tui.lab.bmc import message, wire
from c3tui.lab.bmc.codes import Completion, Malformed, Privilege, Refused
from c3tui.lab.bmc.commands import COMMANDS
from c3tui.lab.bmc.controller import Controller
from c3tui.lab.bmc.registry import Call
from c3tui.lab.bmc.sessions import Peer, Session
from c3tui.lab.bmc.wire import Packet, PayloadType


class Responder:
    """Speaks for one BMC."""

    def __init__(self, bmc: Controller) -> None:
        self._bmc = bmc

    def respond(self, datagram: bytes, peer: Peer, now: float) -> bytes | None:
        """The answer to a datagram, None for one that IPMI says to drop.

        Args:
            now: monotonic seconds, for the expiry of sessions.
        """
        try:
            if wire.is_asf(datagram):
                return wire.pong(datagram)
            if number := wire.session_of(datagram):
                return self._within_session(datagram, number, now)
            return self._outside_session(wire.parse(datagram), peer, now)
        except Malformed:
            return None

    def _within_session(self, datagram: bytes, number: int, now: float) -> bytes | None:
        session = self._bmc.sessions.get(number, now)
        if session is None:
            return None
        packet = session.open(datagram)
        if packet.kind != PayloadType.IPMI:
            return None
        session.touched = now
        request = message.parse(packet.payload)
        return session.seal(self._execute(request, session))

    def _outside_session(self, packet: Packet, peer: Peer, now: float) -> bytes | None:
        if packet.encrypted or packet.authenticated:
            return None
        if packet.kind == PayloadType.IPMI:
            request = message.parse(packet.payload)
            # What needs a session is not even refused outside of one.
            if not COMMANDS.is_open(request):
                return None
            return wire.build(replace(packet, payload=self._execute(request, None)))
        if packet.legacy:
            return None
        return self._log_in(packet, peer, now)

    def _log_in(self, packet: Packet, peer: Peer, now: float) -> bytes | None:
        login = self._bmc.login
        if packet.kind == PayloadType.OPEN_REQUEST:
            return _plain(PayloadType.OPEN_RESPONSE, login.open_session(packet.payload, peer, now))
        if packet.kind == PayloadType.RAKP1:
            return _plain(PayloadType.RAKP2, login.rakp1(packet.payload, now))
        if packet.kind == PayloadType.RAKP3:
            return _plain(PayloadType.RAKP4, login.rakp3(packet.payload, now))
        return None

    def _execute(self, request: message.Request, session: Session | None) -> bytes:
        privilege = session.privilege if session else Privilege.NONE
        try:
            command = COMMANDS.find(request, privilege)
            data = command.handler(Call(self._bmc, request.data, session))
        except Refused as refusal:
            return message.answer(request, refusal.code)
        return message.answer(request, Completion.OK, data)


def _plain(kind: PayloadType, payload: bytes | None) -> bytes | None:
    return None if payload is None else wire.build(Packet(payload, kind))
