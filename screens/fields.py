"""The plan's network values as lines of text: how each is read from the plan, checked and written back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any, Literal

from c3tui.model.network import ReservedRange
from c3tui.model.plan import Plan

Kind = Literal["network", "address", "addresses", "number", "range", "names", "interface", "resident"]

WANTS: dict[Kind, str] = {
    "network": "a network such as 10.20.0.0/16",
    "address": "an address such as 10.20.0.5",
    "addresses": "addresses with commas between them",
    "number": "a whole number",
    "range": "first-last, such as 10.20.0.10-10.20.0.99",
    "names": "names or addresses with commas between them",
    "interface": "a name such as br0",
    "resident": "first-last and whose it is, such as 10.20.4.0-10.20.4.99 printers",
}
LONGEST_INTERFACE = 15
"""Characters of a network interface's name (Linux, IFNAMSIZ without its end)."""
RESIDENTS = "networks.cluster.reserved"


@dataclass(frozen=True)
class Field:
    """One value, or one range, that can be edited."""

    label: str
    path: str
    """Dotted path in the plan, of the value or of the range."""
    kind: Kind
    note: str
    """What it is, for whoever stands in the field."""
    optional: bool = False

    @property
    def id(self) -> str:
        """A name for the widget."""
        return self.path.replace(".", "-").replace("_", "-")

    @property
    def draft(self) -> str:
        """Under which key unfinished text is kept."""
        return f"network:{self.id}"

    def read(self, plan: Plan) -> str:
        """The plan's value as text; empty where it has none."""
        value = _at(plan, self.path)
        if value is None:
            return ""
        if isinstance(value, list):
            return ", ".join(str(each) for each in value)
        return f"{value} {value.purpose}" if isinstance(value, ReservedRange) else str(value)

    def about(self, path: str) -> bool:
        """Whether a path of the plan is this value, a part of it, or the section it is in."""
        return path == self.path or path.startswith(f"{self.path}.") or self.path.startswith(f"{path}.")

    def complaint(self, text: str) -> str:
        """Why a text cannot be such a value, in the words of a form; empty when it can."""
        text = text.strip()
        if not text:
            return "" if self.optional else f"is needed: write {WANTS[self.kind]}"
        if not text.isprintable():
            return "has a control character in it"
        return _COMPLAINTS[self.kind](text)

    def changes(self, text: str, plan: Plan) -> dict[str, object]:
        """The text as new values by dotted path; what it is that is no such value goes on as text."""
        text = text.strip()
        if self.kind == "resident" and text:
            return {f"{self.path}.{key}": value for key, value in resident(text).items()}
        if self.kind == "range" and text:
            ends = _ends(text)
            if _at(plan, self.path) is None:
                return {self.path: ends}
            return {f"{self.path}.{key}": value for key, value in ends.items()}
        if self.kind in ("addresses", "names"):
            return {self.path: _parts(text)}
        if self.kind == "number":
            return {self.path: int(text) if _is_number(text) else text}
        return {self.path: text or None}


def _at(plan: Plan, path: str) -> Any:
    value: Any = plan
    for key in path.split("."):
        if isinstance(value, list):
            value = value[int(key)] if int(key) < len(value) else None
        else:
            value = getattr(value, key)
    return value


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _ends(text: str) -> dict[str, object]:
    start, _, end = text.partition("-")
    return {"start": start.strip(), "end": (end or start).strip()}


def resident(text: str) -> dict[str, object]:
    """A resident's range and purpose out of ``first-last purpose``."""
    span, _, purpose = text.strip().partition(" ")
    return {**_ends(span), "purpose": purpose.strip()}


def residents(texts: list[str]) -> dict[str, object]:
    """All residents of the plan anew: where one comes or goes, their places in the list move."""
    return {RESIDENTS: [resident(text) for text in texts if text.strip()]}


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _address(text: str) -> str:
    try:
        IPv4Address(text)
    except ValueError:
        return f"{text} is IPv6: this design is IPv4" if ":" in text else f"{text} is no address"
    return ""


def _network(text: str) -> str:
    try:
        IPv4Network(text)
    except ValueError:
        return _no_network(text)
    return "" if "/" in text else f"{text} lacks its prefix length: write {WANTS['network']}"


def _no_network(text: str) -> str:
    try:
        return f"{text} is a host in it: write {IPv4Interface(text).network}"
    except ValueError:
        if ":" in text:
            return f"{text} is IPv6: this design is IPv4"
        return f"{text} is no network: write {WANTS['network']}"


def _range(text: str) -> str:
    start, mark, end = (part.strip() for part in text.partition("-"))
    if not mark or not end:
        return f"has no end: write {WANTS['range']}"
    return _address(start) or _address(end)


def _resident(text: str) -> str:
    span, _, purpose = text.partition(" ")
    if wrong := _range(span):
        return wrong
    return "" if purpose.strip() else f"says not whose: write {WANTS['resident']}"


def _interface(text: str) -> str:
    if len(text) > LONGEST_INTERFACE:
        return f"is longer than the {LONGEST_INTERFACE} characters of a Linux interface"
    return "a Linux interface has no blank and no / in its name" if set(text) & set(" /:") else ""


_COMPLAINTS: Mapping[Kind, Callable[[str], str]] = {
    "network": _network,
    "address": _address,
    "addresses": lambda text: next((wrong for part in _parts(text) if (wrong := _address(part))), ""),
    "number": lambda text: "" if _is_number(text) else f"{text} is no whole number",
    "range": _range,
    "names": lambda text: next((f"{part} has a blank in it" for part in _parts(text) if " " in part), ""),
    "interface": _interface,
    "resident": _resident,
}


def _common(name: str, title: str, vlan: str, mtu: str) -> list[Field]:
    """What every network has beside its CIDR."""
    path, before = f"networks.{name}", f"{title} " if title else ""
    return [
        Field(f"{before}VLAN", f"{path}.vlan", "number", vlan),
        Field(f"{before}MTU", f"{path}.mtu", "number", mtu),
        Field(
            f"{before}gw" if title else "Gateway",
            f"{path}.gateway",
            "address",
            "router of this network",
            bool(title),
        ),
        Field(f"{before}DNS", f"{path}.dns", "addresses", "name servers, commas between them", True),
        Field(f"{before}NTP", f"{path}.ntp", "names", "time servers, commas between them", True),
    ]


TAG = "802.1Q tag on the switch, 0 for untagged"
BOOT = "firmware and BMCs speak 1500"
PXE: tuple[Field, ...] = (
    Field("PXE net", "networks.pxe.cidr", "network", "servers boot here; MAAS serves DHCP"),
    Field("PXE leases", "networks.pxe.dynamic", "range", "first-last; MAAS leases these to booting servers"),
    *_common("pxe", "PXE", TAG, BOOT),
)
IPMI: tuple[Field, ...] = (
    Field("IPMI net", "networks.ipmi.cidr", "network", "BMCs only; C3 and MAAS must reach it"),
    *_common("ipmi", "IPMI", TAG, BOOT),
)
CLUSTER: tuple[Field, ...] = (
    Field("Cluster L2", "networks.cluster.cidr", "network", "flat: nodes, API VIP and every pod"),
    *_common("cluster", "", TAG, "576 to 9216, the same on every switch port"),
    Field("Bridge", "networks.cluster.bridge", "interface", "on each server; node and pods hang on it"),
    Field("Node range", "networks.cluster.nodes", "range", "first-last; its start decides every address"),
    Field("API VIP", "networks.cluster.vip", "address", "of the Kubernetes API; kube-vip moves it"),
    Field("Pods", "networks.cluster.pods.cidr", "network", "part of the L2, cut in one slice a node"),
    Field(
        "Pod slice", "networks.cluster.pods.node_prefix", "number", "prefix length of a slice: 26 has 62 pods"
    ),
    Field("Pods/node", "kubernetes.max_pods", "number", "kubelet's limit; must fit the slice"),
    Field("Services", "networks.cluster.services", "network", "inside the cluster only, on no real network"),
    Field("DHCP", "networks.cluster.dynamic", "range", "first-last; leases for others on the L2", True),
)
BOOTING: tuple[Field, ...] = PXE + IPMI
FIELDS: tuple[Field, ...] = BOOTING + CLUSTER
"""In the order in which one walks through them; residents come after."""


def resident_field(nth: int) -> Field:
    """The line of the resident at a place of the plan's list, from 0."""
    note = f"{WANTS['resident']}; emptied, it is gone"
    return Field(f"Resident {nth + 1}", f"{RESIDENTS}.{nth}", "resident", note, True)


def resident_fields(plan: Plan) -> tuple[Field, ...]:
    """A line for each other resident of the L2, and an empty one for another."""
    return tuple(resident_field(nth) for nth in range(len(plan.networks.cluster.reserved) + 1))
