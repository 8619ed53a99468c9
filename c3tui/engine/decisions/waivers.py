"""Waivers: findings that stand, with a name and a reason."""

from c3tui.engine.errors import InputError
from c3tui.engine.store import Store
from c3tui.model.finding import Finding, FindingState


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
