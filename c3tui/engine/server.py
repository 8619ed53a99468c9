"""Serves an engine to its viewers: hello, commands, hints; one viewer holds control."""

import asyncio
import itertools
import json
import logging
from contextlib import suppress
from typing import Any

from c3tui import __version__
from c3tui.engine import wire
from c3tui.engine.commands import READ_ONLY
from c3tui.engine.core import Engine
from c3tui.engine.errors import C3Error, ControlError, InputError

log = logging.getLogger("c3tui.engine")

SLOW_BYTES = 64 << 10
"""A viewer with this much unread gets no more hints until it has read; it catches up by cursor."""

AGAIN_SECONDS = 0.5
"""Between looks at whether such a viewer reads again."""

_numbers = itertools.count(1)


class Viewer:
    """One attached terminal."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self.name = ""
        self.key = f"socket {next(_numbers)}"
        """Tells it from every other viewer of this engine, whatever they call themselves."""
        self.behind = False
        """Whether it missed a hint because it had stopped reading."""
        self.tasks: set[asyncio.Task[None]] = set()

    def send(self, message: dict[str, Any]) -> None:
        """Queue a message; a viewer that has gone gets nothing."""
        if not self.writer.is_closing():
            self.writer.write(wire.encode(message))

    @property
    def slow(self) -> bool:
        """Whether it has stopped reading."""
        return self.writer.transport.get_write_buffer_size() > SLOW_BYTES


class Server:
    """The socket of one engine."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._viewers: set[Viewer] = set()
        self._holder: Viewer | None = None
        self._server: asyncio.Server | None = None
        self._later: asyncio.TimerHandle | None = None
        self.finished = asyncio.Event()
        """Set when somebody told the engine to end."""

    async def start(self) -> None:
        """Listen in the site directory.

        Raises:
            InputError: the socket cannot be made.
        """
        path = self._engine.site.files.socket
        try:
            listener = wire.bind(path)
        except OSError as error:
            raise InputError(f"the engine cannot listen here ({error.strerror})", where=str(path)) from error
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=wire.LINE_LIMIT)
        self._engine.listen(self._hint)

    async def close(self) -> None:
        """Send every viewer away and stop listening."""
        if self._server:
            self._server.close()
        if self._later:
            self._later.cancel()
        self._engine.site.files.socket.unlink(missing_ok=True)
        for viewer in list(self._viewers):
            viewer.writer.close()
            for task in viewer.tasks:
                task.cancel()

    def _hint(self, cursor: int) -> None:
        for viewer in self._viewers:
            viewer.behind = viewer.slow
            if viewer.name and not viewer.slow:
                viewer.send({"hint": cursor})
        self._hint_again()

    def _hint_again(self) -> None:
        """Those who had stopped reading get the newest hint once they read again."""
        if self._later is None and any(viewer.behind for viewer in self._viewers):
            self._later = asyncio.get_running_loop().call_later(AGAIN_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        self._later = None
        cursor = self._engine.store.cursor
        for viewer in self._viewers:
            if viewer.name and viewer.behind and not viewer.slow:
                viewer.behind = False
                viewer.send({"hint": cursor})
        self._hint_again()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        viewer = Viewer(writer)
        self._viewers.add(viewer)
        try:
            while line := await reader.readline():
                task = asyncio.get_running_loop().create_task(self._answer(viewer, line))
                viewer.tasks.add(task)
                task.add_done_callback(viewer.tasks.discard)
        except (ConnectionError, ValueError):
            pass
        finally:
            self._viewers.discard(viewer)
            if self._holder is viewer:
                self._give_control(None)
            self._engine.gone(viewer.key)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, viewer: Viewer, line: bytes) -> None:
        id = None
        try:
            request = json.loads(line)
            id = request["id"]
            viewer.send({"id": id, "ok": await self._handle(viewer, request)})
        except C3Error as error:
            viewer.send({"id": id, "error": wire.error_to_wire(error)})
        except (ValueError, KeyError, TypeError):
            viewer.send(
                {"id": id, "error": wire.error_to_wire(InputError("not a request this engine knows"))}
            )

    async def _handle(self, viewer: Viewer, request: dict[str, Any]) -> dict[str, Any]:
        match request["op"]:
            case "hello":
                return self._hello(viewer, request)
            case "take":
                self._give_control(viewer)
                return {}
            case "end":
                return self._end(request)
            case "command":
                return await self._command(viewer, request)
        raise InputError(f"no operation {request['op']!r}")

    def _hello(self, viewer: Viewer, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("protocol") != wire.VERSION:
            raise InputError(
                f"this engine is C3 {__version__} and speaks another protocol",
                remedy="End it with its own `c3tui detach`, then start again",
            )
        viewer.name = str(request.get("name") or "somebody")
        if self._holder is None and not request.get("observe"):
            self._give_control(viewer)
        return {"version": __version__, "holder": self._holder_name, "control": self._holder is viewer}

    async def _command(self, viewer: Viewer, request: dict[str, Any]) -> dict[str, Any]:
        name = request["name"]
        if name not in READ_ONLY and self._holder is not viewer:
            if self._holder is not None:
                raise ControlError(
                    f"{self._holder_name} holds control", remedy="Take control with t, then repeat"
                )
            self._give_control(viewer)
        arguments = {**(request.get("args") or {}), "viewer": viewer.key}
        return await self._engine.command(name, arguments, viewer.name)

    def _end(self, request: dict[str, Any]) -> dict[str, Any]:
        active = self._engine.active
        if active and not request.get("now"):
            raise InputError(f"{active.step} is running", remedy="Stop it first, or detach with --now")
        self.finished.set()
        return {}

    @property
    def _holder_name(self) -> str:
        return self._holder.name if self._holder else ""

    def _give_control(self, viewer: Viewer | None) -> None:
        if viewer is self._holder:
            return
        before, self._holder = self._holder, viewer
        log.info("control: %s -> %s", before.name if before else "nobody", self._holder_name or "nobody")
        for each in self._viewers:
            if each.name:
                each.send({"control": self._holder_name, "yours": each is viewer})
