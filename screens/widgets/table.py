"""FleetTable: a live table for thousands of rows that repaints only what changed and is in view."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message

from screens.signs import Span
from screens.widgets.columns import Column, layout, pad
from screens.widgets.lines import LineView
from screens.widgets.paint import clip
from screens.words import counted

T = TypeVar("T")


class FleetTable(LineView, Generic[T]):
    """Rows by key, shown through columns. The cursor and the marks stay with their rows.

    The order is kept while values change, so that nothing moves under the reader; F5 sorts again.
    """

    HEAD = 1
    FOOT = 1

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "across(-1)", show=False),
        Binding("right", "across(1)", show=False),
        Binding("space", "mark", "Mark", show=False),
        Binding("o", "sort(1)", "Order by next column", show=False),
        Binding("O", "reverse", "Reverse the order", show=False),
        Binding("f5", "sort(0)", "Sort again", show=False),
        Binding("enter", "choose", "Open"),
    ]

    class Chosen(Message):
        """Enter was pressed on a row."""

        def __init__(self, table: "FleetTable[Any]", key: str) -> None:
            super().__init__()
            self.table = table
            self.key = key

        @property
        def control(self) -> "FleetTable[Any]":
            """The table it was pressed in."""
            return self.table

    def __init__(
        self, columns: Sequence[Column[T]], *, empty: str = "Nothing here yet", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.empty = empty
        self.rows: Mapping[str, T] = {}
        self.order: list[str] = []
        """Keys in the order shown, after the filter."""
        self.marks: set[str] = set()
        self.words: tuple[str, ...] = ()
        """A row is shown when all of these are in it."""
        self.sorted_by: int | None = None
        self.reversed = False
        self._first = 1
        self.walked = False
        """Somebody moved the cursor: it stays with its row from then on."""
        self._text: dict[str, tuple[T, str]] = {}
        self._painted: dict[str, tuple[Span, ...]] = {}

    @property
    def count(self) -> int:
        """Rows that pass the filter."""
        return len(self.order)

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return self.order[self.cursor] if self.cursor < len(self.order) else None

    @property
    def row(self) -> T | None:
        """The row under the cursor."""
        return self.rows.get(self.key) if self.key is not None else None

    @property
    def chosen(self) -> list[str]:
        """The marked rows in order, or the one under the cursor."""
        marked = [key for key in self.order if key in self.marks]
        return marked or ([self.key] if self.key is not None else [])

    @property
    def in_view(self) -> list[str]:
        """Keys of the rows in view."""
        return [self.order[index] for index in self.shown]

    def update(self, rows: Mapping[str, T]) -> None:
        """Take the rows as they are now; repaint what changed and is in view."""
        before = self.rows.keys()
        same = before == rows.keys() and not self.words
        self.rows = dict(rows)
        if not same:
            self._arrange()
        self.tick()

    def tick(self) -> None:
        """Repaint rows in view whose cells in view changed, be it only by growing older."""
        shown = self._layout
        for index in self.shown:
            key = self.order[index]
            if self._painted.get(key) != self._cells(key, shown):
                self.refresh_row(self.y_of(index))

    def filter(self, words: str) -> None:
        """Show only rows that contain every word; the cursor stays with its row if it can."""
        self.words = tuple(words.lower().split())
        self._arrange()

    def go_to(self, index: int) -> None:
        """Move the cursor; from then on it stays with its row, not with its place."""
        self.walked = True
        super().go_to(index)

    def go_to_key(self, key: str) -> None:
        """Bring the cursor to a row."""
        if key in self.order:
            self.go_to(self.order.index(key))

    def action_across(self, by: int) -> None:
        """Show columns further right or left; the first stays."""
        self._first = min(max(1, self._first + by), max(1, len(self.columns) - 1))
        self._painted.clear()
        self.refresh()

    def action_mark(self) -> None:
        """Mark the row, or take the mark away, and go on to the next."""
        if self.key is not None:
            self.marks ^= {self.key}
            self._repaint(self.cursor)
            self.action_move(1)

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or again by the same."""
        if step:
            nth = 0 if self.sorted_by is None else self.sorted_by + step
            self.sorted_by = nth if nth < len(self.columns) else None
        self._arrange()

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.reversed = not self.reversed
        self._arrange()

    def action_choose(self) -> None:
        """Open the row under the cursor."""
        if self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self.refresh()

    def _arrange(self) -> None:
        held = self.key
        keys = [key for key in self.rows if self._passes(key)]
        if self.sorted_by is not None:
            column = self.columns[self.sorted_by]
            keys.sort(key=lambda key: column.key(self.rows[key]))
        if self.reversed:
            keys.reverse()
        self.order = keys
        self.marks &= self.rows.keys()
        self._text = {key: self._text[key] for key in self._text if key in self.rows}
        self._painted.clear()
        if self.walked and held in keys:
            self.cursor = keys.index(held)
        self.settle()
        self.post_message(self.Moved(self))

    def _passes(self, key: str) -> bool:
        if not self.words:
            return True
        row = self.rows[key]
        known = self._text.get(key)
        if known is None or known[0] is not row:
            known = (row, " ".join(column.cell(row)[0] for column in self.columns).lower())
            self._text[key] = known
        return all(word in known[1] for word in self.words)

    def _cells(self, key: str, shown: Sequence[tuple[Column[T], int]]) -> tuple[Span, ...]:
        row = self.rows[key]
        return tuple(column.cell(row) for column, _ in shown)

    @property
    def _layout(self) -> list[tuple[Column[T], int]]:
        return layout(self.columns, self.size.width - 2, self._first)

    def over(self, y: int) -> str:
        """The cursor line, the head and the foot stand out."""
        if y < self.HEAD:
            return "head"
        if y == self.size.height - 1:
            return "band"
        return "cursor" if self.has_focus and y == self.y_of(self.cursor) and self.order else ""

    def spans(self, y: int) -> Sequence[Span]:
        """A line of the table."""
        if y < self.HEAD:
            return list(self._head())
        if y == self.size.height - 1:
            return clip([(self._foot(), "dim")], self.size.width)
        index = self.top + y - self.HEAD
        if index < len(self.order):
            return self._row(index)
        return [(f"  {self.empty}", "dim")] if not self.order and y == self.HEAD + 1 else []

    def _head(self) -> Iterable[Span]:
        yield "  ", ""
        for nth, (column, width) in enumerate(self._layout):
            if nth:
                yield " ", ""
            title = column.title
            if self.sorted_by is not None and column is self.columns[self.sorted_by]:
                title += "^" if self.reversed else "v"
            yield pad(title, width, column.align), ""

    def _row(self, index: int) -> list[Span]:
        key = self.order[index]
        shown = self._layout
        cells = self._cells(key, shown)
        self._painted[key] = cells
        mark = "*" if key in self.marks else " "
        line: list[Span] = [(">" if index == self.cursor else " ", "strong"), (mark, "warn")]
        for nth, ((column, width), (text, tone)) in enumerate(zip(shown, cells, strict=True)):
            if nth:
                line.append((" ", ""))
            line.append((pad(text, width, column.align), tone))
        return line

    def _foot(self) -> str:
        parts = [f"  {self.position}"]
        if self.words:
            parts.append(f"filter: {' '.join(self.words)} ({len(self.rows)} in all)")
        if self.marks:
            parts.append(f"{len(self.marks)} marked")
        if self.sorted_by is not None:
            parts.append(f"by {self.columns[self.sorted_by].title.lower()}")
        hidden = len(self.columns) - len(self._layout)
        if hidden > 0:
            parts.append(f"{counted(hidden, 'more column')}: Left, Right")
        return "   ".join(parts)
