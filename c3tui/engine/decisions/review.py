"""Verdicts held against what was judged since: one that was not given on this is asked again."""

from collections.abc import Iterable
from datetime import datetime

from c3tui.engine.decisions.marks import open_marks
from c3tui.engine.step import record_finding
from c3tui.engine.store import Reader, Store, Transaction
from c3tui.model.base import utc_now
from c3tui.model.evidence.judgement import Klass
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.judged import Judged
from c3tui.model.replacement import Decision, Replacement, Verdict

ASKED_AGAIN = "verdict.asked-again"


def review(store: Store, transaction: Transaction, judged: Iterable[Judged]) -> list[Verdict]:
    """Ask again where a drive is judged worse than when it was decided on; gives those verdicts.

    Called with fresh judgements inside the transaction that writes them, so that no crash comes between.
    A verdict whose evidence is again what it was given on stands again.
    """
    verdicts = {each.id: each for each in store.all(Verdict)}
    marks = open_marks(store) if verdicts else {}
    asked = []
    for each in judged:
        if (mark := marks.get(each.id)) and mark.old.serial == each.serial:
            _remember(transaction, mark, each)
        verdict = verdicts.get(f"{each.id}:{each.serial}")
        if verdict is None or verdict.decision is Decision.REPLACE:
            continue
        why = worse(verdict, each)
        if why and why != verdict.why:
            asked.append(_ask(store, transaction, verdict, why))
        elif not why and verdict.asked_again:
            transaction.put(verdict.model_copy(update={"stale_since": None, "why": ""}))
            transaction.note("verdict stands again", verdict.bay, serial=verdict.serial)
            settled(store, transaction, verdict.bay)
    return asked


def worse(verdict: Verdict, judged: Judged) -> str:
    """What is worse now than what a verdict was given on, in words; empty when nothing is.

    A verdict given on no evidence at all was given on a drive that was not tested.
    """
    if verdict.digest and verdict.digest == judged.digest:
        return ""
    then = verdict.klass or Klass.NOT_TESTED
    fresh = [
        each.text for each in judged.reasons if each.klass is Klass.REPLACE and each.rule not in verdict.rules
    ]
    if judged.klass.rank > then.rank:
        return f"it was judged {then} then, and {judged.klass} now: {judged.headline}"
    return f"new reasons to replace it: {'; '.join(fresh)}" if fresh else ""


def grounds(store: Reader, bay: str, serial: str) -> dict[str, object]:
    """What a verdict given now is given on, as fields of it."""
    judged = store.get(Judged, bay)
    if judged is None or judged.serial != serial:
        return {}
    against = {each.rule for each in judged.reasons if each.klass is Klass.REPLACE}
    return {"digest": judged.digest, "klass": judged.klass, "rules": tuple(sorted(against))}


def settled(store: Reader, transaction: Transaction, bay: str) -> None:
    """Nothing is asked about a bay any more."""
    known = store.get(Finding, f"{ASKED_AGAIN}:{bay}")
    if known and known.state is not FindingState.FIXED:
        known.state, known.last_seen = FindingState.FIXED, utc_now()
        transaction.put(known)
        transaction.note("finding fixed", bay, check=ASKED_AGAIN)


def _ask(store: Store, transaction: Transaction, verdict: Verdict, why: str) -> Verdict:
    since: datetime = verdict.stale_since or utc_now()
    asked = verdict.model_copy(update={"stale_since": since, "why": why})
    transaction.put(asked)
    transaction.note("verdict asked again", verdict.bay, serial=verdict.serial, why=why)
    given = {Decision.USE: "taken into use", Decision.ACCEPT: "accepted"}[verdict.decision]
    reason = f" ({verdict.reason})" if verdict.reason else ""
    record_finding(
        store,
        transaction,
        finding(
            ASKED_AGAIN,
            verdict.bay,
            "hardware",
            Severity.WARNING,
            f"drive {verdict.serial} was {given} by {verdict.by} on {verdict.at:%Y-%m-%d}{reason}; {why}",
            "Decide again: use, replace, or accept with a reason",
        ),
    )
    return asked


def _remember(transaction: Transaction, mark: Replacement, judged: Judged) -> None:
    """The story of a marked drive is closed with the last that was known of it."""
    if mark.judged is None or mark.judged.digest != judged.digest:
        transaction.put(mark.model_copy(update={"judged": judged}))
