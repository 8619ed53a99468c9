"""Traps that once caught somebody at a crash cart: keys that did more, or less, than the screen said."""

import pytest

from c3tui.model.fleet import Stage
from screens.dialogs import Choose, Reason
from screens.widgets.matrix import Matrix
from screens.widgets.table import FleetTable
from tests.ui.records import Record, ScriptedLink
from tests.ui.views import SMALL, app_of, sees, text, until


async def test_a_filter_typed_over_the_bays_decides_nothing(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        # a accepts and x replaces, were they not letters of the filter.
        await pilot.press("3", "m", "slash", *"failax")
        await until(pilot, lambda: app.screen.query_one(FleetTable).display)
        assert not isinstance(app.screen, Reason)
        assert app.screen.query_one(FleetTable).words == ("failax",)
    assert record.link.told("verdict") == []


async def test_an_open_filter_takes_no_width_from_the_table(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "slash", *"c3-0", "enter")
        await sees(pilot, "filter: c3-0", "Verdict")
        assert app.screen.query_one(FleetTable).size.width == SMALL[0]


async def test_bays_of_many_servers_scroll_inside_the_screen(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    record = Record(tmp_path_factory.mktemp("many") / "small", servers=60)
    record.put(*(record.server(n, Stage.TESTED) for n in range(1, 61)))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "m")
        await sees(pilot, "c3-001/bay00", "T passed  S system", " of 60")
        await pilot.press("end")
        await sees(pilot, ">c3-060", "c3-060/bay00  ZL206000", "480 good")
        matrix = app.screen.query_one(Matrix)
        assert matrix.region.bottom < app.screen.query_one("#drive").region.bottom <= SMALL[1] - 3
    record.close()


async def test_a_mark_on_a_node_says_that_no_step_swaps_it(record: Record) -> None:
    record.done()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "home", "x")
        await sees(pilot, "c3-001: in production", "Ceph, not by 3 Hardware", "a system drive")


async def test_a_lost_engine_can_be_attached_later(record: Record) -> None:
    fresh = ScriptedLink()

    async def reconnect() -> ScriptedLink:
        return fresh

    app = app_of(record, reconnect=reconnect)
    async with app.run_test(size=SMALL) as pilot:
        record.tell(*record.link.losses)
        await sees(pilot, "stopped answering")
        await pilot.press("escape")
        await sees(pilot, "ENGINE GONE: record only (t attaches)")
        await pilot.press("t")
        await sees(pilot, "Attach again")
        await pilot.press("enter")
        await sees(pilot, "you have control")


async def test_leaving_tells_a_command_that_works_from_anywhere(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=(160, 30)) as pilot:
        await pilot.press("q")
        await sees(pilot, f"`c3tui {record.site.files.directory.resolve()}` brings you back")
        assert isinstance(app.screen, Choose)


async def test_under_a_dialog_no_key_is_offered_that_was_not(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "you have control", "q Quit")
        await pilot.press("q")
        await sees(pilot, "Leave C3?")
        assert "t Control" not in text(app)


async def test_planned_servers_have_a_page_before_they_are_seen(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "r01 . . . . . .", "c3-001  r01 u01  expected, not looked for yet")
        await pilot.press("enter")
        await sees(pilot, "c3-001", "BMC", "10.0.0.11")
