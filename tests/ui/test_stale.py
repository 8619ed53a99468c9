"""A reading that says all is well and that nobody has confirmed for long is told as stale, with its age."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from c3tui.cli import main
from c3tui.model.base import utc_now
from c3tui.model.fleet import STALE_POLLS, BmcReading, BmcState, Power
from screens.signs import bmc_word
from tests.ui.records import Record
from tests.ui.views import SMALL, app_of, rows, sees, until

EVERY = 20.0


@pytest.fixture
def record(tmp_path: Path) -> Iterator[Record]:
    record = Record(tmp_path / "small")
    record.busy("discovery")
    yield record
    record.close()


def observe(record: Record, server: str, old: float, state: BmcState = BmcState.OK) -> None:
    reading = BmcReading(state=state, power=Power.ON, at=utc_now() - timedelta(seconds=old), every=EVERY)
    record.store.observe("bmc", {server: reading.model_dump(mode="json")})


def read(old: float, **values: object) -> BmcReading:
    given = {"state": BmcState.OK, "power": Power.ON, "every": EVERY, **values}
    return BmcReading.model_validate({"at": utc_now() - timedelta(seconds=old), **given})


def test_three_polls_may_be_missed_before_a_reading_is_stale() -> None:
    limit = STALE_POLLS * EVERY
    assert bmc_word(read(limit - 2))[0] == "on"
    assert bmc_word(read(limit + 2)) == ("stale", "warn")
    assert bmc_word(read(limit + 2, state=BmcState.NO_ANSWER))[0] == "no answer", "why is known: better"
    assert bmc_word(read(limit + 2, every=60.0))[0] == "on"


async def test_the_table_and_the_server_page_say_stale_and_how_old(record: Record) -> None:
    observe(record, "c3-002", 200)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await sees(pilot, "c3-002")
        line = next(line for line in rows(app) if "c3-002" in line)
        assert " stale " in line, line
        other = next(line for line in rows(app) if "c3-003" in line)
        assert " on " in other and "stale" not in other, other
        await pilot.press("down")
        await sees(pilot, "BMC stale", "read 3 min ago")
        await pilot.press("enter")
        await sees(pilot, "stale  read 3 min ago")
    wide = app_of(record)
    async with wide.run_test(size=(140, 40)) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: any("c3-002" in row and "3 min" in row for row in rows(wide)))
        await pilot.press("slash", *"bmc:stale", "enter")
        await sees(pilot, "1-1 of 1", "(12 in all)", "c3-002")


async def test_it_grows_stale_in_view_with_nothing_new_on_record(record: Record) -> None:
    observe(record, "c3-002", STALE_POLLS * EVERY - 1.5)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await until(pilot, lambda: any("c3-002" in line and " stale " in line for line in rows(app)))


def test_the_command_line_says_it_too(record: Record, capsys: pytest.CaptureFixture[str]) -> None:
    observe(record, "c3-002", 200)
    assert main(["servers", str(record.site.files.directory), "--json"]) == 0
    told = {each["name"]: each["bmc"] for each in json.loads(capsys.readouterr().out)}
    assert (told["c3-002"], told["c3-003"]) == ("stale", "ok")
    assert main(["servers", str(record.site.files.directory), "--json", "--filter", "bmc:stale"]) == 0
    assert [each["name"] for each in json.loads(capsys.readouterr().out)] == ["c3-002"]
