"""Verdicts on parts, and replacements: parts on their way out, from mark to close."""

from datetime import datetime
from enum import StrEnum

from pydantic import BaseModel, Field

from c3tui.model.base import Document, utc_now
from c3tui.model.evidence.judgement import Klass
from c3tui.model.fleet import bay_id
from c3tui.model.judged import Judged


class Decision(StrEnum):
    """What the engineer decided about a part."""

    USE = "use"
    REPLACE = "replace"
    ACCEPT = "accept"


class Kind(StrEnum):
    """What kind of part."""

    DRIVE = "drive"
    DIMM = "dimm"
    PSU = "psu"
    FAN = "fan"
    NIC = "nic"
    SERVER = "server"
    """The whole of it."""


class Verdict(Document):
    """A decision on the part that sits in one place; reversible, and asked again on new evidence."""

    kind = "verdict"

    bay: str
    """The bay, or the place of another part, as in :attr:`Replacement.bay`."""
    serial: str
    decision: Decision
    reason: str
    by: str
    at: datetime = Field(default_factory=utc_now)
    digest: str = ""
    """Of the judgement it was given on; empty when there was none."""
    klass: Klass | None = None
    """What the part was judged then."""
    rules: tuple[str, ...] = ()
    """Rules that spoke for replacing it then."""
    stale_since: datetime | None = None
    """When evidence came in that it was not given on; None while it stands."""
    why: str = ""
    """What is new since."""

    @property
    def asked_again(self) -> bool:
        """Whether the part counts as undecided until somebody decides anew."""
        return self.stale_since is not None

    @property
    def keeps(self) -> bool:
        """Whether the part is used whatever its tests say."""
        return self.decision is not Decision.REPLACE and not self.asked_again


class Phase(StrEnum):
    """Where a replacement stands."""

    MARKED = "marked"
    LOCATED = "located"
    PULLED = "pulled"
    REPLACED = "replaced"
    RETESTED = "retested"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def rank(self) -> int:
        """How far it has come; a withdrawn one is as much at its end as a closed one."""
        return min(list(Phase).index(self), list(Phase).index(Phase.CLOSED))


class Part(BaseModel):
    """A part as it is written on its label."""

    serial: str
    model: str = ""
    size: int = 0
    """Bytes."""


class Replacement(Document):
    """A part on its way out."""

    kind = "replacement"

    server: str
    part: Kind = Kind.DRIVE
    slot: int | None = None
    """Of a drive."""
    bay: str
    """Where it is, across the site: ``c3-001/bay03``, ``c3-001/PSU2``, or the server when all of it goes."""
    reason: str
    phase: Phase = Phase.MARKED
    old: Part
    new: Part | None = None
    announced: str = ""
    """Serial that somebody scanned or typed as that of the new part; C3 has not seen it yet."""
    beside: dict[int, str] = {}
    """What sat in the other bays of its server when it was marked, by slot: nobody was to pull those."""
    judged: Judged | None = None
    """What was made of the old part when it was marked, or the last thing since."""
    drives_move: bool | None = None
    """Of a whole server: whether its drives go into the new one; None for other parts."""
    by: str
    marked_at: datetime = Field(default_factory=utc_now)
    history: list[str] = []
    """One line for each phase it went through, with its time."""

    @property
    def open(self) -> bool:
        """Whether something is still to be done."""
        return self.phase not in (Phase.CLOSED, Phase.WITHDRAWN)

    @property
    def gone(self) -> bool:
        """Whether the old part has left its place."""
        return self.phase in (Phase.PULLED, Phase.REPLACED, Phase.RETESTED, Phase.CLOSED)

    @property
    def place(self) -> str:
        """Where it is within its server: ``bay03``, ``PSU2``; empty for the whole of it."""
        return self.bay.partition("/")[2]

    @property
    def led(self) -> str:
        """The LED that leads to it: of its bay, or of its server."""
        return self.bay if self.part is Kind.DRIVE else self.server

    @property
    def order(self) -> tuple[int, str]:
        """How parts of one server are walked past: bays first, then other parts by their place."""
        return (10_000 if self.slot is None else self.slot, self.bay)


def place_id(server: str, part: Kind, place: str) -> str:
    """The name of a part's place across the site.

    Raises:
        ValueError: a part is not where such a part can be.
    """
    place = place.strip()
    if part is Kind.SERVER:
        return server
    if part is Kind.DRIVE:
        slot = place.removeprefix("bay")
        if not slot.isdigit():
            raise ValueError(f"{place!r} is no bay; bays are written like bay03")
        return bay_id(server, int(slot))
    if not place or "/" in place or not place.isprintable() or len(place) > LONGEST_PLACE:
        raise ValueError(
            f"{place!r} is no place of a {part}; write it as on the board, such as {EXAMPLES[part]}"
        )
    return f"{server}/{place}"


LONGEST_PLACE = 24
EXAMPLES = {Kind.DIMM: "P1-DIMMA1", Kind.PSU: "PSU2", Kind.FAN: "FAN3", Kind.NIC: "eno1"}
"""How the places of parts are called by those who build boards."""


def kind_of(place: str) -> Kind:
    """The kind of part that a place is for, told by its name; a port has none of the usual ones."""
    name = place.casefold()
    if not name:
        return Kind.SERVER
    if name.startswith("bay") and name[3:].isdigit():
        return Kind.DRIVE
    for word, part in (("dimm", Kind.DIMM), ("psu", Kind.PSU), ("ps", Kind.PSU), ("fan", Kind.FAN)):
        if word in name if word == "dimm" else name.startswith(word):
            return part
    return Kind.NIC
