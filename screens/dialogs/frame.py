"""The frame every dialog shares: a title, a body, and Esc that leaves things as they are."""

from collections.abc import Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from screens.signs import Span
from screens.widgets.bars import KeyBar
from screens.widgets.text import TextPane

R = TypeVar("R")


class Dialog(ModalScreen[R]):
    """A question or a text over the screen. Esc answers None, which changes nothing."""

    AUTO_FOCUS = "#answer"
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]
    TONE: ClassVar[str] = ""
    """A class on the frame, such as ``-bad``."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "Back")]

    def __init__(self, title: str, lines: Sequence[Sequence[Span] | str] = ()) -> None:
        super().__init__()
        self.heading = title
        self.lines = list(lines)

    def compose(self) -> ComposeResult:
        """Title, text, then whatever the dialog asks."""
        with Vertical(id="frame", classes=self.TONE):
            yield Static(self.heading, id="heading", markup=False)
            if self.lines:
                yield TextPane(id="text")
            yield from self.ask()
            yield KeyBar()

    def ask(self) -> ComposeResult:
        """The part that wants an answer."""
        yield from ()

    def on_mount(self) -> None:
        """Show the text."""
        if self.lines:
            pane = self.query_one("#text", TextPane)
            pane.show(self.lines)
            pane.can_focus = self.AUTO_FOCUS == "#text"

    def action_leave(self) -> None:
        """Leave everything as it is."""
        self.dismiss(None)

    def action_scroll_text(self, by: int) -> None:
        """Read on while the answer has the focus."""
        for pane in self.query("#text").results(TextPane):
            pane.action_page(by)
