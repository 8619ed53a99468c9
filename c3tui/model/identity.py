"""Which machine stands where: what was expected, what each end says it found, and whom nobody expected."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv4Address

from pydantic import Field

from c3tui.model.base import Document, utc_now
from c3tui.model.plan import Plan

PLACEHOLDERS = frozenset(
    "0123456789,to be filled by o.e.m.,default string,none,n/a,na,not specified,not available,unknown,"
    "system serial number,chassis serial number,1234567890,123456789,oem,empty".split(",")
)
"""What boards have for a serial when nobody programmed one."""


def real_serial(text: str) -> str:
    """The serial, or nothing where it is a placeholder or one character repeated."""
    plain = text.strip()
    return "" if plain.lower() in PLACEHOLDERS or len(set(plain)) <= 1 else plain


class Place(StrEnum):
    """Where an expected server was found."""

    RIGHT = "right place"
    WRONG = "wrong place"
    MISSING = "missing"
    UNKNOWN = "unknown"
    """Another machine stands there, or the same one that nobody can tell by a serial."""
    TWICE = "twice"
    NOT_LOOKED = "not looked at"


@dataclass(frozen=True)
class Seen:
    """What answers at one expected server's BMC address, from each end that knows."""

    fru: str = ""
    """Serial by the BMC's own inventory."""
    maas: str = ""
    """Serial by MAAS."""
    bmc_mac: str = ""
    """Who answered ARP for the BMC's address."""
    silent: bool = False
    """The BMC does not answer."""
    switches: tuple[str, ...] = ()
    """Switches that LLDP heard at its ports."""
    power_differs: float = 0.0
    """Seconds for which BMC and MAAS have named another power; 0 is that they agree."""
    power: str = ""
    """What each says of the power, in words."""

    @property
    def serial(self) -> str:
        """The serial of the machine behind the BMC; the BMC's word before MAAS's."""
        return real_serial(self.fru) or real_serial(self.maas)


@dataclass(frozen=True)
class IdentityFacts:
    """What was found, by the name of the server expected there."""

    seen: dict[str, Seen] = field(default_factory=dict)
    strays: tuple[IPv4Address, ...] = ()
    """BMCs that answer, that nobody expects and nobody has decided about."""


class StrayState(StrEnum):
    """What became of a BMC that nobody expected."""

    NEW = "new"
    TAKEN_IN = "taken in"
    IGNORED = "ignored"


class Stray(Document):
    """A BMC that answers in the IPMI network and that the plan does not have; ``id`` is its address."""

    kind = "stray"

    mac: str = ""
    """By ARP, where this host is on the segment."""
    state: StrayState = StrayState.NEW
    server: str = ""
    """The name it was taken in under."""
    reason: str = ""
    by: str = ""
    answers: bool = True
    """Whether the latest sweep that asked it was answered."""
    first_seen: datetime = Field(default_factory=utc_now)
    last_seen: datetime = Field(default_factory=utc_now)


class Tolerance(Document):
    """A known difference that may stand, for some servers, for a reason; its rule stays on for all else."""

    kind = "tolerance"

    check: str
    """Id of the rule."""
    scope: str
    """``site``, ``rack:NAME``, ``server:NAME`` or ``batch:PROFILE``."""
    what: str
    """Exactly which difference; another one of the same rule still counts."""
    reason: str
    by: str
    at: datetime = Field(default_factory=utc_now)

    def covers(self, rack: str, server: str, profile: str) -> bool:
        """Whether a server is within the scope."""
        return self.scope in ("site", f"rack:{rack}", f"server:{server}", f"batch:{profile}")


def scopes(plan: Plan, subject: str) -> list[tuple[str, str]]:
    """The scopes that a finding about a server can be accepted for, narrowest first, each in words too."""
    server = next((each for each in plan.servers if each.name == subject), None)
    if server is None:
        return [("site", "the whole site")]
    return [
        (f"server:{server.name}", f"{server.name} alone"),
        (f"rack:{server.rack}", f"every server of rack {server.rack}"),
        (f"batch:{server.profile}", f"every server of profile {server.profile}"),
        ("site", "the whole site"),
    ]
