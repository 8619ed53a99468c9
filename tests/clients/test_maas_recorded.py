"""The MAAS client against answers that a real MAAS 3.7.3 gave."""

import json
from pathlib import Path
from typing import Any

import pytest

from c3tui.clients.maas import RowStatus, Status
from c3tui.clients.maas.answers import Denied, NoAnswer, refusal
from c3tui.clients.maas.machine import parse_machine, parse_nic
from c3tui.clients.maas.records import parse_event, parse_result_set, parse_script
from c3tui.clients.maas.site import parse_range, parse_subnet
from c3tui.engine.errors import Unauthorised

RECORDED = (Path(__file__).resolve().parents[2] / "../shared/maas").resolve()
pytestmark = pytest.mark.skipif(not RECORDED.is_dir(), reason="the recorded answers of MAAS are not here")


def load(name: str) -> Any:
    return json.loads((RECORDED / name).read_text())


def rows() -> list[dict[str, Any]]:
    return [
        row
        for path in sorted((RECORDED / "transcripts").glob("*.json"))
        for row in json.loads(path.read_text())
    ]


def test_a_machine() -> None:
    machine = parse_machine(load("machine.json"))
    assert (machine.system_id, machine.hostname, machine.status) == ("4hmwba", "node012", Status.READY)
    assert (machine.serial, machine.vendor, machine.product) == ("SVC0012", "Dell Inc.", "PowerEdge R760")
    assert (machine.cpus, machine.memory_mib, machine.owner, machine.locked) == (16, 65536, "", False)
    assert (machine.commissioning_set, machine.testing_set, machine.installation_set) == (24, 25, None)
    assert [(disk.name, disk.serial, disk.boot) for disk in machine.disks] == [
        ("nvme0n1", "73A0X00012", True),
        ("nvme1n1", "73B0X00012", False),
        ("sda", "S5G0X00012", False),
    ]
    assert machine.boot_mac == "52:54:00:99:00:0c" and machine.boot_mac in machine.macs
    port = machine.nic(machine.boot_mac.upper())
    assert port is not None and (port.name, port.vlan_id, port.speed) == ("eno1", 5001, 10000)
    assert [(link.mode, link.cidr, link.address) for link in port.links] == [("auto", "10.99.0.0/16", "")]


def test_every_recorded_machine_has_a_known_status() -> None:
    seen = set()
    for row in rows():
        answer = row["response"].get("json")
        if isinstance(answer, dict) and "status_name" in answer and "power_type" in answer:
            machine = parse_machine(answer)
            assert isinstance(machine.status, Status)
            assert machine.status.name.replace("_", " ").lower() in (
                machine.status_name.lower(),
                machine.status_name.lower().replace("releasing failed", "failed releasing"),
            )
            seen.add(machine.status)
    assert len(seen) > 12


def test_result_sets_scripts_and_events() -> None:
    result = parse_result_set(load("result_with_output.json"))
    assert [row.serial for row in result.rows] == ["73A0X00003", "73B0X00003", "S5G0X00003"]
    row = result.rows[0]
    assert (row.status, row.exit_status, row.failed, row.suppressed) == (RowStatus.FAILED, 1, True, True)
    assert row.runtime is not None and 0 < row.runtime < 1 and row.started is not None
    scripts = {script.name: script for script in map(parse_script, load("scripts_testing.json"))}
    assert sorted(name for name, script in scripts.items() if script.destructive) == [
        "badblocks-destructive",
        "fio",
    ]
    assert scripts["stress-ng-cpu-long"].timeout and scripts["smartctl-validate"].timeout == 300
    events = [parse_event(one) for one in load("events.json")["events"]]
    assert all(event.created and event.created.tzinfo and event.system_id for event in events)


def test_a_set_whose_scripts_were_deleted_has_not_failed() -> None:
    gone = [
        parse_result_set(row["response"]["json"])
        for row in rows()
        if isinstance(row["response"].get("json"), dict) and row["response"]["json"].get("results") == []
    ]
    assert gone and all(one.status == -1 and not one.rows for one in gone)


def test_networks() -> None:
    for row in rows():
        path, answer = row["request"]["path"], row["response"].get("json")
        if row["response"]["status"] != 200 or "trimmed" in row["response"] or not isinstance(answer, list):
            continue
        if path.endswith("/subnets/"):
            assert all(parse_subnet(one).cidr.num_addresses > 1 for one in answer)
        if path.endswith("/ipranges/"):
            assert all(parse_range(one).start <= parse_range(one).end for one in answer)  # type: ignore[operator]
        if path.endswith("/interfaces/"):
            assert all(parse_nic(one).name for one in answer)


def test_every_recorded_refusal_becomes_an_error_with_its_words() -> None:
    refused = [row for row in rows() if row["response"]["status"] >= 400]
    assert len(refused) > 150
    for row in refused:
        answer = row["response"]
        is_json = "json" in answer
        body = json.dumps(answer["json"]) if is_json else answer.get("text", "")
        headers = {key.title(): value for key, value in answer["headers"].items()}
        error = refusal(answer["status"], headers, body.encode(), where="node001")
        assert error.what and len(error.what) < 600 and "</" not in error.what
        if answer["status"] == 401:
            assert isinstance(error, Unauthorised) and "secret" not in error.what.lower()
        elif answer["status"] in (502, 503, 504):
            assert isinstance(error, NoAnswer) and error.doubtful
        else:
            assert isinstance(error, Denied) and error.status == answer["status"]
        if "retry-after" in answer["headers"]:
            assert isinstance(error, Denied | NoAnswer) and error.retry_after in (5, 10)
