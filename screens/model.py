"""The fleet as the screens see it: one copy of the record, brought up to date by cursor.

Plain Python: no terminal, no engine. Rows that did not change keep their identity, so that a table can
tell what to repaint by comparing objects.
"""

from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from c3tui.engine.store import Reader
from c3tui.model.addresses import Binding, Holdings, assign, placements, with_carried
from c3tui.model.base import Document, lean
from c3tui.model.finding import Finding, FindingState, Severity
from c3tui.model.fleet import BmcReading, Server, Stage
from c3tui.model.judged import Judged
from c3tui.model.light import Light
from c3tui.model.network import Placement4
from c3tui.model.placement import Placement, place
from c3tui.model.plan import Plan
from c3tui.model.replacement import Replacement, Verdict
from c3tui.model.run import Outcome, Run, StepStatus
from screens.drives import FIELDS, DriveRow, DriveRows, walk
from screens.words import moment

__all__ = ["DriveRow", "FleetModel", "Key", "Progress", "ServerRow", "walk"]

_OF_BAYS = frozenset((Server.kind, Verdict.kind, Replacement.kind, Judged.kind))
"""Kinds of documents that bays are made of; the id of each begins with its server."""
_GRAVITY = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}


@dataclass(frozen=True)
class Progress:
    """What a run says about itself, or about one server: replaceable, never history."""

    run: str = ""
    step: str = ""
    phase: str = ""
    detail: str = ""
    fraction: float | None = None
    waiting: tuple[str, ...] = ()
    since: float | None = None
    """Unix seconds at which the phase began."""
    ended: bool = False

    @classmethod
    def of(cls, document: dict[str, Any]) -> "Progress":
        """From an observation; a value that makes no sense is left out."""
        fraction = document.get("fraction")
        waiting = document.get("waiting")
        return cls(
            run=str(document.get("run") or ""),
            step=str(document.get("step") or ""),
            phase=str(document.get("phase") or ""),
            detail=str(document.get("detail") or ""),
            fraction=float(fraction) if isinstance(fraction, int | float) else None,
            waiting=tuple(str(name) for name in waiting) if isinstance(waiting, list) else (),
            since=moment(document.get("since")),
            ended=bool(document.get("ended")),
        )


@dataclass(frozen=True)
class ServerRow:
    """A server with what is known of it this moment."""

    server: Server
    bmc: BmcReading | None = None
    progress: Progress | None = None


Key = tuple[str, str]


@dataclass
class FleetModel:
    """Everything the screens show, and the cursor it is true for."""

    cursor: int = 0
    servers: dict[str, Server] = field(default_factory=dict)
    findings: dict[str, Finding] = field(default_factory=dict)
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    replacements: dict[str, Replacement] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    statuses: dict[str, StepStatus] = field(default_factory=dict)
    bindings: dict[str, Binding] = field(default_factory=dict)
    """Who holds which addresses, by server."""
    lights: dict[str, Light] = field(default_factory=dict)
    """What C3 lit, and why."""
    observed: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    """Latest observations by kind and id."""
    unreadable: int = 0
    """Documents that this version cannot read; they are left out, never fatal."""
    server_rows: dict[str, ServerRow] = field(default_factory=dict)
    """By name, in the order one walks: rack, unit."""
    drives: DriveRows = field(default_factory=DriveRows)
    """The bays, and what they add up to."""
    _placed: Placement | None = None

    def catch_up(self, reader: Reader) -> set[Key]:
        """Read what changed since the cursor; gives the kind and id of each change."""
        since, touched = self.cursor, set[Key]()
        cursor = reader.cursor
        for kind, id, text in reader.documents(since, apart=Judged.kind):
            self._take(kind, id, text)
            touched.add((kind, id))
        for kind, id, document in reader.observed(since):
            self.observed.setdefault(kind, {})[id] = document
            touched.add((kind, id))
        for id, fields in reader.fields(Judged.kind, since, *FIELDS):
            try:
                self.drives.learn(id, fields)
            except ValueError:
                self.unreadable += 1
            touched.add((Judged.kind, id))
        self.cursor = cursor
        self._rebuild(touched)
        return touched

    def planned_addresses(self, plan: Plan) -> dict[str, Placement4]:
        """The addresses each server of the plan holds, or will be given."""
        network = plan.networks.cluster
        indexes = assign([server.name for server in plan.servers], with_carried(network, self.holdings))
        return placements(network, indexes)

    @property
    def holdings(self) -> Holdings:
        """What the record says about addresses."""
        return Holdings(tuple(self.bindings.values()), tuple(self.servers.values()))

    def _take(self, kind: str, id: str, text: str | None) -> None:
        shelves: dict[str, tuple[type[Document], dict[str, Any]]] = {
            Server.kind: (Server, self.servers),
            Finding.kind: (Finding, self.findings),
            Verdict.kind: (Verdict, self.verdicts),
            Replacement.kind: (Replacement, self.replacements),
            Run.kind: (Run, self.runs),
            StepStatus.kind: (StepStatus, self.statuses),
            Binding.kind: (Binding, self.bindings),
            Light.kind: (Light, self.lights),
        }
        if kind not in shelves:
            return
        model, shelf = shelves[kind]
        if text is None:
            shelf.pop(id, None)
            return
        try:
            shelf[id] = lean(model.model_validate_json(text))
        except ValidationError:
            self.unreadable += 1

    def _rebuild(self, touched: set[Key]) -> None:
        servers = {id for kind, id in touched if kind in ("server", "bmc", "progress")}
        bays = {id.partition("/")[0] for kind, id in touched if kind in _OF_BAYS}
        moved = False
        for id in servers:
            moved |= self._rebuild_server(id)
        if bays:
            moving = {part.bay: part for part in self.replacements.values() if part.open}
            self.drives.follow(bays, self.servers, self.verdicts, moving)
            self._placed = None
        if moved:
            self.server_rows = dict(sorted(self.server_rows.items(), key=lambda item: walk(item[1].server)))

    def _rebuild_server(self, id: str) -> bool:
        """One server; true when the order of all may be another now."""
        server, before = self.servers.get(id), self.server_rows.get(id)
        if server is None:
            self.server_rows.pop(id, None)
            return False
        bmc = self.observed.get("bmc", {}).get(id)
        progress = self.observed.get("progress", {}).get(id)
        self.server_rows[id] = ServerRow(
            server, _reading(bmc) if bmc else None, Progress.of(progress) if progress else None
        )
        return before is None or walk(before.server) != walk(server)

    @property
    def drive_rows(self) -> dict[str, DriveRow]:
        """By bay, in the order one walks: rack, unit, bay."""
        return self.drives.rows

    @property
    def placement(self) -> Placement:
        """Which data drives become OSDs: of the nodes, or before there are any, of every sound server."""
        if self._placed is None:
            servers = [row.server for row in self.server_rows.values()]
            nodes = [server for server in servers if server.stage is Stage.NODE]
            marked = {part.bay for part in self.replacements.values() if part.open}
            kept = [each for each in self.verdicts.values() if each.keeps]
            sound = nodes or [server for server in servers if not server.trouble]
            self._placed = place(sound, marked, {(each.bay, each.serial) for each in kept})
        return self._placed

    def active_run(self, step: str = "") -> Run | None:
        """The run going on now, of one step or of any."""
        for run in self.runs.values():
            if run.outcome is Outcome.RUNNING and step in ("", run.step):
                return run
        return None

    def latest_run(self, step: str = "") -> Run | None:
        """The run that started last, of one step or of any."""
        runs = [run for run in self.runs.values() if step in ("", run.step)]
        return max(runs, key=lambda run: run.started, default=None)

    def last_ended(self) -> Run | None:
        """The run that ended last, of any step."""
        ended = [(run.ended, run.id) for run in self.runs.values() if run.ended]
        return self.runs[max(ended)[1]] if ended else None

    def run_progress(self, run: str) -> Progress:
        """How far a run says it is."""
        return Progress.of(self.observed.get("run", {}).get(run, {}))

    def open_findings(self, step: str = "", subject: str = "") -> list[Finding]:
        """Open findings, gravest first; of one step, of one server and its bays, or of all."""
        found = [
            finding
            for finding in self.findings.values()
            if finding.state is FindingState.OPEN
            and step in ("", finding.step)
            and (not subject or finding.subject == subject or finding.subject.startswith(f"{subject}/"))
        ]
        return sorted(found, key=lambda finding: (_GRAVITY[finding.severity], finding.subject, finding.check))

    def open_replacements(self) -> list[Replacement]:
        """Parts on their way out, in the order one walks past them: rack, unit, bay."""

        def order(part: Replacement) -> tuple[object, ...]:
            server = self.servers.get(part.server)
            return (*(walk(server) if server else ("", 0, part.server)), *part.order)

        return sorted((part for part in self.replacements.values() if part.open), key=order)


def _reading(document: dict[str, Any]) -> BmcReading | None:
    try:
        return BmcReading.model_validate(document)
    except ValidationError:
        return None
