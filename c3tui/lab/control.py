"""The lab's back door: what happens in the room without a network protocol.

A Unix socket with one JSON object a line. The stand-in commands on the nodes use it (a real
``kubeadm`` would do the work itself), and so does whoever plays the engineer at the rack.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

Operation = Callable[[dict[str, Any]], Awaitable[dict[str, Any]]]


class Control:
    """Serves named operations; a failed one answers with ``error``."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._operations: dict[str, Operation] = {}
        self._server: asyncio.Server | None = None

    def add(self, name: str, operation: Operation) -> None:
        """Answer requests whose ``op`` is ``name``."""
        self._operations[name] = operation

    async def start(self) -> None:
        """Listen.

        Raises:
            OSError: the socket cannot be made.
        """
        self.path.unlink(missing_ok=True)
        self._server = await asyncio.start_unix_server(self._serve, str(self.path))
        self.path.chmod(0o600)

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()
            with suppress(FileNotFoundError):
                self.path.unlink()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(await self._answer(line)).encode() + b"\n")
                await writer.drain()
        except ConnectionError:
            pass
        finally:
            writer.close()

    async def _answer(self, line: bytes) -> dict[str, Any]:
        try:
            request = json.loads(line)
            operation = self._operations[request["op"]]
            return await operation(request)
        except (ValueError, KeyError, TypeError) as error:
            return {"error": f"{type(error).__name__}: {error}"}


async def ask(path: Path, op: str, **arguments: Any) -> dict[str, Any]:
    """Ask a running lab for one operation.

    Raises:
        OSError: no lab listens at ``path``.
        RuntimeError: the lab refused, with its reason.
    """
    reader, writer = await asyncio.open_unix_connection(str(path))
    try:
        writer.write(json.dumps({"op": op, **arguments}).encode() + b"\n")
        answer: dict[str, Any] = json.loads(await reader.readline())
    finally:
        writer.close()
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer
