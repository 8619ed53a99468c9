"""The network step: the plan judged while it is typed, drawn to scale, and compared with MAAS."""

import asyncio
from ipaddress import IPv4Address
from typing import ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widget import Widget
from textual.widgets import Input

from c3tui.checks.catalogue import Known
from c3tui.model.reality import Sweep
from screens.fields import FIELDS
from screens.model import Key
from screens.network import hosts, sweeping
from screens.network.drawing import Drawing
from screens.network.form import Form
from screens.network.judging import Draft, Judged, judge
from screens.network.maas import maas_lines
from screens.network.orders import Orders
from screens.network.pages import PAGES, Page, PageLine
from screens.network.sizing import SizingPage
from screens.network.told import told_lines
from screens.session import Session
from screens.widgets.lines import LineView
from screens.widgets.space import AddressMap
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane

JUDGED_BY = frozenset({"plan", "binding", "server", "sweep"})
"""What the rules look at: when one of these changed, the plan is judged anew."""
WIDE = 110
"""Columns from which on form and drawing stand side by side, as the style sheet has it."""
ON_PAGE: dict[str, tuple[str, ...]] = {
    "save": ("form", "drawing", "sizing"),
    "undo": ("form", "drawing", "sizing"),
    "export": ("form", "drawing", "hosts"),
    "import": ("hosts",),
    "release": ("hosts",),
    "take": ("sizing",),
    "filter": ("hosts", "sweep"),
}
"""On which pages an action is offered; one that is not here, on all."""


class NetworkScreen(Orders):
    """Six pages about one plan. Where the terminal is wide, the drawing stands beside the form."""

    ID = "network"
    STEP = "network"
    FILTER = "words to look for: a server, a rack, an address, planned, held"
    AUTO_FOCUS = "#wrong"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "Form, into its fields", show=False),
        *(Binding(page.key, f"page('{page.id}')", f"{page.title}", show=False) for page in PAGES[1:-1]),
        Binding("p", "sweep", "Sweep; there it starts and stops", show=False),
        Binding("w", "save", "Write the plan"),
        Binding("u", "undo", "Undo edits"),
        Binding("y", "take", "Take it"),
        Binding("i", "import", "Import"),
        Binding("x", "export", "Export"),
        Binding("l", "release", "Release"),
        Binding("down", "field(1)", show=False),
        Binding("up", "field(-1)", show=False),
        Binding("pagedown", "field(6)", show=False),
        Binding("pageup", "field(-6)", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.page = "form"
        self.judged = Judged(None, {})
        self._good: dict[str, str] = {}
        self._wanted = self._shown = 0
        self._sweep: Sweep | None = None

    def body(self) -> ComposeResult:
        """The form; the other pages are made when one turns to them, the drawing when there is room too."""
        yield PageLine()
        with Horizontal(id="plan"):
            with Vertical(id="form"):
                with VerticalScroll(id="scroll", can_focus=False):
                    yield Form(self.session.site.plan, self.session.drafts)
                yield TextPane(id="wrong")
            if self.app.size.width >= WIDE:
                yield Drawing()

    async def make_page(self, page: str) -> None:
        """Make a page that nobody has turned to yet."""
        if self.query(f"#body #{page}"):
            return
        made: Widget = TextPane(id="maas")
        if page == "hosts":
            table = FleetTable(hosts.COLUMNS, empty="The plan names no servers yet.", id="hosttable")
            made = Vertical(TextPane(id="bound", beside=True), table, id="hosts")
        elif page == "sizing":
            made = SizingPage(self.session.drafts)
        elif page == "sweep":
            answers = FleetTable(sweeping.COLUMNS, empty="No answers.", id="answers")
            made = Vertical(TextPane(id="swept", beside=True), answers, id="sweep")
        elif page == "drawing":
            made = Drawing()
        made.display = False
        await self.query_one("#plan" if page == "drawing" else "#body").mount(made)

    @property
    def form(self) -> Form:
        """The form."""
        return self.query_one(Form)

    def on_mount(self) -> None:
        """Begin with the form."""
        self._lay_out()
        super().on_mount()

    async def on_resize(self, event: events.Resize) -> None:
        """A wide terminal has room for form and drawing."""
        if event.size.width >= WIDE:
            await self.make_page("drawing")
        self._lay_out()
        self._fill()

    def _lay_out(self) -> None:
        """Show the page, and what stands beside it."""
        form, drawing = self.page == "form", self.page == "drawing"
        self.query_one("#plan").display = form or drawing
        self.query_one("#form").display = form
        for drawn in self.query(Drawing):
            drawn.display = drawing or (form and self.size.width >= WIDE)
        for name in ("hosts", "maas", "sizing", "sweep"):
            for page in self.query(f"#body > #{name}"):
                page.display = self.page == name

    def show(self, touched: set[Key] | None) -> None:
        """Take what changed in the record; judge anew where the rules look at it."""
        kinds = {kind for kind, _ in touched} if touched is not None else JUDGED_BY
        if "plan" in kinds:
            self.form.show(self.session.site.plan)
        if kinds & JUDGED_BY:
            self.judge_soon()
        self._fill()

    def judge_soon(self) -> None:
        """Judge what is typed, beside the typing: one judgement at a time, always of the latest text."""
        self._wanted += 1
        if self._wanted == self._shown + 1:
            self._judge()

    @work(exit_on_error=False, group="judge")
    async def _judge(self) -> None:
        while self._shown < self._wanted:
            wanted = self._wanted
            try:
                judged = await asyncio.to_thread(judge, self._draft(), self.form.fields)
            except Exception:
                self._shown = self._wanted
                raise
            self._shown = wanted
            if wanted == self._wanted and self.is_mounted:
                self._take(judged)

    def _draft(self) -> Draft:
        from c3tui.steps.sweep import remembered

        self._sweep = remembered(self.session.reader)
        known = Known(holdings=self.session.fleet.holdings, sweep=self._sweep)
        form = self.form
        return Draft(self.session.site.plan, form.texts, form.residents, known, dict(self._good))

    def _take(self, judged: Judged) -> None:
        """Show a judgement, and remember what could be read of it."""
        self.judged = judged
        texts = self.form.texts
        for field in self.form.fields:
            if field not in texts:
                self._good.pop(field.path, None)
            elif field not in judged.unreadable:
                self._good[field.path] = texts[field]
        self.form.mark(judged.under)
        self._fill()

    @property
    def edited(self) -> int:
        """How many values differ from the plan."""
        return len(self.form.texts)

    def _fill(self) -> None:
        """Put what is known on the page that is shown."""
        if not self.is_mounted:
            return
        self.query_one(PageLine).show(self.page, self._counts())
        for drawn in self.query(Drawing):
            if drawn.display:
                drawn.show(self.judged, self.edited)
        fill = {
            "form": self._fill_form,
            "hosts": self._fill_hosts,
            "maas": self._fill_maas,
            "sizing": self._fill_sizing,
            "sweep": self._fill_sweep,
        }.get(self.page)
        if fill:
            fill()

    def tick(self) -> None:
        """Ages grow."""
        if self.page in ("maas", "sweep"):
            self._fill()

    def _counts(self) -> dict[str, str]:
        checked = self.session.checks.get(self.STEP)
        missing = len(checked.missing) if checked else 0
        wrong = self.judged.count
        return {
            "form": f"{wrong}!" if wrong else "",
            "drawing": "X" if self.judged.space and self.judged.space.conflicts else "",
            "maas": f"+{missing}" if missing else "",
            "sweep": ">" if sweeping.progress(self.session.fleet).get("running") else "",
        }

    def _fill_form(self) -> None:
        lines = told_lines(self.session, self.judged, self.edited, self.form.field)
        self.query_one("#wrong", TextPane).show(lines)

    def _fill_hosts(self) -> None:
        rows = hosts.host_rows(self.session.fleet, self.session.site.plan)
        self.query_one("#bound", TextPane).show(hosts.sums(rows, self.edited))
        table = self.host_table
        # Rows that did not change keep their identity, so that only others are painted.
        table.update(
            {key: table.rows[key] if table.rows.get(key) == row else row for key, row in rows.items()}
        )

    def _fill_maas(self) -> None:
        self.query_one("#maas", TextPane).show(maas_lines(self.session, self.edited))

    def _fill_sizing(self) -> None:
        plan = self.judged.plan or self.session.site.plan
        self.query_one(SizingPage).show(plan, Known(holdings=self.session.fleet.holdings))

    def _fill_sweep(self) -> None:
        sweep = self._sweep or Sweep()
        self.query_one("#swept", TextPane).show(sweeping.sweep_lines(self.session.fleet, self._sweep))
        if self.judged.space:
            rows = sweeping.answer_rows(self.judged.space, sweep, self.judged.strangers)
            self.query_one("#answers", FleetTable).update(rows)

    @property
    def host_table(self) -> "FleetTable[hosts.HostRow]":
        """The table of hosts."""
        return self.query_one("#hosttable", FleetTable)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Each page offers what it is for."""
        if action in ON_PAGE and self.page not in ON_PAGE[action]:
            return False
        if action in ("save", "undo"):
            return not self.is_mounted or bool(self.edited)
        return super().check_action(action, parameters)

    def go_to_page(self, id: str) -> None:
        """Turn to a page that is made; what was typed on another stays there."""
        self.page = id
        self._lay_out()
        self._fill()
        self.refresh_bindings()
        self.focus_body()

    @property
    def _page(self) -> Page:
        return next(page for page in PAGES if page.id == self.page)

    def focus_body(self) -> None:
        """Give the focus to the main thing of the page."""
        self.query_one(self._page.focus, Widget).focus()

    async def action_page(self, id: str) -> None:
        """Turn to a page."""
        await self.make_page(id)
        self.go_to_page(id)

    def action_back(self) -> None:
        """Out of a field, back to the form, then to the screen before."""
        if self.page != "form" and not isinstance(self.focused, Input):
            self.go_to_page("form")
        else:
            super().action_back()

    def action_edit(self) -> None:
        """Go into the fields of the form."""
        if self.page != "form":
            self.go_to_page("form")
        self.form.go_to(FIELDS[0].path)

    def action_field(self, by: int) -> None:
        """Go to the field above or below."""
        self.form.go_by(by)

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """Say what the field is in which one stands."""
        if self.page == "form" and isinstance(event.widget, Input | LineView):
            self._fill_form()

    def on_input_changed(self, message: Input.Changed) -> None:
        """Keep what is typed, and judge it."""
        super().on_input_changed(message)
        if field := self.form.field_of(message.input):
            self.form.keep(field, message.value)
            self.judge_soon()
            self.refresh_bindings()
        elif self.page == "sizing":
            self.query_one(SizingPage).keep(message.input)
            self._fill_sizing()

    def on_input_submitted(self, message: Input.Submitted) -> None:
        """Enter in a field of the form writes the plan; elsewhere it leaves the field."""
        if self.form.field_of(message.input):
            message.stop()
            self.action_save()
        elif self.page == "sizing":
            self.focus_body()
        else:
            super().on_input_submitted(message)

    async def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open a host's page, or show on the drawing where an answer came from."""
        if message.table.id == "hosttable":
            self.session.server = message.key
            self.go("server")
        else:
            await self.action_page("drawing")
            self.query_one(AddressMap).go_to(int(IPv4Address(message.key)))

    def filter(self, words: str) -> None:
        """Show only hosts, or answers, that contain the words."""
        self.query_one("#answers" if self.page == "sweep" else "#hosttable", FleetTable).filter(words)
