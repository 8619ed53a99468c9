"""The address space of the cluster L2 as a picture to scale: who owns what, and a grid of signs for it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from c3tui.checks.network_space import overlapping, owners
from c3tui.model.addresses import Holdings, assign, with_carried
from c3tui.model.network import AddressRange, ClusterNetwork
from c3tui.model.plan import Plan
from c3tui.model.sizing import size

NOBODY, CONFLICT, STRANGER = ".", "X", "?"
ZOOM_BITS = 4
"""A step of zoom shows a sixteenth."""


@dataclass(frozen=True)
class Claim:
    """Consecutive addresses of one owner, as the picture shows them."""

    sign: str
    tone: str
    name: str
    first: int
    last: int

    @property
    def count(self) -> int:
        """How many addresses."""
        return self.last - self.first + 1


@dataclass(frozen=True)
class Share:
    """A line of the legend: everything of one kind."""

    sign: str
    tone: str
    name: str
    count: int


@dataclass(frozen=True)
class Space:
    """Who owns what in a network."""

    network: IPv4Network
    claims: tuple[Claim, ...]
    """In the order of painting: a later one covers an earlier one."""
    shares: tuple[Share, ...]
    conflicts: tuple[str, ...]
    """In words, each with its addresses."""
    cluster: ClusterNetwork
    holders: Mapping[int, str]
    """Server names by index of their address and slice."""

    def percent(self, share: Share) -> str:
        """A share of the whole network; what is there is never nothing."""
        part = 100 * share.count / self.network.num_addresses
        return "<0.1 %" if 0 < part < 0.1 else f"{part:.1f} %"


def holders_of(plan: Plan, holdings: Holdings) -> dict[int, str]:
    """Who holds, or will be given, which index of addresses; servers that left the plan included."""
    carried = with_carried(plan.networks.cluster, holdings)
    planned = assign([server.name for server in plan.servers], carried)
    held = {each.index: each.id for each in carried if each.held}
    return {index: name for name, index in planned.items()} | held


def space_of(plan: Plan, holders: Mapping[int, str], strangers: Iterable[IPv4Address] = ()) -> Space:
    """The picture of a plan.

    Args:
        holders: who holds which index of node addresses and pod slices, servers that left the plan included.
        strangers: addresses that answered a sweep and must not.
    """
    cluster = plan.networks.cluster
    network = cluster.cidr
    clashes = _clashes(plan)
    claims = [
        *_others(cluster),
        *_pods(cluster, holders),
        *_nodes(cluster, holders),
        *_single(cluster),
        *(_claim(STRANGER, "bad", "answers, and must not", each, each) for each in strangers),
        *(
            _claim(CONFLICT, "bad", f"{one} and {other}", span.start, span.end)
            for one, other, span in clashes
        ),
    ]
    inside = tuple(clipped for each in claims if (clipped := _clip(each, network)))
    conflicts = tuple(f"{one} and {other} both claim {_brief(span)}" for one, other, span in clashes)
    return Space(network, inside, tuple(_shares(plan, inside, holders)), conflicts, cluster, dict(holders))


def _claim(sign: str, tone: str, name: str, first: IPv4Address, last: IPv4Address) -> Claim:
    return Claim(sign, tone, name, int(first), int(last))


def _single(cluster: ClusterNetwork) -> list[Claim]:
    return [
        _claim("G", "strong", "gateway", cluster.gateway, cluster.gateway),
        _claim("V", "strong", "API VIP", cluster.vip, cluster.vip),
    ]


def _others(cluster: ClusterNetwork) -> list[Claim]:
    claims = [_claim("R", "warn", each.purpose, each.start, each.end) for each in cluster.reserved]
    if cluster.dynamic:
        claims.append(_claim("D", "warn", "DHCP", cluster.dynamic.start, cluster.dynamic.end))
    return claims


def _nodes(cluster: ClusterNetwork, holders: Mapping[int, str]) -> Iterator[Claim]:
    nodes = cluster.nodes
    yield _claim("n", "good", "nodes, free", nodes.start, nodes.end)
    for first, last in runs(index for index in holders if 0 <= index < len(nodes)):
        yield _claim("N", "good", "nodes, taken", nodes.start + first, nodes.start + last)


def _pods(cluster: ClusterNetwork, holders: Mapping[int, str]) -> Iterator[Claim]:
    block, each = cluster.pods.cidr, 1 << (32 - cluster.pods.node_prefix)
    yield _claim("p", "busy", "pods, free", block.network_address, block.broadcast_address)
    slices = block.num_addresses // each
    for first, last in runs(index for index in holders if 0 <= index < slices):
        start = int(block.network_address)
        yield Claim("P", "busy", "pods, taken", start + first * each, start + (last + 1) * each - 1)


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Consecutive numbers as first and last."""
    first = last = None
    for number in sorted(set(numbers)):
        if last is not None and number == last + 1:
            last = number
            continue
        if first is not None and last is not None:
            yield first, last
        first = last = number
    if first is not None and last is not None:
        yield first, last


def _clashes(plan: Plan) -> list[tuple[str, str, AddressRange]]:
    """Pairs of owners of the same addresses, with these."""
    found = []
    for one, other in overlapping(owners(plan)):
        first, last = max(one.span.start, other.span.start), min(one.span.end, other.span.end)
        found.append((one.name, other.name, AddressRange(start=first, end=last)))
    return found


def _brief(span: AddressRange) -> str:
    return str(span.start) if span.start == span.end else str(span)


def _clip(claim: Claim, network: IPv4Network) -> Claim | None:
    first = max(claim.first, int(network.network_address))
    last = min(claim.last, int(network.broadcast_address))
    return Claim(claim.sign, claim.tone, claim.name, first, last) if first <= last else None


def _shares(plan: Plan, claims: Sequence[Claim], holders: Mapping[int, str]) -> Iterator[Share]:
    """The legend, in the order in which one plans."""
    counts: dict[tuple[str, str], int] = {}
    tones: dict[tuple[str, str], str] = {}
    for each in claims:
        if each.sign not in (CONFLICT, STRANGER):
            counts[each.sign, each.name] = counts.get((each.sign, each.name), 0) + each.count
            tones[each.sign, each.name] = each.tone
    # What is taken is painted over what is free, so it counts once.
    for taken, free in (
        (("N", "nodes, taken"), ("n", "nodes, free")),
        (("P", "pods, taken"), ("p", "pods, free")),
    ):
        if free in counts:
            counts[free] -= counts.get(taken, 0)
    slices = _slices(plan, holders)
    for (sign, name), count in sorted(counts.items(), key=lambda item: _RANK.index(item[0][0])):
        yield Share(sign, tones[sign, name], slices.get(sign, name), count)
    for sign, name in ((STRANGER, "answer, must not"), (CONFLICT, "claimed twice")):
        numbers = [each for each in claims if each.sign == sign]
        if numbers:
            yield Share(sign, "bad", name, sum(last - first + 1 for first, last in _merged(numbers)))
    yield Share(NOBODY, "dim", "nobody's", size(plan).addresses_left)


_RANK = ("G", "V", "N", "n", "P", "p", "D", "R")


def _slices(plan: Plan, holders: Mapping[int, str]) -> dict[str, str]:
    """Taken and free pods by their slices, which is how they are given out."""
    pods = plan.networks.cluster.pods
    slices = max(0, pods.slices()) if pods.node_prefix >= pods.cidr.prefixlen else 0
    used = sum(0 <= index < slices for index in holders)
    return {"P": f"pods, {used} slices", "p": f"free, {slices - used} slices"}


def _merged(claims: Iterable[Claim]) -> Iterator[tuple[int, int]]:
    first, last = 0, -2
    for each in sorted(claims, key=lambda each: each.first):
        if each.first > last + 1:
            if last >= 0:
                yield first, last
            first, last = each.first, each.last
        last = max(last, each.last)
    if last >= 0:
        yield first, last


@dataclass(frozen=True)
class Grid:
    """A part of the network as signs in rows, every sign worth the same number of addresses."""

    window: IPv4Network
    columns: int
    each: int
    """Addresses of a sign, a power of two: rows and signs begin where subnets do."""
    signs: tuple[tuple[str, str], ...]
    """Sign and tone of each place, row after row."""

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return -(-len(self.signs) // self.columns)

    def span(self, place: int) -> tuple[int, int]:
        """First and last address that a place stands for."""
        first = int(self.window.network_address) + place * self.each
        return first, first + self.each - 1

    def place(self, address: int) -> int:
        """Where an address is shown; the nearest place when it lies outside."""
        place = (address - int(self.window.network_address)) // self.each
        return min(max(0, place), len(self.signs) - 1)

    def label(self, row: int) -> str:
        """Where a row begins, without the octets that all have in common."""
        parts = str(IPv4Address(self.span(row * self.columns)[0])).split(".")
        common = min(self.window.prefixlen // 8, 3)
        return "." * bool(common) + ".".join(parts[common:])


def grid(space: Space, window: IPv4Network, columns: int, rows: int) -> Grid:
    """The signs of a part of the network, in at most so many columns and rows."""
    columns = _power_below(min(columns, window.num_addresses))
    rows = _power_below(rows)
    each = max(1, window.num_addresses // (columns * rows))
    places = window.num_addresses // each
    signs = [(NOBODY, "dim")] * places
    start, end = int(window.network_address), int(window.broadcast_address)
    for claim in space.claims:
        if claim.last < start or claim.first > end:
            continue
        first = (max(claim.first, start) - start) // each
        last = (min(claim.last, end) - start) // each
        signs[first : last + 1] = [(claim.sign, claim.tone)] * (last - first + 1)
    return Grid(window, columns, each, tuple(signs))


def _power_below(number: int) -> int:
    return 1 << (max(1, number).bit_length() - 1)


def zoomed(space: Space, window: IPv4Network, address: int) -> IPv4Network:
    """The part of a window around an address that one step of zoom shows."""
    prefix = min(window.prefixlen + ZOOM_BITS, 28)
    return window if prefix <= window.prefixlen else IPv4Network((address, prefix), strict=False)


def unzoomed(space: Space, window: IPv4Network) -> IPv4Network:
    """What a step back from a window shows."""
    prefix = max(window.prefixlen - ZOOM_BITS, space.network.prefixlen)
    wider = window.supernet(new_prefix=prefix) if prefix < window.prefixlen else window
    return wider if wider.subnet_of(space.network) else space.network


def owners_between(space: Space, first: int, last: int) -> list[str]:
    """Who owns some of these addresses, in words; servers by name."""
    edges = (int(space.network.network_address), int(space.network.broadcast_address))
    if first == last and first in edges:
        return ["the network itself" if first == edges[0] else "everybody (broadcast)"]
    found = dict.fromkeys(
        _named(space, each, first, last)
        for each in reversed(space.claims)
        if each.first <= last and each.last >= first
    )
    owned = sum(end - begin + 1 for begin, end in _merged(_clipped(space.claims, first, last)))
    return [*found, *(["nobody"] if owned < last - first + 1 else [])]


def _clipped(claims: Iterable[Claim], first: int, last: int) -> Iterator[Claim]:
    for each in claims:
        if each.first <= last and each.last >= first:
            yield Claim(each.sign, each.tone, each.name, max(each.first, first), min(each.last, last))


def _named(space: Space, claim: Claim, first: int, last: int) -> str:
    begin, end = max(claim.first, first), min(claim.last, last)
    where = "" if claim.count > 1 else f" .{begin & 255}"
    if claim.sign not in "NP":
        return f"{claim.name}{where}"
    pods = claim.sign == "P"
    base = int(space.cluster.pods.cidr.network_address if pods else space.cluster.nodes.start)
    each = 1 << (32 - space.cluster.pods.node_prefix) if pods else 1
    low, high = (begin - base) // each, (end - base) // each
    names = [space.holders[index] for index in range(low, min(high, low + 2) + 1) if index in space.holders]
    more = high - low + 1 - len(names)
    who = ", ".join(names) + (f" +{more}" if more > 0 else "")
    return f"{'pods of' if pods else 'node'} {who}"
