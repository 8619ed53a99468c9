"""The hardware step: every drive in every bay, what the tests say of it, and what was decided."""

from collections.abc import Iterable

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import TestState
from c3tui.model.replacement import Decision
from screens.actions import IN_PRODUCTION, decide, identify
from screens.model import DriveRow, Key, walk
from screens.signs import DRIVE_LEGEND, Span, drive_sign, test_word, verdict_word
from screens.stepscreen import StepScreen
from screens.summary import drive_counts
from screens.victims import trouble
from screens.widgets.columns import Column
from screens.widgets.matrix import Lane, Matrix, Spot
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import place, size


class HardwareScreen(StepScreen):
    """A table of drives, or a matrix of bays; the drive under the cursor is told below."""

    ID = "hardware"
    STEP = "hardware"
    FILTER = "words to look for: a server, a serial, a model, failed, replace"

    BINDINGS = [
        Binding("x", "decide('replace')", "Replace"),
        Binding("a", "decide('accept')", "Accept"),
        Binding("u", "decide('use')", "Use"),
        Binding("l", "identify", "Light"),
        Binding("m", "matrix", "Bays"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def body(self) -> ComposeResult:
        """Table and matrix, of which one is shown; what is known of one drive."""
        yield FleetTable(COLUMNS, empty="No drives are known yet: servers must be discovered first.")
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
        rows = self.session.fleet.drive_rows
        if self.matrix.display:
            self.matrix.update(_lanes(rows.values()))
        else:
            self.table.update(rows)
        self._tell()

    def filter(self, words: str) -> None:
        """Show only drives that contain the words; the filter keeps the focus: letters are keys elsewhere."""
        if self.matrix.display:
            self._turn(to_matrix=False)
        self.table.filter(words)

    def in_trouble(self) -> list[str]:
        """Drives that failed or are on their way out, and one for each server that cannot go on."""
        rows = self.session.fleet.drive_rows
        found: list[str] = []
        stuck: set[str] = set()
        for key in self.table.order:
            server = rows[key].server
            if _troubled(rows[key]) or (server.trouble and server.name not in stuck):
                found.append(key)
                stuck.add(server.name)
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

    def _tell(self) -> None:
        key = self.matrix.spot.key if self.matrix.display and self.matrix.spot else self.table.key
        row = self.session.fleet.drive_rows.get(key or "")
        counts: list[Span] = [("All drives  ", "key"), (str(drive_counts(self.session.fleet)), "")]
        self.query_one("#drive", TextPane).show([*(_told(row) if row else []), counts])

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

    def action_mark(self) -> None:
        """Mark the drive under the cursor."""
        self.table.action_mark()

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open the server a drive sits in."""
        self._open(message.key)

    def on_matrix_chosen(self, message: Matrix.Chosen) -> None:
        """Open the server a bay belongs to."""
        self._open(message.key)

    def _open(self, bay: str) -> None:
        if row := self.session.fleet.drive_rows.get(bay):
            self.session.server = row.server.name
            self.go("server")

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_decide(self, decision: str) -> None:
        """Give a verdict on the chosen drives."""
        if await decide(self, self.chosen, Decision(decision)):
            self.table.clear_marks()

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the lights of the servers of the chosen drives."""
        await identify(self, list(dict.fromkeys(row.server.name for row in self.chosen)))


def _lanes(rows: Iterable[DriveRow]) -> list[Lane]:
    lanes: dict[str, list[Spot]] = {}
    notes: dict[str, str] = {}
    for row in rows:
        sign, tone = drive_sign(row.bay.drive, row.verdict, row.replacement)
        lanes.setdefault(row.server.name, []).append(Spot(row.id, sign, tone))
        notes[row.server.name] = place(row.server)
    return [Lane(name, tuple(spots), notes[name]) for name, spots in lanes.items()]


def _troubled(row: DriveRow) -> bool:
    if row.replacement:
        return True
    accepted = row.verdict is not None and row.verdict.decision is Decision.ACCEPT
    return row.bay.drive is not None and row.bay.drive.test is TestState.FAILED and not accepted


def _told(row: DriveRow) -> list[list[Span]]:
    drive = row.bay.drive
    if drive is None:
        return [[(f"{row.id}  {place(row.server)}  empty bay", "dim")]]
    word, tone = test_word(drive)
    head = f"{row.id}  {drive.serial}  {place(row.server)}  {drive.use.value}  "
    first: list[Span] = [(head, "strong"), (word, tone)]
    if row.server.trouble:
        first = [(head, "strong"), (trouble(row.server), "bad")]
    elif drive.test_detail:
        first.append((f": {drive.test_detail}", tone))
    second: list[Span] = [(drive.by_id or "-", "dim"), (f"  {row.bay.path}", "dim")]
    if row.replacement:
        second = [(f"On its way out, {row.replacement.phase.value}: {row.replacement.reason}", "warn")]
        if row.server.in_production:
            second.append((f"; {IN_PRODUCTION}", "warn"))
    elif row.verdict:
        second = [(f"{row.verdict.decision.value} by {row.verdict.by}: {row.verdict.reason or '-'}", "warn")]
    return [first, second]


def _drive(row: DriveRow, name: str) -> Span:
    drive = row.bay.drive
    return (str(getattr(drive, name)), "") if drive else ("empty" if name == "serial" else "", "dim")


COLUMNS: list[Column[DriveRow]] = [
    Column("Bay", 13, lambda row: (row.id, "strong"), sort=lambda row: (*walk(row.server), row.bay.slot)),
    Column("Serial", 17, lambda row: _drive(row, "serial")),
    Column("Model", 18, lambda row: _drive(row, "model")),
    Column(
        "Size",
        7,
        lambda row: (size(row.bay.drive.size), "") if row.bay.drive else ("", ""),
        sort=lambda row: row.bay.drive.size if row.bay.drive else None,
        align="right",
    ),
    Column("Test", 10, lambda row: test_word(row.bay.drive) if row.bay.drive else ("", "")),
    Column("Verdict", 8, lambda row: verdict_word(row.verdict, row.replacement)),
    Column("Use", 6, lambda row: (row.bay.drive.use.value, "dim") if row.bay.drive else ("", "")),
    Column("Place", 9, lambda row: (place(row.server), "")),
    Column("What the tests say", 20, lambda row: _drive(row, "test_detail"), grow=True),
]
