"""The lab as one thing: the room, the servers over it, and its memory from one start to the next."""

import asyncio
import json
import os
import socket
import time
from pathlib import Path
from typing import Any, get_args

from c3tui.lab import technician
from c3tui.lab.bmc import BmcLab
from c3tui.lab.chassis import Chassis
from c3tui.lab.control import Control
from c3tui.lab.kube import KubeLab
from c3tui.lab.maas import MaasLab
from c3tui.lab.nodes import NodesLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, Scenario
from c3tui.lab.site import write_site

SAVE_SECONDS = 2.0
SAVE_SHARE = 20
"""Saving may take this fraction of the time: a large room is saved less often."""
_OCTETS = range(10, 240, 3)


class Lab:
    """A rehearsal world in a directory; started again it goes on where it was."""

    def __init__(self, directory: Path, scenario: Scenario) -> None:
        self.directory = directory.absolute() / "lab"
        self.directory.mkdir(parents=True, exist_ok=True)
        self._world = self.directory / "world.json"
        state = self._load()
        self.scenario = Scenario.model_validate(state["scenario"]) if state else _settle(scenario)
        self.room = Room(
            self.scenario, [Chassis.model_validate(each) for each in state["chassis"]] if state else None
        )
        if state:
            self.room.faults = [Fault.model_validate(each) for each in state["faults"]]
            self.room.marks = {(name, slot) for name, slot in state["marks"]}
        self.control = Control(self.directory / "lab.sock")
        self.bmc = BmcLab(self.room)
        self.nodes = NodesLab(self.room, self.directory / "nodes", self.control.path, state.get("nodes"))
        self.kube = KubeLab(self.room, self.directory / "kube", state.get("kube"), self.nodes.cni_ready)
        self.maas = MaasLab(self.room, state.get("maas"))
        self._saved = ""

    async def start(self) -> None:
        """Bring every protocol server up, and power back to what had it.

        Raises:
            OSError: an address is taken.
        """
        scenario = self.scenario
        self.control.add("ping", self._ping)
        self.control.add("mend", self._mend)
        self.control.add("swap", self._swap)
        self.control.add("lights", self._lights)
        self.control.add("sessions", self._sessions)
        self.control.add("faults", self._faults)
        for name, operation in {**self.kube.operations(), **self.nodes.operations()}.items():
            self.control.add(name, operation)
        await self.bmc.start(scenario.bmc_port)
        await self.maas.start(scenario.maas_port)
        await self.kube.start(scenario.vip, scenario.api_port)
        await self.nodes.start(scenario.ssh_port)
        await self.control.start()
        self.room.resume()
        self.room.spawn(technician.work(self.room))
        self.room.spawn(self._keep())
        self.save()

    async def close(self) -> None:
        """Take everything down, remembering it."""
        self.save()
        await self.control.close()
        await self.nodes.close()
        await self.kube.close()
        await self.maas.close()
        await self.bmc.close()
        await self.room.close()

    @property
    def kubeconfig(self) -> Path:
        """An administrator's kubeconfig of the lab's cluster; a site gets its own from Kubespray."""
        path = self.directory / "admin.conf"
        path.touch(0o600)
        path.write_text(self.kube.kubeconfig)
        return path

    def write_site(self, directory: Path) -> None:
        """Write the room's plan and secrets as an ordinary site; an existing one is left alone."""
        write_site(directory, self.room, self.maas.url, self.maas.api_key)

    def save(self) -> None:
        """Write the world down, when it has changed."""
        text = json.dumps(
            {
                "scenario": self.scenario.model_dump(mode="json"),
                "chassis": [box.model_dump(mode="json") for box in self.room.chassis],
                "faults": [fault.model_dump(mode="json") for fault in self.room.faults],
                "marks": sorted(self.room.marks),
                "nodes": self.nodes.dump(),
                "kube": self.kube.dump(),
                "maas": self.maas.dump(),
            }
        )
        if text != self._saved:
            draft = self._world.with_suffix(f".{os.getpid()}")
            draft.write_text(text)
            draft.replace(self._world)
            self._saved = text

    async def _keep(self) -> None:
        while True:
            started = time.monotonic()
            self.save()
            await asyncio.sleep(max(SAVE_SECONDS, SAVE_SHARE * (time.monotonic() - started)))

    def _load(self) -> dict[str, Any]:
        if not self._world.exists():
            return {}
        state: dict[str, Any] = json.loads(self._world.read_text())
        return state

    async def _ping(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"servers": len(self.room.chassis), "pid": os.getpid()}

    async def _mend(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"mended": [f"{fault.kind} on server {fault.server}" for fault in self.room.mend()]}

    async def _faults(self, request: dict[str, Any]) -> dict[str, Any]:
        """What the room was built with: each fault with the server and the bay that it was put in."""
        boxes = self.room.chassis
        return {
            "faults": [
                fault.model_dump(mode="json") | {"server": boxes[fault.server - 1].name}
                for fault in self.scenario.faults
            ]
        }

    async def _lights(self, request: dict[str, Any]) -> dict[str, Any]:
        """What somebody who walks through the room sees lit: servers, and bays as server and slot."""
        boxes = self.room.chassis
        return {
            "servers": [box.name for box in boxes if box.bmc.identify],
            "bays": [(box.name, bay.slot) for box in boxes for bay in box.bays if bay.locate],
        }

    async def _sessions(self, request: dict[str, Any]) -> dict[str, Any]:
        """How many sessions are logged in at each BMC that has any."""
        return {"servers": {name: count for name, count in self.bmc.sessions().items() if count}}

    async def _swap(self, request: dict[str, Any]) -> dict[str, Any]:
        box = self.room.by_name(request["server"])
        how = request.get("how", "right")
        if how not in get_args(technician.How):
            raise ValueError(f"a drive is not swapped {how!r}")
        return {"serial": technician.visit(self.room, box, int(request["bay"]), how).serial}


def _settle(scenario: Scenario) -> Scenario:
    """The scenario on addresses that nobody else uses now: two rehearsals may run side by side."""
    for octet in [scenario.octet, *_OCTETS]:
        candidate = scenario.model_copy(update={"octet": octet})
        if _free(candidate):
            port = scenario.maas_port
            if port and not _can_bind("127.0.0.1", port, socket.SOCK_STREAM):
                port = 0
            return candidate.model_copy(update={"maas_port": port or _any_port()})
    raise OSError("every loopback network a rehearsal may use is taken")


def _free(scenario: Scenario) -> bool:
    bmc = str(scenario.ipmi.network_address + 11)
    return _can_bind(bmc, scenario.bmc_port, socket.SOCK_DGRAM) and _can_bind(
        scenario.vip, scenario.api_port, socket.SOCK_STREAM
    )


def _can_bind(host: str, port: int, kind: socket.SocketKind) -> bool:
    with socket.socket(socket.AF_INET, kind) as trial:
        if kind is socket.SOCK_STREAM:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError:
            return False
    return True


def _any_port() -> int:
    with socket.socket() as trial:
        trial.bind(("127.0.0.1", 0))
        return int(trial.getsockname()[1])
