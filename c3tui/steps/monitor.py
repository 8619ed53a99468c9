"""Keeps the BMC readings in the store current for as long as the engine lives."""

import asyncio
import logging

from c3tui.engine.core import Engine
from c3tui.engine.errors import RecordError
from c3tui.model.fleet import BmcReading, BmcState
from c3tui.steps import peers

log = logging.getLogger("c3tui.engine")


async def watch_bmcs(engine: Engine) -> None:
    """Poll every BMC of the plan that has a login; those without one are shown so."""
    fleet = await peers.bmcs(engine.site, engine.resources)

    def changed(readings: dict[str, BmcReading]) -> None:
        documents = {name: reading.model_dump(mode="json") for name, reading in readings.items()}
        try:
            engine.store.observe("bmc", documents)
        except RecordError as error:
            # The next reading replaces them anyway.
            log.warning("BMC readings: %s", error)

    fleet.changes(changed)
    known = {target.name for target in peers.targets(engine.site)}
    unasked = BmcReading(state=BmcState.NO_LOGIN, detail="no login in secrets.yaml").model_dump(mode="json")
    without = [server.name for server in engine.site.plan.servers if server.name not in known]
    engine.store.observe("bmc", dict.fromkeys(without, unasked))
    await asyncio.Event().wait()
