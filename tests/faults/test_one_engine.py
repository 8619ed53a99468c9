"""One engine for a site: a second is refused, leftovers of a dead one do not matter, nor stalled viewers."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from c3tui.engine import wire
from c3tui.engine.server import SLOW_BYTES
from tests.support.plans import write_site
from tests.support.rehearsal import Rehearsal, until

pytestmark = pytest.mark.timeout(60)

SECRETS = "maas_api_key: consumer:token:top-secret-key\n"
"""No login for any BMC: nothing is polled, so nothing changes by itself."""


@pytest.fixture
async def rehearsal(tmp_path: Path) -> AsyncIterator[Rehearsal]:
    """A site with no room behind it: only engines matter here."""
    world = Rehearsal(write_site(tmp_path / "site", secrets=SECRETS))
    try:
        yield world
    finally:
        world.close()


async def c3(*arguments: str) -> tuple[int, str]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "c3tui", *arguments), stdout=pipe, stderr=pipe
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)
    return process.returncode or 0, said.decode()


async def test_a_second_engine_is_refused_with_the_number_of_the_first(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    code, said = await c3("engine", str(rehearsal.site))
    assert code == 2 and f"another engine runs on this site (process {rehearsal.engine})" in said
    assert "c3tui detach" in said and "Traceback" not in said
    assert (await link.command("destroys", step="network"))["victims"] == []
    await link.close()


async def test_what_a_dead_engine_left_is_no_obstacle(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    dead = rehearsal.engine
    rehearsal.kill_engine()
    await link.close()
    assert rehearsal.files.socket.exists() and rehearsal.files.lock.read_text() == str(dead)
    code, said = await c3("stop", str(rehearsal.site))
    assert code == 4 and "no engine runs on this site" in said
    link = await rehearsal.attach()
    assert rehearsal.engine not in (0, dead)
    await link.close()


async def test_viewers_that_come_at_once_share_one_engine(rehearsal: Rehearsal) -> None:
    links = await asyncio.gather(*(rehearsal.attach(f"viewer {number}") for number in range(3)))
    assert len({link.holder for link in links}) == 1 and sum(link.in_control for link in links) == 1
    for link in links:
        await link.close()


async def test_an_engine_that_died_is_told_to_its_viewers(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    lost = asyncio.Event()
    link.on_lost(lost.set)
    rehearsal.kill_engine()
    await asyncio.wait_for(lost.wait(), 5)
    with pytest.raises(Exception, match="stopped answering"):
        await link.command("check", step="network")
    await link.close()


async def test_a_viewer_that_stops_reading_slows_nobody_and_catches_up(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach("quick")
    hints: list[int] = []
    link.on_hint(hints.append)
    reader, writer = await wire.connect(rehearsal.files.socket)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    hello = {"id": 1, "op": "hello", "protocol": wire.VERSION, "name": "stalled", "observe": True}
    writer.write(wire.encode(hello))
    # Answers of some 150 bytes each, none of which it reads: its socket is full, and more waits for it.
    asked = 4 * (SLOW_BYTES + (256 << 10)) // 150
    writer.write(b"".join(wire.encode({"id": number, "op": "x"}) for number in range(2, asked)))
    await writer.drain()
    for unit in range(2, 12):
        await asyncio.wait_for(link.command("edit", changes={"servers.0.unit": unit}), 2)
    with rehearsal.reading() as record:
        newest = record.cursor
    await until(lambda: hints[-1:] == [newest], "the hint to those who read")
    reader._transport.resume_reading()  # type: ignore[attr-defined]
    answers, hint = 0, 0
    while hint < newest or answers < asked - 1:
        message: dict[str, Any] = json.loads(await asyncio.wait_for(reader.readline(), 10))
        answers += "id" in message
        hint = max(hint, message.get("hint", 0))
    await link.close()
    writer.close()
    await writer.wait_closed()
