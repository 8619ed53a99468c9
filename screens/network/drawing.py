"""The drawing: the cluster L2 to scale with its legend, and a line for each of the other networks."""

from textual.app import ComposeResult
from textual.containers import Vertical

from c3tui.model.network import Segment
from c3tui.model.plan import Plan
from screens.addressspace import Share, Space
from screens.network.judging import Judged
from screens.signs import Span
from screens.widgets.paint import width_of
from screens.widgets.space import AddressMap
from screens.widgets.text import TextPane
from screens.words import fit

Lines = list[list[Span]]
ITEM = 36
"""Width of one item of the legend."""


class Drawing(Vertical):
    """The map of addresses, and what its signs mean."""

    def __init__(self) -> None:
        super().__init__(id="drawing")
        self._plan: Plan | None = None
        self._space: Space | None = None

    def compose(self) -> ComposeResult:
        """Map and legend."""
        yield AddressMap(id="map")
        yield TextPane(id="legend")

    def show(self, judged: Judged, edited: int) -> None:
        """Draw what is typed; of a plan that cannot be read, the last that could stays."""
        self._plan, self._space = judged.plan or self._plan, judged.space or self._space
        if self._plan is None or self._space is None:
            return
        self.query_one(AddressMap).show(self._space, _state(judged, edited))
        self._tell()

    def on_resize(self) -> None:
        """The legend has one column or two."""
        self._tell()

    def _tell(self) -> None:
        if self._plan and self._space:
            across = max(1, self.size.width // ITEM)
            self.query_one(TextPane).show(legend(self._plan, self._space, across))


def _state(judged: Judged, edited: int) -> Span:
    if judged.unreadable or judged.plan is None:
        return "LAST GOOD, a value is bad", "bad"
    return ("as edited", "warn") if edited else ("as written", "dim")


def legend(plan: Plan, space: Space, across: int) -> Lines:
    """Conflicts in words, every owner with its count and share, and the other networks."""
    lines: Lines = [[(f"X {text}", "bad")] for text in space.conflicts]
    items = [_item(space, share) for share in space.shares]
    down = -(-len(items) // across)
    for row in range(down):
        line: list[Span] = []
        for item in items[row::down]:
            line = _beside(line, item)
        lines.append(line)
    return [*lines, _segment(plan, "IPMI", plan.networks.ipmi), _segment(plan, "PXE", plan.networks.pxe)]


def _beside(line: list[Span], item: list[Span]) -> list[Span]:
    """An item behind those before it, at its column."""
    used = width_of(line)
    return [*line, (" " * (-used % ITEM), ""), *item]


def _item(space: Space, share: Share) -> list[Span]:
    return [
        (f"{share.sign} ", share.tone),
        (f"{fit(share.name, 17):<17}", "bad" if share.tone == "bad" else ""),
        (f"{share.count:>8}", "strong"),
        (f"{space.percent(share):>8}", "dim"),
    ]


def _segment(plan: Plan, name: str, segment: Segment) -> list[Span]:
    vlan = f"VLAN {segment.vlan}" if segment.vlan else "untagged"
    hosts = max(1, segment.cidr.num_addresses - 2)
    if name == "PXE":
        used = f"leases {len(plan.networks.pxe.dynamic)} of {hosts}"
    else:
        used = f"{len(plan.servers)} BMCs of {hosts}"
    gateway = f", gateway {segment.gateway}" if segment.gateway else ""
    text = f" {segment.cidr} {vlan}, MTU {segment.mtu}, {used}{gateway}"
    return [(f"{name:<4}", "key"), (text, "")]
