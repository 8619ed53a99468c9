"""Drives of the room: sound ones of each class, and what the faults of a scenario make of them."""

import random
from dataclasses import dataclass
from typing import Literal

from c3tui.lab.chassis import Chassis, Drive
from c3tui.lab.scenario import Fault, FaultKind, Media

SLOW_PACE = 0.4
WORN_PERCENT = 94
WORN_HOURS = 52_600
REALLOCATED_SECTORS = 387
LOGGED_ERRORS = 12


@dataclass(frozen=True)
class _Model:
    """What stands on the label of a model."""

    name: str
    serial: str
    """Pattern of its serial numbers."""
    wwn: str
    size: int
    rotational: bool
    transport: Literal["sata", "sas", "nvme"]
    firmware: str


_MODELS = {
    Media.HDD: _Model(
        "ST16000NM001G-2KK103", "ZL2{:05X}", "0x5000c500", 16_000_900_661_248, True, "sata", "SN03"
    ),
    Media.SSD: _Model(
        "MTFDDAK3T8TDS", "2141{:08X}", "0x500a0751", 3_840_755_982_336, False, "sata", "D3MU001"
    ),
    Media.NVME: _Model("KCD8XRUG3T84", "73B0X{:05X}", "0x8ce38ee3", 3_840_755_982_336, False, "nvme", "0105"),
    Media.SAS: _Model(
        "ST16000NM004J", "ZR5{:05X}0000C", "0x5000c500", 16_000_900_661_248, True, "sas", "E004"
    ),
}


def make_drive(rng: random.Random, number: int, like: Drive | None = None, media: Media = Media.HDD) -> Drive:
    """A sound data drive; ``like`` gives its model and size, else its class does."""
    model = _MODELS[media]
    label = _MODELS[media_of(like)] if like else model
    drive = Drive(
        serial=label.serial.format(number),
        model=model.name,
        wwn=f"{label.wwn}{rng.randrange(1 << 32):08x}",
        size=model.size,
        rotational=model.rotational,
        transport=model.transport,
        firmware=model.firmware,
        hours=rng.randrange(2, 60),
    )
    if like:
        same = ("model", "size", "rotational", "transport", "firmware")
        return drive.model_copy(update={name: getattr(like, name) for name in same})
    return drive


def system_drive(rng: random.Random, number: int) -> Drive:
    """The drive that the operating system goes on."""
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


def media_of(drive: Drive) -> Media:
    """The class of a drive."""
    if drive.transport == "nvme":
        return Media.NVME
    if drive.transport == "sas":
        return Media.SAS
    return Media.HDD if drive.rotational else Media.SSD


def break_drive(box: Chassis, fault: Fault) -> None:
    """Put a fault into the drive that the scenario names; the last bay's when it names none."""
    bay = box.bays[fault.bay if fault.bay is not None else len(box.bays) - 1]
    drive = bay.drive
    if drive is None:
        return
    match fault.kind:
        case FaultKind.DEAD_DRIVE:
            drive.failed = True
        case FaultKind.WORN_DRIVE if drive.rotational:
            drive.hours = WORN_HOURS
        case FaultKind.WORN_DRIVE:
            drive.condition.wear = WORN_PERCENT
        case FaultKind.SLOW_DRIVE:
            drive.condition.pace = SLOW_PACE
        case FaultKind.NO_SMART:
            drive.condition.smart = False
        case FaultKind.OVERRUNS:
            drive.condition.hangs_in = fault.detail or "*"
        case FaultKind.REALLOCATED:
            drive.condition.reallocated = REALLOCATED_SECTORS
        case FaultKind.LOGGED_ERRORS:
            drive.condition.logged_errors = LOGGED_ERRORS
        case FaultKind.WRONG_BAY:
            other = Media.SSD if drive.rotational else Media.HDD
            rng = random.Random(f"{box.serial}/{bay.slot}")
            bay.drive = make_drive(rng, 0x80000 + box.position * 100 + bay.slot, media=other)
