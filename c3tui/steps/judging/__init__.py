"""Judges what the tests said, by the archive alone: each server as it comes, then all beside each other."""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from c3tui.checks.drives import Policy, Subject, judge, judge_fleet
from c3tui.checks.server_hardware import ServerHardware, judge_servers
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.step import Context
from c3tui.engine.store import Reader
from c3tui.model.campaign import ARCHIVE, Campaign, TestRow
from c3tui.model.evidence import Judgement, Klass, SmartEvidence
from c3tui.model.fleet import Server
from c3tui.model.judged import Judged
from c3tui.model.plan import Plan
from c3tui.model.thresholds import TABLE
from c3tui.steps.judging.drives import Surroundings, Told, drives_of
from c3tui.steps.judging.evidence import READING, Shelf, smart_rows
from c3tui.steps.judging.record import Book
from c3tui.steps.judging.servers import fitting, hardware_of
from c3tui.steps.rows import every_row

__all__ = ["command", "judge_all", "judge_server", "stale"]

BESIDE = frozenset({"outlier", "batch", "firmware", "sector-size", "smaller", "wrong-bay"})
"""Rules that look at siblings: a server judged by itself keeps what they said of its drives."""

OBSERVED = "judging"
"""Kind of the observation that says what all drives were judged by last."""

_SLICE = 40
"""Servers read in one go, before others get their turn."""


def judge_server(ctx: Context, name: str) -> None:
    """Judge the drives and parts of one server as its tests leave them, and mark what has to go.

    Raises:
        RecordError: the record cannot be written.
    """
    policy, around = Policy(ctx.plan.hardware.thresholds), Surroundings(ctx.store, ctx.plan)
    server, rows = ctx.server(name), every_row(ctx.store, name).get(name, [])
    shelf = Shelf(ctx.store, [name])
    told = drives_of(ctx.store, shelf, around, server, rows)
    alone = {each.subject.id: _alone(ctx.store, each, policy) for each in told}
    parts = judge_servers([hardware_of(ctx.store, around, server, rows)], policy)
    Book(ctx, told, alone, fitting(parts, around, {name: rows})).write(shelf)


def _alone(store: Reader, told: Told, policy: Policy) -> Judgement:
    """By its own report, and by what was said of it beside its siblings when all were judged last."""
    subject = told.subject
    judgement = judge(subject.evidence, policy, subject.seen)
    before = store.get(Judged, subject.id)
    if before is None or before.serial != told.drive.serial or not subject.evidence.usable:
        return judgement
    texts = {each.text for each in judgement.reasons}
    kept = [each for each in before.reasons if each.rule in BESIDE and each.text not in texts]
    return judgement.with_reasons(kept)


async def judge_all(ctx: Context) -> Counter[Klass]:
    """Judge every tested drive beside its siblings, and every tested server; gives how many of each class.

    Raises:
        RecordError: the record cannot be written.
    """
    policy, around = Policy(ctx.plan.hardware.thresholds), Surroundings(ctx.store, ctx.plan)
    mark = current(ctx.store, ctx.plan)
    rows, shelf = every_row(ctx.store), Shelf(ctx.store)
    told: list[Told] = []
    hardware: list[ServerHardware] = []
    tested = [each for each in ctx.servers() if each.name in rows]
    for some in _slices(tested):
        for server in some:
            told += drives_of(ctx.store, shelf, around, server, rows[server.name])
            hardware.append(hardware_of(ctx.store, around, server, rows[server.name]))
        await asyncio.sleep(0)
    gone = list(_gone(shelf, told, rows))
    subjects = [*(each.subject for each in told), *gone]
    # Judging is arithmetic alone: it needs no turn of the loop, and the others need theirs.
    drives = await asyncio.to_thread(judge_fleet, subjects, policy)
    parts = await asyncio.to_thread(judge_servers, hardware, policy)
    book = Book(ctx, told, drives, fitting(parts, around, rows))
    book.write(shelf)
    count = Counter(each.klass for each in book.judged.values())
    if stale(ctx.store, ctx.plan):
        ctx.store.observe(OBSERVED, {"site": mark})
    return count


def _slices(servers: Sequence[Server]) -> Iterator[Sequence[Server]]:
    for start in range(0, len(servers), _SLICE):
        yield servers[start : start + _SLICE]


def _gone(shelf: Shelf, told: Iterable[Told], rows: Mapping[str, Sequence[TestRow]]) -> Iterator[Subject]:
    """Drives that were tested and sit nowhere any more: what failed of a batch counts for those left."""
    here = {each.drive.serial for each in told}
    for server, every in rows.items():
        for serial, reports in smart_rows(every).items():
            if serial not in here:
                evidence = shelf.smart(server, None, reports[-1]).evidence
                yield Subject(f"{server}:{serial}", server, None, _named(evidence, serial))


def _named(evidence: SmartEvidence, serial: str) -> SmartEvidence:
    return evidence if evidence.serial else evidence.model_copy(update={"serial": serial})


def current(store: Reader, plan: Plan) -> dict[str, Any]:
    """What a judgement of all drives would rest on now: the limits, the way of reading, the newest result."""
    limits = {name: each.model_dump() for name, each in plan.hardware.thresholds.items()}
    by = hashlib.sha256(repr((READING, TABLE, sorted(limits.items()))).encode()).hexdigest()[:16]
    return {"by": by, "upto": store.archive_cursor(ARCHIVE)}


def stale(store: Reader, plan: Plan) -> str:
    """Why all drives have to be judged anew, or nothing when that is done."""
    now = current(store, plan)
    if not now["upto"] or not any(each.since is not None for each in store.all(Campaign)):
        return ""
    told = store.observation(OBSERVED, "site") or {}
    if told.get("by") != now["by"]:
        return (
            "thresholds changed: judge all drives anew" if told else "judge all drives beside their siblings"
        )
    return "" if told.get("upto") == now["upto"] else "judge all drives beside their siblings"


async def command(engine: Engine, arguments: dict[str, Any], who: str) -> dict[str, Any]:
    """Judge all drives and servers anew from the archive; nothing is tested, nobody is asked."""
    if run := engine.active:
        raise InputError(f"{run.step} is running: nothing is judged meanwhile", remedy="Wait for it")
    ctx = engine.context(engine.step("hardware"), who)
    before = {each.id: each for each in engine.store.all(Judged)}
    count = await judge_all(ctx)
    after = {each.id: each for each in engine.store.all(Judged)}
    changed = [
        {"bay": id, "serial": each.serial, "class": each.klass.value, "headline": each.headline,
         "before": before[id].klass.value if id in before else ""}
        for id, each in after.items()
        if id not in before or (before[id].klass, before[id].headline) != (each.klass, each.headline)
    ]  # fmt: skip
    return {"classes": {each.value: count[each] for each in Klass}, "changed": changed}
