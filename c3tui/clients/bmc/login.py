"""Opening a session: how long to wait for what, and what the outcome means."""

import asyncio
import ipaddress
import random
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from c3tui.clients.bmc import orphans
from c3tui.clients.bmc.dialogue import Dialogue
from c3tui.clients.bmc.exchange import APP, NoLogin, Request, Session, Silent, Target
from c3tui.clients.bmc.ledger import Ledger
from c3tui.model.fleet import BmcState

if TYPE_CHECKING:
    from c3tui.clients.bmc.handshake import Handshake
    from c3tui.clients.bmc.wire import Wire

FIRST_CONTACT = 1.0
"""Seconds for any sign of life from a BMC that is not known to be dead."""
LATER_CONTACT = 3.0
"""Seconds when it was found silent before: then nobody waits for the verdict, and it may be slow."""
PROMPT = 0.2
"""Seconds for a sign of life, after which a login is no longer counted among those under way."""
WHOLE_LOGIN = 10.0
"""Seconds for a complete login once it has answered."""

_AGAIN = {BmcState.NO_SESSION: 60.0, BmcState.ERROR: 60.0}
"""Seconds until the next attempt."""
_WHEN_TOLD = (BmcState.WRONG_PASSWORD, BmcState.NO_LOGIN)
"""A wrong password leaves a half-open session in the BMC, and repeating it may lock the account."""
_SILENT_FIRST, _SILENT_MOST = 5.0, 60.0
_SET_PRIVILEGE = 0x3B
_OPERATOR, _ADMINISTRATOR = 3, 4
_WRONG_LOGIN = (
    "Incorrect password",
    "Unauthorized name",
    "Unauthorized role",
    "Invalid role",
    "Invalid username",
    "Invalid integrity check value",
)


def pause(state: BmcState, failures: int) -> float:
    """Seconds until the next attempt, after so many failures in a row; infinite where somebody must ask."""
    if state in _WHEN_TOLD:
        return float("inf")
    if state in _AGAIN:
        return _AGAIN[state] * random.uniform(0.8, 1.2)
    exponential: float = min(_SILENT_FIRST * 2 ** min(failures - 1, 10), _SILENT_MOST)
    return exponential * random.uniform(0.8, 1.2)


async def log_in(
    wire: "Wire", ledger: Ledger, target: Target, *, found_silent: bool, dull: Callable[[], None]
) -> Dialogue:
    """An open session, the only one that is ours at that BMC.

    Args:
        dull: called when no sign of life came promptly.

    Raises:
        NoLogin: there is none to be had; its state and detail say why.
    """
    _check(target)
    handshake = await _shake_hands(wire, ledger, target, found_silent, dull)
    dialogue = wire.converse(handshake)
    try:
        level = await _raise_privilege(dialogue, handshake.privlevel, target)
        if left := ledger.owed(target.place, but=dialogue.session):
            if level >= _ADMINISTRATOR:
                await orphans.close(dialogue.ask, left)
            ledger.closed(target.place, left)
    except Silent:
        dialogue.abandon()
        raise NoLogin(BmcState.NO_ANSWER, "it stopped answering during login") from None
    except BaseException:
        dialogue.abandon()
        raise
    return dialogue


async def _shake_hands(
    wire: "Wire", ledger: Ledger, target: Target, found_silent: bool, dull: Callable[[], None]
) -> "Handshake":
    outcome: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def logged_on(result: dict[str, Any]) -> None:
        if not outcome.done():
            outcome.set_result(result)

    handshake = wire.open(target, logged_on)
    port = wire.port(handshake)
    handshake.opening = lambda number: ledger.opened(target.place, Session(number, port))
    contact = LATER_CONTACT if found_silent else FIRST_CONTACT
    try:
        await asyncio.wait({outcome}, timeout=PROMPT)
        if not handshake.heard:
            dull()
        if not outcome.done():
            await asyncio.wait({outcome}, timeout=contact - PROMPT)
        if not outcome.done() and handshake.sessioncontext is not None:
            await asyncio.wait({outcome}, timeout=WHOLE_LOGIN - contact)
        result = outcome.result() if outcome.done() else {"error": ""}
        if "error" in result:
            raise _failure(handshake, target, str(result["error"]))
    except BaseException:
        handshake.abandon()
        raise
    return handshake


async def _raise_privilege(dialogue: Dialogue, level: int, target: Target) -> int:
    """The privilege that was granted: the one that was logged in with, or an operator's."""
    for wanted in range(level, _OPERATOR - 1, -1):
        [reply] = await dialogue.ask([Request(APP, _SET_PRIVILEGE, bytes([wanted]))])
        if not reply.code:
            return wanted
    raise NoLogin(
        BmcState.WRONG_PASSWORD,
        f"it does not let {target.user} in: Set Session Privilege refused (0x{reply.code:02X})",
    )


def _check(target: Target) -> None:
    try:
        ipaddress.ip_address(target.address)
    except ValueError:
        raise NoLogin(BmcState.ERROR, f"{target.address!r} is not an IP address") from None
    if not target.user:
        raise NoLogin(BmcState.NO_LOGIN, "no user name given")


def _failure(handshake: "Handshake", target: Target, error: str) -> NoLogin:
    if error.startswith("Insufficient resources"):
        return NoLogin(BmcState.NO_SESSION, "all its sessions are taken")
    if error.startswith("Incorrect password"):
        return NoLogin(BmcState.WRONG_PASSWORD, f"the password of {target.user} is another")
    if error.startswith("Unauthorized name"):
        return NoLogin(BmcState.WRONG_PASSWORD, f"it knows no user {target.user}")
    if error.startswith(_WRONG_LOGIN):
        return NoLogin(BmcState.WRONG_PASSWORD, f"it does not let {target.user} in: {error}")
    if handshake.malformed:
        return NoLogin(BmcState.ERROR, "what answers there does not speak proper IPMI")
    if error and error != "timeout":
        return NoLogin(BmcState.ERROR, f"login refused: {error}")
    if handshake.heard:
        return NoLogin(BmcState.NO_ANSWER, "it stopped answering during login")
    return NoLogin(BmcState.NO_ANSWER, "nothing came back")
