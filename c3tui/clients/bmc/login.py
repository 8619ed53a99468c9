"""Opening a session: how long to wait for what, and what the outcome means."""

import asyncio
import ipaddress
import random
from typing import TYPE_CHECKING, Any

from c3tui.clients.bmc.exchange import NoLogin, Target
from c3tui.model.fleet import BmcState

if TYPE_CHECKING:
    from c3tui.clients.bmc.conversation import Conversation
    from c3tui.clients.bmc.wire import Wire

FIRST_CONTACT = 1.0
"""Seconds for any sign of life from a BMC that is not known to be dead."""
LATER_CONTACT = 3.0
"""Seconds when it was found silent before: then nobody waits for the verdict, and it may be slow."""
WHOLE_LOGIN = 10.0
"""Seconds for a complete login once it has answered."""

_AGAIN = {
    BmcState.WRONG_PASSWORD: 300.0,
    BmcState.NO_LOGIN: 300.0,
    BmcState.NO_SESSION: 60.0,
    BmcState.ERROR: 60.0,
}
"""Seconds until the next attempt. A wrong password leaves a half-open session in the BMC, and repeating it
may lock the account."""
_SILENT_FIRST, _SILENT_MOST = 5.0, 60.0
_WRONG_LOGIN = (
    "Incorrect password",
    "Unauthorized name",
    "Unauthorized role",
    "Invalid role",
    "Invalid username",
    "Invalid integrity check value",
    "Set Session Privilege refused",
)


def pause(state: BmcState, failures: int) -> float:
    """Seconds until the next attempt, after so many failures in a row."""
    if state in _AGAIN:
        return _AGAIN[state]
    exponential: float = min(_SILENT_FIRST * 2 ** min(failures - 1, 10), _SILENT_MOST)
    return exponential * random.uniform(0.8, 1.2)


async def log_in(wire: "Wire", target: Target, *, found_silent: bool) -> "Conversation":
    """An open session.

    Raises:
        NoLogin: there is none to be had; its state and detail say why.
    """
    _check(target)
    outcome: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()

    def logged_on(result: dict[str, Any]) -> None:
        if not outcome.done():
            outcome.set_result(result)

    conversation = wire.open(target, logged_on)
    contact = LATER_CONTACT if found_silent else FIRST_CONTACT
    try:
        await asyncio.wait({outcome}, timeout=contact)
        if not outcome.done() and conversation.sessioncontext is not None:
            await asyncio.wait({outcome}, timeout=WHOLE_LOGIN - contact)
        result = outcome.result() if outcome.done() else {"error": ""}
        if "error" in result:
            raise _failure(conversation, target, str(result["error"]))
    except BaseException:
        conversation.abandon()
        raise
    return conversation


def _check(target: Target) -> None:
    try:
        ipaddress.ip_address(target.address)
    except ValueError:
        raise NoLogin(BmcState.ERROR, f"{target.address!r} is not an IP address") from None
    if not target.user:
        raise NoLogin(BmcState.NO_LOGIN, "no user name given")


def _failure(conversation: "Conversation", target: Target, error: str) -> NoLogin:
    if error.startswith("Insufficient resources"):
        return NoLogin(BmcState.NO_SESSION, "all its sessions are taken")
    if error.startswith("Incorrect password"):
        return NoLogin(BmcState.WRONG_PASSWORD, f"the password of {target.user} is another")
    if error.startswith("Unauthorized name"):
        return NoLogin(BmcState.WRONG_PASSWORD, f"it knows no user {target.user}")
    if error.startswith(_WRONG_LOGIN):
        return NoLogin(BmcState.WRONG_PASSWORD, f"it does not let {target.user} in: {error}")
    if conversation.malformed:
        return NoLogin(BmcState.ERROR, "what answers there does not speak proper IPMI")
    if error and error != "timeout":
        return NoLogin(BmcState.ERROR, f"login refused: {error}")
    if conversation.heard:
        return NoLogin(BmcState.NO_ANSWER, "it stopped answering during login")
    return NoLogin(BmcState.NO_ANSWER, "nothing came back")
