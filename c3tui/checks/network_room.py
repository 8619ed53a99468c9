"""Rules of size: everybody who needs an address gets one."""

from ipaddress import IPv4Network

from c3tui.checks.catalogue import GROWING, Says, check
from c3tui.model.plan import Plan

FEWEST_SERVICES = 256
"""Ceph, DNS and the applications each have Services; running out cannot be mended on a living cluster."""


@check(
    "network.too-small",
    step="network",
    scenarios=GROWING,
    cause="a network or range has too few addresses for what must live in it",
    remedy="Widen it",
)
def too_small(plan: Plan) -> Says:
    """A lease for each server that boots at the same time, and Services enough for a cluster's life."""
    pxe, services = plan.networks.pxe, plan.networks.cluster.services
    booting = min(len(plan.servers), plan.discovery.wave)
    if len(pxe.dynamic) < booting:
        message = f"PXE leases {pxe.dynamic} are {len(pxe.dynamic)}, and {booting} servers boot at a time"
        yield "site", message, ("networks.pxe.dynamic", "discovery.wave")
    if services.num_addresses < FEWEST_SERVICES:
        message = f"services {services} are {services.num_addresses}; have {FEWEST_SERVICES} at least"
        yield "site", message, ("networks.cluster.services",)


@check(
    "network.nodes-too-few",
    step="network",
    scenarios=GROWING,
    cause="the node range has fewer addresses than the plan has servers",
    remedy="Widen networks.cluster.nodes at its end; its start decides every address",
)
def node_range(plan: Plan) -> Says:
    """Each server needs a node address."""
    nodes = plan.networks.cluster.nodes
    if len(nodes) < len(plan.servers):
        message = f"node range {nodes} holds {len(nodes)} of {len(plan.servers)} servers"
        yield "site", message, ("networks.cluster.nodes",)


@check(
    "network.pods-too-few",
    step="network",
    scenarios=GROWING,
    cause="Kubespray refuses when max_pods does not fit a slice, or the block has fewer slices than nodes",
    remedy="Shorten pods.node_prefix, widen pods.cidr or lower max_pods: see `c3tui plan SITE sizing`",
)
def pod_block(plan: Plan) -> Says:
    """Kubespray's own arithmetic: max_pods <= 2^(32-prefix)-2, and a slice for every node."""
    pods = plan.networks.cluster.pods
    for message, what in kubespray_arithmetic(
        pods.cidr, pods.node_prefix, plan.kubernetes.max_pods, len(plan.servers)
    ):
        yield "site", message, _FIELDS[what]


_FIELDS = {
    "prefix": ("networks.cluster.pods.node_prefix", "networks.cluster.pods.cidr"),
    "pods": ("kubernetes.max_pods", "networks.cluster.pods.node_prefix"),
    "nodes": ("networks.cluster.pods.cidr", "networks.cluster.pods.node_prefix"),
}


def kubespray_arithmetic(block: IPv4Network, prefix: int, pods: int, nodes: int) -> list[tuple[str, str]]:
    """What Kubespray's asserts refuse, as (message, which of prefix, pods and nodes).

    Source: Kubespray, roles/validate_inventory; both hold for ``cni`` too.
    """
    if prefix < block.prefixlen:
        return [(f"a slice of /{prefix} does not fit into {block}", "prefix")]
    found, room, slices = [], (1 << (32 - prefix)) - 2, 1 << (prefix - block.prefixlen)
    if pods > room:
        message = f"{pods} pods a node do not fit a slice of /{prefix} with {room} addresses"
        found.append((message, "pods"))
    if slices < nodes:
        found.append((f"{block} has {slices} slices of /{prefix} for {nodes} servers", "nodes"))
    return found
