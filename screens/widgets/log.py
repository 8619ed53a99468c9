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
        Binding("ampersand", "only_matches", "Matches only, or all", show=False, key_display="&"),
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
        self.matches_only = False
        self.words: tuple[str, ...] = ()
        """What the search looks for; matches stand out, and n and N go from one to the next."""
        self._passing: list[int] | None = None
        self._x = 0
        self._unseen = 0
        self._matches = 0

    @property
    def count(self) -> int:
        """Lines that pass the filter."""
        return len(self.lines) if self._passing is None else len(self._passing)

    def line_at(self, index: int) -> LogLine:
        """The line shown at an index."""
        return self.lines[index if self._passing is None else self._passing[index]]

    def append(self, lines: Sequence[LogLine]) -> None:
        """Add lines at the end; the oldest fall out of a full ring, and what is read stays where it is."""
        if not lines:
            return
        start, before = len(self.lines), self.count
        self.lines.extend(lines)
        if self._passing is not None:
            self._passing.extend(n for n in range(start, len(self.lines)) if self._passes(self.lines[n]))
        added = self.count - before
        self._matches += sum(self._found(self.line_at(index)) for index in range(before, self.count))
        if (over := len(self.lines) - self.RING) > 0:
            self._drop(over)
        if self.follow:
            self.cursor = max(0, self.count - 1)
        else:
            self._unseen += added
        self.settle()

    def _drop(self, over: int) -> None:
        """Forget the oldest lines."""
        gone = over
        if self._passing is not None:
            gone = sum(n < over for n in self._passing)
        if self.words:
            self._matches -= sum(self._found(self.line_at(index)) for index in range(gone))
        if self._passing is not None:
            self._passing = [n - over for n in self._passing[gone:]]
        del self.lines[:over]
        self.cursor, self.top = max(0, self.cursor - gone), max(0, self.top - gone)

    def clear(self) -> None:
        """Forget all lines, to show another log."""
        self.lines.clear()
        self._refilter()
        self._unseen = 0
        self.follow = True
        self.cursor = 0
        self.settle()

    def only_failed(self, on: bool) -> None:
        """Show warnings and errors only, or all."""
        self.failed_only = on
        self._to_the_end()

    def action_only_matches(self) -> None:
        """Show only what the search finds, or all."""
        self.matches_only = not self.matches_only
        self._to_the_end()

    def _to_the_end(self) -> None:
        self._refilter()
        self.follow = True
        self._unseen = 0
        self.cursor = max(0, self.count - 1)
        self.settle()

    def search(self, words: str) -> None:
        """Mark lines that hold every word, and go to the newest of them."""
        self.words = tuple(words.lower().split())
        self._refilter()
        self.settle()
        if self.words:
            self.cursor = self.count
            self.action_find(-1)

    @property
    def matches(self) -> int:
        """How many shown lines the search finds."""
        return self._matches

    def action_find(self, by: int) -> None:
        """Go to the next line that matches, or the one before."""
        span = range(self.cursor + 1, self.count) if by > 0 else range(self.cursor - 1, -1, -1)
        for index in span:
            if self._found(self.line_at(index)):
                self.go_to(index)
                self.repaint()
                return
        self.cursor = min(self.cursor, max(0, self.count - 1))

    def action_choose(self) -> None:
        """Show the line under the cursor in full."""
        if self.cursor < self.count:
            self.post_message(self.Chosen(self, self.line_at(self.cursor)))

    def action_across(self, by: int) -> None:
        """Show more of long lines."""
        self._x = max(0, self._x + by)
        self.repaint()

    def go_to(self, index: int) -> None:
        """Move; being at the end is following it."""
        super().go_to(index)
        self.follow = self.cursor >= self.count - 1
        if self.follow and self._unseen:
            self._unseen = 0
            self.repaint()

    def _found(self, line: LogLine) -> bool:
        text = f"{line.server} {line.text}".lower()
        return bool(self.words) and all(word in text for word in self.words)

    def _passes(self, line: LogLine) -> bool:
        if self.failed_only and line.level not in LEVELS:
            return False
        return not (self.matches_only and self.words) or self._found(line)

    def _refilter(self) -> None:
        """Who passes, and how many of those the search finds, from scratch."""
        self._passing = None
        if self.failed_only or (self.matches_only and self.words):
            self._passing = [n for n, line in enumerate(self.lines) if self._passes(line)]
        found = (self._found(self.line_at(index)) for index in range(self.count))
        self._matches = sum(found) if self.words else 0

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
        if self._found(line):
            tone = "key"
        server = f"{line.server}: " if line.server else ""
        return [(clock(line.at) + " ", "dim"), (f"{server}{line.text}"[self._x :], tone)]

    def _foot(self) -> Iterable[str]:
        yield self.position
        if self.failed_only:
            yield "warnings and errors only"
        if self.words:
            only = ", only those" if self.matches_only else ", & only those"
            yield f"{self.matches} match {' '.join(self.words)!r} (n, N{only})"
        if self._unseen:
            yield f"{self._unseen} new below (End)"
        elif self.follow and self.count:
            yield "following"
