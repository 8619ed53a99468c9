"""What every screen has: title, step rail, status, findings and keys around its own body."""

from contextlib import suppress
from typing import Any, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.css.query import NoMatches
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from c3tui.engine.errors import C3Error
from screens.dialogs import Confirm, Failure, Reading
from screens.model import Key
from screens.session import Session
from screens.status import status_lines
from screens.widgets.bars import FindingStrip, KeyBar, StatusLine, TitleBar
from screens.widgets.log import LogPane
from screens.widgets.rail import StepRail
from screens.words import clock


class C3Screen(Screen[None]):
    """A screen of the wizard.

    The app calls ``catch_up`` with what changed, only while the screen is shown; ``show`` is the only place
    where a screen puts data on its widgets.
    """

    ID: ClassVar[str] = ""
    """Name the app finds it by, and the name of its guide."""
    PLACE: ClassVar[str] = ""
    """Its title."""
    STEP: ClassVar[str] = ""
    """The step it belongs to; empty for the others."""
    FILTER: ClassVar[str] = ""
    """What the ``/`` line asks for; empty when the screen has nothing to filter."""

    AUTO_FOCUS = "#body LineView"

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]
    VERTICAL_BREAKPOINTS = [(0, "-low"), (32, "-high")]

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", key_display="/"),
        Binding("escape", "back", "Back", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self._watched: list[str] = []
        self._resumed = False

    def compose(self) -> ComposeResult:
        """The frame, with the body of the screen inside."""
        self._fit()
        yield TitleBar(self.session, self.where)
        with Container(id="middle"):
            yield StepRail(self.session, self.STEP or self.ID)
            with Vertical(id="main"):
                with Vertical(id="body"):
                    yield from self.body()
                if self.FILTER:
                    yield Input(placeholder=self.FILTER, id="filter", compact=True)
                yield StatusLine()
                yield FindingStrip(self.session, self.STEP)
        yield KeyBar()

    async def on_event(self, event: events.Event) -> None:
        """Shown for the first time, everything was styled a moment ago: not once more."""
        if isinstance(event, events.ScreenResume) and not self._resumed:
            self._resumed, event.refresh_styles = True, False
        await super().on_event(event)

    def _fit(self) -> None:
        """Take the classes of the terminal's size first, so that everything is styled only once."""
        width, height = self.app.size
        for extent, steps in (
            (width, self.HORIZONTAL_BREAKPOINTS or []),
            (height, self.VERTICAL_BREAKPOINTS or []),
        ):
            self.add_class(max(step for step in steps if step[0] <= extent)[1], update=False)

    @property
    def where(self) -> str:
        """The title of this place."""
        return self.PLACE

    def body(self) -> ComposeResult:
        """The widgets of this screen."""
        yield from ()

    def show(self, touched: set[Key] | None) -> None:
        """Put the record on the widgets; ``touched`` is what changed, or None for everything."""

    def tick(self) -> None:
        """A second has passed: repaint ages that are in view."""

    def catch_up(self, touched: set[Key] | None) -> None:
        """Bring everything on the screen up to date."""
        if not self.is_mounted:
            return
        try:
            self.show(touched)
            self.second()
        except Exception as error:
            # One screen that cannot draw what it got must not take the others down.
            self.post_message(Defect(error, self.ID))

    def servers_in_view(self) -> list[str]:
        """Servers whose BMCs are worth asking first, because somebody looks at them."""
        return []

    @work(exit_on_error=False, exclusive=True, group="watch")
    async def watch_servers(self, servers: list[str]) -> None:
        """Tell the engine what is looked at; it matters too little to speak of when it fails."""
        with suppress(C3Error):
            await self.session.link.command("watch", servers=servers)

    def second(self) -> None:
        """What grows older or may have changed outside the record."""
        # While the app ends, its widgets go one by one and the clock still ticks.
        with suppress(NoMatches):
            self._second()

    def _second(self) -> None:
        self.tick()
        seen = self.servers_in_view()
        if seen != self._watched and not self.session.lost:
            self._watched = seen
            self.watch_servers(seen)
        for painted in (TitleBar, StepRail, FindingStrip):
            self.query_one(painted).repaint()
        self.query_one(StatusLine).show(*status_lines(self.session, self.STEP))

    def on_mount(self) -> None:
        """Show what is known."""
        self.catch_up(None)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Shown again: whatever changed meanwhile is put on the widgets now."""
        self.catch_up(None)

    def say(self, text: str, tone: str = "strong") -> None:
        """Answer a key in the status line."""
        self.query_one(StatusLine).say(text, tone)

    async def ask(
        self, tried: str, name: str, *, said: str | None = "", **arguments: Any
    ) -> dict[str, Any] | None:
        """Have the engine do something; a failure is shown, and gives None.

        Args:
            tried: what is being tried, for the failure's first line.
            said: what to say when it was done; None to say nothing, where the screen shows it anyway.
        """
        self.say(f"{tried} ...", "busy")
        try:
            answer = await self.session.link.command(name, **arguments)
        except C3Error as error:
            self.say(f"{tried}: {error.what}", "bad")
            if await self.app.push_screen_wait(Failure(error, tried)) == "log":
                self.go("runlog")
            return None
        if said is None:
            self.query_one(StatusLine).unsay()
        else:
            self.say(said or f"{tried}: done", "good")
        return answer

    async def may_act(self) -> bool:
        """Whether this viewer holds control; offers to take it."""
        link = self.session.link
        if link.in_control or not link.holder:
            return True
        title = f"{link.holder} has control of this site. Take it?"
        lines = ["Both of you are told. What is running goes on."]
        if await self.app.push_screen_wait(Confirm(title, "Yes, take control", lines=lines)) != "yes":
            return False
        return await self.take_control()

    async def take_control(self) -> bool:
        """Take control from whoever has it; False when that failed."""
        try:
            await self.session.link.take_control()
        except C3Error as error:
            await self.app.push_screen_wait(Failure(error, "take control"))
            return False
        return True

    def go(self, place: str) -> None:
        """Go to another screen."""
        self.post_message(Go(place))

    def action_back(self) -> None:
        """Out of an input, then back to the screen before; nothing typed is lost."""
        if isinstance(self.focused, Input):
            self.focus_body()
        else:
            self.go("back")

    def focus_body(self) -> None:
        """Give the focus to the main thing on the screen."""
        for view in self.query("#body LineView"):
            if view.focusable:
                view.focus()
                return
        self.set_focus(None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that mean nothing here are not offered."""
        return bool(self.FILTER) if action == "filter" else True

    def action_filter(self) -> None:
        """Type words to filter by."""
        line = self.query_one("#filter", Input)
        line.add_class("-open")
        line.focus()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """A filter that filters nothing makes room."""
        if isinstance(event.widget, Input) and event.widget.id == "filter" and not event.widget.value:
            event.widget.remove_class("-open")

    def on_input_changed(self, message: Input.Changed) -> None:
        """The filter works while one types."""
        if message.input.id == "filter":
            self.filter(message.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in the filter goes back to what is filtered."""
        if message.input.id == "filter":
            self.focus_body()

    def filter(self, words: str) -> None:
        """Show only what contains the words."""

    def on_log_pane_chosen(self, message: LogPane.Chosen) -> None:
        """A line of the log in full, for one that the screen is too narrow for."""
        line = message.line
        self.app.push_screen(Reading(f"Log, {clock(line.at)} {line.server}".rstrip(), [line.text]))

    @work(exit_on_error=False)
    async def take_or_ask(self) -> None:
        """Take control, asking first when somebody has it."""
        if self.session.link.in_control:
            self.say("You have control already")
        elif not self.session.link.holder:
            await self.take_control()
        else:
            await self.may_act()


class Defect(Message):
    """A screen could not show what is in the record."""

    def __init__(self, error: Exception, place: str) -> None:
        super().__init__()
        self.error = error
        self.place = place


class Go(Message):
    """Somebody wants to be in another place: a screen's name, or ``back``."""

    def __init__(self, place: str) -> None:
        super().__init__()
        self.place = place
