"""One command of an SSH session: a real process, streamed to and from its channel."""

import asyncio
import fcntl
import os
import pty
import re
import signal
import struct
import termios
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

import asyncssh

from c3tui.lab.nodes.system import USER, System

_CHUNK = 65536
_NAMED_HOME = re.compile(rf"(?<![^\s'\"=:;&|()])~(?:{USER}|root)(?![\w.-])")
"""``~user`` is looked up in the machine's user table, which knows nothing of this node's tree."""

Process = asyncssh.SSHServerProcess[bytes]


async def serve(process: Process, system: System, environment: dict[str, str]) -> None:
    """Run what the client asked for until it ends, and tell its exit status or signal.

    A client that goes away leaves the command running, as OpenSSH's server does without a terminal.
    """
    argv = _argv(process)
    if process.term_type is None:
        child = await _spawn(argv, system, environment, asyncio.subprocess.PIPE)
        await _stream(process, child)
    else:
        child = await _serve_terminal(process, argv, system, environment)
    _report(process, await child.wait())


def _argv(process: Process) -> list[str]:
    if process.command is None:
        return ["/bin/sh"] if process.term_type is None else ["/bin/sh", "-i"]
    return ["/bin/sh", "-c", _NAMED_HOME.sub("~", process.command)]


async def _spawn(
    argv: list[str], system: System, environment: dict[str, str], stdio: int, **options: Any
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *argv,
        stdin=stdio,
        stdout=stdio,
        stderr=stdio,
        cwd=system.tree,
        env=environment,
        start_new_session=True,
        limit=_CHUNK,
        **options,
    )


async def _stream(process: Process, child: asyncio.subprocess.Process) -> None:
    assert child.stdin and child.stdout and child.stderr
    feeding = asyncio.create_task(_feed(process, child, child.stdin))
    try:
        await _together(_drain(child.stdout, process.stdout), _drain(child.stderr, process.stderr))
    finally:
        feeding.cancel()
        await asyncio.wait([feeding])


async def _together(*work: Coroutine[Any, Any, None]) -> None:
    async with asyncio.TaskGroup() as group:
        for each in work:
            group.create_task(each)


async def _feed(process: Process, child: asyncio.subprocess.Process, stdin: asyncio.StreamWriter) -> None:
    try:
        while True:
            try:
                data = await process.stdin.read(_CHUNK)
            except asyncssh.SignalReceived as request:
                _signal(child, request.signal)
                continue
            except (asyncssh.BreakReceived, asyncssh.TerminalSizeChanged):
                continue
            if not data:
                return
            stdin.write(data)
            await stdin.drain()
    except (ConnectionError, asyncssh.Error):
        return
    finally:
        stdin.close()


async def _drain(source: asyncio.StreamReader, channel: asyncssh.SSHWriter[bytes]) -> None:
    listening = True
    with suppress(OSError):  # the far end of a terminal closes with EIO
        while data := await source.read(_CHUNK):
            if not listening:
                continue
            try:
                channel.write(data)
                await channel.drain()
            except (ConnectionError, asyncssh.Error):
                listening = False


async def _serve_terminal(
    process: Process, argv: list[str], system: System, environment: dict[str, str]
) -> asyncio.subprocess.Process:
    master, slave = pty.openpty()
    try:
        _resize(master, process.term_size[0], process.term_size[1])
        child = await _spawn(
            argv,
            system,
            {**environment, "TERM": process.term_type or "dumb"},
            slave,
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
    finally:
        os.close(slave)
    os.set_blocking(master, False)
    keyboard = asyncio.create_task(_type(process, child, os.dup(master)))
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(
        lambda: protocol, os.fdopen(master, "rb", 0)
    )
    try:
        await _drain(reader, process.stdout)
    finally:
        keyboard.cancel()
        transport.close()
        await asyncio.wait([keyboard])
    return child


async def _type(process: Process, child: asyncio.subprocess.Process, master: int) -> None:
    try:
        while True:
            try:
                data = await process.stdin.read(_CHUNK)
            except asyncssh.TerminalSizeChanged as size:
                _resize(master, size.width, size.height)
                continue
            except asyncssh.SignalReceived as request:
                _signal(child, request.signal)
                continue
            except asyncssh.BreakReceived:
                continue
            with suppress(BlockingIOError):  # a terminal drops what its queue cannot hold
                os.write(master, data or b"\x04")
            if not data:
                break
        if process.channel.is_closing():
            _signal(child, "HUP")
    except (OSError, asyncssh.Error):
        _signal(child, "HUP")
    finally:
        os.close(master)


def _resize(terminal: int, width: int, height: int) -> None:
    if width and height:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))


def _signal(child: asyncio.subprocess.Process, name: str) -> None:
    number = getattr(signal, f"SIG{name}", None)
    if number is not None and child.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(child.pid, number)


def _report(process: Process, code: int) -> None:
    with suppress(OSError, asyncssh.Error):
        if code < 0:
            process.exit_with_signal(signal.Signals(-code).name.removeprefix("SIG"))
        else:
            process.exit(code)
