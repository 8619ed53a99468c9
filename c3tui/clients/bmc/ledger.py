"""Which sessions are open at which BMC, on disk: after a crash the next login closes what was left behind."""

import json
import logging
import os
import time
from collections.abc import Iterable
from pathlib import Path

from c3tui.clients.bmc.exchange import Session

log = logging.getLogger(__name__)

FORGOTTEN_AFTER = 15 * 60.0
"""Seconds after which a BMC has let go of a session by itself (60 by IPMI 2.0, 6.12.15; some take their
time). Its id may by then be another console's, and is left alone."""
MOST = 16
"""Sessions remembered of one BMC, the newest: none has more slots, and the older ones have idled out."""
BEAT = 30.0
"""Seconds between signs of life on disk: they tell the next start how long ago this one ended."""


class Ledger:
    """A journal of sessions opened and closed. It is written before a session opens, and holds no secrets.

    Lines of JSON, appended: each is one write, so that a process killed at any moment leaves what it opened.

    Args:
        path: the file; None keeps it in memory only.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._open: dict[str, dict[Session, None]] = {}
        self._file: int | None = None
        self._beaten = time.monotonic()
        if path:
            self._open = _read(path)
            self._rewrite()

    def opened(self, place: str, session: Session) -> None:
        """A session is about to open at the BMC of that address and port."""
        held = self._open.setdefault(place, {})
        held[session] = None
        self._append({"at": place, "open": session.id, "port": session.port})
        if len(held) > MOST:
            self.closed(place, list(held)[:-MOST])

    def closed(self, place: str, sessions: Iterable[Session]) -> None:
        """These are closed."""
        held = self._open.get(place, {})
        for session in sessions:
            if session in held:
                del held[session]
                self._append({"at": place, "closed": session.id, "port": session.port})
        if not held:
            self._open.pop(place, None)

    def owed(self, place: str, but: Session) -> list[Session]:
        """What may still be open at a BMC, besides the one in use."""
        return [session for session in self._open.get(place, ()) if session != but]

    def beat(self) -> None:
        """Note on disk that the process lives, now and then."""
        if self._file is not None and time.monotonic() - self._beaten >= BEAT:
            self._beaten = time.monotonic()
            os.utime(self._file)

    def close(self) -> None:
        """Leave on disk only what is open still."""
        if self._path:
            self._rewrite()
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _append(self, entry: dict[str, str | int]) -> None:
        if self._file is not None:
            try:
                os.write(self._file, json.dumps(entry).encode() + b"\n")
            except OSError as error:
                log.warning("open BMC sessions cannot be noted in %s: %s", self._path, error)

    def _rewrite(self) -> None:
        assert self._path
        held = [
            {"at": place, "open": session.id, "port": session.port}
            for place, sessions in self._open.items()
            for session in sessions
        ]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            fresh = self._path.with_suffix(".new")
            file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
            os.write(file, b"".join(json.dumps(entry).encode() + b"\n" for entry in held))
            fresh.replace(self._path)
        except OSError as error:
            log.warning("open BMC sessions cannot be noted in %s: %s", self._path, error)
            return
        if self._file is not None:
            os.close(self._file)
        self._file = file


def _read(path: Path) -> dict[str, dict[Session, None]]:
    try:
        if time.time() - path.stat().st_mtime > FORGOTTEN_AFTER:
            return {}
        lines = path.read_text().splitlines()
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        log.warning("BMC sessions left open cannot be read from %s: %s", path, error)
        return {}
    found: dict[str, dict[Session, None]] = {}
    for line in lines:
        try:
            entry = json.loads(line)
            held = found.setdefault(entry["at"], {})
            if "open" in entry:
                held[Session(entry["open"], entry["port"])] = None
            else:
                held.pop(Session(entry["closed"], entry["port"]), None)
        except (ValueError, KeyError, TypeError):
            continue  # the last line of a process that was killed while it wrote
    return {place: sessions for place, sessions in found.items() if sessions}
