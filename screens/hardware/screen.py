"""HardwareScreen: every drive in every bay, what its evidence says, and what was decided."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.facets import DRIVE
from c3tui.model.query import hint
from c3tui.model.replacement import Decision
from screens.actions import identify, light_walk
from screens.hardware.campaign import campaign
from screens.hardware.columns import COLUMNS, GROUPS
from screens.hardware.lanes import Lanes
from screens.hardware.told import told
from screens.model import DriveRow, Key
from screens.session import Session
from screens.signs import DRIVE_LEGEND, Span
from screens.stepscreen import StepScreen
from screens.summary import class_spans
from screens.verdicts import annotate, decide, which
from screens.widgets.matrix import Matrix
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane


class HardwareScreen(StepScreen):
    """A table of drives, or a matrix of bays; the drive under the cursor is told below."""

    ID = "hardware"
    STEP = "hardware"
    FILTER = hint(DRIVE)

    BINDINGS = [
        Binding("x", "decide('replace')", "Replace"),
        Binding("a", "decide('accept')", "Accept"),
        Binding("u", "decide('use')", "Use"),
        Binding("v", "again", "Asked again"),
        Binding("l", "identify", "Light"),
        Binding("n", "note", "Note"),
        Binding("m", "matrix", "Bays"),
        Binding("W", "walk", "Walk"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._lanes = Lanes()
        self._sums: list[list[Span]] = []
        self._again = False

    def body(self) -> ComposeResult:
        """Table and matrix, of which one is shown; what is known of one drive."""
        yield FleetTable(
            COLUMNS,
            empty="No drives are known yet: servers must be discovered first.",
            facets=DRIVE,
            groups=GROUPS,
            trouble=lambda row: row.troubled,
            noun="drive",
        )
        yield Matrix(empty="No bays are known yet: servers must be discovered first.", legend=DRIVE_LEGEND)
        yield TextPane(id="drive", beside=True)

    def on_mount(self) -> None:
        """The table is shown first."""
        self.query_one(Matrix).display = False
        super().on_mount()

    @property
    def table(self) -> FleetTable[DriveRow]:
        """The table of drives."""
        return self.query_one(FleetTable)

    @property
    def matrix(self) -> Matrix:
        """The matrix of bays."""
        return self.query_one(Matrix)

    def show(self, touched: set[Key] | None) -> None:
        """Put the drives into whichever is shown."""
        fleet = self.session.fleet
        if self.matrix.display:
            self.matrix.update(self._lanes.follow(fleet, touched))
        else:
            self.table.update(fleet.drive_rows)
        sums = class_spans(fleet, self.session.site.plan.storage.pool)
        self._sums = [*campaign(fleet.server_rows.values()).lines(), *([sums] if sums else [])]
        if self._again != bool(fleet.drives.again):
            self._again = not self._again
            self.refresh_bindings()
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The way to drives that are asked about again is offered while there are any."""
        return self._again if action == "again" else super().check_action(action, parameters)

    def filter(self, words: str) -> None:
        """Show only drives that contain the words; the filter keeps the focus: letters are keys elsewhere."""
        if self.matrix.display:
            self._turn(to_matrix=False)
        self.table.filter(words)

    def in_trouble(self) -> list[str]:
        """Drives that somebody must look at, and one for each server that cannot go on."""
        fleet = self.session.fleet
        troubled = fleet.drives.troubled
        stuck = {server.name for server in fleet.servers.values() if server.trouble}
        if not troubled and not stuck:
            return []
        found: list[str] = []
        for key in self.table.order:
            name = key.partition("/")[0] if stuck else ""
            if key in troubled or name in stuck:
                found.append(key)
                stuck.discard(name)
        return found

    def on_line_view_moved(self) -> None:
        """Tell of the drive under the cursor."""
        self._tell()

    @property
    def chosen(self) -> list[DriveRow]:
        """The marked drives, or the one under the cursor."""
        rows = self.session.fleet.drive_rows
        if self.matrix.display:
            spot = self.matrix.spot
            return [rows[spot.key]] if spot and spot.key in rows else []
        return [rows[key] for key in self.table.chosen if key in rows]

    async def _meant(self) -> list[DriveRow]:
        """The chosen drives; without marks, and with a filter, whoever presses the key is asked which."""
        table, rows = self.table, self.session.fleet.drive_rows
        if self.matrix.display or not table.words or table.marks.intersection(table.order):
            return self.chosen
        return list(await which(self, self.chosen, [rows[key] for key in table.order if rows[key].bay.drive]))

    def _tell(self) -> None:
        key = self.matrix.spot.key if self.matrix.display and self.matrix.spot else self.table.key
        row = self.session.fleet.drive_rows.get(key or "")
        self.query_one("#drive", TextPane).show([*(told(row) if row else []), *self._sums])

    def servers_in_view(self) -> list[str]:
        """Servers whose drives are in view."""
        rows = self.session.fleet.drive_rows
        keys = self.matrix.in_view if self.matrix.display else self.table.in_view
        return list(dict.fromkeys(rows[key].server.name for key in keys if key in rows))

    def action_matrix(self) -> None:
        """Table or matrix, the cursor on the same drive."""
        to_matrix = not self.matrix.display
        self._turn(to_matrix)
        (self.matrix if to_matrix else self.table).focus()

    def _turn(self, to_matrix: bool) -> None:
        key = self.table.key if to_matrix else self.matrix.spot.key if self.matrix.spot else None
        self.matrix.display, self.table.display = to_matrix, not to_matrix
        self.show(None)
        if key:
            (self.matrix if to_matrix else self.table).go_to_key(key)

    def action_trouble(self) -> None:
        """Go to the next drive in trouble, in the table."""
        if self.matrix.display:
            self.action_matrix()
        super().action_trouble()

    def action_again(self) -> None:
        """Go to the next drive whose verdict was overtaken by new evidence."""
        if self.matrix.display:
            self.action_matrix()
        self.table.go_to_next(self.session.fleet.drives.again)

    def action_mark(self) -> None:
        """Mark the drive under the cursor."""
        self.table.action_mark()

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open the drive's page."""
        self._open(message.key)

    def on_matrix_chosen(self, message: Matrix.Chosen) -> None:
        """Open the page of the drive in a bay."""
        self._open(message.key)

    def _open(self, bay: str) -> None:
        if bay in self.session.fleet.drive_rows:
            self.session.drive = bay
            self.go("drive")

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_decide(self, decision: str) -> None:
        """Give a verdict on the chosen drives, or on all that the filter shows."""
        rows = await self._meant()
        if not rows:
            self.say("No drive is chosen: put the cursor on one, or mark some with Space")
        elif await decide(self, rows, Decision(decision)):
            self.table.clear_marks()

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_note(self) -> None:
        """Write a note into the story of the chosen drives."""
        await annotate(self, self.chosen)

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the lights of the servers of the chosen drives."""
        await identify(self, list(dict.fromkeys(row.server.name for row in self.chosen)))

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_walk(self) -> None:
        """Walk from light to light, past the chosen bays."""
        await light_walk(self, [row.id for row in self.chosen])
