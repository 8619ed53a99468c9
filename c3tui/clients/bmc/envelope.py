"""Sealed packets of an open RMCP+ session (IPMI 2.0, 13.6, 13.8, 13.28 to 13.30): AES-CBC-128 and HMAC.

A poll of a fleet is thousands of these, so keys and cipher contexts are made once for each session.
"""

import hmac
import os
import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

from c3tui.clients.bmc.exchange import Reply, Request

_RMCP = b"\x06\x00\xff\x07"
_HEADER = struct.Struct("<BBIIH")
_RMCPP, _SEALED, _SIGNED = 0x06, 0xC0, 0x40
_BLOCK = 16
_BMC, _CONSOLE = 0x20, 0x81
"""Addresses on the wire: the BMC's, and that of remote console software (table 5-4)."""
_SHORTEST = 8
"""Bytes of an answer: addresses, checksums, command and completion code."""
_TRAILER = b"\xff\xff\x02\x07"
"""Two bytes of pad, since header and whole blocks and trailer must fill words; next header (table 13-8)."""
_PADS = [bytes(range(1, length + 1)) + bytes([length]) for length in range(_BLOCK)]
"""The confidentiality pad with its length (table 13-20)."""


@dataclass(frozen=True)
class Keys:
    """What a login leaves: the session ids of both sides, the keys and the hash they agreed on."""

    console: int
    """The id by which the BMC addresses us."""
    bmc: int
    """The id by which we address the BMC, which is also the one that closes the session."""
    integrity: bytes
    confidentiality: bytes
    digest: str
    code_length: int


class Answer(NamedTuple):
    """An opened packet: what it answers, and with what."""

    netfn: int
    command: int
    number: int
    """The request's sequence number, 0 to 63."""
    reply: Reply


class Envelope:
    """Seals requests and opens answers of one session."""

    def __init__(self, keys: Keys) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher
        from cryptography.hazmat.primitives.ciphers.algorithms import AES
        from cryptography.hazmat.primitives.ciphers.modes import ECB

        self._keys = keys
        # Chaining done here needs only the bare block cipher, whose contexts keep; those of CBC do not.
        cipher = Cipher(AES(keys.confidentiality), ECB())
        self._encrypt = cipher.encryptor().update
        self._decrypt = cipher.decryptor().update
        self._sent = 0
        self._received = 0

    def seal(self, request: Request, number: int) -> bytes:
        """The datagram of a request; every sealing takes the session's next sequence number."""
        self._sent += 1
        payload = self._encrypted(_message(request, number))
        body = _HEADER.pack(_RMCPP, _SEALED, self._keys.bmc, self._sent, len(payload)) + payload
        body += _TRAILER
        return _RMCP + body + self._code(body)

    def open(self, datagram: bytes) -> Answer | None:
        """What a datagram of this session says; None for one that is forged, old, cut short or no answer."""
        length = self._keys.code_length
        if not hmac.compare_digest(self._code(datagram[4:-length]), datagram[-length:]):
            return None
        _, kind, console, sequence, size = _HEADER.unpack_from(datagram, 4)
        if console != self._keys.console or sequence < self._received:
            return None
        self._received = sequence
        payload = datagram[16 : 16 + size]
        message = self._decrypted(payload) if kind == _SEALED else payload
        if message is None or len(message) < _SHORTEST:
            return None
        return Answer(message[1] >> 2, message[5], message[4] >> 2, Reply(message[6], bytes(message[7:-1])))

    def _code(self, body: bytes) -> bytes:
        return hmac.digest(self._keys.integrity, body, self._keys.digest)[: self._keys.code_length]

    def _encrypted(self, message: bytes) -> bytes:
        plain = message + _PADS[-(len(message) + 1) % _BLOCK]
        blocks = [os.urandom(_BLOCK)]
        for start in range(0, len(plain), _BLOCK):
            blocks.append(self._encrypt(_xor(plain[start : start + _BLOCK], blocks[-1])))
        return b"".join(blocks)

    def _decrypted(self, payload: bytes) -> bytes | None:
        if len(payload) < 2 * _BLOCK or len(payload) % _BLOCK:
            return None
        plain = _xor(self._decrypt(payload[_BLOCK:]), payload[:-_BLOCK])
        pad = plain[-1]
        return plain[: -1 - pad] if pad < _BLOCK else None


def _xor(one: bytes, other: bytes) -> bytes:
    return (int.from_bytes(one, "little") ^ int.from_bytes(other, "little")).to_bytes(len(one), "little")


@lru_cache(maxsize=4096)
def _message(request: Request, number: int) -> bytes:
    """The message of a LAN packet with its two checksums (13.8). Polls ask the same few over and over."""
    first = bytes((_BMC, request.netfn << 2))
    second = bytes((_CONSOLE, number << 2, request.command)) + request.data
    return first + bytes((-sum(first) & 0xFF,)) + second + bytes((-sum(second) & 0xFF,))
