"""The ephemeral system at work: it runs the rows of a set and reports every step to the region.

It kills a script that is over its time. One that cannot be killed, for its drive never answers, is left
to the region, which gives up the whole machine (see `watch`).
"""

import asyncio
from itertools import groupby

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle.output import Outcome, outcome, seconds_of
from c3tui.lab.maas.records import Machine, Row, Script, ScriptSet
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.status import NodeStatus, ScriptStatus
from c3tui.lab.scenario import FaultKind

INSTALL_SECONDS = 12.0
"""To fetch and install the packages of a script."""
HANG_SECONDS = 30.0
"""Between looks whether somebody gave up a script that does not come back."""
_PARALLEL_INSTANCES = 1
_NO_PACKAGES = "E: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n"


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
            if self._no_packages():
                self._end(row, Outcome(100, stderr=_NO_PACKAGES, says=ScriptStatus.FAILED_INSTALLING))
                return
        if not self._wanted(row):
            return
        self._report(row, ScriptStatus.RUNNING)
        if self._status is NodeStatus.TESTING:
            self._region.event(self._machine, "Running test", _label(row))
        seconds, limit = seconds_of(self._box, self._script, row), self._script.timeout
        while seconds is None:
            await sleep(HANG_SECONDS)
            if not self._wanted(row):
                return
        await sleep(min(seconds, limit or seconds))
        if not self._wanted(row):
            return
        if limit and seconds > limit:
            self._end(row, Outcome(124, says=ScriptStatus.TIMED_OUT))
        else:
            self._end(row, outcome(self._machine, self._box, self._script, row))

    def _wanted(self, row: Row) -> bool:
        return self._region.alive(self._machine, self._status) and row.status is not ScriptStatus.ABORTED

    def _no_packages(self) -> bool:
        for wanted in (self._script.name, ""):
            fault = self._region.room.fault_of(self._box, FaultKind.NO_PACKAGES)
            if fault and fault.detail == wanted:
                return self._region.room.spend(self._box, FaultKind.NO_PACKAGES)
        return False

    def _end(self, row: Row, ended: Outcome) -> None:
        row.exit_status, row.output = ended.exit_status, ended.output
        row.stderr, row.result = ended.stderr, ended.result
        row.ended = self._region.now()
        status = ended.says or (ScriptStatus.FAILED if ended.exit_status else ScriptStatus.PASSED)
        self._report(row, status)
        if ended.exit_status:
            self._region.event(self._machine, "Script", f"{_label(row)} {status.label.lower()}")

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
