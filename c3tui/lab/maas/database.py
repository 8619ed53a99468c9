"""The region's database: tables of records, identifiers, and the look-ups that several parts need."""

import random
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from c3tui.lab.maas.records import (
    Disk,
    Event,
    Fabric,
    Interface,
    IpRange,
    Link,
    Machine,
    Named,
    Notification,
    Record,
    Script,
    ScriptSet,
    SshKey,
    Subnet,
    Token,
    User,
    Vlan,
)
from c3tui.lab.maas.status import ScriptType

_ID_LETTERS = "34678abcdefghkmnpqrstwxy"
_KEPT_EVENTS = 20_000
_KEPT_SETS = 10
"""MAAS's max_node_testing_results and max_node_commissioning_results."""


class Database(Record):
    """Everything that survives a restart of the region."""

    epoch: float = 0.0
    """Simulated unix time when the state was saved."""
    sequences: dict[str, int] = {}
    config: dict[str, Any] = {}
    users: dict[str, User] = {}
    tokens: list[Token] = []
    ssh_keys: dict[int, SshKey] = {}
    fabrics: dict[int, Fabric] = {}
    vlans: dict[int, Vlan] = {}
    subnets: dict[int, Subnet] = {}
    ip_ranges: dict[int, IpRange] = {}
    machines: dict[str, Machine] = {}
    scripts: dict[int, Script] = {}
    sets: dict[str, list[ScriptSet]] = {}
    """Runs by machine, oldest first."""
    events: list[Event] = []
    tags: dict[str, Named] = {}
    pools: dict[int, Named] = {}
    zones: dict[int, Named] = {}
    notifications: dict[int, Notification] = {}

    def next_id(self, table: str, first: int = 1) -> int:
        """An identifier never given before in that table."""
        value = self.sequences.get(table, first - 1) + 1
        self.sequences[table] = value
        return value

    def new_system_id(self) -> str:
        """Six letters, as MAAS makes them from a number."""
        while True:
            rng = random.Random(f"system/{self.next_id('system')}")
            name = "".join(rng.choice(_ID_LETTERS) for _ in range(6))
            if name not in self.machines:
                return name

    def machine_by_mac(self, mac: str) -> Machine | None:
        """The machine that has a port with that MAC address."""
        for machine in self.machines.values():
            if any(nic.mac == mac and nic.type == "physical" for nic in machine.interfaces):
                return machine
        return None

    def script_by_name(self, name: str) -> Script | None:
        """The script of that name."""
        return next((script for script in self.scripts.values() if script.name == name), None)

    def sets_of(self, system_id: str, kind: ScriptType | None = None) -> list[ScriptSet]:
        """The runs of a machine, oldest first."""
        return [each for each in self.sets.get(system_id, []) if kind in (None, each.type)]

    def set_of(self, system_id: str, number: int | None) -> ScriptSet | None:
        """A run of a machine by its id."""
        return next((each for each in self.sets.get(system_id, []) if each.id == number), None)

    def add_set(self, new: ScriptSet) -> None:
        """Store a run, and keep only the newest of its kind."""
        runs = self.sets.setdefault(new.system_id, [])
        runs.append(new)
        for old in self.sets_of(new.system_id, new.type)[:-_KEPT_SETS]:
            runs.remove(old)

    def add_event(self, event: Event) -> None:
        """Append to the event log, dropping the oldest of a very long one."""
        self.events.append(event)
        if len(self.events) > _KEPT_EVENTS:
            del self.events[: _KEPT_EVENTS // 4]

    def links(self) -> Iterator[tuple[Machine, Interface, Link]]:
        """Every link of every machine."""
        for machine in self.machines.values():
            for interface in machine.interfaces:
                for link in interface.links:
                    yield machine, interface, link

    def used_addresses(self, subnet: Subnet) -> set[str]:
        """Addresses that links hold on a subnet."""
        return {link.ip for _, _, link in self.links() if link.ip and link.subnet_id == subnet.id}

    def ranges_of(self, subnet: Subnet) -> list[IpRange]:
        """The ranges of a subnet, lowest first."""
        ranges = [each for each in self.ip_ranges.values() if each.subnet_id == subnet.id]
        return sorted(ranges, key=lambda each: IPv4Address(each.start))

    def free_address(self, subnet: Subnet) -> str | None:
        """The lowest address of a subnet that is neither used, nor in a range, nor gateway or DNS."""
        taken = {*self.used_addresses(subnet), subnet.gateway_ip, *subnet.dns_servers}
        spans = [
            (int(IPv4Address(each.start)), int(IPv4Address(each.end))) for each in self.ranges_of(subnet)
        ]
        network = IPv4Network(subnet.cidr)
        number, last = int(network.network_address) + 1, int(network.broadcast_address)
        while number < last:
            end = next((end for start, end in spans if start <= number <= end), None)
            if end is not None:
                number = end + 1
            elif str(IPv4Address(number)) in taken:
                number += 1
            else:
                return str(IPv4Address(number))
        return None

    def vlan_subnet(self, vlan_id: int | None) -> Subnet | None:
        """The first subnet on a VLAN."""
        return next((subnet for subnet in self.subnets.values() if subnet.vlan_id == vlan_id), None)


def disk_of(machine: Machine, text: str) -> Disk | None:
    """A machine's disk by id or name, as the API's paths give it."""
    return next((disk for disk in machine.disks if text in (str(disk.id), disk.name)), None)


def interface_of(machine: Machine, text: str) -> Interface | None:
    """A machine's interface by id or name."""
    return next((nic for nic in machine.interfaces if text in (str(nic.id), nic.name)), None)


def children_of(machine: Machine, interface: Interface) -> list[Interface]:
    """The bridges and bonds over an interface."""
    return [nic for nic in machine.interfaces if interface.id in nic.parents]
