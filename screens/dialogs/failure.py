"""Failure: what happened, where, and what to do; stays until it is dealt with."""

from typing import ClassVar

from textual.binding import Binding, BindingType

from c3tui.engine.errors import C3Error
from screens.dialogs.frame import Dialog
from screens.signs import Span


class Failure(Dialog[str]):
    """An error a person can act on. Answers ``log`` when the log is wanted."""

    AUTO_FOCUS = "#text"
    TONE = "-bad"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "leave", "Understood"),
        Binding("c", "copy", "Copy"),
        Binding("l", "log", "Open the log"),
    ]

    def __init__(self, error: C3Error, tried: str) -> None:
        self.error = error
        self.text = "\n".join(f"{label}: {value}" for label, value in _parts(error, tried))
        lines: list[list[Span]] = []
        for label, value in _parts(error, tried):
            lines.append([(f"{label:<14}", "key"), (value, "strong" if label == "What to do" else "")])
        super().__init__("That did not work", lines)

    def action_copy(self) -> None:
        """Hand the text to the terminal's clipboard."""
        self.app.copy_to_clipboard(self.text)
        self.query_one("#heading").update("That did not work (copied, if your terminal allows it)")  # type: ignore[attr-defined]

    def action_log(self) -> None:
        """Leave, and ask for the log."""
        self.dismiss("log")


def _parts(error: C3Error, tried: str) -> list[tuple[str, str]]:
    parts = [
        ("Tried", tried),
        ("What happened", error.what),
        ("Where", error.where),
        ("What to do", error.remedy),
    ]
    return [(label, value) for label, value in parts if value]
