"""The discovery step: every server with what its BMC says now."""

import time

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.facets import SERVER
from c3tui.model.fleet import BmcReading, Stage
from c3tui.model.query import hint
from screens.actions import identify, light_walk, power
from screens.logins import give_login
from screens.model import FleetModel, Key, ServerRow, walk
from screens.signs import Span, bmc_word, stage_word
from screens.stepscreen import StepScreen
from screens.victims import trouble, trouble_lines
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import age, ago, counted, lasting, moment, place

WARM_C, HOT_C = 35, 40
"""Inlet temperatures up to which ASHRAE allows servers of class A2, and of class A3."""


class DiscoveryScreen(StepScreen):
    """A line for each server, live."""

    ID = "discovery"
    STEP = "discovery"
    FILTER = hint(SERVER)

    BINDINGS = [
        Binding("i", "identify", "Light"),
        Binding("p", "power", "Power"),
        Binding("S", "beside('strays')", "Strays"),
        Binding("D", "beside('golden')", "Golden servers", show=False),
        Binding("k", "login", "Login"),
        Binding("W", "walk", "Walk"),
    ]

    def body(self) -> ComposeResult:
        """The table of servers, and the one under the cursor in words."""
        yield FleetTable(
            COLUMNS,
            empty="No server was looked for yet: r looks for those of the plan.",
            facets=SERVER,
            groups={"rack": lambda row: row.server.rack},
            trouble=lambda row: bool(row.server.trouble),
            noun="server",
        )
        yield TextPane(id="told", beside=True)

    @property
    def table(self) -> FleetTable[ServerRow]:
        """The table of servers."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put the servers into the table."""
        self.table.update(self.session.fleet.server_rows)
        self._tell()

    def tick(self) -> None:
        """Readings grow older."""
        self.table.tick()
        self._tell()

    def on_line_view_moved(self) -> None:
        """Tell of the server under the cursor."""
        self._tell()

    def _tell(self) -> None:
        row = self.table.row
        self.query_one("#told", TextPane).show(told(row, self.session.fleet) if row else [])

    def filter(self, words: str) -> None:
        """Show only servers that contain the words."""
        self.table.filter(words)

    def in_trouble(self) -> list[str]:
        """Servers that cannot go on."""
        return [key for key in self.table.order if self.table.rows[key].server.trouble]

    def action_beside(self, place: str) -> None:
        """Go to a screen that belongs to this one."""
        self.go(place)

    def servers_in_view(self) -> list[str]:
        """Servers whose lines are in view."""
        return self.table.in_view

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open a server."""
        self.session.server = message.key
        self.go("server")

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_identify(self) -> None:
        """Switch the lights of the chosen servers."""
        await identify(self, self.table.chosen)

    @work(exit_on_error=False, exclusive=True, group="identify")
    async def action_walk(self) -> None:
        """Walk from light to light, past the marked servers or all that are shown."""
        keys = self.table.chosen if self.table.marks else self.table.order
        await light_walk(self, [key for key in keys if key in self.table.rows])

    @work(exit_on_error=False, exclusive=True, group="login")
    async def action_login(self) -> None:
        """Give the BMC login of the chosen servers, or of all that have none of their own."""
        await give_login(self, self.table.chosen)

    @work(exit_on_error=False, exclusive=True, group="power")
    async def action_power(self) -> None:
        """Switch the chosen servers on or off, after asking."""
        await power(self, self.table.chosen)


def led(row: ServerRow) -> Span:
    """The identify light, or the fault light."""
    if row.bmc is None or row.bmc.identify is None:
        return "", ""
    if row.bmc.fault:
        return "FLT", "bad"
    return ("ID", "busy") if row.bmc.identify else ("-", "dim")


def inlet(row: ServerRow) -> Span:
    """Inlet temperature."""
    if row.bmc is None or row.bmc.inlet_c is None:
        return "", ""
    value = row.bmc.inlet_c
    return f"{value:.0f} C", "bad" if value >= HOT_C else "warn" if value >= WARM_C else ""


def fans(row: ServerRow) -> Span:
    """The slowest fan, or how many have failed."""
    if row.bmc is None:
        return "", ""
    if row.bmc.fans_failed:
        return f"{row.bmc.fans_failed} dead", "bad"
    return (f"{min(row.bmc.fans_rpm):.0f}", "") if row.bmc.fans_rpm else ("", "")


def psus(row: ServerRow) -> Span:
    """Power supplies that work, of those there are."""
    if row.bmc is None or not row.bmc.psus:
        return "", ""
    good = row.bmc.psus - row.bmc.psus_failed
    return f"{good}/{row.bmc.psus}", "bad" if row.bmc.psus_failed else ""


def sel(row: ServerRow) -> Span:
    """Entries of the system event log."""
    if row.bmc is None or row.bmc.sel_entries is None:
        return "", ""
    return str(row.bmc.sel_entries), ""


def reading_age(row: ServerRow) -> Span:
    """How old the readings are."""
    at = moment(row.bmc.at) if row.bmc else None
    if row.bmc is None or at is None:
        return "", ""
    return age(at), "warn" if row.bmc.stale(time.time()) else "dim"


def doing(row: ServerRow) -> Span:
    """What a server is doing, or why it stands still."""
    if row.server.trouble:
        return trouble(row.server), "bad"
    if row.progress and row.progress.phase and not row.progress.ended:
        return " ".join(part for part in (row.progress.phase, row.progress.detail) if part), "busy"
    if row.bmc and row.bmc.detail:
        return f"! {row.bmc.detail}", "warn"
    if row.bmc and row.bmc.stale(time.time()):
        return f"! not read for {age(moment(row.bmc.at))}", "warn"
    return (f"! {alarms}", "warn") if row.bmc and (alarms := ", ".join(wrong(row.bmc))) else ("", "")


def wrong(reading: BmcReading) -> list[str]:
    """What a reading warns of, in words: columns that a narrow terminal has no room for say it here too."""
    found = ["fault light on"] if reading.fault else []
    if reading.inlet_c is not None and reading.inlet_c >= WARM_C:
        found.append(f"{reading.inlet_c:.0f} C inlet")
    if reading.fans_failed:
        found.append(counted(reading.fans_failed, "dead fan"))
    if reading.psus_failed:
        found.append(f"{reading.psus_failed} of {reading.psus} PSUs out")
    return found


def told(row: ServerRow, fleet: FleetModel) -> list[list[Span]]:
    """One server in a few lines: what it does, or why it stands still and what to do; what its BMC said."""
    if row.server.trouble:
        return [*trouble_lines(fleet, row.server), _said(row.bmc)]
    text, tone = doing(row)
    first: list[Span] = [(f"{row.server.name}  ", "strong"), stage_word(row.server)]
    if text:
        first.append((f", {text}", tone))
    if row.progress and row.progress.since and not row.progress.ended:
        first.append((f", for {lasting(row.progress.since)}", tone))
    return [first, _said(row.bmc)]


def _said(reading: BmcReading | None) -> list[Span]:
    if reading is None:
        return [("Its BMC was not asked yet", "dim")]
    word, tone = bmc_word(reading)
    line: list[Span] = [("BMC ", "key"), (word, tone)]
    if reading.detail:
        line.append((f", {reading.detail}", "dim"))
    if reading.inlet_c is not None:
        line.append((f", {reading.inlet_c:.0f} C inlet", ""))
    if at := moment(reading.at):
        line.append((f", read {ago(at)}", "dim"))
    if reading.sel_last:
        line.append((f", last event: {reading.sel_last}", "dim"))
    return line


def _number(value: Span) -> float | None:
    return float(value[0]) if value[0].isdigit() else None


def _inlet(row: ServerRow) -> float | None:
    return row.bmc.inlet_c if row.bmc else None


def _seen(row: ServerRow) -> float | None:
    at = moment(row.bmc.at) if isinstance(row.bmc, BmcReading) else None
    return -at if at else None


COLUMNS: list[Column[ServerRow]] = [
    Column("Server", 10, lambda row: (row.server.name, "strong")),
    Column("Place", 9, lambda row: (place(row.server), ""), sort=lambda row: walk(row.server)),
    Column(
        "Stage", 13, lambda row: stage_word(row.server), sort=lambda row: list(Stage).index(row.server.stage)
    ),
    Column("Power", 9, lambda row: bmc_word(row.bmc)),
    Column("LED", 3, led),
    Column("Inlet", 5, inlet, sort=_inlet, align="right"),
    Column("What it does", 20, doing, grow=True),
    Column("Age", 5, reading_age, sort=_seen, align="right"),
    Column("Fans", 5, fans, align="right"),
    Column("PSU", 3, psus, align="right"),
    Column("SEL", 4, sel, sort=lambda row: _number(sel(row)), align="right"),
]
