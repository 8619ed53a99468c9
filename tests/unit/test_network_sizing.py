"""The sizing help: the worked example's numbers, and proposals that really are the smallest that fit."""

from ipaddress import IPv4Network

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import judge
from c3tui.model.plan import Plan
from c3tui.model.sizing import NEIGHBOURS, Proposal, neighbours, propose, propose_for, size
from tests.support.networks import plan_with, span, worked_example


def applied(plan: Plan, proposal: Proposal) -> Plan:
    tree = plan.model_dump(mode="json")
    for path, value in proposal.changes().items():
        *parents, last = path.split(".")
        at = tree
        for key in parents:
            at = at[key]
        at[last] = value
    return Plan.model_validate(tree)


def test_the_worked_example_gives_the_numbers_it_was_worked_with() -> None:
    sizing = size(worked_example())
    assert (sizing.slices, sizing.pods_per_node, sizing.pods_fit) == (512, 60, 62)
    assert (sizing.nodes, sizing.node_addresses, sizing.nodes_most, sizing.nodes_left) == (300, 502, 502, 202)
    assert sizing.now.pods == 18_000 and sizing.now.macs == 300 + 18_000 + 1
    assert sizing.full.neighbours == (8192, 32768, 65536)
    assert sizing.addresses_left == 65_534 - 1 - 1 - 502 - 32_767


def test_others_on_the_network_count() -> None:
    plan = plan_with(
        {
            "networks.cluster.reserved": [
                {"start": "10.20.2.0", "end": "10.20.2.9", "purpose": "printers"},
                {"start": "10.20.2.5", "end": "10.20.2.14", "purpose": "more of them"},
            ],
            "networks.cluster.dynamic": {"start": "10.20.3.0", "end": "10.20.3.4"},
        }
    )
    bare = size(plan_with({}))
    assert size(plan).now.macs == bare.now.macs + 25
    assert size(plan).addresses_left == bare.addresses_left - 20


def test_512_nodes_of_60_pods_fit_a_16_and_the_plan_of_it_has_no_findings() -> None:
    proposal = propose(300, 512, 60)
    assert proposal.cidr == IPv4Network("10.20.0.0/16") and proposal.pods == IPv4Network("10.20.128.0/17")
    assert (proposal.node_prefix, proposal.slices, len(proposal.nodes)) == (26, 512, 512)
    full = applied(worked_example(512), proposal)
    assert judge(full, "network") == [] and size(full).nodes_left == 0


def test_300_nodes_of_110_pods_want_a_15() -> None:
    plan = worked_example(networks__cluster__pods__node_prefix=25, kubernetes__max_pods=110)
    assert [found.check for found in judge(plan, "network")] == ["network.pods-too-few"]
    proposal = propose_for(plan, 300, 300, 110)
    assert proposal.cidr == IPv4Network("10.20.0.0/15") and proposal.pods == IPv4Network("10.21.0.0/16")
    assert (proposal.node_prefix, proposal.slices) == (25, 512)
    assert judge(applied(plan, proposal), "network") == []


def test_a_proposal_keeps_away_from_other_networks() -> None:
    assert propose(300, 300, 110, avoid=[IPv4Network("10.21.0.0/24")]).cidr == IPv4Network("10.0.0.0/15")
    assert propose(300, 300, 110, avoid=[IPv4Network("10.0.0.0/8")]).cidr == IPv4Network("172.16.0.0/15")
    with pytest.raises(ValueError, match="no private /15 is free"):
        propose(300, 300, 110, avoid=[IPv4Network("10.0.0.0/8"), IPv4Network("172.16.0.0/12")])


@given(st.integers(1, 2000), st.integers(0, 3000), st.integers(8, 500))
@example(512, 0, 62)
@example(512, 0, 63)
@example(513, 0, 126)
@example(1, 0, 127)
def test_a_proposal_holds_what_was_asked_and_half_of_it_would_not(nodes: int, more: int, pods: int) -> None:
    proposal = propose(nodes, nodes + more, pods)
    assert proposal.slices >= nodes + more and len(proposal.nodes) == nodes + more
    assert proposal.pods.subnet_of(proposal.cidr) and 32 - proposal.node_prefix >= 4
    assert (1 << (32 - proposal.node_prefix)) - 2 >= pods > (1 << (31 - proposal.node_prefix)) - 2
    assert not span(str(proposal.pods[0]), str(proposal.pods[-1])).overlaps(proposal.nodes)
    for address in (proposal.gateway, proposal.vip):
        assert address in proposal.cidr and address not in proposal.pods and address not in proposal.nodes
    # A network of half the size would be all pods, or could not hold the nodes beside them.
    assert proposal.pods.num_addresses + nodes + more + 3 > proposal.cidr.num_addresses // 2


@pytest.mark.parametrize("wrong", [(0, 0, 60), (1, 1, 7), (1, 1, 5000), (10**30, 10**30, 60), (-5, 3, -1)])
def test_what_makes_no_sense_is_refused(wrong: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError):
        propose(*wrong)


def test_neighbour_tables_hold_twice_what_there_is() -> None:
    assert neighbours(10) == NEIGHBOURS and neighbours(31_234) == NEIGHBOURS
    low, middle, most = neighbours(33_302)
    assert most == 131_072 and (low, middle) == (most // 8, most // 2)
