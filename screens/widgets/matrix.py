"""Matrix: racks or servers down, servers or bays across; one sign and colour for each."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from screens.signs import Span
from screens.widgets.lines import LineView
from screens.widgets.paint import clip


@dataclass(frozen=True)
class Spot:
    """One place in a matrix."""

    key: str
    sign: str
    tone: str
    caption: str = ""
    """What the foot says when the cursor is here; without one it explains the signs."""


@dataclass(frozen=True)
class Lane:
    """One line of a matrix."""

    label: str
    spots: tuple[Spot, ...]
    note: str = ""
    """Shown behind the spots."""


class Matrix(LineView):
    """Signs in rows; arrows walk over them, Enter opens one. The cursor stays with its key."""

    FOOT = 1

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "across(-1)", show=False),
        Binding("right", "across(1)", show=False),
        Binding("enter", "choose", "Open"),
    ]

    class Chosen(Message):
        """Enter was pressed on a spot."""

        def __init__(self, matrix: "Matrix", key: str) -> None:
            super().__init__()
            self.matrix = matrix
            self.key = key

        @property
        def control(self) -> "Matrix":
            """The matrix it was pressed in."""
            return self.matrix

    def __init__(self, *, empty: str = "Nothing here yet", legend: str = "", id: str | None = None) -> None:
        super().__init__(id=id)
        self.empty = empty
        self.legend = legend
        self.lanes: tuple[Lane, ...] = ()
        self.column = 0
        self._label = 1
        self._signs = legend

    @property
    def count(self) -> int:
        """How many lanes there are."""
        return len(self.lanes)

    @property
    def spot(self) -> Spot | None:
        """The spot under the cursor."""
        if not self.lanes or not self.lanes[self.cursor].spots:
            return None
        spots = self.lanes[self.cursor].spots
        return spots[min(self.column, len(spots) - 1)]

    @property
    def in_view(self) -> list[str]:
        """Keys of the spots in view."""
        return [spot.key for index in self.shown for spot in self.lanes[index].spots]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for each lane, and the foot."""
        return max(1, self.count) + self.FOOT

    def update(self, lanes: Sequence[Lane]) -> None:
        """Take the lanes as they are now; repaint those that differ and are in view."""
        held = self.spot
        old, self.lanes = self.lanes, tuple(lanes)
        self._label = max((len(lane.label) for lane in lanes), default=0) + 1
        there = {spot.sign for lane in lanes for spot in lane.spots}
        # The part of the legend that explains the signs which are there.
        self._signs = "  ".join(part for part in self.legend.split("  ") if not there or part[:1] in there)
        if held and [lane.label for lane in old] != [lane.label for lane in lanes]:
            self.go_to_key(held.key)
        self.settle()
        if len(old) != len(lanes):
            self.refresh(layout=True)

    def go_to_key(self, key: str) -> None:
        """Bring the cursor to a spot."""
        for index, lane in enumerate(self.lanes):
            for column, spot in enumerate(lane.spots):
                if spot.key == key:
                    self.column = column
                    self.go_to(index)
                    self.repaint()
                    return

    def action_across(self, by: int) -> None:
        """Go to the next spot of the lane."""
        if self.lanes:
            last = max(0, len(self.lanes[self.cursor].spots) - 1)
            self.column = min(max(0, min(self.column, last) + by), last)
            self.repaint()
            self.post_message(self.Moved(self))

    def action_choose(self) -> None:
        """Open the spot under the cursor."""
        if self.spot:
            self.post_message(self.Chosen(self, self.spot.key))

    def over(self, y: int) -> str:
        """The foot stands out."""
        return "band" if y == self.size.height - 1 else ""

    def spans(self, y: int) -> Sequence[Span]:
        """A lane, or the caption of the spot under the cursor."""
        if y == self.size.height - 1:
            return clip(self._foot(), self.size.width)
        index = self.top + y
        if index >= self.count:
            return [(f"  {self.empty}", "dim")] if not self.count and y == 0 else []
        return self._lane(index)

    def _foot(self) -> list[Span]:
        caption = self.spot.caption if self.spot else ""
        line: list[Span] = [("  ", ""), (caption or self._signs, "strong" if caption else "dim")]
        if len(self.shown) < self.count:
            line.insert(0, (f"  {self.position}", "dim"))
        return line

    def _lane(self, index: int) -> list[Span]:
        lane = self.lanes[index]
        here = index == self.cursor
        line: list[Span] = [(">" if here else " ", "strong"), (f"{lane.label:<{self._label}}", "strong")]
        gap, first, room = self._window(lane, here)
        if first:
            line.append(("~", "dim"))
        at = min(self.column, len(lane.spots) - 1)
        for column, spot in enumerate(lane.spots[first : first + room], first):
            under = here and self.has_focus and column == at
            line += [(spot.sign, "cursor" if under else spot.tone), (gap, "")]
        line.append((f" {lane.note}", "dim"))
        return clip(line, self.size.width)

    def _window(self, lane: Lane, here: bool) -> tuple[str, int, int]:
        """The gap between spots, the first one shown, and how many: a long lane moves with its cursor."""
        room = self.size.width - self._label - 4
        if 2 * len(lane.spots) <= room:
            return " ", 0, len(lane.spots)
        column = min(self.column, len(lane.spots) - 1) if here else 0
        return "", max(0, column - room + 1), room
