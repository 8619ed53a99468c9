"""One question and its answer, and the ways a BMC fails to give one: the words this package shares."""

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from pydantic import SecretStr

from c3tui.model.fleet import BmcState

CHASSIS, SENSOR, APP, STORAGE = 0x00, 0x04, 0x06, 0x0A
"""Network functions of requests (IPMI 2.0, table 5-1)."""

NODE_BUSY, INVALID_COMMAND, TIMED_OUT = 0xC0, 0xC1, 0xC3
RESERVATION_LOST, BAD_LENGTH, TOO_LONG, NOT_THAT_MANY = 0xC5, 0xC7, 0xC8, 0xCA
NOT_PRESENT, BAD_FIELD, NO_PRIVILEGE = 0xCB, 0xCC, 0xD4
UNSPECIFIED = 0xFF
"""Completion codes (IPMI 2.0, table 5-2)."""

_MEANING = {
    NODE_BUSY: "busy",
    INVALID_COMMAND: "command not supported",
    TIMED_OUT: "timed out inside the BMC",
    0xC4: "out of space",
    BAD_LENGTH: "request has a length it does not take",
    0xC9: "parameter out of range",
    NOT_PRESENT: "no such sensor, record or data",
    BAD_FIELD: "request has a field it does not take",
    0xCE: "answer could not be given",
    0xD0: "sensor records are being updated",
    0xD1: "firmware is being updated",
    0xD2: "the BMC is still starting",
    NO_PRIVILEGE: "privilege of this login is too low",
    0xD5: "not possible in the present state",
    0xD6: "command is disabled",
    UNSPECIFIED: "unspecified error",
}


@dataclass(frozen=True)
class Target:
    """A BMC to look after. ``address`` is an IP literal: names are never looked up."""

    name: str
    address: str
    port: int
    user: str
    password: SecretStr

    @property
    def place(self) -> str:
        """Address and port."""
        host = f"[{self.address}]" if ":" in self.address else self.address
        return f"{host}:{self.port}"

    @property
    def where(self) -> str:
        """The place as errors show it."""
        return f"{self.name} (BMC {self.place})"


@dataclass(frozen=True)
class Session:
    """An open session as the BMC numbers it, and the UDP port from which it was opened."""

    id: int
    port: int


class Request(NamedTuple):
    """A command to a BMC."""

    netfn: int
    command: int
    data: bytes = b""


class Reply(NamedTuple):
    """The answer to a request: completion code and data."""

    code: int
    data: bytes

    def granted(self) -> bytes:
        """The data.

        Raises:
            Denied: the completion code is another than 0.
        """
        if self.code:
            raise Denied(self.code)
        return self.data


class AskAll(Protocol):
    """Sends requests one after the other within a session and gives the answer to each."""

    def __call__(self, requests: Sequence[Request]) -> Awaitable[list[Reply]]:
        """
        Raises:
            Silent: no answer.
        """


class Ask(Protocol):
    """Sends one request within a session and gives the data of its answer."""

    def __call__(
        self, netfn: int, command: int, data: bytes = b"", *, patience: float = 0.0
    ) -> Awaitable[bytes]:
        """``patience``: seconds before the request is sent once more; 0 takes the round-trip time's word.

        Raises:
            Silent: no answer.
            Denied: an answer with a completion code other than 0.
        """


class Trouble(Exception):
    """What can go wrong in talking to a BMC. Stays inside this package."""


class Silent(Trouble):
    """The BMC did not answer, or the session is gone."""


class Malformed(Trouble):
    """The BMC answered with too few bytes or the wrong ones."""


class Denied(Trouble):
    """The BMC answered with a completion code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"{_MEANING.get(code, 'vendor code')} (0x{code:02X})")
        self.code = code


class NoLogin(Trouble):
    """The session could not be opened."""

    def __init__(self, state: BmcState, detail: str) -> None:
        super().__init__(detail)
        self.state = state
        self.detail = detail


def printable(text: str) -> str:
    """What a BMC says, without what would steer a terminal."""
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def need(data: bytes, length: int, what: str) -> bytes:
    """``data``, which must have at least ``length`` bytes.

    Raises:
        Malformed: it has fewer.
    """
    if len(data) < length:
        raise Malformed(f"{what} has {len(data)} bytes, at least {length} expected")
    return data
