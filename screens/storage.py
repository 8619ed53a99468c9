"""The storage step: which drives become OSDs on which host, what that gives, and what is left out and why."""

from collections import Counter
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult

from c3tui.model.facets import SERVER, through
from c3tui.model.query import Facets, hint
from screens.model import FleetModel, Key, ServerRow
from screens.signs import SEVERITIES, Span, stage_word
from screens.stepscreen import StepScreen
from screens.summary import usable
from screens.victims import trouble
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable
from screens.widgets.text import TextPane
from screens.words import ago, counted, moment, place, size

Lines = list[list[Span]]


@dataclass(frozen=True)
class Host:
    """A server as Ceph has it or will have it."""

    row: ServerRow
    planned: int
    """Drives that shall be OSDs."""
    made: int | None
    """OSDs that exist; None when nobody has looked."""
    raw: int
    """Bytes of the planned drives."""
    left: str
    """Which other data drives are left out, and why."""

    @property
    def short(self) -> bool:
        """Fewer OSDs exist than drives were planned for."""
        return self.made is not None and self.made < self.planned


FACETS: Facets[Host] = {
    **through(lambda host: host.row, SERVER),
    "osds": lambda host: float(host.made or 0),
    "raw": lambda host: float(host.raw),
}
"""What hosts can be asked for by key."""


class StorageScreen(StepScreen):
    """Sums on top, a line for each host below."""

    ID = "storage"
    STEP = "storage"
    FILTER = hint(FACETS)

    def body(self) -> ComposeResult:
        """Sums, hosts, and what is left to do."""
        yield TextPane(id="sums", beside=True)
        yield FleetTable(
            COLUMNS,
            empty="No hosts yet: servers must be discovered first.",
            facets=FACETS,
            groups={"rack": lambda host: host.row.server.rack},
            trouble=_troubled,
            noun="host",
        )
        yield TextPane(id="todo", beside=True)

    @property
    def table(self) -> FleetTable[Host]:
        """The table of hosts."""
        return self.query_one(FleetTable)

    def show(self, touched: set[Key] | None) -> None:
        """Put sums, hosts and what is left to do on the screen."""
        self.table.update(hosts(self.session.fleet))
        self.query_one("#sums", TextPane).show(self._sums())
        checked = self.session.check(self.STEP)
        lines: Lines = []
        if checked and checked.missing:
            lines = [[("A run would:", "key")], *([(f"- {line}", "")] for line in checked.missing)]
        pane = self.query_one("#todo", TextPane)
        pane.display = bool(lines)
        pane.show(lines)

    def tick(self) -> None:
        """What was seen grows older."""
        self.query_one("#sums", TextPane).show(self._sums())

    def _sums(self) -> Lines:
        plan, fleet = self.session.site.plan.storage, self.session.fleet
        image = plan.ceph_image.rsplit("/", 1)[-1]
        software = f"Rook {plan.rook.version}, {image}, {counted(plan.mons, 'mon')}; "
        pool = f"pool {plan.pool.name}: {plan.pool.size} copies by {plan.pool.failure_domain}"
        placed = fleet.placement
        drives = f"{len(placed.osds)} of {len(placed.osds) + len(placed.left_out)} for data; "
        lines: Lines = [
            [("Installs  ", "key"), (software, ""), (pool, "")],
            [("Drives    ", "key"), (drives, ""), (usable(placed, plan.pool), "strong")],
            *_ceph(fleet.observed.get("storage", {})),
        ]
        for finding in fleet.open_findings(self.STEP)[:2]:
            lines.append([(f"{finding.subject}: {finding.message}", SEVERITIES[finding.severity][1])])
        return lines

    def in_trouble(self) -> list[str]:
        """Hosts that cannot go on, or lack OSDs."""
        rows = self.table.rows
        return [key for key in self.table.order if _troubled(rows[key])]

    def filter(self, words: str) -> None:
        """Show only hosts that contain the words."""
        self.table.filter(words)

    def on_fleet_table_chosen(self, message: FleetTable.Chosen) -> None:
        """Open a server."""
        self.session.server = message.key
        self.go("server")


def _troubled(host: Host) -> bool:
    return bool(host.row.server.trouble) or host.short


def _ceph(seen: dict[str, dict[str, Any]]) -> Lines:
    """What Ceph said last, and whether a volume came."""
    ceph, claim = seen.get("ceph"), seen.get("claim")
    if ceph is None:
        return []
    health = str(ceph.get("health") or "")
    tone = {"HEALTH_OK": "good", "HEALTH_WARN": "warn"}.get(health, "bad" if health else "dim")
    line: list[Span] = [("Ceph      ", "key"), (str(ceph.get("health_text") or health or "no answer"), tone)]
    line.append((f" {ago(moment(ceph.get('observed_at')))}", "dim"))
    line.append((f", {ceph.get('up', 0)} of {ceph.get('planned', 0)} OSDs up", ""))
    line.append(("; test volume bound" if claim else "; no test volume yet", ""))
    return [line]


def hosts(fleet: FleetModel) -> dict[str, Host]:
    """Servers with what they carry or will carry, and why other drives of theirs do not."""
    placed, made = fleet.placement, fleet.observed.get("storage", {}).get("ceph", {}).get("servers", {})
    planned: Counter[str] = Counter()
    raw: Counter[str] = Counter()
    for osd in placed.osds:
        planned[osd.server] += 1
        raw[osd.server] += osd.size
    left: dict[str, Counter[str]] = {}
    for out in placed.left_out:
        left.setdefault(out.bay.partition("/")[0], Counter())[out.why.partition(":")[0]] += 1
    found = {}
    for name, row in fleet.server_rows.items():
        why = ", ".join(f"{count} {reason}" for reason, count in sorted(left.get(name, Counter()).items()))
        seen = made.get(name)
        found[name] = Host(
            row, planned[name], int(seen[0]) if seen else None, raw[name], why or trouble(row.server)
        )
    return found


def _osds(host: Host) -> Span:
    if host.made is None:
        return f"-/{host.planned}", "dim"
    return f"{host.made}/{host.planned}", "good" if host.made >= host.planned else "warn"


COLUMNS: list[Column[Host]] = [
    Column("Host", 10, lambda host: (host.row.server.name, "strong")),
    Column("Place", 9, lambda host: (place(host.row.server), "")),
    Column("Stage", 10, lambda host: stage_word(host.row.server)),
    Column("OSDs", 6, _osds, sort=lambda host: host.planned, align="right"),
    Column("Raw", 8, lambda host: (size(host.raw), ""), sort=lambda host: host.raw, align="right"),
    Column("Left out", 20, lambda host: (host.left or "-", "warn" if host.left else "dim"), grow=True),
]
