"""Every finding: what is wrong with what, what to do, and who let it stand."""

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.finding import Finding, FindingState, Severity
from c3tui.model.query import Facets, hint
from screens.base import C3Screen
from screens.dialogs import Reason
from screens.differences import IDENTITY, accept
from screens.model import Key
from screens.session import Session
from screens.signs import SEVERITIES, Span, finding_tone
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import ago, counted, moment


def _server(found: Finding) -> str:
    return found.subject.partition("/")[0]


FACETS: Facets[Finding] = {
    "severity": lambda found: found.severity.value,
    "server": _server,
    "step": lambda found: found.step,
    "rule": lambda found: found.check,
    "state": lambda found: found.state.value,
    "subject": lambda found: found.subject,
}
"""What findings can be asked for by key."""


class FindingsScreen(C3Screen):
    """A list of findings, the one under the cursor in full below."""

    ID = "findings"
    PLACE = "Findings"
    FILTER = hint(FACETS)

    BINDINGS = [
        Binding("w", "waive", "Waive"),
        Binding("T", "tolerate", "Accept"),
        Binding("a", "all", "Open/all"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all = False

    def body(self) -> ComposeResult:
        """The list, and one finding in full."""
        yield FleetTable(
            COLUMNS,
            empty="Nothing is known to be wrong.",
            facets=FACETS,
            groups={"step": lambda found: found.step, "server": _server, "rule": lambda found: found.check},
            noun="finding",
        )
        yield TextPane(id="finding", beside=True)

    @property
    def table(self) -> FleetTable[Finding]:
        """The list."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put the findings into the list."""
        fleet = self.session.fleet
        found = fleet.open_findings()
        if self._all:
            found += [each for each in fleet.findings.values() if each.state is not FindingState.OPEN]
        self.table.update({each.id: each for each in found})
        self._tell()

    def tick(self) -> None:
        """Findings grow older."""
        self.table.tick()

    def filter(self, words: str) -> None:
        """Show only findings that contain the words."""
        self.table.filter(words)

    def on_line_view_moved(self) -> None:
        """Tell of the finding under the cursor."""
        self._tell()

    def _tell(self) -> None:
        found = self.table.row
        self.query_one("#finding", TextPane).show(_told(found) if found else [])

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open the server it is about, if it is about one."""
        name = _server(self.table.rows[message.key])
        if name in self.session.fleet.servers:
            self.session.server = name
            self.go("server")

    def action_all(self) -> None:
        """Only open ones, or waived and fixed ones too."""
        self._all = not self._all
        self.show(None)

    def action_mark(self) -> None:
        """Mark the finding under the cursor."""
        self.table.action_mark()

    @work(exit_on_error=False, exclusive=True, group="waive")
    async def action_waive(self) -> None:
        """Let the chosen findings stand, for a reason."""
        chosen = [self.table.rows[key] for key in self.table.chosen]
        chosen = [each for each in chosen if each.state is FindingState.OPEN]
        if not chosen:
            self.say("Only an open finding can be waived")
        if not chosen or not await self.may_act():
            return
        title = f"Waive {counted(len(chosen), 'finding')}: it stays true, and stops holding anything up"
        lines = [f"{each.subject}: {each.message}" for each in chosen]
        key = f"reason:waive:{chosen[0].id}"
        reason = await self.app.push_screen_wait(Reason(title, self.session.drafts, key, lines))
        if not reason:
            self.say("Nothing was waived")
            return
        for each in chosen:
            if await self.ask(f"waive {each.id}", "waive", finding=each.id, reason=reason) is None:
                return
        self.table.clear_marks()

    @work(exit_on_error=False, exclusive=True, group="waive")
    async def action_tolerate(self) -> None:
        """Accept the difference under the cursor for a server, a rack or a batch, for a reason."""
        found = self.table.row
        if found is None or found.state is FindingState.FIXED or not found.check.startswith(IDENTITY):
            self.say("Only a difference between servers can be accepted; w waives this one finding")
            return
        await accept(self, found.id, found.subject, found.message, found.id)


def _told(found: Finding) -> list[list[Span]]:
    tone = finding_tone(found.state, found.severity)
    lines: list[list[Span]] = [
        [(f"{found.subject}: {found.message}", tone)],
        [("To do     ", "key"), (found.remedy, "")],
    ]
    if found.evidence:
        lines.append([("Evidence  ", "key"), (found.evidence, "")])
    seen = f"{found.check}, first seen {ago(moment(found.first_seen))}"
    lines.append([("Rule      ", "key"), (seen, "dim")])
    if found.state is FindingState.WAIVED:
        lines.append([("Waived    ", "key"), (f"by {found.waived_by}: {found.reason}", "")])
    return lines


COLUMNS: list[Column[Finding]] = [
    Column(
        "Severity",
        10,
        lambda found: (
            f"{SEVERITIES[found.severity][0]} {found.severity.value}",
            finding_tone(found.state, found.severity),
        ),
        sort=lambda found: list(Severity).index(found.severity),
    ),
    Column("Subject", 13, lambda found: (found.subject, "strong")),
    Column("Step", 10, lambda found: (found.step, "")),
    Column("What is wrong", 30, lambda found: (found.message, ""), grow=True),
    Column("State", 6, lambda found: (found.state.value, "" if found.state is FindingState.OPEN else "dim")),
]
