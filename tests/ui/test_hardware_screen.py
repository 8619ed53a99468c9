"""The screen of drives: classes and sums, groups, filters, bays, verdicts on many, and who is asked again."""

from typing import Any

import pytest

from c3tui.engine.errors import InputError
from c3tui.model.evidence import Klass
from c3tui.model.facets import DRIVE
from c3tui.model.fleet import Stage, TestState
from c3tui.model.judged import Judged
from c3tui.model.placement import place
from screens.dialogs import Choose, Confirm, Reason, TypedConfirm
from screens.hardware.campaign import campaign
from screens.hardware.columns import COLUMNS
from screens.model import FleetModel
from screens.widgets.lineup import Lineup
from screens.widgets.table import FleetTable
from tests.ui.judgements import AGAIN, BAD, SILENT, WORN, judge, judgement
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, sees, text, until

SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
CHEAP = {"lines": ["1 drive in 1 server, 16.0 TB raw"], "word": ""}
DEAR = {"lines": ["ONLY 2 failure domains (hosts) ARE LEFT FOR 3 COPIES"], "word": "small"}


@SIZES
async def test_classes_and_what_they_add_up_to(record: Record, size: tuple[int, int]) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=size) as pilot:
        await pilot.press("3")
        await sees(pilot, "92 good", "1 watch 16 TB", "2 replace 32 TB", "1 not tested 16 TB")
        await sees(pilot, "1 asked", "usable at 3 copies", "326 TB with all good")
        await pilot.press("slash", *"class:watch", "escape")
        await sees(pilot, "> c3-003/bay04", "watch", "72 % of rated", "filter: class:watch (96")


@pytest.mark.parametrize(
    ("words", "bays"),
    [
        ("class:replace", {BAD, AGAIN}),
        ("wear>=70", {WORN}),
        ("pending>0", {BAD}),
        ("hours>=45000", {BAD}),
        ("class:not-tested", {SILENT}),
        ("verdict:asked-again", {AGAIN}),
        ("fw:SN03 temp>30 realloc=0 rack:r02 size<4TB -class:good", set()),
        ("errors>2", {AGAIN}),
        ("serial:ZL200203 use:data", {BAD}),
    ],
)
def test_the_filter_knows_the_evidence(record: Record, words: str, bays: set[str]) -> None:
    judge(record)
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    lineup = Lineup(COLUMNS, DRIVE)
    lineup.take(fleet.drive_rows)
    lineup.ask(words)
    assert not lineup.query.faults and set(lineup.order) == bays


async def test_groups_go_round(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        heads = {
            "server": "- c3-001  8 drives",
            "rack": "- r01  48 drives, 2 in trouble",
            "model": "- Micron_5300_480  24 drives",
            "class": "- good  92 drives",
            "verdict": "- ask again  1 drive, 1 in trouble",
        }
        for name, head in heads.items():
            await pilot.press("g", "home")
            await sees(pilot, f"by {name} (g)", head)
        await pilot.press("g")
        await until(pilot, lambda: "(g)" not in text(app))


async def test_bays_with_a_sign_for_each_class(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "m")
        await sees(pilot, "c3-002 S S T ! T T T T", "c3-003 S S T T w T T T", "c3-004 S S T T T ? T T")
        await sees(pilot, "c3-006 S S Q T T T T T", "w watch", "Q asked again")
        server = record.server(2, Stage.TESTED)
        record.put(server, judgement(server, 3, Klass.GOOD))
        await sees(pilot, "c3-002 S S T T T T T T")


async def test_what_is_tested_and_what_is_overdue(record: Record) -> None:
    record.busy()
    late = "3 of 24; smartctl-short on bay 9, 40 min of about 20 min, overdue; c3-smart on bay 2, 1 s"
    doing = {"run": "run-hardware", "step": "hardware", "phase": "testing", "since": 1.0}
    record.store.observe(
        "progress",
        {
            "c3-002": {**doing, "detail": late},
            "c3-003": {**doing, "detail": "0 of 24; c3-smart on bay 0 and 7 more, 4 s of about 5 s"},
            "c3-004": {**doing, "detail": "booting"},
            **{f"c3-{n:03d}": {**doing, "ended": True} for n in (1, *range(5, 13))},
        },
    )
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    now = campaign(fleet.server_rows.values())
    assert now.servers == 3 and dict(now.tests) == {"c3-smart": 2, "smartctl-short": 1, "booting": 1}
    assert now.overdue == (("c3-002", "smartctl-short on bay 9, 40 min of about 20 min"),)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await sees(pilot, "Testing 3 servers: c3-smart on 2", "OVERDUE  c3-002: smartctl-short on bay 9")
        await pilot.press("m")
        await sees(pilot, "r01 u03  3 of 24; smartctl-short on bay 9")
        record.store.observe("progress", {"c3-002": {**doing, "detail": "24 of 24; c3-links, for 1 s"}})
        await sees(pilot, "r01 u03  24 of 24; c3-links")
        await until(pilot, lambda: "OVERDUE" not in text(app))


async def test_who_is_asked_again_is_gone_to(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await sees(pilot, "v Asked again")
        await pilot.press("v")
        await sees(pilot, f"> {AGAIN}", "ask again", "ASKED AGAIN just now: now 3 media errors")
        stale = app.session.fleet.drive_rows[AGAIN].verdict
        assert stale is not None
        record.put(stale.model_copy(update={"stale_since": None, "why": ""}))
        await until(pilot, lambda: "v Asked again" not in text(app))


async def test_a_verdict_on_one_tells_what_it_costs(record: Record) -> None:
    judge(record)
    record.link.answers["cost"] = CHEAP
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "!")
        await sees(pilot, f"> {BAD}", "replace: 8 pending sectors")
        await pilot.press("x")
        await sees(pilot, "Mark 1 drive for replacement", "It costs 1 drive in 1 server, 16.0 TB raw")
        await pilot.press(*"gone", "enter")
        given = {"bay": BAD, "decision": "replace", "reason": "gone"}
        await until(pilot, lambda: record.link.told("verdict") == [given])
    assert record.link.told("cost") == [{"bays": [BAD]}]


async def test_all_that_the_filter_shows(record: Record) -> None:
    judge(record)
    record.link.answers["cost"] = DEAR
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "slash", *"class:replace", "escape", "x")
        await sees(pilot, f"Only {BAD}, where the cursor is", "All 2 that the filter shows")
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert record.link.told("cost") == []
        await pilot.press("x", "down", "enter")
        await sees(pilot, "Mark 2 drives for replacement", "It costs ONLY 2 failure domains")
        await pilot.press(*"gone", "enter")
        await until(pilot, lambda: isinstance(app.screen, TypedConfirm))
        await pilot.press(*"wrong", "enter")
        await sees(pilot, "nothing was done")
        await pilot.press("escape")
        await sees(pilot, "No verdict was given; what you typed is kept")
        assert record.link.told("verdicts") == []
        await pilot.press("x", "down", "enter")
        await sees(pilot, "gone")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, TypedConfirm))
        await pilot.press(*"small", "enter")
        given = {"bays": [BAD, AGAIN], "decision": "replace", "reason": "gone"}
        await until(pilot, lambda: record.link.told("verdicts") == [given])


async def test_marks_come_before_the_filter_and_no_is_first(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "slash", *"c3-003", "escape", "home", "space", "space", "u")
        await until(pilot, lambda: isinstance(app.screen, Confirm))
        await sees(pilot, "Use 2 drives?", "c3-003/bay00", "c3-003/bay01")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Confirm))
        assert record.link.told("verdicts") == []
        await pilot.press("u", "y")
        given = {"bays": ["c3-003/bay00", "c3-003/bay01"], "decision": "use", "reason": ""}
        await until(pilot, lambda: record.link.told("verdicts") == [given])
        await sees(pilot, "use 2 drives: done")
        assert not app.screen.query_one(FleetTable).marks


async def test_what_was_refused_keeps_marks(record: Record) -> None:
    judge(record)
    record.link.answers["cost"] = InputError("the room has no plan")
    record.link.answers["verdicts"] = InputError("1 of 2 was refused: c3-001/bay01 is empty")
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "home", "space", "space", "x")
        await sees(pilot, "What it costs is not known: the room has no plan")
        await pilot.press(*"no", "enter")
        await sees(pilot, "1 of 2 was refused")
        await pilot.press("escape")
        assert app.place("hardware").query_one(FleetTable).marks == {"c3-001/bay00", "c3-001/bay01"}


async def test_a_note_goes_to_all_marked(record: Record) -> None:
    judge(record)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "home", "space", "space", "n")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await sees(pilot, "Note on 2 drives")
        await pilot.press(*"loud", "enter")
        note = {"bays": ["c3-001/bay00", "c3-001/bay01"], "text": "loud"}
        await until(pilot, lambda: record.link.told("note") == [note])


def test_a_judgement_goes_with_its_drive(record: Record) -> None:
    judge(record)
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    row = fleet.drive_rows[BAD]
    assert row.judged and row.judged.klass is Klass.REPLACE and row.judged.number("pending") == 8
    assert row.judged.number("wear_percent") is None
    server = record.server(2, Stage.TESTED)
    drive = server.bays[3].drive
    assert drive is not None
    drive.serial, drive.test = "NEW", TestState.NOT_TESTED
    record.put(server)
    fleet.catch_up(record.reader)
    assert fleet.drive_rows[BAD].judged is None and fleet.drive_rows[BAD].klass is Klass.NOT_TESTED
    with record.store.transaction("anna") as transaction:
        transaction.delete(Judged, WORN)
    assert fleet.catch_up(record.reader) == {("judged", WORN)}
    assert fleet.drive_rows[WORN].judged is None


def test_sums_follow_every_change_as_if_made_anew(record: Record) -> None:
    """Whatever the order of changes, the sums are those of a viewer that came late."""
    pool = record.site.plan.storage.pool
    early = FleetModel()
    changes: list[Any] = [
        lambda: judge(record),
        lambda: record.problems(),
        lambda: record.put(record.server(3, Stage.READY, bays=[])),
        lambda: record.put(record.server(1, Stage.READY).model_copy(update={"rack": "r02"})),
        lambda: record.put(record.server(4, Stage.TESTED, trouble="it is lost")),
        lambda: judge(record),
    ]
    for change in changes:
        change()
        early.catch_up(record.reader)
        late = FleetModel()
        late.catch_up(record.reader)
        assert list(early.drive_rows.items()) == list(late.drive_rows.items())
        assert +early.drives.totals == +late.drives.totals
        assert (early.drives.troubled, early.drives.again) == (late.drives.troubled, late.drives.again)
        assert early.drives.usable(pool) == late.placement.usable_bytes(pool)
    servers = list(early.servers.values())
    each = {(row.id, row.bay.drive.serial) for row in early.drive_rows.values() if row.bay.drive}
    assert early.drives.usable(pool, hoped=True) == place(servers, (), each).usable_bytes(pool)


def test_another_version_s_judgement_is_left_out(record: Record) -> None:
    judge(record)
    record.store._db.execute(
        "UPDATE state SET doc = json_set(doc, '$.klass', 'odd') WHERE kind = 'judged' AND id = ?", (BAD,)
    )
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    assert fleet.unreadable == 1 and fleet.drive_rows[BAD].judged is None
