"""The deploy step: which server gets which addresses, onto which drive, and how far it is."""

import time
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.facets import SERVER, through
from c3tui.model.fleet import Stage, Use
from c3tui.model.network import Placement4
from c3tui.model.query import hint
from screens.dialogs import Reading
from screens.model import FleetModel, Key, ServerRow
from screens.session import Session
from screens.signs import Span, stage_word
from screens.stepscreen import StepScreen
from screens.victims import trouble, trouble_lines
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import counted, duration, place, size

ADDRESSED_BY = frozenset({"plan", "binding", "server"})
"""What planned addresses follow from: not from readings, which come four times a second."""


@dataclass(frozen=True)
class Seat:
    """A server with the addresses it has or will get."""

    row: ServerRow
    address: str
    pods: str


class DeployScreen(StepScreen):
    """A line for each server; what a run erases is listed by ``v`` and again before it starts."""

    ID = "deploy"
    STEP = "deploy"
    FILTER = hint(SERVER)

    BINDINGS = [
        Binding("v", "victims", "What is erased"),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._planned: dict[str, Placement4] = {}

    def body(self) -> ComposeResult:
        """The table of servers, what is installed, and what is wrong."""
        yield TextPane(id="sums", beside=True)
        yield FleetTable(
            COLUMNS,
            empty="No servers are ready yet: discovery and hardware come first.",
            facets=through(lambda seat: seat.row, SERVER),
            groups={"rack": lambda seat: seat.row.server.rack},
            trouble=lambda seat: bool(seat.row.server.trouble),
            noun="server",
        )
        yield TextPane(id="told", beside=True)

    @property
    def table(self) -> FleetTable[Seat]:
        """The table of servers."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put servers and sums on the screen."""
        plan, fleet = self.session.site.plan, self.session.fleet
        if touched is None or any(kind in ADDRESSED_BY for kind, _ in touched):
            self._planned = fleet.planned_addresses(plan)
        planned = self._planned
        self.table.update({name: seat(row, planned.get(name)) for name, row in fleet.server_rows.items()})
        deployed = sum(server.stage.reached(Stage.DEPLOYED) for server in fleet.servers.values())
        lines: list[list[Span]] = [
            [
                ("Installs  ", "key"),
                (f"{plan.os.osystem} {plan.os.distro_series} on the system drive, ", ""),
                (f"{plan.os.wave} at a time; data drives stay", ""),
            ],
            [("Deployed  ", "key"), (f"{deployed} of {counted(len(plan.servers), 'server')}", "")],
        ]
        self.query_one("#sums", TextPane).show(lines)
        self._tell()

    def tick(self) -> None:
        """Waiting grows longer."""
        self.table.tick()

    def on_line_view_moved(self) -> None:
        """Tell of the server under the cursor."""
        self._tell()

    def _tell(self) -> None:
        seat = self.table.row
        lines = _told(seat, self.session.fleet) if seat else []
        self.query_one("#told", TextPane).show(lines)

    def in_trouble(self) -> list[str]:
        """Servers that cannot go on."""
        return [key for key in self.table.order if self.table.rows[key].row.server.trouble]

    def filter(self, words: str) -> None:
        """Show only servers that contain the words."""
        self.table.filter(words)

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open a server."""
        self.session.server = message.key
        self.go("server")

    @work(exit_on_error=False, exclusive=True, group="victims")
    async def action_victims(self) -> None:
        """List what a run would erase now."""
        answer = await self.ask("ask what deploy would destroy", "destroys", step=self.STEP)
        if answer is not None:
            victims = [str(victim) for victim in answer.get("victims") or []]
            title = (
                f"Deploy erases {counted(len(victims), 'thing')}" if victims else "Deploy erases nothing now"
            )
            await self.app.push_screen_wait(Reading(title, victims or ["Every server is deployed already."]))


def seat(row: ServerRow, planned: Placement4 | None) -> Seat:
    """A server with its addresses; those it will be given until it has them."""
    if row.server.address:
        return Seat(row, row.server.address, row.server.pod_range)
    if planned is None:
        return Seat(row, "not in the plan", "")
    return Seat(row, str(planned.address), str(planned.pod_range))


def _system(seat: Seat) -> Span:
    drives = [drive for _, drive in seat.row.server.drives(Use.SYSTEM)]
    if not drives:
        return "none known", "warn"
    return drives[0].serial + (f" +{len(drives) - 1}" if drives[1:] else ""), ""


def _told(seat: Seat, fleet: FleetModel) -> list[list[Span]]:
    server = seat.row.server
    if server.trouble:
        return trouble_lines(fleet, server)
    system = [
        f"bay{bay.slot:02d} {size(drive.size)} {drive.serial}" for bay, drive in server.drives(Use.SYSTEM)
    ]
    first: list[Span] = [(f"{server.name}  ", "strong"), stage_word(server)]
    return [first, [("System on ", "key"), (" and ".join(system) or "no known drive", "")]]


def _progress(seat: Seat) -> Span:
    if seat.row.server.trouble:
        return trouble(seat.row.server), "bad"
    progress = seat.row.progress
    if progress is None or progress.ended or not progress.phase:
        return "", ""
    text = progress.phase
    if progress.fraction is not None:
        text += f" {round(progress.fraction * 100)} %"
    if progress.since:
        text += f" {duration(time.time() - progress.since)}"
    return f"{text} {progress.detail}".rstrip(), "busy"


COLUMNS: list[Column[Seat]] = [
    Column("Server", 10, lambda seat: (seat.row.server.name, "strong")),
    Column("Stage", 10, lambda seat: stage_word(seat.row.server)),
    Column("Address", 15, lambda seat: (seat.address, "")),
    Column("System drive", 17, _system),
    Column("What it does", 22, _progress, grow=True),
    Column("Pods", 27, lambda seat: (seat.pods, "")),
    Column("Place", 9, lambda seat: (place(seat.row.server), "")),
]
