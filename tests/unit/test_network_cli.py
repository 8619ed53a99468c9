"""The network plan on the command line: views, sizes, servers from CSV, release and sweep."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from c3tui.cli import main
from c3tui.engine import planfile
from c3tui.engine.site import SiteFiles
from c3tui.engine.store import Reader, Store
from c3tui.model.addresses import Binding
from c3tui.model.fleet import Server, Stage
from c3tui.model.plan import Plan
from tests.support.networks import GOOD
from tests.support.plans import write_site

Printed = pytest.CaptureFixture[str]


@pytest.fixture
def site(tmp_path: Path) -> Path:
    return write_site(tmp_path / "site", GOOD)


def bound(site: Path, *documents: Any) -> None:
    store = Store.open(SiteFiles(site).database)
    with store.transaction("ann") as transaction:
        for document in documents:
            transaction.put(document)
    store.close()


def journal(site: Path) -> list[tuple[str, str]]:
    reader = Reader.open(SiteFiles(site).database)
    try:
        return [(each.what, each.subject) for each in reader.journal()]
    finally:
        reader.close()


def test_hosts_are_shown_as_bound_and_need_no_secrets(site: Path, capsys: Printed) -> None:
    (site / "secrets.yaml").unlink()
    assert main(["plan", str(site), "hosts", "--json"]) == 0
    before = {each["name"]: each for each in json.loads(capsys.readouterr().out)}
    assert before["c3-001"]["address"] == "10.20.0.10" and before["c3-002"]["pod_first"] == "10.20.128.65"
    bound(site, Binding(id="c3-002", index=0))
    assert main(["plan", str(site), "hosts", "--csv"]) == 0
    rows = {each["name"]: each for each in csv.DictReader(io.StringIO(capsys.readouterr().out))}
    assert rows["c3-002"]["address"] == "10.20.0.10" and rows["c3-001"]["address"] == "10.20.0.11"
    assert rows["c3-004"]["pod_last"] == "10.20.128.254" and rows["c3-004"]["serial"] == "S4"
    assert main(["plan", str(site), "hosts"]) == 0
    assert capsys.readouterr().out.splitlines()[0].split()[:2] == ["name", "rack"]


def test_a_serial_that_looks_like_a_formula_is_none_in_csv(site: Path, capsys: Printed) -> None:
    planfile.edit(Plan, site / "site.yaml", {"servers.3.serial": "=1+1"})
    assert main(["plan", str(site), "hosts", "--csv"]) == 0
    assert "'=1+1" in capsys.readouterr().out


def test_etc_hosts_has_the_api_the_nodes_and_their_bmcs(site: Path, capsys: Printed) -> None:
    assert main(["plan", str(site), "etc-hosts"]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()[1:]]
    assert lines[:2] == [["10.20.0.5", "api.c3.local"], ["10.20.0.10", "c3-001"]]
    assert ["10.0.0.14", "c3-004-bmc"] in lines and len(lines) == 9


def test_the_switch_engineers_sheet_has_vlans_ports_and_limits(site: Path, capsys: Printed) -> None:
    planfile.edit(Plan, site / "site.yaml", {"networks.cluster.vlan": 30, "networks.cluster.mtu": 9000})
    assert main(["plan", str(site), "switch"]) == 0
    sheet = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["cluster", "30", "10.20.0.0/16", "10.20.0.1", "9000"] in sheet
    assert ["r01", "3", "3", "3"] in sheet and ["all", "4", "4", "4"] in sheet
    assert [line[:2] for line in sheet if line and "bridge," in line] == [["cluster", "62"]]
    assert ["MAC", "table,", "every", "switch", "245", "30623"] in sheet


def test_sizing_tells_of_the_plan_and_proposes_another(site: Path, capsys: Printed) -> None:
    assert main(["plan", str(site), "sizing"]) == 0
    said = capsys.readouterr().out
    assert "512 nodes x 60 pods" in said and "4 now, 498 more have room" in said and "smallest" not in said
    assert main(["plan", str(site), "sizing", "--nodes", "300", "--pods", "110"]) == 0
    said = capsys.readouterr().out
    assert "10.20.0.0/15" in said and "10.21.0.0/16" in said and "16384 65536 131072" in said
    assert main(["plan", str(site), "sizing", "--growth", "512", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["nodes_most"] == 502
    assert told["proposal"]["changes"]["networks.cluster.cidr"] == "10.20.0.0/16"
    assert main(["plan", str(site), "sizing", "--nodes", "0"]) == 2
    assert main(["plan", str(site), "sizing", "--growth", str(10**30)]) == 2
    assert "do not fit a /8" in capsys.readouterr().err


def test_an_import_keeps_good_lines_and_is_journaled(site: Path, tmp_path: Path, capsys: Printed) -> None:
    table = tmp_path / "servers.csv"
    table.write_text("name,rack,unit,bmc\nc3-005,r07,1,10.0.0.15\nc3-006,r07,top,10.0.0.16\n")
    assert main(["import", str(site), str(table), "--preview"]) == 1
    assert "c3-005" not in (site / "site.yaml").read_text()
    capsys.readouterr()
    assert main(["import", str(site), str(table)]) == 1
    done = capsys.readouterr()
    assert f"{table}:3: unit 'top' is no number" in done.out and "1 servers added" in done.err
    assert planfile.load(Plan, site / "site.yaml").expected("c3-005").rack == "r07"
    assert ("servers imported", "site") in journal(site)
    table.write_text("name,rack,unit,bmc\nc3-005,r07,1,10.0.0.15\n")
    before = len(journal(site))
    assert main(["import", str(site), str(table), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["changed"] == [] and len(journal(site)) == before


@pytest.mark.parametrize("body", [b"x" * (10 << 20), b"\xff\xfe\x00", b"rack,unit,bmc\n" * 100_000])
def test_a_file_that_is_no_table_is_refused(body: bytes, site: Path, tmp_path: Path, capsys: Printed) -> None:
    table, before = tmp_path / "servers.csv", (site / "site.yaml").read_text()
    table.write_bytes(body)
    assert main(["import", str(site), str(table)]) == 2
    assert "Traceback" not in capsys.readouterr().err and (site / "site.yaml").read_text() == before


def test_addresses_are_released_only_when_the_server_left_the_plan(site: Path, capsys: Printed) -> None:
    gone = Server(
        id="old", name="old", rack="r01", unit=9, stage=Stage.NODE, address="10.20.0.19", serial="SX"
    )
    bound(site, Binding(id="old", index=9), Binding(id="c3-001", index=0), gone)
    assert main(["release", str(site), "c3-001", "--reason", "x"]) == 2
    assert "still in the plan" in capsys.readouterr().err
    assert main(["release", str(site), "odl", "--reason", "x"]) == 2
    assert "They are held for c3-001, old" in capsys.readouterr().err
    assert main(["release", str(site), "old", "--reason", " "]) == 2
    assert main(["release", str(site), "old", "--reason", "shredded"]) == 0
    reader = Reader.open(SiteFiles(site).database)
    (last,) = [each for each in reader.journal() if each.what == "address released"]
    assert last.data["reason"] == "shredded" and last.data["serial"] == "SX" and last.subject == "old"
    freed, server = reader.get(Binding, "old"), reader.get(Server, "old")
    reader.close()
    assert freed and not freed.held and freed.released_by and server is None
    assert main(["release", str(site), "old", "--reason", "again"]) == 2


def test_a_sweep_of_loopback_says_that_it_says_nothing(site: Path, capsys: Printed) -> None:
    text = (site / "site.yaml").read_text()
    (site / "site.yaml").write_text(text.replace("10.20.", "127.100."))
    assert main(["sweep", str(site), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (
        told["asked"] == 0 and told["findings"] == ["network.not-swept:site"] and len(told["untested"]) == 3
    )
    assert main(["sweep", str(site), "vip"]) == 0
    done = capsys.readouterr()
    assert "not tested: 127.100.0.5-127.100.0.5" in done.err and "info: " in done.out
    assert ("addresses swept", "site") in journal(site)
    assert main(["sweep", str(site), "gateways"]) == 2
    assert main(["sweep", str(site), "--rate", "0.1"]) == 2
