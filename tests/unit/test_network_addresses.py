"""Addresses are bound to names: nobody shares one, growth and loss move nobody, and the rules agree."""

from ipaddress import IPv4Address
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import Known, faults
from c3tui.checks.network_space import Owner, overlapping
from c3tui.model.addresses import Binding, Holdings, assign, index_of, placements, with_carried
from c3tui.model.base import utc_now
from c3tui.model.fleet import Server
from c3tui.model.network import AddressRange, ClusterNetwork
from tests.support.networks import plan_with, span, worked_example

NAMES = st.lists(st.integers(0, 60).map(lambda nth: f"n{nth}"), unique=True, max_size=40)


def bound(indexes: dict[str, int]) -> list[Binding]:
    return [Binding(id=name, index=index) for name, index in indexes.items()]


def released(binding: Binding) -> Binding:
    return binding.model_copy(update={"released_at": utc_now(), "released_by": "ann"})


def test_the_plans_order_decides_for_those_who_have_nothing_yet() -> None:
    assert assign(["b", "a", "c"]) == {"b": 0, "a": 1, "c": 2}


def test_a_server_put_in_the_middle_or_taken_out_moves_nobody() -> None:
    first = assign(["a", "b", "c"])
    assert assign(["a", "new", "b", "c"], bound(first)) == {"a": 0, "new": 3, "b": 1, "c": 2}
    assert assign(["c", "a"], bound(first)) == {"c": 2, "a": 0}
    assert assign(["c", "x", "a"], bound(first)) == {"c": 2, "x": 3, "a": 0}


def test_only_a_released_index_goes_to_another_and_comes_back_if_it_is_free() -> None:
    a, b, c = bound(assign(["a", "b", "c"]))
    assert assign(["a", "x", "c"], [a, b, c])["x"] == 3
    assert assign(["a", "x", "c"], [a, released(b), c])["x"] == 1
    assert assign(["a", "x", "b"], [a, released(b), c]) == {"a": 0, "x": 3, "b": 1}
    taken = [a, released(b), c, Binding(id="x", index=1)]
    assert assign(["a", "x", "b"], taken) == {"a": 0, "x": 1, "b": 3}


@given(NAMES, st.data())
def test_nobody_is_moved_and_nobody_shares_whatever_happens_to_the_list(names: list[str], data: Any) -> None:
    bindings: dict[str, Binding] = {}
    for _ in range(data.draw(st.integers(1, 6))):
        before = {each.id: each.index for each in bindings.values() if each.held}
        given_now = assign(names, bindings.values())
        assert list(given_now) == names
        assert all(given_now[name] == index for name, index in before.items() if name in given_now)
        everybody = before | given_now
        assert len(set(everybody.values())) == len(everybody)
        bindings |= {each.id: each for each in bound(given_now)}
        gone = [name for name in bindings if name not in names and bindings[name].held]
        for name in data.draw(st.lists(st.sampled_from(gone), unique=True)) if gone else []:
            bindings[name] = released(bindings[name])
        names = data.draw(st.permutations(list(dict.fromkeys([*names[::2], *data.draw(NAMES)]))))


def small(nodes: int, prefix: int, block: int, servers: int, pods: int = 8) -> dict[str, Any]:
    return {
        "networks.cluster.nodes": {"start": "10.20.0.10", "end": str(IPv4Address("10.20.0.9") + nodes)},
        "networks.cluster.pods": {"cidr": f"10.20.128.0/{block}", "node_prefix": prefix},
        "kubernetes.max_pods": pods,
        "servers": [
            {"name": f"n{nth}", "rack": "r01", "unit": nth + 1, "bmc": {"address": f"10.0.0.{11 + nth}"}}
            for nth in range(servers)
        ],
        "kubernetes.control_plane": ["n0"],
    }


@settings(max_examples=150, deadline=None)
@given(
    nodes=st.integers(1, 40),
    prefix=st.integers(20, 30),
    block=st.integers(17, 30),
    servers=st.integers(1, 30),
    held=st.lists(st.integers(0, 45), unique=True, max_size=12),
    pods=st.integers(8, 70),
    vip=st.integers(1, 60),
    reserved=st.integers(1, 70),
)
def test_rules_and_allocation_agree(
    nodes: int, prefix: int, block: int, servers: int, held: list[int], pods: int, vip: int, reserved: int
) -> None:
    changes = small(nodes, prefix, block, servers, pods) | {
        "networks.cluster.vip": str(IPv4Address("10.20.0.0") + vip),
        "networks.cluster.reserved": [
            {"start": str(IPv4Address("10.20.0.0") + reserved), "end": "10.20.0.80", "purpose": "others"}
        ],
    }
    plan, cluster = plan_with(changes), plan_with(changes).networks.cluster
    bindings = tuple(Binding(id=f"gone{index}", index=index) for index in held)
    indexes = assign([server.name for server in plan.servers], bindings)
    placed = placements(cluster, indexes)
    found = {each.check.id for each in faults(plan, "network", Known(holdings=Holdings(bindings)))}
    no_room = {"network.nodes-too-few", "network.pods-too-few", "network.no-address"}
    crowded = {"network.shared", "network.gateway-in-range"}
    whole = len(placed) == len(indexes) and all(len(each.pod_range) >= pods for each in placed.values())
    assert whole == (not found & no_room), found
    owned = [each.pod_range for each in placed.values()]
    owned += [AddressRange(start=each.address, end=each.address) for each in placed.values()]
    owned += [span(str(cluster.vip), str(cluster.vip)), span(str(cluster.gateway), str(cluster.gateway))]
    owned += list(cluster.reserved)
    shared = _naively(owned)
    assert not shared or found & crowded
    if not found & (crowded | no_room):
        assert not shared


def _naively(spans: list[AddressRange]) -> bool:
    return any(one.overlaps(other) for nth, one in enumerate(spans) for other in spans[:nth])


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=25))
def test_overlaps_are_found_as_by_comparing_each_with_each(spans: list[tuple[int, int]]) -> None:
    base = IPv4Address("10.0.0.0")
    claims = [
        Owner(str(nth), AddressRange(start=base + start, end=base + start + length), "")
        for nth, (start, length) in enumerate(spans)
    ]
    naive = [(a, b) for i, a in enumerate(claims) for b in claims[i + 1 :] if a.span.overlaps(b.span)]
    assert list(overlapping(claims)) == naive


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 400), st.integers(0, 100))
def test_growth_gives_the_same_addresses_to_those_who_were_there(count: int, more: int) -> None:
    small_plan, large = worked_example(400), worked_example(400)
    small_plan.servers, large.servers = large.servers[:count], large.servers[: count + more]
    before = placed_of(small_plan.networks.cluster, [each.name for each in small_plan.servers])
    after = placed_of(large.networks.cluster, [each.name for each in large.servers])
    assert before == {name: after[name] for name in before}


def placed_of(cluster: ClusterNetwork, names: list[str]) -> dict[str, Any]:
    return placements(cluster, assign(names))


def test_a_server_that_carries_an_address_keeps_it_without_a_binding() -> None:
    cluster = plan_with({}).networks.cluster
    servers = tuple(
        Server(id=name, name=name, rack="r", unit=1, address=address)
        for name, address in (
            ("b", "10.20.0.10"),
            ("a", "10.20.0.12"),
            ("x", "10.9.9.9"),
            ("y", "10.20.0.12"),
        )
    )
    bindings = with_carried(cluster, Holdings((), servers))
    assert assign(["a", "b", "x", "y"], bindings) == {"a": 2, "b": 0, "x": 1, "y": 3}
    assert index_of(cluster, "10.20.0.9") is None and index_of(cluster, "here") is None


def test_whom_there_is_no_room_for_is_left_out() -> None:
    cluster = plan_with(small(2, 26, 25, 2)).networks.cluster
    assert list(placements(cluster, {"a": 0, "b": 1, "c": 2, "d": -1})) == ["a", "b"]
