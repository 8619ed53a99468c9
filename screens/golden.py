"""Golden servers: in which ways the others of a kind differ from theirs, and which of that is accepted."""

from collections.abc import Sequence
from dataclasses import dataclass

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding

from c3tui.checks.profile import differences
from c3tui.engine.store import Reader
from c3tui.model.hwprofile import Inventory, Profile
from c3tui.model.identity import Tolerance
from c3tui.model.plan import Plan
from screens.base import C3Screen
from screens.dialogs import Choose
from screens.differences import accept
from screens.model import Key
from screens.signs import Span
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import ago, moment, names


@dataclass(frozen=True)
class Group:
    """Servers of one kind that differ from their golden one in the same way."""

    profile: str
    check: str
    what: str
    servers: tuple[str, ...]
    of: int
    """Servers of that kind whose parts are known."""
    racks: tuple[str, ...]
    accepted: tuple[Tolerance, ...]
    left: int
    """Servers for which nobody has accepted it."""


class GoldenScreen(C3Screen):
    """A line for each way in which servers differ."""

    ID = "golden"
    PLACE = "Golden servers"
    FILTER = "words to look for: a rule, a rack, a firmware"

    BINDINGS = [
        Binding("T", "tolerate", "Accept"),
        Binding("U", "untolerate", "Count again"),
    ]

    def body(self) -> ComposeResult:
        """The list, and the servers behind a line."""
        yield FleetTable(COLUMNS, empty="Nothing differs. In a good server's page, G makes it the measure.")
        yield TextPane(id="told", beside=True)

    @property
    def table(self) -> FleetTable[Group]:
        """The list."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Compare anew when parts, measures or what is accepted have changed."""
        kinds = {Inventory.kind, Profile.kind, Tolerance.kind, "plan"}
        if touched is None or any(kind in kinds for kind, _ in touched):
            self.table.update(groups(self.session.reader, self.session.site.plan))
        self._tell()

    def filter(self, words: str) -> None:
        """Show only lines that contain the words."""
        self.table.filter(words)

    def on_line_view_moved(self) -> None:
        """Tell of the line under the cursor."""
        self._tell()

    def _tell(self) -> None:
        lines: list[list[Span]] = []
        if (group := self.table.row) is not None:
            lines.append([(group.what, "strong"), (f"  {group.check}", "dim")])
            count = f"{len(group.servers)} of {group.of} servers of profile {group.profile}: "
            lines.append([(count, "key"), (names(group.servers, 8), "")])
            for each in group.accepted:
                text = f"accepted for {each.scope} by {each.by} {ago(moment(each.at))}: {each.reason}"
                lines.append([(text, "dim")])
        else:
            for profile in self.session.reader.all(Profile):
                lines.append([(f"{profile.server} is the measure of {profile.id}", "")])
        self.query_one("#told", TextPane).show(lines)

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open the first of the servers."""
        self.session.server = self.table.rows[message.key].servers[0]
        self.go("server")

    @work(exit_on_error=False, exclusive=True, group="tolerate")
    async def action_tolerate(self) -> None:
        """Accept the difference under the cursor, for a scope and a reason."""
        if (group := self.table.row) is not None:
            await accept(self, f"{group.check}:{group.servers[0]}", group.servers[0], group.what, group.what)

    @work(exit_on_error=False, exclusive=True, group="tolerate")
    async def action_untolerate(self) -> None:
        """Let the difference under the cursor count again."""
        group = self.table.row
        if group is None or not group.accepted:
            self.say("Nobody has accepted this difference")
            return
        if not await self.may_act():
            return
        answers = [("no", "No, leave it accepted")]
        answers += [(each.id, f"Count again in {each.scope} ({each.reason})") for each in group.accepted]
        chosen = await self.app.push_screen_wait(Choose("Let it count again?", answers, [group.what]))
        if chosen and chosen != "no":
            await self.ask("let it count again", "untolerate", tolerance=chosen)


def groups(reader: Reader, plan: Plan) -> dict[str, Group]:
    """The differences of all servers from their golden ones, alike ones together; most common first."""
    golden = {each.id: each for each in reader.all(Profile)}
    found = {each.id: each.parts for each in reader.all(Inventory)}
    accepted = reader.all(Tolerance)
    together: dict[tuple[str, str, str], list[str]] = {}
    known: dict[str, int] = {}
    for server in plan.servers:
        if server.profile not in golden or server.name not in found:
            continue
        known[server.profile] = known.get(server.profile, 0) + 1
        for each in differences(golden[server.profile].parts, found[server.name]):
            together.setdefault((server.profile, each.check, each.what), []).append(server.name)
    made = [_group(plan, key, servers, known[key[0]], accepted) for key, servers in together.items()]
    made.sort(key=lambda group: (not group.left, -len(group.servers), group.check))
    return {f"{each.profile}/{each.check}/{each.what}": each for each in made}


def _group(
    plan: Plan, key: tuple[str, str, str], servers: list[str], of: int, accepted: Sequence[Tolerance]
) -> Group:
    profile, check, what = key
    racks = {name: plan.expected(name).rack for name in servers}
    here = [
        each
        for each in accepted
        if (each.check, each.what) == (check, what)
        and any(each.covers(racks[name], name, profile) for name in servers)
    ]
    left = [name for name in servers if not any(each.covers(racks[name], name, profile) for each in here)]
    return Group(
        profile, check, what, tuple(servers), of, tuple(sorted(set(racks.values()))), tuple(here), len(left)
    )


def _state(group: Group) -> Span:
    if not group.left:
        return "accepted", "dim"
    return (f"{group.left} open", "warn") if group.accepted else ("open", "warn")


COLUMNS: list[Column[Group]] = [
    Column(
        "Servers",
        10,
        lambda group: (f"{len(group.servers)} of {group.of}", "strong"),
        sort=lambda group: -len(group.servers),
    ),
    Column("Racks", 10, lambda group: (names(group.racks, 2), "")),
    Column("State", 9, _state),
    Column("How they differ", 30, lambda group: (group.what, ""), grow=True),
    Column("Rule", 22, lambda group: (group.check, "dim")),
    Column("Profile", 10, lambda group: (group.profile, "dim")),
]
