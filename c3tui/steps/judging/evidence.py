"""Reports as evidence: each archived report is read once, and kept read beside the raw one."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from c3tui.engine.store import Reader, Transaction
from c3tui.model.campaign import SMART, TestRow
from c3tui.model.evidence import (
    Attribute,
    LoggedError,
    SelfTestResult,
    SmartEvidence,
    read_smart,
)
from c3tui.model.judged import numbers_of
from c3tui.steps.rows import output_of

KIND = "evidence"
"""Of archived evidence; the subject is the server, the name that of the raw report and ``READING``."""

READING = 1
"""Raised whenever reports are read in another way: everything is read anew then."""


@dataclass(frozen=True)
class Filed:
    """One SMART report of a drive, as it was read."""

    ref: str
    """Of the raw report in the archive."""
    evidence: SmartEvidence
    inlet_c: float | None = None
    """Of the server's air when the report was filed."""


class Shelf:
    """The evidence of some servers; what is not read yet is read and put there.

    Args:
        servers: whose; all when None.
    """

    def __init__(self, store: Reader, servers: Sequence[str] | None = None) -> None:
        self._store = store
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        for subject in [None] if servers is None else servers:
            for server, name, meta in store.archive_index(KIND, subject):
                self._known[server, name] = meta
        self._fresh: list[tuple[str, str, dict[str, Any], bytes]] = []

    def smart(self, server: str, slot: int | None, row: TestRow) -> Filed:
        """The evidence in a SMART row; one that printed no report says why there is none.

        Args:
            slot: where the drive sits, to be remembered with evidence that is new.
        """
        if not row.ended_by_itself:
            return Filed(row.ref, SmartEvidence(problem=row.told))
        name = f"{row.ref}@{READING}"
        meta = self._known.get((server, name))
        body = self._store.archive_body(KIND, server, name) if meta is not None else None
        if meta is not None and body is not None:
            return Filed(row.ref, SmartEvidence.model_validate_json(body), meta.get("inlet_c"))
        evidence = read_smart(output_of(self._store, server, row))
        inlet = (bmc_at(self._store, server, row.order[0]) or {}).get("inlet_c")
        self._keep(server, slot, row, evidence, inlet)
        return Filed(row.ref, evidence, inlet)

    def _keep(
        self, server: str, slot: int | None, row: TestRow, evidence: SmartEvidence, inlet: float | None
    ) -> None:
        name = f"{row.ref}@{READING}"
        meta: dict[str, Any] = {
            "serial": row.serial,
            "slot": slot,
            "ended": row.ended,
            "model": evidence.model,
            "firmware": evidence.firmware,
            "problem": evidence.problem,
            "inlet_c": inlet,
            "numbers": numbers_of(evidence),
        }
        text = slim(evidence).model_dump_json(exclude_defaults=True)
        self._known[server, name] = meta
        self._fresh.append((server, name, meta, text.encode()))

    def file(self, transaction: Transaction) -> None:
        """Archive what was read since the last time."""
        for server, name, meta, body in self._fresh:
            transaction.archive(KIND, server, name, body, **meta)
        self._fresh.clear()


def slim(evidence: SmartEvidence) -> SmartEvidence:
    """The evidence without what no judgement can rest on: sound attributes, and passes older than others.

    All drives of a site are read at once whenever they are judged; the raw report keeps the rest.
    """
    attributes = tuple(each for each in evidence.attributes if each.failed or _at_threshold(each))
    tests, passes = [], set()
    for nth, each in enumerate(evidence.self_tests):
        older = each.result is SelfTestResult.PASSED and each.extended in passes
        if nth == 0 or not older:
            tests.append(each)
        if each.result is SelfTestResult.PASSED:
            passes.add(each.extended)
    kept = {"attributes": attributes, "self_tests": tuple(tests), "extra": {}, "errors": _newest(evidence)}
    return evidence.model_copy(update=kept)


def _at_threshold(attribute: Attribute) -> bool:
    known = [each for each in (attribute.value, attribute.worst) if each is not None]
    return bool(attribute.threshold) and min(known) <= (attribute.threshold or 0)


def _newest(evidence: SmartEvidence) -> tuple[LoggedError, ...]:
    """The latest error of the medium whose time is known; of others only their number counts."""
    media = [each for each in evidence.errors if each.media and each.hours is not None]
    return tuple(sorted(media, key=lambda each: each.hours or 0)[-1:])


def smart_rows(rows: Iterable[TestRow]) -> dict[str, list[TestRow]]:
    """Rows with SMART reports by serial, the oldest first."""
    found: dict[str, list[TestRow]] = {}
    for row in rows:
        if row.script == SMART and row.serial:
            found.setdefault(row.serial, []).append(row)
    return found


class BmcWatch:
    """What the BMC of a server under test says, once that is surely of a server that is on.

    Of one that is off, fans stand still and nothing is wrong. A reading takes its time, so only one counts
    that began after another had found the server on.
    """

    def __init__(self, store: Reader, server: str) -> None:
        self._store = store
        self._server = server
        self._before: object = None
        self._heard: dict[str, Any] | None = None

    def look(self) -> None:
        """Take in the latest reading."""
        reading = self._store.observation("bmc", self._server)
        if reading is None or reading.get("state") != "ok" or reading.get("power") != "on":
            self._before = self._heard = None
        elif self._before is None:
            self._before = reading.get("at")
        elif reading.get("at") != self._before:
            self._heard = reading

    def file(self, transaction: Transaction, set_id: int) -> None:
        """Archive it with the results of a run of tests; the first of a run stays."""
        if self._heard:
            body = json.dumps(self._heard, default=str).encode()
            transaction.archive(KIND, self._server, f"{set_id}/bmc", body)


def bmc_at(store: Reader, server: str, set_id: int) -> dict[str, Any] | None:
    """What the BMC said during a run of tests; None when nobody heard it then."""
    body = store.archive_body(KIND, server, f"{set_id}/bmc")
    return json.loads(body) if body else None
