"""SSH's failures in the words of the error tree."""

from collections.abc import Iterator
from contextlib import contextmanager

from c3tui.engine.errors import PeerError, Unauthorised, Unreachable


@contextmanager
def named(host: str, port: int) -> Iterator[None]:
    """Turn what asyncssh and the network raise inside into errors that name the host.

    Raises:
        Unreachable: nobody answers, or the connection broke.
        Unauthorised: the login or the host's key is refused.
    """
    import asyncssh

    where = f"{host} port {port}"
    try:
        yield
    except PeerError:
        raise
    except asyncssh.HostKeyNotVerifiable as error:
        raise Unauthorised(
            "its SSH host key is not known",
            where=where,
            remedy="Compare the fingerprint with the server's console, then trust it",
        ) from error
    except (asyncssh.PermissionDenied, asyncssh.KeyImportError) as error:
        raise Unauthorised(
            "SSH refuses the login",
            where=where,
            remedy="Check endpoints.ssh.user, and that the server was deployed with the site's key",
        ) from error
    except TimeoutError as error:
        raise Unreachable("no answer over SSH in time", where=where, remedy=_LOOK) from error
    except (OSError, asyncssh.Error) as error:
        raise Unreachable(f"no SSH connection: {_reason(error)}", where=where, remedy=_LOOK) from error


_LOOK = "Check its power, its cable and the firewall"


def _reason(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or getattr(error, "reason", None) or error)
