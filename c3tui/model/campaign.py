"""What a server's tests said, row by row, and which tests are still missing."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from c3tui.model.base import Document

ARCHIVE = "test"
"""Kind under which results of tests are archived; the subject is the server, the name ``set/row``."""

SMART = "c3-smart"
"""C3's own test that prints a drive's SMART report."""
BY_EXIT_STATUS = frozenset({"smartctl-validate"})
"""Tests that say no more than smartctl's exit status, which is 64 for a sound drive with an old error."""

Pair = tuple[str, str]
"""A test and the serial of the drive it is for; the serial is empty for tests of other parts."""

PASSED, FAILED, TIMED_OUT, ABORTED, DEGRADED, SKIPPED = 2, 3, 4, 5, 6, 9
"""MAAS's numbers (``SCRIPT_STATUS``) as far as they decide something here."""
WORDS = {
    0: "was never started",
    1: "did not end",
    2: "passed",
    3: "failed",
    5: "was aborted",
    6: "is degraded",
    7: "did not get its packages",
    8: "could not install its packages",
    9: "was skipped",
    10: "did not get its network",
    11: "could not apply the network configuration",
}


class Campaign(Document):
    """The tests of one server; its id is the server's name. The results themselves are archived."""

    kind = "campaign"

    since: int | None = None
    """Result sets of MAAS up to this number are older than C3's tests, and no evidence.

    None before the first test.
    """
    withheld: dict[str, str] = {}
    """What drives hold that no destructive test is run on, by serial."""
    asked: dict[str, list[str]] = {}
    """Tests that each drive was to have when it was judged last, by serial."""


@dataclass(frozen=True)
class TestRow:
    """One test on one part, ended."""

    __test__ = False

    script: str
    serial: str | None
    """Of the drive; None for a test of another part."""
    status: str
    """MAAS's word."""
    code: int
    exit: int | None
    runtime: float | None
    """Seconds."""
    limit: float | None
    """Seconds that it had; None without a limit."""
    part: str
    """Interface it ran on; empty for others."""
    order: tuple[int, int]
    """Result set and row in MAAS."""
    ref: str
    """Name of its output in the archive."""
    result: str
    """Figures that the script gave MAAS, as YAML; may be empty."""
    ended: str = ""
    """When, by MAAS's clock, in ISO 8601; empty when it never ended by itself."""

    @property
    def conclusive(self) -> bool:
        """Whether it says something of the part; skipped, aborted and timed out tests do not."""
        return self.code in (PASSED, FAILED)

    @property
    def ended_by_itself(self) -> bool:
        """Whether it ran to its end, whatever that was."""
        return self.code in (PASSED, FAILED, DEGRADED, SKIPPED)

    @property
    def overran(self) -> bool:
        """Whether it took longer than it may, and not the whole server fell silent."""
        late = self.limit and self.runtime is not None and self.runtime >= self.limit
        return self.code == TIMED_OUT and bool(late)

    @property
    def told(self) -> str:
        """What became of it, in words."""
        if self.overran and self.limit:
            return f"{self.script} overran its limit of {minutes(self.limit)}"
        if self.code == TIMED_OUT:
            return f"{self.script} was lost: the server fell silent"
        text = f"{self.script} {WORDS.get(self.code, self.status.lower())}"
        return f"{text} (exit {self.exit})" if self.exit and self.code == FAILED else text


def minutes(seconds: float) -> str:
    """A duration as people say it: ``40 s``, ``10 min``, ``6.5 h``."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 6000 else f"{seconds / 3600:.1f} h"


def parse_row(name: str, meta: Mapping[str, Any]) -> TestRow | None:
    """A row out of the archive; None when it was written by a C3 that knew less."""
    number, _, row = name.partition("/")
    if "code" not in meta or not (number.isdigit() and row.isdigit()):
        return None
    return TestRow(
        script=str(meta["script"]),
        serial=meta.get("serial") or None,
        status=str(meta["status"]),
        code=int(meta["code"]),
        exit=meta.get("exit"),
        runtime=meta.get("runtime"),
        limit=meta.get("limit"),
        part=str(meta.get("part") or ""),
        order=(int(number), int(row)),
        ref=name,
        result=str(meta.get("result") or ""),
        ended=str(meta.get("ended") or ""),
    )


def latest(rows: Iterable[TestRow]) -> list[TestRow]:
    """The newest row of each test and part; an older one that says something before a newer that does not."""
    found: dict[tuple[str, str | None, str], TestRow] = {}
    for row in sorted(rows, key=lambda row: (row.conclusive, row.order)):
        found[row.script, row.serial, row.part] = row
    return sorted(found.values(), key=lambda row: row.order)


def missing(
    rows: Iterable[TestRow], storage: Collection[str], others: Collection[str], serials: Iterable[str]
) -> set[Pair]:
    """Tests that have not said anything yet.

    Args:
        rows: the latest of the server.
        storage: tests that run once for each drive.
        others: tests of other parts.
        serials: of the drives.
    """
    rows = list(rows)
    said = {(row.script, row.serial) for row in rows if row.conclusive}
    wanted = {(script, serial) for script in storage for serial in serials}
    silent = {row.script for row in rows if not row.conclusive}
    left = {(script, "") for script in others if (script, None) not in said or script in silent}
    return {pair for pair in wanted if pair not in said} | left


def suspects(rows: Iterable[TestRow]) -> set[str]:
    """Drives whose test overran: in a run with others they would cost those theirs."""
    return {row.serial for row in rows if row.overran and row.serial}
