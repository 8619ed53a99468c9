"""The FRU inventory commands (IPMI chapter 34)."""

import struct

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry

_STORAGE = 0x0A
INVENTORY = Registry()


def _content(call: Call) -> bytes:
    """The content of the FRU device of a request.

    Raises:
        Refused: this BMC has no such device.
    """
    if call.data[0] != 0:
        raise Refused(Completion.NOT_PRESENT)
    return call.bmc.fru


@INVENTORY.add(_STORAGE, 0x10, Privilege.USER, 1)
def get_area_info(call: Call) -> bytes:
    """Get FRU Inventory Area Info (34.1): accessed by bytes."""
    return struct.pack("<HB", len(_content(call)), 0)


@INVENTORY.add(_STORAGE, 0x11, Privilege.USER, 4)
def read(call: Call) -> bytes:
    """Read FRU Data (34.2); the last read may return less than it asked for."""
    content = _content(call)
    offset, count = struct.unpack_from("<HB", call.data, 1)
    if offset >= len(content):
        raise Refused(Completion.OUT_OF_RANGE)
    part = content[offset : offset + count]
    return bytes((len(part),)) + part
