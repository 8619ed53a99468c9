"""All nodes: they come up, go down and are installed as the room's events say."""

import asyncio
import logging
import shutil
from collections.abc import Awaitable, Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

from c3tui.lab.chassis import Chassis
from c3tui.lab.control import Operation
from c3tui.lab.nodes import processes
from c3tui.lab.nodes.block import devices
from c3tui.lab.nodes.host import Host
from c3tui.lab.nodes.system import System
from c3tui.lab.room import Event, Room
from c3tui.lab.scenario import FaultKind

_log = logging.getLogger(__name__)

CNI_DIRECTORY = "etc/cni/net.d"
"""Below a node's home: where its kubelet looks for the network's configuration."""


class NodesLab:
    """The SSH side of every server that has a system installed.

    Args:
        room: whose servers these are.
        directory: holds a folder for each server; kept over restarts.
        control: socket of the lab's control, given to the stand-in commands.
        state: what :meth:`dump` told in an earlier life.
    """

    def __init__(
        self, room: Room, directory: Path, control: Path, state: dict[str, Any] | None = None
    ) -> None:
        self.room = room
        self.directory = directory.absolute()
        self.control = control.absolute()
        self._installations: dict[str, int] = dict((state or {}).get("installations", {}))
        self._port = 0
        self._stand_ins = self.directory / "stand-ins"
        self._hosts: dict[str, Host] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._open = False

    async def start(self, port: int) -> None:
        """Put the stand-in commands in place and let the running systems answer on ``port``."""
        self._port = port
        self._open = True
        self.directory.mkdir(parents=True, exist_ok=True)
        _copy_stand_ins(self._stand_ins)
        processes.kill(self.directory)
        for box in self.room.chassis:
            if not box.os_name:
                self._system(box).remove()
            elif box.os_running:
                self._follow(box)
        self.room.listen(self._on_event)
        await self.settled()

    async def close(self) -> None:
        """Stop answering and end everything that runs on the nodes."""
        self._open = False
        await self.settled()
        await asyncio.gather(*(host.stop() for host in self._hosts.values()))
        self._hosts.clear()
        processes.kill(self.directory)

    async def settled(self) -> None:
        """Wait until every event so far has had its effect."""
        while self._tasks:
            await asyncio.wait(list(self._tasks))

    def dump(self) -> dict[str, Any]:
        """What a later life must know beyond the files: how often each server was installed."""
        return {"installations": dict(self._installations)}

    def cni_ready(self, box: Chassis) -> bool:
        """Whether the node's kubelet would find a network configuration."""
        return any((self._system(box).tree / CNI_DIRECTORY).glob("*.conflist"))

    def operations(self) -> dict[str, Operation]:
        """What the stand-in commands ask the room: block devices, locate LEDs, whether to fail a task."""
        return {"lsblk": self._lsblk, "locate": self._locate, "task-fault": self._task_fault}

    async def _lsblk(self, request: dict[str, Any]) -> dict[str, Any]:
        return {"blockdevices": devices(self.room.by_name(request["node"]))}

    async def _locate(self, request: dict[str, Any]) -> dict[str, Any]:
        """Switch the locate LED of the bay of a ``device`` or a ``slot``, if told how; tell how it is."""
        box = self.room.by_name(request["node"])
        slot, name = request.get("slot"), request.get("device")
        for bay in box.bays:
            if bay.slot == slot or (bay.drive and bay.kernel_name == name):
                bay.locate = bool(request.get("on", bay.locate))
                return {"lit": bay.locate}
        return {"error": f"no bay holds {name or slot}"}

    async def _task_fault(self, request: dict[str, Any]) -> dict[str, Any]:
        box = self.room.by_name(request["node"])
        for fault in self.room.faults:
            due = fault.kind is FaultKind.TASK_FAILS and fault.detail in ("", request["task"])
            if due and self.room.fault_of(box, FaultKind.TASK_FAILS, fault.detail) is fault:
                return {"fail": self.room.spend(box, FaultKind.TASK_FAILS, fault.detail)}
        return {"fail": False}

    def _system(self, box: Chassis) -> System:
        return System(box, self.directory, self.room.scenario.cluster)

    def _on_event(self, event: Event, box: Chassis) -> None:
        if not self._open:
            return
        if event in ("os-up", "os-down"):
            self._follow(box)
        elif event == "installed":
            self._spawn(box, lambda: self._install(box))
        elif event in ("drive-pulled", "drive-inserted") and self._system(box).exists:
            self._system(box).link_devices()

    def _follow(self, box: Chassis) -> None:
        if not box.os_running:
            processes.kill(self._system(box).tree)
        self._spawn(box, lambda: self._match(box))

    def _spawn(self, box: Chassis, work: Callable[[], Awaitable[None]]) -> None:
        async def in_turn() -> None:
            async with self._locks.setdefault(box.name, asyncio.Lock()):
                try:
                    await work()
                except OSError as error:
                    _log.error("%s does not come up at %s: %s", box.name, box.address, error)

        task = asyncio.get_running_loop().create_task(in_turn())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _match(self, box: Chassis) -> None:
        """Make the listener what the power of the server says now."""
        if host := self._hosts.pop(box.name, None):
            await host.stop()
        if not (box.os_running and box.address and self._open):
            return
        system = self._system(box)
        if not system.exists:
            await self._install(box)
        system.boot()
        host = Host(system, self._stand_ins / "bin", self.control)
        await host.start(self._port)
        self._hosts[box.name] = host

    async def _install(self, box: Chassis) -> None:
        if host := self._hosts.pop(box.name, None):
            await host.stop()
        self._installations[box.name] = self._installations.get(box.name, 0) + 1
        self._system(box).install(self._installations[box.name])


def _copy_stand_ins(target: Path) -> None:
    """A copy that can be executed wherever the package lies and whatever modes it was packed with."""
    shutil.rmtree(target, ignore_errors=True)
    with as_file(files("assets") / "lab" / "node") as source:
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
    for command in (target / "bin").iterdir():
        command.chmod(0o755)
