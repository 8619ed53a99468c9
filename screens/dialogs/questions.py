"""Dialogs that ask: choose, confirm, confirm by a typed word, give a reason."""

from collections.abc import MutableMapping, Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from screens.dialogs.frame import Dialog
from screens.signs import Span
from screens.widgets.choices import Choices

Lines = Sequence[Sequence[Span] | str]


class Choose(Dialog[str]):
    """Take one of some answers; the first, on which the cursor starts, is the safe one."""

    AUTO_FOCUS = "Choices"

    def __init__(self, title: str, answers: Sequence[tuple[str, str]], lines: Lines = ()) -> None:
        super().__init__(title, lines)
        self._answers = answers

    def ask(self) -> ComposeResult:
        """The answers."""
        yield Choices(self._answers)

    def on_choices_chosen(self, message: Choices.Chosen) -> None:
        """That is the answer."""
        self.dismiss(message.answer)


class Confirm(Choose):
    """Yes or no; No has the focus and leaves things as they are."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer('yes')", "Yes"),
        Binding("n", "answer('no')", "No"),
    ]

    def __init__(self, title: str, yes: str, no: str = "No, leave it as it is", lines: Lines = ()) -> None:
        super().__init__(title, [("no", no), ("yes", yes)], lines)

    def action_answer(self, answer: str) -> None:
        """Answered by its letter."""
        self.dismiss(answer)


class TypedConfirm(Dialog[str]):
    """Lists what will be destroyed and wants a word typed; any other word changes nothing."""

    AUTO_FOCUS = "Input"
    TONE = "-bad"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown,down", "scroll_text(1)", "Read on", show=False),
        Binding("pageup,up", "scroll_text(-1)", "Read back", show=False),
    ]

    def __init__(self, title: str, victims: Sequence[str], word: str) -> None:
        more = " PgDn and PgUp move in the list." if len(victims) > 10 else ""
        super().__init__(f"{title} {len(victims)} in all.{more}", victims)
        self._word = word

    def ask(self) -> ComposeResult:
        """The word."""
        text = f"Type {self._word} and press Enter to go on. Esc leaves everything as it is."
        yield Static(text, id="prompt", markup=False)
        yield Input(compact=True)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Go on only when it is the word."""
        message.stop()
        if message.value.strip() == self._word:
            self.dismiss(self._word)
            return
        said = f"{message.value.strip()!r} is not {self._word!r}: nothing was done."
        self.query_one("#prompt", Static).update(said)


class Reason(Dialog[str]):
    """Wants a reason in words. What was typed is kept when the dialog is left, and is there again."""

    AUTO_FOCUS = "Input"

    def __init__(
        self, title: str, drafts: MutableMapping[str, str], key: str, lines: Lines = (), prompt: str = ""
    ) -> None:
        super().__init__(title, lines)
        self._drafts = drafts
        self._key = key
        self._prompt = prompt or "Reason (it is journaled with your name):"

    def ask(self) -> ComposeResult:
        """The words."""
        yield Static(self._prompt, id="prompt", markup=False)
        yield Input(self._drafts.get(self._key, ""), compact=True, select_on_focus=False)

    def on_input_changed(self, message: Input.Changed) -> None:
        """Keep what is typed."""
        self._drafts[self._key] = message.value

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Go on when there is a reason."""
        message.stop()
        if not message.value.strip():
            self.query_one("#prompt", Static).update("A reason is needed: write why, or Esc to leave it.")
            return
        self._drafts.pop(self._key, None)
        self.dismiss(message.value.strip())
