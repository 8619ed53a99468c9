"""The common terms of SMART: what ATA, SAS and NVMe drives say, under one name each and with its unit."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from c3tui.model.thresholds import Protocol

Media = Literal["hdd", "ssd", "nvme"]

SPARE_THRESHOLD = 10
"""Percent; what drives of every vendor seen use as their own spare threshold, where one names none."""


class SelfTestResult(StrEnum):
    """How a self-test ended. An aborted one says nothing about the drive: it is not a pass."""

    PASSED = "passed"
    FAILED = "failed"
    ABORTED = "aborted"
    RUNNING = "running"


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True)


class Attribute(_Record):
    """An ATA attribute as the vendor keeps it: normalised values fall towards the threshold."""

    id: int
    name: str
    value: int
    worst: int | None = None
    threshold: int | None = None
    prefail: bool = False
    """Whether the vendor says that reaching the threshold means failure within a day (ATA/ATAPI-5)."""
    failed: Literal["", "now", "past"] = ""
    raw: int | None = None
    raw_text: str = ""


class SelfTest(_Record):
    """An entry of the self-test log, the newest first."""

    type: str
    extended: bool
    """Whether it read the whole surface; a short pass does not clear an extended failure."""
    result: SelfTestResult
    status: str
    hours: int | None = None
    """Power-on hours of the drive when it ended."""
    lba: int | None = None
    remaining: int | None = None
    """Percent left when it ended."""


class LoggedError(_Record):
    """An entry of the drive's own error log."""

    text: str
    hours: int | None = None
    media: bool = False
    """Whether the medium could not be read (UNC), rather than the link or the command being at fault."""


class SmartEvidence(_Record):
    """Everything one SMART report says. What it does not say is None."""

    protocol: Protocol | None = None
    type: str = ""
    """How smartctl spoke to it, such as ``sat`` or ``sat+megaraid,1``."""
    vendor: str = ""
    model: str = ""
    family: str = ""
    serial: str = ""
    wwn: str = ""
    firmware: str = ""
    form_factor: str = ""
    capacity: int | None = None
    """Bytes."""
    rpm: int | None = None
    """Rotations a minute; 0 for solid state."""
    logical_sector: int | None = None
    """Bytes."""
    physical_sector: int | None = None
    """Bytes."""

    smart_available: bool | None = None
    smart_enabled: bool | None = None
    smart_passed: bool | None = None
    exit_status: int | None = None
    exit_bits: tuple[str, ...] = ()
    """What the bits of smartctl's exit status mean (smartctl(8), EXIT STATUS)."""
    critical_warning: int | None = None
    """NVMe's critical warning bits; 0 for none."""
    critical_warnings: tuple[str, ...] = ()
    """Those bits in words (NVM Express Base Specification, SMART log)."""

    hours: int | None = None
    cycles: int | None = None
    start_stops: int | None = None
    unsafe_shutdowns: int | None = None
    reallocated: int | None = None
    reallocation_events: int | None = None
    pending: int | None = None
    offline_uncorrectable: int | None = None
    reported_uncorrectable: int | None = None
    command_timeouts: int | None = None
    end_to_end: int | None = None
    spin_retries: int | None = None
    program_fails: int | None = None
    erase_fails: int | None = None
    grown_defects: int | None = None
    read_uncorrected: int | None = None
    write_uncorrected: int | None = None
    verify_uncorrected: int | None = None
    media_errors: int | None = None
    helium: int | None = None
    """Percent left, where the drive measures it."""
    spare: int | None = None
    """Percent of spare blocks left."""
    spare_threshold: int | None = None
    wear: int | None = None
    """Percent of rated endurance used; may pass 100."""
    bytes_written: int | None = None
    crc_errors: int | None = None
    """SATA frames that arrived damaged: the cable or the backplane, not the drive."""
    phy_errors: int | None = None
    """SAS link errors, summed over the phys."""
    link_gbps: float | None = None
    link_gbps_max: float | None = None
    temperature: int | None = None
    """Celsius, as all temperatures."""
    temperature_max: int | None = None
    temperature_trip: int | None = None
    warm_minutes: int | None = None
    """Minutes above NVMe's warning temperature."""
    hot_minutes: int | None = None
    """Minutes above NVMe's critical temperature."""
    error_entries: int | None = None
    errors: tuple[LoggedError, ...] = ()
    self_tests: tuple[SelfTest, ...] = ()
    attributes: tuple[Attribute, ...] = ()

    extra: dict[str, str] = {}
    """What else the report holds, by its own key, as compact JSON."""
    notes: tuple[str, ...] = ()
    """Values that cannot be true, and were taken for missing."""
    lacks: tuple[str, ...] = ()
    """What a verdict needs and the report does not say."""
    problem: str = ""
    """Why it cannot be used at all; empty when it can."""

    @property
    def usable(self) -> bool:
        """Whether the report can be trusted as far as it goes."""
        return not self.problem

    @property
    def rotational(self) -> bool | None:
        """Whether it spins, or None when the report does not say."""
        if self.protocol == "NVMe":
            return False
        return None if self.rpm is None else self.rpm > 0

    @property
    def media(self) -> Media | None:
        """What kind of bay it belongs in."""
        if self.protocol == "NVMe":
            return "nvme"
        return None if self.rpm is None else "hdd" if self.rpm else "ssd"

    @property
    def spare_margin(self) -> int | None:
        """Percentage points of spare above the drive's own threshold."""
        if self.spare is None:
            return None
        return self.spare - (SPARE_THRESHOLD if self.spare_threshold is None else self.spare_threshold)

    @property
    def crc_rate(self) -> float | None:
        """CRC errors in 1,000 power-on hours; the counter never falls, so its age matters."""
        if self.crc_errors is None or self.hours is None or self.crc_errors < _FEW_CRC_ERRORS:
            return None
        return round(self.crc_errors * 1000 / max(self.hours, 1), 1)

    @property
    def uncorrected(self) -> int | None:
        """Errors that a SAS drive could not correct in reading, writing and verifying."""
        known = [
            each
            for each in (self.read_uncorrected, self.write_uncorrected, self.verify_uncorrected)
            if each is not None
        ]
        return sum(known) if known else None

    @property
    def reduced_link(self) -> float | None:
        """The link's speed in Gb/s where it is below what the drive can; else None."""
        if self.link_gbps is None or self.link_gbps_max is None or self.link_gbps >= self.link_gbps_max:
            return None
        return self.link_gbps

    @property
    def link_percent(self) -> float | None:
        """The link's speed, of what the drive can."""
        if self.link_gbps is None or not self.link_gbps_max:
            return None
        return min(round(100 * self.link_gbps / self.link_gbps_max), 100)

    @property
    def trip_margin(self) -> int | None:
        """Degrees below the temperature at which the drive stops itself."""
        if self.temperature is None or not self.temperature_trip:
            return None
        return self.temperature_trip - self.temperature

    @property
    def hours_since_media_error(self) -> int | None:
        """Power-on hours since the medium last could not be read; None when never, or not known."""
        if self.hours is None:
            return None
        known = [each.hours for each in self.errors if each.media and each.hours is not None]
        return max(self.hours - max(known), 0) if known else None


_FEW_CRC_ERRORS = 5
"""Fewer are what plugging a drive in may leave; no rate is made of them."""
