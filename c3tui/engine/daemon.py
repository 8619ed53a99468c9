"""The engine as a process of its own: one per site, surviving the terminal that started it."""

import asyncio
import fcntl
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

from c3tui.engine.core import Engine
from c3tui.engine.errors import EngineGone, InputError
from c3tui.engine.link import SocketLink
from c3tui.engine.server import Server
from c3tui.engine.site import SiteFiles

START_SECONDS = 20.0
LOST_RACE_SECONDS = 1.0

_started: list[subprocess.Popen[bytes]] = []
"""Engines this process started. They outlive it; until then somebody must be there to take their exit."""


class Lock:
    """The site's lock: whoever holds it is the one engine, and the one writer of the database."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def take(self) -> None:
        """Take it.

        Raises:
            InputError: another engine holds it, with its process number; or it cannot be written.
        """
        try:
            self._file = self._path.open("a+")
        except OSError as error:
            raise unwritable(self._path, error) from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            holder = self._file.read().strip()
            self._file.close()
            self._file = None
            raise InputError(
                f"another engine runs on this site (process {holder or 'unknown'})",
                where=str(self._path.parent),
                remedy="Attach to it with `c3tui SITE`, or end it with `c3tui detach SITE`",
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Give it back."""
        if self._file:
            self._file.truncate(0)
            self._file.close()
            self._file = None


async def serve(engine: Engine) -> None:
    """Run an engine and its socket until it is told to end, or a signal says so."""
    lock = Lock(engine.site.files.lock)
    lock.take()
    try:
        await engine.start()
        server = Server(engine)
        await server.start()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, server.finished.set)
        try:
            await server.finished.wait()
        finally:
            await server.close()
            await engine.close()
    finally:
        lock.release()


def log_to(path: Path) -> None:
    """Send what the engine says of itself to its log file.

    Raises:
        InputError: it cannot be written.
    """
    layout = "%(asctime)s %(levelname)s %(name)s %(message)s"
    try:
        logging.basicConfig(filename=path, level=logging.INFO, format=layout, force=True)
        path.chmod(0o600)
    except OSError as error:
        raise unwritable(path, error) from error


def unwritable(path: Path, error: OSError) -> InputError:
    """What a person is told when the site directory takes nothing from the engine."""
    return InputError(
        f"the engine cannot write here ({error.strerror})",
        where=str(path),
        remedy="Give the site directory to the user who runs C3, on a disk with room",
    )


async def attach_or_start(files: SiteFiles, *, name: str = "", observe: bool = False) -> SocketLink:
    """A link to the site's engine; starts it when none runs.

    Raises:
        EngineGone: it did not come up, with the end of its log.
        InputError: the site directory cannot be written.
    """
    try:
        return await SocketLink.attach(files, name=name, observe=observe)
    except EngineGone:
        pass
    process = _start(files)
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            return await SocketLink.attach(files, name=name, observe=observe)
        except EngineGone:
            if process.poll() is not None:
                # Another viewer may have been faster: its engine holds the lock, and is about to listen.
                deadline = min(deadline, time.monotonic() + LOST_RACE_SECONDS)
            await asyncio.sleep(0.05)
    raise EngineGone(
        f"the engine did not start: {_last_line(files.engine_log)}",
        where=str(files.directory),
        remedy="See engine.log there",
    )


def _start(files: SiteFiles) -> subprocess.Popen[bytes]:
    try:
        out = files.engine_log.open("ab")
    except OSError as error:
        raise unwritable(files.engine_log, error) from error
    _started[:] = [each for each in _started if each.poll() is None]
    with out:
        process = subprocess.Popen(
            [sys.executable, "-m", "c3tui", "engine", str(files.directory)],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    _started.append(process)
    return process


def _last_line(path: Path) -> str:
    try:
        lines = [line for line in path.read_text(errors="replace").splitlines() if line.strip()]
    except OSError:
        return "it left no log"
    return lines[-1] if lines else "its log is empty"
