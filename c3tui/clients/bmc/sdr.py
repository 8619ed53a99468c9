"""The sensor data records of a BMC (IPMI 2.0, chapter 33): fetched once per firmware, not per server."""

import asyncio
import hashlib
import json
import logging
import os
import struct
from dataclasses import dataclass
from pathlib import Path

from c3tui.clients.bmc import sensors
from c3tui.clients.bmc.exchange import (
    APP,
    BAD_LENGTH,
    NO_PRIVILEGE,
    NOT_PRESENT,
    NOT_THAT_MANY,
    RESERVATION_LOST,
    STORAGE,
    TOO_LONG,
    UNSPECIFIED,
    Ask,
    Denied,
    Malformed,
    need,
)
from c3tui.clients.bmc.sensors import Role, Sensor

log = logging.getLogger(__name__)

_HEADER = 5
_PIECE = 16
"""Bytes of a partial read that every BMC grants."""
_LAST = 0xFFFF
_MOST = 2000
_NOT_WHOLE = (NOT_THAT_MANY, TOO_LONG, BAD_LENGTH, UNSPECIFIED)
"""Codes with which BMCs refuse to hand out a whole record at once."""


@dataclass
class Sensors:
    """The sensors of one firmware, shared by all servers that run it."""

    all: list[Sensor]

    def __post_init__(self) -> None:
        self.names = {sensor.number: sensor.name for sensor in self.all}
        """By number, for the event log."""
        self.chosen = sensors.choose(self.all)
        """Those worth reading."""
        self.inlet = next((sensor for role, sensor in self.chosen if role is Role.INLET), None)
        self.others = [sensor for role, sensor in self.chosen if role is not Role.INLET]


class Repository:
    """The sensors of every firmware seen, in memory and, given a directory, on disk."""

    def __init__(self, directory: Path | None = None) -> None:
        self._directory = directory
        self._known: dict[str, Sensors] = {}
        self._fetching: dict[str, asyncio.Lock] = {}

    async def sensors(self, ask: Ask) -> Sensors:
        """The sensors behind ``ask``. The first server of a firmware fetches them, its equals wait for it.

        The key holds everything Get Device ID and Get SDR Repository Info say that changes with the records.
        """
        identity = await ask(APP, 0x01)
        try:
            info = need(await ask(STORAGE, 0x20), 13, "SDR repository info")
        except Denied as refusal:
            if refusal.code == NO_PRIVILEGE:
                raise
            return Sensors([])
        key = (identity + info[:3] + info[5:13]).hex()
        async with self._fetching.setdefault(key, asyncio.Lock()):
            if key not in self._known:
                records = self._load(key)
                if records is None:
                    records = await _fetch(ask)
                    self._save(key, records)
                self._known[key] = Sensors([found for record in records if (found := sensors.parse(record))])
        return self._known[key]

    def _path(self, key: str) -> Path | None:
        name = f"sdr-{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"
        return self._directory / name if self._directory else None

    def _load(self, key: str) -> list[bytes] | None:
        path = self._path(key)
        if path is None:
            return None
        try:
            held = json.loads(path.read_text())
            return [bytes.fromhex(record) for record in held["records"]] if held["key"] == key else None
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError):
            log.warning("sensor records in %s cannot be read; fetching them anew", path)
            return None

    def _save(self, key: str, records: list[bytes]) -> None:
        path = self._path(key)
        if path is None:
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            fresh = path.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps({"key": key, "records": [record.hex() for record in records]}))
            fresh.replace(path)
        except OSError as error:
            log.warning("sensor records cannot be kept in %s: %s", path, error)


async def _fetch(ask: Ask) -> list[bytes]:
    records: list[bytes] = []
    reader = _Reader(ask)
    record_id = 0
    while record_id != _LAST and len(records) < _MOST:
        try:
            following, record = await reader.read(record_id)
        except Denied as refusal:
            if refusal.code == NOT_PRESENT:
                break
            raise
        if following == record_id:
            raise Malformed(f"SDR record 0x{record_id:04X} names itself as the next one")
        records.append(record)
        record_id = following
    return records


class _Reader:
    """Reads records whole, or in pieces once the BMC has refused that."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._whole = True

    async def read(self, record_id: int) -> tuple[int, bytes]:
        if self._whole:
            try:
                return await self._part(0, record_id, 0, 0xFF)
            except Denied as refusal:
                if refusal.code not in _NOT_WHOLE:
                    raise
                self._whole = False
        for attempt in range(4):
            try:
                return await self._in_pieces(record_id)
            except Denied as refusal:
                if refusal.code != RESERVATION_LOST or attempt == 3:
                    raise
        raise AssertionError("unreachable")

    async def _in_pieces(self, record_id: int) -> tuple[int, bytes]:
        granted = need(await self._ask(STORAGE, 0x22), 2, "SDR reservation")
        reservation = int.from_bytes(granted[:2], "little")
        following, record = await self._part(reservation, record_id, 0, _HEADER)
        length = _HEADER + need(record, _HEADER, "SDR header")[4]
        while len(record) < length:
            wanted = min(_PIECE, length - len(record))
            _, piece = await self._part(reservation, record_id, len(record), wanted)
            record += need(piece, 1, "SDR piece")[:wanted]
        return following, record

    async def _part(self, reservation: int, record_id: int, offset: int, count: int) -> tuple[int, bytes]:
        request = struct.pack("<HHBB", reservation, record_id, offset, count)
        answer = need(await self._ask(STORAGE, 0x23, request), 3, "SDR record")
        return int.from_bytes(answer[:2], "little"), answer[2:]
