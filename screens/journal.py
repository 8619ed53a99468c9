"""The end of the journal, as lines that can be read."""

from c3tui.engine.store import Entry, Reader
from screens.signs import Span
from screens.words import clock

_WINDOWS = (5_000, 100_000, 2_000_000)
"""How far back to look, in changes: observations use up numbers too, so the journal has gaps."""


class Journal:
    """Keeps the last entries, of the whole site or of one subject; each look reads only what is new."""

    def __init__(self, reader: Reader, keep: int = 60, subject: str | None = None) -> None:
        self._reader = reader
        self._keep = keep
        self._subject = subject
        self._after: int | None = None
        self._entries: list[Entry] = []

    def catch_up(self) -> list[Entry]:
        """The last entries, oldest first."""
        if self._after is None:
            self._first()
        while new := self._reader.journal(self._after or 0, 1000, self._subject):
            self._add(new)
        return self._entries

    def _first(self) -> None:
        cursor = self._reader.cursor
        for window in (*_WINDOWS, cursor):
            self._after = max(0, cursor - window)
            found = self._reader.journal(self._after, 1000, self._subject)
            if len(found) >= self._keep or self._after == 0:
                break

    def _add(self, new: list[Entry]) -> None:
        self._after = new[-1].seq
        self._entries = [*self._entries, *new][-self._keep :]


def journal_line(entry: Entry) -> list[Span]:
    """One entry: when, what, on which subject, with which values, by whom."""
    values = ", ".join(f"{key} {value}" for key, value in entry.data.items() if value not in ("", None))
    line: list[Span] = [(f"{clock(entry.at)} ", "dim"), (entry.what, "")]
    line.append((f" {entry.subject}", "strong"))
    if values:
        line.append((f": {values}", ""))
    line.append((f"  ({entry.who})", "dim"))
    return line
