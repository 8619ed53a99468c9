"""Decisions of the engineer: verdicts, waivers, replacements. Each is journaled and can be taken back."""

from datetime import datetime

from c3tui.engine.errors import InputError
from c3tui.engine.store import Store
from c3tui.model.base import utc_now
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Bay, Drive, Server, bay_id
from c3tui.model.replacement import Decision, Part, Phase, Replacement, Verdict


def find_bay(store: Store, bay: str) -> tuple[Server, Bay]:
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


def decide(store: Store, bay: str, decision: Decision, reason: str, who: str) -> Verdict:
    """Record a verdict on the drive in a bay; ``replace`` opens a replacement, the others withdraw it.

    Raises:
        InputError: no such bay, it is empty, or accept and replace come without a reason.
    """
    server, slot = find_bay(store, bay)
    if slot.drive is None:
        raise InputError("the bay is empty", where=bay)
    if decision is not Decision.USE and not reason.strip():
        raise InputError(f"{decision} wants a reason", where=bay)
    verdict = Verdict(
        id=f"{bay}:{slot.drive.serial}",
        bay=bay,
        serial=slot.drive.serial,
        decision=decision,
        reason=reason,
        by=who,
    )
    current = open_replacement(store, bay)
    with store.transaction(who) as transaction:
        transaction.put(verdict)
        transaction.note(
            "verdict given", bay, decision=decision.value, serial=slot.drive.serial, reason=reason
        )
        if decision is Decision.REPLACE and current is None:
            transaction.put(_mark(server, slot, slot.drive, reason, who))
            transaction.note("part marked", bay, serial=slot.drive.serial, reason=reason)
        elif decision is not Decision.REPLACE and current is not None:
            transaction.put(advanced(current, Phase.WITHDRAWN, reason or "the drive stays"))
            transaction.note("mark withdrawn", bay, serial=current.old.serial, reason=reason)
    return verdict


def open_replacement(store: Store, bay: str) -> Replacement | None:
    """The replacement under way in a bay, or None."""
    return next((each for each in store.all(Replacement) if each.bay == bay and each.open), None)


def _mark(server: Server, bay: Bay, drive: Drive, reason: str, who: str) -> Replacement:
    name = bay_id(server.name, bay.slot)
    return Replacement(
        id=f"{name}:{drive.serial}",
        server=server.name,
        slot=bay.slot,
        bay=name,
        reason=reason,
        old=Part(serial=drive.serial, model=drive.model, size=drive.size),
        by=who,
        history=[line(Phase.MARKED, f"{drive.serial}: {reason}")],
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


def withdraw(store: Store, id: str, reason: str, who: str) -> Replacement:
    """Take a mark back: the drive stays.

    Raises:
        InputError: no such replacement is open, or no reason was given.
    """
    replacement = store.get(Replacement, id)
    if replacement is None or not replacement.open:
        raise InputError(f"no open replacement {id!r}", remedy="See `c3tui replacements`")
    decide(store, replacement.bay, Decision.ACCEPT, reason, who)
    fresh = store.get(Replacement, id)
    assert fresh is not None
    return fresh


def waive(store: Store, id: str, reason: str, who: str) -> Finding:
    """Let a finding stand, with a name and a reason.

    Raises:
        InputError: no such finding is open, or no reason was given.
    """
    found = store.get(Finding, id)
    if found is None or found.state is not FindingState.OPEN:
        raise InputError(f"no open finding {id!r}", remedy="See `c3tui findings`")
    if not reason.strip():
        raise InputError("a waiver wants a reason", where=id)
    found.state, found.waived_by, found.reason = FindingState.WAIVED, who, reason
    with store.transaction(who) as transaction:
        transaction.put(found)
        transaction.note("finding waived", found.subject, check=found.check, reason=reason)
    return found
