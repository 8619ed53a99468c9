"""Drives as subjects of judgement: what the rows on each said, beside what is known of its bay."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from c3tui.checks.drives import Context as Seen
from c3tui.checks.drives import Subject
from c3tui.engine.store import Reader
from c3tui.model.campaign import (
    BY_EXIT_STATUS,
    DEGRADED,
    FAILED,
    PASSED,
    SKIPPED,
    SMART,
    Campaign,
    TestRow,
    latest,
)
from c3tui.model.evidence import (
    FioEvidence,
    SmartEvidence,
    TestEvidence,
    TestOutcome,
    read_fio,
)
from c3tui.model.evidence.terms import Media
from c3tui.model.fleet import Bay, Drive, Server, Use, bay_id
from c3tui.model.hwprofile import Profile
from c3tui.model.judged import numbers_of
from c3tui.model.placement import device_class
from c3tui.model.plan import Plan
from c3tui.model.replacement import Replacement
from c3tui.steps.judging.evidence import Filed, Shelf, smart_rows
from c3tui.steps.rows import output_of

SELF_TESTS = ("smartctl-long", "smartctl-conveyance", "smartctl-short")
"""MAAS's tests that have the drive test itself, the most thorough first."""

_CODE = re.compile(rb"exited with return code (\d+)")
"""How MAAS's SMART tests tell what smartctl ended with."""

_NOT_READ = 0b0000_0011
_FAULTS = {8: "the drive says that it is failing", 16: "an attribute is at its failure threshold",
           128: "the self-test failed"}  # fmt: skip
"""Bits of smartctl's exit status (smartctl(8)) after which there is no result, and those that are faults. 64,
an old error in the log, is none."""


@dataclass(frozen=True)
class Told:
    """A drive that has to be judged."""

    subject: Subject
    server: Server
    bay: Bay
    drive: Drive
    refs: tuple[str, ...]
    """Names of the results that it rests on, the SMART report first."""
    numbers: Mapping[str, float] = field(default_factory=dict)


class Surroundings:
    """What the record knows of bays beside the tests: what sat there before, and what they are for."""

    def __init__(self, store: Reader, plan: Plan) -> None:
        self._sizes = {
            (each.bay, each.new.serial): each.old.size
            for each in store.all(Replacement)
            if each.new and each.slot is not None
        }
        self._kinds = {each.name: each.profile for each in plan.servers}
        self._media = {each.id: dict(_bays_of(store, each)) for each in store.all(Profile)}
        self._store = store

    def asked(self, server: str) -> Mapping[str, Sequence[str]]:
        """Tests that each drive of a server was to have, by serial."""
        campaign = self._store.get(Campaign, server)
        return campaign.asked if campaign else {}

    def kind(self, server: str) -> str:
        """The server's profile in the plan."""
        return self._kinds.get(server, "")

    def golden(self, server: str) -> bool:
        """Whether a golden server stands for its kind."""
        return self.kind(server) in self._media

    def media(self, server: str, bay: Bay) -> Media | None:
        """What its bay is for, where a golden server of its kind tells."""
        return None if bay.guessed else self._media.get(self.kind(server), {}).get(bay.slot)

    def least(self, bay: str, drive: Drive) -> int | None:
        """Bytes of the drive that it replaces; a system drive may be smaller."""
        return None if drive.use is Use.SYSTEM else self._sizes.get((bay, drive.serial))


def _bays_of(store: Reader, profile: Profile) -> Iterable[tuple[int, Media]]:
    """The class of drive in each bay of a golden server, as far as it is still as it was then."""
    server = store.get(Server, profile.server)
    models = {each.bay: each.model for each in profile.parts.drives}
    for bay, drive in server.drives() if server else ():
        if not bay.guessed and models.get(bay.slot) == drive.model:
            match device_class(drive, bay.path):
                case "hdd":
                    yield bay.slot, "hdd"
                case "nvme":
                    yield bay.slot, "nvme"
                case "ssd":
                    yield bay.slot, "ssd"


def drives_of(
    store: Reader, shelf: Shelf, around: Surroundings, server: Server, rows: Sequence[TestRow]
) -> list[Told]:
    """Every drive of a server with what its tests said.

    Args:
        rows: every row of the server, the oldest first.
    """
    newest, reports = latest(rows), smart_rows(rows)
    asked = around.asked(server.name)
    found = []
    for bay, drive in server.drives():
        mine = [row for row in newest if row.serial == drive.serial]
        found.append(
            _told(
                store,
                shelf,
                around,
                (server, bay, drive),
                mine,
                reports.get(drive.serial, []),
                asked.get(drive.serial, ()),
            )
        )
    return found


def _told(
    store: Reader,
    shelf: Shelf,
    around: Surroundings,
    place: tuple[Server, Bay, Drive],
    rows: Sequence[TestRow],
    reports: Sequence[TestRow],
    asked: Iterable[str],
) -> Told:
    server, bay, drive = place
    name = bay_id(server.name, bay.slot)
    report = next((row for row in rows if row.script == SMART), None)
    filed = shelf.smart(server.name, bay.slot, report) if report else Filed("", UNREAD)
    first = reports[0] if report and reports and reports[0].ref != report.ref else None
    before = shelf.smart(server.name, bay.slot, first).evidence if first else None
    seen = Seen(
        media=around.media(server.name, bay),
        least_capacity=around.least(name, drive),
        before=before,
        tests=tuple(outcomes(store, server.name, rows, asked, filed.evidence)),
    )
    fio, seconds = throughput(rows), self_test_seconds(rows)
    slot = None if bay.guessed else bay.slot
    subject = Subject(name, server.name, slot, filed.evidence, seen, fio, seconds, filed.inlet_c)
    refs = [row.ref for row in sorted(rows, key=lambda row: (row.script != SMART, row.order))]
    return Told(subject, server, bay, drive, tuple(refs), numbers_of(filed.evidence, fio, seconds))


UNREAD = SmartEvidence(problem="no SMART report was made of it")


def outcomes(
    store: Reader, server: str, rows: Iterable[TestRow], asked: Iterable[str], smart: SmartEvidence
) -> Iterable[TestEvidence]:
    """How the tests of a drive ended, those that never began included.

    Tests that judge by smartctl's exit status say nothing that a report does not say better.
    """
    rows = [row for row in rows if row.script != SMART]
    counted = [row for row in rows if not _told_by_report(row, smart)]
    for row in counted:
        if row.script in SELF_TESTS and row.code == FAILED:
            yield _self_test(row, output_of(store, server, row), smart)
        else:
            detail = row.told.removeprefix(f"{row.script} ")
            shown = detail if row.code != FAILED else f"exit {row.exit}"
            yield TestEvidence(name=row.script, part="drive", outcome=_outcome(row), detail=shown)
    if not rows and not smart.usable:
        # One that just came in: that nobody reported on it says it all.
        return
    absent = set(asked) - {row.script for row in rows} - {SMART}
    for name in sorted(absent - (BY_EXIT_STATUS if smart.usable else frozenset())):
        yield TestEvidence(name=name, part="drive", outcome=TestOutcome.NOT_RUN, detail="was never started")


def _told_by_report(row: TestRow, smart: SmartEvidence) -> bool:
    """Whether a row that says nothing needs no word: the report has it all, or says itself that it cannot."""
    if smart.usable:
        return row.script in BY_EXIT_STATUS and not row.conclusive
    return row.code == SKIPPED and row.script in {*BY_EXIT_STATUS, *SELF_TESTS}


def _outcome(row: TestRow) -> TestOutcome:
    known = {PASSED: TestOutcome.PASSED, FAILED: TestOutcome.FAILED, DEGRADED: TestOutcome.DEGRADED}
    return known.get(row.code, TestOutcome.NOT_RUN)


def _self_test(row: TestRow, output: bytes, smart: SmartEvidence) -> TestEvidence:
    """A self-test that MAAS calls failed. What the report says already is no second fault, and what it cannot
    say, because it was made before the self-test ended, is one."""
    found = _CODE.search(output)
    code = int(found.group(1)) if found else 0
    if code & _NOT_READ:
        detail = f"smartctl ended with {code}: the device could not be read"
        return TestEvidence(name=row.script, part="drive", outcome=TestOutcome.NOT_RUN, detail=detail)
    said = (smart.exit_status or 0) if smart.usable else 0
    new = [what for bit, what in _FAULTS.items() if code & bit and not said & bit]
    if new or not code:
        detail = f"smartctl ended with {code}: {'; '.join(new)}" if new else f"exit {row.exit}"
        name = f"the self-test by {row.script}"
        return TestEvidence(name=name, part="drive", outcome=TestOutcome.FAILED, detail=detail)
    detail = f"smartctl ended with {code}"
    return TestEvidence(name=row.script, part="drive", outcome=TestOutcome.FAILED, detail=detail)


def throughput(rows: Iterable[TestRow]) -> FioEvidence | None:
    """What fio measured on a drive; None when it did not run to its end."""
    row = next((row for row in rows if row.script == "fio" and row.code == PASSED), None)
    measured = read_fio(row.result) if row and row.result else None
    return measured if measured and measured.usable else None


def self_test_seconds(rows: Collection[TestRow]) -> float | None:
    """How long the most thorough self-test took that ran to its end."""
    taken = {row.script: row.runtime for row in rows if row.conclusive and row.runtime}
    return next((taken[name] for name in SELF_TESTS if name in taken), None)
