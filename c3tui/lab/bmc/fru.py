"""The FRU inventory of a chassis (IPMI Platform Management FRU Information Storage Definition 1.0)."""

from c3tui.lab.bmc.message import checksum
from c3tui.lab.chassis import Chassis

MANUFACTURER = "Supermicro"
BOARD = "X11DPH-T"
_ENGLISH = 25
_RACK_MOUNT = 0x17
_BUILT = 25 * 365 * 24 * 60
"""Manufacturing date, minutes from 1 January 1996: late 2020."""
_END = b"\xc1"


def inventory(box: Chassis) -> bytes:
    """The inventory of FRU device 0."""
    chassis = _area(bytes((_RACK_MOUNT,)), ["CSE-829HTS-R1K62LP", box.serial])
    board = _area(
        bytes((_ENGLISH,)) + _BUILT.to_bytes(3, "little"), [MANUFACTURER, BOARD, box.serial, BOARD, ""]
    )
    product = _area(
        bytes((_ENGLISH,)), [MANUFACTURER, box.product, box.product, "0123456789", box.serial, "", ""]
    )
    return _header(chassis, board) + chassis + board + product


def _header(chassis: bytes, board: bytes) -> bytes:
    """Offsets in units of eight bytes."""
    first = 1
    second = first + len(chassis) // 8
    third = second + len(board) // 8
    head = bytes((1, 0, first, second, third, 0, 0))
    return head + bytes((checksum(head),))


def _area(head: bytes, fields: list[str]) -> bytes:
    """Version, length in units of eight bytes, ``head``, the fields, padding and a checksum."""
    body = head + b"".join(bytes((0xC0 | len(text),)) + text.encode("ascii") for text in fields) + _END
    size = -(-(len(body) + 3) // 8)
    area = (bytes((1, size)) + body).ljust(size * 8 - 1, b"\0")
    return area + bytes((checksum(area),))
