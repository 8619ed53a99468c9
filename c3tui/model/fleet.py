"""The fleet: servers, their bays and the drives that sit in them now."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel

from c3tui.model.base import Document


class Stage(StrEnum):
    """How far a server has come, in order. It never goes back; what went wrong is in its trouble."""

    EXPECTED = "expected"
    POWERED = "powered"
    ENLISTED = "enlisted"
    COMMISSIONING = "commissioning"
    READY = "ready"
    TESTING = "testing"
    TESTED = "tested"
    DEPLOYING = "deploying"
    DEPLOYED = "deployed"
    JOINING = "joining"
    NODE = "node"

    def reached(self, other: "Stage") -> bool:
        """Whether this is at or beyond another stage."""
        order = list(Stage)
        return order.index(self) >= order.index(other)


class Use(StrEnum):
    """What a drive is for."""

    SYSTEM = "system"
    DATA = "data"


class TestState(StrEnum):
    """What the tests say of a drive. Skipped and aborted are *not tested*, never a pass."""

    __test__ = False

    NOT_TESTED = "not tested"
    RUNNING = "running"
    PASSED = "passed"
    FAILED = "failed"


class Drive(BaseModel):
    """A drive: comes and goes, known by its serial and WWN."""

    serial: str
    model: str = ""
    wwn: str = ""
    size: int = 0
    """Bytes."""
    rotational: bool = False
    by_id: str = ""
    """``/dev/disk/by-id/...``: follows the drive."""
    use: Use = Use.DATA
    test: TestState = TestState.NOT_TESTED
    test_detail: str = ""
    """The sentence behind ``test``: which script said what, when."""


class Bay(BaseModel):
    """A slot: stays for ever, whatever sits in it."""

    slot: int
    path: str = ""
    """``/dev/disk/by-path/...``: follows the bay, stable over a swap."""
    guessed: bool = False
    """Nothing in the server tells its number: it is counted in the order of paths."""
    drive: Drive | None = None


class Server(Document):
    """One physical machine."""

    kind = "server"

    name: str
    rack: str
    unit: int
    serial: str = ""
    stage: Stage = Stage.EXPECTED
    trouble: str = ""
    """Why it stands still, in one sentence; empty when nothing is wrong."""
    system_id: str = ""
    """MAAS's name for it."""
    maas_status: str = ""
    cpus: int = 0
    memory_mib: int = 0
    address: str = ""
    """On the cluster L2."""
    pod_range: str = ""
    macs: list[str] = []
    bays: list[Bay] = []
    in_production: bool = False
    """A member of the running cluster: build-time actions must not touch it."""
    seen_at: datetime | None = None

    def drives(self, use: Use | None = None) -> list[tuple[Bay, Drive]]:
        """Occupied bays and their drives, of one use or all."""
        return [(bay, bay.drive) for bay in self.bays if bay.drive and use in (None, bay.drive.use)]

    def bay(self, slot: int) -> Bay | None:
        """The bay of that number, or None."""
        return next((bay for bay in self.bays if bay.slot == slot), None)


class Power(StrEnum):
    """Chassis power as the BMC reports it."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "unknown"


class BmcState(StrEnum):
    """Where contact with a BMC stands; each is something a person can act on."""

    NEW = "not asked yet"
    OK = "ok"
    NO_ANSWER = "no answer"
    WRONG_PASSWORD = "wrong password"
    NO_SESSION = "no session free"
    NO_LOGIN = "no login given"
    ERROR = "refusing"


STALE_POLLS = 3
"""Readings that may be missed before the last one counts as stale."""


class BmcReading(BaseModel):
    """The latest of one BMC, with its age. Missing values are None, never zero."""

    state: BmcState = BmcState.NEW
    detail: str = ""
    power: Power = Power.UNKNOWN
    identify: bool | None = None
    fault: bool | None = None
    """Any of the chassis fault bits: power, drive, cooling."""
    inlet_c: float | None = None
    fans_rpm: list[float] = []
    fans_failed: int = 0
    psus_failed: int = 0
    psus: int = 0
    sel_entries: int | None = None
    sel_last: str = ""
    at: datetime | None = None
    """When the values were read; None when never."""
    every: float = 20.0
    """Seconds within which the next reading was to follow, on screen or not."""

    def stale(self, now: float) -> bool:
        """Whether it says that all is well and is too old to be believed; ``now`` in unix seconds."""
        if self.state is not BmcState.OK or self.at is None:
            return False
        return now - self.at.timestamp() > STALE_POLLS * self.every


def bay_id(server: str, slot: int) -> str:
    """The name of a bay across the site, as typed on the command line: ``c3-001/bay03``."""
    return f"{server}/bay{slot:02d}"
