"""Run in a network namespace of its own: an Ethernet with two ends, and somebody who answers ARP on it.

Sweeps it by the client, then by the command of an engine on the site named in the arguments, and prints
what came of both as one line of JSON.
"""

import asyncio
import json
import socket
import struct
import subprocess
import sys
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any

from c3tui.cli.compose import engine_of
from c3tui.clients.sweep import Limits, sweep
from c3tui.engine.core import Engine
from c3tui.engine.errors import InputError
from c3tui.engine.site import Site
from c3tui.model.finding import Finding, FindingState

ARP = struct.Struct("!HHBBH6s4s6s4s")
ETH_P_ARP = 0x0806
TAKEN = {
    "10.20.0.5": ["02:00:00:00:00:05"],
    "10.20.0.11": ["02:00:00:00:00:11", "02:00:00:00:00:99"],
    "10.20.128.70": ["02:00:00:00:00:70"],
}
"""Who lives on the segment: an address, and the MACs that answer for it."""


def make_ethernet() -> None:
    for command in (
        "ip link set lo up",
        "ip link add near type veth peer name far",
        "ip addr add 10.20.0.12/16 dev near",
        "ip link set near up",
        "ip link set far up",
    ):
        subprocess.run(command.split(), check=True)


class Residents:
    """Answers ARP at the far end, as hosts would."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.asked: set[str] = set()
        self.askers: set[str] = set()
        self._socket = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.bind(("far", ETH_P_ARP))
        loop.add_reader(self._socket, self._read)

    def _read(self) -> None:
        packet, about = self._socket.recvfrom(2048)
        _, _, _, _, operation, mac, asker, _, wanted = ARP.unpack_from(packet)
        if about[2] == socket.PACKET_OUTGOING or operation != 1:
            return
        address = str(IPv4Address(wanted))
        self.asked.add(address)
        self.askers.add(str(IPv4Address(asker)))
        for own in TAKEN.get(address, []):
            sender = bytes.fromhex(own.replace(":", ""))
            reply = ARP.pack(1, 0x0800, 6, 4, 2, sender, wanted, mac, asker)
            self._socket.sendto(reply, ("far", ETH_P_ARP, 0, 0, mac))


async def swept() -> dict[str, Any]:
    residents = Residents(asyncio.get_running_loop())
    wanted = [IPv4Address("10.20.0.1") + nth for nth in range(30)] + [IPv4Address("10.77.0.1")]
    found = await sweep(wanted, Limits(rate=2000, wait=0.3))
    return {
        "answers": [[str(each.address), each.how, sorted(each.macs)] for each in found.answers],
        "untested": [str(each) for each in found.untested],
        "notes": list(found.notes),
        "asked_twice": found.asked,
        "heard": sorted(residents.asked, key=IPv4Address),
        "askers": sorted(residents.askers),
    }


async def commanded(site: Path) -> dict[str, Any]:
    engine = engine_of(Site.load(site), services=False)
    await engine.start()
    try:
        told = await engine.command("sweep", {"rate": 5000}, "ann")
        stopped = await stopped_early(engine)
        findings = opened(engine)
        TAKEN.clear()
        await engine.command("sweep", {"rate": 5000}, "ann")
        left = opened(engine)
        journal = [each.what for each in engine.store.journal()]
        observed = engine.store.observation("sweep", "site")
    finally:
        await engine.close()
    return {
        "told": told,
        "stopped": stopped,
        "findings": findings,
        "once_they_left": left,
        "journal": journal,
        "observed": observed,
    }


def opened(engine: Engine) -> dict[str, str]:
    return {each.check: each.message for each in engine.store.all(Finding) if each.state is FindingState.OPEN}


async def stopped_early(engine: Engine) -> dict[str, Any]:
    """A slow sweep that is stopped once it has told that it runs, and another one beside it."""
    asking = asyncio.create_task(engine.command("sweep", {"rate": 20}, "ann"))
    runs = asyncio.Event()
    stop_listening = engine.listen(lambda cursor: runs.set())
    await asyncio.wait_for(runs.wait(), 10)
    stop_listening()
    try:
        await engine.command("sweep", {}, "bob")
    except InputError as error:
        refused = error.what
    await engine.command("stop-sweep", {}, "ann")
    told = await asyncio.wait_for(asking, 10)
    return {"told": told, "refused": refused}


async def main(site: Path) -> None:
    make_ethernet()
    sys.stdout.write(json.dumps({"client": await swept(), "command": await commanded(site)}))


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
