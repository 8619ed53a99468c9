"""Strays: BMCs that answer in the IPMI network and that nobody expects, each to be decided about."""

from typing import Any

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.model.identity import Stray, StrayState
from screens.base import C3Screen
from screens.dialogs import Reason
from screens.model import Key
from screens.session import Session
from screens.signs import Span
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import ago, counted, moment


class StraysScreen(C3Screen):
    """A line for each stray; the search, and what becomes of them."""

    ID = "strays"
    PLACE = "Strays on the IPMI network"
    FILTER = "words to look for: an address, a MAC, a state"

    BINDINGS = [
        Binding("e", "search", "Search"),
        Binding("E", "stop", "Stop search", show=False),
        Binding("i", "light", "Light"),
        Binding("I", "dark", "Dark", show=False),
        Binding("p", "take_in", "To plan"),
        Binding("x", "ignore", "Ignore"),
        Binding("u", "recall", "Undo", show=False),
        Binding("a", "all", "New/all"),
        Binding("space", "mark", "Mark", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self._all = False

    def body(self) -> ComposeResult:
        """The list, and how far the search is."""
        yield FleetTable(COLUMNS, empty="No stray is known. e searches the IPMI network.")
        yield TextPane(id="told", beside=True)

    @property
    def table(self) -> FleetTable[Stray]:
        """The list."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put the strays into the list."""
        if touched is None or any(kind == Stray.kind for kind, _ in touched):
            found = self.session.reader.all(Stray)
            shown = [each for each in found if self._all or each.state is StrayState.NEW]
            self.table.update({each.id: each for each in shown})
        self._tell()

    def tick(self) -> None:
        """What was seen grows older."""
        self.table.tick()

    def filter(self, words: str) -> None:
        """Show only strays that contain the words."""
        self.table.filter(words)

    def on_line_view_moved(self) -> None:
        """Tell of the stray under the cursor."""
        self._tell()

    def _tell(self) -> None:
        lines: list[list[Span]] = [self._search()]
        if (each := self.table.row) is not None:
            lines.append([(f"{each.id}  ", "strong"), (each.mac or "MAC not known: no ARP from here", "")])
            seen = f"first seen {ago(moment(each.first_seen))}, last {ago(moment(each.last_seen))}"
            lines.append([(seen if each.answers else f"{seen}, answers no more", "dim")])
            if each.state is not StrayState.NEW:
                why = each.server or each.reason
                lines.append([(f"{each.state.value} by {each.by}: {why}", "")])
        self.query_one("#told", TextPane).show(lines)

    def _search(self) -> list[Span]:
        """How far the search is, or what the last one came to."""
        told = self.session.fleet.observed.get("sweep", {}).get("ipmi")
        cidr = self.session.site.plan.networks.ipmi.cidr
        if not told:
            return [(f"{cidr} was not searched yet: e asks every address for a BMC", "dim")]
        asked, total, found = (int(told.get(key) or 0) for key in ("asked", "total", "found"))
        if told.get("running"):
            return [(f"Searching {cidr}: {asked} of {total} at most, {found} answer; E stops", "busy")]
        state = "stopped" if told.get("stopped") else "ended"
        at = ago(moment(told.get("observed_at")))
        return [(f"The search of {cidr} {state} {at}: {asked} asked, {found} answer", "dim")]

    def action_all(self) -> None:
        """Only new ones, or those that are settled too."""
        self._all = not self._all
        self.show(None)

    def action_mark(self) -> None:
        """Mark the stray under the cursor."""
        self.table.action_mark()

    @work(exit_on_error=False, group="search")
    async def action_search(self) -> None:
        """Ask every address of the IPMI network; the screen shows how far it is."""
        if not await self.may_act():
            return
        told = await self.ask("search the IPMI network", "find-strays", said=None)
        if told is not None:
            self.say(f"{counted(int(told.get('found') or 0), 'stray')} found", "good")

    @work(exit_on_error=False, exclusive=True, group="stop")
    async def action_stop(self) -> None:
        """Stop the search; what it has found stays."""
        if await self.may_act():
            await self.ask("stop the search", "stop-find-strays")

    @work(exit_on_error=False, exclusive=True, group="light")
    async def action_light(self) -> None:
        """Light the chosen ones, with the login that all servers have."""
        await self._each("light")

    @work(exit_on_error=False, exclusive=True, group="light")
    async def action_dark(self) -> None:
        """Switch lights off again."""
        await self._each("dark")

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_recall(self) -> None:
        """It is new again."""
        await self._each("recall")

    async def _each(self, act: str, **arguments: str) -> None:
        chosen = self.table.chosen
        if not chosen or not await self.may_act():
            return
        for address in chosen:
            if await self.ask(f"{act} {address}", "stray", address=address, act=act, **arguments) is None:
                return
        self.table.clear_marks()

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_ignore(self) -> None:
        """Let the chosen ones be, for a reason."""
        chosen = self.table.chosen
        if not chosen or not await self.may_act():
            return
        title = f"Ignore {counted(len(chosen), 'stray')}: the plan leaves them alone"
        dialog = Reason(title, self.session.drafts, f"reason:ignore:{chosen[0]}", chosen)
        reason = await self.app.push_screen_wait(dialog)
        if reason:
            await self._each("ignore", reason=reason)
        else:
            self.say("They stay as they are")

    @work(exit_on_error=False, exclusive=True, group="decide")
    async def action_take_in(self) -> None:
        """Write the one under the cursor into the plan: asks where it stands."""
        each = self.table.row
        if each is None or not await self.may_act():
            return
        lines = [f"BMC {each.id} {each.mac}".rstrip(), "Light it (i) and read rack, unit and label there."]
        prompt = "Name, rack and unit, then its serial if you know it, such as: c3-050 r02 9 S123"
        dialog = Reason("Take it into the plan", self.session.drafts, f"take-in:{each.id}", lines, prompt)
        answer = await self.app.push_screen_wait(dialog)
        words = (answer or "").split()
        if not words:
            self.say("The plan stays as it is")
            return
        if len(words) not in (3, 4) or not words[2].isdigit():
            self.session.drafts[f"take-in:{each.id}"] = answer or ""
            self.say("Write name, rack and unit, such as c3-050 r02 9; p opens it again", "warn")
            return
        place: dict[str, Any] = {"server": words[0], "rack": words[1], "unit": int(words[2])}
        if len(words) > 3:
            place["serial"] = words[3]
        await self.ask(f"take in {each.id}", "stray", address=each.id, act="take-in", **place)


def _state(each: Stray) -> Span:
    if each.state is StrayState.NEW:
        return ("new", "warn") if each.answers else ("gone", "dim")
    return each.state.value, "dim"


COLUMNS: list[Column[Stray]] = [
    Column(
        "BMC", 15, lambda each: (each.id, "strong"), sort=lambda each: tuple(map(int, each.id.split(".")))
    ),
    Column("MAC", 17, lambda each: (each.mac or "-", "")),
    Column("State", 8, _state),
    Column("Seen", 10, lambda each: (ago(moment(each.last_seen)), "dim"), align="right"),
    Column("What became of it", 16, lambda each: (each.server or each.reason, ""), grow=True),
]
