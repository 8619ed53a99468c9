"""The plan's network values as lines of text: how each is read from the plan and written back."""

from collections.abc import Callable
from dataclasses import dataclass

from c3tui.model.network import AddressRange
from c3tui.model.plan import Plan

Value = str | int | list[str] | None


@dataclass(frozen=True)
class Field:
    """One value, or one range, that can be edited."""

    label: str
    path: str
    """Dotted path in the plan, of the value or of the range."""
    read: Callable[[Plan], str]
    note: str
    parse: Callable[[str], Value] | None = None
    """From text to the plan's value; None for a range, written as its two ends."""

    @property
    def id(self) -> str:
        """A name for the widget."""
        return self.path.replace(".", "-").replace("_", "-")

    def changes(self, text: str) -> dict[str, Value]:
        """The text as new values by dotted path."""
        if self.parse:
            return {self.path: self.parse(text)}
        start, _, end = text.partition("-")
        return {f"{self.path}.start": start.strip(), f"{self.path}.end": (end or start).strip()}


def _text(text: str) -> Value:
    return text.strip() or None


def _number(text: str) -> Value:
    """A number; what is none goes on as text, so that the plan's own message comes back."""
    return int(text) if text.strip().isdigit() else text


def _list(text: str) -> Value:
    return [part.strip() for part in text.split(",") if part.strip()]


def _span(span: AddressRange) -> str:
    return f"{span.start}-{span.end}"


def _join(values: object) -> str:
    return ", ".join(str(value) for value in values) if isinstance(values, list) else str(values or "")


FIELDS: tuple[Field, ...] = (
    Field("IPMI net", "networks.ipmi.cidr", lambda p: str(p.networks.ipmi.cidr), "BMCs only", _text),
    Field("PXE net", "networks.pxe.cidr", lambda p: str(p.networks.pxe.cidr), "servers boot here", _text),
    Field(
        "PXE leases", "networks.pxe.dynamic", lambda p: _span(p.networks.pxe.dynamic), "MAAS DHCP, first-last"
    ),
    Field(
        "Cluster L2",
        "networks.cluster.cidr",
        lambda p: str(p.networks.cluster.cidr),
        "flat: nodes, VIP and pods",
        _text,
    ),
    Field(
        "Gateway", "networks.cluster.gateway", lambda p: str(p.networks.cluster.gateway), "of the L2", _text
    ),
    Field("VLAN", "networks.cluster.vlan", lambda p: str(p.networks.cluster.vlan), "0 is untagged", _number),
    Field(
        "MTU",
        "networks.cluster.mtu",
        lambda p: str(p.networks.cluster.mtu),
        "on every switch port too",
        _number,
    ),
    Field("Bridge", "networks.cluster.bridge", lambda p: p.networks.cluster.bridge, "on each server", _text),
    Field(
        "Node range",
        "networks.cluster.nodes",
        lambda p: _span(p.networks.cluster.nodes),
        "one each, by plan order",
    ),
    Field(
        "API VIP",
        "networks.cluster.vip",
        lambda p: str(p.networks.cluster.vip),
        "moves with kube-vip",
        _text,
    ),
    Field(
        "Pods",
        "networks.cluster.pods.cidr",
        lambda p: str(p.networks.cluster.pods.cidr),
        "cut in one slice a node",
        _text,
    ),
    Field(
        "Pod slice",
        "networks.cluster.pods.node_prefix",
        lambda p: str(p.networks.cluster.pods.node_prefix),
        "prefix length of a node's slice",
        _number,
    ),
    Field(
        "Services",
        "networks.cluster.services",
        lambda p: str(p.networks.cluster.services),
        "inside the cluster only",
        _text,
    ),
    Field("DNS", "networks.cluster.dns", lambda p: _join(p.networks.cluster.dns), "with commas", _list),
    Field("NTP", "networks.cluster.ntp", lambda p: _join(p.networks.cluster.ntp), "with commas", _list),
)
"""In the order in which they are shown."""
