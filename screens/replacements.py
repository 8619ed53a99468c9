"""Parts on their way out, as a list to walk with: rack, unit, bay."""

from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import Server
from c3tui.model.replacement import Replacement
from screens.actions import identify
from screens.base import C3Screen
from screens.dialogs import Reason
from screens.model import FleetModel, Key, walk
from screens.session import Session
from screens.signs import Span, phase_tone
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import ago, counted, moment, place, size


@dataclass(frozen=True)
class Errand:
    """A replacement and where to walk for it."""

    part: Replacement
    server: Server | None


class ReplacementsScreen(C3Screen):
    """The walk list."""

    ID = "replacements"
    PLACE = "Parts to replace"
    FILTER = "words to look for: a rack, a serial, a phase"

    BINDINGS = [
        Binding("l,i", "identify", "Light", key_display="l"),
        Binding("w", "withdraw", "Withdraw"),
        Binding("a", "all", "Open/all"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all = False

    def body(self) -> ComposeResult:
        """The list, and the history of one part."""
        yield FleetTable(COLUMNS, empty="Nothing is to be replaced. In 3 Hardware, x marks a drive.")
        yield TextPane(id="part", beside=True)

    @property
    def table(self) -> FleetTable[Errand]:
        """The walk list."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put the parts into the list."""
        self.table.update(errands(self.session.fleet, self._all))
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
        errand = self.table.row
        count = len(self.session.fleet.open_replacements())
        lines: list[list[Span]] = [[(f"{counted(count, 'part')} on the way out", "key")]]
        if errand:
            part = errand.part
            new = f"{part.new.serial} {part.new.model}" if part.new else "not seen yet"
            lines = [
                [(f"{part.bay}  ", "strong"), (f"{part.reason}  ", ""), (f"marked by {part.by}", "dim")],
                [(f"old {part.old.serial} {part.old.model} {size(part.old.size)}; new {new}", "")],
                *([(line, "dim")] for line in part.history),
            ]
        self.query_one("#part", TextPane).show(lines)

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

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the lights of the chosen parts' servers."""
        servers = [self.table.rows[key].part.server for key in self.table.chosen]
        await identify(self, list(dict.fromkeys(servers)))

    @work(exit_on_error=False, exclusive=True, group="withdraw")
    async def action_withdraw(self) -> None:
        """Take marks back: the drives stay, for a reason."""
        chosen = [self.table.rows[key].part for key in self.table.chosen]
        chosen = [part for part in chosen if part.open]
        if not chosen:
            self.say("Only a part that is still on its way out can be withdrawn")
        if not chosen or not await self.may_act():
            return
        title = f"Withdraw {counted(len(chosen), 'part')}: the drive stays, accepted as is"
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


def errands(fleet: FleetModel, every: bool) -> dict[str, Errand]:
    """The parts in the order of the walk; closed ones behind, when wanted."""
    parts = fleet.open_replacements()
    if every:
        closed = [part for part in fleet.replacements.values() if not part.open]
        parts += sorted(closed, key=lambda part: part.marked_at, reverse=True)
    return {part.id: Errand(part, fleet.servers.get(part.server)) for part in parts}


def _order(errand: Errand) -> tuple[object, ...]:
    return (*walk(errand.server), errand.part.slot) if errand.server else ("", 0, "", errand.part.slot)


COLUMNS: list[Column[Errand]] = [
    Column(
        "Place", 9, lambda errand: (place(errand.server) if errand.server else "?", "strong"), sort=_order
    ),
    Column("Bay", 13, lambda errand: (errand.part.bay, "")),
    Column("Serial", 17, lambda errand: (errand.part.old.serial, "")),
    Column("Size", 7, lambda errand: (size(errand.part.old.size), ""), align="right"),
    Column("Phase", 9, lambda errand: (errand.part.phase.value, phase_tone(errand.part.phase))),
    Column("Marked", 10, lambda errand: (ago(moment(errand.part.marked_at)), "dim"), align="right"),
    Column("Reason", 10, lambda errand: (errand.part.reason, ""), grow=True),
    Column("Model", 18, lambda errand: (errand.part.old.model, "")),
]
