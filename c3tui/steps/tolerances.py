"""Accepted differences: what rules say of some servers may stand, while the rules stay on for all others."""

from collections.abc import Collection, Sequence
from itertools import groupby

from c3tui.checks.catalogue import Fault, findings
from c3tui.engine.step import Context
from c3tui.model.finding import Finding, FindingState
from c3tui.model.identity import Tolerance
from c3tui.model.plan import ExpectedServer, Plan


def record(
    ctx: Context, rules: Collection[str], said: Sequence[Fault], about: Collection[str] | None = None
) -> list[str]:
    """Record what rules say now: what is accepted as waived, all else as open, what is over as fixed.

    Args:
        about: the subjects that were looked at; all when None.

    Returns:
        The ids of the findings that are true, accepted ones included.
    """
    known = {each.id: each for each in ctx.store.all(Finding)}
    accepted = ctx.store.all(Tolerance)
    true = []
    for _, same in groupby(sorted(said, key=_order), key=_order):
        faults = list(same)
        open_, by = _sorted(ctx.plan, faults, accepted)
        (found,) = findings(open_ or faults)
        old = known.get(found.id)
        if old and old.state is FindingState.WAIVED:
            found.tolerance = old.tolerance
        _write(ctx, found, "" if open_ else by, accepted)
        true.append(found.id)
    for old in known.values():
        looked = about is None or old.subject in about
        if old.check in rules and looked and old.id not in true:
            ctx.fixed(old.check, old.subject)
    return true


def _order(fault: Fault) -> tuple[str, str]:
    return fault.check.id, fault.subject


def _sorted(plan: Plan, faults: Sequence[Fault], accepted: Sequence[Tolerance]) -> tuple[list[Fault], str]:
    """Faults that nobody accepted, and the id of what accepts the first of the others."""
    server = next((each for each in plan.servers if each.name == faults[0].subject), None)
    left, by = [], ""
    for fault in faults:
        covering = next((each for each in accepted if _covers(each, fault, server)), None)
        if covering is None:
            left.append(fault)
        else:
            by = by or covering.id
    return left, by


def _covers(tolerance: Tolerance, fault: Fault, server: ExpectedServer | None) -> bool:
    if tolerance.check != fault.check.id or tolerance.what != fault.message:
        return False
    if server is None:
        return tolerance.scope == "site"
    return tolerance.covers(server.rack, server.name, server.profile)


def _write(ctx: Context, found: Finding, tolerance: str, accepted: Sequence[Tolerance]) -> None:
    """One finding as it stands now; a waiver that a person gave to it alone is left to that person."""
    now = ctx.find(found)
    if tolerance and now.state is FindingState.OPEN:
        why = next(each for each in accepted if each.id == tolerance)
        now.state, now.waived_by, now.tolerance = FindingState.WAIVED, why.by, tolerance
        now.reason = f"accepted for {why.scope}: {why.reason}"
        ctx.save(now, note="finding waived", subject=now.subject, check=now.check, reason=now.reason)
    elif not tolerance and now.state is FindingState.WAIVED and now.tolerance:
        now.state, now.waived_by, now.reason, now.tolerance = FindingState.OPEN, "", "", ""
        ctx.save(now, note="finding opened again", subject=now.subject, check=now.check, message=now.message)
