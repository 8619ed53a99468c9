"""Choices: a short list of answers, one of which is taken with Enter."""

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message

from screens.signs import Span
from screens.widgets.lines import LineView


class Choices(LineView):
    """Answers below each other; the cursor starts on the first, which is the safe one."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "choose", "Choose")]

    class Chosen(Message):
        """An answer was taken."""

        def __init__(self, answer: str) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, answers: Sequence[tuple[str, str]]) -> None:
        super().__init__()
        self.answers = list(answers)

    @property
    def count(self) -> int:
        """How many answers there are."""
        return len(self.answers)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """A line for each answer."""
        return self.count

    def over(self, y: int) -> str:
        """The answer under the cursor stands out."""
        return "cursor" if self.has_focus and y == self.cursor else ""

    def spans(self, y: int) -> Sequence[Span]:
        """One answer."""
        if y >= self.count:
            return []
        return [(" > " if y == self.cursor else "   ", "strong"), (self.answers[y][1], "")]

    def action_choose(self) -> None:
        """Take the answer under the cursor."""
        self.post_message(self.Chosen(self.answers[self.cursor][0]))

    def on_click(self, event: events.Click) -> None:
        """Take the answer that was clicked."""
        if 0 <= event.y < self.count:
            self.go_to(event.y)
            self.action_choose()
