"""What a new site must be told: each answer judged as it comes, the rest of the plan derived from all."""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Address, IPv4Network, ip_address
from urllib.parse import urlsplit

EXAMPLES = {
    "name": "site-1",
    "maas_url": "http://10.1.0.2:5240/MAAS/",
    "ipmi": "10.0.0.0/22",
    "pxe": "10.1.0.0/16",
    "cluster": "10.20.0.0/16",
}

NARROWEST = {"ipmi": 28, "pxe": 28, "cluster": 23}
"""Longest prefix with room for the three example servers; the cluster L2 also holds 60 pods for each."""

SERVERS = 3
NODE_PREFIX = 26
MOST_NODES = 2048
SERVICES = ("10.233.0.0/18", "172.30.0.0/18", "192.168.192.0/18", "100.64.0.0/18")


def name(text: str) -> str:
    """A site's name.

    Raises:
        ValueError: it is no DNS label.
    """
    from pydantic import TypeAdapter, ValidationError

    from c3tui.model.plan import Name

    try:
        return str(TypeAdapter(Name).validate_python(text))
    except ValidationError:
        raise ValueError(
            "a name has a-z, 0-9 and - in it, 63 at most, and - neither first nor last"
        ) from None


def maas_url(text: str) -> str:
    """The URL of MAAS, with a slash at its end.

    Raises:
        ValueError: it is no http or https URL of MAAS, or has a login in it.
    """
    parts = urlsplit(text)
    try:
        known = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        known = False
    if not known or parts.path.rstrip("/") != "/MAAS" or parts.query or parts.fragment or not _plain(text):
        raise ValueError(f"not a URL of MAAS, such as {EXAMPLES['maas_url']}")
    if parts.username or parts.password:
        raise ValueError("no login in the URL: the API key belongs into secrets.yaml")
    return text.rstrip("/") + "/"


def _plain(text: str) -> bool:
    return text.isascii() and text.isprintable() and not set(' "\\<>{}') & set(text)


def network(key: str, text: str, others: Mapping[str, str]) -> str:
    """A network, apart from those given before.

    Raises:
        ValueError: it is none, too small, or overlaps another.
    """
    try:
        given = IPv4Network(text, strict=False)
    except ValueError:
        raise ValueError(f"not an IPv4 network, such as {EXAMPLES[key]}") from None
    if text != str(given):
        raise ValueError(f"not a network in its usual form; do you mean {given}?")
    if given.prefixlen > NARROWEST[key]:
        raise ValueError(f"too small: /{NARROWEST[key]} is the smallest that three servers fit into")
    if given.prefixlen < 8:
        raise ValueError("far too large: /8 is the largest private network")
    for other, cidr in others.items():
        if other in NARROWEST and given.overlaps(IPv4Network(cidr)):
            raise ValueError(f"overlaps {cidr}, the network given for {other}")
    return text


def judged(key: str, text: str, before: Mapping[str, str]) -> str:
    """An answer as it goes into the plan.

    Args:
        before: the answers so far.

    Raises:
        ValueError: it will not do, and why.
    """
    simple: dict[str, Callable[[str], str]] = {"name": name, "maas_url": maas_url}
    return simple[key](text) if key in simple else network(key, text, before)


def derived(answers: Mapping[str, str]) -> dict[str, str]:
    """The addresses that follow from the answers; examples to edit, but consistent ones."""
    ipmi, pxe, cluster = (IPv4Network(answers[key]) for key in ("ipmi", "pxe", "cluster"))
    low, pods = cluster.subnets()
    nodes = min(1 << (NODE_PREFIX - pods.prefixlen), low.num_addresses - 10, MOST_NODES)
    start, end = _leases(pxe, urlsplit(answers["maas_url"]).hostname or "")
    return {
        "pxe_gateway": str(pxe[1]),
        "pxe_start": str(start),
        "pxe_end": str(end),
        "cluster_gateway": str(cluster[1]),
        "vip": str(cluster[5]),
        "nodes_start": str(cluster[10]),
        "nodes_end": str(cluster[9 + nodes]),
        "nodes_count": str(nodes),
        "pods": str(pods),
        "services": _services((ipmi, pxe, cluster)),
        **{f"bmc_{nth}": str(ipmi[nth + 10]) for nth in range(1, SERVERS + 1)},
    }


def _leases(pxe: IPv4Network, maas: str) -> tuple[IPv4Address, IPv4Address]:
    """One half of the network for leases: the upper, or the lower when MAAS itself sits in the upper."""
    lower, upper = pxe.subnets()
    try:
        inside = ip_address(maas) in upper
    except ValueError:
        inside = False
    return (lower[2], lower[-1]) if inside else (upper[0], upper[-2])


def _services(taken: tuple[IPv4Network, ...]) -> str:
    """Service addresses never leave the cluster: any private block that nothing else uses will do."""
    free = [each for each in SERVICES if not any(IPv4Network(each).overlaps(one) for one in taken)]
    # Three networks cannot overlap four disjoint blocks, as none of them is larger than a /8.
    return free[0]
