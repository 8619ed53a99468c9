"""Sums over the fleet: what counts, what it adds up to, and which step is next."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from c3tui.model.fleet import Stage, TestState
from c3tui.model.placement import FULL, Placement
from c3tui.model.plan import Plan, Pool
from c3tui.model.run import Outcome, StepInfo
from screens.drives import TESTING
from screens.model import FleetModel
from screens.signs import CLASS_TONES, Span
from screens.words import counted, size


@dataclass(frozen=True)
class DriveCounts:
    """Drives by what is known of them."""

    total: int
    passed: int
    failed: int
    running: int
    untested: int
    marked: int
    accepted: int

    def __str__(self) -> str:
        parts = [f"{self.passed} of {counted(self.total, 'drive')} passed"]
        for count, word in (
            (self.failed, "failed"),
            (self.running, "being tested"),
            (self.untested, "not tested"),
            (self.marked, "marked for replacement"),
            (self.accepted, "accepted as is"),
        ):
            if count:
                parts.append(f"{count} {word}")
        return ", ".join(parts)


def drive_counts(fleet: FleetModel) -> DriveCounts:
    """How the drives of the fleet stand."""
    sums = fleet.drives.totals
    return DriveCounts(
        total=sum(sums["test", state.value] for state in TestState),
        passed=sums["test", TestState.PASSED.value],
        failed=sums["test", TestState.FAILED.value],
        running=sums["test", TestState.RUNNING.value],
        untested=sums["test", TestState.NOT_TESTED.value],
        marked=len(fleet.open_replacements()),
        accepted=sums["accepted", ""],
    )


def class_spans(fleet: FleetModel, pool: Pool) -> list[Span]:
    """Drives by class with what they hold, and the room they give: now, and with all of them good."""
    sums, line = fleet.drives.totals, list[Span]()
    for word, tone in (*CLASS_TONES.items(), (TESTING, "busy")):
        if count := sums["count", word]:
            line += [(", " if line else "", ""), (f"{count} {word}", tone)]
            line.append((f" {size(sums['bytes', word])}", ""))
    if not line:
        return []
    parts = ((sums["again", ""], "asked again"), (sums["marked", ""], "marked for replacement"))
    line += [(f"; {count} {words}", "warn") for count, words in parts if count]
    now, hoped = fleet.drives.usable(pool), fleet.drives.usable(pool, hoped=True)
    if hoped:
        more = "" if now == hoped else f", {size(hoped)} with all good"
        line.append((f"; {size(now) if now else 'nothing'} usable at {pool.size} copies{more}", ""))
    return line


def stage_counts(fleet: FleetModel) -> str:
    """How many servers stand at which stage: ``3 node, 8 tested``."""
    stages = Counter(server.stage for server in fleet.servers.values())
    return ", ".join(f"{stages[stage]} {stage.value}" for stage in reversed(Stage) if stages[stage])


def usable(placed: Placement, pool: Pool) -> str:
    """Space for data on the drives placed: ``93.1 TB usable at 3 copies (85 % of 329 TB raw)``."""
    if not placed.osds:
        return "no space yet: no drive is fit for it"
    room, raw = size(placed.usable_bytes(pool)), size(placed.raw_bytes())
    return f"{room} usable at {pool.size} copies ({FULL * 100:.0f} % of {raw} raw)"


DOORS: dict[str, tuple[Stage | None, Stage]] = {
    "discovery": (None, Stage.READY),
    "hardware": (Stage.READY, Stage.TESTED),
    "deploy": (Stage.TESTED, Stage.DEPLOYED),
    "kubernetes": (Stage.DEPLOYED, Stage.NODE),
}
"""The stage a server needs to go through a step, and the one it has behind it."""


def not_through(fleet: FleetModel, plan: Plan, step: str) -> list[str]:
    """Servers of the plan that have come as far as a step and are not through it."""
    if step == "storage":
        return _short_of_osds(fleet)
    if step not in DOORS:
        return []
    before, behind = DOORS[step]
    found = []
    for expected in plan.servers:
        server = fleet.servers.get(expected.name)
        stage = server.stage if server else Stage.EXPECTED
        if (before is None or stage.reached(before)) and not stage.reached(behind):
            found.append(expected.name)
    return found


def _short_of_osds(fleet: FleetModel) -> list[str]:
    made = fleet.observed.get("storage", {}).get("ceph", {}).get("servers")
    if not isinstance(made, dict) or not any(each.stage is Stage.NODE for each in fleet.servers.values()):
        return []
    planned = Counter(osd.server for osd in fleet.placement.osds)
    return [name for name, count in planned.items() if count > int((made.get(name) or (0,))[0])]


def next_step(fleet: FleetModel, plan: Plan, steps: Sequence[StepInfo]) -> StepInfo | None:
    """What to run next, or None when there is nothing left to do.

    First whatever is not done for the plan as it is now; then a step that sound servers have not gone
    through, having come late; then one that left servers in trouble behind.
    """
    for step in steps:
        status = fleet.statuses.get(step.id)
        if status is None or status.stale or status.outcome not in (Outcome.DONE, Outcome.WARNING):
            return step
    troubled = None
    for step in steps:
        waiting = not_through(fleet, plan, step.id)
        if any(name not in fleet.servers or not fleet.servers[name].trouble for name in waiting):
            return step
        troubled = troubled or (step if waiting else None)
    return troubled
