"""Rules of single values: networks that can be used at all, and values that cannot even be read."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from pydantic import ValidationError

from c3tui.checks.catalogue import CATALOGUE, Fault, Says, check
from c3tui.model.plan import Plan

UNUSABLE = (
    (IPv4Network("0.0.0.0/8"), "this network (RFC 1122)"),
    (IPv4Network("169.254.0.0/16"), "link-local (RFC 3927)"),
    (IPv4Network("224.0.0.0/4"), "multicast (RFC 5771)"),
    (IPv4Network("240.0.0.0/4"), "reserved (RFC 1112)"),
)
LARGEST_SERVICES = 12
"""kube-apiserver refuses a larger range of services."""


@check(
    "network.invalid",
    step="network",
    cause="a value cannot be read, or names a network that no host can live in",
    remedy="Write networks such as 10.20.0.0/16, addresses such as 10.20.0.5, ranges with start and end",
)
def unusable_networks(plan: Plan) -> Says:
    """Networks whose numbers mean something else, and services beyond what Kubernetes takes."""
    networks = plan.networks
    named = [
        ("IPMI", networks.ipmi.cidr, "networks.ipmi.cidr"),
        ("PXE", networks.pxe.cidr, "networks.pxe.cidr"),
        ("cluster", networks.cluster.cidr, "networks.cluster.cidr"),
        ("services", networks.cluster.services, "networks.cluster.services"),
    ]
    for name, network, field in named:
        for bad, why in UNUSABLE:
            if network.overlaps(bad):
                yield "site", f"{name} {network} is {why}", (field,)
    services = networks.cluster.services
    if services.prefixlen < LARGEST_SERVICES:
        message = f"services {services} are more than Kubernetes takes, a /{LARGEST_SERVICES}"
        yield "site", message, ("networks.cluster.services",)


def read(tree: Mapping[str, Any]) -> tuple[Plan | None, list[Fault]]:
    """A plan out of plain values as somebody types them, or what cannot be read of it.

    Returns:
        The plan and no faults, or None and a fault for each value that is bad, under the rule it breaks.
    """
    try:
        return Plan.model_validate(tree), []
    except ValidationError as error:
        return None, unreadable(error)


def unreadable(error: ValidationError) -> list[Fault]:
    """What a plan could not be read for, as faults of the rules that say so."""
    found = []
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        path = tuple(str(part) for part in each["loc"])
        message = each["msg"].removeprefix("Value error, ")
        rule = CATALOGUE[_rule(path, message)]
        found.append(Fault(rule, "site", f"{'.'.join(path)}: {message}", (".".join(path),)))
    return found


def _rule(path: tuple[str, ...], message: str) -> str:
    if path[-1:] == ("mtu",):
        return "network.mtu"
    if path[:1] == ("servers",) and path[-1:] == ("name",):
        return "network.hostname"
    return "network.too-small" if "no room for servers" in message else "network.invalid"
