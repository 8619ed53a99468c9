"""LogPane: the end of a run's log, in a ring, with follow, search and filters."""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.message import Message

from c3tui.engine.store import LogLine
from screens.signs import Span
from screens.widgets.lines import LineView
from screens.widgets.paint import clip
from screens.words import clock

LEVELS = {"error": "bad", "warning": "warn"}


class LogPane(LineView):
    """Log lines, newest at the bottom. It follows the end until the reader moves up; End follows again.

    Holds at most ``RING`` lines: the whole log stays in the record.
    """

    HEAD = 0
    FOOT = 1
    RING = 20_000

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "find(1)", "Next match", show=False),
        Binding("N", "find(-1)", "Match before", show=False),
        Binding("left", "across(-20)", show=False),
        Binding("right", "across(20)", show=False),
        Binding("enter", "choose", "Whole line"),
    ]

    class Chosen(Message):
        """Enter was pressed on a line."""

        def __init__(self, pane: "LogPane", line: LogLine) -> None:
            super().__init__()
            self.pane = pane
            self.line = line

        @property
        def control(self) -> "LogPane":
            """The pane it was pressed in."""
            return self.pane

    def __init__(self, *, empty: str = "No log yet", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.lines: list[LogLine] = []
        self.follow = True
        self.failed_only = False
        self.words: tuple[str, ...] = ()
        """What the search looks for; matches stand out, and n and N go from one to the next."""
        self._passing: list[int] | None = None
        self._x = 0
        self._unseen = 0

    @property
    def count(self) -> int:
        """Lines that pass the filter."""
        return len(self.lines) if self._passing is None else len(self._passing)

    def line_at(self, index: int) -> LogLine:
        """The line shown at an index."""
        return self.lines[index if self._passing is None else self._passing[index]]

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end."""
        if not lines:
            return
        start = len(self.lines)
        before = self.count
        self.lines.extend(lines)
        if len(self.lines) > self.RING:
            del self.lines[: len(self.lines) - self.RING]
            self._refilter()
        elif self._passing is not None:
            self._passing.extend(n for n in range(start, len(self.lines)) if self._passes(self.lines[n]))
        if self.follow:
            self.cursor = max(0, self.count - 1)
            self.settle()
        else:
            self._unseen += max(0, self.count - before)
            self._paint_new(before)

    def _paint_new(self, before: int) -> None:
        for index in self.shown:
            if index >= before:
                self.refresh_row(self.y_of(index))
        self.refresh_row(self.size.height - 1)

    def clear(self) -> None:
        """Forget all lines, to show another log."""
        self.lines.clear()
        self._passing = None if not self.failed_only else []
        self._unseen = 0
        self.follow = True
        self.cursor = 0
        self.settle()

    def only_failed(self, on: bool) -> None:
        """Show warnings and errors only, or all."""
        self.failed_only = on
        self._refilter()
        self.follow = True
        self._unseen = 0
        self.cursor = max(0, self.count - 1)
        self.settle()

    def search(self, words: str) -> None:
        """Mark lines that hold every word, and go to the newest of them."""
        self.words = tuple(words.lower().split())
        self.refresh()
        if self.words:
            self.cursor = self.count
            self.action_find(-1)

    @property
    def matches(self) -> int:
        """How many shown lines the search finds."""
        return sum(self._found(self.line_at(index)) for index in range(self.count)) if self.words else 0

    def action_find(self, by: int) -> None:
        """Go to the next line that matches, or the one before."""
        span = range(self.cursor + 1, self.count) if by > 0 else range(self.cursor - 1, -1, -1)
        for index in span:
            if self._found(self.line_at(index)):
                self.go_to(index)
                return
        self.cursor = min(self.cursor, max(0, self.count - 1))

    def action_choose(self) -> None:
        """Show the line under the cursor in full."""
        if self.cursor < self.count:
            self.post_message(self.Chosen(self, self.line_at(self.cursor)))

    def action_across(self, by: int) -> None:
        """Show more of long lines."""
        self._x = max(0, self._x + by)
        self.refresh()

    def go_to(self, index: int) -> None:
        """Move; being at the end is following it."""
        super().go_to(index)
        self.follow = self.cursor >= self.count - 1
        if self.follow and self._unseen:
            self._unseen = 0
            self.refresh()

    def _found(self, line: LogLine) -> bool:
        text = f"{line.server} {line.text}".lower()
        return all(word in text for word in self.words)

    def _passes(self, line: LogLine) -> bool:
        return not self.failed_only or line.level in LEVELS

    def _refilter(self) -> None:
        if not self.failed_only:
            self._passing = None
            return
        self._passing = [n for n, line in enumerate(self.lines) if self._passes(line)]

    def over(self, y: int) -> str:
        """The cursor line and the foot stand out."""
        if y == self.size.height - 1:
            return "band"
        return "cursor" if self.has_focus and y == self.y_of(self.cursor) and self.count else ""

    def spans(self, y: int) -> Sequence[Span]:
        """A line of the log."""
        if y == self.size.height - 1:
            return clip([("  " + "   ".join(self._foot()), "dim")], self.size.width)
        index = self.top + y
        if index >= self.count:
            return [(f"  {self.empty}", "dim")] if not self.count and y == 0 else []
        line = self.line_at(index)
        tone = LEVELS.get(line.level, "")
        if self.words and self._found(line):
            tone = "key"
        server = f"{line.server}: " if line.server else ""
        return [(clock(line.at) + " ", "dim"), (f"{server}{line.text}"[self._x :], tone)]

    def _foot(self) -> Iterable[str]:
        yield self.position
        if self.failed_only:
            yield "warnings and errors only"
        if self.words:
            yield f"{self.matches} match {' '.join(self.words)!r} (n, N)"
        if self._unseen:
            yield f"{self._unseen} new below (End)"
        elif self.follow and self.count:
            yield "following"
