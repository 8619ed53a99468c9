"""A machine as MAAS describes it: status, disks and network interfaces."""

from dataclasses import dataclass

from c3tui.clients.maas.fields import Raw, child, children, maybe, number, text, words
from c3tui.clients.maas.status import BUSY, Status, node_status

IN_ITS_OWN_SYSTEM = frozenset(
    {
        Status.DEPLOYED,
        Status.TESTING,
        Status.FAILED_TESTING,
        Status.RESCUE_MODE,
        Status.ENTERING_RESCUE_MODE,
        Status.FAILED_ENTERING_RESCUE_MODE,
        Status.EXITING_RESCUE_MODE,
        Status.FAILED_EXITING_RESCUE_MODE,
    }
)
"""States in which an installed operating system stays on the disks and is gone back to."""


@dataclass(frozen=True)
class Disk:
    """A physical disk; MAAS knows no bay, see `c3tui.clients.maas.bays`."""

    id: int
    name: str
    serial: str
    model: str
    size: int
    """Bytes."""
    id_path: str
    """``/dev/disk/by-id/...``"""
    rotational: bool
    tags: tuple[str, ...]
    boot: bool
    used_for: str
    firmware: str = ""


@dataclass(frozen=True)
class Link:
    """A subnet that an interface is configured on."""

    id: int
    mode: str
    """``auto``, ``dhcp``, ``static`` or ``link_up``."""
    subnet_id: int | None
    cidr: str
    address: str
    """Empty for ``auto`` before deployment."""


@dataclass(frozen=True)
class Nic:
    """A network interface: physical, bond, bridge or VLAN."""

    id: int
    name: str
    mac: str
    type: str
    vlan_id: int | None
    """MAAS's number of the VLAN, not its 802.1Q tag; None when not connected to a known one."""
    speed: int
    """Mbit/s."""
    connected: bool
    mtu: int
    parents: tuple[str, ...]
    links: tuple[Link, ...]
    firmware: str = ""


@dataclass(frozen=True)
class Machine:
    """One server in MAAS."""

    system_id: str
    hostname: str
    description: str
    status: int
    """A `Status` where MAAS's number is known."""
    status_name: str
    status_message: str
    """Text of the latest event; stays behind when the work is over, so never a verdict."""
    power_state: str
    """``on``, ``off``, ``unknown`` or ``error``; MAAS's cached view, up to a minute old."""
    power_type: str
    owner: str
    serial: str
    vendor: str
    product: str
    cpus: int
    memory_mib: int
    boot_mac: str
    disks: tuple[Disk, ...]
    nics: tuple[Nic, ...]
    testing_set: int | None
    commissioning_set: int | None
    installation_set: int | None
    error: str
    osystem: str
    distro_series: str
    tags: tuple[str, ...]
    locked: bool
    addresses: tuple[str, ...]
    cpu_model: str = ""
    bios: str = ""
    """Version of the board's firmware."""

    @property
    def macs(self) -> tuple[str, ...]:
        """MACs of the physical ports, lower case."""
        return tuple(nic.mac for nic in self.nics if nic.type == "physical")

    @property
    def busy(self) -> bool:
        """Whether MAAS is at work on it."""
        return self.status in BUSY

    @property
    def installed(self) -> bool:
        """Whether it is a deployed server, be it under test or in rescue mode just now."""
        return self.status == Status.DEPLOYED or bool(self.osystem and self.status in IN_ITS_OWN_SYSTEM)

    def disk(self, serial: str) -> Disk | None:
        """The disk of that serial number, or None."""
        return next((disk for disk in self.disks if disk.serial == serial), None)

    def nic(self, mac: str) -> Nic | None:
        """The physical port of that MAC, or None."""
        return next((nic for nic in self.nics if nic.type == "physical" and nic.mac == mac.lower()), None)


def parse_machine(raw: Raw) -> Machine:
    """A machine out of its JSON; values this version does not know are kept as they are."""
    hardware = child(raw, "hardware_info")
    boot_disk = maybe(child(raw, "boot_disk"), "id")
    return Machine(
        system_id=text(raw, "system_id"),
        hostname=text(raw, "hostname"),
        description=text(raw, "description"),
        status=node_status(number(raw, "status", -1)),
        status_name=text(raw, "status_name"),
        status_message=text(raw, "status_message"),
        power_state=text(raw, "power_state") or "unknown",
        power_type=text(raw, "power_type"),
        owner=text(raw, "owner"),
        serial=text(hardware, "system_serial"),
        vendor=text(hardware, "system_vendor"),
        product=text(hardware, "system_product"),
        cpus=number(raw, "cpu_count"),
        memory_mib=number(raw, "memory"),
        boot_mac=text(child(raw, "boot_interface"), "mac_address").lower(),
        disks=tuple(parse_disk(disk, boot_disk) for disk in children(raw, "physicalblockdevice_set")),
        nics=tuple(parse_nic(nic) for nic in children(raw, "interface_set")),
        testing_set=maybe(raw, "current_testing_result_id"),
        commissioning_set=maybe(raw, "current_commissioning_result_id"),
        installation_set=maybe(raw, "current_installation_result_id"),
        error=text(raw, "error_description"),
        osystem=text(raw, "osystem"),
        distro_series=text(raw, "distro_series"),
        tags=words(raw, "tag_names"),
        locked=raw.get("locked") is True,
        addresses=words(raw, "ip_addresses"),
        cpu_model=text(hardware, "cpu_model"),
        bios=text(hardware, "mainboard_firmware_version"),
    )


def parse_disk(raw: Raw, boot_disk: int | None = None) -> Disk:
    """A disk out of its JSON."""
    tags = words(raw, "tags")
    return Disk(
        id=number(raw, "id"),
        name=text(raw, "name"),
        serial=text(raw, "serial"),
        model=text(raw, "model"),
        size=number(raw, "size"),
        id_path=text(raw, "id_path"),
        # Commissioning tags every disk "rotary" or "ssd" from the kernel's rotational flag.
        rotational="rotary" in tags,
        tags=tags,
        boot=boot_disk is not None and number(raw, "id", -1) == boot_disk,
        used_for=text(raw, "used_for"),
        firmware=text(raw, "firmware_version"),
    )


def parse_nic(raw: Raw) -> Nic:
    """A network interface out of its JSON."""
    return Nic(
        id=number(raw, "id"),
        name=text(raw, "name"),
        mac=text(raw, "mac_address").lower(),
        type=text(raw, "type"),
        vlan_id=maybe(child(raw, "vlan"), "id"),
        speed=number(raw, "link_speed") or number(raw, "interface_speed"),
        connected=raw.get("link_connected") is not False,
        mtu=number(raw, "effective_mtu"),
        parents=words(raw, "parents"),
        links=tuple(_parse_link(link) for link in children(raw, "links")),
        firmware=text(raw, "firmware_version"),
    )


def _parse_link(raw: Raw) -> Link:
    subnet = child(raw, "subnet")
    return Link(
        id=number(raw, "id"),
        mode=text(raw, "mode"),
        subnet_id=maybe(subnet, "id"),
        cidr=text(subnet, "cidr"),
        address=text(raw, "ip_address"),
    )
