"""Waves with a brake, and the pace that says who is overdue."""

import asyncio

import pytest

from c3tui.steps.discovery.narrator import waiting_for
from c3tui.steps.discovery.pace import Normal, Pace
from c3tui.steps.discovery.waves import Brake, in_waves


def names(count: int) -> list[str]:
    return [f"c3-{number:03d}" for number in range(1, count + 1)]


class Work:
    """Servers that fail or succeed when they are told to."""

    def __init__(self, count: int, size: int, share: float, failing: set[int]) -> None:
        self.names = names(count)
        self.failing = {f"c3-{number:03d}" for number in failing}
        self.brake = Brake(self.names, size, share)
        self.begun: list[str] = []
        self.most = 0
        self._now = 0

    async def act(self, name: str) -> bool:
        self.begun.append(name)
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(0)
        self._now -= 1
        return name not in self.failing

    async def run(self) -> list[str]:
        async with asyncio.timeout(5):
            return await in_waves(self.names, self.brake, self.act)


async def test_sound_servers_go_through_without_more_than_a_wave_at_once() -> None:
    work = Work(50, 8, 0.5, set())
    assert await work.run() == [] and work.begun == work.names
    assert work.most == 8 and not work.brake.pulled


async def test_a_wave_that_fails_for_the_most_part_pulls_the_brake() -> None:
    work = Work(50, 8, 0.5, set(range(1, 50)))
    untouched = await work.run()
    assert work.begun == work.names[:8] and untouched == work.names[8:]
    assert work.brake.pulled == "5 of the 8 servers of wave 1 of 7 failed"
    assert work.brake.failed == work.names[:8]


async def test_half_a_wave_may_fail_and_it_goes_on() -> None:
    work = Work(50, 8, 0.5, {1, 2, 3, 4, 9, 10, 11, 12})
    assert await work.run() == [] and not work.brake.pulled


async def test_a_later_wave_pulls_it_too() -> None:
    work = Work(40, 8, 0.5, set(range(17, 41)))
    untouched = await work.run()
    assert work.brake.pulled.endswith("wave 3 of 5 failed") and work.names[32] in untouched


@pytest.mark.parametrize(("size", "failing"), [(2, 40), (1, 40)])
async def test_two_dead_servers_are_no_reason(size: int, failing: int) -> None:
    work = Work(10, size, 0.5, set(range(1, failing)))
    assert await work.run() == [] and not work.brake.pulled


async def test_a_brake_of_one_is_never_pulled() -> None:
    work = Work(10, 5, 1.0, set(range(1, 11)))
    assert await work.run() == []


async def test_fast_failures_begin_nobody_until_their_wave_has_proven_itself() -> None:
    """Dead ones fail at once, good ones take minutes: the dead must not pull in wave after wave."""
    gate = asyncio.Event()
    begun: list[str] = []
    failing = set(names(4))

    async def act(name: str) -> bool:
        begun.append(name)
        if name in failing:
            return False
        await gate.wait()
        return True

    brake = Brake(names(30), 8, 0.5)
    task = asyncio.create_task(in_waves(names(30), brake, act))
    for _ in range(50):
        await asyncio.sleep(0)
    assert begun == names(8)
    gate.set()
    async with asyncio.timeout(5):
        assert await task == []
    assert begun == names(30)


async def test_an_error_of_the_record_stops_everybody() -> None:
    async def act(name: str) -> bool:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await in_waves(names(5), Brake(names(5), 2, 0.5), act)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_normal_is_by_experience_until_siblings_are_through() -> None:
    clock = Clock()
    pace = Pace({"pxe": Normal(180, 600)}, clock)
    assert str(pace.normal("pxe")) == "3-10 min"
    for name, took in (("a", 240), ("b", 300), ("c", 360)):
        pace.begin(name, "pxe")
        clock.now += took
        assert pace.end(name) == took
    assert str(pace.normal("pxe")) == "4-6 min"
    assert pace.normal("other").high == float("inf")


def test_who_is_overdue_is_named_with_what_is_normal() -> None:
    clock = Clock()
    pace = Pace({"pxe": Normal(240, 360)}, clock)
    pace.begin("c3-017", "pxe", ago=60)
    clock.now += 8 * 60
    assert pace.overdue() == []
    clock.now += 5 * 60
    pace.begin("c3-018", "pxe")
    assert [str(late) for late in pace.overdue()] == ["overdue, 14 min, normal 4-6 min"]
    assert waiting_for(pace.overdue()) == "waiting for 1: c3-017 overdue, 14 min, normal 4-6 min"
    clock.now += 60 * 60
    for name in ("c3-019", "c3-020"):
        pace.begin(name, "pxe", ago=3600)
    told = waiting_for(pace.overdue())
    assert told.startswith("waiting for 4: c3-017 overdue, 74 min") and told.endswith("and 2 more")
    pace.drop("c3-017")
    assert "c3-017" not in waiting_for(pace.overdue()) and waiting_for([]) == ""
