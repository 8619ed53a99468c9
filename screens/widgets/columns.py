"""The columns of a table: what each shows of a row, how wide, in which order."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

from screens.signs import Span
from screens.words import fit

T = TypeVar("T")


@dataclass(frozen=True)
class Column(Generic[T]):
    """One column: a pure function from a row to a cell."""

    title: str
    width: int
    cell: Callable[[T], Span]
    sort: Callable[[T], Any] | None = None
    """Sort key; without one, the text of the cell."""
    align: Literal["left", "right"] = "left"
    grow: bool = False
    """Takes what room is left over."""

    def key(self, row: T) -> tuple[bool, Any]:
        """What to sort by; rows that have no value come last."""
        value = self.sort(row) if self.sort else self.cell(row)[0]
        return (value is None, value if value is not None else 0)


def pad(text: str, width: int, align: str) -> str:
    """Text in a field of its column's width."""
    text = fit(text, width)
    return text.rjust(width) if align == "right" else text.ljust(width)


def layout(columns: Sequence[Column[Any]], width: int, first: int) -> list[tuple[Column[Any], int]]:
    """The columns that fit, with their widths: the first always, then those from ``first`` on.

    The last to fit may be cut; columns that grow share what is left.
    """
    if not columns:
        return []
    chosen: list[tuple[Column[Any], int]] = []
    room = width
    for column in [columns[0], *columns[max(1, first) :]]:
        if room < min(4, column.width):
            break
        chosen.append((column, min(column.width, room)))
        room -= chosen[-1][1] + 1
    growing = [index for index, (column, _) in enumerate(chosen) if column.grow]
    room += 1
    for index in growing:
        share = room // len(growing)
        chosen[index] = (chosen[index][0], chosen[index][1] + max(0, share))
    return chosen
