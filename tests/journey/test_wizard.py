"""The wizard by its keys: every step from network to handover, the engine and the lab as processes."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.pilot import Pilot

from c3tui.app import C3App
from c3tui.engine import daemon
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from c3tui.lab import control
from c3tui.model.fleet import Server, Stage
from c3tui.model.replacement import Phase, Replacement
from c3tui.model.run import Outcome, Run, StepInfo, StepStatus
from c3tui.steps import all_steps

pytestmark = pytest.mark.timeout(300)

LIMIT = 150.0
"""Seconds a step may take on a slow machine before the test gives up."""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Path]:
    """A site whose other ends are a lab in a process of its own."""
    directory = tmp_path / "site"
    directory.mkdir()
    with (directory / "lab.out").open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "c3tui", "lab", "--site", str(directory)),
                *("--servers", "4", "--bays", "4", "--speed", "300"),
            ],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
    try:
        deadline = time.monotonic() + 60
        while not (directory / "site.yaml").exists() or not _answers(directory):
            assert process.poll() is None, (directory / "lab.out").read_text()
            assert time.monotonic() < deadline, "the lab did not come up"
            time.sleep(0.05)  # the lab says nothing until it listens
        yield directory
    finally:
        if engine := (directory / "engine.lock").read_text().strip():
            os.kill(int(engine), signal.SIGKILL)
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def _answers(directory: Path) -> bool:
    try:
        asyncio.run(control.ask(directory / "lab" / "lab.sock", "ping"))
    except OSError:
        return False
    return True


@asynccontextmanager
async def wizard(
    directory: Path, size: tuple[int, int] = (80, 24)
) -> AsyncIterator[tuple[Pilot[None], Reader]]:
    """The app on a site, attached to its engine process."""
    site = Site.load(directory)
    link = await daemon.attach_or_start(site.files)
    reader = Reader.open(site.files.database)
    steps = [StepInfo(step.id, step.title, step.needs) for step in all_steps()]
    try:
        async with C3App(site, link, reader, steps, "console").run_test(size=size) as pilot:
            yield pilot, reader
    finally:
        await link.close()
        reader.close()


async def until(pilot: Pilot[None], true: Callable[[], bool], what: str) -> None:
    """Let the app live until something is so."""
    deadline = time.monotonic() + LIMIT
    while not true():
        assert time.monotonic() < deadline, f"never: {what}"
        await pilot.pause(0.05)


def shown(pilot: Pilot[None]) -> str:
    """What stands on the screen, as text."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


async def run_step(pilot: Pilot[None], reader: Reader, number: int, id: str) -> None:
    """Go to a step by its number, run it by r, type the word where it asks for one."""
    await pilot.press(str(number), "r")
    if id == "deploy":
        await until(pilot, lambda: "no way back" in shown(pilot), "the list of what dies")
        assert "c3-001/bay00" in shown(pilot)
        assert not [run for run in reader.all(Run) if run.step == id]
        await pilot.press(*"rehearsal", "enter")

    def ended() -> bool:
        status = reader.get(StepStatus, id)
        return status is not None and status.outcome is not None

    await until(pilot, ended, f"the end of {id}")
    status = reader.get(StepStatus, id)
    assert status and status.outcome is Outcome.DONE, status
    done = re.compile(rf"{number} ?\+")
    await until(pilot, lambda: bool(done.search(shown(pilot))), f"{id} marked done on the rail")


async def test_keys_take_a_room_from_plan_to_handover(rehearsal: Path) -> None:
    async with wizard(rehearsal) as (pilot, reader):
        await run_step(pilot, reader, 1, "network")
        await run_step(pilot, reader, 2, "discovery")
        # What changes in the room changes on the screen without a key.
        assert "c3-004" in shown(pilot)
        await pilot.press("i")
        await until(pilot, lambda: "ID" in shown(pilot), "the identify light on the screen")
        await pilot.press("i")
        await run_step(pilot, reader, 3, "hardware")
        closed = reader.all(Replacement)
        assert [each.phase for each in closed] == [Phase.CLOSED] and closed[0].new
    # The viewer is gone; another one, on a larger screen, goes on where it was.
    async with wizard(rehearsal, size=(120, 40)) as (pilot, reader):
        for number, id in enumerate(("deploy", "kubernetes", "storage", "handover"), start=4):
            await run_step(pilot, reader, number, id)
        assert {server.stage for server in reader.all(Server)} == {Stage.NODE}
        assert (rehearsal / "report" / "report.html").exists()
