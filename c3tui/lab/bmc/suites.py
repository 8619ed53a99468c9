"""Cipher suites 3 and 17: their algorithms, their keys, and what is refused (IPMI 13.27 to 13.32)."""

import hmac
import os
from dataclasses import dataclass

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC

from c3tui.lab.bmc.codes import Malformed, Status

_BLOCK = 16


@dataclass(frozen=True)
class Suite:
    """One cipher suite, by its algorithm numbers (IPMI table 22-20)."""

    number: int
    authentication: int
    integrity: int
    confidentiality: int
    digest: str
    check_length: int
    """Bytes of an authentication code on the wire: HMAC-SHA1-96 or HMAC-SHA256-128."""

    def mac(self, key: bytes, data: bytes) -> bytes:
        """The whole HMAC of ``data``."""
        return hmac.digest(key, data, self.digest)

    def check(self, key: bytes, data: bytes) -> bytes:
        """The HMAC of ``data``, cut to the length of an integrity check value."""
        return self.mac(key, data)[: self.check_length]


SUITES = (Suite(17, 3, 4, 1, "sha256", 16), Suite(3, 1, 1, 1, "sha1", 12))
"""Strongest first."""
_AUTHENTICATIONS = range(4)
_INTEGRITIES = range(5)
_CONFIDENTIALITIES = range(4)


def choose(proposal: tuple[int | None, int | None, int | None]) -> Suite | Status:
    """The suite for the proposed algorithms, or the status that refuses them.

    Args:
        proposal: authentication, integrity and confidentiality; None leaves the choice to the BMC.
    """
    for suite in SUITES:
        offered = (suite.authentication, suite.integrity, suite.confidentiality)
        if all(want in (None, have) for want, have in zip(proposal, offered, strict=True)):
            return suite
    authentication, integrity, confidentiality = (want or 0 for want in proposal)
    if authentication not in _AUTHENTICATIONS:
        return Status.INVALID_AUTHENTICATION_ALGORITHM
    if integrity not in _INTEGRITIES:
        return Status.INVALID_INTEGRITY_ALGORITHM
    if confidentiality not in _CONFIDENTIALITIES:
        return Status.INVALID_CONFIDENTIALITY_ALGORITHM
    return Status.NO_CIPHER_SUITE_MATCH


def records() -> bytes:
    """The suites as Get Channel Cipher Suites lists them (IPMI table 22-19)."""
    return b"".join(
        bytes(
            (0xC0, suite.number, suite.authentication, 0x40 | suite.integrity, 0x80 | suite.confidentiality)
        )
        for suite in reversed(SUITES)
    )


class Keys:
    """The integrity and confidentiality keys of one session, made from its session integrity key."""

    def __init__(self, suite: Suite, session_key: bytes) -> None:
        self.suite = suite
        self._integrity = suite.mac(session_key, b"\x01" * 20)
        self._cipher = AES(suite.mac(session_key, b"\x02" * 20)[:16])

    def check(self, covered: bytes) -> bytes:
        """The authentication code of a packet."""
        return self.suite.check(self._integrity, covered)

    def encrypt(self, plain: bytes) -> bytes:
        """AES-CBC-128 with its confidentiality header and trailer (IPMI table 13-20)."""
        pad = -(len(plain) + 1) % _BLOCK
        vector = os.urandom(_BLOCK)
        encryptor = Cipher(self._cipher, CBC(vector)).encryptor()
        return vector + encryptor.update(plain + bytes(range(1, pad + 1)) + bytes((pad,)))

    def decrypt(self, payload: bytes) -> bytes:
        """The reverse of ``encrypt``.

        Raises:
            Malformed: the length or the pad is wrong.
        """
        if len(payload) < 2 * _BLOCK or len(payload) % _BLOCK:
            raise Malformed("encrypted payload has no whole blocks")
        plain = Cipher(self._cipher, CBC(payload[:_BLOCK])).decryptor().update(payload[_BLOCK:])
        pad = plain[-1]
        if pad >= _BLOCK or plain[-1 - pad : -1] != bytes(range(1, pad + 1)):
            raise Malformed("confidentiality pad wrong")
        return plain[: -1 - pad]
