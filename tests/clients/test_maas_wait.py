"""The MAAS client waiting for machines: by the event feed, and by looking now and then."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from pydantic import SecretStr

from c3tui.clients.maas import Limits, Maas, Machine, Status
from c3tui.engine.errors import Unreachable
from tests.clients.maas_region import KEY, Region, machine, region

FAST = Limits(call=5, full_list=5, tries=1, pause=0.01, longest_pause=0.05)


@pytest.fixture
async def maas_region() -> AsyncIterator[Region]:
    async with region() as made:
        yield made


@pytest.fixture
async def maas(maas_region: Region) -> AsyncIterator[Maas]:
    async with await Maas.connect(maas_region.url, SecretStr(KEY), FAST) as client:
        yield client


class Feed:
    """A region in which machines change, each change with its event unless it is a silent one."""

    def __init__(self, made: Region, status: dict[str, int]) -> None:
        self.status = status
        self.events: list[dict[str, Any]] = []
        made.does("GET", "/machines/", lambda: self._machines)
        made.does("GET", "/events/", lambda: self._events, op="query")

    def change(self, system_id: str, status: int, *, silent: bool = False) -> None:
        self.status[system_id] = status
        if not silent:
            self.events.append({"id": len(self.events) + 1, "node": system_id})

    async def _machines(self, request: web.Request) -> web.StreamResponse:
        ids = [one for one in request.query.getall("id") if one in self.status]
        return web.json_response([machine(self.status[one], one) for one in ids])

    async def _events(self, request: web.Request) -> web.StreamResponse:
        after = int(request.query.get("after", 0))
        limit = int(request.query["limit"])
        newer = [event for event in self.events if event["id"] > after]
        found = newer[:limit] if "after" in request.query else newer[-limit:]
        return web.json_response({"count": len(found), "events": found[::-1]})


async def test_waiting_follows_the_feed_and_reads_only_what_changed(maas_region: Region, maas: Maas) -> None:
    feed = Feed(maas_region, {"a": 21, "b": 21})
    seen: list[tuple[str, int]] = []

    def told(one: Machine) -> None:
        seen.append((one.system_id, one.status))
        if seen == [("a", 21), ("b", 21)]:
            feed.change("a", 4)
        elif (one.system_id, one.status) == ("a", 4):
            feed.change("b", 22)

    ended = await maas.wait(["a", "b"], lambda one: not one.busy, poll=0.01, limit=5, on_change=told)
    assert {key: one.status for key, one in ended.items()} == {"a": Status.READY, "b": Status.FAILED_TESTING}
    assert seen == [("a", 21), ("b", 21), ("a", 4), ("b", 22)]
    reads = [one.query["id"] for one in maas_region.asked if one.path == "/machines/"]
    assert reads == [["a", "b"], ["a"], ["b"]]


async def test_waiting_notices_silent_changes_and_deleted_machines(maas_region: Region, maas: Maas) -> None:
    feed = Feed(maas_region, {"a": 1, "b": 1})

    def told(one: Machine) -> None:
        feed.change("a", 4, silent=True)
        feed.status.pop("b", None)

    async with asyncio.timeout(5):
        ended = await maas.wait(["a", "b"], lambda one: not one.busy, poll=0.01, limit=60, on_change=told)
    assert {key: one.status for key, one in ended.items()} == {"a": 4}


async def test_waiting_ends_at_the_limit_with_the_straggler_in_hand(maas_region: Region, maas: Maas) -> None:
    Feed(maas_region, {"a": 1})
    ended = await maas.wait(["a"], lambda one: not one.busy, poll=0.01, limit=0.1)
    assert ended["a"].busy


async def test_waiting_outlives_a_restart_of_maas(maas_region: Region, maas: Maas) -> None:
    maas_region.says("GET", "/machines/", "starting", status=502)
    Feed(maas_region, {"a": 4})
    silences: list[Unreachable] = []
    ended = await maas.wait(["a"], lambda one: not one.busy, poll=0.01, limit=5, on_silence=silences.append)
    assert ended["a"].status == 4 and len(silences) == 1


async def test_waiting_is_cancelled_at_once(maas_region: Region, maas: Maas) -> None:
    Feed(maas_region, {"a": 1})
    looked = asyncio.Event()
    wait = maas.wait(["a"], lambda one: False, poll=60, limit=600, on_change=lambda one: looked.set())
    task = asyncio.create_task(wait)
    async with asyncio.timeout(5):
        await looked.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
