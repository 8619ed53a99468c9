"""What stands in the machine room: servers with their bays, drives, ports and BMCs."""

from typing import Literal

from pydantic import BaseModel

BMC_USER = "ADMIN"
BMC_PASSWORD = "rehearsal-bmc-pass"


class Drive(BaseModel):
    """A drive as it lies in the hand."""

    serial: str
    model: str
    wwn: str
    size: int
    """Bytes."""
    rotational: bool
    transport: Literal["sata", "nvme"]
    firmware: str
    hours: int
    failed: bool = False
    """SMART overall status FAILED, with reallocated and pending sectors."""
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


class Nic(BaseModel):
    """A network port."""

    name: str
    mac: str
    speed: int
    """Mbit/s."""


class Bmc(BaseModel):
    """The management controller of a server."""

    address: str
    mac: str
    user: str = BMC_USER
    password: str = BMC_PASSWORD
    alive: bool = True
    identify: bool = False
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
    powered: bool = False
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

    def bay_of(self, serial: str) -> Bay | None:
        """The bay that holds the drive of this serial."""
        return next((bay for bay in self.bays if bay.drive and bay.drive.serial == serial), None)
