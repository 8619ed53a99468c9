"""The lab seen from outside: tools that were not written for it meet one and the same room."""

import asyncio
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from c3tui.engine.site import Site
from c3tui.lab import control

USER, PASSWORD = "ADMIN", "rehearsal-bmc-pass"

LIST_MACHINES = """
import sys
from maas.client import connect
client = connect(sys.argv[1], apikey=sys.argv[2])
print(len(client.machines.list()))
"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """``c3tui lab --servers 4`` in a process of its own, and its site directory."""
    directory = tmp_path_factory.mktemp("outside") / "site"
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "c3tui", "lab", "--site", str(directory)),
            *("--servers", "4", "--bays", "3", "--speed", "300"),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        said = [process.stdout.readline() for _ in range(6)]
        assert "runs until stopped" in said[-1], said
        yield directory
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


def tool(*arguments: str) -> str:
    """What a tool prints; the test is skipped where it is not installed."""
    if shutil.which(arguments[0], path="/usr/bin:/usr/sbin:/bin:/usr/local/bin") is None:
        pytest.skip(f"{arguments[0]} is not installed")
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def ipmitool(site: Path, server: int, suite: str, *command: str) -> str:
    plan = Site.load(site).plan
    address, port = str(plan.servers[server].bmc.address), str(plan.endpoints.bmc.port)
    login = ("-H", address, "-p", port, "-U", USER, "-P", PASSWORD)
    return tool("ipmitool", "-I", "lanplus", "-C", suite, *login, *command)


def wait_for(so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not so():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.2)  # other processes are at work


@pytest.mark.parametrize("suite", ["3", "17"])
def test_ipmitool_reads_and_lights_a_server(lab: Path, suite: str) -> None:
    assert "Chassis Power is" in ipmitool(lab, 0, suite, "chassis", "power", "status")
    assert "Inlet Temp" in ipmitool(lab, 0, suite, "sensor")
    assert str(Site.load(lab).plan.servers[0].serial) in ipmitool(lab, 0, suite, "fru")
    assert "Chassis" in ipmitool(lab, 0, suite, "sel", "list")
    ipmitool(lab, 0, suite, "chassis", "identify", "force")
    assert identify_bits(lab, suite) == 0b10
    ipmitool(lab, 0, suite, "chassis", "identify", "0")
    assert identify_bits(lab, suite) == 0


def identify_bits(lab: Path, suite: str) -> int:
    """Identify state out of Get Chassis Status, byte 3 bits 5:4 (IPMI 2.0, table 28-3)."""
    return int(ipmitool(lab, 0, suite, "raw", "0x00", "0x01").split()[2], 16) >> 4 & 0b11


def test_freeipmi_sees_the_power_that_ipmitool_switches(lab: Path) -> None:
    plan = Site.load(lab).plan
    host = f"{plan.servers[3].bmc.address}:{plan.endpoints.bmc.port}"
    ask = ("ipmipower", "--stat", "-D", "LAN_2_0", "-h", host, "-u", USER, "-p", PASSWORD)
    assert tool(*ask, "-I", "3").endswith(": off\n")
    ipmitool(lab, 3, "3", "chassis", "power", "on")
    assert tool(*ask, "-I", "17").endswith(": on\n")
    ipmitool(lab, 3, "3", "chassis", "power", "off")


def test_servers_booted_by_ipmitool_are_listed_by_python_libmaas(lab: Path) -> None:
    site = Site.load(lab)
    for server in (0, 1):
        ipmitool(lab, server, "17", "chassis", "bootdev", "pxe")
        ipmitool(lab, server, "17", "chassis", "power", "on")
    url, key = str(site.plan.endpoints.maas.url), site.secrets.maas_api_key.get_secret_value()

    def listed() -> int:
        arguments = [sys.executable, "-W", "ignore", "-c", LIST_MACHINES, url, key]
        return int(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout)

    wait_for(lambda: listed() == 2, "two machines in MAAS")


def test_kubectl_applies_and_lists(lab: Path, tmp_path: Path) -> None:
    config = ("kubectl", "--kubeconfig", str(lab / "lab" / "admin.conf"), "--cache-dir", str(tmp_path))
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "by-hand", "labels": {"rack": "r01"}}}
    (tmp_path / "node.json").write_text(json.dumps(node))
    apply = (*config, "apply", "--server-side", "-f", str(tmp_path / "node.json"))
    assert "serverside-applied" in tool(*apply)
    assert "by-hand" in tool(*config, "get", "nodes")
    one = tool(*config, "get", "node", "by-hand", "-o", "json")
    tool(*apply)
    again = tool(*config, "get", "node", "by-hand", "-o", "json")
    assert json.loads(one)["metadata"]["resourceVersion"] == json.loads(again)["metadata"]["resourceVersion"]


def test_the_room_answers_its_back_door_and_nobody_else(lab: Path) -> None:
    door = lab / "lab" / "lab.sock"
    assert asyncio.run(control.ask(door, "ping"))["servers"] == 4
    assert door.stat().st_mode & 0o077 == 0
    with pytest.raises(RuntimeError, match="KeyError"):
        asyncio.run(control.ask(door, "explode"))
