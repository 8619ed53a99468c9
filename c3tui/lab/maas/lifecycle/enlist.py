"""Machines that MAAS sees for the first time."""

import random

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.records import Interface, Machine
from c3tui.lab.maas.region import POWER_LAG, Region

_FIRST = "able apt calm crisp eager fair fast fine firm fond free glad keen kind live main mint neat open"
_MORE = "pro rapid ready sharp solid sound star still sure swift top true vital warm well wise"
_ANIMALS = (
    "badger bat bear bison bobcat calf colt crane crow deer doe dove duck eagle eel egret elk emu falcon "
    "ferret finch fox gannet gecko goat goose grouse gull hare hawk hen heron hound ibex jackal jay kite "
    "koala lark lemur lion lizard llama lynx mole moose moth mouse mule newt orca osprey otter owl ox"
)
PXE_BOOT = "Performing PXE boot"
POWER_DEFAULTS: dict[str, object] = {
    "power_driver": "LAN_2_0",
    "power_user": "",
    "power_pass": "",
    "power_boot_type": "auto",
    "cipher_suite_id": "3",
    "privilege_level": "OPERATOR",
    "workaround_flags": ["opensesspriv"],
    "k_g": "",
    "mac_address": "",
    "power_off_mode": "hard",
}
"""What MAAS fills in for power type ipmi."""


def animal_name(region: Region) -> str:
    """A host name nobody has, of the kind MAAS invents."""
    rng = random.Random(f"name/{region.room.scenario.seed}/{region.db.next_id('names')}")
    adjectives, animals = f"{_FIRST} {_MORE}".split(), _ANIMALS.split()
    taken = {machine.hostname for machine in region.db.machines.values()}
    while True:
        name = f"{rng.choice(adjectives)}-{rng.choice(animals)}"
        if name not in taken:
            return name


def new_machine(region: Region, hostname: str, macs: list[str]) -> Machine:
    """A machine in the database, with ports named by MAAS."""
    machine = Machine(system_id=region.db.new_system_id(), hostname=hostname)
    for number, mac in enumerate(macs):
        machine.interfaces.append(Interface(id=region.db.next_id("interfaces"), name=f"eth{number}", mac=mac))
    machine.boot_mac = macs[0] if macs else ""
    region.db.machines[machine.system_id] = machine
    return machine


def enlist(region: Region, box: Chassis) -> Machine:
    """What the enlisting image sends: ports, and where the BMC is, but no user that may log in."""
    machine = new_machine(region, animal_name(region), [nic.mac for nic in box.nics])
    machine.power_type = "ipmi"
    machine.power_parameters = {**POWER_DEFAULTS, "power_address": box.bmc.address}
    machine.query_due = region.now() + POWER_LAG
    boot = machine.interfaces[0]
    boot.lease = lease_of(region, box)
    boot.vlan_id = boot_vlan(region)
    region.event(machine, PXE_BOOT)
    return machine


def boot_vlan(region: Region) -> int | None:
    """The VLAN that MAAS leases addresses on."""
    return next((vlan.id for vlan in region.db.vlans.values() if vlan.dhcp_on), None)


def lease_of(region: Region, box: Chassis) -> str:
    """The address that DHCP gives a chassis on the PXE network; always the same one."""
    high, low = divmod(box.position - 1, 250)
    return str(region.room.scenario.pxe.network_address + ((200 + high) << 8) + low + 1)
