"""The kubernetes step: how far Kubespray is, which hosts it waits for, which nodes are Ready, and its log."""

from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import Stage
from screens.logfeed import LogFeed
from screens.model import Key
from screens.signs import Span
from screens.stepscreen import StepScreen
from screens.widgets.log import LogPane
from screens.widgets.text import TextPane
from screens.words import bar, counted, names


class KubernetesScreen(StepScreen):
    """Sums on top, the log of the latest run below."""

    ID = "kubernetes"
    STEP = "kubernetes"
    FILTER = "words to search the log for; n and N go on"

    BINDINGS = [
        Binding("slash", "filter", "Search", key_display="/"),
        Binding("e", "failed", "Errors only"),
    ]

    def body(self) -> ComposeResult:
        """Sums, then the log."""
        yield TextPane(id="sums", beside=True)
        yield LogPane(empty="No log yet: r runs Kubespray.")

    def on_mount(self) -> None:
        """Feed the log."""
        self._feed = LogFeed(self.session.reader, self.query_one(LogPane))
        super().on_mount()

    def show(self, touched: set[Key] | None) -> None:
        """Put sums and log on the screen."""
        self.query_one("#sums", TextPane).show(self._sums())
        run = self.session.fleet.latest_run(self.STEP)
        if run:
            self._feed.show(run.id)

    def _sums(self) -> list[list[Span]]:
        plan, fleet = self.session.site.plan.kubernetes, self.session.fleet
        nodes = [server for server in fleet.servers.values() if server.stage is Stage.NODE]
        ready = [server for server in nodes if not server.trouble]
        planned = [server.name for server in self.session.site.plan.servers]
        missing = [name for name in planned if name not in {server.name for server in ready}]
        lines: list[list[Span]] = [
            [
                ("Installs  ", "key"),
                (f"Kubernetes {plan.version} by Kubespray {plan.kubespray.version}", ""),
            ],
            [("Control   ", "key"), (f"plane on {names(plan.control_plane, 5)}", "")],
            [
                ("Nodes     ", "key"),
                (f"{len(ready)} of {counted(len(planned), 'server')} Ready", "good" if not missing else ""),
                (f"; not yet: {names(missing, 4)}" if missing else "", "warn"),
            ],
        ]
        run = fleet.active_run(self.STEP)
        if run:
            progress = fleet.run_progress(run.id)
            if progress.fraction is not None:
                lines.append(
                    [("Tasks     ", "key"), (bar(progress.fraction, 22), "busy"), (f" {progress.detail}", "")]
                )
        return lines

    def filter(self, words: str) -> None:
        """Search the log."""
        self.query_one(LogPane).search(words)

    def action_failed(self) -> None:
        """Only warnings and errors, or all lines."""
        pane = self.query_one(LogPane)
        pane.only_failed(not pane.failed_only)
