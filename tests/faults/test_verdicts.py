"""SIGKILL to the engine around verdicts and marks: what was answered is there, of many all or none."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from c3tui.engine.errors import C3Error
from c3tui.engine.link import SocketLink
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import Reader
from c3tui.model.replacement import Phase, Replacement, Verdict
from tests.support.parts import fleet, put, server
from tests.support.rehearsal import Rehearsal

pytestmark = pytest.mark.timeout(120)

SERVERS, BAYS = 60, 12
MANY = [f"c3-{n:03d}/bay{slot:02d}" for n in range(1, SERVERS + 1) for slot in range(1, BAYS)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Rehearsal]:
    """A site whose engine is a process of its own; nobody is at the other end of its wires."""
    _, store = fleet(tmp_path / "site", servers=0)
    put(store, *(server(n, bays=BAYS) for n in range(1, SERVERS + 1)))
    store.close()
    world = Rehearsal(tmp_path / "site")
    try:
        yield world
    finally:
        world.close()


def read(files: SiteFiles) -> tuple[list[Verdict], list[Replacement], list[str]]:
    reader = Reader.open(files.database)
    try:
        said = [each.subject for each in reader.journal(limit=100_000) if each.what == "verdict given"]
        return reader.all(Verdict), reader.all(Replacement), said
    finally:
        reader.close()


async def killed(site: Rehearsal, link: SocketLink) -> None:
    site.kill_engine()
    await link.close()


async def test_what_was_answered_survives_the_engine(site: Rehearsal) -> None:
    link = await site.attach()
    await link.command("verdict", bay="c3-001/bay03", decision="replace", reason="it clicks")
    await killed(site, link)
    link = await site.attach()
    await link.command("scan", serial="NEW1")
    await killed(site, link)
    link = await site.attach()
    await link.command("mark", server="c3-002", kind="psu", place="PSU2", reason="dead")
    await killed(site, link)
    link = await site.attach()
    await link.command("part", replacement="c3-002/PSU2", phase="pulled", note="out")
    await killed(site, link)
    verdicts, marks, said = read(site.files)
    assert {each.bay for each in verdicts} == {"c3-001/bay03", "c3-002/PSU2"} and said == ["c3-001/bay03"]
    assert {each.bay: (each.phase, each.announced) for each in marks} == {
        "c3-001/bay03": (Phase.MARKED, "NEW1"),
        "c3-002/PSU2": (Phase.PULLED, ""),
    }


async def test_of_many_verdicts_all_are_there_or_none(site: Rehearsal) -> None:
    for delay in (0.0, 0.01, 0.03, 0.06, 0.1, 0.2):
        link = await site.attach()
        reason = f"batch {delay}"
        order = asyncio.create_task(link.command("verdicts", bays=MANY, decision="replace", reason=reason))
        await asyncio.wait({order}, timeout=delay)
        await killed(site, link)
        with suppress(C3Error):
            await order
        verdicts, marks, said = read(site.files)
        given = [each for each in verdicts if each.reason == reason]
        assert len(given) in (0, len(MANY)), f"{len(given)} of {len(MANY)} after {delay} s"
        assert len(verdicts) == len(marks) and len(verdicts) in (0, len(MANY))
        assert len(said) % len(MANY) == 0
    link = await site.attach()
    answer = await link.command("verdicts", bays=MANY, decision="accept", reason="all is well")
    await killed(site, link)
    verdicts, marks, _ = read(site.files)
    assert answer["verdicts"] == len(verdicts) == len(MANY)
    assert {each.decision for each in verdicts} == {"accept"} and not any(each.open for each in marks)
