"""SIGKILL to those who watch and to those who walk: runs go on, and no server left behind is lost."""

import asyncio
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from c3tui.lab.control import ask
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Stage
from c3tui.model.run import Outcome, Run
from tests.support.rehearsal import Rehearsal, until

pytestmark = pytest.mark.timeout(120)

ROOM = """\
name: watched
faults:
  - {kind: dead-bmc, server: 3}
"""
VIEWER = """\
import asyncio, sys
from pathlib import Path
from c3tui.engine.daemon import attach_or_start
from c3tui.engine.site import SiteFiles

async def main():
    link = await attach_or_start(SiteFiles(Path(sys.argv[1])), name="doomed")
    assert link.in_control
    print((await link.command("run", step="discovery"))["run"], flush=True)
    await asyncio.Event().wait()

asyncio.run(main())
"""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    scenario = tmp_path / "watched.yaml"
    scenario.write_text(ROOM)
    size = ("--servers", "3", "--bays", "2", "--speed", "100")
    world = Rehearsal(tmp_path / "site", "--scenario", str(scenario), *size)
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def test_killed_viewers_and_walkers_and_no_victim_lost(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    assert (await rehearsal.run(link, "network")).outcome is Outcome.DONE
    await link.close()
    run = await viewer_killed(rehearsal)
    await engine_killed(rehearsal, run)
    await ask(rehearsal.site / "lab" / "lab.sock", "mend")
    await walker_killed(rehearsal)


async def viewer_killed(rehearsal: Rehearsal) -> str:
    """The one in control dies: the run goes on, control is free, another takes it."""
    doomed = await asyncio.create_subprocess_exec(
        sys.executable, "-c", VIEWER, str(rehearsal.site), stdout=asyncio.subprocess.PIPE
    )
    try:
        assert doomed.stdout is not None
        run = (await doomed.stdout.readline()).decode().strip()
        link = await rehearsal.attach("heir")
        assert link.holder == "doomed" and not link.in_control
        await until(lambda: rehearsal.stages()[Stage.POWERED], "servers powered on")
    finally:
        doomed.kill()
        await doomed.communicate()
    await until(lambda: link.holder == "", "control to be free")
    await link.take_control()
    await until(lambda: link.in_control, "control to be taken")
    with rehearsal.reading() as reader:
        going = reader.get(Run, run)
    assert going and going.outcome is Outcome.RUNNING
    await link.close()
    return run


async def engine_killed(rehearsal: Rehearsal, id: str) -> None:
    """The server left behind stays on record, once, whoever dies after that."""

    def lost() -> bool:
        with rehearsal.reading() as reader:
            run = reader.get(Run, id)
        assert run and run.outcome is Outcome.RUNNING, "it ended before it could be killed"
        return [victim.server for victim in run.victims] == ["c3-003"]

    await until(lost, "the dead BMC to be found")
    again = await rehearsal.again_after_a_kill("discovery")
    assert again.outcome is Outcome.WARNING and [each.server for each in again.victims] == ["c3-003"]
    with rehearsal.reading() as reader:
        before = reader.get(Run, id)
        told = Counter(entry.what for entry in reader.journal(limit=100_000, subject="c3-003"))
        said = [
            [line.text for line in reader.log(run, limit=100_000, server="c3-003", level="error")]
            for run in (id, again.id)
        ]
    assert before and before.changed and before.victims == again.victims
    assert told["server left behind"] == told["finding opened"] == 1
    assert [len(lines) for lines in said] == [1, 1]


async def walker_killed(rehearsal: Rehearsal) -> None:
    """A headless walk killed under test, given again, ends well; the server mended meanwhile is there."""
    await rehearsal.end_engine()
    code, told, said = await rehearsal.killed_and_again(
        *("run", str(rehearsal.site), "--until", "hardware"),
        when=lambda: rehearsal.stages()[Stage.TESTING] == 3,
        what="servers under test",
    )
    assert code == 0, said
    assert told["steps"]["hardware"]["summary"] == "6 of 6 drives passed"
    assert not any(each["victims"] for each in told["steps"].values())
    with rehearsal.reading() as reader:
        assert {found.state for found in reader.all(Finding)} == {FindingState.FIXED}
    async with await rehearsal.maas() as maas:
        sets = [await maas.history(each.system_id, "testing") for each in await maas.machines()]
    assert [len(each) for each in sets] == [1, 1, 1]
