"""What is in a server, part by part; and one good server's parts as the measure of its kind."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, Field

from c3tui.model.base import Document, utc_now


class Dimm(BaseModel):
    """A memory module in its slot."""

    slot: str
    """As the board labels it, such as ``P1-DIMMA1``."""
    size_mib: int


class DriveFact(BaseModel):
    """A drive as a part: what it is and where it sits, not which one it is."""

    bay: int | None = None
    """None where no bay map was read."""
    model: str
    size: int
    """Bytes."""
    firmware: str = ""


class Port(BaseModel):
    """A physical network port."""

    name: str
    speed: int
    """Mbit/s; 0 is unknown."""
    firmware: str = ""


class Parts(BaseModel):
    """Everything in a server that its sisters should have too."""

    cpu_model: str = ""
    sockets: int = 0
    """Processors; 0 is unknown."""
    threads: int = 0
    memory_mib: int = 0
    dimms: list[Dimm] | None = None
    """None where nobody has read them: not tested, never *none*."""
    drives: list[DriveFact] = []
    ports: list[Port] = []
    bios: str = ""
    bmc: str = ""
    """Firmware of the BMC, such as ``1.73``."""


class Inventory(Document):
    """What was found in one server and around it; ``id`` is the server's name."""

    kind = "inventory"

    parts: Parts = Parts()
    switches: dict[str, str] = {}
    """By network port: the switch that LLDP heard there."""
    read_at: datetime = Field(default_factory=utc_now)
    details_of: int | None = None
    """MAAS's number of the commissioning whose outputs were read for what its machine list lacks."""
    commissioning: int | None = None
    """MAAS's number of the commissioning that it describes."""

    @property
    def complete(self) -> bool:
        """Whether the details of that commissioning were read."""
        return self.details_of is not None and self.details_of == self.commissioning


class Profile(Document):
    """A golden server's parts; ``id`` is the profile's name, as expected servers of the plan have it."""

    kind = "profile"

    server: str
    """Whose parts they are."""
    parts: Parts
    by: str = ""
    at: datetime = Field(default_factory=utc_now)


@dataclass(frozen=True)
class Difference:
    """One way in which a server is not like its golden sister."""

    check: str
    """Id of the rule."""
    what: str
    """With the numbers; the same on every server that differs in the same way."""
