"""A walk through steps without a terminal: told line by line, summed up at the end."""

import asyncio
import json
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.output import note
from c3tui.engine.errors import C3Error, EngineGone
from c3tui.engine.link import Link
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import Reader
from c3tui.model.finding import Finding
from c3tui.model.fleet import Server
from c3tui.model.replacement import Replacement
from c3tui.model.report import count_open, totals
from c3tui.model.run import Outcome, Run

_CODES = {Outcome.CANCELLED: 3, Outcome.INTERRUPTED: 3}


async def walk(
    directory: Path, steps: Sequence[str], *, until: str = "", confirm: str = "", as_json: bool = False
) -> int:
    """Run steps of a site, in its engine when one runs, else in one of this process; print how it went.

    Returns:
        The exit code: 0 only when every step is done with nobody left behind.

    Raises:
        C3Error: the site cannot be used, another holds control, or the engine is gone.
    """
    async with link_to(directory, services=True) as link:
        reader = Reader.open(SiteFiles(directory.resolve()).database)
        try:
            runs = await Walk(link, reader).through(steps or _order(until), confirm)
            code = exit_code(runs)
            _say_victims(runs)
            if as_json:
                print(json.dumps({**summary(reader, runs, directory), "exit": code}, default=str))
            return code
        finally:
            reader.close()


def _order(until: str) -> list[str]:
    """Every step in order, up to ``until``."""
    from c3tui.steps import all_steps

    ids = [step.id for step in all_steps()]
    return ids[: ids.index(until) + 1] if until else ids


class Walk:
    """Runs steps one after the other and says what each is doing, whenever that changes."""

    def __init__(self, link: Link, reader: Reader) -> None:
        self._link = link
        self._reader = reader
        self._changed = asyncio.Event()
        self._lost = False
        self._run = ""
        self._asked = False
        self._told = ""
        link.on_hint(lambda _: self._changed.set())
        link.on_lost(self._engine_lost)
        # Signals reach the main thread only; elsewhere whoever runs this ends it.
        with suppress(RuntimeError, ValueError):
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().add_signal_handler(number, self._stop)

    async def through(self, steps: Sequence[str], confirm: str) -> list[Run]:
        """Run steps in order; the first that fails is the last.

        Raises:
            C3Error: one cannot even be started, or the engine is gone.
        """
        runs: list[Run] = []
        for step in steps:
            begun = await self._link.command("run", step=step, confirm=confirm)
            runs.append(await self._ended(begun["run"]))
            if runs[-1].outcome not in (Outcome.DONE, Outcome.WARNING):
                break
        return runs

    async def _ended(self, id: str) -> Run:
        self._run, self._asked, self._told = id, False, ""
        while True:
            self._changed.clear()
            run = self._reader.get(Run, id)
            if run is not None:
                self._tell(run)
                if run.ended:
                    return run
            if self._lost:
                raise EngineGone("the engine is gone", remedy="Run the same command again to go on")
            await self._changed.wait()

    def _tell(self, run: Run) -> None:
        seen = self._reader.observation("run", run.id) if run.ended is None else None
        words = f"{run.outcome}: {run.summary}" if run.ended else str((seen or {}).get("phase", "started"))
        if words != self._told:
            self._told = words
            note(f"{run.step:<11} {words}")

    def _engine_lost(self) -> None:
        self._lost = True
        self._changed.set()

    def _stop(self) -> None:
        """A first signal stops softly where the step can, a second one at once."""
        self._stopping = asyncio.get_running_loop().create_task(self._ask_to_stop(now=self._asked))
        self._asked = True

    async def _ask_to_stop(self, *, now: bool) -> None:
        with suppress(C3Error):
            await self._link.command("stop", run=self._run, now=now)


def exit_code(runs: Sequence[Run]) -> int:
    """What the shell is told of some runs."""
    if all(run.outcome is Outcome.DONE for run in runs):
        return 0
    last = runs[-1]
    return _CODES.get(last.outcome, last.exit_code or 1)


def summary(store: Reader, runs: Sequence[Run], directory: Path) -> dict[str, Any]:
    """The walk in figures."""
    storage = store.observation("storage", "ceph") or {}
    told = store.observation("handover", "report") or {}
    return {
        "site": str(directory),
        "steps": {
            run.step: {
                "outcome": run.outcome.value,
                "seconds": round(run.seconds, 1),
                "changed": run.changed,
                "summary": run.summary,
                "victims": {victim.server: victim.why for victim in run.victims},
            }
            for run in runs
        },
        **totals(store.all(Server), store.all(Replacement), storage).model_dump(),
        "findings": count_open(store.all(Finding)),
        "report": told.get("path", ""),
    }


def _say_victims(runs: Sequence[Run]) -> None:
    for run in runs:
        for victim in run.victims:
            note(f"{run.step:<11} {victim.server}: {victim.why}")
