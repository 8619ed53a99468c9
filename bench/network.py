"""The network plan of 1,000 servers: full re-check and allocation, against a naive pairwise peer in one run.

The peer compares every owner of addresses with every other, as the rule reads when taken literally.
"""

import sys
import time
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import Any

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import Known, faults
from c3tui.checks.network_space import Owner, overlapping
from c3tui.checks.network_values import read
from c3tui.model.addresses import Binding, Holdings, assign, placements
from c3tui.model.fleet import Server, Stage
from c3tui.model.network import AddressRange
from c3tui.model.plan import Plan

SERVERS = 1000
CHECK_LIMIT, ALLOCATION_LIMIT = 0.1, 0.3
ROUNDS = 5


def tree() -> dict[str, Any]:
    """A plan of a thousand servers in racks of twenty, as plain values."""
    return {
        "site": {"name": "large"},
        "endpoints": {"maas": {"url": "http://127.0.0.1:9/MAAS/"}},
        "networks": {
            "ipmi": {"cidr": "10.0.0.0/20", "vlan": 10},
            "pxe": {"cidr": "10.1.0.0/16", "dynamic": {"start": "10.1.128.0", "end": "10.1.200.255"}},
            "cluster": {
                "cidr": "10.20.0.0/15",
                "vlan": 30,
                "gateway": "10.20.0.1",
                "vip": "10.20.0.5",
                "nodes": {"start": "10.20.1.0", "end": "10.20.4.255"},
                "pods": {"cidr": "10.21.0.0/16", "node_prefix": 26},
                "services": "10.233.0.0/18",
                "reserved": [
                    {"start": f"10.20.{64 + nth}.0", "end": f"10.20.{64 + nth}.99", "purpose": f"team {nth}"}
                    for nth in range(50)
                ],
            },
        },
        "racks": [{"name": f"r{nth:02d}"} for nth in range(50)],
        "servers": [
            {
                "name": f"c3-{nth:04d}",
                "rack": f"r{nth // 20:02d}",
                "unit": 1 + nth % 20 * 2,
                "serial": f"S{nth:06d}",
                "bmc": {
                    "address": str(IPv4Address("10.0.1.0") + nth),
                    "mac": f"ac:1f:6b:00:{nth >> 8:02x}:{nth & 255:02x}",
                },
            }
            for nth in range(SERVERS)
        ],
        "kubernetes": {
            "kubespray": {"path": "kubespray", "version": "2.31.0"},
            "version": "1.35.4",
            "control_plane": ["c3-0000", "c3-0020", "c3-0040"],
        },
        "storage": {"rook": {"path": "rook", "version": "v1"}, "ceph_image": "ceph"},
    }


def best(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of a few rounds."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(time.perf_counter() - began)
    return min(taken)


def pairwise(owners: Sequence[Owner]) -> list[tuple[Owner, Owner]]:
    """The peer: each with each."""
    return [(a, b) for nth, a in enumerate(owners) for b in owners[nth + 1 :] if a.span.overlaps(b.span)]


def everybody(plan: Plan, bindings: Sequence[Binding]) -> list[Owner]:
    """Every node address and every node's pod range as an owner."""
    placed = placements(plan.networks.cluster, assign([each.name for each in plan.servers], bindings))
    found = [Owner(f"pods of {name}", each.pod_range, "") for name, each in placed.items()]
    found += [
        Owner(name, AddressRange(start=each.address, end=each.address), "") for name, each in placed.items()
    ]
    return found


def main() -> int:
    """Print the figures; 1 when one is over its limit."""
    values = tree()
    plan, bad = read(values)
    assert plan is not None and not bad
    names = [each.name for each in plan.servers]
    bindings = [Binding(id=name, index=nth) for nth, name in enumerate(names) if nth % 2]
    servers = [
        Server(id=name, name=name, rack="r", unit=1, stage=Stage.DEPLOYED, address=str(each.address))
        for name, each in placements(plan.networks.cluster, assign(names, bindings)).items()
    ]
    known = Known(holdings=Holdings(tuple(bindings), tuple(servers)))
    said = faults(plan, "network", known)
    assert said == [], said[:3]

    def recheck() -> None:
        faults(plan, "network", known)

    def allocate() -> None:
        placements(plan.networks.cluster, assign(names, bindings))

    owners = everybody(plan, bindings)
    assert list(overlapping(owners)) == pairwise(owners) == []
    checked, allocated = best(recheck), best(allocate)
    ours, naive = best(lambda: list(overlapping(owners))), best(lambda: pairwise(owners))
    print(f"{SERVERS} servers, best of {ROUNDS}")
    print(f"full re-check                 {checked * 1000:8.1f} ms (limit {CHECK_LIMIT * 1000:.0f} ms)")
    print(f"the same, from plain values   {best(lambda: (read(values), recheck())) * 1000:8.1f} ms")
    print(
        f"allocation                    {allocated * 1000:8.1f} ms (limit {ALLOCATION_LIMIT * 1000:.0f} ms)"
    )
    print(f"overlaps of {len(owners)} owners       {ours * 1000:8.1f} ms")
    print(f"the same, each with each      {naive * 1000:8.1f} ms: {naive / ours:.0f} times as long")
    return 0 if checked < CHECK_LIMIT and allocated < ALLOCATION_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
