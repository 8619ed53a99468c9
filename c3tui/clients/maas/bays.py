"""Reads what the commissioning script ``c3-bays`` prints: which drive sits in which bay."""

import json
from dataclasses import dataclass
from itertools import pairwise

from c3tui.clients.maas.fields import Raw, maybe, number, text
from c3tui.engine.errors import BadAnswer

BAYS_SCRIPT = "c3-bays"
FORMAT = 1
"""Version of the script's output that this module reads."""
ORDER = "order"
"""What the script says of bays that nothing numbers."""


@dataclass(frozen=True)
class BaySlot:
    """A bay and what the script found in it."""

    slot: int
    by_path: str
    """``/dev/disk/by-path/...``; may be empty for an empty bay."""
    name: str
    serial: str | None
    """None: the bay is empty."""
    wwn: str
    model: str
    size: int
    """Bytes."""
    rotational: bool
    guessed: bool = False
    """Nothing tells its number: it is counted in the order of paths."""


def parse_bays(output: bytes) -> list[BaySlot]:
    """The bays of a server, by slot number.

    Raises:
        BadAnswer: it is not the output of ``c3-bays``, or names a slot twice.
    """
    try:
        report = json.loads(output[max(0, output.find(b"{")) :])
    except ValueError:
        raise _bad("is no JSON") from None
    if not isinstance(report, dict) or report.get("version") != FORMAT:
        raise _bad(f"is not of version {FORMAT}")
    bays = report.get("bays")
    if not isinstance(bays, list):
        raise _bad("lists no bays")
    slots = sorted((_bay(bay) for bay in bays), key=lambda bay: bay.slot)
    for one, other in pairwise(slots):
        if one.slot == other.slot:
            raise _bad(f"names slot {one.slot} twice")
    return slots


def _bay(raw: object) -> BaySlot:
    if not isinstance(raw, dict):
        raise _bad("lists something that is no bay")
    entry: Raw = raw
    slot = maybe(entry, "slot")
    if slot is None or slot < 0:
        raise _bad("lists a bay without a number")
    return BaySlot(
        slot=slot,
        by_path=text(entry, "by_path"),
        name=text(entry, "name"),
        serial=text(entry, "serial") or None,
        wwn=text(entry, "wwn"),
        model=text(entry, "model"),
        size=number(entry, "size"),
        rotational=entry.get("rotational") is True,
        guessed=entry.get("source") == ORDER,
    )


def _bad(what: str) -> BadAnswer:
    return BadAnswer(
        f"the output of {BAYS_SCRIPT} {what}",
        where="MAAS",
        remedy=f"Read the output of {BAYS_SCRIPT} on the machine's commissioning page in MAAS, "
        "then commission it again.",
    )
