"""Verdicts and parts from the command line: in bulk, priced, listed, moved, scanned, sent back."""

import io
import json
from pathlib import Path

import pytest

from c3tui.cli import main
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import Store
from c3tui.model.evidence.judgement import Klass
from c3tui.model.replacement import Replacement, Verdict
from tests.support.parts import fleet, judged_as, put

Printed = pytest.CaptureFixture[str]
BAY = "c3-002/bay01"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    _, store = fleet(tmp_path / "site")
    worn = [
        judged_as(f"c3-00{n}/bay02", f"ZL200{n}02", Klass.WATCH, "wear", numbers={"wear_percent": 80.0})
        for n in (2, 3)
    ]
    put(store, *worn)
    store.close()
    return tmp_path / "site"


def marks(site: Path) -> dict[str, str]:
    store = Store.open(SiteFiles(site).database)
    try:
        return {each.bay: each.phase.value for each in store.all(Replacement)}
    finally:
        store.close()


def test_many_are_decided_on_by_a_filter_once_somebody_agreed(site: Path, capsys: Printed) -> None:
    worn = ["verdict", str(site), "replace", "--where", "wear>70"]
    assert main(worn) == 2 and "wants a reason" in capsys.readouterr().err
    assert main([*worn, "--reason", "worn"]) == 2
    told = capsys.readouterr().err
    assert "replace 2 parts: c3-002/bay02, c3-003/bay02" in told and "Say --yes" in told
    assert "32.0 TB raw" in told and "4 of 4 failure domains" in told and marks(site) == {}
    assert main([*worn, "--reason", "worn", "--yes"]) == 0
    assert set(marks(site)) == {"c3-002/bay02", "c3-003/bay02"}
    assert main(["verdict", str(site), "use", "--where", "wear>99", "--yes"]) == 0
    assert "no drive is so" in capsys.readouterr().err
    assert main(["verdict", str(site), "use", "--where", "weight>70", "--yes"]) == 2
    assert "no key 'weight'" in capsys.readouterr().err


def test_what_costs_too_much_wants_the_word_and_yes_is_not_it(site: Path, capsys: Printed) -> None:
    out = [f"c3-00{n}/bay{slot:02d}" for n in (3, 4) for slot in (1, 2, 3)]
    order = ["verdict", str(site), *out, "replace", "--reason", "worn"]
    assert main([*order, "--yes"]) == 2
    told = capsys.readouterr().err
    assert "ONLY 2 failure domains (hosts) ARE LEFT FOR 3 COPIES" in told and "--confirm small" in told
    assert main([*order, "--confirm", "smal"]) == 3 and marks(site) == {}
    assert main([*order, "--confirm", "small"]) == 0 and len(marks(site)) == 6
    assert main(["verdict", str(site), *out, "accept", "--reason", "no", "--yes"]) == 0
    assert set(marks(site).values()) == {"withdrawn"}


def test_the_cost_is_told_beforehand(site: Path, capsys: Printed) -> None:
    assert main(["cost", str(site), "c3-002/bay01", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["bays"], told["servers"], told["raw_tb"], told["domains_left"]) == (1, 1, 16.0, 4)
    assert main(["cost", str(site), "c3-001"]) == 1 and "THE CONTROL PLANE" in capsys.readouterr().out
    assert main(["cost", str(site), "c3-099"]) == 2 and main(["cost", str(site)]) == 2


def test_a_verdict_is_spelled_with_its_bays_in_front(site: Path, capsys: Printed) -> None:
    assert main(["verdict", str(site), BAY, "refuse"]) == 2
    assert "'refuse' is no verdict" in capsys.readouterr().err
    assert main(["verdict", str(site), "replace", "--reason", "x"]) == 2
    assert "no bay is named" in capsys.readouterr().err
    assert main(["verdict", str(site), "--reason", "x", BAY, "replace"]) == 0


def test_the_walk_list_comes_in_every_form_and_overwrites_nothing(
    site: Path, tmp_path: Path, capsys: Printed
) -> None:
    main(["verdict", str(site), BAY, "replace", "--reason", "=1+1"])
    capsys.readouterr()
    assert main(["replacements", str(site), "--json"]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["rack"], row["bay"], row["old"], row["led"], row["tb"]) == (
        "r01",
        BAY,
        "ZL200201",
        "off",
        16.0,
    )
    assert main(["replacements", str(site), "--csv"]) == 0
    assert "'=1+1" in capsys.readouterr().out
    assert main(["replacements", str(site), "--walk"]) == 0
    assert "Rack r01: 1 part" in capsys.readouterr().out
    target = tmp_path / "list.txt"
    for code in (0, 2):
        assert main(["replacements", str(site), "--pages", "-o", str(target)]) == code
    assert "serials compared" in target.read_text() and "--force" in capsys.readouterr().err
    assert main(["replacements", str(site), "--csv", "-o", str(target), "--force"]) == 0
    assert target.read_text().startswith("rack,unit,bay,part,phase,old")


def test_parts_are_marked_scanned_and_moved(
    site: Path, capsys: Printed, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["mark", str(site), "c3-003", "fan", "--reason", "loud"]) == 2
    assert main(["mark", str(site), "c3-003", "fan", "FAN1", "--reason", "loud"]) == 0
    assert main(["mark", str(site), "c3-004", "server", "--reason", "burnt"]) == 2
    assert main(["mark", str(site), "c3-004", "server", "--drives", "move", "--reason", "burnt"]) == 0
    assert main(["mark", str(site), "c3-002", "drive", "1", "--reason", "clicks"]) == 0
    assert main(["scan", str(site), "NEW1", "--for", BAY]) == 0
    monkeypatch.setattr("sys.stdin", io.StringIO("ZL200303\r\n\nF77\n"))
    assert main(["scan", str(site), "--for", "c3-003/FAN1"]) == 1
    told = capsys.readouterr().err
    assert "ZL200303 sits in c3-003/bay03" in told and "F77 for c3-003/FAN1: replaced" in told
    assert main(["part", str(site), "c3-003/FAN1", "closed", "--note", "quiet"]) == 0
    assert main(["part", str(site), "c3-003/FAN1", "closed", "--note", "again"]) == 2
    assert main(["part", str(site), BAY, "replaced", "--note", "x"]) == 2
    assert "sees this swap for itself" in capsys.readouterr().err
    assert main(["look", str(site)]) == 2
    assert marks(site) == {BAY: "marked", "c3-003/FAN1": "closed", "c3-004": "marked"}


def test_what_goes_to_the_vendor_has_the_figures_the_report_and_no_secret(
    site: Path, tmp_path: Path, capsys: Printed
) -> None:
    serial, bay = "ZL200202", "c3-002/bay02"
    store = Store.open(SiteFiles(site).database)
    with store.transaction("ann/hardware") as transaction:
        for name, body in (("1/1", b'{"old": 1}'), ("2/1", b'{"smartctl": {}}'), ("3/1", b"")):
            transaction.archive("test", "c3-002", name, body, script="c3-smart", serial=serial)
        transaction.archive("test", "c3-002", "2/2", b"another's", script="c3-smart", serial="ZL200203")
    store.close()
    main(["verdict", str(site), bay, "replace", "--reason", "worn out\x1b[2J"])
    assert main(["rma", str(site), "c3-009/bay01", "-o", str(tmp_path / "rma")]) == 2
    assert main(["rma", str(site), bay, "-o", str(tmp_path / "rma")]) == 0
    files = {path.name: path.read_bytes() for path in (tmp_path / "rma").iterdir()}
    stem = f"c3-002-bay02-{serial}"
    assert set(files) == {f"{stem}.json", f"{stem}.txt", f"{stem}.smart.json"}
    told = json.loads(files[f"{stem}.json"])
    assert (told["serial"], told["judged"], told["report"]) == (serial, "watch", "2/1")
    assert told["numbers"] == {"wear_percent": 80.0} and told["reasons"][0]["rule"] == "wear"
    assert files[f"{stem}.smart.json"] == b'{"smartctl": {}}'
    assert b"wear says so" in files[f"{stem}.txt"] and b"\x1b" not in files[f"{stem}.txt"]
    assert not any(b"top-secret" in body for body in files.values())


def test_verdicts_of_the_command_line_are_on_record_with_their_grounds(site: Path) -> None:
    main(["verdict", str(site), "c3-003/bay02", "accept", "--reason", "spare"])
    store = Store.open(SiteFiles(site).database)
    (verdict,) = store.all(Verdict)
    store.close()
    assert verdict.klass is Klass.WATCH and verdict.reason == "spare" and verdict.digest
