"""Parts on their way out, as a list to walk with: rack, unit, bay."""

from collections.abc import Sequence

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Input

from c3tui.model.query import hint
from screens.actions import identify, light_walk
from screens.base import C3Screen
from screens.dialogs import Reason
from screens.model import Key
from screens.replacements import orders
from screens.replacements.rows import COLUMNS, FACETS, Going, rack_of, rows_of, told
from screens.session import Session
from screens.signs import Span
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import counted


class ReplacementsScreen(C3Screen):
    """The walk list, and a line for the serials of new parts: a scanner types them and presses Enter."""

    ID = "replacements"
    PLACE = "Parts to replace"
    FILTER = hint(FACETS)

    BINDINGS = [
        Binding("n", "new_serial", "New serial"),
        Binding("l,i", "identify", "Light", key_display="l"),
        Binding("w", "withdraw", "Withdraw"),
        Binding("W", "walk", "Walk"),
        Binding("x", "export", "Export"),
        Binding("p", "move", "Move by hand", show=False),
        Binding("m", "mark_part", "Mark a part", show=False),
        Binding("v", "look", "Look into running servers", show=False),
        Binding("a", "all", "Open/all"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all = False

    def body(self) -> ComposeResult:
        """The list, and the history of one part."""
        yield FleetTable(
            COLUMNS,
            empty="Nothing is to be replaced. In 3 Hardware, x marks a drive; here, m marks another part.",
            facets=FACETS,
            groups={"rack": rack_of},
            noun="part",
        )
        yield Input(id="serial", compact=True)
        yield TextPane(id="part", beside=True)

    @property
    def table(self) -> FleetTable[Going]:
        """The walk list."""
        return self.query_one(FleetTable)

    @property
    def serial(self) -> Input:
        """The line for the serial of a new part."""
        return self.query_one("#serial", Input)

    def show(self, touched: set[Key] | None) -> None:
        """Put the parts into the list."""
        self.table.update(rows_of(self.session.fleet, self._all))
        self._tell()

    def tick(self) -> None:
        """Marks grow older."""
        self.table.tick()

    def filter(self, words: str) -> None:
        """Show only parts that contain the words."""
        self.table.filter(words)

    def on_line_view_moved(self) -> None:
        """Tell of the part under the cursor."""
        self._tell()

    def _tell(self) -> None:
        row = self.table.row
        count = len(self.session.fleet.open_replacements())
        lines: list[list[Span]] = [[(f"{counted(count, 'part')} on the way out", "key")]]
        self.query_one("#part", TextPane).show(told(row, self.session.fleet) if row else lines)
        whom = f" for {row.part.bay}" if row and row.waits else ""
        self.serial.placeholder = f"New serial{whom}: scan or type it, Enter"

    def servers_in_view(self) -> list[str]:
        """Servers of the list."""
        rows = self.table.rows
        return list(dict.fromkeys(rows[key].part.server for key in self.table.in_view))

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open the server."""
        self.session.server = self.table.rows[message.key].part.server
        self.go("server")

    def action_all(self) -> None:
        """Only open ones, or closed ones too."""
        self._all = not self._all
        self.show(None)

    def action_mark(self) -> None:
        """Mark the part under the cursor."""
        self.table.action_mark()

    @property
    def chosen(self) -> list[Going]:
        """The marked parts, or the one under the cursor."""
        return [self.table.rows[key] for key in self.table.chosen]

    @property
    def walked(self) -> list[Going]:
        """The marked parts, or all that are shown."""
        keys: Sequence[str] = self.table.chosen if self.table.marks else self.table.order
        return [self.table.rows[key] for key in keys]

    def action_new_serial(self) -> None:
        """Scan or type the serial of a new part; it is paired with the old one under the cursor."""
        self.serial.add_class("-open")
        self.serial.focus()

    def on_descendant_blur(self, event: events.DescendantBlur) -> None:
        """The line makes room again; a serial that was typed and not sent stays in it."""
        super().on_descendant_blur(event)
        if event.widget is self.serial and not self.serial.value:
            self.serial.remove_class("-open")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """A label was scanned."""
        if message.input.id != "serial":
            super().on_input_submitted(message)
            return
        message.stop()
        if message.value.strip():
            self.pair(message.value)

    @work(exit_on_error=False, group="pair")
    async def pair(self, serial: str) -> None:
        """Pair a new serial, and be ready for the next one; one that is refused stays to be mended."""
        row = self.table.row
        if not await self.may_act():
            return
        whom = row.part.id if row and row.waits else ""
        answer = await self.ask(f"pair {serial.strip()}", "scan", said=None, serial=serial, replacement=whom)
        if answer is None:
            return
        self.serial.value = ""
        self.say(f"{answer.get('serial')} is for {answer.get('bay')}", "good")
        self._go_on(whom)

    def _go_on(self, done: str) -> None:
        """The cursor goes to the next part that waits for a new one."""
        order = self.table.order
        start = order.index(done) + 1 if done in order else 0
        for key in [*order[start:], *order[:start]]:
            row = self.table.rows[key]
            if row.waits and not row.part.announced and key != done:
                self.table.go_to_key(key)
                return

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the lights of the chosen parts' servers."""
        await identify(self, list(dict.fromkeys(row.part.server for row in self.chosen)))

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_walk(self) -> None:
        """Walk from light to light, past the marked parts or all that are shown and on their way out."""
        await light_walk(self, list(dict.fromkeys(row.part.led for row in self.walked if row.part.open)))

    @work(exit_on_error=False, exclusive=True, group="orders")
    async def action_export(self) -> None:
        """Write the list: as text, as pages for the clipboard, as CSV."""
        await orders.export(self, self.walked)

    @work(exit_on_error=False, exclusive=True, group="orders")
    async def action_move(self) -> None:
        """Bring the part under the cursor into a later phase by hand."""
        await orders.move(self, self.table.row)

    @work(exit_on_error=False, exclusive=True, group="orders")
    async def action_mark_part(self) -> None:
        """Mark a part that is no drive."""
        await orders.mark(self)

    @work(exit_on_error=False, exclusive=True, group="orders")
    async def action_look(self) -> None:
        """Have running servers tell what sits in their marked bays."""
        await orders.look(self, list(dict.fromkeys(row.part.server for row in self.chosen)))

    @work(exit_on_error=False, exclusive=True, group="withdraw")
    async def action_withdraw(self) -> None:
        """Take marks back: the parts stay, for a reason."""
        chosen = [row.part for row in self.chosen if row.part.open]
        if not chosen:
            self.say("Only a part that is still on its way out can be withdrawn")
        if not chosen or not await self.may_act():
            return
        title = f"Withdraw {counted(len(chosen), 'part')}: it stays, accepted as is"
        lines = [f"{part.bay}  {part.old.serial}  {part.reason}" for part in chosen]
        key = f"reason:withdraw:{chosen[0].id}"
        reason = await self.app.push_screen_wait(Reason(title, self.session.drafts, key, lines))
        if not reason:
            self.say("The marks stay")
            return
        for part in chosen:
            if await self.ask(f"withdraw {part.bay}", "withdraw", replacement=part.id, reason=reason) is None:
                return
        self.table.clear_marks()
