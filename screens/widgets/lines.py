"""A list of lines with a cursor and a window on it; what tables, logs and texts have in common."""

from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message

from screens.widgets.paint import Painted


class LineView(Painted, can_focus=True):
    """Shows a window of ``count`` lines and moves it; subclasses say what a line is.

    The window is ours, not Textual's: no scroll bars made of glyphs that consoles lack, and a move costs
    one repaint. ``HEAD`` lines on top and ``FOOT`` lines at the bottom stay.
    """

    HEAD: ClassVar[int] = 0
    FOOT: ClassVar[int] = 0
    HAS_CURSOR: ClassVar[bool] = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", show=False),
        Binding("down", "move(1)", show=False),
        Binding("pageup", "page(-1)", show=False),
        Binding("pagedown", "page(1)", show=False),
        Binding("home", "edge(-1)", show=False),
        Binding("end", "edge(1)", show=False),
    ]

    class Moved(Message):
        """The cursor or the window moved."""

        def __init__(self, view: "LineView") -> None:
            super().__init__()
            self.view = view

        @property
        def control(self) -> "LineView":
            """The view it moved in."""
            return self.view

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.top = 0
        """Index of the first line shown."""
        self.cursor = 0
        """Index of the line under the cursor."""

    @property
    def count(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    @property
    def window(self) -> int:
        """How many lines are shown at once."""
        return max(1, self.size.height - self.HEAD - self.FOOT)

    @property
    def shown(self) -> range:
        """Indexes of the lines shown."""
        return range(self.top, min(self.count, self.top + self.window))

    def y_of(self, index: int) -> int:
        """Where a line is drawn, from the top of the widget."""
        return self.HEAD + index - self.top

    @property
    def position(self) -> str:
        """Which lines are shown: ``1-18 of 300``."""
        shown = self.shown
        return f"{shown.start + 1}-{shown.stop} of {self.count}" if shown else ""

    def action_move(self, by: int) -> None:
        """Move the cursor, or the window where there is no cursor."""
        self.go_to((self.cursor if self.HAS_CURSOR else self.top) + by)

    def action_page(self, by: int) -> None:
        """Move by a window."""
        self.action_move(by * max(1, self.window - 1))

    def action_edge(self, side: int) -> None:
        """Go to the first or last line."""
        self.go_to(0 if side < 0 else self.count - 1)

    def go_to(self, index: int) -> None:
        """Bring the cursor to a line, and the line into the window."""
        last = max(0, self.count - 1)
        if not self.HAS_CURSOR:
            self._scroll(min(max(0, index), max(0, self.count - self.window)))
            return
        before, self.cursor = self.cursor, min(max(0, index), last)
        top = min(max(self.top, self.cursor - self.window + 1), self.cursor)
        if not self._scroll(top) and before != self.cursor:
            self.repaint()
            self.post_message(self.Moved(self))

    def settle(self) -> None:
        """After the lines changed: keep the window and the cursor inside them, and repaint."""
        self.cursor = min(self.cursor, max(0, self.count - 1))
        self.top = min(self.top, max(0, self.count - self.window))
        if self.HAS_CURSOR:
            self.top = min(max(self.top, self.cursor - self.window + 1), self.cursor)
        self.repaint()

    def _scroll(self, top: int) -> bool:
        if top == self.top:
            return False
        self.top = top
        self.repaint()
        self.post_message(self.Moved(self))
        return True

    def on_resize(self, event: events.Resize) -> None:
        """Another size shows another window."""
        self.settle()

    def on_focus(self, event: events.Focus) -> None:
        """The cursor line looks different with focus."""
        self.repaint()

    def on_blur(self, event: events.Blur) -> None:
        """The cursor line looks different without focus."""
        self.repaint()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Wheel down."""
        self.action_move(3)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Wheel up."""
        self.action_move(-3)
