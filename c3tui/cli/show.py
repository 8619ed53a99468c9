"""Commands that only read the record; they work with no engine alive."""

import argparse
import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from c3tui.cli.output import as_text, clean, note, table
from c3tui.engine import wire
from c3tui.engine.errors import InputError
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import LogLine, Reader
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import BmcReading, Server, bay_id
from c3tui.model.replacement import Replacement, Verdict
from c3tui.model.run import Run, StepInfo, StepStatus


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


def _print(options: argparse.Namespace, rows: list[dict[str, Any]], *columns: str) -> int:
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
    return _print(options, rows, "step", "state", "seconds", "summary")


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


def servers(options: argparse.Namespace) -> int:
    """Every server, with what its BMC said last."""
    with reading(options.site) as reader:
        seen = reader.observations("bmc")
        rows = []
        for server in reader.all(Server):
            bmc = BmcReading.model_validate(seen.get(server.name, {}))
            row = server.model_dump(mode="json", exclude={"kind"})
            row |= {"drives": len(server.drives()), "power": bmc.power.value, "bmc": bmc.state.value}
            row |= {"inlet_c": bmc.inlet_c, "bmc_at": bmc.at}
            rows.append(row)
    columns = ("name", "rack", "unit", "serial", "stage", "power", "bmc", "drives", "address", "trouble")
    return _print(options, rows, *columns)


def drives(options: argparse.Namespace) -> int:
    """Every drive in every bay."""
    with reading(options.site) as reader:
        verdicts = {(each.bay, each.serial): each.decision.value for each in reader.all(Verdict)}
        rows = []
        for server in reader.all(Server):
            for bay, drive in server.drives():
                name = bay_id(server.name, bay.slot)
                row = {"bay": name, "rack": server.rack, "unit": server.unit, "path": bay.path}
                row |= drive.model_dump(mode="json")
                row |= {"tb": round(drive.size / 1e12, 2), "verdict": verdicts.get((name, drive.serial), "")}
                rows.append(row)
    return _print(options, rows, "bay", "serial", "model", "tb", "use", "test", "verdict", "test_detail")


def findings(options: argparse.Namespace) -> int:
    """What is wrong; open findings, or all."""
    with reading(options.site) as reader:
        rows = [
            each.model_dump(mode="json")
            for each in reader.all(Finding)
            if options.all or each.state is FindingState.OPEN
        ]
    return _print(options, rows, "id", "severity", "state", "message", "remedy")


def replacements(options: argparse.Namespace) -> int:
    """The walk list: by rack, unit and bay."""
    with reading(options.site) as reader:
        places = {server.name: (server.rack, server.unit) for server in reader.all(Server)}
        rows = []
        for each in reader.all(Replacement):
            if not (options.all or each.open):
                continue
            rack, unit = places.get(each.server, ("", 0))
            new = each.new.serial if each.new else ""
            row = {"rack": rack, "unit": unit, "old": each.old.serial, "model": each.old.model, "new": new}
            rows.append({**each.model_dump(mode="json"), **row, "tb": round(each.old.size / 1e12, 2)})
        rows.sort(key=lambda row: (row["rack"], row["unit"], row["slot"]))
    return _print(options, rows, "rack", "unit", "bay", "phase", "old", "model", "tb", "new", "reason")


def runs(options: argparse.Namespace) -> int:
    """What was run."""
    with reading(options.site) as reader:
        found = sorted(reader.all(Run), key=lambda run: run.started)
        rows = [{**run.model_dump(mode="json"), "seconds": round(run.seconds, 1)} for run in found]
    return _print(options, rows, "id", "step", "outcome", "seconds", "by", "summary")


def journal(options: argparse.Namespace) -> int:
    """Who did what, when."""
    rows: list[dict[str, Any]] = []
    with reading(options.site) as reader:
        while entries := reader.journal(after=rows[-1]["seq"] if rows else 0):
            rows += [vars(entry) for entry in entries]
    return _print(options, rows, "at", "who", "what", "subject", "data")


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
