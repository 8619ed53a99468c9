"""The processes of one node, told from the machine's others by the home directory in their environment."""

import os
import signal
from contextlib import suppress
from pathlib import Path


def of_tree(tree: Path) -> list[int]:
    """Process ids whose ``HOME`` is ``tree`` or lies below it."""
    marks = (b"HOME=%s\0" % os.fsencode(tree), b"HOME=%s/" % os.fsencode(tree))
    found = []
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        with suppress(OSError):
            environment = b"\0" + Path(entry.path, "environ").read_bytes()
            if any(b"\0" + mark in environment for mark in marks):
                found.append(int(entry.name))
    return found


def kill(tree: Path) -> None:
    """End every process of that tree at once, also those that left their session."""
    own = os.getpid()
    for _ in range(5):
        pids = [pid for pid in of_tree(tree) if pid != own]
        for pid in pids:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)
        if not pids:
            return
