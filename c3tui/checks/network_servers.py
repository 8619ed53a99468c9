"""Rules of the expected servers: each is one machine, at one place, with a name that can be used."""

import re
from collections.abc import Iterator

from c3tui.checks.catalogue import Says, check
from c3tui.model.plan import ExpectedServer, Plan

MAC = re.compile(r"[0-9a-f]{2}([:-][0-9a-f]{2}){5}\Z", re.IGNORECASE)
TAKEN = frozenset({"all", "ungrouped", "etcd", "bastion", "localhost", "kubernetes"})
"""Names of Ansible groups, of every host itself, and of the API's certificate."""


def mac_key(text: str) -> str:
    """A MAC in one way of writing."""
    return text.lower().replace("-", ":")


@check(
    "network.hostname",
    step="network",
    cause="a server's name is no DNS-1123 label, or means something else to Ansible or to the system",
    remedy="Use a-z, 0-9 and -, 63 at most, and no name of a group",
)
def hostnames(plan: Plan) -> Says:
    """Kubernetes and Kubespray take DNS-1123 labels only; one that is none is refused as the plan is read."""
    for place, server in enumerate(plan.servers):
        if server.name in TAKEN:
            message = f"a server must not be called {server.name}"
            yield "site", message, (f"servers.{place}.name",)


@check(
    "network.server-twice",
    step="network",
    cause="two expected servers share what must be unique",
    remedy="Correct the list of servers",
)
def servers_twice(plan: Plan) -> Says:
    """Names, serials, BMC addresses, MACs and rack units are unique."""
    places: dict[tuple[str, str], list[str]] = {}
    for number, server in enumerate(plan.servers):
        for what, value, field in _identities(server):
            places.setdefault((what, value), []).append(f"servers.{number}.{field}")
    for (what, value), fields in places.items():
        if len(fields) > 1:
            yield "site", f"{what} {value} is given {len(fields)} times", tuple(fields)


def _identities(server: ExpectedServer) -> Iterator[tuple[str, str, str]]:
    yield "name", server.name, "name"
    if server.serial:
        yield "serial", server.serial, "serial"
    yield "BMC address", str(server.bmc.address), "bmc.address"
    if server.bmc.mac:
        yield "MAC", mac_key(server.bmc.mac), "bmc.mac"
    yield "rack unit", f"{server.rack} unit {server.unit}", "unit"


@check(
    "network.bmc-mac",
    step="network",
    cause="a BMC's MAC is not written as one",
    remedy="Write six pairs of hex digits, such as ac:1f:6b:00:00:04",
)
def bmc_macs(plan: Plan) -> Says:
    """A MAC that is none would match no machine."""
    for place, server in enumerate(plan.servers):
        if server.bmc.mac and not MAC.match(server.bmc.mac):
            message = f"{server.bmc.mac!r} of {server.name} is no MAC"
            yield "site", message, (f"servers.{place}.bmc.mac",)


@check(
    "network.rack-unknown",
    step="network",
    cause="a server stands in a rack the plan does not have, or above its top",
    remedy="Add the rack, or correct the server",
)
def racks_known(plan: Plan) -> Says:
    """Servers stand in racks of the plan."""
    racks = {rack.name: rack.units for rack in plan.racks}
    for place, server in enumerate(plan.servers):
        if server.rack not in racks:
            message = f"{server.name} stands in unknown rack {server.rack}"
            yield "site", message, (f"servers.{place}.rack",)
        elif server.unit > racks[server.rack]:
            message = (
                f"{server.name} is in unit {server.unit} of {server.rack}, which has {racks[server.rack]}"
            )
            yield "site", message, (f"servers.{place}.unit",)


@check(
    "network.rack-twice",
    step="network",
    cause="two racks have one name",
    remedy="Give each rack a name of its own",
)
def racks_twice(plan: Plan) -> Says:
    """A rack's name says where to walk."""
    names = [rack.name for rack in plan.racks]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            fields = tuple(f"racks.{place}.name" for place, each in enumerate(names) if each == name)
            yield "site", f"rack {name} is given {len(fields)} times", fields
