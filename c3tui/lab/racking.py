"""Racks the servers of a scenario: everything about them follows from its seed."""

import random

from c3tui.lab.chassis import Bay, Bmc, Chassis, Drive, Nic
from c3tui.lab.scenario import Fault, FaultKind, Scenario

_VENDOR_NIC = "3c:ec:ef"
_VENDOR_BMC = "ac:1f:6b"


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
