"""The accounts of a BMC: user 1 without a name, user 2 the chassis' own (IPMI 22.26 to 22.30)."""

import hmac

from c3tui.lab.bmc.codes import Completion, Privilege, Refused
from c3tui.lab.bmc.commands.channel import check_channel
from c3tui.lab.bmc.registry import Call, Registry

_APP = 0x06
_USERS = 2
ACCOUNT = 2
_NO_ACCESS = 0x0F
_MESSAGING_AND_LINK = 0x30
_PASSWORD_WRONG, _PASSWORD_SIZE_WRONG = 0x80, 0x81
_DISABLE, _ENABLE, _SET, _TEST = range(4)
USERS = Registry()


def _user(value: int) -> int:
    """A user id that exists.

    Raises:
        Refused: it does not.
    """
    number = value & 0x3F
    if not 1 <= number <= _USERS:
        raise Refused(Completion.INVALID_FIELD)
    return number


def _text(data: bytes) -> str:
    try:
        return data.rstrip(b"\0").decode()
    except UnicodeDecodeError:
        raise Refused(Completion.INVALID_FIELD) from None


@USERS.add(_APP, 0x44, Privilege.OPERATOR, 2)
def get_user_access(call: Call) -> bytes:
    """Get User Access (22.27)."""
    check_channel(call.data[0])
    number = _user(call.data[1])
    access = _MESSAGING_AND_LINK | Privilege.ADMINISTRATOR if number == ACCOUNT else _NO_ACCESS
    enabled = 0x40 if number == ACCOUNT else 0x80
    return bytes((_USERS, enabled | 1, 0, access))


@USERS.add(_APP, 0x46, Privilege.OPERATOR, 1)
def get_user_name(call: Call) -> bytes:
    """Get User Name (22.29)."""
    name = call.bmc.box.bmc.user if _user(call.data[0]) == ACCOUNT else ""
    return name.encode()[:16].ljust(16, b"\0")


@USERS.add(_APP, 0x45, Privilege.ADMINISTRATOR, 17)
def set_user_name(call: Call) -> bytes:
    """Set User Name (22.28) of the one account that can have another."""
    name = _text(call.data[1:17])
    if _user(call.data[0]) != ACCOUNT or not name:
        raise Refused(Completion.INVALID_FIELD)
    call.bmc.box.bmc.user = name
    return b""


@USERS.add(_APP, 0x47, Privilege.ADMINISTRATOR, 2)
def set_user_password(call: Call) -> bytes:
    """Set User Password (22.30): set or test it; the account cannot be switched off."""
    number, operation, password = _user(call.data[0]), call.data[1] & 0x03, call.data[2:]
    if number != ACCOUNT or operation == _DISABLE:
        raise Refused(Completion.INVALID_FIELD)
    if operation == _ENABLE:
        return b""
    if len(password) != (20 if call.data[0] & 0x80 else 16):
        raise Refused(Completion.LENGTH_INVALID)
    if operation == _SET:
        call.bmc.box.bmc.password = _text(password)
    else:
        _test(call.bmc.box.bmc.password.encode(), password)
    return b""


def _test(secret: bytes, offered: bytes) -> None:
    if len(secret) > len(offered):
        raise Refused(_PASSWORD_SIZE_WRONG)
    if not hmac.compare_digest(secret.ljust(len(offered), b"\0"), offered):
        raise Refused(_PASSWORD_WRONG)
