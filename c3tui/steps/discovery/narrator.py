"""Says how far discovery is as a whole, and who keeps it waiting."""

import asyncio

from c3tui.clients.maas import MachineWatch
from c3tui.engine.step import Context
from c3tui.steps.discovery.bring import Bring
from c3tui.steps.discovery.pace import Late

SECONDS = 1.0
"""Between two looks at the clock."""
NAMED = 2
"""Overdue servers that the one line names."""


class Narrator:
    """Looks at the clock while a run goes on.

    Args:
        total: servers that the run is about.
    """

    def __init__(self, ctx: Context, bring: Bring, watch: MachineWatch, total: int) -> None:
        self._ctx = ctx
        self._bring = bring
        self._watch = watch
        self._total = total
        self._told: dict[str, str] = {}

    async def work(self) -> None:
        """Tell, until cancelled."""
        while True:
            self.tell()
            await asyncio.sleep(SECONDS)

    def tell(self) -> None:
        """Tell how far it is now: in the run's line, and at each server that is overdue."""
        late = self._bring.pace.overdue()
        for each in late:
            if self._told.get(each.name) != str(each):
                self._told[each.name] = str(each)
                self._ctx.progress(each.name, each.phase, detail=str(each))
        failed = len(self._ctx.run.victims)
        phase = f"{self._bring.ready} of {self._total} ready"
        if failed:
            phase += f", {failed} left behind"
        fraction = (self._bring.ready + failed) / self._total if self._total and not late else None
        self._ctx.overall(phase, fraction, waiting_for(late) or self._reading())

    def _reading(self) -> str:
        read, known = self._watch.progress
        return f"MAAS told of {read} of {known}" if read < known else ""


def waiting_for(late: list[Late]) -> str:
    """Who is overdue, by how much, and what is normal; empty when nobody is."""
    if not late:
        return ""
    named = ", ".join(f"{each.name} {each}" for each in late[:NAMED])
    more = f" and {len(late) - NAMED} more" if len(late) > NAMED else ""
    return f"waiting for {len(late)}: {named}{more}"
