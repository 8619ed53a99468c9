"""Every rule of the network step fires on what breaks it, alone, and is quiet on what does not."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network
from typing import Any

import pytest

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import CATALOGUE, EVERY, Fault, Known, faults, judge, speaking
from c3tui.checks.network_values import read
from c3tui.model.addresses import Binding, Holdings
from c3tui.model.finding import Severity
from c3tui.model.fleet import Server, Stage
from c3tui.model.reality import Answer, Sweep, Untested
from tests.support.networks import (
    FLAT,
    PXE,
    PXE_SUBNET,
    SUBNET,
    Changes,
    picture,
    plan_with,
    seen_range,
    span,
    tree_with,
    worked_example,
)
from tests.support.plans import SITE


def reserved(start: str, end: str) -> list[dict[str, str]]:
    return [{"start": start, "end": end, "purpose": "printers"}]


def dynamic(start: str, end: str) -> dict[str, str]:
    return {"start": start, "end": end}


def servers(count: int) -> list[dict[str, Any]]:
    return [
        {
            "name": f"n{nth}",
            "rack": "r01" if nth < 40 else "r02",
            "unit": 1 + nth % 40,
            "bmc": {"address": f"10.0.0.{11 + nth}"},
        }
        for nth in range(count)
    ]


MEMBERS = {"kubernetes.control_plane": ["n0", "n1", "n41"]}
DEFAULTS = {"kube_pods_subnet": "10.233.64.0/18", "kube_network_node_prefix": 24, "kubelet_max_pods": 110}
ELSEWHERE = {"networks.cluster.services": "10.234.0.0/18"}

BAD: dict[str, list[tuple[Changes, str, str]]] = {
    "network.overlap": [
        (
            {"networks.pxe.cidr": "10.0.0.0/24", "networks.pxe.dynamic": dynamic("10.0.0.100", "10.0.0.200")},
            "IPMI 10.0.0.0/24 and PXE 10.0.0.0/24",
            "networks.pxe.cidr",
        ),
        (
            {
                "networks.pxe.cidr": "10.20.0.0/24",
                "networks.pxe.dynamic": dynamic("10.20.0.100", "10.20.0.200"),
            },
            "PXE 10.20.0.0/24 and cluster",
            "networks.cluster.cidr",
        ),
        ({"networks.ipmi.cidr": "10.0.0.0/11"}, "IPMI 10.0.0.0/11 and cluster", "networks.ipmi.cidr"),
    ],
    "network.services-on-lan": [
        ({"networks.cluster.services": "10.20.0.0/18"}, "cluster 10.20.0.0/16 and services 10.20.0.0/18", ""),
        ({"networks.cluster.services": "10.0.0.0/24"}, "IPMI 10.0.0.0/24 and services", "networks.ipmi.cidr"),
        (
            {"networks.cluster.services": "10.1.0.0/16"},
            "PXE 10.1.0.0/24 and services",
            "networks.cluster.services",
        ),
    ],
    "network.invalid": [
        ({"networks.cluster.services": "224.1.0.0/16"}, "services 224.1.0.0/16 is multicast", ""),
        ({"networks.cluster.services": "0.1.0.0/16"}, "this network", ""),
        ({"networks.cluster.services": "169.254.0.0/18"}, "link-local", ""),
        ({"networks.cluster.services": "11.0.0.0/8"}, "more than Kubernetes takes", ""),
    ],
    "network.too-small": [
        (
            {"networks.pxe.dynamic": dynamic("10.1.0.100", "10.1.0.102")},
            "are 3, and 4 servers boot at a time",
            "networks.pxe.dynamic",
        ),
        ({"networks.cluster.services": "10.233.0.0/25"}, "are 128; have 256", "networks.cluster.services"),
    ],
    "network.outside": [
        (
            {"networks.cluster.gateway": "10.21.0.1"},
            "gateway 10.21.0.1-10.21.0.1 is not inside 10.20.0.0/16",
            "",
        ),
        ({"networks.cluster.vip": "10.21.0.5"}, "API address", "networks.cluster.vip"),
        ({"networks.cluster.nodes": dynamic("10.21.0.10", "10.21.0.90")}, "nodes 10.21.0.10", ""),
        ({"networks.cluster.pods.cidr": "10.21.0.0/17"}, "pods 10.21.0.0-10.21.127.255", ""),
        ({"networks.cluster.reserved": reserved("10.21.0.1", "10.21.0.9")}, "reserved for printers", ""),
        ({"networks.cluster.dynamic": dynamic("10.21.0.1", "10.21.0.9")}, "DHCP 10.21.0.1", ""),
        ({"networks.pxe.dynamic": dynamic("10.1.0.100", "10.1.1.4")}, "PXE leases", "networks.pxe.dynamic"),
        ({"networks.pxe.gateway": "10.2.0.1"}, "PXE gateway", "networks.pxe.gateway"),
        ({"networks.ipmi.gateway": "10.2.0.1"}, "IPMI gateway", "networks.ipmi.gateway"),
        ({"servers.1.bmc.address": "10.9.0.12"}, "BMC 10.9.0.12 of c3-002", "servers.1.bmc.address"),
    ],
    "network.not-a-host": [
        ({"networks.cluster.vip": "10.20.0.0"}, "API address 10.20.0.0", "networks.cluster.vip"),
        (
            {"networks.cluster.gateway": "10.20.255.255", "networks.cluster.pods.cidr": "10.20.64.0/18"},
            "gateway",
            "",
        ),
        ({"networks.pxe.dynamic": dynamic("10.1.0.100", "10.1.0.255")}, "PXE leases", "networks.pxe.dynamic"),
        ({"networks.pxe.gateway": "10.1.0.255"}, "PXE gateway", ""),
        ({"servers.0.bmc.address": "10.0.0.255"}, "BMC of c3-001", "servers.0.bmc.address"),
    ],
    "network.shared": [
        (
            {"networks.cluster.vip": "10.20.0.1"},
            "gateway 10.20.0.1-10.20.0.1 and API address",
            "networks.cluster.gateway",
        ),
        ({"networks.cluster.vip": "10.20.1.255"}, "and nodes", "networks.cluster.nodes"),
        ({"networks.cluster.vip": "10.20.128.0"}, "and pods", "networks.cluster.pods.cidr"),
        ({"networks.cluster.nodes": dynamic("10.20.0.10", "10.20.128.0")}, "nodes", ""),
        (
            {"networks.cluster.reserved": reserved("10.20.0.5", "10.20.0.6")},
            "API address 10.20.0.5-10.20.0.5 and reserved for printers",
            "networks.cluster.reserved.0",
        ),
        (
            {"networks.cluster.dynamic": dynamic("10.20.1.200", "10.20.2.9")},
            "nodes 10.20.0.10-10.20.1.255 and DHCP",
            "networks.cluster.dynamic",
        ),
        (
            {
                "networks.cluster.dynamic": dynamic("10.20.3.1", "10.20.3.9"),
                "networks.cluster.reserved": reserved("10.20.3.9", "10.20.3.10"),
            },
            "DHCP 10.20.3.1-10.20.3.9 and reserved for printers",
            "",
        ),
    ],
    "network.gateway-in-range": [
        ({"networks.cluster.gateway": "10.20.0.10"}, "lies in nodes", "networks.cluster.gateway"),
        ({"networks.cluster.gateway": "10.20.130.1"}, "lies in pods", "networks.cluster.pods.cidr"),
        ({"networks.cluster.reserved": reserved("10.20.0.1", "10.20.0.2")}, "reserved for printers", ""),
        ({"networks.cluster.dynamic": dynamic("10.20.0.1", "10.20.0.2")}, "lies in DHCP", ""),
        ({"networks.pxe.gateway": "10.1.0.150"}, "PXE gateway 10.1.0.150", "networks.pxe.dynamic"),
        ({"networks.ipmi.gateway": "10.0.0.12"}, "the BMC of c3-002", "servers.1.bmc.address"),
    ],
    "network.nodes-too-few": [
        (
            {"networks.cluster.nodes": dynamic("10.20.0.10", "10.20.0.12")},
            "holds 3 of 4 servers",
            "networks.cluster.nodes",
        ),
    ],
    "network.pods-too-few": [
        (
            {"networks.cluster.pods.node_prefix": 27},
            "60 pods a node do not fit a slice of /27 with 30",
            "kubernetes.max_pods",
        ),
        ({"kubernetes.max_pods": 63}, "63 pods a node do not fit a slice of /26 with 62", ""),
        ({"networks.cluster.pods.cidr": "10.20.128.0/25"}, "has 2 slices of /26 for 4 servers", ""),
        (
            {"networks.cluster.pods": {"cidr": "10.20.128.0/24", "node_prefix": 22}},
            "a slice of /22 does not fit into 10.20.128.0/24",
            "networks.cluster.pods.node_prefix",
        ),
    ],
    "network.kubespray-asserts": [
        (
            {"kubernetes.extra_vars": DEFAULTS, "servers": servers(65), **MEMBERS, **ELSEWHERE},
            "10.233.64.0/18 has 64 slices of /24 for 65 servers",
            "kubernetes.extra_vars",
        ),
        ({"kubernetes.extra_vars": {"kubelet_max_pods": 110}}, "110 pods a node do not fit", ""),
        (
            {"kubernetes.extra_vars": {"kube_pods_subnet": "10.233.0.0/18"}},
            "lie inside services 10.233.0.0/18",
            "",
        ),
        ({"kubernetes.extra_vars": {"kube_pods_subnet": ["10.233.0.0/18"]}}, "kubernetes.extra_vars: ", ""),
        ({"kubernetes.extra_vars": {"kube_network_node_prefix": 99}}, "99 is no prefix length", ""),
    ],
    "network.kubespray-overrides": [
        ({"kubernetes.extra_vars": {"kube_network_plugin": "calico"}}, "plugin calico", ""),
        (
            {"kubernetes.extra_vars": {"kube_proxy_mode": "ipvs"}},
            "in mode ipvs the proxy never sees",
            "kubernetes.extra_vars",
        ),
        ({"kubernetes.extra_vars": {"enable_nodelocaldns": True}}, "no name resolves", ""),
        ({"kubernetes.extra_vars": {"enable_nodelocaldns": "yes"}}, "no name resolves", ""),
        (
            {"kubernetes.extra_vars": {"kube_controller_manager_allocate_node_cidrs": "true"}},
            "pod ranges that the plan has bound",
            "",
        ),
    ],
    "network.dns-ntp-inside": [
        (
            {"networks.cluster.dns": ["10.20.200.1"]},
            "DNS server 10.20.200.1 lies in pods",
            "networks.cluster.dns",
        ),
        ({"networks.cluster.ntp": ["ntp.example", "10.233.0.10"]}, "NTP server 10.233.0.10 lies in ser", ""),
        ({"networks.pxe.dns": ["10.1.0.150"]}, "lies in the PXE leases", "networks.pxe.dynamic"),
        ({"networks.ipmi.ntp": ["10.20.0.20"]}, "lies in nodes", "networks.ipmi.ntp"),
        ({"networks.cluster.dns": ["10.20.0.5"]}, "lies in the API address", "networks.cluster.vip"),
    ],
    "network.one-vlan": [
        (
            {"networks.pxe.vlan": 30, "networks.cluster.vlan": 30},
            "PXE and cluster are both VLAN 30",
            "networks.pxe.vlan",
        ),
        ({"networks.ipmi.vlan": 30, "networks.cluster.vlan": 30}, "IPMI and cluster are both VLAN 30", ""),
    ],
    "network.mtu-boot": [({"networks.pxe.mtu": 9000}, "PXE has MTU 9000", "networks.pxe.mtu")],
    "network.etcd-even": [
        (
            {"kubernetes.control_plane": ["c3-001", "c3-002", "c3-003", "c3-004"]},
            "4 control planes",
            "kubernetes.control_plane",
        ),
    ],
    "network.control-plane-few": [({"kubernetes.control_plane": ["c3-001"]}, "1 control plane", "")],
    "network.control-plane-unknown": [
        ({"kubernetes.control_plane": ["c3-001", "c3-004", "c3-009"]}, "control plane c3-009", ""),
    ],
    "network.control-plane-twice": [
        (
            {"kubernetes.control_plane": ["c3-001", "c3-002", "c3-003", "c3-004", "c3-001"]},
            "c3-001 is named 2 times",
            "",
        ),
    ],
    "network.control-plane-one-rack": [
        (
            {"kubernetes.control_plane": ["c3-001", "c3-002", "c3-003"]},
            "all 3 control planes stand in r01",
            "",
        ),
    ],
    "network.hostname": [
        (
            {"servers.2.name": "etcd"},
            "a server must not be called etcd",
            "servers.2.name",
        ),
    ],
    "network.server-twice": [
        ({"servers.2.name": "c3-001"}, "name c3-001 is given 2 times", "servers.2.name"),
        ({"servers.3.serial": "S3"}, "serial S3", "servers.3.serial"),
        ({"servers.3.bmc.address": "10.0.0.13"}, "BMC address 10.0.0.13", "servers.2.bmc.address"),
        ({"servers.3.bmc.mac": "AC-1F-6B-00-00-03"}, "MAC ac:1f:6b:00:00:03", "servers.3.bmc.mac"),
        ({"servers.1.unit": 5}, "rack unit r01 unit 5", "servers.1.unit"),
    ],
    "network.bmc-mac": [
        ({"servers.3.bmc.mac": "ac:1f:6b"}, "'ac:1f:6b' of c3-004 is no MAC", "servers.3.bmc.mac"),
    ],
    "network.rack-unknown": [
        ({"servers.2.rack": "r09"}, "c3-003 stands in unknown rack r09", "servers.2.rack"),
        ({"servers.3.unit": 43}, "unit 43 of r02, which has 42", "servers.3.unit"),
    ],
    "network.rack-twice": [({"racks.2": {"name": "r02"}}, "rack r02 is given 2 times", "racks.2.name")],
}
"""(values changed, part of what is said, a field it is about)."""

WITH_OTHERS: dict[str, tuple[Changes, str]] = {
    "network.mtu": (
        {"networks.pxe.vlan": 30, "networks.cluster.vlan": 30, "networks.cluster.mtu": 9000},
        "VLAN 30 has MTU 1500 as PXE, 9000 as cluster",
    ),
}
"""Rules that cannot be broken alone."""

QUIET: list[Changes] = [
    {},
    {"networks.cluster.vip": "10.20.0.9"},
    {"kubernetes.max_pods": 62},
    {"networks.cluster.nodes": dynamic("10.20.0.10", "10.20.0.13")},
    {"networks.cluster.nodes": dynamic("10.20.0.10", "10.20.127.255")},
    {"networks.cluster.pods.cidr": "10.20.128.0/24"},
    {"networks.cluster.reserved": reserved("10.20.2.0", "10.20.2.9")},
    {"networks.cluster.dynamic": dynamic("10.20.2.0", "10.20.2.9")},
    {"networks.cluster.services": "10.21.0.0/16"},
    {"networks.cluster.services": "10.233.0.0/24"},
    {"networks.pxe.dynamic": dynamic("10.1.0.100", "10.1.0.103")},
    {"networks.pxe.gateway": "10.1.0.99", "networks.ipmi.gateway": "10.0.0.1"},
    {"networks.cluster.dns": ["10.20.0.1", "9.9.9.9"], "networks.cluster.ntp": ["pool.ntp.org", "10.20.0.1"]},
    {"networks.cluster.mtu": 9000},
    {"networks.ipmi.vlan": 10, "networks.pxe.vlan": 20, "networks.cluster.vlan": 30},
    {"servers.3.unit": 42},
    {"servers.3.bmc.mac": "ac-1f-6b-00-00-99"},
    {"kubernetes.control_plane": ["c3-004", "c3-002", "c3-003"]},
    {"kubernetes.extra_vars": DEFAULTS, "servers": servers(64), **MEMBERS, **ELSEWHERE},
    {
        "kubernetes.extra_vars": {
            "kube_proxy_mode": "iptables",
            "enable_nodelocaldns": False,
            "kube_network_plugin": "cni",
            "kubelet_max_pods": 62,
        }
    },
]


def said(changes: Changes) -> list[Fault]:
    return faults(plan_with(changes), "network")


@pytest.mark.parametrize(
    ("check", "changes", "says", "field"), [(check, *case) for check, cases in BAD.items() for case in cases]
)
def test_a_rule_fires_and_no_other_does(check: str, changes: Changes, says: str, field: str) -> None:
    found = said(changes)
    assert {each.check.id for each in found} == {check}, [each.message for each in found]
    assert any(says in each.message for each in found), [each.message for each in found]
    assert not field or field in {path for each in found for path in each.fields}


@pytest.mark.parametrize("check", sorted(WITH_OTHERS))
def test_a_rule_that_others_go_with_fires(check: str) -> None:
    changes, says = WITH_OTHERS[check]
    assert [each.message for each in said(changes) if each.check.id == check] == [says]


@pytest.mark.parametrize("changes", QUIET, ids=lambda changes: ",".join(changes) or "as it is")
def test_a_plan_within_the_rules_is_left_in_peace(changes: Changes) -> None:
    assert [each.message for each in said(changes)] == []


def test_one_rack_is_no_fault_where_there_is_only_one() -> None:
    all_in_one = {"servers.3.rack": "r01", "kubernetes.control_plane": ["c3-001", "c3-002", "c3-003"]}
    assert said(all_in_one) == []


def test_every_field_named_is_one_of_the_plan() -> None:
    for cases in BAD.values():
        for changes, _, _ in cases:
            dumped = plan_with(changes).model_dump(mode="json")
            for path in {path for each in said(changes) for path in each.fields}:
                at: Any = dumped
                for key in path.split("."):
                    at = at[int(key)] if isinstance(at, list) else at[key]


# What MAAS says

JUMBO = replace(SUBNET, vlan=replace(FLAT, mtu=9000))
MAAS: dict[str, tuple[Known, str]] = {
    "network.maas-lacks-subnet": (Known(maas=picture(flat=None)), "no subnet 10.20.0.0/16 (cluster network)"),
    "network.maas-other-subnet": (
        Known(maas=picture(flat=replace(SUBNET, cidr=IPv4Network("10.20.0.0/17")))),
        "MAAS has 10.20.0.0/17 where the cluster network 10.20.0.0/16",
    ),
    "network.maas-other-vlan": (
        Known(maas=picture(flat=replace(SUBNET, vlan=replace(FLAT, vid=7)))),
        "10.20.0.0/16 is on VLAN 7 in MAAS and 0 in the plan",
    ),
    "network.maas-one-vlan": (
        Known(maas=picture(flat=replace(SUBNET, vlan=PXE))),
        "are on one VLAN of MAAS, 0 in fabric-0",
    ),
    "network.maas-other-mtu": (Known(maas=picture(flat=JUMBO)), "has MTU 9000 in MAAS, 1500 planned"),
    "network.maas-unmanaged": (
        Known(maas=picture(flat=replace(SUBNET, managed=False))),
        "cluster subnet 10.20.0.0/16 is not managed",
    ),
    "network.maas-no-dhcp": (
        Known(maas=picture(pxe=replace(PXE_SUBNET, vlan=replace(PXE, dhcp=False)))),
        "serves no DHCP on the PXE network 10.1.0.0/24",
    ),
    "network.maas-other-dhcp": (
        Known(maas=picture(pxe=replace(PXE_SUBNET, vlan=replace(PXE, external_dhcp="10.1.0.9")))),
        "a DHCP server at 10.1.0.9 on the PXE network",
    ),
    "network.maas-dhcp-on-cluster": (
        Known(maas=picture(flat=replace(SUBNET, vlan=replace(FLAT, dhcp=True)))),
        "serves DHCP on the cluster network 10.20.0.0/16",
    ),
    "network.maas-dynamic-range": (
        Known(maas=picture(seen_range("dynamic", "10.20.0.100", "10.20.0.200"))),
        "dynamic range 10.20.0.100-10.20.0.200 (no comment) lies across 10.20.0.10-10.20.1.255",
    ),
    "network.maas-foreign-range": (
        Known(maas=picture(seen_range("reserved", "10.20.0.9", "10.20.0.12", comment="printers"))),
        "reserved range 10.20.0.9-10.20.0.12 (printers) lies across 10.20.0.10-10.20.1.255 (nodes",
    ),
    "network.maas-resident": (
        Known(maas=picture(seen_range("reserved", "10.20.5.1", "10.20.5.9", comment="printers"))),
        "reserved range 10.20.5.1-10.20.5.9 (printers) is not in the plan",
    ),
}
GOES_ALONG = {
    "network.maas-other-subnet": {"network.maas-lacks-subnet"},
    "network.maas-one-vlan": {"network.maas-dhcp-on-cluster"},
}


@pytest.mark.parametrize("check", sorted(MAAS))
def test_a_rule_about_maas_fires(check: str) -> None:
    known, says = MAAS[check]
    found = faults(plan_with({}), "network", known)
    assert {each.check.id for each in found} == {check} | GOES_ALONG.get(check, set())
    assert [each for each in found if each.check.id == check and says in each.message], found


def test_maas_may_lack_the_vlan_too() -> None:
    plan = plan_with({"networks.cluster.vlan": 30})
    found = faults(plan, "network", Known(maas=picture(flat=None)))
    assert [each.message for each in found if each.check.id == "network.maas-lacks-vlan"] == [
        "MAAS has no VLAN 30 (cluster network)"
    ]


def test_leases_must_not_reach_into_bmcs() -> None:
    seen = picture(seen_range("dynamic", "10.0.0.12", "10.0.0.20", subnet=3))
    (first, *_) = faults(plan_with({}), "network", Known(maas=seen))
    assert first.check.id == "network.maas-dynamic-range" and "10.0.0.12 of c3-002" in first.message


@pytest.mark.parametrize(
    "seen",
    [
        picture(),
        picture(seen_range("reserved", "10.20.0.10", "10.20.1.255", comment="mine")),
        picture(seen_range("reserved", "10.20.0.4", "10.20.3.255", comment="all of it")),
        picture(seen_range("reserved", "10.20.0.10", "10.20.0.99", comment="C3: nodes, an earlier plan")),
    ],
)
def test_maas_within_the_rules_is_left_in_peace(seen: Any) -> None:
    assert faults(plan_with({}), "network", Known(maas=seen)) == []


def test_leases_that_the_plan_has_are_no_fault() -> None:
    seen = picture(
        seen_range("dynamic", "10.20.4.1", "10.20.4.9"), flat=replace(SUBNET, vlan=replace(FLAT, dhcp=True))
    )
    plan = plan_with({"networks.cluster.dynamic": dynamic("10.20.4.1", "10.20.4.9")})
    assert faults(plan, "network", Known(maas=seen)) == []


# What the record says

FIRST = Server(id="c3-001", name="c3-001", rack="r01", unit=1, stage=Stage.DEPLOYED)
FIRST.address, FIRST.pod_range, FIRST.macs = "10.20.0.10", "10.20.128.1-10.20.128.62", ["52:54:00:00:00:01"]
BOUND = tuple(Binding(id=f"c3-00{nth}", index=nth - 1) for nth in range(1, 5))


def holdings(*bindings: Binding, servers: tuple[Server, ...] = (FIRST,)) -> Known:
    return Known(holdings=Holdings(bindings or BOUND, servers))


@pytest.mark.parametrize(
    ("check", "changes", "known", "says"),
    [
        (
            "network.no-address",
            {"networks.cluster.nodes": dynamic("10.20.0.10", "10.20.0.13")},
            holdings(BOUND[0], BOUND[1], BOUND[2], Binding(id="gone", index=3)),
            "no address is free for c3-004: 1 are held for gone",
        ),
        (
            "network.address-moved",
            {"networks.cluster.nodes": dynamic("10.20.0.11", "10.20.1.255")},
            holdings(),
            "c3-001 has 10.20.0.10, and the plan says 10.20.0.11",
        ),
        (
            "network.address-moved",
            {"networks.cluster.pods.cidr": "10.20.64.0/18"},
            holdings(),
            "pods of c3-001 have 10.20.128.1-10.20.128.62, and the plan says 10.20.64.1",
        ),
        (
            "network.address-held",
            {},
            holdings(*BOUND, Binding(id="gone", index=9)),
            "10.20.0.19 and pods 10.20.130.65-10.20.130.126 are held for gone",
        ),
    ],
)
def test_a_rule_about_the_record_fires(check: str, changes: Changes, known: Known, says: str) -> None:
    found = faults(plan_with(changes), "network", known)
    assert {each.check.id for each in found} - {"network.address-held"} <= {check}
    assert [each for each in found if each.check.id == check and says in each.message], found


@pytest.mark.parametrize(
    "known", [holdings(), holdings(Binding(id="c3-003", index=7)), Known(holdings=Holdings())]
)
def test_a_record_that_agrees_is_left_in_peace(known: Known) -> None:
    assert faults(plan_with({}), "network", known) == []


# What a sweep says


def answers(*answered: Answer, known: Known | None = None, **sweep: Any) -> Known:
    return replace(known or holdings(), sweep=Sweep(answered, **sweep))


def ping(address: str, *macs: str) -> Answer:
    return Answer(IPv4Address(address), "arp" if macs else "ping", macs)


@pytest.mark.parametrize(
    ("check", "known", "says"),
    [
        ("network.address-answers", answers(ping("10.20.0.11")), "10.20.0.11, a node's, answers to ping"),
        (
            "network.address-answers",
            answers(ping("10.20.200.1", "aa:bb:cc:00:00:01")),
            "10.20.200.1, a pod's, answers from aa:bb:cc:00:00:01",
        ),
        (
            "network.address-answers",
            answers(Answer(IPv4Address("10.20.0.30"), "own")),
            "answers here: it is this host's own",
        ),
        ("network.vip-answers", answers(ping("10.20.0.5")), "the API address 10.20.0.5 answers"),
        (
            "network.address-twice",
            answers(ping("10.20.0.10", "52:54:00:00:00:01", "aa:bb:cc:00:00:01")),
            "10.20.0.10 answers from 52:54:00:00:00:01 and aa:bb:cc:00:00:01",
        ),
        (
            "network.address-twice",
            answers(ping("10.20.0.10", "aa:bb:cc:00:00:01")),
            "10.20.0.10 of c3-001 answers from aa:bb:cc:00:00:01, which is none of its ports",
        ),
        (
            "network.not-swept",
            answers(untested=(Untested(span("10.20.0.10", "10.20.0.12"), "no route"),)),
            "10.20.0.10-10.20.0.12: no route",
        ),
    ],
)
def test_a_rule_about_a_sweep_fires(check: str, known: Known, says: str) -> None:
    found = faults(plan_with({}), "network", known)
    assert [(each.check.id, says in each.message) for each in found] == [(check, True)], found


NODE = FIRST.model_copy(update={"stage": Stage.NODE, "in_production": True})


@pytest.mark.parametrize(
    "known",
    [
        answers(),
        answers(ping("10.20.0.10", "52:54:00:00:00:01"), ping("10.20.128.7")),
        answers(ping("10.20.0.5"), known=holdings(servers=(NODE,))),
        answers(ping("10.20.2.2"), ping("10.20.0.1")),
    ],
)
def test_our_own_servers_and_other_residents_may_answer(known: Known) -> None:
    assert faults(plan_with({}), "network", known) == []


# Values that cannot be read


@pytest.mark.parametrize(
    ("check", "changes", "says"),
    [
        ("network.invalid", {"networks.cluster.cidr": "10.20.0.0/99"}, "networks.cluster.cidr: "),
        ("network.invalid", {"networks.cluster.cidr": "fd00::/64"}, "networks.cluster.cidr: "),
        ("network.invalid", {"networks.cluster.cidr": "10.20.0.5/16"}, "networks.cluster.cidr: "),
        ("network.invalid", {"networks.cluster.vip": "::1"}, "networks.cluster.vip: "),
        ("network.invalid", {"networks.cluster.nodes": dynamic("10.20.0.9", "10.20.0.3")}, "before its star"),
        ("network.invalid", {"networks.pxe.vlan": 4095}, "networks.pxe.vlan: "),
        ("network.too-small", {"networks.ipmi.cidr": "10.0.0.0/31"}, "no room for servers"),
        ("network.mtu", {"networks.cluster.mtu": 575}, "networks.cluster.mtu: "),
        ("network.mtu", {"networks.cluster.mtu": 9217}, "networks.cluster.mtu: "),
        ("network.hostname", {"servers.0.name": "Node_1"}, "servers.0.name: "),
        ("network.hostname", {"servers.0.name": "a" * 64}, "servers.0.name: "),
        ("network.hostname", {"servers.0.name": "a\x1b[2J"}, "servers.0.name: "),
    ],
)
def test_a_value_that_cannot_be_read_is_a_fault_of_its_rule(check: str, changes: Changes, says: str) -> None:
    plan, found = read(tree_with(changes))
    assert plan is None and [each.check.id for each in found] == [check]
    assert says in found[0].message and found[0].fields[0].startswith(next(iter(changes)))


def test_a_tree_that_can_be_read_is_a_plan() -> None:
    assert read(tree_with({})) == (plan_with({}), [])


# The catalogue


def test_every_rule_has_something_that_breaks_it() -> None:
    record = {"network.no-address", "network.address-moved", "network.address-held"}
    sweep = {"network.address-answers", "network.vip-answers", "network.address-twice", "network.not-swept"}
    alone = {"network.maas-lacks-vlan"}
    told = set(BAD) | set(WITH_OTHERS) | set(MAAS) | record | sweep | alone
    assert told == {each.id for each in CATALOGUE.values() if each.step == "network"}


def test_what_one_rule_says_about_one_subject_is_one_finding() -> None:
    crowded = {f"servers.{nth}.bmc.address": f"10.9.0.{nth}" for nth in range(4)} | {
        "networks.cluster.vip": "10.21.0.5",
        "networks.pxe.gateway": "10.2.0.1",
    }
    (found,) = judge(plan_with(crowded), "network")
    assert found.id == "network.outside:site" and found.message.endswith("; and 2 more")
    assert len(found.evidence.splitlines()) == 6


def test_rules_that_cannot_speak_leave_their_findings() -> None:
    assert "network.maas-no-dhcp" not in speaking("network", holdings())
    assert "network.address-moved" in speaking("network", holdings())
    assert "network.address-answers" not in speaking("network", Known(maas=picture()))
    assert set(speaking("network")) < set(speaking("network", replace(holdings(), maas=picture())))


def test_a_single_control_plane_warns_and_blocks_nothing() -> None:
    (found,) = judge(plan_with({}, SITE), "network")
    assert found.severity is Severity.WARNING and not found.blocks


@pytest.mark.parametrize("id", sorted(CATALOGUE))
def test_a_rule_says_what_a_person_needs(id: str) -> None:
    rule = CATALOGUE[id]
    area, _, word = id.partition(".")
    assert area and word and (area == "network") == (rule.step == "network")
    assert rule.rule.__doc__ or area != "network"
    assert rule.cause and rule.remedy[0].isupper() and not rule.remedy.endswith(".")
    assert rule.scenarios and set(rule.scenarios) <= set(EVERY)


def test_the_worked_example_has_no_findings_and_pods_for_300_x_110_have_no_room_in_a_16() -> None:
    assert judge(worked_example(), "network") == []
    tight = worked_example(networks__cluster__pods__node_prefix=25, kubernetes__max_pods=110)
    (found,) = judge(tight, "network")
    assert found.check == "network.pods-too-few" and found.blocks
    assert "has 256 slices of /25 for 300 servers" in found.message
