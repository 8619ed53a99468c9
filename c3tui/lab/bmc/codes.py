"""The numbers of IPMI that several places need: privileges, completion codes, RMCP+ status codes."""

from enum import IntEnum


class Privilege(IntEnum):
    """Privilege levels (IPMI 6.8). ``NONE`` is for commands that need no session."""

    NONE = 0
    CALLBACK = 1
    USER = 2
    OPERATOR = 3
    ADMINISTRATOR = 4


class Completion(IntEnum):
    """Completion codes (IPMI table 5-2)."""

    OK = 0x00
    PARAMETER_NOT_SUPPORTED = 0x80
    """Of the get and set parameter commands."""
    INVALID_COMMAND = 0xC1
    INVALID_FOR_LUN = 0xC2
    OUT_OF_SPACE = 0xC4
    RESERVATION_CANCELED = 0xC5
    LENGTH_INVALID = 0xC7
    OUT_OF_RANGE = 0xC9
    NOT_PRESENT = 0xCB
    INVALID_FIELD = 0xCC
    INSUFFICIENT_PRIVILEGE = 0xD4
    NOT_IN_PRESENT_STATE = 0xD5


class Status(IntEnum):
    """RMCP+ and RAKP status codes (IPMI table 13-15)."""

    OK = 0x00
    INSUFFICIENT_RESOURCES = 0x01
    INVALID_SESSION = 0x02
    INVALID_AUTHENTICATION_ALGORITHM = 0x04
    INVALID_INTEGRITY_ALGORITHM = 0x05
    INVALID_ROLE = 0x09
    UNAUTHORIZED_ROLE = 0x0A
    INVALID_NAME_LENGTH = 0x0C
    UNAUTHORIZED_NAME = 0x0D
    INVALID_INTEGRITY_CHECK = 0x0F
    INVALID_CONFIDENTIALITY_ALGORITHM = 0x10
    NO_CIPHER_SUITE_MATCH = 0x11


class Malformed(Exception):
    """A datagram that means nothing; IPMI 13.1 says to drop it without an answer."""


class Refused(Exception):
    """A command answered with a completion code other than OK."""

    def __init__(self, code: int) -> None:
        super().__init__(f"completion code {code:#04x}")
        self.code = code
