"""Racks the servers of a scenario: everything about them follows from its seed."""

import random

from c3tui.lab.chassis import Bay, Bmc, Chassis, Dimm, Nic
from c3tui.lab.drives import break_drive, make_drive, system_drive
from c3tui.lab.scenario import Fault, FaultKind, Media, Scenario

_VENDOR_NIC = "3c:ec:ef"
_VENDOR_BMC = "ac:1f:6b"
MEMORY_SLOTS = [f"P{cpu}-DIMM{channel}{nth}" for cpu in (1, 2) for channel in "ABCD" for nth in (1, 2)]


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
    return [*boxes, *(_stray(scenario, number) for number in range(1, scenario.strays + 1))]


def _stray(scenario: Scenario, number: int) -> Chassis:
    """A sound server that nobody told of, some addresses and a rack beyond the others."""
    position = scenario.servers + 20 + number
    box = _make_chassis(scenario, random.Random(f"{scenario.seed}/stray/{number}"), position)
    return box.model_copy(update={"name": f"stray-{number:02d}", "planned": False})


def _break(box: Chassis, fault: Fault) -> None:
    if fault.kind is FaultKind.DEAD_BMC:
        box.bmc.alive = False
    elif fault.kind is FaultKind.WRONG_PASSWORD:
        box.bmc.password = f"label-{box.serial}"
    else:
        break_drive(box, fault)


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
        slots=MEMORY_SLOTS,
        dimms=[Dimm(slot=slot, size_mib=16384) for slot in MEMORY_SLOTS[::2]],
        switch=f"sw-r{zero // scenario.servers_per_rack + 1:02d}",
        nics=[
            Nic(name="eno1", mac=f"{_VENDOR_NIC}:00:{tail}", speed=10000),
            Nic(name="eno2", mac=f"{_VENDOR_NIC}:01:{tail}", speed=25000),
        ],
        bays=[_make_bay(scenario, rng, position, slot) for slot in range(scenario.bays)],
        bmc=Bmc(address=bmc_address, mac=f"{_VENDOR_BMC}:00:{tail}"),
    )


def _make_bay(scenario: Scenario, rng: random.Random, position: int, slot: int) -> Bay:
    number = (position - 1) * scenario.bays + slot + 1
    media = scenario.media_of(slot)
    if slot == 0 and media is Media.SSD:
        drive = system_drive(rng, number)
    else:
        drive = make_drive(rng, number, media=media)
    by_path, name = f"pci-0000:3b:00.0-sas-phy{slot}-lun-0", kernel_name(slot)
    if media is Media.NVME:
        index = sorted(scenario.media[media]).index(slot)
        by_path, name = f"pci-0000:{0x5E + index:02x}:00.0-nvme-1", f"nvme{index}n1"
    return Bay(slot=slot, by_path=f"/dev/disk/by-path/{by_path}", kernel_name=name, drive=drive)


def kernel_name(slot: int) -> str:
    """``sda`` for the first bay, ``sdaa`` for the 27th."""
    name = ""
    slot += 1
    while slot:
        slot, letter = divmod(slot - 1, 26)
        name = chr(97 + letter) + name
    return f"sd{name}"
