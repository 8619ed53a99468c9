"""``c3tui judge``: reports in files, by the table's limits or a site's."""

import json
from pathlib import Path

import pytest

from c3tui.cli import main
from tests.support.plans import SITE, write_site
from tests.support.reports import hdd, nvme

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def reports(tmp_path: Path) -> list[str]:
    made = {
        "sound": hdd(smartctl__exit_status=64),
        "worn": nvme(percentage_used=73),
        "bad": nvme(media_errors=7),
    }
    for name, report in made.items():
        (tmp_path / f"{name}.json").write_text(json.dumps(report))
    (tmp_path / "cut.json").write_text(json.dumps(made["sound"])[:500])
    return [str(tmp_path / f"{name}.json") for name in (*made, "cut")]


def test_people_read_class_and_numbers(reports: list[str], capsys: Printed) -> None:
    assert main(["judge", *reports[:2]]) == 0
    out = capsys.readouterr().out
    assert "sound.json: good: ACME ATA ZX000001" in out and "note: smartctl exits 64" in out
    assert (
        "worn.json: watch: ACME NVMe" in out and "watch: 73 % of rated endurance used (watch from 70)" in out
    )


def test_what_must_go_or_is_not_tested_blocks(reports: list[str], capsys: Printed) -> None:
    assert main(["judge", reports[2]]) == 1 and "replace: 7 media errors" in capsys.readouterr().out
    assert main(["judge", reports[3]]) == 1
    assert "cut.json: not tested: unknown device" in capsys.readouterr().out


def test_scripts_read_every_field(reports: list[str], capsys: Printed) -> None:
    assert main(["judge", "--json", *reports]) == 1
    rows = json.loads(capsys.readouterr().out)
    assert [each["klass"] for each in rows] == ["good", "watch", "replace", "not tested"]
    assert rows[1]["reasons"][0] | {"text": ""} == {
        "rule": "wear",
        "klass": "watch",
        "text": "",
        "value": 73.0,
        "limit": 70.0,
        "place": "",
    }
    assert rows[2]["evidence"]["media_errors"] == 7


def test_a_site_brings_its_own_limits(reports: list[str], tmp_path: Path, capsys: Printed) -> None:
    own = "hardware: {thresholds: {wear: {watch: 50, replace: 60}}}\n"
    site = write_site(tmp_path / "site", SITE + own)
    assert main(["judge", "--site", str(site), reports[1]]) == 1
    assert "73 % of rated endurance used (replace from 60)" in capsys.readouterr().out
    (site / "site.yaml").write_text(SITE + own.replace("wear", "waer"))
    assert main(["judge", "--site", str(site), reports[1]]) == 2
    assert "no threshold is called 'waer'; there are reallocated, " in capsys.readouterr().err


def test_the_rules_are_printed_with_their_sources(capsys: Printed) -> None:
    assert main(["judge", "--rules", "--json"]) == 0
    rules = {each["id"]: each for each in json.loads(capsys.readouterr().out)}
    assert rules["pending"]["replace"] == 1 and "Backblaze" in rules["pending"]["source"]


def test_no_file_and_no_such_file_are_bad_input(capsys: Printed) -> None:
    assert main(["judge"]) == 2 and "no report named" in capsys.readouterr().err
    assert main(["judge", "/nowhere/report.json"]) == 2
    assert "No such file" in capsys.readouterr().err
