"""What stands in the machine room: servers with their bays, drives, ports and BMCs."""

from typing import Literal

from pydantic import BaseModel

BMC_USER = "ADMIN"
BMC_PASSWORD = "rehearsal-bmc-pass"


class Condition(BaseModel):
    """What is worn, broken or odd about a drive, beside a SMART status of failed."""

    reallocated: int = 0
    """Sectors, or NVMe media errors, or entries of a SAS drive's grown defect list."""
    wear: int = 0
    """Percent of the endurance a solid-state drive has used up."""
    logged_errors: int = 0
    """Old entries in its error log: smartctl ends with 64, though nothing is wrong with it."""
    smart: bool = True
    """Whether it answers SMART at all; behind some RAID controllers it does not."""
    pace: float = 1.0
    """Its throughput as a share of what its model gives."""
    hangs_in: str = ""
    """Test that never comes back from this drive; ``*`` for every one but the SMART report."""


class Drive(BaseModel):
    """A drive as it lies in the hand."""

    serial: str
    model: str
    wwn: str
    size: int
    """Bytes."""
    rotational: bool
    transport: Literal["sata", "sas", "nvme"]
    firmware: str
    hours: int
    failed: bool = False
    """SMART overall status FAILED, with reallocated and pending sectors."""
    condition: Condition = Condition()
    contents: str = ""
    """Empty, ``os``, ``filesystem`` or ``osd.<id>``."""

    @property
    def by_id(self) -> str:
        """The udev link that follows the drive."""
        if self.transport == "nvme":
            return f"/dev/disk/by-id/nvme-{self.model}_{self.serial}"
        return f"/dev/disk/by-id/wwn-{self.wwn}"


class Bay(BaseModel):
    """A slot; ``kernel_name`` and ``by_path`` belong to the slot in this room."""

    slot: int
    by_path: str
    kernel_name: str
    drive: Drive | None = None
    locate: bool = False
    """Its locate LED: the backplane keeps it, whatever happens to the system."""
    belongs: int = 0
    """Bytes of the drive that belongs here, after somebody put in a smaller one; 0 when all is as it was."""


class Nic(BaseModel):
    """A network port."""

    name: str
    mac: str
    speed: int
    """Mbit/s."""


class Dimm(BaseModel):
    """A memory module in its slot."""

    slot: str
    size_mib: int


class Bmc(BaseModel):
    """The management controller of a server."""

    address: str
    mac: str
    user: str = BMC_USER
    password: str = BMC_PASSWORD
    alive: bool = True
    identify: bool = False
    firmware: tuple[int, int] = (1, 73)
    """Major and minor."""
    boot_device: str = ""
    """``pxe``, ``disk`` or empty; used for the next boot only unless ``boot_persistent``."""
    boot_persistent: bool = False
    sel: list[tuple[float, str, int, int]] = []
    """Event log: (unix time, sensor name, event type, event data 1)."""


class Chassis(BaseModel):
    """One server."""

    name: str
    """As the label on its front; MAAS and C3 learn names their own way."""
    position: int
    rack: str
    unit: int
    serial: str
    product: str
    cpus: int
    memory_mib: int
    nics: list[Nic]
    bays: list[Bay]
    bmc: Bmc
    planned: bool = True
    """Whether the room's plan has it; the others are strays that nobody told of."""
    sockets: int = 2
    slots: list[str] = []
    """Every memory slot of the board, occupied or not."""
    dimms: list[Dimm] = []
    bios: str = "4.0"
    switch: str = ""
    """The top-of-rack switch that its ports hang on."""
    powered: bool = False
    boots: int = 0
    """How often it was switched on."""
    os_running: bool = False
    os_name: str = ""
    """Installed system, such as ``ubuntu/noble``; empty on a bare server."""
    hostname: str = ""
    """Of the installed system."""
    address: str = ""
    """Of the installed system's br0; where its SSH answers."""
    authorized_keys: list[str] = []
    """Of the installed system's first user, as cloud-init got them."""

    @property
    def pxe_mac(self) -> str:
        """The MAC that asks for PXE."""
        return self.nics[0].mac

    def bay(self, slot: int) -> Bay:
        """The bay of that number.

        Raises:
            KeyError: there is none.
        """
        for bay in self.bays:
            if bay.slot == slot:
                return bay
        raise KeyError(f"{self.name} has no bay {slot}")

    def bay_of(self, serial: str) -> Bay | None:
        """The bay that holds the drive of this serial."""
        return next((bay for bay in self.bays if bay.drive and bay.drive.serial == serial), None)
