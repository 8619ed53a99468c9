"""The identify walk by keys: what is read at the rack, and that leaving always says so to the engine."""

from typing import Any

import pytest

from c3tui.engine.errors import InputError
from c3tui.model.fleet import Stage
from c3tui.model.light import Stop, Why, new_light
from c3tui.model.replacement import Replacement
from screens.dialogs import WalkDialog
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, sees, text, until

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])


def told(n: int, at: int, count: int = 3, slot: int | None = None, **more: Any) -> dict[str, Any]:
    stop = Stop(server=f"c3-{n:03d}", slot=slot, rack="r07", unit=n * 2, serial=f"SRV{n:05d}")
    if slot is not None:
        stop.drive_serial, stop.drive_model, stop.drive_size = "ZL200702", "ST16000NM001G", 16_000_900_661_248
    answer = {"walk": "w1", "over": False, "at": at, "count": count, "skipped": False}
    return {**answer, "said": ["Server LED: lit."], "stop": stop.model_dump(mode="json"), **more}


@SIZES
async def test_walk_by_keys_from_first_to_last(record: Record, size: tuple[int, int]) -> None:
    record.put(*(record.server(n, Stage.TESTED) for n in range(1, 4)))
    record.link.answers["walk"] = told(1, 0)
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2")
        await sees(pilot, "c3-003")
        await pilot.press("W")
        await sees(pilot, "Identify walk: 1 of 3, 2 left", "RACK", "R 0 7", "UNIT", "0 2", "SRV00001")
        await sees(pilot, "Server LED: lit.", "Enter Next", "x Leave")
        assert record.link.told("walk") == [{"items": ["c3-001", "c3-002", "c3-003"]}]
        record.link.answers["walk-next"] = told(2, 1, said=["Server LED: NOT LIT; the BMC does not answer."])
        await pilot.press("enter")
        await sees(pilot, "2 of 3, 1 left", "0 4", "NOT LIT")
        record.link.answers["walk-next"] = told(3, 2, slot=2)
        await pilot.press("s")
        await sees(pilot, "3 of 3, the last one", "BAY", "ZL200702", "ST16000NM001G", "16 TB")
        await pilot.press("b", "space")
        end = {"over": True, "seen": 3, "skipped": ["c3-002"], "left_on": ["c3-001"]}
        record.link.answers["walk-next"] = end
        await pilot.press("n")
        await sees(pilot, "3 stops seen, skipped: c3-002; STILL LIT: c3-001")
        assert not isinstance(app.screen, WalkDialog)
    moves = [
        {key: value for key, value in each.items() if key != "walk"} for each in record.link.told("walk-next")
    ]
    assert moves == [{"by": 1}, {"by": 1, "skip": True}, {"by": -1}, {"by": 1}, {"by": 1}]


@SIZES
@pytest.mark.parametrize("key", ["x", "escape"])
async def test_leaving_darkens(record: Record, size: tuple[int, int], key: str) -> None:
    record.put(*(record.server(n, Stage.TESTED) for n in range(1, 4)))
    record.link.answers["walk"] = told(2, 0, 1)
    record.link.answers["walk-end"] = {"over": True, "seen": 1, "skipped": [], "left_on": []}
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "home", "space", "space", "W")
        await sees(pilot, "Identify walk: 1 of 1")
        assert record.link.told("walk") == [{"items": ["c3-001", "c3-002"]}], "the marked ones"
        await pilot.press(key)
        await sees(pilot, "1 stop seen; all its lights are off")
    assert record.link.told("walk-end") == [{"walk": "w1"}]


async def test_a_walk_that_is_over_in_the_engine_can_be_left(record: Record) -> None:
    record.put(record.server(1, Stage.TESTED))
    record.link.answers["walk"] = told(1, 0)
    gone = InputError("no walk 'w1' is under way: its lights are off")
    record.link.answers["walk-next"] = record.link.answers["walk-end"] = gone
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "W")
        await sees(pilot, "Identify walk")
        await pilot.press("enter")
        await sees(pilot, "! no walk 'w1' is under way", "x leaves")
        await pilot.press("x")
        await until(pilot, lambda: not isinstance(app.screen, WalkDialog))
        assert "Traceback" not in text(app)


async def test_parts_to_replace_are_walked_and_say_what_shines_for_them(record: Record) -> None:
    record.problems()
    (part,) = record.store.all(Replacement)
    record.put(new_light("c3-007", Why.REPLACEMENT, part.id, "anna"))
    record.link.answers["walk"] = told(7, 0, 1, slot=2)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R")
        await sees(pilot, "Lit until it is swapped: c3-007")
        await pilot.press("W")
        await sees(pilot, "Identify walk: 1 of 1", "BAY")
        assert record.link.told("walk") == [{"items": ["c3-007/bay02"]}]
        await pilot.press("x")


async def test_drives_are_walked_by_their_bays(record: Record) -> None:
    record.problems()
    record.link.answers["walk"] = told(1, 0, 1, slot=0)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "home", "W")
        await sees(pilot, "Identify walk: 1 of 1")
        assert record.link.told("walk") == [{"items": ["c3-001/bay00"]}]
        await pilot.press("x")
