"""The system event log (IPMI 2.0, chapters 31 and 32): how long it is, and its entries in words."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from c3tui.clients.bmc.exchange import NOT_PRESENT, STORAGE, Ask, Denied, Reply, Request, need

LATEST = 0xFFFF
_FIRST, _END = 0x0000, 0xFFFF
_MOST = 10_000
_STANDARD_BELOW, _TIMED_BELOW = 0xC0, 0xE0
_CLOCK_NOT_SET = 0x20000000
"""Times below count seconds since the BMC started, not since 1970 (section 37)."""


@dataclass(frozen=True)
class SelEntry:
    """One entry of the log."""

    record: int
    at: datetime | None
    """By the BMC's clock, taken as UTC; None when the clock was not set."""
    sensor: str
    text: str
    asserted: bool = True
    """False when the condition went away."""

    def __str__(self) -> str:
        when = f"{self.at:%Y-%m-%d %H:%M} " if self.at else ""
        gone = "" if self.asserted else " (gone)"
        return f"{when}{self.sensor}: {self.text}{gone}"


@dataclass(frozen=True)
class Extent:
    """How many entries there are, and when the last was added and the last erased."""

    entries: int
    changed: bytes


INFO = Request(STORAGE, 0x40)
"""Asks how long the log is and when it changed."""


def extent(reply: Reply) -> Extent | None:
    """The answer to ``INFO``; None when the BMC keeps no log.

    Raises:
        Malformed: it is too short.
    """
    if reply.code:
        return None
    data = need(reply.data, 13, "SEL info")
    return Extent(int.from_bytes(data[1:3], "little"), data[5:13])


async def entry(ask: Ask, record: int, names: Mapping[int, str]) -> tuple[int, SelEntry]:
    """The id of the following entry, and the asked one. ``names``: sensor names by number.

    Raises:
        Denied: there is no such entry.
    """
    request = struct.pack("<HHBB", 0, record, 0, 0xFF)
    data = need(await ask(STORAGE, 0x43, request), 18, "SEL entry")
    return int.from_bytes(data[:2], "little"), decode(data[2:18], names)


async def latest(ask: Ask, names: Mapping[int, str]) -> SelEntry | None:
    """The newest entry, or None when the log is empty."""
    try:
        return (await entry(ask, LATEST, names))[1]
    except Denied as refusal:
        if refusal.code == NOT_PRESENT:
            return None
        raise


async def entries(ask: Ask, after: int | None, names: Mapping[int, str]) -> list[SelEntry]:
    """All entries, or those that follow the record ``after``. If that one was erased: all there are."""
    here = _FIRST
    if after is not None:
        try:
            here, _ = await entry(ask, after, names)
        except Denied as refusal:
            if refusal.code != NOT_PRESENT:
                raise
        if here == _END:
            return []
    found: list[SelEntry] = []
    while len(found) < _MOST:
        try:
            following, one = await entry(ask, here, names)
        except Denied as refusal:
            if refusal.code == NOT_PRESENT:
                break
            raise
        found.append(one)
        if following in (_END, here):
            break
        here = following
    return found


def decode(record: bytes, names: Mapping[int, str]) -> SelEntry:
    """A record of 16 bytes in words (section 32.1). Vendor records are shown in hexadecimal."""
    number, kind = int.from_bytes(record[:2], "little"), record[2]
    at = _time(record[3:7]) if kind < _TIMED_BELOW else None
    if kind >= _STANDARD_BELOW:
        return SelEntry(number, at, "vendor", f"record type 0x{kind:02X}: {record[7:].hex(' ')}")
    sensor_type, sensor_number, direction, data = record[10], record[11], record[12], record[13:16]
    asserted = not direction & 0x80
    return SelEntry(
        number,
        at,
        names.get(sensor_number) or _unnamed(sensor_type, sensor_number),
        _event(sensor_type, direction & 0x7F, data[0] & 0x0F),
        asserted,
    )


def _time(field: bytes) -> datetime | None:
    seconds = int.from_bytes(field, "little")
    return datetime.fromtimestamp(seconds, UTC) if _CLOCK_NOT_SET <= seconds < 0xFFFFFFFF else None


def _unnamed(sensor_type: int, number: int) -> str:
    """A sensor that only sends events has no name in the records: its type says what it watches."""
    from pyghmi.ipmi.private import constants

    return f"{constants.sensor_type_codes.get(sensor_type, 'sensor')} 0x{number:02X}"


def _event(sensor_type: int, event_type: int, offset: int) -> str:
    # Only the tables: they cost nothing to look at and hold what tables 42-2 and 42-3 say.
    from pyghmi.ipmi.private import constants

    table = (
        constants.sensor_type_offsets.get(sensor_type, {})
        if event_type == 0x6F
        else constants.generic_type_offsets.get(event_type, {})
    )
    described = table.get(offset, {}).get("desc")
    of = constants.sensor_type_codes.get(sensor_type, f"type 0x{sensor_type:02X}")
    return str(described or f"{of} event 0x{event_type:02X}/{offset}")
