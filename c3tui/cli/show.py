"""Commands that only read the record; they work with no engine alive."""

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from c3tui.cli.output import as_text, clean, note, table
from c3tui.engine import wire
from c3tui.engine.errors import InputError
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import LogLine, Reader
from c3tui.model.facets import SERVER
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import BmcReading, Server
from c3tui.model.query import Facets, hint, parse
from c3tui.model.run import Run, StepInfo, StepStatus

T = TypeVar("T")
Rows = list[dict[str, Any]]


def files_of(directory: Path) -> SiteFiles:
    """The files of a site that exists.

    Raises:
        InputError: no site is there.
    """
    files = SiteFiles(directory.resolve())
    if not files.plan.exists():
        raise InputError(
            "no site here: site.yaml is missing",
            where=str(directory),
            remedy="Make one with `c3tui init`, or try `c3tui rehearse`",
        )
    return files


@contextmanager
def reading(directory: Path) -> Iterator[Reader]:
    """The record of a site, read-only.

    Raises:
        InputError: there is no site, or nothing was ever recorded about it.
    """
    files = files_of(directory)
    if not files.database.exists():
        raise InputError(
            "nothing is recorded here yet",
            where=str(directory),
            remedy=f"Look at it first: c3tui check {directory}",
        )
    reader = Reader.open(files.database)
    try:
        yield reader
    finally:
        reader.close()


def show_rows(options: argparse.Namespace, rows: Rows, *columns: str) -> int:
    """Print rows as the options want them."""
    if not rows and not options.json and not options.csv:
        note("none")
        return 0
    table(rows, columns, as_json=options.json, as_csv=options.csv)
    return 0


def status(options: argparse.Namespace) -> int:
    """Where each step stands, in the order of the wizard."""
    from c3tui.steps import all_steps

    with reading(options.site) as reader:
        alive = _engine_listens(files_of(options.site))
        rows = [_step_row(reader, StepInfo(each.id, each.title, each.needs), alive) for each in all_steps()]
    if not options.json and not options.csv:
        note("the engine runs" if alive else "no engine runs: this is the record as it was left")
    return show_rows(options, rows, "step", "state", "seconds", "summary")


def _step_row(reader: Reader, step: StepInfo, alive: bool) -> dict[str, Any]:
    """The latest run of a step, be it under way, and what came of it."""
    under_way = [run for run in reader.all(Run) if run.step == step.id and run.ended is None]
    status = reader.get(StepStatus, step.id)
    run = under_way[-1] if under_way else reader.get(Run, status.run) if status else None
    row: dict[str, Any] = {
        "step": step.id,
        "state": "not run",
        "seconds": None,
        "summary": "",
        "stale": False,
        "run": "",
    }
    if run:
        row |= {"run": run.id, "seconds": round(run.seconds, 1)}
    if under_way and run:
        doing = reader.observation("run", run.id) or {}
        lost = "its engine is gone; run the step again to go on"
        row |= {"state": "running" if alive else "cut off"}
        row |= {"summary": str(doing.get("phase", "")) if alive else lost}
    elif status and status.outcome:
        row |= {"state": f"{status.outcome}, stale" if status.stale else status.outcome.value}
        row |= {"stale": status.stale, "summary": status.summary}
    return row


def _engine_listens(files: SiteFiles) -> bool:
    """Whether somebody listens on the site's socket; a file that a dead engine left does not count."""

    async def knock() -> None:
        _, writer = await wire.connect(files.socket)
        writer.close()
        await writer.wait_closed()

    try:
        asyncio.run(knock())
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Seen:
    """A server with what its BMC said last."""

    server: Server
    bmc: BmcReading | None


def select(found: dict[str, T], row: Callable[[T], dict[str, Any]], text: str, facets: Facets[T]) -> Rows:
    """The rows that pass a filter; words are looked for in every field.

    Raises:
        InputError: the filter makes no sense.
    """
    query = parse(text, facets)
    if query.faults:
        raise InputError(query.faults[0], remedy=f"Write it like: {hint(facets)}")
    rows = {key: row(each) for key, each in found.items()}
    kept = query.select(found, found, lambda key: " ".join(map(str, rows[key].values())).lower())
    return [rows[key] for key in kept]


def servers(options: argparse.Namespace) -> int:
    """Every server, with what its BMC said last."""
    with reading(options.site) as reader:
        read = reader.observations("bmc")
        found = {
            server.name: Seen(server, BmcReading.model_validate(read.get(server.name, {})))
            for server in reader.all(Server)
        }
    rows = select(found, _server_row, options.filter, SERVER)
    columns = ("name", "rack", "unit", "serial", "stage", "power", "bmc", "drives", "address", "trouble")
    return show_rows(options, rows, *columns)


def _server_row(seen: Seen) -> dict[str, Any]:
    bmc = seen.bmc or BmcReading()
    row = seen.server.model_dump(mode="json", exclude={"kind"})
    row |= {"drives": len(seen.server.drives()), "power": bmc.power.value}
    row |= {"bmc": "stale" if bmc.stale(time.time()) else bmc.state.value}
    return row | {"inlet_c": bmc.inlet_c, "bmc_at": bmc.at}


def findings(options: argparse.Namespace) -> int:
    """What is wrong; open findings, or all."""
    with reading(options.site) as reader:
        rows = [
            each.model_dump(mode="json")
            for each in reader.all(Finding)
            if options.all or each.state is FindingState.OPEN
        ]
    return show_rows(options, rows, "id", "severity", "state", "message", "remedy")


def runs(options: argparse.Namespace) -> int:
    """What was run."""
    with reading(options.site) as reader:
        found = sorted(reader.all(Run), key=lambda run: run.started)
        rows = [{**run.model_dump(mode="json"), "seconds": round(run.seconds, 1)} for run in found]
    return show_rows(options, rows, "id", "step", "outcome", "seconds", "by", "summary")


def journal(options: argparse.Namespace) -> int:
    """Who did what, when."""
    rows: list[dict[str, Any]] = []
    with reading(options.site) as reader:
        while entries := reader.journal(after=rows[-1]["seq"] if rows else 0):
            rows += [vars(entry) for entry in entries]
    return show_rows(options, rows, "at", "who", "what", "subject", "data")


def log(options: argparse.Namespace) -> int:
    """The log of a run, page by page: it may be long."""
    with reading(options.site) as reader:
        run = _run_of(reader, options.run)
        last, level = 0, "error" if options.failed else ""
        while lines := reader.log(run.id, last, server=options.host, level=level, grep=options.grep):
            for line in lines:
                print(as_text(vars(line)) if options.json else _log_line(line))
            last = lines[-1].n
        if not last:
            note(f"no such lines in {run.id}")
    return 0


def _run_of(reader: Reader, name: str) -> Run:
    """A run by its id, the latest one of a step, or the latest of all.

    Raises:
        InputError: there is none.
    """
    found = sorted(reader.all(Run), key=lambda run: run.started)
    named = [run for run in found if name in ("", run.id, run.step)]
    if not named:
        what = f"no run {clean(name)!r}" if name else "nothing was run here yet"
        raise InputError(what, remedy="Name a run of `c3tui runs SITE`, or a step for its latest run")
    return named[-1]


def _log_line(line: LogLine) -> str:
    at = datetime.fromtimestamp(line.at, UTC)
    mark = "" if line.level == "info" else f"{line.level.upper()} "
    return f"{at:%H:%M:%S} {line.server:<12} {mark}{clean(line.text)}".rstrip()
