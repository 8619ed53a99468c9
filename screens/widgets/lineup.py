"""Which rows a table shows, in which order and in which groups. Pure: it paints nothing."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from c3tui.model.query import Facets, Query, parse
from screens.widgets.columns import Column

T = TypeVar("T")


@dataclass(eq=False)
class Group:
    """Rows that belong together, such as those of a rack; its line stands above theirs."""

    name: str
    total: int = 0
    """Rows it has, shown or not."""
    bad: int = 0
    """Those of them that are in trouble."""
    shown: int = 0
    """Those that pass the filter."""
    folded: bool = False


Line = str | Group
"""The key of a row, or the head of a group."""


class Lineup(Generic[T]):
    """Rows in the order shown. Values may change as they like: nothing moves until it is asked for.

    Args:
        columns: what a row shows, and what it can be sorted by.
        facets: what can be asked for by key.
        trouble: whether a row is one to look at; groups count those.
    """

    def __init__(
        self,
        columns: Sequence[Column[T]],
        facets: Facets[T] | None = None,
        trouble: Callable[[T], bool] | None = None,
    ) -> None:
        self.columns = tuple(columns)
        self.facets: Facets[T] = facets or {}
        self.rows: Mapping[str, T] = {}
        self.order: list[str] = []
        """Keys that pass the filter, in the order shown; those of folded groups too."""
        self.lines: Sequence[Line] = self.order
        """What is drawn, line by line."""
        self.query: Query[T] = Query()
        self.sorted_by: int | None = None
        self.reversed = False
        self.moved: set[str] = set()
        """Rows whose place would be another if they were sorted now."""
        self._trouble = trouble
        self._group: Callable[[T], str] | None = None
        self._groups: dict[str, Group] = {}
        self._home: dict[str, Group] = {}
        self._bad: set[str] = set()
        self._text: dict[str, str] = {}

    def take(self, rows: Mapping[str, T]) -> bool:
        """Take the rows as they are now; true when other lines are shown than before."""
        old, self.rows = self.rows, dict(rows)
        changed = [key for key, row in rows.items() if old.get(key) is not row]
        fresh = [key for key in changed if key not in old]
        gone = old.keys() - rows.keys()
        for key in changed:
            self._text.pop(key, None)
        if fresh or gone or self._regrouped(changed):
            for key in gone:
                self._text.pop(key, None)
            self.moved -= gone
            self._count()
            self._follow(fresh, gone)
            return True
        self._tally(changed)
        self._note_moves(changed, old)
        return self.recheck(changed)

    def recheck(self, keys: Collection[str] | None = None) -> bool:
        """See who passes the filter by now, all or some; true when other lines are shown than before."""
        if not self.query:
            return False
        asked = self.rows.keys() if keys is None else keys
        passing = set(self.query.select(asked, self.rows, self.text))
        before = {key for key in self.order if keys is None or key in keys}
        if passing == before:
            return False
        self._follow(passing - before, before - passing)
        return True

    def ask(self, text: str) -> None:
        """Filter; what makes no sense in it is told by the query, and hides nothing."""
        self.query = parse(text, self.facets)
        self.arrange()

    def arrange(self) -> None:
        """Sort and group everything anew."""
        keys = self.query.select(self.rows, self.rows, self.text)
        if self.sorted_by is not None:
            column = self.columns[self.sorted_by]
            keys.sort(key=lambda key: column.key(self.rows[key]))
        if self.reversed:
            keys.reverse()
        self.moved.clear()
        self._line_up(keys)

    def group(self, by: Callable[[T], str] | None) -> None:
        """Put rows that give the same name together, or none."""
        self._group = by
        self._groups = {}
        self._count()
        self.arrange()

    def fold(self, group: Group, folded: bool) -> None:
        """Hide or show the rows of a group."""
        group.folded = folded
        self._line_up(self.order)

    def fold_all(self) -> None:
        """Fold every group; when all are, unfold them."""
        folded = not all(group.folded for group in self._groups.values())
        for group in self._groups.values():
            group.folded = folded
        self._line_up(self.order)

    def unfold_to(self, key: str) -> bool:
        """See that a row is drawn; true when its group had been folded."""
        group = self._home.get(key)
        if group is None or not group.folded:
            return False
        self.fold(group, False)
        return True

    def stand_ins(self, lines: Sequence[Line], at: int) -> Iterator[Line]:
        """A line of before, then what may stand in for it: its group, those below it, those above."""
        here = lines[min(at, len(lines) - 1)]
        yield here
        if isinstance(here, str) and here in self._home:
            yield self._home[here]
        yield from lines[at + 1 :]
        yield from reversed(lines[:at])

    def text(self, key: str) -> str:
        """What a row shows, in lower case."""
        known = self._text.get(key)
        if known is None:
            row = self.rows[key]
            known = self._text[key] = " ".join([column.cell(row)[0] for column in self.columns]).lower()
        return known

    def read_ahead(self, count: int) -> bool:
        """Prepare some rows to be searched; true while there are more to prepare."""
        if len(self._text) >= len(self.rows):
            return False
        for key in self.rows:
            if key not in self._text:
                self.text(key)
                count -= 1
                if count <= 0:
                    return True
        return False

    def _follow(self, fresh: Collection[str], gone: Collection[str]) -> None:
        """Rows came or went: the others keep their places."""
        if self.sorted_by is None or len(fresh) > len(self.order):
            self.arrange()
            return
        passing = self.query.select([key for key in self.rows if key in fresh], self.rows, self.text)
        self.moved.update(passing)
        self._line_up([key for key in self.order if key not in gone] + passing)

    def _line_up(self, keys: list[str]) -> None:
        if self._group is None:
            self.order = keys
            self.lines = keys
            return
        members: dict[Group, list[str]] = {}
        for key in keys:
            members.setdefault(self._home[key], []).append(key)
        lines: list[Line] = []
        self.order = []
        for group in self._groups.values():
            found = members.get(group, [])
            group.shown = len(found)
            self.order += found
            if found:
                lines.append(group)
                lines += () if group.folded else found
        self.lines = lines

    def _regrouped(self, keys: Iterable[str]) -> bool:
        if self._group is None:
            return False
        return any(self._home[key].name != self._group(self.rows[key]) for key in keys if key in self._home)

    def _count(self) -> None:
        """Which row is in which group, from scratch; groups stay folded."""
        self._home, self._bad = {}, set()
        if self._group is None:
            self._groups = {}
            return
        names = {key: self._group(row) for key, row in self.rows.items()}
        folded = {name for name, group in self._groups.items() if group.folded}
        known = self._groups
        self._groups = {
            name: known.get(name) or Group(name) for name in sorted(set(names.values()), key=natural)
        }
        for group in self._groups.values():
            group.total = group.bad = 0
            group.folded = group.name in folded
        for key, name in names.items():
            self._home[key] = self._groups[name]
            self._groups[name].total += 1
        self._tally(names)

    def _tally(self, keys: Iterable[str]) -> None:
        """Count trouble anew where rows changed."""
        if self._group is None or self._trouble is None:
            return
        for key in keys:
            was, now = key in self._bad, self._trouble(self.rows[key])
            if was is not now:
                self._home[key].bad += 1 if now else -1
                self._bad ^= {key}

    def _note_moves(self, keys: Iterable[str], old: Mapping[str, T]) -> None:
        if self.sorted_by is None:
            return
        column = self.columns[self.sorted_by]
        self.moved.update(key for key in keys if column.key(old[key]) != column.key(self.rows[key]))


def natural(text: str) -> list[tuple[int, int, str]]:
    """Sorts ``r2`` before ``r12``."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.findall(r"\d+|\D+", text)]
