"""AddressMap: an address space drawn to scale in plain signs; arrows walk over it, Enter looks closer."""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size

from screens.addressspace import Grid, Space, grid, owners_between, unzoomed, zoomed
from screens.signs import Span
from screens.widgets.paint import Painted, clip

ABOVE, BELOW = 1, 1
"""Lines over the grid (what is shown), and under it (what is under the cursor)."""
LEAVE = 5
"""Lines that are left to the legend, where there are so many."""
MOST_ROWS = 32


class AddressMap(Painted, can_focus=True):
    """A grid in which every sign stands for the same number of addresses."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "walk(-1, 0)", show=False),
        Binding("right", "walk(1, 0)", show=False),
        Binding("up", "walk(0, -1)", show=False),
        Binding("down", "walk(0, 1)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
        Binding("enter,plus", "closer", "Closer", key_display="Enter"),
        Binding("backspace,minus", "wider", "Wider", show=False, key_display="-"),
    ]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._space: Space | None = None
        self._window: IPv4Network | None = None
        self._state: Span = ("", "")
        self._grid: Grid | None = None
        self._at = 0
        """The address under the cursor, or the first of those its sign stands for."""

    @property
    def window(self) -> IPv4Network | None:
        """What is shown."""
        return self._window

    def show(self, space: Space, state: Span) -> None:
        """Take the address space as it is now; ``state`` says whose plan it is."""
        if (space, state) == (self._space, self._state):
            return
        before, self._space, self._state = self._space, space, state
        if before is None or before.network != space.network or self._window is None:
            self._window, self._at = space.network, int(space.network.network_address)
        self._lay_out()
        self.refresh(layout=True)

    def _lay_out(self) -> None:
        """Make the grid that fits; the cursor stays with its address."""
        if self._space and self._window and self.size.width:
            rows = max(1, self.size.height - ABOVE - BELOW)
            self._grid = grid(self._space, self._window, self.size.width - self._margin - 1, rows)

    @property
    def _margin(self) -> int:
        """Room for the labels of rows."""
        octets = 4 - min(self._window.prefixlen // 8, 3) if self._window else 0
        return 4 * octets + (1 if octets == 4 else 0) + 1

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """As many rows as leave room for the legend, a power of two."""
        if not self._window:
            return ABOVE + BELOW + 1
        room = max(1, container.height - ABOVE - BELOW - LEAVE)
        rows = min(MOST_ROWS, 1 << (room.bit_length() - 1))
        columns = 1 << (max(1, width - self._margin - 1).bit_length() - 1)
        return ABOVE + BELOW + max(1, min(rows, self._window.num_addresses // columns))

    def on_resize(self, event: events.Resize) -> None:
        """Another size shows another grid."""
        self._lay_out()
        self.refresh()

    def on_focus(self) -> None:
        """The cursor is seen only with focus."""
        self.refresh()

    def on_blur(self) -> None:
        """The cursor is seen only with focus."""
        self.refresh()

    def spans(self, y: int) -> Sequence[Span]:
        """One line of the drawing."""
        if self._grid is None or self._space is None:
            return []
        if y < ABOVE:
            return clip(self._head(self._grid), self.size.width)
        if y - ABOVE < self._grid.rows:
            return self._row(self._grid, y - ABOVE)
        if y - ABOVE == self._grid.rows:
            return clip(self._caption(self._grid, self._space), self.size.width)
        return []

    def over(self, y: int) -> str:
        """What is shown, and what is under the cursor, stand out."""
        return "head" if y < ABOVE else ""

    def _head(self, shown: Grid) -> list[Span]:
        each = f"{shown.each} addresses" if shown.each > 1 else "1 address"
        text, tone = self._state
        return [(f"{shown.window}", "strong"), (f" {text}", tone), (f"  a sign is {each}", "")]

    def _row(self, shown: Grid, row: int) -> list[Span]:
        begin = row * shown.columns
        line: list[Span] = [(f"{shown.label(row):>{self._margin - 1}} ", "dim")]
        line += shown.signs[begin : begin + shown.columns]
        here = shown.place(self._at) - begin
        if self.has_focus and 0 <= here < shown.columns:
            line[here + 1] = (line[here + 1][0], "cursor")
        return line

    def _caption(self, shown: Grid, space: Space) -> list[Span]:
        first, last = shown.span(shown.place(self._at))
        bits = (last - first).bit_length()
        where = f"{IPv4Address(first)}/{32 - bits}" if bits else str(IPv4Address(first))
        return [(f"{where} ", "key"), (", ".join(owners_between(space, first, last)), "")]

    def go_to(self, address: int) -> None:
        """Bring the cursor to an address, in a window that shows it."""
        if self._space and self._window:
            if IPv4Address(address) not in self._window:
                self._turn_to(self._space.network)
            self._at = address
            self.refresh()

    def action_walk(self, across: int, down: int) -> None:
        """Move the cursor by a sign or a row."""
        if self._grid:
            place = self._grid.place(self._at) + across + down * self._grid.columns
            if 0 <= place < len(self._grid.signs):
                self._at = self._grid.span(place)[0]
                self.refresh()

    def action_edge(self, side: int) -> None:
        """Go to the first or the last sign."""
        if self._grid:
            self._at = self._grid.span(0 if side < 0 else len(self._grid.signs) - 1)[0]
            self.refresh()

    def action_closer(self) -> None:
        """Show a sixteenth, that around the cursor."""
        if self._space and self._window:
            self._turn_to(zoomed(self._space, self._window, self._at))

    def action_wider(self) -> None:
        """A step back."""
        if self._space and self._window:
            self._turn_to(unzoomed(self._space, self._window))

    def _turn_to(self, window: IPv4Network) -> None:
        if window != self._window:
            self._window = window
            self._lay_out()
            self.refresh(layout=True)
