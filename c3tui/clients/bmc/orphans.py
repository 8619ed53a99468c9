"""Sessions that an earlier run, or a login that went wrong, left open at a BMC: found and closed."""

from collections.abc import Sequence

from c3tui.clients.bmc.dialogue import CLOSE_SESSION
from c3tui.clients.bmc.exchange import APP, AskAll, Reply, Request, Session

_SESSION_INFO = 0x3D
_BY_ID = b"\xff"
_PORT = slice(16, 18)
"""Of the remote console, in the answer about a LAN session (IPMI 2.0, table 22-25)."""


async def close(ask_all: AskAll, sessions: Sequence[Session]) -> None:
    """Close these, which wants an administrator's session. Those that are gone or another's are left alone.

    Raises:
        Silent: no answer; whether they are closed is not known.
    """
    infos = await ask_all([Request(APP, _SESSION_INFO, _BY_ID + _id(one)) for one in sessions])
    ours = [one for one, info in zip(sessions, infos, strict=True) if not _another(info, one)]
    # Whatever the BMC says now, it can do no more: most often that there is no such session.
    await ask_all([Request(APP, CLOSE_SESSION, _id(one)) for one in ours])


def _another(info: Reply, session: Session) -> bool:
    """Whether the BMC knows that id as one opened from another port: ids are given out again."""
    if info.code or len(info.data) < _PORT.stop:
        return False
    port = info.data[_PORT]
    return session.port not in (int.from_bytes(port, "little"), int.from_bytes(port, "big"))


def _id(session: Session) -> bytes:
    return session.id.to_bytes(4, "little")
