"""The run log: every run, and what the one under the cursor said."""

from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.run import Run
from screens.base import C3Screen
from screens.logfeed import LogFeed
from screens.model import Key
from screens.status import outcome_span
from screens.widgets.columns import Column
from screens.widgets.log import LogPane
from screens.widgets.table import FleetTable
from screens.words import ago, duration, moment, names


class RunLogScreen(C3Screen):
    """Runs on top, newest first; the log of the chosen one below."""

    ID = "runlog"
    PLACE = "Run log"
    FILTER = "words to search the log for; n and N go on"

    BINDINGS = [
        Binding("slash", "filter", "Search", key_display="/"),
        Binding("e", "failed", "Errors only"),
        Binding("n", "find(1)", "Next match", show=False),
    ]

    def body(self) -> ComposeResult:
        """Runs, then one log."""
        yield FleetTable(COLUMNS, empty="Nothing was run yet.")
        yield LogPane(empty="This run said nothing yet.")

    def on_mount(self) -> None:
        """Feed the log."""
        self._feed = LogFeed(self.session.reader, self.query_one(LogPane))
        super().on_mount()

    @property
    def table(self) -> FleetTable[Run]:
        """The table of runs."""
        return self.query_one(FleetTable)

    @property
    def log_pane(self) -> LogPane:
        """The log."""
        return self.query_one(LogPane)

    def show(self, touched: set[Key] | None) -> None:
        """Put the runs into the table, and what is new into the log."""
        runs = sorted(self.session.fleet.runs.values(), key=lambda run: run.started, reverse=True)
        self.table.update({run.id: run for run in runs})
        self._tell()

    def tick(self) -> None:
        """Runs grow longer."""
        self.table.tick()

    def on_line_view_moved(self) -> None:
        """Show the log of the run under the cursor."""
        self._tell()

    def _tell(self) -> None:
        if self.table.key:
            self._feed.show(self.table.key)

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Into the log."""
        self.log_pane.focus()

    def filter(self, words: str) -> None:
        """Search the log."""
        self.log_pane.search(words)

    def focus_body(self) -> None:
        """After a search, the log has the focus."""
        self.log_pane.focus()

    def action_find(self, by: int) -> None:
        """Go to the next match, wherever the focus is."""
        self.log_pane.focus()
        self.log_pane.action_find(by)

    def action_failed(self) -> None:
        """Only warnings and errors, or all lines."""
        self.log_pane.only_failed(not self.log_pane.failed_only)


def _what(run: Run) -> tuple[str, str]:
    left = names(list(dict.fromkeys(victim.server for victim in run.victims)))
    behind = f"; without {left}" if left else ""
    return f"{run.summary}{behind}", ""


COLUMNS: list[Column[Run]] = [
    Column("Step", 10, lambda run: (run.step, "strong")),
    Column("Outcome", 16, lambda run: outcome_span(run.outcome)),
    Column(
        "Started", 11, lambda run: (ago(moment(run.started)), ""), sort=lambda run: run.started, align="right"
    ),
    Column("Took", 8, lambda run: (duration(run.seconds), ""), sort=lambda run: run.seconds, align="right"),
    Column("By", 10, lambda run: (run.by, "")),
    Column("What came of it", 20, _what, grow=True),
]
