"""The ephemeral system at work: it runs the rows of a set and reports every step to the region."""

import asyncio
from itertools import groupby

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle.output import outcome, seconds_of
from c3tui.lab.maas.records import Machine, Row, Script, ScriptSet
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.status import NodeStatus, ScriptStatus

INSTALL_SECONDS = 12.0
"""To fetch and install the packages of a script."""
_PARALLEL_INSTANCES = 1


async def run_set(
    region: Region, machine: Machine, box: Chassis, each: ScriptSet, status: NodeStatus
) -> bool:
    """Run what has not ended yet, while the machine stays in ``status``; whether it stayed."""
    for name, group in groupby(each.rows, key=lambda row: row.name):
        rows = [row for row in group if row.ended is None and row.status is not ScriptStatus.ABORTED]
        script = region.db.script_by_name(name)
        if not region.alive(machine, status):
            return False
        if script is None or not rows:
            continue
        run = _Run(region, machine, box, each, script, status)
        if script.parallel == _PARALLEL_INSTANCES:
            await asyncio.gather(*(run.row(row) for row in rows))
        else:
            for row in rows:
                await run.row(row)
    return region.alive(machine, status)


class _Run:
    """One script of a set."""

    def __init__(
        self,
        region: Region,
        machine: Machine,
        box: Chassis,
        each: ScriptSet,
        script: Script,
        status: NodeStatus,
    ) -> None:
        self._region, self._machine, self._box = region, machine, box
        self._set, self._script, self._status = each, script, status

    async def row(self, row: Row) -> None:
        """Run the script for one part."""
        sleep = self._region.room.clock.sleep
        row.started, row.revision_id = self._region.now(), self._script.history[-1].id
        if self._script.packages:
            self._report(row, ScriptStatus.INSTALLING)
            await sleep(INSTALL_SECONDS)
        if not self._wanted(row):
            return
        self._report(row, ScriptStatus.RUNNING)
        if self._status is NodeStatus.TESTING:
            self._region.event(self._machine, "Running test", _label(row))
        await sleep(seconds_of(self._machine, self._script, row))
        if self._wanted(row):
            self._finish(row)

    def _wanted(self, row: Row) -> bool:
        return self._region.alive(self._machine, self._status) and row.status is not ScriptStatus.ABORTED

    def _finish(self, row: Row) -> None:
        ended = outcome(self._machine, self._box, self._script, row)
        row.exit_status, row.output = ended.exit_status, ended.output
        row.stderr, row.result = ended.stderr, ended.result
        row.ended = self._region.now()
        self._report(row, ScriptStatus.FAILED if ended.exit_status else ScriptStatus.PASSED)
        if ended.exit_status:
            self._region.event(self._machine, "Script", f"{_label(row)} failed")

    def _report(self, row: Row, status: ScriptStatus) -> None:
        now = self._region.now()
        text = f"{_label(row)} changed status from '{row.status.label}' to '{status.label}'"
        self._region.event(self._machine, "Script result", text, level="DEBUG")
        row.status, row.updated = status, now
        self._set.last_ping = self._machine.waiting_since = now


def _label(row: Row) -> str:
    for parameter in row.parameters.values():
        value = parameter.get("value")
        if isinstance(value, dict):
            return f"{row.name} on {value['name']}"
    return row.name
