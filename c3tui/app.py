"""The Textual app: profile, theme, global keys, the way between screens, and the wire to the engine."""

import asyncio
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import constants, work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.worker import Worker, WorkerState

import assets
from c3tui.engine.errors import C3Error, StepError
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from c3tui.model.run import StepInfo
from screens import SCREENS, SIDE_SCREENS
from screens.base import C3Screen, Defect, Go
from screens.dialogs import Choose, Failure, Guide, KeyList
from screens.profile import CONSOLE_THEME, RICH_THEME, choose_profile
from screens.session import Profile, Session

if TYPE_CHECKING:
    from c3tui.engine.link import Link

__all__ = ["C3App", "choose_profile"]

BASE = 1
"""Where home or a step lies on the stack of screens: on Textual's own blank one."""
FRAME_SECONDS = 0.1
"""Changes are gathered this long before they are shown: ten times a second at most."""
QUIT_SECONDS = 5
"""After a hang-up the process ends after this long, whatever the terminal does."""


class C3App(App[None]):
    """The wizard of one site.

    It only shows the record and passes on what the engineer wants: closing it stops nothing.

    Args:
        site: the site as loaded.
        link: the wire to its engine.
        reader: its record, read-only.
        steps: the steps in order.
        profile: from :func:`choose_profile`.
        reconnect: makes a new link after the engine was lost; without it, only leaving is offered.
        rehearsal: leaving ends room and engine too.
    """

    CSS_PATH = Path(assets.__file__).with_name("c3.tcss")
    ENABLE_COMMAND_PALETTE = False
    TITLE = "C3"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("h,f2", "go('home')", "Home"),
        *(Binding(str(n), f"step({n})", "Go to a step", show=False) for n in range(1, 8)),
        Binding("left_square_bracket", "beside(-1)", "Step before", show=False),
        Binding("right_square_bracket", "beside(1)", "Next step", show=False),
        Binding("f,f6", "go('findings')", "Findings"),
        Binding("R,f7", "go('replacements')", "Parts"),
        Binding("L,f8", "go('runlog')", "Log"),
        Binding("t", "take_control", "Control"),
        Binding("f1", "guide", "Guide"),
        Binding("question_mark", "keys", "Keys", key_display="?"),
        Binding("q,f10", "leave", "Quit"),
        Binding("ctrl+l", "repaint", "Paint the screen anew", show=False),
    ]

    def __init__(
        self,
        site: Site,
        link: "Link",
        reader: Reader,
        steps: Sequence[StepInfo],
        profile: Profile = "rich",
        reconnect: "Callable[[], Awaitable[Link]] | None" = None,
        *,
        rehearsal: bool = False,
    ) -> None:
        console = profile == "console"
        if console:
            # Old terminals print the tail of the kitty keyboard request as junk.
            vars(constants)["DISABLE_KITTY_KEY"] = True
        super().__init__(ansi_color=True if console else None)
        self.register_theme(RICH_THEME)
        self.theme = CONSOLE_THEME if console else RICH_THEME.name
        self.set_class(console, "-console")
        self.animation_level = "none"
        self.session = Session(site, link, reader, steps, profile)
        self._reconnect = reconnect
        self._rehearsal = rehearsal
        self._own_link: Link | None = None
        self._places: dict[str, C3Screen] = {}
        self._defects: set[str] = set()
        self._catching_up = False
        self._signals: list[signal.Signals] = []
        self._left = threading.Event()
        self.session.catch_up()

    async def run_async(self, *, mouse: bool = True, **options: Any) -> None:
        """Run the wizard; without the mouse on a console, where it only gets in the way."""
        await super().run_async(mouse=mouse and self.session.profile == "rich", **options)

    def place(self, name: str) -> C3Screen:
        """The screen of that name; made once and kept, with everything typed into it."""
        if name not in self._places:
            screen = {**SCREENS, **SIDE_SCREENS}[name](self.session)
            self._places[name] = screen
            self.install_screen(screen, name)
        return self._places[name]

    async def on_mount(self) -> None:
        """Open at home; listen to the engine and to the terminal's end."""
        await self.push_screen(self.place("home"))
        self._listen()
        self.set_interval(1.0, self._second)
        loop = asyncio.get_running_loop()
        if sys.__stdin__ and sys.__stdin__.isatty() and not self.is_headless:
            watched = (sys.__stdin__.fileno(), loop)
            threading.Thread(target=self._watch_terminal, args=watched, daemon=True).start()
        for number in (signal.SIGHUP, signal.SIGTERM):
            try:
                loop.add_signal_handler(number, self._hung_up)
                self._signals.append(number)
            except (RuntimeError, ValueError):
                # Not the main thread: whoever runs the app there ends it.
                break

    async def on_unmount(self) -> None:
        """Give back the signals and a link that was made here; the backstop is no longer needed."""
        self._left.set()
        if self._own_link:
            await self._own_link.close()
        for number in self._signals:
            asyncio.get_running_loop().remove_signal_handler(number)
        if self._signals:
            signal.alarm(0)

    def _hung_up(self) -> None:
        """The terminal is gone: leave at once; the engine goes on."""
        signal.alarm(QUIT_SECONDS)
        self.exit()

    def _watch_terminal(self, terminal: int, loop: asyncio.AbstractEventLoop) -> None:
        """End with the terminal: where it is not our controlling one, no signal says that it is gone.

        A thread of its own, because the event loop may stand still in a write that nobody will ever read.
        """
        poll = select.poll()
        poll.register(terminal, 0)
        while not self._left.is_set():
            if any(event & select.POLLHUP for _, event in poll.poll(1000)):
                signal.alarm(QUIT_SECONDS)
                with suppress(RuntimeError):
                    loop.call_soon_threadsafe(self._hung_up)
                return

    def _listen(self) -> None:
        link = self.session.link
        link.on_hint(self._hinted)
        link.on_control(self._control_told)
        link.on_lost(self._engine_lost)

    # The link calls from tasks that know nothing of this app: they only leave it a message.

    def _hinted(self, _: int) -> None:
        if not self._catching_up:
            self._catching_up = self.call_later(self._catch_up_soon)

    def _control_told(self, holder: str) -> None:
        self.call_later(self._control_moved, holder)

    def _engine_lost(self) -> None:
        self.session.lost = True
        self.call_later(self._offer_to_attach)

    def _catch_up_soon(self) -> None:
        self.set_timer(FRAME_SECONDS, self._catch_up)

    def _catch_up(self) -> None:
        self._catching_up = False
        touched = self.session.catch_up()
        for screen in self._in_view():
            screen.catch_up(touched)

    def _in_view(self) -> list[C3Screen]:
        """The screen shown, be it under a dialog; the others catch up when they are shown again."""
        shown = [screen for screen in self.screen_stack if isinstance(screen, C3Screen)]
        return shown[-1:]

    def _second(self) -> None:
        if self.session.behind:
            self._catch_up()
        for screen in self._in_view():
            if screen.is_mounted:
                screen.second()

    def _control_moved(self, holder: str) -> None:
        for screen in self._in_view():
            if self.session.link.in_control:
                screen.say("You have control now", "good")
            else:
                screen.say(f"{holder or 'Nobody'} has control now; t takes it", "warn")
            screen.second()
            screen.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Control is offered to whom has none."""
        return action != "take_control" or self.session.lost or not self.session.link.in_control

    def action_take_control(self) -> None:
        """Take control, or attach again where there is no engine to have it from."""
        if self.session.lost:
            self._offer_to_attach()
        elif shown := self._in_view():
            shown[-1].take_or_ask()

    @work(exit_on_error=False, exclusive=True, group="lost")
    async def _offer_to_attach(self) -> None:
        self._second()
        lines = [
            "What MAAS, Rook and a running Kubespray do goes on without it.",
            f"You see the record as it stood at {time.strftime('%H:%M:%S')}.",
        ]
        answers = [("look", "Go on looking at the record (t asks again)"), ("quit", "Leave C3")]
        if self._reconnect:
            answers.insert(0, ("retry", "Attach again; start the engine anew if need be"))
        while self.session.lost:
            asked = Choose("The engine of this site stopped answering", answers, lines)
            answer = await self.push_screen_wait(asked)
            if answer == "quit":
                self.exit()
            if answer != "retry" or not self._reconnect:
                return
            await self._attach_again(self._reconnect)

    async def _attach_again(self, reconnect: "Callable[[], Awaitable[Link]]") -> None:
        try:
            self.session.link = self._own_link = await reconnect()
        except C3Error as error:
            await self.push_screen_wait(Failure(error, "attach again"))
            return
        self.session.lost = False
        self._listen()
        self._catch_up()

    def on_go(self, message: Go) -> None:
        """A screen wants to be elsewhere."""
        self.action_go(message.place)

    def action_go(self, place: str) -> None:
        """Go to a place: steps and home replace each other, side screens lie on top."""
        if place == "back":
            self._back()
            return
        target = self.place(place)
        if place in SIDE_SCREENS and target not in self.screen_stack:
            self.push_screen(target)
            return
        while len(self.screen_stack) > BASE + 1 and self.screen is not target:
            self.pop_screen()
        if self.screen is not target:
            self.switch_screen(target)

    def _back(self) -> None:
        if len(self.screen_stack) > BASE + 1:
            self.pop_screen()
        elif self.screen is not self._places.get("home"):
            self.switch_screen(self.place("home"))

    def action_step(self, number: int) -> None:
        """Go to a step by its number."""
        if 1 <= number <= len(self.session.steps):
            self.action_go(self.session.steps[number - 1].id)

    def action_beside(self, by: int) -> None:
        """Go to the step before or after."""
        ids = ["home", *(step.id for step in self.session.steps)]
        base = self.screen_stack[BASE]
        here = base.ID if isinstance(base, C3Screen) else "home"
        nth = ids.index(here) + by
        if 0 <= nth < len(ids):
            self.action_go(ids[nth])

    @work(exit_on_error=False)
    async def action_guide(self) -> None:
        """The walkthrough of where one is."""
        shown = self._in_view()
        await self.push_screen_wait(Guide(shown[-1].ID if shown else "home"))

    @work(exit_on_error=False)
    async def action_keys(self) -> None:
        """Every key of this screen."""
        await self.push_screen_wait(KeyList(self.screen))

    async def action_quit(self) -> None:
        """Leave, after saying that it stops nothing."""
        self.action_leave()

    @work(exit_on_error=False, exclusive=True, group="quit")
    async def action_leave(self) -> None:
        """Leave, which stops nothing; says so."""
        active = self.session.fleet.active_run()
        if self._rehearsal:
            going = f"The {active.step} run is cut off." if active else "Nothing is running."
            lines = [
                f"{going} Room and engine of this rehearsal end with it.",
                "The same command goes on here.",
            ]
            answers = [("leave", "End the rehearsal"), ("stay", "Stay")]
        else:
            going = f"The {active.step} run goes on without you." if active else "Nothing is running."
            directory = self.session.site.files.directory.resolve()
            lines = [going, f"`c3tui {directory}` brings you back to where it is then."]
            answers = [("leave", "Leave C3; its engine stays"), ("stay", "Stay")]
        if await self.push_screen_wait(Choose("Leave C3?", answers, lines)) == "leave":
            self.exit()

    def action_repaint(self) -> None:
        """Draw every cell again, after something else wrote on the terminal."""
        self.refresh(layout=True)
        self.screen.refresh(layout=True)

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A defect of ours in a key's work is told as a failure, not as a traceback."""
        if event.state is WorkerState.ERROR and isinstance(event.worker.error, Exception):
            self._tell_defect(event.worker.error, event.worker.name)

    def on_defect(self, message: Defect) -> None:
        """A defect of ours in showing the record."""
        self._tell_defect(message.error, message.place)

    def _tell_defect(self, error: Exception, place: str) -> None:
        """Say a defect once, and write down where it happened."""
        said = f"{place}: {type(error).__name__}: {error}"
        if said in self._defects:
            return
        self._defects.add(said)
        file = self._write_down(error)
        failure = StepError(
            f"C3 itself failed: {said}", where=file, remedy="Please report it; go on elsewhere"
        )
        self.push_screen(Failure(failure, "draw or do what was asked for"))

    def _write_down(self, error: BaseException) -> str:
        """Append a traceback, without the values of variables, to a file in the site directory."""
        file = self.session.site.files.directory / "screens.log"
        with (
            suppress(OSError),
            open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "w") as log,
        ):
            log.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')} {''.join(traceback.format_exception(error))}")
        return str(file)

    def _fatal_error(self) -> None:
        """Textual's last word on a defect it cannot go on after: a sentence, and the trace in a file."""
        error = sys.exc_info()[1]
        where = f" ({type(error).__name__}: {error}; traced in {self._write_down(error)})" if error else ""
        self.panic(f"The screens of C3 failed{where}. Its engine goes on; start c3tui again to attach.")
