"""A program on a pseudo-terminal of its own: what it writes, and how long a key takes to be painted."""

import fcntl
import json
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any


class Terminal:
    """A child on a pseudo-terminal, and what it writes."""

    def __init__(self, program: Sequence[str], size: tuple[int, int]) -> None:
        """Start a Python program; its ``--report`` is the descriptor it writes its own figures to."""
        primary, secondary = pty.openpty()
        fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))
        self._report, report = os.pipe()
        environ = {**os.environ, "TERM": "xterm-256color", "PYTHONPATH": str(Path(__file__).parents[2])}
        environ.pop("COLORTERM", None)
        environ.pop("NO_COLOR", None)
        self._child = subprocess.Popen(
            [sys.executable, *program, "--report", str(report)],
            stdin=secondary,
            stdout=secondary,
            stderr=secondary,
            env=environ,
            pass_fds=(report,),
            start_new_session=True,
        )
        os.close(secondary)
        os.close(report)
        self._fd = primary
        self.sent = 0
        self._tail = b""

    def read(self, seconds: float) -> None:
        """Take what comes within a time."""
        if select.select([self._fd], [], [], max(0.0, seconds))[0]:
            try:
                data = os.read(self._fd, 1 << 16)
            except OSError as error:
                raise EOFError(f"the program ended: {self._tail[-2000:].decode(errors='replace')}") from error
            self.sent += len(data)
            self._tail = (self._tail + data)[-8192:]

    def watch(self, seconds: float) -> int:
        """How many bytes come in a time."""
        began, end = self.sent, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
        return self.sent - began

    def wait(self, word: bytes, limit: float = 120.0) -> float:
        """Milliseconds until a word comes.

        Raises:
            TimeoutError: it does not.
        """
        began = time.perf_counter()
        while word not in self._tail:
            if time.perf_counter() - began > limit:
                raise TimeoutError(f"{word!r} did not come within {limit} s: {self._tail[-400:]!r}")
            self.read(0.05)
        return (time.perf_counter() - began) * 1000

    def key(self, key: bytes, word: bytes) -> float:
        """Milliseconds from a key to what it paints."""
        self._tail = b""
        os.write(self._fd, key)
        return self.wait(word)

    def halt(self) -> None:
        """Stand still while the other one is measured."""
        self._child.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """Go on, and come to rest."""
        self._child.send_signal(signal.SIGCONT)
        self.watch(0.4)

    def close(self, key: bytes) -> dict[str, Any]:
        """Leave by a key; what the child measured itself."""
        os.write(self._fd, key)
        end = time.monotonic() + 10
        while self._child.poll() is None and time.monotonic() < end:
            with suppress(EOFError):
                self.read(0.05)
        self._child.kill()
        self._child.wait()
        os.close(self._fd)
        with os.fdopen(self._report, "rb") as report:
            return dict(json.loads(report.read() or b"{}"))
