"""The room goes dark in the middle of a step and comes back: told in words, and the next run completes."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from c3tui.clients.maas import Status
from c3tui.model.fleet import BmcState, Stage
from c3tui.model.run import Outcome
from tests.support.rehearsal import Rehearsal, all_in, until

pytestmark = pytest.mark.timeout(120)

SERVERS = ["c3-001", "c3-002"]


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    world = Rehearsal(tmp_path / "site", "--servers", "2", "--bays", "2", "--speed", "100")
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def test_a_room_that_goes_dark_and_comes_back(rehearsal: Rehearsal) -> None:
    for step in ("network", "discovery"):
        assert (await rehearsal.ended(await rehearsal.begin(step))).outcome is Outcome.DONE
    await lost_under_test(rehearsal)
    await dark_from_the_start(rehearsal)
    await lost_for_a_moment(rehearsal)


async def lost_under_test(rehearsal: Rehearsal) -> None:
    """Nobody answers: the step says so and waits, and goes on by itself when the room is back."""
    run = await rehearsal.begin("hardware")
    async with await rehearsal.maas() as maas:
        await until(lambda: all_in(maas, "Testing", 2), "all under test")
        await until(lambda: rehearsal.stages()[Stage.TESTING] == 2, "all on record as under test")
    await until(lambda: remembered(rehearsal) == {Status.TESTING}, "the room to have it on disk")
    rehearsal.kill_lab()
    await until(lambda: phases(rehearsal) == {"waiting for MAAS to answer"}, "the step to say so")
    await until(lambda: bmc_states(rehearsal) == {BmcState.NO_ANSWER}, "the BMCs to be silent")
    rehearsal.start_lab()
    ended = await rehearsal.ended(run)
    assert ended.outcome is Outcome.DONE and ended.summary == "4 of 4 drives passed"
    await until(lambda: bmc_states(rehearsal) == {BmcState.OK}, "the BMCs to answer")
    with rehearsal.reading() as reader:
        warned = [
            line.server for line in reader.log(run, level="warning") if "cannot be reached" in line.text
        ]
        told = [entry.what for entry in reader.journal(limit=100_000)]
    assert sorted(warned) == SERVERS and "server left behind" not in told


async def dark_from_the_start(rehearsal: Rehearsal) -> None:
    """A step that cannot even look fails with the reason; nothing that was done is undone."""
    before = rehearsal.stages()
    await until(lambda: remembered(rehearsal) == {Status.READY}, "the room to have it on disk")
    rehearsal.kill_lab()
    run = await rehearsal.ended(await rehearsal.begin("deploy"))
    assert run.outcome is Outcome.FAILED and "MAAS cannot be reached" in run.summary
    assert rehearsal.stages() == before
    rehearsal.start_lab()


def remembered(rehearsal: Rehearsal) -> set[int]:
    """In which states MAAS will find its machines when the room comes back: a real region forgets nothing."""
    world = json.loads((rehearsal.site / "lab" / "world.json").read_text())
    return {int(machine["status"]) for machine in world["maas"]["machines"].values()}


def phases(rehearsal: Rehearsal) -> set[str]:
    with rehearsal.reading() as reader:
        return {str(seen["phase"]) for seen in reader.observations("progress").values()}


def bmc_states(rehearsal: Rehearsal) -> set[str]:
    with rehearsal.reading() as reader:
        return {str(seen["state"]) for seen in reader.observations("bmc").values()}


async def lost_for_a_moment(rehearsal: Rehearsal) -> None:
    """Dark and back while servers are installed: the step waits, or the next run completes it."""
    run = await rehearsal.begin("deploy")
    async with await rehearsal.maas() as maas:
        await until(lambda: all_in(maas, "Deploying", 2), "all deploying")
    await until(lambda: remembered(rehearsal) == {Status.DEPLOYING}, "the room to have it on disk")
    rehearsal.kill_lab()
    rehearsal.start_lab()
    first = await rehearsal.ended(run)
    assert first.outcome in (Outcome.DONE, Outcome.WARNING, Outcome.FAILED)
    assert "C3 itself" not in first.summary
    again = await rehearsal.ended(await rehearsal.begin("deploy"))
    assert again.outcome is Outcome.DONE and again.summary == "ubuntu/noble on 2 of 2 servers"
