"""Discovery against the lab's MAAS and BMCs: the brake, logins given, a BMC watch that dies."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.cli.compose import engine_of
from c3tui.clients.bmc import BmcFleet
from c3tui.engine.core import Engine
from c3tui.engine.site import Site
from c3tui.lab.bmc import BmcLab
from c3tui.lab.chassis import Chassis
from c3tui.lab.maas import MaasLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Scenario
from c3tui.lab.site import write_site
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Server, Stage
from c3tui.model.run import Outcome, Run
from c3tui.steps.monitor import watch_bmcs
from tests.support.rehearsal import until

PORT = 6273
WRONG = Fault(kind=FaultKind.WRONG_PASSWORD, server=8)


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    room = Room(Scenario(servers=8, bays=2, octet=73, bmc_port=PORT, speed=400, faults=[WRONG]))
    bmcs = BmcLab(room)
    await bmcs.start(PORT)
    yield room
    await bmcs.close()
    await room.close()


@pytest.fixture
async def engine(room: Room, tmp_path: Path) -> AsyncIterator[Engine]:
    """An engine on a site of eight servers, whose network step has run."""
    lab = MaasLab(room)
    await lab.start(0)
    write_site(tmp_path / "site", room, lab.url, lab.api_key)
    engine = engine_of(Site.load(tmp_path / "site"), services=False)
    await engine.start()
    engine.edit({"discovery.wave": 4, "discovery.enlist_timeout": 3, "endpoints.maas.poll": 0.1}, "ann")
    assert (await run(engine, "network")).outcome is Outcome.DONE
    yield engine
    await engine.close()
    await lab.close()


async def run(engine: Engine, step: str = "discovery") -> Run:
    _, task = engine.begin(step, "ann")
    return await task


def stages(engine: Engine) -> dict[str, Stage]:
    return {server.name: server.stage for server in engine.store.all(Server)}


def opened(engine: Engine) -> set[str]:
    return {each.id for each in engine.store.all(Finding) if each.state is FindingState.OPEN}


async def test_the_brake_leaves_the_rest_untouched_and_a_second_run_goes_on(
    engine: Engine, room: Room
) -> None:
    async def nobody_serves_pxe(box: Chassis) -> bool:
        return False

    served, room.netboot = room.netboot, nobody_serves_pxe
    stopped = await run(engine)
    assert stopped.outcome is Outcome.FAILED and stopped.exit_code == 1
    for words in ("of the 4 servers of wave 1 of 2 failed", "has not enlisted it", "3 were not begun"):
        assert words in stopped.summary
    assert not any(box.powered for box in room.chassis[4:])
    assert "discovery.brake:site" in opened(engine)
    said = [line.text for line in engine.store.log(stopped.id, level="warning")]
    assert "not begun: c3-005, c3-006, c3-007" in said
    # The one whose BMC refuses us was named before any server was powered.
    assert any(each.server == "c3-008" and "password" in each.why for each in stopped.victims)
    # Mended, and switched off meanwhile: a power cycle of the BMC client takes its real seconds.
    room.netboot = served
    for box in room.chassis:
        room.power_off(box)
    given = {"c3-008": {"user": "ADMIN", "password": f"label-{room.chassis[7].serial}"}}
    assert (await engine.command("credentials", {"logins": given}, "ann"))["servers"] == ["c3-008"]
    ended = await run(engine)
    assert ended.outcome is Outcome.DONE and ended.summary == "8 of 8 servers commissioned"
    assert set(stages(engine).values()) == {Stage.READY} and not opened(engine)
    told = engine.store.observation("run", ended.id)
    assert told and "of 8 ready" in told["phase"]
    assert any(
        "enlisted" in line.text and "after power on" in line.text for line in engine.store.log(ended.id)
    )


# The thread is meant to die.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_a_watch_over_the_bmcs_that_dies_is_said_and_started_again(engine: Engine) -> None:
    died = "bmc.watch-died:site"
    watching = asyncio.create_task(engine._keep(watch_bmcs))
    try:
        await until(lambda: engine.store.observations("bmc"), "readings")
        fleet = engine.resources.peek("bmc")
        assert isinstance(fleet, BmcFleet) and fleet._loop and died not in opened(engine)
        fleet._loop.call_soon_threadsafe(fleet._loop.stop)
        await until(lambda: died in opened(engine), "the finding")
        await until(lambda: died not in opened(engine), "readings again")
        assert engine.resources.peek("bmc") is not fleet
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
