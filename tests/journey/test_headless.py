"""The whole walk without a terminal: the real command, the real engine, the lab in its own process."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

STEPS = ["network", "discovery", "hardware", "deploy", "kubernetes", "storage", "handover"]

pytestmark = pytest.mark.timeout(400)


def rehearse(site: Path, *options: str) -> tuple[int, dict[str, Any], str]:
    done = subprocess.run(
        [sys.executable, "-m", "c3tui", "rehearse", "--headless", "--json", "--site", str(site), *options],
        capture_output=True,
        text=True,
        timeout=390,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, json.loads(done.stdout.splitlines()[-1]), done.stderr


def test_a_sound_room_is_walked_and_a_second_walk_changes_nothing(tmp_path: Path) -> None:
    size = ("--servers", "6", "--bays", "4", "--seed", "7", "--speed", "200")
    code, told, _ = rehearse(tmp_path / "site", *size)
    assert code == 0 and list(told["steps"]) == STEPS
    assert {each["outcome"] for each in told["steps"].values()} == {"done"}
    assert (told["servers"], told["nodes"], told["drives"]) == (6, 6, 24)
    assert told["osds_planned"] == told["osds_up"] == 18
    assert told["health"] == "HEALTH_OK" and told["findings"] == {}
    report = json.loads((Path(told["report"]) / "report.json").read_text())
    assert len(report["servers"]) == 6 and report["versions"]["MAAS"] == "3.7.3"
    assert "Handover report" in (Path(told["report"]) / "report.html").read_text()
    code, again, _ = rehearse(tmp_path / "site", *size)
    assert code == 0 and not any(each["changed"] for each in again["steps"].values())
    assert_no_secret(tmp_path / "site")


def test_a_troubled_room_ends_with_the_healthy_set_and_closes_when_mended(tmp_path: Path) -> None:
    room = ("--scenario", "troubled", "--servers", "8", "--bays", "5", "--speed", "200")
    code, told, said = rehearse(tmp_path / "site", *room)
    assert code == 1
    lost = {**told["steps"]["discovery"]["victims"], **told["steps"]["deploy"]["victims"]}
    assert sorted(lost) == ["c3-006", "c3-007", "c3-008"]
    assert "password" in lost["c3-006"] and "does not answer" in lost["c3-007"] and "nstall" in lost["c3-008"]
    assert "c3-006" in said and told["findings"] == {"critical": 3}
    assert told["nodes"] == 5 and told["drives_replaced"] == 1 and told["osds_up"] == 20
    code, told, _ = rehearse(tmp_path / "site", *room, "--mend")
    assert code == 0 and told["nodes"] == 8 and told["osds_up"] == 32 and told["findings"] == {}


def assert_no_secret(site: Path) -> None:
    """No secret of the site stands anywhere but in its own file and in the lab's."""
    key = (site / "secrets.yaml").read_text().split("maas_api_key:")[1].split()[0]
    secrets = [part.encode() for part in key.split(":")] + [b"rehearsal-bmc-pass"]
    for file in site.rglob("*"):
        if not file.is_file() or file.name == "secrets.yaml" or file.is_relative_to(site / "lab"):
            continue
        body = file.read_bytes()
        assert not [secret for secret in secrets if secret in body], file
