"""The story of each bay: out of the record, in the report, on the command line."""

import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.engine import decisions
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from c3tui.model.evidence import (
    Klass,
)
from c3tui.model.replacement import Decision, Part, Replacement
from c3tui.steps.handover import gather, write
from c3tui.steps.judging import judge_all, judge_server, stale
from c3tui.steps.stories import stories
from tests.support.archives import SIZE, Fleet, fleet
from tests.support.reports import hdd, row, ssd


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Fleet]:
    made = await fleet(tmp_path / "site")
    try:
        yield made
    finally:
        await made.engine.close()


BAD = hdd(row(5, "Reallocated_Sector_Ct", 387))
WORN = ssd(endurance_used={"current_percent": 73})


async def swapped(site: Fleet) -> None:
    """The drive of a bay goes out and another comes in, with all that is recorded of that."""
    site.set_id = 2
    site.report("c3-002", 1, BAD)
    judge_server(site.ctx, "c3-002")
    (mark,) = site.engine.store.all(Replacement)
    server = site.server("c3-002")
    assert server.bays[1].drive
    server.bays[1].drive = server.bays[1].drive.model_copy(update={"serial": "ZXNEW"})
    new = Part(serial="ZXNEW", model="ACME ATA", size=SIZE)
    moved = decisions.advanced(mark, type(mark.phase)("closed"), "ZXNEW is in use", new)
    site.put(server, moved)
    site.engine.store.observe("storage", {"osds": {"c3-002/bay01": 17}})
    site.set_id = 3
    site.report("c3-002", 1)
    await judge_all(site.ctx)


async def test_the_story_of_a_bay_has_every_drive_that_sat_in_it(site: Fleet) -> None:
    await swapped(site)
    every = {each.bay: each for each in stories(site.engine.store, [site.server("c3-002")])}
    told = every["c3-002/bay01"]
    assert [each.serial for each in told.drives] == ["ZX002001", "ZXNEW"] and told.osd == 17
    gone, here = told.drives
    assert [each.klass for each in gone.judgements] == [Klass.REPLACE]
    assert [each.numbers["reallocated"] for each in gone.figures] == [0, 387]
    assert gone.verdict and gone.verdict.decision is Decision.REPLACE
    assert (told.serial, told.klass, here.judgements[-1].klass) == ("ZXNEW", Klass.GOOD, Klass.GOOD)
    assert told.replacements[0].history[-1].endswith("closed: ZXNEW is in use")
    assert told.eventful and not every["c3-002/bay00"].eventful


async def test_the_report_tells_the_story_of_each_bay(site: Fleet, tmp_path: Path) -> None:
    await swapped(site)
    made = gather(site.engine.store, site.engine.site.plan, {})
    directory = write(made, tmp_path / "report")
    data = json.loads((directory / "report.json").read_text())
    assert len(data["bays"]) == 20
    told = next(each for each in data["bays"] if each["bay"] == "c3-002/bay01")
    assert [each["serial"] for each in told["drives"]] == ["ZX002001", "ZXNEW"]
    page = (directory / "report.html").read_text()
    assert page.count("<section id=") == 10 and page.count("The story of ") == 1
    section = page.partition('<section id="c3-002">')[2].partition("</section>")[0]
    assert "387 reallocated sectors (replace from 50)" in section and "ZXNEW is in use" in section


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "c3tui", *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=60, check=False)


async def test_the_command_line_lists_drives_and_tells_a_bay(
    site: Fleet, capsys: pytest.CaptureFixture[str]
) -> None:
    from c3tui.cli import main

    site.set_id = 2
    site.report("c3-004", 0, WORN)
    await swapped(site)
    where = str(site.directory)
    assert main(["drives", where, "--json", "--where", "class:watch wear>70"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["bay"], found["class"], found["wear_percent"], found["firmware"]) == (
        "c3-004/bay00", "watch", 73.0, "F1")  # fmt: skip
    assert main(["drives", where, "--csv"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 21 and "wear_percent" in lines[0] and lines[0].endswith("rack,unit,path")
    assert main(["drives", where, "c3-002/bay01"]) == 0
    out = capsys.readouterr().out
    assert "osd.17" in out and "judged replace: 387 reallocated sectors" in out and "drive ZXNEW" in out
    assert main(["drives", where, "c3-002/bay01", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["klass"] == "good"
    assert main(["drives", where, "c3-002/bay77"]) == 2


def test_rejudging_from_the_command_line_asks_nobody(tmp_path: Path) -> None:
    import asyncio

    async def made() -> None:
        site = await fleet(tmp_path / "site")
        site.set_id = 2
        site.report("c3-004", 0, WORN)
        await site.engine.close()

    asyncio.run(made())
    done = command("rejudge", str(tmp_path / "site"), "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["classes"] == {"good": 19, "watch": 1, "replace": 0, "not tested": 0}
    reader = Reader.open(Site.load(tmp_path / "site").files.database)
    assert not stale(reader, Site.load(tmp_path / "site").plan)
    reader.close()
    listed = command("check", "--list", "--json")
    ids = {each["id"] for each in json.loads(listed.stdout)}
    assert {"drive.replace", "drive.watch", "drive.not-tested", "server.psu", "server.not-tested"} <= ids
