"""Acceptance of a room full of faults: each is found, none is invented, every mark closes, all of it told.

The full room is walked by hand: ``c3tui rehearse --headless --scenario hardware --until hardware``.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from c3tui.lab.control import ask
from c3tui.model.evidence import Klass
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import bay_id
from c3tui.model.judged import Judged
from c3tui.model.replacement import Phase, Replacement
from tests.support.rehearsal import Rehearsal

pytestmark = pytest.mark.timeout(240)

SCENARIO = """\
name: acceptance
servers: 10
bays: 6
octet: 87
maas_port: 0
bmc_port: 6287
ssh_port: 2287
speed: 100
media: {ssd: [4], nvme: [5]}
tests: [smartctl-validate, smartctl-short]
technician: {seconds: 20}
faults:
  - {kind: dead-drive, server: 1, bay: 3}
  - {kind: dead-drive, server: 2, bay: 5}
  - {kind: dead-drive, server: 3, bay: 2}
  - {kind: worn-drive, server: 4, bay: 5}
  - {kind: worn-drive, server: 5, bay: 4}
  - {kind: worn-drive, server: 6, bay: 1}
  - {kind: slow-drive, server: 7, bay: 2}
  - {kind: no-smart, server: 8, bay: 1}
  - {kind: wrong-bay, server: 9, bay: 2}
  - {kind: wrong-bay, server: 10, bay: 4}
  - {kind: overruns, server: 4, bay: 1, detail: smartctl-short}
  - {kind: reallocated, server: 5, bay: 1}
  - {kind: reallocated, server: 6, bay: 5}
  - {kind: logged-errors, server: 7, bay: 3}
  - {kind: logged-errors, server: 8, bay: 2}
  - {kind: swaps-wrong-bay, server: 1, bay: 3}
  - {kind: same-drive-back, server: 2, bay: 5}
  - {kind: smaller-drive, server: 3, bay: 2}
"""

EXPECTED: dict[str, tuple[Klass, str]] = {
    "dead-drive": (Klass.REPLACE, "gives itself up"),
    "slow-drive": (Klass.WATCH, "slow sibling: self-test took"),
    "no-smart": (Klass.NOT_TESTED, "has no SMART"),
    "wrong-bay": (Klass.WATCH, "in a bay where 9 of 10 servers have"),
    "overruns": (Klass.NOT_TESTED, "overran its limit"),
    "reallocated": (Klass.REPLACE, "387"),
    "logged-errors": (Klass.GOOD, "SMART passed"),
}
"""What has to be said of a drive with a fault, by the lab's word for it."""

WORN = {1: (Klass.WATCH, "used drive among new ones: 52600 h"), 4: (Klass.REPLACE, "94 %"),
        5: (Klass.REPLACE, "94 %")}  # fmt: skip
"""By bay: solid state wears out, a disk only ages."""


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Rehearsal]:
    scenario = tmp_path / "acceptance.yaml"
    scenario.write_text(SCENARIO)
    made = Rehearsal(tmp_path / "site", "--scenario", str(scenario))
    made.start_lab()
    yield made
    made.close()


def c3tui(*arguments: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "c3tui", *arguments]
    done = subprocess.run(argv, capture_output=True, text=True, timeout=200, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def seeded(room: Rehearsal) -> dict[str, tuple[Klass, str]]:
    """By bay, what the lab says that is wrong with its drive, as it has to be judged."""
    faults = asyncio.run(ask(room.site / "lab" / "lab.sock", "faults"))["faults"]
    found = {}
    for fault in faults:
        if fault["kind"] in EXPECTED:
            found[bay_id(fault["server"], fault["bay"])] = EXPECTED[fault["kind"]]
        elif fault["kind"] == "worn-drive":
            found[bay_id(fault["server"], fault["bay"])] = WORN[fault["bay"]]
    return found


def test_every_fault_is_found_none_is_invented_and_every_mark_closes(room: Rehearsal, tmp_path: Path) -> None:
    done = c3tui("run", str(room.site), "--until", "hardware", "--confirm", "rehearsal", "--json")
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["steps"]["hardware"]["outcome"] == "warning", done.stderr
    wrong = seeded(room)
    assert len(wrong) == 15
    with room.reading() as reader:
        judged = {each.id: each for each in reader.all(Judged)}
        marks = {each.bay: each for each in reader.all(Replacement)}
        opened = {each.id for each in reader.all(Finding) if each.state is FindingState.OPEN}
    assert len(judged) == 60
    out = {bay for bay, (klass, _) in wrong.items() if klass is Klass.REPLACE}
    assert set(marks) == out and {mark.phase for mark in marks.values()} == {Phase.CLOSED}
    for bay, (klass, words) in wrong.items():
        first = marks[bay].judged if bay in marks else judged[bay]
        assert first and first.klass is klass and words in first.headline, (bay, first)
    sound = {bay: each for bay, each in judged.items() if bay not in wrong or bay in out}
    assert {each.klass for each in sound.values()} == {Klass.GOOD}, sound
    families = {Klass.WATCH: "drive.watch", Klass.NOT_TESTED: "drive.not-tested"}
    assert opened == {f"{families[klass]}:{bay}" for bay, (klass, _) in wrong.items() if klass in families}
    again(room)
    stories(room, tmp_path, marks)


def again(room: Rehearsal) -> None:
    """Judging once more changes nothing, and asks nobody: the room is dark."""
    with room.reading() as reader:
        before = reader.cursor
    room.kill_lab()
    done = c3tui("rejudge", str(room.site), "--json")
    assert json.loads(done.stdout)["changed"] == [] and done.returncode == 1
    with room.reading() as reader:
        kinds = {kind for kind, _, _ in reader.changes(before).state}
    assert not kinds & {Judged.kind, Finding.kind, Replacement.kind}


def stories(room: Rehearsal, tmp_path: Path, marks: dict[str, Replacement]) -> None:
    """The report has every drive that sat in each bay that was worked on."""
    done = c3tui("report", str(room.site), "-o", str(tmp_path / "report"))
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads((tmp_path / "report" / "report.json").read_text())
    told = {each["bay"]: each for each in report["bays"]}
    assert len(told) == 60
    for bay, mark in marks.items():
        assert mark.new
        drives = [each["serial"] for each in told[bay]["drives"]]
        assert drives[0] == mark.old.serial and drives[-1] == mark.new.serial == told[bay]["serial"]
        assert told[bay]["drives"][0]["figures"] and told[bay]["drives"][-1]["tests"]
    page = (tmp_path / "report" / "report.html").read_text()
    assert all(f"The story of {bay}<" in page for bay in marks)
