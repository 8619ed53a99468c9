"""Home: the racks and where each server stands, the counts, and the next safe step."""

from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.fleet import Stage
from screens.base import C3Screen
from screens.journal import Journal, journal_line
from screens.model import Key, ServerRow
from screens.session import Session
from screens.signs import STAGE_LEGEND, STAGES, Span, server_sign, step_sign
from screens.summary import drive_counts, stage_counts, usable
from screens.victims import reason, trouble
from screens.widgets.matrix import Lane, Matrix, Spot
from screens.widgets.text import TextPane
from screens.words import counted, fit, place


class HomeScreen(C3Screen):
    """Where the whole site stands."""

    ID = "home"
    PLACE = "Home"

    BINDINGS = [Binding("r,n", "next", "Go to the step to run next", show=False)]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._journal = Journal(session.reader)

    def body(self) -> ComposeResult:
        """Racks, sums, steps, and the journal where there is room for it."""
        yield Matrix(
            empty="The plan names no servers yet.",
            legend=STAGE_LEGEND,
            id="racks",
        )
        yield TextPane(id="sums", beside=True)
        yield TextPane(id="steps", beside=True)
        yield TextPane(id="journal")

    def show(self, touched: set[Key] | None) -> None:
        """Put the record on the widgets."""
        self.query_one("#racks", Matrix).update(self._racks())
        self.query_one("#sums", TextPane).show(self._sums())
        self.query_one("#steps", TextPane).show(self._steps())
        entries = [journal_line(entry) for entry in reversed(self._journal.catch_up())]
        head: list[list[Span]] = [[("What happened, newest first", "key")]]
        self.query_one("#journal", TextPane).show([*(head if self.has_class("-high") else []), *entries])
        self._share_rows()

    def on_resize(self) -> None:
        """Another size leaves other room for the racks and the journal."""
        self.call_after_refresh(self.catch_up, None)

    def _share_rows(self) -> None:
        """The sums and all seven steps stay in view; the racks scroll in what is left."""
        racks, sums = self.query_one("#racks", Matrix), self.query_one("#sums", TextPane)
        room = self.query_one("#body").size.height - len(self.session.steps) - sums.count
        most = max(3, min(room, max(room * 2 // 3, 5)))
        racks.styles.max_height = most

    def servers_in_view(self) -> list[str]:
        """Every server of the racks in view that is known."""
        known = self.session.fleet.servers
        return [name for name in self.query_one("#racks", Matrix).in_view if name in known]

    def _racks(self) -> list[Lane]:
        rows = self.session.fleet.server_rows
        found: list[tuple[str, int, Spot]] = []
        for row in rows.values():
            server = row.server
            found.append((server.rack, server.unit, Spot(server.name, *server_sign(server), caption(row))))
        for each in self.session.site.plan.servers:
            if each.name not in rows:
                sign, tone = STAGES[Stage.EXPECTED]
                text = f"{each.name}  {each.rack} u{each.unit:02d}  expected, not looked for yet"
                found.append((each.rack, each.unit, Spot(each.name, sign, tone, text)))
        racks: dict[str, list[Spot]] = {}
        for rack, _, spot in sorted(found, key=lambda each: (each[0], each[1], each[2].key)):
            racks.setdefault(rack, []).append(spot)
        return [
            Lane(fit(rack, 12), tuple(spots), counted(len(spots), "server")) for rack, spots in racks.items()
        ]

    def _sums(self) -> list[list[Span]]:
        fleet, plan = self.session.fleet, self.session.site.plan
        planned = len(plan.servers)
        lines: list[list[Span]] = [
            [
                ("Servers  ", "key"),
                (f"{len(fleet.servers)} of {planned} known: ", ""),
                (stage_counts(fleet) or "none seen", ""),
            ],
            [("Drives   ", "key"), (str(drive_counts(fleet)) if fleet.drive_rows else "none seen yet", "")],
        ]
        if fleet.drive_rows:
            lines.append([("Space    ", "key"), (usable(fleet.placement, plan.storage.pool), "")])
        if troubled := [server for server in fleet.servers.values() if server.trouble]:
            first = troubled[0]
            lines.append(
                [("Trouble  ", "key"), (f"{first.name}: {reason(first.name, first.trouble)}", "bad")]
            )
            if len(troubled) > 1:
                lines[-1].append((f"  and {len(troubled) - 1} more", "bad"))
        return lines

    def _steps(self) -> list[list[Span]]:
        fleet = self.session.fleet
        lines: list[list[Span]] = []
        width = max((len(step.title) for step in self.session.steps), default=0) + 1
        for number, step in enumerate(self.session.steps, 1):
            status = fleet.statuses.get(step.id)
            sign, tone, words = step_sign(status, fleet.active_run(step.id) is not None)
            text = status.summary if status and status.summary else words
            if status and status.stale:
                text = f"the plan changed, run it again; {text}"
            lines.append(
                [
                    (f"{number} ", "key"),
                    (f"{sign} ", tone),
                    (f"{step.title:<{width}}", "strong"),
                    (text, tone),
                ]
            )
        return lines

    def action_next(self) -> None:
        """Go to the step that runs, or to the one to run next; it is run from there."""
        running, following = self.session.fleet.active_run(), self.session.next_step()
        if running or following:
            self.go(running.step if running else following.id if following else "home")
        else:
            self.say("Every step is done; 1 to 7 go to one")

    def on_matrix_chosen(self, message: Matrix.Chosen) -> None:
        """Open a server."""
        self.session.server = message.key
        self.go("server")


def caption(row: ServerRow) -> str:
    """A server in one line."""
    server = row.server
    text = f"{server.name}  {place(server)}  {server.stage.value}"
    if row.progress and row.progress.phase and not row.progress.ended:
        text += f"  {row.progress.phase}"
    return f"{text}  {trouble(server)}" if server.trouble else f"{text}  (Enter opens it)"
