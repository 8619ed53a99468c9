"""Rules of the cluster's making: control plane, and what the engineer tells Kubespray beside the plan."""

from collections import Counter
from collections.abc import Iterator
from ipaddress import IPv4Network
from typing import Any

from c3tui.checks.catalogue import Says, check
from c3tui.checks.network_room import kubespray_arithmetic
from c3tui.model.finding import Severity
from c3tui.model.plan import Plan

MEMBERS = "kubernetes.control_plane"
EXTRA = "kubernetes.extra_vars"

SIZES = ("kube_pods_subnet", "kube_network_node_prefix", "kubelet_max_pods", "kube_service_addresses")
TRUE = ("true", "yes", "on", "1")
"""A text that YAML 1.1 takes for true; one given as a string does its harm all the same."""


@check(
    "network.etcd-even",
    step="network",
    cause="an even number of etcd members tolerates no more failures than one fewer",
    remedy="Name one more or one fewer server in kubernetes.control_plane",
)
def even_control_plane(plan: Plan) -> Says:
    """Kubespray asserts an odd number of etcd members."""
    count = len(plan.kubernetes.control_plane)
    if count % 2 == 0:
        yield "site", f"{count} control planes make an even etcd", (MEMBERS,)


@check(
    "network.control-plane-few",
    step="network",
    severity=Severity.WARNING,
    cause="fewer than three control planes do not survive the loss of one",
    remedy="Name three servers in kubernetes.control_plane",
)
def few_control_planes(plan: Plan) -> Says:
    """Three control planes survive the loss of one."""
    count = len(set(plan.kubernetes.control_plane))
    if count < 3:
        yield "site", f"{count} control plane: losing one stops the cluster's API", (MEMBERS,)


@check(
    "network.control-plane-unknown",
    step="network",
    cause="kubernetes.control_plane names a server the plan does not expect",
    remedy="Name servers of the plan",
)
def unknown_control_plane(plan: Plan) -> Says:
    """Control planes must be servers of the plan."""
    known = {server.name for server in plan.servers}
    for name in plan.kubernetes.control_plane:
        if name not in known:
            yield "site", f"control plane {name} is not among the expected servers", (MEMBERS,)


@check(
    "network.control-plane-twice",
    step="network",
    cause="kubernetes.control_plane names a server more than once",
    remedy="Name each server once",
)
def control_plane_twice(plan: Plan) -> Says:
    """A name given twice is one etcd member, not two."""
    for name, count in Counter(plan.kubernetes.control_plane).items():
        if count > 1:
            yield "site", f"control plane {name} is named {count} times", (MEMBERS,)


@check(
    "network.control-plane-one-rack",
    step="network",
    severity=Severity.WARNING,
    cause="all control planes stand in one rack, although there are more: its power takes the API along",
    remedy="Name servers of different racks in kubernetes.control_plane",
)
def one_rack(plan: Plan) -> Says:
    """The loss of a rack should leave a majority of etcd, where racks allow it."""
    racks = {server.name: server.rack for server in plan.servers}
    members = [racks[name] for name in dict.fromkeys(plan.kubernetes.control_plane) if name in racks]
    if len(members) >= 3 and len(set(members)) == 1 and len(set(racks.values())) > 1:
        yield "site", f"all {len(members)} control planes stand in {members[0]}", (MEMBERS,)


@check(
    "network.kubespray-asserts",
    step="network",
    cause="kubernetes.extra_vars bring sizes that Kubespray's own asserts refuse",
    remedy="Leave them out: the plan's values are handed to Kubespray as they are",
)
def kubespray_asserts(plan: Plan) -> Says:
    """Kubespray's asserts over what it will really see; they run for ``cni`` too.

    Its own default, 10.233.64.0/18 cut in /24, passes with 64 nodes and fails with 65.
    """
    chosen = plan.kubernetes.extra_vars
    if any(name in chosen for name in SIZES):
        for message in _refused(plan, chosen):
            yield "site", f"{EXTRA}: {message}", (EXTRA,)


def _refused(plan: Plan, chosen: dict[str, Any]) -> Iterator[str]:
    cluster = plan.networks.cluster
    try:
        block = IPv4Network(str(chosen.get("kube_pods_subnet", cluster.pods.cidr)))
        services = IPv4Network(str(chosen.get("kube_service_addresses", cluster.services)))
        prefix = int(str(chosen.get("kube_network_node_prefix", cluster.pods.node_prefix)))
        pods = int(str(chosen.get("kubelet_max_pods", plan.kubernetes.max_pods)))
    except ValueError as error:
        yield str(error)
        return
    if not 0 <= prefix <= 32:
        yield f"kube_network_node_prefix {prefix} is no prefix length"
        return
    for message, _ in kubespray_arithmetic(block, prefix, pods, len(plan.servers)):
        yield message
    if block.subnet_of(services):
        yield f"pods {block} lie inside services {services}"


@check(
    "network.kubespray-overrides",
    step="network",
    cause="kubernetes.extra_vars undo what pods on the flat L2 need",
    remedy="Take the variable out of kubernetes.extra_vars",
)
def kubespray_overrides(plan: Plan) -> Says:
    """Another plugin, ipvs, node-local DNS without a route, or ranges given out by Kubernetes itself."""
    chosen = {name: str(value).lower() for name, value in plan.kubernetes.extra_vars.items()}
    if chosen.get("kube_network_plugin", "cni") != "cni":
        yield (
            "site",
            f"{EXTRA}: network plugin {chosen['kube_network_plugin']} replaces the bridges",
            (EXTRA,),
        )
    if chosen.get("kube_proxy_mode", "nftables") not in ("iptables", "nftables"):
        mode = chosen["kube_proxy_mode"]
        yield "site", f"{EXTRA}: in mode {mode} the proxy never sees what pods send to services", (EXTRA,)
    if chosen.get("enable_nodelocaldns", "false") in TRUE:
        yield "site", f"{EXTRA}: pods have no route to node-local DNS, so no name resolves in them", (EXTRA,)
    if chosen.get("kube_controller_manager_allocate_node_cidrs", "false") in TRUE:
        yield "site", f"{EXTRA}: Kubernetes would give out pod ranges that the plan has bound", (EXTRA,)
