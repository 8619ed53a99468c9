"""The thresholds as data: what is counted, on which drives, from where it matters, and who says so."""

from dataclasses import dataclass
from math import inf
from typing import Annotated, Literal

from pydantic import Field

from c3tui.model.base import Chosen

Protocol = Literal["ATA", "SCSI", "NVMe"]
EVERY_PROTOCOL: tuple[Protocol, ...] = ("ATA", "SCSI", "NVMe")
Direction = Literal["high", "low"]
"""On which side of its limit a value is bad."""

HOUSE = "C3: practice, no published limit"
BACKBLAZE = "Backblaze, Hard Drive SMART Stats: drives with a count above zero fail many times as often"
GOOGLE = "Pinheiro et al., Failure Trends in a Large Disk Drive Population (Google, FAST 2007)"
NVME = "NVM Express Base Specification, SMART / Health Information log"


@dataclass(frozen=True)
class Rule:
    """A limit on one term. From ``replace`` on the part goes out, from ``watch`` on it is told, from ``note``
    on it is mentioned; None is no such limit."""

    id: str
    term: str
    """The property of the evidence that it reads."""
    says: str
    """What it counts, with the unit, after the number."""
    source: str
    note: float | None = None
    watch: float | None = None
    replace: float | None = None
    direction: Direction = "high"
    protocols: tuple[Protocol, ...] = EVERY_PROTOCOL
    rotational: bool | None = None
    """On spinning drives only (True), on solid state only (False), or on both. A drive that does not say
    counts as spinning."""
    advice: str = ""
    """What to do, where that is not to replace the drive."""


Own = Annotated[float, Field(ge=0, allow_inf_nan=False)] | Literal["off"] | None


class Threshold(Chosen):
    """A site's own limits in place of a rule's: a number, ``off``, or nothing where the rule's own stays."""

    watch: Own = None
    replace: Own = None


CABLE = "reseat the drive, then its cable or backplane; the drive itself is not at fault"
COOLING = "look at fans, blanks and air flow before the drive"

_ATA: tuple[Protocol, ...] = ("ATA",)
_SCSI: tuple[Protocol, ...] = ("SCSI",)
_NVME: tuple[Protocol, ...] = ("NVMe",)
_SATA_SAS: tuple[Protocol, ...] = ("ATA", "SCSI")

TABLE: tuple[Rule, ...] = (
    Rule("reallocated", "reallocated", "reallocated sectors", f"{BACKBLAZE} (5); the limits are practice",
         watch=1, replace=50, protocols=_ATA, rotational=True),
    Rule("retired", "reallocated", "retired blocks", f"{HOUSE}; solid state retires blocks as it wears",
         watch=20, protocols=_ATA, rotational=False),
    Rule("reallocation-events", "reallocation_events", "reallocation events", f"{GOOGLE}; limit: {HOUSE}",
         watch=10, protocols=_ATA, rotational=True),
    Rule("pending", "pending", "pending sectors: data that cannot be read now", f"{BACKBLAZE} (197)",
         replace=1, protocols=_SATA_SAS),
    Rule("offline-uncorrectable", "offline_uncorrectable", "sectors that an offline scan could not read",
         f"{BACKBLAZE} (198)", replace=1, protocols=_ATA),
    Rule("reported-uncorrectable", "reported_uncorrectable", "errors that could not be corrected",
         f"{BACKBLAZE} (187)", watch=1, replace=10, protocols=_ATA),
    Rule("recent-media-error", "hours_since_media_error", "power-on hours since a sector could not be read",
         f"{HOUSE}; older entries are history", watch=168, direction="low", protocols=_ATA),
    Rule("command-timeouts", "command_timeouts", "command timeouts", f"{BACKBLAZE} (188); limit: {HOUSE}",
         note=1, watch=100, protocols=_ATA, advice=CABLE),
    Rule("end-to-end", "end_to_end", "end-to-end errors: data damaged inside the drive",
         "HP SMART IV, attribute 184", replace=1, protocols=_ATA),
    Rule("spin-retries", "spin_retries", "spin-up retries", HOUSE, watch=1, replace=10, protocols=_ATA,
         rotational=True),
    Rule("program-fails", "program_fails", "failed programs of flash", HOUSE, watch=10, protocols=_ATA,
         rotational=False),
    Rule("erase-fails", "erase_fails", "failed erases of flash", HOUSE, watch=10, protocols=_ATA,
         rotational=False),
    Rule("helium", "helium", "% helium left", f"HGST attribute 22, failing at 25; limits: {HOUSE}",
         watch=98, replace=75, direction="low", protocols=_ATA, rotational=True),
    Rule("grown-defects", "grown_defects", "grown defects", f"{HOUSE}; SBC's list is what 5 is to ATA",
         watch=1, replace=200, protocols=_SCSI),
    Rule("uncorrected", "uncorrected", "errors that could not be corrected",
         f"SPC error counter pages; limits: {HOUSE}", watch=1, replace=10, protocols=_SCSI),
    Rule("media-errors", "media_errors", "media errors: data that could not be recovered", NVME,
         replace=1, protocols=_NVME),
    Rule("wear", "wear", "% of rated endurance used", f"{NVME}, and ACS device statistics; limits: {HOUSE}",
         watch=70, replace=90),
    Rule("spare", "spare_margin", "% spare blocks above the drive's own threshold",
         f"{NVME}: at the threshold is a critical warning; margin: {HOUSE}", watch=20, replace=1,
         direction="low"),
    Rule("crc-errors", "crc_errors", "CRC errors on the link", HOUSE, note=1, watch=100, protocols=_ATA,
         advice=CABLE),
    Rule("crc-rate", "crc_rate", "CRC errors on the link in 1,000 h", HOUSE, watch=5, protocols=_ATA,
         advice=CABLE),
    Rule("phy-errors", "phy_errors", "SAS link errors", HOUSE, note=1, watch=1000, protocols=_SCSI,
         advice=CABLE),
    Rule("link-hdd", "reduced_link", "Gb/s on the link, less than the drive can",
         f"{HOUSE}; a spinning drive does not fill 3 Gb/s", note=inf, watch=3, direction="low",
         protocols=_SATA_SAS, rotational=True, advice=CABLE),
    Rule("link-ssd", "link_percent", "% of the speed its link can have", HOUSE, watch=100,
         direction="low", protocols=_SATA_SAS, rotational=False, advice=CABLE),
    Rule("temperature-hdd", "temperature", "C", f"{GOOGLE}: failures rise above 45 C; limit: {HOUSE}",
         watch=50, protocols=_SATA_SAS, rotational=True, advice=COOLING),
    Rule("temperature-ssd", "temperature", "C", "data sheets of SATA, SAS and NVMe SSDs: 70 C at most",
         watch=65, rotational=False, advice=COOLING),
    Rule("trip-margin", "trip_margin", "C below the temperature where it stops itself", HOUSE, watch=10,
         direction="low", advice=COOLING),
    Rule("warm", "warm_minutes", "minutes above the drive's warning temperature", NVME, note=1,
         protocols=_NVME, advice=COOLING),
    Rule("hot", "hot_minutes", "minutes above the drive's critical temperature", NVME, watch=1,
         protocols=_NVME, advice=COOLING),
    Rule("hours", "hours", "h of service", "data sheets: designed for 5 years, 43,800 h; watch at twice that",
         note=43_800, watch=87_600),
    Rule("error-log", "error_entries", "entries in its error log", "smartctl(8): history, no verdict",
         note=1),
    Rule("outlier", "", "robust deviations from its siblings", f"Iglewicz and Hoaglin 1993; limit: {HOUSE}",
         watch=6),
    Rule("ecc-corrected", "", "corrected memory errors", f"{HOUSE}; a stray bit is normal", note=1, watch=10),
    Rule("ecc-uncorrected", "", "memory errors that could not be corrected", HOUSE, replace=1),
    Rule("clock", "", "s off", f"{HOUSE}; Ceph monitors warn from 0.05 s, TLS and OAuth fail later", watch=5),
)  # fmt: skip

RULES: dict[str, Rule] = {each.id: each for each in TABLE}


def unfit(overrides: dict[str, Threshold]) -> str:
    """Why a site's thresholds cannot be used, or nothing when they can."""
    for name, own in overrides.items():
        if name not in RULES:
            return f"no threshold is called {name!r}; there are {', '.join(RULES)}"
        rule = RULES[name]
        watch, replace = limits(rule, own)
        if watch is None or replace is None:
            continue
        if (watch > replace) if rule.direction == "high" else (watch < replace):
            order = "at or below" if rule.direction == "high" else "at or above"
            return f"{name}: watch {watch:g} must be {order} replace {replace:g}"
    return ""


def limits(rule: Rule, own: Threshold | None) -> tuple[float | None, float | None]:
    """Watch and replace of a rule as a site has them."""
    if own is None:
        return rule.watch, rule.replace
    return _either(own.watch, rule.watch), _either(own.replace, rule.replace)


def _either(own: float | Literal["off"] | None, ruled: float | None) -> float | None:
    return ruled if own is None else None if own == "off" else own
