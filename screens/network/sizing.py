"""The sizing page: what the plan holds, beside the smallest that fits nodes, growth and pods."""

from collections.abc import MutableMapping
from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Label

from c3tui.checks.catalogue import Known, faults
from c3tui.checks.network_values import read
from c3tui.model.finding import Severity
from c3tui.model.plan import Plan
from c3tui.model.sizing import Load, Proposal, Sizing, propose_for, size
from screens.network.judging import STEP, drafted
from screens.signs import Span
from screens.widgets.text import TextPane

Lines = list[list[Span]]

WANTED = (("now", "Nodes now"), ("growth", "At full growth"), ("pods", "Pods a node"))
COLUMN = 24


class NumberInput(Input):
    """Takes digits; letters go on to be keys of the screen."""

    async def _on_key(self, event: events.Key) -> None:
        if event.is_printable and not self.check_consume_key(event.key, event.character):
            # Input's own handler would type it; the screen is still to get it.
            event.prevent_default()

    def check_consume_key(self, key: str, character: str | None) -> bool:
        """Only digits are typed."""
        return character is not None and character.isascii() and character.isdigit()


@dataclass(frozen=True)
class Wish:
    """What the network must be large enough for."""

    nodes: int
    growth: int
    pods: int


class SizingPage(Vertical):
    """Three numbers on top, the plan and the proposal side by side below."""

    def __init__(self, drafts: MutableMapping[str, str]) -> None:
        super().__init__(id="sizing")
        self._drafts = drafts
        self._plan: Plan | None = None
        self.proposal: Proposal | None = None

    def compose(self) -> ComposeResult:
        """The numbers, and what comes of them."""
        with Horizontal(id="wanted"):
            for key, title in WANTED:
                yield Label(title, classes="label", markup=False)
                yield NumberInput(
                    self._drafts.get(f"sizing:{key}", ""), id=f"sizing-{key}", compact=True, max_length=7
                )
        yield TextPane(id="sizes")

    def keep(self, box: Input) -> None:
        """Keep a number that was typed."""
        if box.id and box.id.startswith("sizing-"):
            self._drafts[f"sizing:{box.id.removeprefix('sizing-')}"] = box.value

    def show(self, plan: Plan, known: Known) -> None:
        """Work it out anew."""
        self._plan = plan
        defaults = {"now": len(plan.servers), "growth": len(plan.servers), "pods": plan.kubernetes.max_pods}
        for key, default in defaults.items():
            self.query_one(f"#sizing-{key}", Input).placeholder = str(default)
        numbers = {key: self._number(key, default) for key, default in defaults.items()}
        wish = Wish(numbers["now"], max(numbers["now"], numbers["growth"]), numbers["pods"])
        self.proposal, lines = sizes(plan, wish, known)
        self.query_one(TextPane).show(lines)

    def _number(self, key: str, default: int) -> int:
        text = self._drafts.get(f"sizing:{key}", "").strip()
        return int(text) if text.isascii() and text.isdigit() else default


def sizes(plan: Plan, wish: Wish, known: Known) -> tuple[Proposal | None, Lines]:
    """The proposal, if there is one, and both side by side in words."""
    now = size(plan)
    try:
        proposal = propose_for(plan, wish.nodes, wish.growth, wish.pods)
    except ValueError as error:
        return None, [[(f"! {error}", "bad")], [], *_table(plan, now, None, None)]
    other, unread = read(drafted(plan, _over(plan, proposal)))
    if other is None:
        return None, [[(f"! {unread[0].message}", "bad")], [], *_table(plan, now, None, None)]
    return proposal, [*_table(plan, now, other, size(other)), [], *_verdict(plan, other, wish, known)]


def _over(plan: Plan, proposal: Proposal) -> dict[str, object]:
    return dict(proposal.changes())


def _verdict(plan: Plan, other: Plan, wish: Wish, known: Known) -> Lines:
    """Whether the plan suffices as it is, and what the proposal would bring with it."""
    need = f"{wish.growth} nodes with {wish.pods} pods each"
    now = size(plan)
    suffices = now.nodes_most >= wish.growth and min(now.pods_fit, now.pods_per_node) >= wish.pods
    lines: Lines = [
        [(f"+ The plan holds {need} as it is.", "good")]
        if suffices
        else [(f"* The plan is too small for {need}.", "warn")]
    ]
    brings = [each for each in faults(other, STEP, known) if each.check.severity is Severity.CRITICAL]
    before = {each.message for each in faults(plan, STEP, known)}
    new = [each for each in brings if each.message not in before]
    if new:
        lines.append([("The proposal alone does not do; with it there would be:", "warn")])
        lines += [[(f"  ! {each.message}", "bad")] for each in new[:6]]
        lines += [[(f"  and {len(new) - 6} more", "bad")]] if len(new) > 6 else []
    lines.append(
        [("y", "key"), (" takes the proposal into the form, where w writes it; nothing is written now.", "")]
    )
    return lines


def _table(plan: Plan, now: Sizing, other: Plan | None, then: Sizing | None) -> Lines:
    """One line for each figure: the plan's, and the proposal's."""
    left, right = _figures(plan, now), _figures(other, then) if other and then else {}
    head: list[Span] = [(f"{'':<22}{'The plan':<{COLUMN}}", "key")]
    head.append(("The smallest that fits" if right else "", "key"))
    lines: Lines = [head]
    for name, value in left.items():
        new = right.get(name, "")
        lines.append(
            [(f"{name:<22}", "dim"), (f"{value:<{COLUMN}}", ""), (new, "strong" if new != value else "")]
        )
    return lines


def _figures(plan: Plan, sizing: Sizing) -> dict[str, str]:
    cluster = plan.networks.cluster
    return {
        "Cluster L2": str(cluster.cidr),
        "Node range from": f"{cluster.nodes.start}, {sizing.node_addresses}",
        "Pod block, slice": f"{cluster.pods.cidr}, /{cluster.pods.node_prefix}",
        "Pods on a node": f"{sizing.pods_per_node} of {sizing.pods_fit} that fit",
        "Nodes that fit": f"{sizing.nodes_most}, {sizing.nodes_left} more than now",
        "Addresses left": str(sizing.addresses_left),
        "MACs, every switch": _now_and_full(sizing.now.macs, sizing.full.macs),
        "ARP, the gateway": _now_and_full(sizing.now.arp, sizing.full.arp),
        "gc_thresh1..3, nodes": _thresholds(sizing.full),
    }


def _now_and_full(now: int, full: int) -> str:
    return f"{now} now, {full} full"


def _thresholds(load: Load) -> str:
    """net.ipv4.neigh.default.gc_thresh1 to 3."""
    return " ".join(str(each) for each in load.neighbours)
