"""A dialog that asks for a login; the password is masked, and kept nowhere when the dialog is left."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Input, Static

from c3tui.model.logins import login_fault
from screens.dialogs.frame import Dialog
from screens.signs import Span

PROMPT = "User, Enter, password, Enter. It goes into secrets.yaml and nowhere else."


class AskLogin(Dialog[tuple[str, str]]):
    """Wants a user and a password."""

    AUTO_FOCUS = "#user"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "app.focus_next", "Password", show=False),
        Binding("up", "app.focus_previous", "User", show=False),
    ]

    def __init__(self, title: str, user: str = "", lines: list[list[Span] | str] | None = None) -> None:
        super().__init__(title, lines or [])
        self._user = user

    def ask(self) -> ComposeResult:
        """The two fields."""
        yield Static(PROMPT, id="prompt", markup=False)
        yield Input(self._user, placeholder="user", id="user", compact=True, max_length=16)
        yield Input(placeholder="password", password=True, id="password", compact=True, max_length=20)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """From the user to the password, and from there to the answer."""
        message.stop()
        user, password = self.query_one("#user", Input), self.query_one("#password", Input)
        if message.input is user:
            password.focus()
            return
        if fault := login_fault(user.value.strip(), password.value):
            self.query_one("#prompt", Static).update(f"{fault.capitalize()}: nothing was given.")
            return
        self.dismiss((user.value.strip(), password.value))
