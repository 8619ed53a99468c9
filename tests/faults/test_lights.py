"""SIGKILL in the middle of a walk, to the engine or to whoever walks: the room is dark afterwards."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from c3tui.engine.link import SocketLink
from c3tui.lab.control import ask
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server
from c3tui.model.light import Light
from tests.support.rehearsal import Rehearsal, until

pytestmark = pytest.mark.timeout(120)

ROOM = "name: lit\noctet: 76\n"
WALKER = """\
import asyncio, sys
from pathlib import Path
from c3tui.engine.daemon import attach_or_start
from c3tui.engine.site import SiteFiles

async def main():
    link = await attach_or_start(SiteFiles(Path(sys.argv[1])), name="walker")
    told = await link.command("walk", items=["c3-001", "c3-002"])
    await link.command("walk-next", walk=told["walk"])
    print("lit", flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
async def rehearsal(tmp_path: Path) -> AsyncIterator[Rehearsal]:
    scenario = tmp_path / "lit.yaml"
    scenario.write_text(ROOM)
    size = ("--servers", "3", "--bays", "2", "--speed", "150")
    world = Rehearsal(tmp_path / "site", "--scenario", str(scenario), *size)
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def room(rehearsal: Rehearsal) -> dict[str, Any]:
    """What shines, as somebody in the room sees it."""
    return await ask(rehearsal.site / "lab" / "lab.sock", "lights")


async def dark(rehearsal: Rehearsal) -> None:
    async def nothing() -> bool:
        seen = await room(rehearsal)
        with rehearsal.reading() as reader:
            return not (seen["servers"] or seen["bays"] or reader.all(Light))

    await until(nothing, "a dark room, and an empty ledger", 15)


async def test_no_led_is_left_lit(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    try:
        link = await engine_killed(rehearsal, link)
        await link.close()
        await viewer_killed(rehearsal)
        link = await rehearsal.attach()
        await engine_ended(rehearsal, link)
    finally:
        await link.close()


async def engine_killed(rehearsal: Rehearsal, link: SocketLink) -> SocketLink:
    """One light of a walk and one by hand are left by the dead engine; the next one darkens both."""
    told = await link.command("walk", items=["c3-001", "c3-002"])
    await link.command("walk-next", walk=told["walk"])
    await link.command("identify", server="c3-003", on=True)
    assert (await room(rehearsal))["servers"] == ["c3-002", "c3-003"]
    rehearsal.kill_engine()
    await link.close()
    assert (await room(rehearsal))["servers"] == ["c3-002", "c3-003"]
    link = await rehearsal.attach()
    await dark(rehearsal)
    with rehearsal.reading() as reader:
        assert [each for each in reader.all(Finding) if each.state is FindingState.OPEN] == []
    return link


async def viewer_killed(rehearsal: Rehearsal) -> None:
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WALKER, str(rehearsal.site), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert doomed.stdout is not None
        assert await doomed.stdout.readline() == b"lit\n"
        assert (await room(rehearsal))["servers"] == ["c3-002"]
    finally:
        doomed.kill()
        await doomed.communicate()
    await dark(rehearsal)


async def engine_ended(rehearsal: Rehearsal, link: SocketLink) -> None:
    """An engine that is told to end says goodbye to its lights first."""
    await link.command("identify", server="c3-001", on=True)
    assert (await room(rehearsal))["servers"] == ["c3-001"]
    await rehearsal.end_engine()
    await dark(rehearsal)


async def test_bays_of_deployed_servers_are_lit_in_band_and_darkened_after_a_kill(
    rehearsal: Rehearsal,
) -> None:
    link = await rehearsal.attach()
    try:
        for step in ("network", "discovery", "hardware", "deploy"):
            run = await rehearsal.run(link, step)
            assert run.ended, run.summary
        told = await link.command("walk", items=["c3-002/bay01"])
        assert told["said"] == ["Server LED: lit.", "LED of bay 1: lit."]
        assert await room(rehearsal) == {"servers": ["c3-002"], "bays": [["c3-002", 1]]}
        with rehearsal.reading() as reader:
            server = reader.get(Server, "c3-002")
            drive = server.bay(1).drive if server else None  # type: ignore[union-attr]
        assert drive and told["stop"]["drive_serial"] == drive.serial
        rehearsal.kill_engine()
        await link.close()
        assert (await room(rehearsal))["bays"] == [["c3-002", 1]]
        link = await rehearsal.attach()
        await dark(rehearsal)
    finally:
        await link.close()


async def test_the_command_line_walks_lists_and_darkens(rehearsal: Rehearsal) -> None:
    async def c3(*arguments: str, typed: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "c3tui", "identify", str(rehearsal.site), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await asyncio.wait_for(process.communicate(typed.encode()), 60)
        return process.returncode or 0, said.decode()

    code, said = await c3("c3-002", "c3-001")
    assert code == 0 and "c3-002: lit" in said and "--off darkens them" in said, said
    assert (await room(rehearsal))["servers"] == ["c3-001", "c3-002"]
    code, said = await c3()
    assert code == 0 and "c3-001" in said and "hand" in said
    code, said = await c3("c3-001", "c3-002", "--off")
    assert code == 0, said
    await dark(rehearsal)
    code, said = await c3("c3-003", "c3-001", "c3-002", "--walk", typed="\ns\n?\nb\nx\n")
    assert code == 0 and "RACK r01   UNIT 05" in said and "'?' means nothing here" in said, said
    assert "skipped: c3-002" in said and "all its lights are off" in said
    # The end of the input leaves the walk as well.
    code, said = await c3("c3-001", "c3-002", "--walk")
    assert code == 0 and "all its lights are off" in said, said
    await dark(rehearsal)
    code, said = await c3("c9")
    assert code == 2 and "no server and no bay 'c9'" in said and "Traceback" not in said
