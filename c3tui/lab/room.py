"""The machine room: servers, bays, drives and BMCs, and what power and boot do to them.

Every protocol server of the lab looks at this one world, so power by IPMI is the power MAAS sees,
and a drive that fails a test is the drive Ceph would have got.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Literal

from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER, Chassis, Drive
from c3tui.lab.drives import make_drive, media_of
from c3tui.lab.racking import build
from c3tui.lab.scenario import Fault, FaultKind, Scenario

POST_SECONDS = 90.0
"""From power-on to the first PXE request or the boot loader."""
OS_BOOT_SECONDS = 40.0


class Clock:
    """Simulated time: it runs ``speed`` times as fast as the wall clock."""

    def __init__(self, speed: float) -> None:
        self.speed = speed
        self._zero = time.monotonic()

    def elapsed(self) -> float:
        """Simulated seconds since the room opened."""
        return (time.monotonic() - self._zero) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Let simulated seconds pass."""
        await asyncio.sleep(seconds / self.speed)


Event = Literal[
    "power", "os-up", "os-down", "installed", "drive-pulled", "drive-inserted", "identify", "fault"
]
Listener = Callable[[Event, Chassis], None]
Netboot = Callable[[Chassis], Awaitable[bool]]
"""Serves a PXE boot; True sends the server on to its own disk."""


class Room:
    """The world, with its clock, its listeners and the boots under way."""

    def __init__(self, scenario: Scenario, chassis: list[Chassis] | None = None) -> None:
        self.scenario = scenario
        self.rng = random.Random(scenario.seed)
        self.clock = Clock(scenario.speed)
        self.faults: list[Fault] = [fault.model_copy() for fault in scenario.faults]
        self.chassis = chassis if chassis is not None else build(scenario)
        self.netboot: Netboot | None = None
        self.marks: set[tuple[str, int]] = set()
        """Bays the technician should visit: (chassis name, slot)."""
        self._listeners: list[Listener] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._boots: dict[str, asyncio.Task[None]] = {}
        self._drives_made = sum(len(box.bays) for box in self.chassis)

    def by_name(self, name: str) -> Chassis:
        """The chassis of that name, or of that installed host name.

        Raises:
            KeyError: there is none.
        """
        for box in self.chassis:
            if name in (box.name, box.hostname):
                return box
        raise KeyError(name)

    def by_mac(self, mac: str) -> Chassis | None:
        """The chassis with that network port."""
        return next((box for box in self.chassis if any(nic.mac == mac.lower() for nic in box.nics)), None)

    def by_bmc(self, address: str) -> Chassis | None:
        """The chassis whose BMC has that address."""
        return next((box for box in self.chassis if box.bmc.address == address), None)

    def listen(self, listener: Listener) -> None:
        """Tell ``listener`` of every event, in the room's loop; it must not block."""
        self._listeners.append(listener)

    def emit(self, event: Event, box: Chassis) -> None:
        """Tell every listener."""
        for listener in self._listeners:
            listener(event, box)

    def spawn(self, work: Coroutine[object, object, None]) -> asyncio.Task[None]:
        """Run something of the room's in the background until the room closes."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def power_on(self, box: Chassis) -> None:
        """Press the button; nothing happens when it is on."""
        if not box.powered:
            box.powered = True
            box.boots += 1
            self.emit("power", box)
            self._boot(box)

    def power_off(self, box: Chassis) -> None:
        """Cut the power; whatever ran on it stops."""
        if boot := self._boots.pop(box.name, None):
            boot.cancel()
        if box.os_running:
            box.os_running = False
            self.emit("os-down", box)
        if box.powered:
            box.powered = False
            self.emit("power", box)

    def power_cycle(self, box: Chassis) -> None:
        """Off and on again."""
        self.power_off(box)
        self.power_on(box)

    def resume(self) -> None:
        """Boot every server that has power: for a room restored from disk."""
        for box in self.chassis:
            box.os_running = False
            if box.powered:
                self._boot(box)

    def swap(self, box: Chassis, slot: int, *, drive: Drive | None = None) -> Drive:
        """Pull what sits in a bay and put in ``drive``, or a new one of the kind that belongs there.

        Raises:
            KeyError: the chassis has no such bay.
        """
        bay = box.bay(slot)
        old = bay.drive
        bay.drive = None
        self.emit("drive-pulled", box)
        bay.drive = drive or self.new_drive(box, slot, old)
        bay.belongs = 0
        self.marks.discard((box.name, slot))
        self.emit("drive-inserted", box)
        return bay.drive

    def new_drive(self, box: Chassis, slot: int, old: Drive | None = None) -> Drive:
        """A sound drive from the shelf: like the old one, if that was of the class that belongs there."""
        self._drives_made += 1
        rng = random.Random(f"{self.scenario.seed}/{self._drives_made}")
        media = self.scenario.media_of(slot)
        like = old if old and media_of(old) is media else None
        drive = make_drive(rng, self._drives_made, like, media)
        if belongs := box.bay(slot).belongs:
            drive.size = belongs
        return drive

    def fault_of(self, box: Chassis, kind: FaultKind, detail: str = "") -> Fault | None:
        """The unmended fault of that kind on that server, or None."""
        for fault in self.faults:
            if (
                fault.kind is kind
                and fault.server == box.position
                and not fault.mended
                and detail in ("", fault.detail)
            ):
                return fault
        return None

    def spend(self, box: Chassis, kind: FaultKind, detail: str = "") -> bool:
        """Whether a fault that happens a number of times happens now; counts it down."""
        fault = self.fault_of(box, kind, detail)
        if fault is None or fault.times < 1:
            return False
        fault.times -= 1
        fault.mended = fault.times == 0
        return True

    def mend(self) -> list[Fault]:
        """Repair every fault that a person repairs at the server: BMCs and their passwords."""
        mended = []
        for fault in self.faults:
            box = self.chassis[fault.server - 1]
            if fault.mended or fault.kind not in (FaultKind.DEAD_BMC, FaultKind.WRONG_PASSWORD):
                continue
            box.bmc.alive = True
            box.bmc.user, box.bmc.password = BMC_USER, BMC_PASSWORD
            fault.mended = True
            mended.append(fault)
            self.emit("fault", box)
        return mended

    async def close(self) -> None:
        """Stop the boots and whatever else runs in the background."""
        tasks = [*self._tasks, *self._boots.values()]
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task

    def _boot(self, box: Chassis) -> None:
        task = self.spawn(self._boot_sequence(box))
        self._boots[box.name] = task

    async def _boot_sequence(self, box: Chassis) -> None:
        await self.clock.sleep(POST_SECONDS * self.rng.uniform(0.8, 1.2))
        device = box.bmc.boot_device or ("disk" if box.os_name else "pxe")
        if not box.bmc.boot_persistent:
            box.bmc.boot_device = ""
        if device == "pxe" and self.netboot is not None and not await self.netboot(box):
            return
        if not box.os_name:
            return
        await self.clock.sleep(OS_BOOT_SECONDS * self.rng.uniform(0.8, 1.2))
        box.os_running = True
        self.emit("os-up", box)


async def settle(task: asyncio.Task[None]) -> None:
    """Wait for a cancelled task to be gone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
