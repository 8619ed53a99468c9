"""Presence pings: against the lab's BMCs, against ipmi_sim, and against silence."""

import asyncio
import struct
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from c3tui.clients.sweep import BmcSweeper, Limits, Progress
from c3tui.clients.sweep.presence import is_pong, ping
from c3tui.lab.bmc import BmcLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import BmcKnobs, Fault, FaultKind, Scenario
from tests.clients import ipmi_sim

PORT = 6270
QUICK = Limits(rate=5000, wait=0.3)


async def test_bmcs_answer_and_nobody_else() -> None:
    faults = [Fault(kind=FaultKind.DEAD_BMC, server=2)]
    room = Room(Scenario(servers=3, bays=1, octet=70, strays=1, faults=faults, bmc=BmcKnobs(latency_ms=1)))
    lab = BmcLab(room)
    await lab.start(PORT)
    told: list[Progress] = []
    try:
        wanted = [IPv4Address("127.70.0.1") + n for n in range(120)]
        found = await BmcSweeper(PORT, QUICK, told.append).run(wanted)
        other = await BmcSweeper(PORT + 1, QUICK).run(wanted[:20])
    finally:
        await lab.close()
        await room.close()
    alive = [box.bmc.address for box in room.chassis if box.bmc.alive]
    assert [str(each.address) for each in found.answers] == alive and len(alive) == 3
    assert {(each.how, each.macs) for each in found.answers} == {("rmcp", ())}
    assert told[-1].found == 3 and found.untested == ()
    # The silent ones are asked again, those who answered are not.
    assert found.asked == 120 + 117
    assert other.answers == ()


async def test_a_server_of_something_else_on_that_port_is_no_bmc() -> None:
    class Echo(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
            assert isinstance(self.transport, asyncio.DatagramTransport)
            self.transport.sendto(data, addr)

    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Echo, local_addr=("127.70.9.9", PORT))
    try:
        found = await BmcSweeper(PORT, QUICK).run([IPv4Address("127.70.9.9")])
    finally:
        transport.close()
    assert found.answers == () and found.asked == 2


def test_packets_are_as_the_standard_says() -> None:
    assert ping(0x5C).hex() == "0600ff06" + "000011be" + "80" + "5c" + "00" + "00"
    pong = bytes.fromhex("0600ff06" + "000011be" + "40" + "5c" + "00" + "10")
    pong += struct.pack(">IIBB6x", 4542, 0, 0x81, 0)
    assert is_pong(pong, 0x5C)
    assert not is_pong(pong, 0x5D) and not is_pong(pong[:20], 0x5C) and not is_pong(ping(0x5C), 0x5C)
    assert not is_pong(pong[:20] + b"\x01" + pong[21:], 0x5C)


@pytest.mark.skipif(not ipmi_sim.PROGRAM, reason="ipmi_sim (Debian openipmi) is not installed")
async def test_debians_ipmi_sim_answers_too(tmp_path: Path) -> None:
    bmc = ipmi_sim.prepare(tmp_path / "bmc", "127.71.0.1", PORT)
    try:
        await ipmi_sim.answering([bmc])
        found = await BmcSweeper(PORT, QUICK).run([IPv4Address("127.71.0.1"), IPv4Address("127.71.0.2")])
    finally:
        bmc.stop()
    assert [(str(each.address), each.how) for each in found.answers] == [("127.71.0.1", "rmcp")]
