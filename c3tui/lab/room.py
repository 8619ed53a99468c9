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

from pydantic import BaseModel

from c3tui.lab.scenario import Fault, FaultKind, Scenario

POST_SECONDS = 90.0
"""From power-on to the first PXE request or the boot loader."""
OS_BOOT_SECONDS = 40.0
BMC_USER = "ADMIN"
BMC_PASSWORD = "rehearsal-bmc-pass"
_VENDOR_NIC = "3c:ec:ef"
_VENDOR_BMC = "ac:1f:6b"


class Drive(BaseModel):
    """A drive as it lies in the hand."""

    serial: str
    model: str
    wwn: str
    size: int
    """Bytes."""
    rotational: bool
    transport: Literal["sata", "nvme"]
    firmware: str
    hours: int
    failed: bool = False
    """SMART overall status FAILED, with reallocated and pending sectors."""
    contents: str = ""
    """Empty, ``os``, ``filesystem`` or ``osd.<id>``."""

    @property
    def by_id(self) -> str:
        """The udev link that follows the drive."""
        if self.transport == "nvme":
            return f"/dev/disk/by-id/nvme-{self.model}_{self.serial}"
        return f"/dev/disk/by-id/wwn-{self.wwn}"


class Bay(BaseModel):
    """A slot; ``kernel_name`` and ``by_path`` belong to the slot in this room."""

    slot: int
    by_path: str
    kernel_name: str
    drive: Drive | None = None


class Nic(BaseModel):
    """A network port."""

    name: str
    mac: str
    speed: int
    """Mbit/s."""


class Bmc(BaseModel):
    """The management controller of a server."""

    address: str
    mac: str
    user: str = BMC_USER
    password: str = BMC_PASSWORD
    alive: bool = True
    identify: bool = False
    boot_device: str = ""
    """``pxe``, ``disk`` or empty; used for the next boot only unless ``boot_persistent``."""
    boot_persistent: bool = False
    sel: list[tuple[float, str, int, int]] = []
    """Event log: (unix time, sensor name, event type, event data 1)."""


class Chassis(BaseModel):
    """One server."""

    name: str
    """As the label on its front; MAAS and C3 learn names their own way."""
    position: int
    rack: str
    unit: int
    serial: str
    product: str
    cpus: int
    memory_mib: int
    nics: list[Nic]
    bays: list[Bay]
    bmc: Bmc
    powered: bool = False
    os_running: bool = False
    os_name: str = ""
    """Installed system, such as ``ubuntu/noble``; empty on a bare server."""
    hostname: str = ""
    """Of the installed system."""
    address: str = ""
    """Of the installed system's br0; where its SSH answers."""
    authorized_keys: list[str] = []
    """Of the installed system's first user, as cloud-init got them."""

    @property
    def pxe_mac(self) -> str:
        """The MAC that asks for PXE."""
        return self.nics[0].mac

    def bay_of(self, serial: str) -> Bay | None:
        """The bay that holds the drive of this serial."""
        return next((bay for bay in self.bays if bay.drive and bay.drive.serial == serial), None)


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
        """Pull what sits in a bay and put in ``drive``, or a new one like the old, with a new serial.

        Raises:
            KeyError: the chassis has no such bay.
        """
        bay = next((bay for bay in box.bays if bay.slot == slot), None)
        if bay is None:
            raise KeyError(f"{box.name} has no bay {slot}")
        old = bay.drive
        bay.drive = None
        self.emit("drive-pulled", box)
        if drive is None:
            self._drives_made += 1
            drive = make_drive(
                random.Random(f"{self.scenario.seed}/{self._drives_made}"), self._drives_made, old
            )
        bay.drive = drive
        self.marks.discard((box.name, slot))
        self.emit("drive-inserted", box)
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


def build(scenario: Scenario) -> list[Chassis]:
    """The servers of a scenario, with its faults in place."""
    rng = random.Random(scenario.seed)
    boxes = [_make_chassis(scenario, rng, position) for position in range(1, scenario.servers + 1)]
    for fault in scenario.faults:
        _break(boxes[fault.server - 1], fault)
    for box in boxes:
        if rng.random() < scenario.bmc.dead_share:
            box.bmc.alive = False
        elif rng.random() < scenario.bmc.wrong_password_share:
            box.bmc.password = f"label-{box.serial}"
    return boxes


def _break(box: Chassis, fault: Fault) -> None:
    if fault.kind is FaultKind.DEAD_BMC:
        box.bmc.alive = False
    elif fault.kind is FaultKind.WRONG_PASSWORD:
        box.bmc.password = f"label-{box.serial}"
    elif fault.kind is FaultKind.DEAD_DRIVE:
        bay = box.bays[fault.bay if fault.bay is not None else len(box.bays) - 1]
        if bay.drive:
            bay.drive.failed = True


def _make_chassis(scenario: Scenario, rng: random.Random, position: int) -> Chassis:
    zero = position - 1
    high, low = divmod(zero + 10, 250)
    bmc_address = str(scenario.ipmi.network_address + (high << 8) + low + 1)
    tail = f"{position >> 8 & 255:02x}:{position & 255:02x}"
    return Chassis(
        name=f"c3-{position:03d}",
        position=position,
        rack=f"r{zero // scenario.servers_per_rack + 1:02d}",
        unit=(zero % scenario.servers_per_rack) * 2 + 1,
        serial=f"S{scenario.seed % 1000:03d}LAB{position:05d}",
        product="SYS-6029P-E1CR12L",
        cpus=32,
        memory_mib=131072,
        nics=[
            Nic(name="eno1", mac=f"{_VENDOR_NIC}:00:{tail}", speed=10000),
            Nic(name="eno2", mac=f"{_VENDOR_NIC}:01:{tail}", speed=25000),
        ],
        bays=[_make_bay(scenario, rng, position, slot) for slot in range(scenario.bays)],
        bmc=Bmc(address=bmc_address, mac=f"{_VENDOR_BMC}:00:{tail}"),
    )


def _make_bay(scenario: Scenario, rng: random.Random, position: int, slot: int) -> Bay:
    number = (position - 1) * scenario.bays + slot + 1
    drive = _system_drive(rng, number) if slot == 0 else make_drive(rng, number)
    return Bay(
        slot=slot,
        by_path=f"/dev/disk/by-path/pci-0000:3b:00.0-sas-phy{slot}-lun-0",
        kernel_name=kernel_name(slot),
        drive=drive,
    )


def kernel_name(slot: int) -> str:
    """``sda`` for the first bay, ``sdaa`` for the 27th."""
    name = ""
    slot += 1
    while slot:
        slot, letter = divmod(slot - 1, 26)
        name = chr(97 + letter) + name
    return f"sd{name}"


def _system_drive(rng: random.Random, number: int) -> Drive:
    return Drive(
        serial=f"PHYG{number:06d}480BGN",
        model="INTEL SSDSC2KB480G8",
        wwn=f"0x55cd2e41{rng.randrange(1 << 32):08x}",
        size=480_103_981_056,
        rotational=False,
        transport="sata",
        firmware="XCV10132",
        hours=rng.randrange(20, 400),
    )


def make_drive(rng: random.Random, number: int, like: Drive | None = None) -> Drive:
    """A sound data drive; ``like`` gives its model and size."""
    return Drive(
        serial=f"ZL2{number:05X}",
        model=like.model if like else "ST16000NM001G-2KK103",
        wwn=f"0x5000c500{rng.randrange(1 << 32):08x}",
        size=like.size if like else 16_000_900_661_248,
        rotational=like.rotational if like else True,
        transport=like.transport if like else "sata",
        firmware=like.firmware if like else "SN03",
        hours=rng.randrange(2, 60),
    )


async def settle(task: asyncio.Task[None]) -> None:
    """Wait for a cancelled task to be gone."""
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
