"""Moves by hand: phases that C3 cannot see for itself, and serials that somebody scans."""

from c3tui.engine.decisions.marks import advanced, open_marks, over
from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader, Store, Transaction
from c3tui.model.base import utc_now
from c3tui.model.fleet import Drive, Server, Stage, TestState, bay_id
from c3tui.model.replacement import Decision, Kind, Part, Phase, Replacement, Verdict

BY_HAND = (Phase.LOCATED, Phase.PULLED, Phase.REPLACED, Phase.RETESTED, Phase.CLOSED)
"""Where a person may move a part to; back it is only withdrawn."""
DRIVE_FINDINGS = "drive."
"""Checks on the drive in a bay: what they say goes out with it."""
SHOWN = 5


def move(
    store: Store, id: str, phase: Phase, note: str, who: str, *, serial: str = "", model: str = ""
) -> Replacement:
    """Bring a part into a later phase on somebody's word.

    Raises:
        InputError: no such replacement is open, it is there already, C3 sees this one for itself, there is
            no note, or the new serial cannot be that of a new part.
    """
    replacement = store.get(Replacement, id)
    if replacement is None or not replacement.open:
        raise InputError(f"no open replacement {id!r}", remedy="See `c3tui replacements`")
    _may_move(store, replacement, phase, note)
    new = None
    if phase is Phase.REPLACED:
        wanted = label(serial) or replacement.announced
        new = Part(serial=_fits(store, replacement, wanted) if wanted else "", model=model.strip())
        if replacement.part is Kind.DRIVE and not wanted:
            raise InputError(
                "the serial of the new drive is missing", where=replacement.bay, remedy="Scan it"
            )
    moved = advanced(replacement, phase, _detail(replacement, new, note, who), new)
    with store.transaction(who) as transaction:
        transaction.put(moved)
        transaction.note(f"{moved.part} {phase}", moved.bay, by_hand=True, detail=note)
        if moved.part is Kind.DRIVE and new is not None:
            _sits_now(store, transaction, moved, new, who)
        if moved.part is Kind.DRIVE and phase is Phase.CLOSED:
            _accept(store, transaction, moved, note, who)
    return moved


def _detail(replacement: Replacement, new: Part | None, note: str, who: str) -> str:
    swapped = (
        f"{replacement.old.serial or 'the old one'} out, {new.serial or 'a new one'} in: " if new else ""
    )
    return f"{swapped}{note.strip()} (by hand, {who})"


def _may_move(store: Reader, replacement: Replacement, phase: Phase, note: str) -> None:
    if phase not in BY_HAND:
        raise InputError(f"nothing is moved to {phase} by hand", remedy=f"One of {', '.join(BY_HAND)}")
    if phase.rank <= replacement.phase.rank:
        raise InputError(f"it is {replacement.phase} already", where=replacement.bay)
    if phase.rank > Phase.REPLACED.rank and replacement.new is None:
        raise InputError(
            f"nothing is in its place yet, so it cannot be {phase}",
            where=replacement.bay,
            remedy="Say that it is replaced first, or withdraw the mark",
        )
    if not note.strip():
        raise InputError("what is done by hand wants a note", where=replacement.bay)
    if phase.rank >= Phase.REPLACED.rank and seen_by_c3(store, replacement):
        raise InputError(
            "C3 sees this swap for itself: nobody's word is taken for it",
            where=replacement.bay,
            remedy="Scan the new serial if you like, and run hardware",
        )


def seen_by_c3(store: Reader, replacement: Replacement) -> bool:
    """Whether the hardware step looks into its bay: a drive, in a server that is not deployed yet."""
    server = store.get(Server, replacement.server)
    if replacement.part is not Kind.DRIVE or server is None or server.in_production:
        return False
    return server.stage.reached(Stage.READY) and not server.stage.reached(Stage.DEPLOYING)


def announce(store: Store, serial: str, who: str, id: str = "") -> Replacement:
    """Pair a scanned or typed serial with a part on its way out.

    Without ``id``, with the only one that waits for a new part; or the only one of those that is pulled.
    A part that C3 cannot see is thereby replaced; of a drive it is remembered until the drive is seen.

    Raises:
        InputError: it cannot be that of a new part, or nobody can tell which one it is for.
    """
    wanted = label(serial)
    if not wanted:
        raise InputError("no serial was scanned")
    replacement = _waiting(store, id)
    fits = _fits(store, replacement, wanted)
    if replacement.part is not Kind.DRIVE:
        return move(store, replacement.id, Phase.REPLACED, "scanned", who, serial=fits)
    entry = f"{utc_now():%Y-%m-%d %H:%M:%S} announced: {fits} ({who})"
    paired = replacement.model_copy(update={"announced": fits, "history": [*replacement.history, entry]})
    with store.transaction(who) as transaction:
        transaction.put(paired)
        transaction.note("new part announced", paired.bay, serial=fits, old=paired.old.serial)
    return paired


def _waiting(store: Reader, id: str) -> Replacement:
    if id:
        found = store.get(Replacement, id) or open_marks(store).get(id)
        if found is None or not found.open:
            raise InputError(f"no open replacement {id!r}", remedy="See `c3tui replacements`")
        if found.new is not None:
            raise InputError(f"{found.new.serial} was seen in its place already", where=found.bay)
        return found
    waiting = [each for each in open_marks(store).values() if each.new is None and not each.announced]
    pulled = [each for each in waiting if each.phase is Phase.PULLED]
    for some in (waiting, pulled):
        if len(some) == 1:
            return some[0]
    if not waiting:
        raise InputError(
            "no part waits for a new one", remedy="Say which it is for, if it was paired wrongly"
        )
    names = ", ".join(each.bay for each in waiting[:SHOWN])
    more = f" and {len(waiting) - SHOWN} more" if len(waiting) > SHOWN else ""
    raise InputError(f"{len(waiting)} parts wait for a new one: {names}{more}", remedy="Say which it is for")


def label(scanned: str) -> str:
    """The serial in what a scanner typed: without blanks, control characters and the words before it."""
    text = "".join(char for char in scanned if char.isprintable()).strip()
    for start in ("serial number:", "s/n:", "sn:", "s/n", "serial:"):
        if text.casefold().startswith(start):
            return text[len(start) :].strip()
    return text


def _fits(store: Reader, replacement: Replacement, serial: str) -> str:
    """The serial, when it can be that of the new part.

    Raises:
        InputError: it is the old one's, a model's name, or known to be elsewhere.
    """
    same = serial.casefold()
    if same == replacement.old.serial.casefold():
        raise InputError(
            f"{serial} is the part that is to go out",
            where=replacement.bay,
            remedy="Scan the new one; or withdraw the mark if it stays",
        )
    if same == replacement.old.model.casefold():
        raise InputError(f"{serial} is a model, not a serial", where=replacement.bay, remedy="Scan the S/N")
    if there := _elsewhere(store, replacement, same):
        raise InputError(f"{serial} {there}", where=replacement.bay, remedy="Scan the label of the new part")
    return serial


def _elsewhere(store: Reader, replacement: Replacement, serial: str) -> str:
    for server in store.all(Server):
        if serial == server.serial.casefold() and replacement.part is not Kind.SERVER:
            return f"is the serial of server {server.name}"
        for bay, drive in server.drives():
            name = bay_id(server.name, bay.slot)
            if drive.serial.casefold() == serial and name != replacement.bay:
                return f"sits in {name} ({server.rack} unit {server.unit})"
    for other in store.all(Replacement):
        if other.id == replacement.id:
            continue
        if other.announced.casefold() == serial and other.open:
            return f"was scanned for {other.bay} already"
        if other.old.serial.casefold() == serial and other.gone:
            return f"was taken out of {other.bay}: {other.reason}"
    return ""


def _sits_now(store: Reader, transaction: Transaction, moved: Replacement, new: Part, who: str) -> None:
    """Write the new drive into its bay on somebody's word: nobody has seen or tested it."""
    server = store.get(Server, moved.server)
    bay = server.bay(moved.slot) if server and moved.slot is not None else None
    if server is None or bay is None or (bay.drive and bay.drive.serial == new.serial):
        return
    old = bay.drive
    bay.drive = Drive(
        serial=new.serial,
        model=new.model,
        size=new.size,
        rotational=bool(old and old.rotational),
        test=TestState.NOT_TESTED,
        test_detail=f"put in by hand ({who}), not seen by C3",
    )
    if old:
        bay.drive.use = old.use
    transaction.put(server)
    gone_with_it(store, transaction, moved.bay)


def gone_with_it(store: Reader, transaction: Transaction, bay: str) -> None:
    """What was found on the old drive is over with it."""
    over(store, transaction, bay, DRIVE_FINDINGS)


def _accept(store: Reader, transaction: Transaction, moved: Replacement, note: str, who: str) -> None:
    """A drive that nobody tested here is used on the word of whoever closes its mark."""
    server = store.get(Server, moved.server)
    bay = server.bay(moved.slot) if server and moved.slot is not None else None
    if bay is None or bay.drive is None or bay.drive.test is TestState.PASSED:
        return
    verdict = Verdict(
        id=f"{moved.bay}:{bay.drive.serial}",
        bay=moved.bay,
        serial=bay.drive.serial,
        decision=Decision.ACCEPT,
        reason=note.strip(),
        by=who,
    )
    transaction.put(verdict)
    transaction.note("verdict given", moved.bay, decision="accept", serial=verdict.serial, reason=note)
