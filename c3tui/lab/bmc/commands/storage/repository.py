"""The SDR repository commands (IPMI chapter 33); every board has the same records."""

import struct
import time

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.sensors.sdr import repository

_STORAGE = 0x0A
_VERSION = 0x51
_WRITTEN = 1_609_459_200
"""When the repository was last changed, the same everywhere, so that consoles may share their caches."""
_WHOLE = 0xFF
_LAST = 0xFFFF
_RECORDS = repository()
_SIZE = sum(len(record) for record in _RECORDS)
REPOSITORY = Registry()


@REPOSITORY.add(_STORAGE, 0x20, Privilege.USER)
def get_info(call: Call) -> bytes:
    """Get SDR Repository Info (33.9): read only, with reservations and allocation information."""
    free = 0
    return struct.pack("<BHHIIB", _VERSION, len(_RECORDS), free, _WRITTEN, _WRITTEN, 0x03)


@REPOSITORY.add(_STORAGE, 0x21, Privilege.USER)
def get_allocation_info(call: Call) -> bytes:
    """Get SDR Repository Allocation Info (33.10): units of sixteen bytes, none free."""
    return struct.pack("<HHHHB", -(-_SIZE // 16), 16, 0, 0, 0)


@REPOSITORY.add(_STORAGE, 0x22, Privilege.USER)
def reserve(call: Call) -> bytes:
    """Reserve SDR Repository (33.11); an earlier reservation ends."""
    call.bmc.sdr_reservation = call.bmc.sdr_reservation % 0xFFFF + 1
    return struct.pack("<H", call.bmc.sdr_reservation)


@REPOSITORY.add(_STORAGE, 0x23, Privilege.USER, 6)
def get_record(call: Call) -> bytes:
    """Get SDR (33.12); a read from within a record wants the reservation."""
    reservation, number, offset, count = struct.unpack_from("<HHBB", call.data)
    if (offset or reservation) and reservation != call.bmc.sdr_reservation:
        raise Refused(Completion.RESERVATION_CANCELED)
    number = {0: 1, _LAST: len(_RECORDS)}.get(number, number)
    if number > len(_RECORDS):
        raise Refused(Completion.NOT_PRESENT)
    record = _RECORDS[number - 1]
    if offset >= len(record):
        raise Refused(Completion.OUT_OF_RANGE)
    following = number + 1 if number < len(_RECORDS) else _LAST
    end = len(record) if count == _WHOLE else offset + count
    part: bytes = record[offset:end]
    return struct.pack("<H", following) + part


@REPOSITORY.add(_STORAGE, 0x28, Privilege.USER)
def get_time(call: Call) -> bytes:
    """Get SDR Repository Time (33.17)."""
    return struct.pack("<I", int(time.time()))
