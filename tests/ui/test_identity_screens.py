"""The screens of strays and golden servers, and the keys that lead there."""

import pytest
from textual.widgets import Input

from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Stage
from c3tui.model.hwprofile import Inventory, Parts, Profile
from c3tui.model.identity import Stray, StrayState, Tolerance
from screens.dialogs import Choose, Reason
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, sees, text, until


def with_parts(record: Record) -> None:
    """Six servers whose parts are known: the first is golden, two of one rack have an older BIOS."""
    record.put(*(record.server(n, Stage.READY) for n in range(1, record.servers + 1)))
    good = Parts(cpu_model="Xeon", threads=64, bios="4.0", bmc="1.73")
    for n in range(1, 7):
        parts = good.model_copy(update={"bios": "3.9"}) if n in (2, 3) else good
        record.put(Inventory(id=f"c3-{n:03d}", parts=parts))
    record.put(Profile(id="standard", server="c3-001", parts=good, by="anna"))


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_strays_are_searched_ignored_and_taken_in(record: Record, size: tuple[int, int]) -> None:
    record.put(
        Stray(id="10.0.0.201", mac="ac:1f:6b:00:00:99"),
        Stray(id="10.0.0.202", state=StrayState.IGNORED, reason="the neighbour's", by="anna"),
    )
    record.link.answers["find-strays"] = {"found": 2}
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "S")
        await sees(pilot, "Strays on the IPMI network", "10.0.0.201", "not searched yet", "ac:1f:6b:00:00:99")
        assert "10.0.0.202" not in text(app) and text(app).isascii()
        await pilot.press("a")
        await sees(pilot, "10.0.0.202", "the neighbour's")
        await pilot.press("a", "e")
        await sees(pilot, "2 strays found")
        record.store.observe("sweep", {"ipmi": {"running": True, "asked": 70, "total": 508, "found": 1}})
        await sees(pilot, "Searching 10.0.0.0/24: 70 of 508 at most, 1 answer")
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"ours", "enter")
        await until(pilot, lambda: len(record.link.told("stray")) == 1)
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"c3-050", "enter")
        await sees(pilot, "Write name, rack and unit")
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        assert app.screen.query_one(Input).value == "c3-050"
        await pilot.press(*" r02 9 S9", "enter")
        await until(pilot, lambda: len(record.link.told("stray")) == 2)
        await pilot.press("i")
        await until(pilot, lambda: len(record.link.told("stray")) == 3)
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "discovery")
    assert record.link.told("stray") == [
        {"address": "10.0.0.201", "act": "ignore", "reason": "ours"},
        {
            "address": "10.0.0.201",
            "act": "take-in",
            "server": "c3-050",
            "rack": "r02",
            "unit": 9,
            "serial": "S9",
        },
        {"address": "10.0.0.201", "act": "light"},
    ]


@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_differences_are_grouped_and_accepted_for_a_rack(record: Record, size: tuple[int, int]) -> None:
    with_parts(record)
    record.link.answers["tolerate"] = {"waived": ["a", "b"]}
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("2", "D")
        await sees(pilot, "2 of 6", "BIOS firmware 3.9 instead of 4.0", "c3-002, c3-003", "open")
        assert text(app).isascii()
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await sees(pilot, "It counts on")
        await pilot.press("T")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "down", "enter")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"soon", "enter")
        await sees(pilot, "Accepted for rack:r01: 2 findings waived")
        assert record.link.told("tolerate") == [
            {"finding": "profile.firmware:c3-002", "scope": "rack:r01", "reason": "soon"}
        ]
        what = "BIOS firmware 3.9 instead of 4.0"
        record.put(
            Tolerance(
                id="t1", check="profile.firmware", scope="rack:r01", what=what, reason="soon", by="anna"
            )
        )
        await sees(pilot, "accepted for rack:r01 by anna")
        await pilot.press("U")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "enter")
        await until(pilot, lambda: record.link.told("untolerate") == [{"tolerance": "t1"}])


async def test_a_servers_page_makes_it_golden_after_asking(record: Record) -> None:
    with_parts(record)
    record.link.answers["golden"] = {"profile": "standard", "compared": 6, "different": {"c3-002": ["x"]}}
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "home", "enter", "G")
        await sees(pilot, "Is c3-001 a good one?", "11 other servers of profile standard")
        await pilot.press("enter")
        await sees(pilot, "Nothing was changed")
        await pilot.press("G")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "enter")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "golden")
        assert record.link.told("golden") == [{"server": "c3-001", "floor": False}]


async def test_a_finding_that_is_no_difference_cannot_be_accepted(record: Record) -> None:
    record.problems()
    record.put(
        finding("profile.firmware", "c3-001", "discovery", Severity.CRITICAL, "BIOS 3.9", "Flash it"),
    )
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f")
        await sees(pilot, "c3-003/bay03", "BIOS 3.9")
        await pilot.press("slash", *"reallocated", "enter", "T")
        await sees(pilot, "Only a difference between servers can be accepted")
        assert record.link.told("tolerate") == []
        await pilot.press("slash", *["backspace"] * 11, *"BIOS", "enter", "T")
        await sees(pilot, "Accept this difference for whom?", "every server of rack r01")
