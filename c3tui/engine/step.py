"""What a step is, and what the engine hands it to work with."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, TypeVar

from c3tui.engine.errors import C3Error, RecordError
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.store import Store, Transaction
from c3tui.model.base import Document, utc_now
from c3tui.model.finding import Finding, FindingState, Severity, finding
from c3tui.model.fleet import Server, Stage
from c3tui.model.plan import Plan
from c3tui.model.run import Run, Victim

T = TypeVar("T")
Level = Literal["info", "warning", "error"]


@dataclass
class Checked:
    """What a check found: whether anything is left to do, and what is in the way."""

    done: bool
    summary: str
    missing: list[str] = field(default_factory=list)
    """What a run would do, one line each."""
    findings: list[Finding] = field(default_factory=list)


class Step(ABC):
    """One capability of the wizard. Idempotent: a finished step run again changes nothing."""

    id: ClassVar[str]
    title: ClassVar[str]
    needs: ClassVar[tuple[str, ...]] = ()
    """Steps that must have run before."""
    uses: ClassVar[tuple[str, ...]] = ()
    """Sections of the plan it builds on; a change in them makes it stale."""

    @abstractmethod
    async def check(self, ctx: "Context") -> Checked:
        """Look, and touch nothing.

        Raises:
            C3Error: it cannot even look.
        """

    @abstractmethod
    async def run(self, ctx: "Context") -> str:
        """Do what is missing; may be cancelled at any await and run again.

        Returns:
            What was done, in one sentence.

        Raises:
            C3Error: the step as a whole cannot go on.
        """

    async def destroys(self, ctx: "Context") -> list[str]:
        """What a run would destroy now, one victim a line; empty when nothing."""
        return []


class Recorder:
    """Gathers log lines and progress, and writes them at most four times a second."""

    DELAY = 0.25

    def __init__(self, store: Store, run: str) -> None:
        self._store = store
        self._run = run
        self._lines: list[tuple[str, str, str]] = []
        self._seen: dict[str, dict[str, dict[str, Any]]] = {}
        self._since: dict[tuple[str, str, str], float] = {}
        self._timer: asyncio.TimerHandle | None = None

    def line(self, text: str, server: str, level: Level) -> None:
        """Add a log line."""
        self._lines.extend((level, server, part) for part in text.splitlines() or [""])
        self._soon()

    def progress(self, kind: str, id: str, doc: dict[str, Any]) -> None:
        """Replace the progress of a subject; its ``since`` starts anew with each phase."""
        key = (kind, id, str(doc.get("phase", "")))
        if key not in self._since:
            self._since = {old: at for old, at in self._since.items() if old[:2] != (kind, id)}
            self._since[key] = time.time()
        self._seen.setdefault(kind, {})[id] = {**doc, "since": self._since[key]}
        self._soon()

    def flush(self) -> None:
        """Write what has gathered.

        Raises:
            RecordError: it cannot be written; it is kept, and tried again.
        """
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._lines:
            self._store.write_log(self._run, self._lines)
            self._lines = []
        for kind in list(self._seen):
            self._store.observe(kind, self._seen[kind])
            del self._seen[kind]

    def _soon(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self.DELAY, self._flush_due)

    def _flush_due(self) -> None:
        self._timer = None
        try:
            self.flush()
        except RecordError:
            self._soon()


class Context:
    """What a step works with during one check or run."""

    def __init__(self, site: Site, store: Store, resources: Resources, run: Run, step: str) -> None:
        self.site = site
        self.store = store
        self.resources = resources
        self.run = run
        self.step = step
        self.stop: Literal["", "soft", "now"] = ""
        """Set when the engineer asked to stop; an engine that merely closes leaves it empty."""
        self.stopping = asyncio.Event()
        self._recorder = Recorder(store, run.id)

    @property
    def plan(self) -> Plan:
        """The plan as it is now."""
        return self.site.plan

    @property
    def who(self) -> str:
        """Who journal lines name: the person who started the run, and the step."""
        return f"{self.run.by}/{self.step}"

    def say(self, text: str, server: str = "", level: Level = "info") -> None:
        """Write to the run's log."""
        self._recorder.line(text, server, level)

    def progress(
        self, server: str, phase: str, fraction: float | None = None, detail: str = "", *, ended: bool = False
    ) -> None:
        """Say what a server is doing now; replaces what was said before."""
        doc = {"run": self.run.id, "step": self.step, "phase": phase, "fraction": fraction, "detail": detail}
        self._recorder.progress("progress", server, {**doc, "ended": ended})

    def overall(
        self, phase: str, fraction: float | None = None, detail: str = "", waiting: Iterable[str] = ()
    ) -> None:
        """Say what the run as a whole is doing, and whom it waits for."""
        doc = {
            "step": self.step,
            "phase": phase,
            "fraction": fraction,
            "detail": detail,
            "waiting": list(waiting),
        }
        self._recorder.progress("run", self.run.id, doc)

    def flush(self) -> None:
        """Write log lines and progress that have gathered."""
        self._recorder.flush()

    def touched(self) -> None:
        """Note that something outside C3 was changed."""
        if not self.run.changed:
            self.run.changed = True
            self._remember()

    def save(self, *documents: Document, note: str = "", subject: str = "site", **data: Any) -> None:
        """Write documents and one journal line together; nothing when all are as they were."""
        with self.store.transaction(self.who) as transaction:
            changed = [transaction.put(document) for document in documents]
            if note and (any(changed) or not documents):
                transaction.note(note, subject, **data)

    def server(self, name: str) -> Server:
        """The server of that name as it is now; a new one from the plan when C3 has not seen it."""
        if known := self.store.get(Server, name):
            return known
        expected = self.plan.expected(name)
        return Server(
            id=name, name=name, rack=expected.rack, unit=expected.unit, serial=expected.serial or ""
        )

    def servers(self, reached: Stage = Stage.EXPECTED) -> list[Server]:
        """The servers of the plan that have come at least so far, in plan order."""
        known = {server.name: server for server in self.store.all(Server)}
        fleet = [known.get(each.name) or self.server(each.name) for each in self.plan.servers]
        return [server for server in fleet if server.stage.reached(reached)]

    def update(self, name: str, note: str = "", **changes: Any) -> Server:
        """Change fields of a server on top of what it is now, and journal it under ``note``."""
        server = self.server(name).model_copy(update=changes)
        self.save(server, note=note, subject=name, **{k: v for k, v in changes.items() if k in _TOLD})
        return server

    def advance(self, name: str, stage: Stage, **changes: Any) -> Server:
        """Bring a server to a stage, its trouble over; a stage already passed stays."""
        server = self.server(name)
        if not server.stage.reached(stage):
            changes["stage"] = stage
        return self.update(name, note="server advanced", trouble="", seen_at=utc_now(), **changes)

    def leave_behind(self, name: str, why: str) -> None:
        """Go on without a server: the run names it and why, and the server keeps the trouble."""
        self.say(f"left behind: {why}", name, "error")
        self._lose(name, why)
        self.update(name, note="server left behind", trouble=why)
        self.progress(name, "left behind", detail=why, ended=True)

    def warn(self, name: str, why: str) -> None:
        """Go on with a server, but say in the run's outcome what is not right with it."""
        self.say(why, name, "warning")
        self._lose(name, why)

    def _lose(self, name: str, why: str) -> None:
        """Name a victim of the run; the log says why before the record does, and never later."""
        self.flush()
        self.run.victims = [victim for victim in self.run.victims if victim.server != name]
        self.run.victims.append(Victim(server=name, why=why))
        self._remember()

    def _remember(self) -> None:
        """Keep what the run has done so far: an engine that dies must not take it along."""
        if self.store.get(Run, self.run.id):
            self.save(self.run)

    def find(self, found: Finding) -> Finding:
        """Record a finding; one seen before keeps its first date and its waiver."""
        with self.store.transaction(self.who) as transaction:
            return record_finding(self.store, transaction, found)

    def fixed(self, check: str, subject: str) -> None:
        """Record that a finding is no longer true, if it was open or waived."""
        found = self.store.get(Finding, f"{check}:{subject}")
        if found and found.state is not FindingState.FIXED:
            found.state = FindingState.FIXED
            found.last_seen = utc_now()
            self.save(found, note="finding fixed", subject=subject, check=check)

    def findings_now(self, checks: Iterable[str], found: Iterable[Finding]) -> None:
        """Record what a set of checks says now: what they no longer say is fixed."""
        present = {self.find(each).id for each in found}
        for known in self.store.all(Finding):
            if known.check in checks and known.id not in present:
                self.fixed(known.check, known.subject)

    async def each(
        self, names: Iterable[str], act: Callable[[str], Awaitable[None]], *, limit: int, check: str
    ) -> None:
        """Act on servers side by side; one's failure is recorded and never cancels the others.

        Args:
            limit: how many at once.
            check: id under which a failure becomes a finding.

        Raises:
            RecordError: the record cannot be written, so nobody goes on.
        """
        gate = asyncio.Semaphore(limit)

        async def one(name: str) -> None:
            async with gate:
                try:
                    await act(name)
                except RecordError:
                    raise
                except C3Error as error:
                    self.failed(name, error, check)
                else:
                    self.fixed(check, name)

        try:
            async with asyncio.TaskGroup() as group:
                for name in names:
                    group.create_task(one(name))
        except ExceptionGroup as errors:
            # They all have one cause: the engineer is told it once.
            raise (errors.subgroup(RecordError) or errors).exceptions[0] from None

    def failed(self, name: str, error: C3Error, check: str) -> None:
        """Record that a server failed in this step, as a finding and as a victim of the run."""
        self.find(
            finding(
                check,
                name,
                self.step,
                Severity.CRITICAL,
                error.what,
                error.remedy or "See the run's log",
                error.where,
            )
        )
        self.leave_behind(name, f"{error.where}: {error.what}" if error.where else error.what)


_TOLD = {"stage", "trouble", "system_id", "address", "in_production"}
"""Fields of a server worth a word in the journal."""


def record_finding(store: Store, transaction: Transaction, found: Finding) -> Finding:
    """Merge a finding into the record inside a transaction; returns what stands there now."""
    known = store.get(Finding, found.id)
    if known is None or known.state is FindingState.FIXED:
        transaction.put(found)
        transaction.note("finding opened", found.subject, check=found.check, message=found.message)
        return found
    same = (known.message, known.severity, known.evidence) == (found.message, found.severity, found.evidence)
    if same:
        return known
    merged = found.model_copy(
        update={
            "first_seen": known.first_seen,
            "state": known.state,
            "waived_by": known.waived_by,
            "reason": known.reason,
        }
    )
    if known.state is FindingState.WAIVED and known.severity != found.severity:
        merged.state = FindingState.OPEN
    transaction.put(merged)
    transaction.note("finding changed", found.subject, check=found.check, message=found.message)
    return merged
