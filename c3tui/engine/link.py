"""How a viewer reaches the engine: over its socket, or directly when both share a process."""

import asyncio
import getpass
import itertools
import json
import os
from collections.abc import Callable
from typing import Any, Protocol

from c3tui.engine import wire
from c3tui.engine.core import Engine
from c3tui.engine.errors import EngineGone
from c3tui.engine.site import SiteFiles


class Link(Protocol):
    """A viewer's end of the wire."""

    holder: str
    """Who holds control; empty when nobody does."""
    in_control: bool

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Have the engine do something.

        Raises:
            C3Error: the engine's own error, or EngineGone.
        """

    def on_hint(self, callback: Callable[[int], None]) -> None:
        """Call back when something changed, at most ten times a second."""

    def on_control(self, callback: Callable[[str], None]) -> None:
        """Call back with the new holder when control moves."""

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Call back once when the engine is gone."""

    async def take_control(self) -> None:
        """Take control from whoever holds it."""

    async def close(self) -> None:
        """Detach; whatever the engine runs goes on."""


class LocalLink:
    """To an engine in this process; always in control."""

    def __init__(self, engine: Engine, name: str = "") -> None:
        self._engine = engine
        self._key = f"local {id(self)}"
        self.holder = name or viewer_name()
        self.in_control = True
        self._leave: list[Callable[[], None]] = []

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Have the engine do something."""
        return await self._engine.command(name, {**arguments, "viewer": self._key}, self.holder)

    def on_hint(self, callback: Callable[[int], None]) -> None:
        """Call back when something changed."""
        self._leave.append(self._engine.listen(callback))

    def on_control(self, callback: Callable[[str], None]) -> None:
        """Control never moves here."""

    def on_lost(self, callback: Callable[[], None]) -> None:
        """The engine is never lost here."""

    async def take_control(self) -> None:
        """Control is here already."""

    async def close(self) -> None:
        """Stop listening."""
        self._engine.gone(self._key)
        for leave in self._leave:
            leave()
        self._leave.clear()


class SocketLink:
    """To the engine process of a site."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._ids = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._hints: list[Callable[[int], None]] = []
        self._controls: list[Callable[[str], None]] = []
        self._losses: list[Callable[[], None]] = []
        self._listening: asyncio.Task[None] | None = None
        self._closed = False
        self.holder = ""
        self.in_control = False
        self.version = ""

    @classmethod
    async def attach(cls, files: SiteFiles, *, name: str = "", observe: bool = False) -> "SocketLink":
        """Attach to the engine of a site.

        Raises:
            EngineGone: no engine listens there.
            C3Error: it refuses us.
        """
        try:
            reader, writer = await wire.connect(files.socket)
        except OSError as error:
            raise EngineGone("no engine runs on this site", where=str(files.directory)) from error
        link = cls(reader, writer)
        link._listening = asyncio.get_running_loop().create_task(link._listen())
        try:
            hello = await link._ask(
                op="hello", protocol=wire.VERSION, name=name or viewer_name(), observe=observe
            )
        except BaseException:
            await link.close()
            raise
        link.version, link.holder, link.in_control = hello["version"], hello["holder"], hello["control"]
        return link

    async def command(self, name: str, **arguments: Any) -> dict[str, Any]:
        """Have the engine do something."""
        return await self._ask(op="command", name=name, args=arguments)

    def on_hint(self, callback: Callable[[int], None]) -> None:
        """Call back when something changed."""
        self._hints.append(callback)

    def on_control(self, callback: Callable[[str], None]) -> None:
        """Call back with the new holder when control moves."""
        self._controls.append(callback)

    def on_lost(self, callback: Callable[[], None]) -> None:
        """Call back once when the engine is gone."""
        self._losses.append(callback)

    async def take_control(self) -> None:
        """Take control from whoever holds it."""
        await self._ask(op="take")

    async def end_engine(self, *, now: bool = False) -> None:
        """Tell the engine process to end.

        Raises:
            InputError: something is running, and ``now`` was not said.
        """
        await self._ask(op="end", now=now)

    async def close(self) -> None:
        """Detach."""
        self._closed = True
        self._writer.close()
        if self._listening:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)

    async def _ask(self, **request: Any) -> dict[str, Any]:
        if self._listening is None or self._listening.done():
            raise EngineGone(
                "the engine stopped answering", remedy="Attach again; what MAAS and Rook do goes on"
            )
        id = next(self._ids)
        future: asyncio.Future[dict[str, Any]] = asyncio.get_running_loop().create_future()
        self._waiting[id] = future
        self._writer.write(wire.encode({"id": id, **request}))
        try:
            return await future
        finally:
            self._waiting.pop(id, None)

    async def _listen(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except (ConnectionError, ValueError):
            pass
        finally:
            gone = EngineGone(
                "the engine stopped answering", remedy="Attach again; what MAAS and Rook do goes on"
            )
            for future in self._waiting.values():
                if not future.done():
                    future.set_exception(gone)
            if not self._closed:
                for callback in self._losses:
                    callback()

    def _take(self, message: dict[str, Any]) -> None:
        if "hint" in message:
            for hint in self._hints:
                hint(message["hint"])
        elif "control" in message:
            self.holder, self.in_control = message["control"], message["yours"]
            for control in self._controls:
                control(self.holder)
        elif (future := self._waiting.get(message.get("id", 0))) and not future.done():
            if "error" in message:
                future.set_exception(wire.error_from_wire(message["error"]))
            else:
                future.set_result(message["ok"])


def viewer_name() -> str:
    """Who sits here: user and terminal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = f"uid {os.getuid()}"
    try:
        return f"{user}@{os.path.basename(os.ttyname(0))}"
    except OSError:
        return user
