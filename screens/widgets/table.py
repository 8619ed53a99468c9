"""FleetTable: a live table for thousands of rows that repaints only what changed and is in view."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from textual.binding import Binding, BindingType
from textual.message import Message

from c3tui.model.query import Facets
from screens.signs import Span
from screens.widgets.columns import Column, layout, pad
from screens.widgets.lines import LineView
from screens.widgets.lineup import Group, Line, Lineup
from screens.widgets.paint import clip
from screens.words import counted

T = TypeVar("T")

AHEAD_ROWS, AHEAD_SECONDS = 500, 0.02
"""Rows prepared for searching at one go, and the pause between: keys are answered in between."""


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
        Binding("asterisk", "mark_all", "Mark all shown, or none", show=False, key_display="*"),
        Binding("o", "sort(1)", "Order by next column", show=False),
        Binding("O", "reverse", "Reverse the order", show=False),
        Binding("f5", "sort(0)", "Sort again", show=False),
        Binding("g", "group", "Group, or flat", show=False),
        Binding("G", "fold_all", "Fold all groups, or none", show=False),
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
        self,
        columns: Sequence[Column[T]],
        *,
        empty: str = "Nothing here yet",
        facets: Facets[T] | None = None,
        groups: Mapping[str, Callable[[T], str]] | None = None,
        trouble: Callable[[T], bool] | None = None,
        noun: str = "row",
        id: str | None = None,
    ) -> None:
        """An empty table.

        Args:
            empty: what is said while there are no rows.
            facets: what the filter can ask for by key; words are looked for in what the columns show.
            groups: ways to group rows, by name; ``g`` goes through them.
            trouble: which rows the head of a group counts as in trouble.
            noun: what a row is, for such a count.
        """
        super().__init__(id=id)
        self.empty = empty
        self.noun = noun
        self.groups = dict(groups or {})
        self.grouped_by = ""
        """The way of grouping now; empty when flat."""
        self.marks: set[str] = set()
        self.lineup = Lineup(columns, facets, trouble)
        self.walked = False
        """Somebody moved the cursor: it stays with its row from then on."""
        self._first = 1
        self._reading_ahead = False

    @property
    def columns(self) -> tuple[Column[T], ...]:
        """Every column, in view or not."""
        return self.lineup.columns

    @property
    def rows(self) -> Mapping[str, T]:
        """Every row by key, shown or not."""
        return self.lineup.rows

    @property
    def order(self) -> list[str]:
        """Keys that pass the filter, in the order shown; those of folded groups too."""
        return self.lineup.order

    @property
    def words(self) -> tuple[str, ...]:
        """What the filter was given."""
        return tuple(self.lineup.query.text.split())

    @property
    def count(self) -> int:
        """Lines there are: rows that pass the filter, and heads of groups."""
        return len(self.lineup.lines)

    @property
    def line(self) -> Line | None:
        """The row or the head of a group under the cursor."""
        return self.lineup.lines[self.cursor] if self.cursor < self.count else None

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        return None if isinstance(self.line, Group) else self.line

    @property
    def row(self) -> T | None:
        """The row under the cursor."""
        return self.rows.get(self.key) if self.key is not None else None

    @property
    def chosen(self) -> list[str]:
        """The marked rows that pass the filter, in order, or the one under the cursor."""
        marked = [key for key in self.order if key in self.marks]
        return marked or ([self.key] if self.key is not None else [])

    @property
    def in_view(self) -> list[str]:
        """Keys of the rows in view."""
        lines = (self.lineup.lines[index] for index in self.shown)
        return [line for line in lines if not isinstance(line, Group)]

    def update(self, rows: Mapping[str, T]) -> None:
        """Take the rows as they are now; repaint what changed and is in view."""
        self._hold_place(lambda: self.lineup.take(rows))
        self.marks &= rows.keys()
        self._read_ahead()

    def tick(self) -> None:
        """Repaint what changed by growing older; rows may come to pass the filter that way."""
        self._hold_place(self.lineup.recheck)

    def filter(self, text: str) -> None:
        """Show only rows that pass (:mod:`c3tui.model.query`); the cursor stays with its row if it can."""
        self._hold_place(self.lineup.ask, text)

    def go_to(self, index: int) -> None:
        """Move the cursor; from then on it stays with its row, not with its place."""
        self.walked = True
        super().go_to(index)

    def go_to_key(self, key: str) -> None:
        """Bring the cursor to a row, out of a folded group too."""
        if key in self.rows:
            self.lineup.unfold_to(key)
        if key in self.lineup.lines:
            self.settle()
            self.go_to(self.lineup.lines.index(key))

    def go_to_next(self, keys: Iterable[str]) -> None:
        """Bring the cursor to the first of these rows that is below it, or above when none is."""
        wanted = set(keys)
        here = self.line
        at = {key: nth for nth, key in enumerate(self.order)}
        if isinstance(here, Group):
            inside = (at[line] for line in self.lineup.lines[self.cursor + 1 :] if isinstance(line, str))
            here_at = next(inside, 0) - 1
        else:
            here_at = at.get(here or "", -1)
        found = [key for key in self.order if key in wanted]
        for key in [key for key in found if at[key] > here_at] or found:
            self.go_to_key(key)
            return

    def action_across(self, by: int) -> None:
        """Show columns further right or left; the first stays."""
        self._first = min(max(1, self._first + by), max(1, len(self.columns) - 1))
        self.repaint()

    def action_mark(self) -> None:
        """Mark the row, or take the mark away, and go on to the next; on the head of a group, fold it."""
        if isinstance(self.line, Group):
            self._fold(self.line)
        elif self.key is not None:
            self.marks ^= {self.key}
            self.action_move(1)
            self.repaint()

    def action_mark_all(self) -> None:
        """Mark every row that passes the filter; when all are, take those marks away."""
        passing = set(self.order)
        self.marks = self.marks - passing if passing <= self.marks else self.marks | passing
        self.repaint()

    def action_sort(self, step: int) -> None:
        """Sort by the next column, or again by the same."""
        if step:
            nth = 0 if self.lineup.sorted_by is None else self.lineup.sorted_by + step
            self.lineup.sorted_by = nth if nth < len(self.columns) else None
        self._hold_place(self.lineup.arrange)

    def action_reverse(self) -> None:
        """Turn the order round."""
        self.lineup.reversed = not self.lineup.reversed
        self._hold_place(self.lineup.arrange)

    def action_group(self) -> None:
        """The next way of grouping, and after the last of them none."""
        ways = ["", *self.groups]
        self.grouped_by = ways[(ways.index(self.grouped_by) + 1) % len(ways)]
        self._hold_place(self.lineup.group, self.groups.get(self.grouped_by))

    def action_fold_all(self) -> None:
        """Show the heads of the groups only; or everything again."""
        if self.grouped_by:
            self._hold_place(self.lineup.fold_all)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grouping is offered where there is something to group by."""
        return bool(self.groups) if action in ("group", "fold_all") else True

    def action_choose(self) -> None:
        """Open the row under the cursor; fold or unfold a group."""
        if isinstance(self.line, Group):
            self._fold(self.line)
        elif self.key is not None:
            self.post_message(self.Chosen(self, self.key))

    def clear_marks(self) -> None:
        """Take all marks away."""
        self.marks.clear()
        self.repaint()

    def _fold(self, group: Group) -> None:
        self._hold_place(self.lineup.fold, group, not group.folded)

    def _hold_place(self, arrange: Callable[..., bool | None], *arguments: Any) -> None:
        """Have the lines arranged anew; the cursor stays with its row, and the row where it is drawn."""
        lines, cursor, top = self.lineup.lines, self.cursor, self.top
        if arrange(*arguments) is False:
            self.repaint()
            return
        if self.walked and lines:
            at = {line: nth for nth, line in enumerate(self.lineup.lines)}
            held = self.lineup.stand_ins(lines, cursor)
            self.cursor = next((at[line] for line in held if line in at), 0)
            self.top = max(0, self.cursor - (cursor - top))
        self.settle()
        self.post_message(self.Moved(self))

    def _read_ahead(self) -> None:
        if not self._reading_ahead and len(self.rows) > AHEAD_ROWS and self.is_attached:
            self._reading_ahead = True
            self.set_timer(AHEAD_SECONDS, self._read_on)

    def _read_on(self) -> None:
        self._reading_ahead = False
        if self.lineup.read_ahead(AHEAD_ROWS):
            self._read_ahead()

    @property
    def _layout(self) -> list[tuple[Column[T], int]]:
        return layout(self.columns, self.size.width - 2, self._first)

    def over(self, y: int) -> str:
        """The cursor line, the head and the foot stand out."""
        if y < self.HEAD:
            return "head"
        if y == self.size.height - 1:
            return "band"
        return "cursor" if self.has_focus and y == self.y_of(self.cursor) and self.count else ""

    def spans(self, y: int) -> Sequence[Span]:
        """A line of the table."""
        if y < self.HEAD:
            return list(self._head())
        if y == self.size.height - 1:
            return clip(self._foot(), self.size.width)
        index = self.top + y - self.HEAD
        if index < self.count:
            line = self.lineup.lines[index]
            return self._group(index, line) if isinstance(line, Group) else self._row(index, line)
        if self.count or y != self.HEAD + 1:
            return []
        return [("  Nothing passes the filter" if self.rows else f"  {self.empty}", "dim")]

    def _head(self) -> Iterable[Span]:
        yield "  ", ""
        sorted_by = self.lineup.sorted_by
        for nth, (column, width) in enumerate(self._layout):
            if nth:
                yield " ", ""
            title = column.title
            if sorted_by is not None and column is self.columns[sorted_by]:
                title += "^" if self.lineup.reversed else "v"
            yield pad(title, width, column.align), ""

    def _row(self, index: int, key: str) -> list[Span]:
        row = self.rows[key]
        mark = "*" if key in self.marks else " "
        line: list[Span] = [(">" if index == self.cursor else " ", "strong"), (mark, "warn")]
        for nth, (column, width) in enumerate(self._layout):
            text, tone = column.cell(row)
            if nth:
                line.append((" ", ""))
            line.append((pad(text, width, column.align), tone))
        return line

    def _group(self, index: int, group: Group) -> list[Span]:
        sign = "+" if group.folded else "-"
        total = counted(group.total, self.noun)
        if group.shown != group.total:
            total = f"{group.shown} of {total}"
        line: list[Span] = [
            (">" if index == self.cursor else " ", "strong"),
            (f"{sign} {group.name}  ", "key"),
        ]
        line.append((total, ""))
        return [*line, (f", {group.bad} in trouble", "bad")] if group.bad else line

    def _foot(self) -> list[Span]:
        query = self.lineup.query
        if query.faults:
            return [(f"  ! {query.faults[0]}", "warn")]
        parts = [f"  {self.position}"] if self.count else [" "]
        if self.grouped_by:
            parts = [f"{parts[0]} lines", f"by {self.grouped_by} (g)"]
        if query:
            parts.append(f"filter: {query.text.strip()} ({len(self.rows)} in all)")
        if self.marks:
            hidden = len(self.marks) - sum(key in self.marks for key in self.order) if query else 0
            parts.append(f"{len(self.marks)} marked" + (f", {hidden} of them not shown" if hidden else ""))
        if self.lineup.sorted_by is not None:
            moved = f", {len(self.lineup.moved)} moved: F5" if self.lineup.moved else ""
            parts.append(f"by {self.columns[self.lineup.sorted_by].title.lower()}{moved}")
        hidden = len(self.columns) - len(self._layout)
        if hidden > 0:
            parts.append(f"{counted(hidden, 'more column')}: Left, Right")
        return [("   ".join(parts), "dim")]
