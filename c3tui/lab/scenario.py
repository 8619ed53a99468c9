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
    octet: Annotated[int, Field(ge=1, le=250)] = 10
    """IPMI, PXE and cluster network are 127.octet, 127.octet+1 and 127.octet+2."""
    maas_port: int = 5240
    bmc_port: int = 6230
    ssh_port: int = 2222
    api_port: int = 6443
    bmc: BmcKnobs = BmcKnobs()
    technician: Technician = Technician()
    faults: list[Fault] = []

    @model_validator(mode="after")
    def _faults_in_the_room(self) -> Self:
        for fault in self.faults:
            if not self.holds(fault):
                place = f"server {fault.server}" + (f" bay {fault.bay}" if fault.bay is not None else "")
                size = f"{self.servers} servers, bays 0 to {self.bays - 1}"
                raise ValueError(f"no {place} for {fault.kind}: {size}")
        return self

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
