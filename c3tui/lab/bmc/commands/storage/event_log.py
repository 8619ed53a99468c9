"""The event log commands (IPMI chapter 31)."""

import struct
import time

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.registry import Call, Registry
from c3tui.lab.bmc.sel import CAPACITY, RECORD_BYTES, EventLog

_STORAGE = 0x0A
_VERSION = 0x51
_WHOLE = 0xFF
_RESERVE, _OVERFLOW = 0x02, 0x80
_INITIATE, _STATUS = 0xAA, 0x00
_ERASED = 0x01
EVENT_LOG = Registry()


@EVENT_LOG.add(_STORAGE, 0x40, Privilege.USER)
def get_info(call: Call) -> bytes:
    """Get SEL Info (31.2)."""
    call.bmc.failed_drives()
    log = call.bmc.log
    free = (CAPACITY - len(log.entries)) * RECORD_BYTES
    added = int(log.entries[-1][0]) if log.entries else 0
    support = _RESERVE | (_OVERFLOW if log.overflow else 0)
    return struct.pack("<BHHIIB", _VERSION, len(log.entries), free, added, int(log.cleared), support)


@EVENT_LOG.add(_STORAGE, 0x42, Privilege.USER)
def reserve(call: Call) -> bytes:
    """Reserve SEL (31.4); an earlier reservation ends."""
    log = call.bmc.log
    log.reservation = log.reservation % 0xFFFF + 1
    return struct.pack("<H", log.reservation)


@EVENT_LOG.add(_STORAGE, 0x43, Privilege.USER, 6)
def get_entry(call: Call) -> bytes:
    """Get SEL Entry (31.5); a read from within a record wants the reservation."""
    reservation, number, offset, count = struct.unpack_from("<HHBB", call.data)
    if offset:
        _check(call.bmc.log, reservation)
    following, record = call.bmc.log.get(number)
    if offset >= len(record):
        raise Refused(Completion.OUT_OF_RANGE)
    end = len(record) if count == _WHOLE else offset + count
    return struct.pack("<H", following) + record[offset:end]


@EVENT_LOG.add(_STORAGE, 0x44, Privilege.OPERATOR, RECORD_BYTES)
def add_entry(call: Call) -> bytes:
    """Add SEL Entry (31.6)."""
    return struct.pack("<H", call.bmc.log.add(call.data[:RECORD_BYTES]))


@EVENT_LOG.add(_STORAGE, 0x47, Privilege.OPERATOR, 6)
def clear(call: Call) -> bytes:
    """Clear SEL (31.9): done by the time it is answered."""
    _check(call.bmc.log, int.from_bytes(call.data[:2], "little"))
    if call.data[2:5] != b"CLR" or call.data[5] not in (_INITIATE, _STATUS):
        raise Refused(Completion.INVALID_FIELD)
    if call.data[5] == _INITIATE:
        call.bmc.log.clear()
    return bytes((_ERASED,))


@EVENT_LOG.add(_STORAGE, 0x48, Privilege.USER)
def get_time(call: Call) -> bytes:
    """Get SEL Time (31.10)."""
    return struct.pack("<I", int(time.time()))


def _check(log: EventLog, reservation: int) -> None:
    if reservation == 0 or reservation != log.reservation:
        raise Refused(Completion.RESERVATION_CANCELED)
