"""What engine and viewers say to each other: JSON lines over a Unix socket in the site directory."""

import asyncio
import json
import os
import socket
from pathlib import Path
from typing import Any

from c3tui.engine import errors
from c3tui.engine.errors import C3Error

VERSION = 1
"""Of the protocol; both ends must speak the same."""

LINE_LIMIT = 4 << 20

_KINDS = {
    name: kind for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, C3Error)
}


def encode(message: dict[str, Any]) -> bytes:
    """A message as one line."""
    return json.dumps(message, default=str).encode() + b"\n"


def error_to_wire(error: C3Error) -> dict[str, str]:
    """An error as plain data."""
    return {"kind": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy}


def error_from_wire(data: dict[str, str]) -> C3Error:
    """The error that was sent."""
    kind = _KINDS.get(data.get("kind", ""), C3Error)
    return kind(data.get("what", "unknown error"), where=data.get("where", ""), remedy=data.get("remedy", ""))


def bind(path: Path) -> socket.socket:
    """A listening Unix socket at ``path``, mode 0600.

    Socket addresses hold 107 bytes; a longer path is reached through the open directory.

    Raises:
        OSError: it cannot be made.
    """
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    old = os.umask(0o177)
    try:
        with _Reach(path) as address:
            listener.bind(address)
    finally:
        os.umask(old)
    listener.listen(16)
    return listener


async def connect(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to the engine at ``path``.

    Raises:
        OSError: nobody listens there.
    """
    client = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    client.setblocking(False)
    try:
        with _Reach(path) as address:
            await asyncio.get_running_loop().sock_connect(client, address)
    except OSError:
        client.close()
        raise
    return await asyncio.open_unix_connection(sock=client, limit=LINE_LIMIT)


class _Reach:
    """A short name for a path in an open directory, for as long as the directory is open."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._directory = -1

    def __enter__(self) -> str:
        if len(os.fsencode(self._path)) < 100:
            return str(self._path)
        self._directory = os.open(self._path.parent, os.O_PATH | os.O_DIRECTORY)
        return f"/proc/self/fd/{self._directory}/{self._path.name}"

    def __exit__(self, *exc: object) -> None:
        if self._directory >= 0:
            os.close(self._directory)
