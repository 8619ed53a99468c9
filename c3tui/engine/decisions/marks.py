"""Marks: a part begins its way out, goes a phase further, or is taken back."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader, Store, Transaction
from c3tui.model.base import utc_now
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Bay, Drive, Server, bay_id
from c3tui.model.judged import Judged
from c3tui.model.replacement import Decision, Kind, Part, Phase, Replacement, Verdict, place_id

SWAP_FINDINGS = "replacement."
"""Checks on what was seen of a swap: nobody waits for one any more when its mark is taken back."""


@dataclass(frozen=True)
class Mark:
    """A part that somebody wants out, as they tell it."""

    server: str
    part: Kind
    place: str
    """Within the server: ``bay03``, ``PSU2``; empty for the whole of it."""
    reason: str
    serial: str = ""
    model: str = ""
    drives_move: bool | None = None
    """Of a whole server: whether its drives go into the new one."""


def find_bay(store: Reader, bay: str) -> tuple[Server, Bay]:
    """The server and bay of an id such as ``c3-001/bay03``.

    Raises:
        InputError: there is no such bay.
    """
    name, _, slot = bay.partition("/bay")
    server = store.get(Server, name)
    found = server.bay(int(slot)) if server and slot.isdigit() else None
    if server is None or found is None:
        raise InputError(f"no bay {bay!r}", remedy="Bays are written like c3-001/bay03; see `c3tui drives`")
    return server, found


def open_replacement(store: Reader, bay: str) -> Replacement | None:
    """The replacement under way in a bay or another place, or None."""
    return open_marks(store).get(bay)


def open_marks(store: Reader) -> dict[str, Replacement]:
    """Every replacement under way, by its place."""
    return {each.bay: each for each in store.all(Replacement) if each.open}


def drive_mark(store: Reader, server: Server, bay: Bay, drive: Drive, reason: str, who: str) -> Replacement:
    """The mark on the drive in a bay."""
    name = bay_id(server.name, bay.slot)
    judged = store.get(Judged, name)
    return Replacement(
        id=f"{name}:{drive.serial}",
        server=server.name,
        slot=bay.slot,
        bay=name,
        reason=reason,
        old=Part(serial=drive.serial, model=drive.model, size=drive.size),
        beside={each.slot: other.serial for each, other in server.drives() if each.slot != bay.slot},
        judged=judged if judged and judged.serial == drive.serial else None,
        by=who,
        history=[line(Phase.MARKED, f"{drive.serial}: {reason} ({who})")],
    )


def mark(store: Store, wanted: Mark, who: str, servers: Collection[str]) -> Replacement:
    """Mark a part other than a drive: a DIMM, a power supply, a fan, a port, a whole server.

    Args:
        servers: those of the plan.

    Raises:
        InputError: no such server or place, no reason, or it is on its way out already.
    """
    if wanted.server not in servers and store.get(Server, wanted.server) is None:
        raise InputError(f"no server {wanted.server!r}", remedy="See `c3tui servers`")
    try:
        place = place_id(wanted.server, wanted.part, wanted.place)
    except ValueError as error:
        raise InputError(str(error), where=wanted.server) from error
    if not wanted.reason.strip():
        raise InputError("replace wants a reason", where=place)
    if wanted.part is Kind.SERVER and wanted.drives_move is None:
        raise InputError(
            "a whole server: nobody said what becomes of its drives",
            where=place,
            remedy="Say whether they move into the new one (--drives move) or go with the old (--drives go)",
        )
    if open_replacement(store, place):
        raise InputError("it is on its way out already", where=place, remedy="See `c3tui replacements`")
    found = _part_mark(store, wanted, place, who)
    with store.transaction(who) as transaction:
        transaction.put(found)
        transaction.put(part_verdict(found, Decision.REPLACE, wanted.reason, who))
        transaction.note("part marked", place, part=wanted.part, serial=wanted.serial, reason=wanted.reason)
    return found


def _part_mark(store: Reader, wanted: Mark, place: str, who: str) -> Replacement:
    server = store.get(Server, wanted.server)
    serial, told = wanted.serial.strip(), ""
    if wanted.part is Kind.SERVER:
        serial = serial or (server.serial if server else "")
        told = "; its drives move into the new one" if wanted.drives_move else "; its drives go with it"
    earlier = sum(each.bay == place for each in store.all(Replacement))
    return Replacement(
        id=f"{place}:{serial or earlier + 1}",
        server=wanted.server,
        part=wanted.part,
        bay=place,
        reason=wanted.reason,
        old=Part(serial=serial, model=wanted.model.strip()),
        beside={bay.slot: drive.serial for bay, drive in server.drives()} if server and told else {},
        drives_move=wanted.drives_move if wanted.part is Kind.SERVER else None,
        by=who,
        history=[line(Phase.MARKED, f"{serial or wanted.part}: {wanted.reason}{told} ({who})")],
    )


def mark_of(store: Reader, server: str, part: Kind, place: str, reason: str, who: str) -> Replacement:
    """A mark on a part of which no more is told than where it is.

    Raises:
        InputError: there can be no such part.
    """
    try:
        name = place_id(server, part, place)
    except ValueError as error:
        raise InputError(str(error), where=server) from error
    return _part_mark(store, Mark(server, part, place, reason), name, who)


def part_verdict(replacement: Replacement, decision: Decision, reason: str, who: str) -> Verdict:
    """The decision on the part of a mark, where it is none on a drive."""
    return Verdict(
        id=f"{replacement.bay}:{replacement.old.serial}",
        bay=replacement.bay,
        serial=replacement.old.serial,
        decision=decision,
        reason=reason,
        by=who,
    )


def advanced(replacement: Replacement, phase: Phase, detail: str, new: Part | None = None) -> Replacement:
    """The replacement in its next phase, with a line of history."""
    return replacement.model_copy(
        update={
            "phase": phase,
            "new": new or replacement.new,
            "history": [*replacement.history, line(phase, detail)],
        }
    )


def line(phase: Phase, detail: str, at: datetime | None = None) -> str:
    """A line of a replacement's history."""
    return f"{at or utc_now():%Y-%m-%d %H:%M:%S} {phase}: {detail}"


def over(store: Reader, transaction: Transaction, bay: str, start: str) -> None:
    """What checks of such a name found in a bay is true no more."""
    for found in store.all(Finding):
        of_it = found.subject == bay and found.check.startswith(start)
        if of_it and found.state is not FindingState.FIXED:
            found.state, found.last_seen = FindingState.FIXED, utc_now()
            transaction.put(found)
            transaction.note("finding fixed", bay, check=found.check)


def take_back(store: Reader, transaction: Transaction, replacement: Replacement, reason: str) -> Replacement:
    """Withdraw a mark, inside a transaction."""
    over(store, transaction, replacement.bay, SWAP_FINDINGS)
    gone = advanced(replacement, Phase.WITHDRAWN, reason or f"the {replacement.part} stays")
    transaction.put(gone)
    transaction.note("mark withdrawn", gone.bay, serial=gone.old.serial, reason=reason)
    return gone
