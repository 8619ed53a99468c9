"""SIGKILL to the engine in the middle of a discovery of sixty servers, at random moments, again and again.

Once an engine is back, no BMC keeps a session of the dead ones beside its own, and no LED is lit.
"""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from c3tui.engine.errors import C3Error
from c3tui.engine.link import SocketLink
from c3tui.lab.control import ask
from c3tui.model.light import Light
from tests.support.rehearsal import Rehearsal, until

pytestmark = pytest.mark.timeout(180)

SERVERS, KILLS = 60, 5
ROOM = "name: killed\noctet: 94\nservers_per_rack: 20\nbmc: {latency_ms: 5}\n"
LONGEST = 1.5
"""Seconds that an engine lives at most after it began: logins, power-on and boots fall in it."""


@pytest.fixture
async def rehearsal(tmp_path: Path) -> AsyncIterator[Rehearsal]:
    scenario = tmp_path / "killed.yaml"
    scenario.write_text(ROOM)
    size = ("--servers", str(SERVERS), "--bays", "1", "--speed", "60")
    world = Rehearsal(tmp_path / "site", "--scenario", str(scenario), *size)
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def told(rehearsal: Rehearsal, what: str) -> Any:
    """What the room itself says."""
    return (await ask(rehearsal.site / "lab" / "lab.sock", what))["servers"]


async def kill_in_discovery(rehearsal: Rehearsal, link: SocketLink, chance: random.Random) -> None:
    """Begin a discovery and light an LED; kill the engine while it is at it."""
    begun = await link.command("run", step="discovery")
    assert begun["run"]
    lighting = [
        asyncio.create_task(link.command("identify", server=f"c3-{chance.randint(1, SERVERS):03d}", on=True))
        for _ in range(3)
    ]
    await asyncio.sleep(chance.uniform(0.0, LONGEST))
    rehearsal.kill_engine()
    for light in lighting:
        with suppress(C3Error):
            await light
    await link.close()


async def test_no_session_and_no_light_of_a_killed_engine_stays(rehearsal: Rehearsal) -> None:
    chance = random.Random(5)
    lit = most = 0
    link = await rehearsal.attach()
    assert (await rehearsal.run(link, "network")).ended
    await link.close()
    for _ in range(KILLS):
        link = await rehearsal.attach()
        await kill_in_discovery(rehearsal, link, chance)
        lit += len(await told(rehearsal, "lights"))
        most = max(most, sum((await told(rehearsal, "sessions")).values()))
    assert lit and most, "nothing was left behind by any of the dead: this proves nothing"

    async def clean() -> bool:
        sessions = await told(rehearsal, "sessions")
        with rehearsal.reading() as reader:
            lights = reader.all(Light)
        one_each = len(sessions) == SERVERS and set(sessions.values()) == {1}
        return one_each and not lights and not await told(rehearsal, "lights")

    link = await rehearsal.attach()
    await until(clean, "one session at each BMC, and darkness", 30)
    await link.close()
    await rehearsal.end_engine()
    assert await told(rehearsal, "sessions") == {}
