"""The chassis commands of IPMI 2.0 (chapter 28): power, identify LED, boot device, faults."""

from dataclasses import dataclass
from enum import IntEnum

from c3tui.clients.bmc.exchange import CHASSIS, Ask, Request, need

CONTROL_PATIENCE = 2.0
"""Seconds: a BMC may take long over a power command, and a repeated cycle would cycle twice."""
_POWER_FAULT_BITS = 0b0001_1000
"""Power control fault, power fault. Byte 1 of Get Chassis Status."""
_MISC_FAULT_BITS = 0b0000_1100
"""Cooling or fan fault, drive fault. Byte 3."""


class Control(IntEnum):
    """What Chassis Control can do (section 28.3)."""

    OFF = 0
    ON = 1
    CYCLE = 2


@dataclass(frozen=True)
class Status:
    """What Get Chassis Status says (section 28.2)."""

    on: bool
    fault: bool
    identify: bool | None
    """None when this BMC does not report the LED."""


STATUS = Request(CHASSIS, 0x01)
"""Asks for power, faults and LED at once."""


async def status(ask: Ask) -> Status:
    """Power, faults and LED, in one question."""
    return understood(await ask(*STATUS))


def understood(data: bytes) -> Status:
    """The answer to ``STATUS``.

    Raises:
        Malformed: it is too short.
    """
    need(data, 3, "chassis status")
    misc = data[2]
    return Status(
        on=bool(data[0] & 1),
        fault=bool(data[0] & _POWER_FAULT_BITS or misc & _MISC_FAULT_BITS),
        identify=bool(misc & 0b11_0000) if misc & 0b100_0000 else None,
    )


async def control(ask: Ask, action: Control) -> None:
    """Switch the power, at once and without asking the operating system."""
    await ask(CHASSIS, 0x02, bytes([action]), patience=CONTROL_PATIENCE)


async def identify_on(ask: Ask) -> None:
    """Light the identify LED until it is switched off."""
    await ask(CHASSIS, 0x04, b"\x00\x01")


async def identify_for(ask: Ask, seconds: int) -> None:
    """Light the identify LED for 1 to 255 seconds."""
    await ask(CHASSIS, 0x04, bytes([seconds]))


async def identify_off(ask: Ask) -> None:
    """Switch the identify LED off."""
    await ask(CHASSIS, 0x04, b"\x00")


_BOOT_FLAGS = 5
_VALID, _PERSISTENT, _UEFI, _PXE = 0x80, 0x40, 0x20, 0x04
_HOW, _DEVICE = _PERSISTENT | _UEFI, 0b11_1100


async def set_boot_pxe(ask: Ask, *, uefi: bool, persistent: bool) -> bytes:
    """Choose PXE for the next boot, or for every one; returns the two flag bytes that were set.

    The first request keeps the BMC from dropping the choice when no power command follows within
    60 seconds (table 28-14, parameter 3, bit 3).
    """
    await ask(CHASSIS, 0x08, b"\x03\x08")
    first = _VALID | (_PERSISTENT if persistent else 0) | (_UEFI if uefi else 0)
    flags = bytes([first, _PXE])
    await ask(CHASSIS, 0x08, bytes([_BOOT_FLAGS]) + flags + b"\x00\x00\x00")
    return flags


async def boot_flags(ask: Ask) -> bytes:
    """The first two bytes of the boot flags as the BMC holds them."""
    data = need(await ask(CHASSIS, 0x09, bytes([_BOOT_FLAGS, 0, 0])), 4, "boot options")
    return data[2:4]


def same_boot(held: bytes, wanted: bytes) -> bool:
    """Whether the BMC holds what was set. Its first byte counts only where it calls it valid."""
    device = held[1] & _DEVICE == wanted[1] & _DEVICE
    return device and (not held[0] & _VALID or held[0] & _HOW == wanted[0] & _HOW)
