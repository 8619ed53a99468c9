"""The watch over MAAS's machines: by the event feed, in chunks, nobody waiting for the whole list."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from c3tui.clients.maas import Limits, Maas, Machine, MachineWatch, Status
from c3tui.engine.errors import Refused, Unreachable
from c3tui.lab.maas import MaasLab
from c3tui.lab.maas.lifecycle.enlist import enlist
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario
from tests.clients.maas_region import KEY, Region, machine, region
from tests.support.bmcs import until

FAST = Limits(call=5, full_list=5, tries=1, pause=0.01, longest_pause=0.05)


@pytest.fixture
async def maas_region() -> AsyncIterator[Region]:
    async with region() as made:
        yield made


@pytest.fixture
async def watch(maas_region: Region) -> AsyncIterator[MachineWatch]:
    async with await Maas.connect(maas_region.url, SecretStr(KEY), FAST) as client:
        made = MachineWatch(client, poll=0.01)
        yield made
        await made.close()


class Feed:
    """A region in which machines change, each change with its event unless it is a silent one."""

    def __init__(self, made: Region, status: dict[str, int]) -> None:
        self.status = status
        self.addresses: dict[str, str] = {}
        self.events: list[dict[str, Any]] = []
        self.feed_fails = False
        made.does("GET", "/machines/", lambda: self._machines)
        made.does("GET", "/machines/", lambda: self._powers, op="power_parameters")
        made.does("GET", "/events/", lambda: self._events, op="query")

    def change(self, system_id: str, status: int, *, silent: bool = False) -> None:
        self.status[system_id] = status
        if not silent:
            self.events.append({"id": len(self.events) + 1, "node": system_id})

    async def _machines(self, request: web.Request) -> web.StreamResponse:
        ids = [one for one in request.query.getall("id") if one in self.status]
        return web.json_response([machine(self.status[one], one) for one in ids])

    async def _powers(self, request: web.Request) -> web.StreamResponse:
        ids = request.query.getall("id", list(self.status))
        found = {one: {"power_address": self.addresses.get(one, "")} for one in ids if one in self.status}
        return web.json_response(found)

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self.feed_fails:
            return web.Response(status=403, text="no events for you")
        after = int(request.query.get("after", 0))
        limit = int(request.query["limit"])
        newer = [event for event in self.events if event["id"] > after]
        found = newer[:limit] if "after" in request.query else newer[-limit:]
        return web.json_response({"count": len(found), "events": found[::-1]})


def reads(maas_region: Region) -> list[list[str]]:
    """Which machines were read, call by call."""
    return [one.query["id"] for one in maas_region.asked if one.path == "/machines/" and not one.op]


def idle(one: Machine) -> bool:
    return not one.busy


async def seen_busy(watch: MachineWatch, *ids: str) -> None:
    await until(lambda: all((known := watch.machine(id)) and known.busy for id in ids), "read as busy")


async def test_what_changed_is_read_and_nothing_else(maas_region: Region, watch: MachineWatch) -> None:
    feed = Feed(maas_region, {"a": 21, "b": 21})
    waiting = {id: asyncio.ensure_future(watch.wait(id, idle, limit=5)) for id in "ab"}
    await seen_busy(watch, "a", "b")
    await until(lambda: sum("after" in one.query for one in maas_region.asked) > 1, "the feed followed")
    before = len(reads(maas_region))
    feed.change("a", 4)
    first = await waiting["a"]
    assert first and first.status == Status.READY and not waiting["b"].done()
    feed.change("b", 22)
    second = await waiting["b"]
    assert second and second.status == Status.FAILED_TESTING
    assert reads(maas_region)[before:][-1] == ["b"] and ["a"] in reads(maas_region)[before:]


async def test_a_silent_change_and_a_deletion_are_noticed(maas_region: Region, watch: MachineWatch) -> None:
    feed = Feed(maas_region, {"a": 1, "b": 1})
    waiting = [asyncio.ensure_future(watch.wait(id, idle, limit=60)) for id in "ab"]
    await seen_busy(watch, "a", "b")
    feed.change("a", 4, silent=True)
    del feed.status["b"]
    async with asyncio.timeout(5):
        ended, gone = await asyncio.gather(*waiting)
    assert ended and ended.status == Status.READY and gone is None


async def test_a_wait_is_never_satisfied_by_what_was_read_before_it(
    maas_region: Region, watch: MachineWatch
) -> None:
    feed = Feed(maas_region, {"a": 4})
    assert await watch.wait("a", idle, limit=5)
    feed.change("a", 1, silent=True)  # commissioning has just begun
    ended = await watch.wait("a", idle, limit=0.3)
    assert ended is not None and ended.busy


async def test_waiting_outlives_a_restart_of_maas_and_says_so(
    maas_region: Region, watch: MachineWatch
) -> None:
    maas_region.says("GET", "/machines/", "starting", status=502)
    Feed(maas_region, {"a": 4})
    silences: list[Unreachable] = []
    ended = await watch.wait("a", idle, limit=5, on_silence=silences.append)
    assert ended and ended.status == Status.READY and silences


async def test_a_silence_at_the_end_is_an_error(maas_region: Region, watch: MachineWatch) -> None:
    for path, op in (("/machines/", ""), ("/machines/", "power_parameters"), ("/events/", "query")):
        maas_region.says("GET", path, "starting", status=502, op=op)
    with pytest.raises(Unreachable):
        await watch.wait("a", idle, limit=0.2)


async def test_when_the_feed_fails_it_asks_and_says_so_once(maas_region: Region, watch: MachineWatch) -> None:
    feed = Feed(maas_region, {"a": 1, "b": 1})
    feed.feed_fails = True
    told: list[str] = []
    watch.speak_to("run", told.append)
    waiting = asyncio.ensure_future(watch.wait("a", idle, limit=5))
    await seen_busy(watch, "a")
    before = len(reads(maas_region))
    feed.change("a", 4, silent=True)
    ended = await waiting
    assert ended and ended.status == Status.READY and len(reads(maas_region)) > before
    assert len(told) == 1 and "event feed fails" in told[0] and "no events for you" in told[0]
    feed.feed_fails = False
    waiting = asyncio.ensure_future(watch.wait("b", idle, limit=5))
    await until(lambda: len(told) == 2, "said that the feed is back")
    assert told[1] == "MAAS's event feed is back"
    waiting.cancel()


async def test_a_refusal_ends_the_wait(maas_region: Region, watch: MachineWatch) -> None:
    maas_region.says("GET", "/machines/", "no", status=403)
    with pytest.raises(Refused):
        await watch.wait("a", idle, limit=5)


async def test_a_machine_with_the_bmc_appears(maas_region: Region, watch: MachineWatch) -> None:
    feed = Feed(maas_region, {"a": 0})
    feed.addresses["a"] = "10.0.0.1"
    assert await watch.appeared("10.0.0.1", limit=5) == "a"
    waiting = asyncio.ensure_future(watch.appeared("10.0.0.2", limit=5))
    await watch.look_around()
    assert not waiting.done()
    feed.addresses["b"] = "10.0.0.2"
    feed.change("b", 0)
    assert await waiting == "b"
    # The event named the machine: MAAS was not asked for the BMCs of all of them again.
    powers = [one for one in maas_region.asked if one.op == "power_parameters"]
    assert any(one.query.get("id") == ["b"] for one in powers)
    assert await watch.appeared("10.0.0.3", limit=0.05) is None


async def test_it_asks_nothing_while_nobody_waits(maas_region: Region, watch: MachineWatch) -> None:
    Feed(maas_region, {"a": 4})
    assert await watch.wait("a", idle, limit=5)
    await asyncio.sleep(0.05)
    before = len(maas_region.asked)
    await asyncio.sleep(0.1)
    assert len(maas_region.asked) <= before + 1


async def test_waiting_is_cancelled_at_once_and_closing_ends_the_rest(
    maas_region: Region, watch: MachineWatch
) -> None:
    Feed(maas_region, {"a": 1})
    waiting = [asyncio.ensure_future(watch.wait("a", idle, limit=600)) for _ in range(2)]
    await seen_busy(watch, "a")
    waiting[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting[0]
    await watch.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting[1]


MACHINES = 120
SLOW_MS = 10.0


@pytest.fixture
def room() -> Iterator[Room]:
    yield Room(Scenario(servers=MACHINES, bays=1, octet=72, maas_ms_per_machine=SLOW_MS))


@asynccontextmanager
async def slow_region(room: Room) -> AsyncIterator[tuple[MaasLab, Maas]]:
    """A lab's region with machines that takes its time for each."""
    lab = MaasLab(room)
    for box in room.chassis:
        enlist(lab.region, box)
    await lab.start(0)
    try:
        async with await Maas.connect(lab.url, SecretStr(lab.api_key), FAST) as client:
            yield lab, client
    finally:
        await lab.close()
        await room.close()


async def test_nobody_waits_for_the_whole_list(room: Room) -> None:
    loop = asyncio.get_running_loop()
    async with slow_region(room) as (lab, maas):
        began = loop.time()
        assert len(await maas.machines()) == MACHINES
        whole = loop.time() - began
        watch = MachineWatch(maas, poll=0.05)
        await watch.look_around()
        began = loop.time()
        watch.read_all()
        last = watch.find(room.chassis[-1].bmc.address)
        assert last and await watch.wait(last, lambda each: True, limit=5)
        read, known = watch.progress
        assert loop.time() - began < whole / 3
        assert known == MACHINES and read < MACHINES
        # A change is known long before the list would be.
        began = loop.time()
        waiting = asyncio.ensure_future(watch.wait(last, lambda each: each.status == Status.READY, limit=5))
        await asyncio.sleep(0)
        lab.region.move(lab.region.db.machines[last], NodeStatus.READY)
        ended = await waiting
        assert ended and ended.status == Status.READY and loop.time() - began < whole / 3
        await until(lambda: watch.progress[0] == MACHINES, "all are read")
        await watch.close()
