"""A scenario: how big the machine room is, how fast time runs in it, and what is broken."""

from enum import StrEnum
from ipaddress import IPv4Network
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator
from ruamel.yaml import YAML


class FaultKind(StrEnum):
    """What can be broken in the room."""

    DEAD_DRIVE = "dead-drive"
    """SMART says failed; a test of the drive fails, and Ceph would have got it."""
    DEAD_BMC = "dead-bmc"
    """The BMC answers nothing. MAAS cannot power the server either."""
    WRONG_PASSWORD = "wrong-password"
    """The BMC's password is another than the site's secrets say."""
    DEPLOY_FAILS = "deploy-fails"
    """The installation of the operating system fails ``times`` times."""
    TASK_FAILS = "task-fails"
    """The Kubespray task that ``detail`` names fails on this server ``times`` times."""
    WORN_DRIVE = "worn-drive"
    """Solid state with 94 % of its endurance used, or a disk of six years."""
    SLOW_DRIVE = "slow-drive"
    """It gives two fifths of what its siblings give, and says nothing of it."""
    NO_SMART = "no-smart"
    """It answers no SMART command."""
    WRONG_BAY = "wrong-bay"
    """A drive of another class sits here: solid state among disks, or a disk among solid state."""
    OVERRUNS = "overruns"
    """The test ``detail`` (every one but the SMART report when empty) never comes back from this drive."""
    REALLOCATED = "reallocated"
    """387 sectors were reallocated, and SMART still says passed."""
    LOGGED_ERRORS = "logged-errors"
    """Old entries in the error log make smartctl end with 64; the drive is sound."""
    NO_PACKAGES = "no-packages"
    """The packages of test ``detail`` (of all when empty) cannot be installed, ``times`` times."""
    SWAPS_WRONG_BAY = "swaps-wrong-bay"
    """The technician who is to swap this drive pulls the one beside it, ``times`` times."""
    SAME_DRIVE_BACK = "same-drive-back"
    """The technician pulls this drive and puts it back, ``times`` times."""
    SMALLER_DRIVE = "smaller-drive"
    """The technician puts a drive of half the size in here, ``times`` times."""


class Fault(BaseModel):
    """One thing that is broken."""

    model_config = ConfigDict(extra="forbid")

    kind: FaultKind
    server: Annotated[int, Field(ge=1)]
    """Position in the room, 1 is the first."""
    bay: int | None = None
    times: int = 1
    detail: str = ""
    mended: bool = False


class Media(StrEnum):
    """Classes of drives."""

    HDD = "hdd"
    SSD = "ssd"
    NVME = "nvme"
    SAS = "sas"


class BmcKnobs(BaseModel):
    """How the BMCs behave on the wire."""

    model_config = ConfigDict(extra="forbid")

    latency_ms: float = 2.0
    """Mean of the delay before an answer; never 0: real BMCs are not, and pyghmi loses wake-ups then."""
    loss: Annotated[float, Field(ge=0, lt=1)] = 0.0
    session_limit: int = 15
    dead_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    wrong_password_share: Annotated[float, Field(ge=0, le=1)] = 0.0


class Technician(BaseModel):
    """The person who swaps drives that MAAS shows as marked for replacement."""

    model_config = ConfigDict(extra="forbid")

    present: bool = True
    seconds: float = 60.0
    """Simulated seconds from seeing a mark to having swapped the drive."""


class Scenario(BaseModel):
    """One machine room, fully determined by its seed."""

    model_config = ConfigDict(extra="forbid")

    name: str = "sound"
    servers: Annotated[int, Field(ge=1, le=2000)] = 12
    bays: Annotated[int, Field(ge=1, le=90)] = 12
    servers_per_rack: Annotated[int, Field(ge=1, le=40)] = 4
    seed: int = 7
    speed: Annotated[float, Field(gt=0)] = 60.0
    """Simulated seconds in a real one."""
    strays: Annotated[int, Field(ge=0, le=100)] = 0
    """Servers beside those, whose BMCs answer and that the plan does not have."""
    octet: Annotated[int, Field(ge=1, le=250)] = 10
    """IPMI, PXE and cluster network are 127.octet, 127.octet+1 and 127.octet+2."""
    maas_port: int = 5240
    maas_ms_per_machine: Annotated[float, Field(ge=0)] = 0.0
    """What MAAS takes longer for each machine it tells of; a real region needs 30 to 50."""
    bmc_port: int = 6230
    ssh_port: int = 2222
    api_port: int = 6443
    bmc: BmcKnobs = BmcKnobs()
    technician: Technician = Technician()
    media: dict[Media, list[int]] = {}
    """Bays of every server that hold this class of drive; the others hold SATA disks, the first an SSD."""
    tests: list[str] = ["smartctl-validate"]
    """Tests of MAAS's own that the room's plan names."""
    faults: list[Fault] = []

    @model_validator(mode="after")
    def _faults_in_the_room(self) -> Self:
        for fault in self.faults:
            if not self.holds(fault):
                place = f"server {fault.server}" + (f" bay {fault.bay}" if fault.bay is not None else "")
                size = f"{self.servers} servers, bays 0 to {self.bays - 1}"
                raise ValueError(f"no {place} for {fault.kind}: {size}")
        return self

    def media_of(self, slot: int) -> Media:
        """The class of drive that belongs into a bay."""
        found = next((media for media, slots in self.media.items() if slot in slots), None)
        return found or (Media.SSD if slot == 0 else Media.HDD)

    def holds(self, fault: Fault) -> bool:
        """Whether the room has the place of a fault."""
        return fault.server <= self.servers and (fault.bay is None or 0 <= fault.bay < self.bays)

    @property
    def ipmi(self) -> IPv4Network:
        """The network of the BMCs."""
        return IPv4Network(f"127.{self.octet}.0.0/16")

    @property
    def pxe(self) -> IPv4Network:
        """The network that servers boot from."""
        return IPv4Network(f"127.{self.octet + 1}.0.0/16")

    @property
    def cluster(self) -> IPv4Network:
        """The flat L2."""
        return IPv4Network(f"127.{self.octet + 2}.0.0/16")

    @property
    def vip(self) -> str:
        """Where the Kubernetes API will answer."""
        return str(self.cluster.network_address + 5)


def load(path: Path) -> Scenario:
    """A scenario from its YAML file.

    Raises:
        OSError: the file cannot be read.
        pydantic.ValidationError: it does not describe a room.
    """
    return Scenario.model_validate(YAML(typ="safe", pure=True).load(path.read_text()) or {})
