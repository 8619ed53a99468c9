"""DriveScreen: one drive's whole story, and the keys to decide on it."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import Server
from c3tui.model.judged import Judged
from c3tui.model.light import Light, no_bay_led
from c3tui.model.replacement import Decision, Replacement, Verdict
from screens.actions import identify
from screens.base import C3Screen
from screens.dialogs import Choose, Reading
from screens.drive.page import page
from screens.drive.raw import choices, raw_lines
from screens.drive.story import Story, story_of
from screens.model import DriveRow, Key
from screens.session import Session
from screens.verdicts import annotate, decide
from screens.widgets.text import TextPane

TOLD = frozenset(each.kind for each in (Server, Judged, Verdict, Replacement, Light))
"""Kinds of documents that a page tells of."""


class DriveScreen(C3Screen):
    """The drive in a bay: class, numbers, logs, tests, verdicts, and the drives that sat here before it."""

    ID = "drive"
    PLACE = "Drive"

    BINDINGS = [
        Binding("x", "decide('replace')", "Replace"),
        Binding("a", "decide('accept')", "Accept"),
        Binding("u", "decide('use')", "Use"),
        Binding("o", "raw", "Raw report"),
        Binding("l", "identify", "Light"),
        Binding("n", "note", "Note"),
        Binding("enter", "server", "Server"),
        Binding("right", "beside_bay(1)", "Next bay", key_display="Right"),
        Binding("left", "beside_bay(-1)", "Bay before", show=False, key_display="Left"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._story: Story | None = None
        self._bay = ""

    def body(self) -> ComposeResult:
        """One text."""
        yield TextPane(id="page")

    @property
    def row(self) -> DriveRow | None:
        """The bay whose page this is."""
        return self.session.fleet.drive_rows.get(self.session.drive)

    def show(self, touched: set[Key] | None) -> None:
        """Write the page anew when something of this bay or its server changed."""
        bay = self.session.drive
        server = bay.partition("/")[0]
        about = touched is None or any(
            kind in TOLD and (id == server or id.startswith(bay)) for kind, id in touched
        )
        if about or bay != self._bay:
            fresh, self._bay = bay != self._bay, bay
            self._story = story_of(self.session.reader, self.session.fleet, bay)
            self._write()
            if fresh:
                self.query_one("#page", TextPane).go_to(0)

    def tick(self) -> None:
        """Ages grow."""
        self._write()

    def _write(self) -> None:
        gone = [[(f"{self.session.drive or 'This bay'} is not on record.", "dim")]]
        self.query_one("#page", TextPane).show(page(self._story) if self._story else gone)

    def servers_in_view(self) -> list[str]:
        """The one it sits in."""
        return [self.row.server.name] if self.row else []

    def action_beside_bay(self, by: int) -> None:
        """The page of the next bay, in the order one walks past them."""
        bays = list(self.session.fleet.drive_rows)
        if self.session.drive in bays:
            self.session.drive = bays[(bays.index(self.session.drive) + by) % len(bays)]
            self.catch_up(None)

    def action_server(self) -> None:
        """Open the server it sits in."""
        if self.row:
            self.session.server = self.row.server.name
            self.go("server")

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_decide(self, decision: str) -> None:
        """Give a verdict on this drive."""
        if self.row:
            await decide(self, [self.row], Decision(decision))

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_note(self) -> None:
        """Write a note into its story."""
        if self.row:
            await annotate(self, [self.row])

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the light of its bay, or of its server where a bay's cannot be lit."""
        row = self.row
        if row is None:
            return
        if why := no_bay_led(row.server, row.bay.slot):
            await identify(self, [row.server.name])
            self.say(f"Server light: {why}")
        elif await self.may_act():
            on = not any(light.led == row.id for light in self.session.fleet.lights.values())
            what = f"switch the light of {row.id} {'on' if on else 'off'}"
            await self.ask(what, "identify", server=row.id, on=on)

    @work(exit_on_error=False, exclusive=True, group="raw")
    async def action_raw(self) -> None:
        """Read what a test printed, as it is in the archive."""
        story = self._story
        found = choices(story) if story else []
        if story is None or not found:
            self.say("Nothing is archived of this drive yet")
            return
        name: str | None = found[0][0]
        if len(found) > 1:
            name = await self.app.push_screen_wait(Choose("Which result?", found))
        if name:
            server = story.row.server.name
            lines = raw_lines(self.session.reader, server, name)
            await self.app.push_screen_wait(Reading(f"{story.row.id}: {dict(found)[name]}", lines))
