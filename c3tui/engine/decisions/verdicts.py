"""Verdicts: on the part in one place, or on many in one go, all or none."""

from collections.abc import Callable, Iterable, Mapping

from c3tui.engine.decisions.marks import (
    SWAP_FINDINGS,
    advanced,
    drive_mark,
    find_bay,
    mark_of,
    over,
    part_verdict,
    take_back,
)
from c3tui.engine.decisions.marks import open_marks as all_open
from c3tui.engine.decisions.review import grounds, settled
from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader, Store, Transaction
from c3tui.model.fleet import Bay, Server
from c3tui.model.replacement import Decision, Kind, Phase, Replacement, Verdict, kind_of

NAMED = 5
"""Refusals that are told in full; of the others, how many there are."""

Act = Callable[[Transaction], Verdict]
Marks = Mapping[str, Replacement]


def decide(store: Store, bay: str, decision: Decision, reason: str, who: str) -> Verdict:
    """Record a verdict on the part in a place; ``replace`` opens a replacement, the others withdraw it.

    Raises:
        InputError: no such place, it is empty, or accept and replace come without a reason.
    """
    return decide_many(store, [bay], decision, reason, who)[0]


def decide_many(
    store: Store, bays: Iterable[str], decision: Decision, reason: str, who: str
) -> list[Verdict]:
    """The same verdict on many parts, in one transaction: all are given, or none is.

    Raises:
        InputError: some are refused; they are named, up to a number.
    """
    names, marks = list(dict.fromkeys(bays)), all_open(store)
    acts: list[Act] = []
    refused: list[InputError] = []
    for name in names:
        try:
            acts.append(_prepared(store, marks, name, decision, reason.strip(), who))
        except InputError as error:
            refused.append(error)
    if not names:
        raise InputError("no part is named", remedy="Name bays like c3-001/bay03, or say which with --where")
    if refused:
        raise _refusal(refused, len(names))
    with store.transaction(who) as transaction:
        return [act(transaction) for act in acts]


def _refusal(refused: list[InputError], count: int) -> InputError:
    if count == 1:
        return refused[0]
    told = "; ".join(f"{each.where}: {each.what}" if each.where else each.what for each in refused[:NAMED])
    more = f"; and {len(refused) - NAMED} more" if len(refused) > NAMED else ""
    return InputError(
        f"nothing was decided, {len(refused)} of {count} are refused: {told}{more}",
        remedy="Leave those out, and give the verdict again",
    )


def _prepared(store: Reader, marks: Marks, name: str, decision: Decision, reason: str, who: str) -> Act:
    """What is to be written for one part; nothing is written yet."""
    if decision is not Decision.USE and not reason:
        raise InputError(f"{decision} wants a reason", where=name)
    owner, _, place = name.partition("/")
    # A bay that makes no sense is told as such, and not taken for the name of a port.
    if not place or place.startswith("bay"):
        server, slot = find_bay(store, name)
        return _on_drive(store, marks, server, slot, decision, reason, who)
    if store.get(Server, owner) is None:
        raise InputError(f"no server {owner!r}", where=name, remedy="See `c3tui servers`")
    return _on_part(store, marks, owner, place, decision, reason, who)


def _on_drive(
    store: Reader, marks: Marks, server: Server, bay: Bay, decision: Decision, reason: str, who: str
) -> Act:
    name, drive = f"{server.name}/bay{bay.slot:02d}", bay.drive
    if drive is None:
        raise InputError("the bay is empty", where=name)
    verdict = Verdict.model_validate(
        {
            "id": f"{name}:{drive.serial}",
            "bay": name,
            "serial": drive.serial,
            "decision": decision,
            "reason": reason,
            "by": who,
            **grounds(store, name, drive.serial),
        }
    )
    current = marks.get(name)
    mine = current is not None and current.old.serial == drive.serial
    fresh = drive_mark(store, server, bay, drive, reason, who)

    def act(transaction: Transaction) -> Verdict:
        _give(store, transaction, verdict)
        if current is not None and not mine:
            _answer_for_the_new(store, transaction, current, verdict)
        if decision is Decision.REPLACE and not mine:
            transaction.put(fresh)
            transaction.note("part marked", name, serial=drive.serial, reason=reason)
        elif decision is not Decision.REPLACE and current is not None and mine:
            take_back(store, transaction, current, reason)
        return verdict

    return act


def _answer_for_the_new(
    store: Reader, transaction: Transaction, current: Replacement, verdict: Verdict
) -> None:
    """The marked drive has gone, and the verdict is on the one that came for it: that ends the mark."""
    told = {Decision.REPLACE: "goes out too", Decision.USE: "is used", Decision.ACCEPT: "is accepted"}
    detail = f"{verdict.serial} {told[verdict.decision]}: {verdict.reason or 'as it is'}"
    over(store, transaction, current.bay, SWAP_FINDINGS)
    transaction.put(advanced(current, Phase.CLOSED, detail))
    transaction.note("part closed", current.bay, detail=detail)


def _on_part(
    store: Reader, marks: Marks, server: str, place: str, decision: Decision, reason: str, who: str
) -> Act:
    name, kind = f"{server}/{place}", kind_of(place)
    current = marks.get(name)
    subject = current or mark_of(store, server, kind, place, reason, who)

    def act(transaction: Transaction) -> Verdict:
        verdict = part_verdict(subject, decision, reason, who)
        _give(store, transaction, verdict)
        if decision is Decision.REPLACE and current is None:
            transaction.put(subject)
            transaction.note("part marked", name, part=kind, serial=subject.old.serial, reason=reason)
        elif decision is not Decision.REPLACE and current is not None:
            if current.part is Kind.DRIVE or not current.gone:
                take_back(store, transaction, current, reason)
            else:
                _answer_for_the_new(store, transaction, current, verdict)
        return verdict

    return act


def _give(store: Reader, transaction: Transaction, verdict: Verdict) -> None:
    transaction.put(verdict)
    told = {"decision": verdict.decision.value, "serial": verdict.serial, "reason": verdict.reason}
    if verdict.klass:
        told["judged"] = verdict.klass.value
    transaction.note("verdict given", verdict.bay, **told)
    settled(store, transaction, verdict.bay)


def withdraw(store: Store, id: str, reason: str, who: str) -> Replacement:
    """Take a mark back: the part stays, accepted as it is.

    Raises:
        InputError: no such replacement is open, its part is out already, or no reason was given.
    """
    replacement = store.get(Replacement, id)
    if replacement is None or not replacement.open:
        raise InputError(f"no open replacement {id!r}", remedy="See `c3tui replacements`")
    if replacement.new is not None:
        raise InputError(
            f"its place is taken by {replacement.new.serial or 'another'} already",
            where=replacement.bay,
            remedy="Give a verdict on what sits there now",
        )
    if not reason.strip():
        raise InputError("to take a mark back wants a reason", where=replacement.bay)
    if replacement.part is Kind.DRIVE and _sits(store, replacement):
        decide(store, replacement.bay, Decision.ACCEPT, reason, who)
    else:
        with store.transaction(who) as transaction:
            take_back(store, transaction, replacement, reason)
            if replacement.part is not Kind.DRIVE:
                transaction.put(part_verdict(replacement, Decision.ACCEPT, reason, who))
    fresh = store.get(Replacement, id)
    assert fresh is not None
    return fresh


def _sits(store: Reader, replacement: Replacement) -> bool:
    """Whether the marked drive is in its bay: of an empty one there is nothing to accept."""
    _, bay = find_bay(store, replacement.bay)
    return bay.drive is not None and bay.drive.serial == replacement.old.serial
