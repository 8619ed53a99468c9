"""The host table: each server's addresses and pod range, and whether they are bound to it."""

from collections.abc import Mapping
from dataclasses import dataclass

from c3tui.model.addresses import placements, with_carried
from c3tui.model.plan import ExpectedServer, Plan
from screens.model import FleetModel
from screens.signs import Span
from screens.widgets.columns import Column


@dataclass(frozen=True)
class HostRow:
    """A server's addresses."""

    name: str
    address: str
    pods: str
    state: str
    """``bound``, ``planned``, ``no room``, or ``held`` for one that left the plan."""
    expected: ExpectedServer | None = None

    @property
    def gone(self) -> bool:
        """Whether the plan no longer has it, and its addresses are held for it all the same."""
        return self.expected is None


def host_rows(fleet: FleetModel, plan: Plan) -> dict[str, HostRow]:
    """Every server of the plan in its order, then those that left it and still hold addresses."""
    placed = fleet.planned_addresses(plan)
    rows: dict[str, HostRow] = {}
    for server in plan.servers:
        where, binding = placed.get(server.name), fleet.bindings.get(server.name)
        state = "no room" if where is None else "bound" if binding and binding.held else "planned"
        rows[server.name] = HostRow(
            server.name,
            str(where.address) if where else "",
            str(where.pod_range) if where else "",
            state,
            server,
        )
    return rows | _gone(fleet, plan, rows)


def _gone(fleet: FleetModel, plan: Plan, known: Mapping[str, HostRow]) -> dict[str, HostRow]:
    network = plan.networks.cluster
    carried = with_carried(network, fleet.holdings)
    indexes = {each.id: each.index for each in carried if each.held and each.id not in known}
    placed = placements(network, indexes)
    rows = {}
    for name in sorted(indexes):
        where = placed.get(name)
        address, pods = (str(where.address), str(where.pod_range)) if where else ("", "")
        rows[name] = HostRow(name, address, pods, "held")
    return rows


def sums(rows: Mapping[str, HostRow], edited: int) -> list[list[Span]]:
    """How many are bound, planned, without room, and held for servers that are gone."""
    words = {
        "bound": "bound",
        "planned": "planned (r binds them)",
        "no room": "WITHOUT ROOM",
    }
    words["held"] = "held, their servers gone"
    found = [(sum(row.state == state for row in rows.values()), text) for state, text in words.items()]
    lines: list[list[Span]] = [[(", ".join(f"{count} {text}" for count, text in found if count), "strong")]]
    if edited:
        lines.append([("Of the plan as written; what is edited is seen in the drawing.", "warn")])
    return lines


_STATES: dict[str, Span] = {
    "bound": ("bound", "good"),
    "planned": ("planned", ""),
    "no room": ("no room", "bad"),
    "held": ("held, gone", "warn"),
}


def _order(text: str) -> tuple[int, ...]:
    """Addresses in the order of their numbers, a range by its first."""
    first = text.partition("-")[0]
    return tuple(int(part) for part in first.split(".")) if first else (256,)


def _place(row: HostRow) -> str:
    return f"{row.expected.rack} u{row.expected.unit:02d}" if row.expected else "left the plan"


def _bmc(row: HostRow) -> str:
    return str(row.expected.bmc.address) if row.expected else ""


def _pods(row: HostRow) -> str:
    """The range without what its ends have in common: ``10.20.128.1-62``."""
    first, _, last = row.pods.partition("-")
    begin, end = first.split("."), last.split(".")
    same = next((nth for nth in range(len(end)) if begin[nth : nth + 1] != end[nth : nth + 1]), 0)
    return f"{first}-{'.'.join(end[same:])}" if last else first


COLUMNS: list[Column[HostRow]] = [
    Column("Server", 12, lambda row: (row.name, "strong")),
    Column("Place", 9, lambda row: (_place(row), "")),
    Column("Node", 15, lambda row: (row.address, ""), sort=lambda row: _order(row.address)),
    Column("Pods", 22, lambda row: (_pods(row), ""), sort=lambda row: _order(row.pods)),
    Column("State", 10, lambda row: _STATES[row.state]),
    Column("BMC", 15, lambda row: (_bmc(row), ""), sort=lambda row: _order(_bmc(row))),
    Column("Serial", 14, lambda row: ((row.expected.serial or "-") if row.expected else "", "dim")),
    Column("BMC MAC", 17, lambda row: ((row.expected.bmc.mac or "-") if row.expected else "", "dim")),
]
