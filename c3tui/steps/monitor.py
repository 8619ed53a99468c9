"""Keeps the BMC readings in the store current for as long as the engine lives."""

import logging

from c3tui.clients.bmc import BmcFleet
from c3tui.engine.core import Engine
from c3tui.engine.errors import PeerError, RecordError
from c3tui.engine.step import record_finding
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.fleet import BmcReading, BmcState
from c3tui.steps import peers

DIED = "bmc.watch-died"

log = logging.getLogger("c3tui.engine")


async def watch_bmcs(engine: Engine) -> None:
    """Poll every BMC of the plan that has a login; those without one are shown so.

    Raises:
        Exception: whatever it died of, once that stands on record; the engine starts it again.
    """
    try:
        fleet = await peers.bmcs(engine.site, engine.resources)
        _follow(engine, fleet)
        await fleet.ended()
        if engine.resources.peek("bmc") is fleet:
            await engine.resources.drop("bmc")
            raise PeerError("the thread that speaks to the BMCs ended by itself")
    except Exception as error:
        _died(engine, error)
        raise


def _follow(engine: Engine, fleet: BmcFleet) -> None:
    def changed(readings: dict[str, BmcReading]) -> None:
        documents = {name: reading.model_dump(mode="json") for name, reading in readings.items()}
        try:
            engine.store.observe("bmc", documents)
            _lives(engine)
        except RecordError as error:
            # The next reading replaces them anyway.
            log.warning("BMC readings: %s", error)

    fleet.changes(changed)
    known = {target.name for target in peers.targets(engine.site)}
    unasked = BmcReading(state=BmcState.NO_LOGIN, detail="no login in secrets.yaml").model_dump(mode="json")
    without = [server.name for server in engine.site.plan.servers if server.name not in known]
    engine.store.observe("bmc", dict.fromkeys(without, unasked))


def _died(engine: Engine, error: Exception) -> None:
    """Say that what is shown of the BMCs grows old."""
    log.error("the watch over the BMCs died: %s", error)
    found = finding(
        DIED,
        "site",
        "discovery",
        Severity.WARNING,
        "C3's watch over the BMCs died: what is shown of them is as old as its age says",
        "C3 starts it again by itself; when this stays, restart the engine (`c3tui detach`, then `c3tui`) "
        "and keep engine.log",
        f"{type(error).__name__}: {error}",
    )
    try:
        with engine.store.transaction("engine") as transaction:
            record_finding(engine.store, transaction, found)
    except RecordError as unwritten:
        log.error("that cannot be recorded: %s", unwritten)


def _lives(engine: Engine) -> None:
    """Readings come in (again)."""
    found = engine.store.get(Finding, f"{DIED}:site")
    if found is None or found.state is FindingState.FIXED:
        return
    found.state = FindingState.FIXED
    with engine.store.transaction("engine") as transaction:
        transaction.put(found)
        transaction.note("finding fixed", "site", check=DIED)
