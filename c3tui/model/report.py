"""The handover report as data: what was planned, what was built, what was tested and swapped."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from c3tui.model.base import utc_now
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server, Stage
from c3tui.model.plan import Plan
from c3tui.model.replacement import Phase, Replacement, Verdict
from c3tui.model.run import Run
from c3tui.model.story import Story


class Totals(BaseModel):
    """The figures people ask for first."""

    servers: int
    nodes: int
    drives: int
    drives_replaced: int
    osds_planned: int = 0
    osds_up: int = 0
    usable_tb: float = 0.0
    """TB (10^12 bytes) the pool can hold before Ceph warns that it is nearly full."""
    health: str = ""


class Report(BaseModel):
    """Everything about a site on the day of handover; holds no secret."""

    site: str
    written: datetime = Field(default_factory=utc_now)
    c3: str
    versions: dict[str, str]
    totals: Totals
    plan: Plan
    servers: list[Server]
    findings: list[Finding]
    verdicts: list[Verdict]
    replacements: list[Replacement]
    runs: list[Run]
    storage: dict[str, Any]
    tests: list[dict[str, Any]]
    bays: list[Story] = []
    """The story of every bay, by server and slot."""

    def bays_of(self, server: str) -> list[Story]:
        """The stories of one server's bays."""
        return [each for each in self.bays if each.server == server]

    def findings_of(self, server: str) -> list[Finding]:
        """What is or was wrong with one server, its bays and other parts."""
        return [each for each in self.findings if each.subject.partition("/")[0] == server]


def count_open(findings: list[Finding]) -> dict[str, int]:
    """Open findings by severity."""
    counts: dict[str, int] = {}
    for found in findings:
        if found.state is FindingState.OPEN:
            counts[found.severity.value] = counts.get(found.severity.value, 0) + 1
    return counts


def totals(servers: list[Server], replacements: list[Replacement], storage: dict[str, Any]) -> Totals:
    """The figures out of the record."""
    return Totals(
        servers=len(servers),
        nodes=sum(server.stage is Stage.NODE for server in servers),
        drives=sum(len(server.drives()) for server in servers),
        drives_replaced=sum(each.phase is Phase.CLOSED and each.slot is not None for each in replacements),
        osds_planned=int(storage.get("planned", 0)),
        osds_up=int(storage.get("up", 0)),
        usable_tb=round(int(storage.get("usable_bytes", 0)) / 1e12, 1),
        health=str(storage.get("health", "")),
    )
