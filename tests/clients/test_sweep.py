"""Asking many addresses who is there: on loopback by ping, on an Ethernet of its own by ARP."""

import asyncio
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

import pytest

from c3tui.clients.sweep import Limits, Progress, Sweeper, host, sweep, ways, wire
from c3tui.model.reality import Sweep, Untested
from c3tui.steps.sweep import together
from tests.support.networks import GOOD, span
from tests.support.plans import write_site

QUICK = Limits(rate=5000, wait=0.2)
BASE = IPv4Address("127.100.0.1")
ROOT = Path(__file__).resolve().parents[2]


def icmp_allowed() -> bool:
    try:
        ways._icmp().close()
    except PermissionError:
        return False
    return True


needs_icmp = pytest.mark.skipif(not icmp_allowed(), reason="this user may not send ICMP")


def addresses(count: int) -> list[IPv4Address]:
    return [BASE + nth for nth in range(count)]


@needs_icmp
async def test_who_answers_is_found_and_progress_is_told() -> None:
    told: list[Progress] = []
    found = await sweep(addresses(300), QUICK, told.append)
    assert [each.address for each in found.answers] == addresses(300)
    assert {(each.how, each.macs) for each in found.answers} == {("ping", ())}
    assert found.untested == () and found.asked == 300
    assert [each.asked for each in told] == sorted(each.asked for each in told)
    assert told[-1] == Progress(300, 300, 300) and len(told) > 2


@needs_icmp
async def test_an_address_of_this_host_is_told_apart() -> None:
    (answer,) = (await sweep([IPv4Address("127.0.0.1")], QUICK)).answers
    assert answer.how == "own"


@needs_icmp
async def test_a_sweep_is_bounded_in_rate_and_number() -> None:
    began = time.monotonic()
    found = await sweep(addresses(130), Limits(rate=500, most=120, wait=0.2))
    assert time.monotonic() - began >= 120 / 500 - 0.05
    assert len(found.answers) == 120
    assert [str(each) for each in found.untested] == [
        "127.100.0.121-127.100.0.130: more than 120 addresses in one sweep"
    ]


@needs_icmp
async def test_a_cancelled_sweep_keeps_what_it_knows_and_leaves_nothing_open() -> None:
    begun = asyncio.Event()
    sweeper = Sweeper(Limits(rate=200), lambda progress: begun.set() if progress.found else None)
    before = len(os.listdir("/proc/self/fd"))
    task = asyncio.create_task(sweeper.run(addresses(10_000)))
    await asyncio.wait_for(begun.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 < len(sweeper.result.answers) < 10_000
    assert len(os.listdir("/proc/self/fd")) == before


@needs_icmp
async def test_what_cannot_be_asked_is_told_with_the_reason_and_not_asked_again() -> None:
    # Broadcast is refused by the kernel, whatever the routes are.
    found = await sweep([IPv4Address("255.255.255.255"), BASE], QUICK)
    assert [each.address for each in found.answers] == [BASE] and found.asked == 2
    assert "cannot be asked (Permission denied)" in str(found.untested[0])


def without_rights(code: str, path: str) -> Any:
    """What Python prints as JSON when it may not open raw sockets."""
    setpriv = shutil.which("setpriv")
    if not setpriv or os.getuid() != 0:
        pytest.skip("needs setpriv, and root to give rights up")
    done = subprocess.run(
        [setpriv, "--bounding-set=-net_raw", "--inh-caps=-net_raw", sys.executable, "-c", code],
        env={"PATH": path, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


UNPRIVILEGED = """\
import asyncio, json
from ipaddress import IPv4Address
from c3tui.clients.sweep import Limits, sweep
found = asyncio.run(sweep([IPv4Address("127.100.0.1"), IPv4Address("127.100.0.2")], Limits(wait=0.3)))
print(json.dumps([[str(a.address) for a in found.answers], [str(u) for u in found.untested]]))
"""


def ping_group_is_open() -> bool:
    low, high = Path("/proc/sys/net/ipv4/ping_group_range").read_text().split()
    return int(low) <= os.getgid() <= int(high)


@pytest.mark.skipif(ping_group_is_open(), reason="the kernel lets everybody ping here")
def test_without_rights_and_without_a_program_nothing_passes_for_free(tmp_path: Path) -> None:
    answers, untested = without_rights(UNPRIVILEGED, str(tmp_path))
    assert answers == [] and len(untested) == 1
    assert untested[0].startswith("127.100.0.1-127.100.0.2: may not send ICMP")


STUB = """\
#!/bin/sh
echo "asked: $*" >> "$0.said"
[ "$6" = 127.100.0.1 ]
"""


@pytest.mark.skipif(ping_group_is_open(), reason="the kernel lets everybody ping here")
def test_without_rights_the_ping_program_is_asked(tmp_path: Path) -> None:
    program = tmp_path / "ping"
    program.write_text(STUB)
    program.chmod(0o755)
    answers, untested = without_rights(UNPRIVILEGED, f"{tmp_path}:/usr/bin:/bin")
    assert answers == ["127.100.0.1"] and untested == []
    said = (tmp_path / "ping.said").read_text().splitlines()
    assert sorted(set(said)) == ["asked: -n -c 1 -W 1 127.100.0.1", "asked: -n -c 1 -W 1 127.100.0.2"]
    assert said.count("asked: -n -c 1 -W 1 127.100.0.1") == 1


@pytest.mark.skipif(not shutil.which("ping"), reason="there is no ping program")
async def test_the_systems_own_ping_is_understood() -> None:
    heard: list[IPv4Address] = []
    way = ways.Program(lambda address, mac: heard.append(address))
    await way.ask(IPv4Address("127.0.0.1"))
    await asyncio.gather(*way._asking)
    await way.close()
    assert heard == [IPv4Address("127.0.0.1")]


def test_packets_are_as_the_standards_say() -> None:
    probe = wire.arp_probe(bytes.fromhex("020000000001"), IPv4Address("10.20.0.5"))
    assert probe.hex() == "0001080006040001" + "020000000001" + "00000000" + "000000000000" + "0a140005"
    assert wire.arp_reply(probe) is None and wire.arp_reply(b"short") is None
    echo = wire.echo_request(7, b"12345678")
    assert wire.checksum(echo) == 0 and not wire.is_echo_reply(echo, b"12345678")
    reply = b"\0" + echo[1:]
    assert wire.is_echo_reply(reply, b"12345678") and not wire.is_echo_reply(reply, b"87654321")
    assert wire.is_echo_reply(b"\x45" + bytes(19) + reply, b"12345678") and not wire.is_echo_reply(b"", b"")


def test_a_part_swept_to_its_end_ends_doubts_about_it_and_others_stay() -> None:
    nodes, pods = span("10.20.0.10", "10.20.0.20"), span("10.20.128.0", "10.20.128.255")
    before = Sweep(untested=(Untested(nodes, "no route"), Untested(pods, "no route")))
    assert together(before, Sweep(), [nodes]).untested == (Untested(pods, "no route"),)
    assert together(before, Sweep(), []).untested == before.untested


def test_loopback_is_no_segment_and_its_address_is_ours() -> None:
    assert all(each.interface != "lo" for each in host.segments())
    assert IPv4Address("127.0.0.1") in host.own_addresses()
    assert not host.arps("lo") and not host.arps("no-such")


# An Ethernet of its own


@pytest.fixture(scope="module")
def ethernet(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a sweep found on it, by client and by command."""
    if not shutil.which("ip") or not shutil.which("unshare"):
        pytest.skip("needs ip and unshare")
    if subprocess.run(["unshare", "-rn", "true"], capture_output=True, check=False).returncode:
        pytest.skip("no network namespace may be made here")
    text = GOOD.replace("end: 10.20.1.255", "end: 10.20.0.30").replace("10.20.128.0/17", "10.20.128.0/24")
    site = write_site(tmp_path_factory.mktemp("ethernet") / "site", text)
    script = Path(__file__).with_name("sweep_in_a_namespace.py")
    done = subprocess.run(
        ["unshare", "-rn", sys.executable, str(script), str(site)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_on_a_segment_everybody_is_asked_by_arp(ethernet: Any) -> None:
    found = ethernet["client"]
    assert found["answers"] == [
        ["10.20.0.5", "arp", ["02:00:00:00:00:05"]],
        ["10.20.0.11", "arp", ["02:00:00:00:00:11", "02:00:00:00:00:99"]],
        ["10.20.0.12", "own", []],
    ]
    assert found["untested"] == ["10.77.0.1-10.77.0.1: cannot be asked (Network is unreachable)"]
    assert found["notes"] == [] and found["askers"] == ["0.0.0.0"]
    assert len(found["heard"]) == 29 and "10.20.0.12" not in found["heard"]


def test_the_command_makes_findings_of_who_answers(ethernet: Any) -> None:
    done = ethernet["command"]
    said = done["findings"]
    assert said["network.vip-answers"].startswith("the API address 10.20.0.5 answers from 02:00")
    assert "10.20.0.12, a node's, answers here: it is this host's own" in said["network.address-answers"]
    assert "10.20.128.70, a pod's" in said["network.address-answers"]
    assert "10.20.0.11 answers from 02:00:00:00:00:11 and 02:" in said["network.address-twice"]
    assert "network.not-swept" not in said and "addresses swept" in done["journal"]
    assert done["told"]["found"] == 4 and done["observed"]["running"] is False


def test_a_sweep_is_stopped_by_command_and_forgets_nothing(ethernet: Any) -> None:
    stopped = ethernet["command"]["stopped"]
    assert stopped["refused"] == "a sweep is under way"
    assert stopped["told"]["stopped"] is True and 0 < stopped["told"]["asked"] < 250
    assert "sweep stopped" in ethernet["command"]["journal"]
    assert "network.address-answers" in ethernet["command"]["findings"]


def test_who_has_left_is_no_finding_any_more(ethernet: Any) -> None:
    left = {"network.address-answers": "10.20.0.12, a node's, answers here: it is this host's own"}
    assert ethernet["command"]["once_they_left"] == left


def test_the_lab_of_this_test_is_apart_from_the_host() -> None:
    assert not {name for _, name in socket.if_nameindex()} & {"near", "far"}
