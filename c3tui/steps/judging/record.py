"""Writes judgements into the record: the drives, the findings, the marks. Judged twice, nothing changes."""

from collections.abc import Iterable, Mapping, Sequence

from c3tui.checks.catalogue import Known, faults, findings
from c3tui.checks.judged import DRIVE_CHECKS, PART_NOT_TESTED, SERVER_RULES
from c3tui.engine import decisions
from c3tui.engine.step import Context, record_finding
from c3tui.engine.store import Transaction
from c3tui.model.base import utc_now
from c3tui.model.evidence import Judgement, Klass
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server, Stage, bay_id
from c3tui.model.judged import STATES, Judged, judged
from c3tui.model.replacement import Decision, Verdict
from c3tui.steps.judging.drives import Told
from c3tui.steps.judging.evidence import Shelf

STEP = "hardware"
ALL_CHECKS = frozenset((*DRIVE_CHECKS, PART_NOT_TESTED, *SERVER_RULES))


_FEW = 10
"""Servers that are read one by one, and their bays too."""


class Book:
    """What was judged of some servers, ready to be written.

    Args:
        told: their drives, with what each was judged on.
        judgements: of the drives by bay.
        hardware: judgements on the servers' other parts.
    """

    def __init__(
        self,
        ctx: Context,
        told: Sequence[Told],
        judgements: Mapping[str, Judgement],
        hardware: Mapping[str, Judgement],
    ) -> None:
        self._ctx = ctx
        self._told = {each.subject.id: each for each in told}
        self._hardware = hardware
        self.judged = {id: _document(each, judgements[id]) for id, each in self._told.items()}
        # Read again: others may have changed them while they were judged.
        fleet = ctx.servers() if len(hardware) > _FEW else [ctx.server(name) for name in hardware]
        self._servers = {each.name: each for each in fleet if each.name in hardware}
        self.changed = 0

    def write(self, shelf: Shelf) -> None:
        """Write all of it: the evidence first, with drives and findings in one transaction, then the marks.

        Raises:
            RecordError: it cannot be written.
        """
        ctx = self._ctx
        known = self._known()
        with ctx.store.transaction(ctx.who) as transaction:
            shelf.file(transaction)
            for id, fresh in self.judged.items():
                self._put(transaction, known.get(id), fresh)
            self._empty(transaction, known)
            decisions.review(ctx.store, transaction, self.judged.values())
            self._drives(transaction)
            self._findings(transaction)
        self._mark()

    def _known(self) -> dict[str, Judged]:
        """What was made of these bays before; of one server, without reading that of all."""
        store = self._ctx.store
        if len(self._servers) > _FEW:
            return {each.id: each for each in store.all(Judged)}
        ids = [bay_id(server.name, bay.slot) for server in self._servers.values() for bay in server.bays]
        return {id: known for id in ids if (known := store.get(Judged, id))}

    def _put(self, transaction: Transaction, old: Judged | None, fresh: Judged) -> None:
        if fresh.says_as(old):
            return
        self.changed += 1
        transaction.put(fresh)
        if old is None or (old.digest, old.klass) != (fresh.digest, fresh.klass):
            told = {"serial": fresh.serial, "class": fresh.klass.value, "headline": fresh.headline}
            transaction.note("drive judged", fresh.id, **told, numbers=fresh.numbers)

    def _empty(self, transaction: Transaction, known: Iterable[str]) -> None:
        """Nothing is left to be said of a bay with nothing in it."""
        for server in self._servers.values():
            for bay in server.bays:
                if bay.drive is None and (id := bay_id(server.name, bay.slot)) in known:
                    transaction.delete(Judged, id)

    def _drives(self, transaction: Transaction) -> None:
        """The states of drives in the fleet; a cluster that runs on a drive does not lose it by a number."""
        for server in self._servers.values():
            if server.in_production:
                continue
            for bay, drive in server.drives():
                fresh = self.judged.get(bay_id(server.name, bay.slot))
                if fresh and fresh.serial == drive.serial:
                    drive.test, drive.test_detail = STATES[fresh.klass], fresh.headline
                    bay.drive = drive
            if transaction.put(server):
                transaction.note("tests judged", server.name)

    def _findings(self, transaction: Transaction) -> None:
        known = Known(drives=self.judged, hardware=self._hardware)
        said = [each for each in faults(self._ctx.plan, STEP, known) if each.check.id in ALL_CHECKS]
        found = findings(said)
        present = {record_finding(self._ctx.store, transaction, each).id for each in found}
        for old in self._ctx.store.all(Finding):
            if old.id in present or old.state is FindingState.FIXED or old.check not in ALL_CHECKS:
                continue
            if self._judged_now(old.subject, old.check):
                old.state, old.last_seen = FindingState.FIXED, utc_now()
                transaction.put(old)
                transaction.note("finding fixed", old.subject, check=old.check)

    def _judged_now(self, subject: str, check: str) -> bool:
        """Whether what a finding is about was judged just now; an empty bay is as good as judged."""
        server = self._servers.get(subject.partition("/")[0])
        if server is None or check not in DRIVE_CHECKS:
            return server is not None
        full = {bay_id(server.name, bay.slot) for bay, _ in server.drives()}
        return subject in self.judged or subject not in full

    def _mark(self) -> None:
        """Drives that have to go are marked, unless somebody decided on them, or they are in use already."""
        verdicts = {each.id: each for each in self._ctx.store.all(Verdict)}
        marked = decisions.open_marks(self._ctx.store)
        for id, fresh in self.judged.items():
            server = self._servers[fresh.server]
            if fresh.klass is not Klass.REPLACE or id in marked or not _may_mark(server):
                continue
            if (verdict := verdicts.get(f"{id}:{fresh.serial}")) and verdict.decision is not Decision.REPLACE:
                continue
            decisions.decide(self._ctx.store, id, Decision.REPLACE, fresh.headline, self._ctx.who)
            self._ctx.say(f"{id} {fresh.serial} has to go: {fresh.headline}", server.name, "error")


def _may_mark(server: Server) -> bool:
    return not server.in_production and not server.stage.reached(Stage.DEPLOYING)


def _document(told: Told, judgement: Judgement) -> Judged:
    evidence = told.subject.evidence
    return judged(
        told.subject.id,
        told.server.name,
        told.bay.slot,
        told.drive.serial,
        judgement,
        model=told.drive.model or evidence.model,
        firmware=evidence.firmware,
        numbers=dict(told.numbers),
        evidence=told.refs,
    )
