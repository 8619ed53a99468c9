"""BMC logins out of a CSV file: faults by line, the good lines kept. No password is ever repeated."""

import csv
from dataclasses import dataclass, field
from io import StringIO

from pydantic import SecretStr

from c3tui.model.imports import LARGEST, LineFault
from c3tui.model.plan import ExpectedServer, Plan
from c3tui.model.secrets import BmcCredentials

HEADINGS = {
    "name": "server",
    "hostname": "server",
    "serial number": "serial",
    "bmc address": "bmc",
    "bmc ip": "bmc",
    "ipmi": "bmc",
    "ipmi address": "bmc",
    "address": "bmc",
    "username": "user",
    "login": "user",
    "pass": "password",
}
"""Other headings for server, serial, bmc, user and password."""
WHO = ("server", "serial", "bmc")
LONGEST = {"user": 16, "password": 20}
"""Characters of an IPMI 2.0 user name and password (IPMI v2.0, 22.28 and 22.30)."""


@dataclass
class Logins:
    """What a file holds."""

    by_server: dict[str, BmcCredentials] = field(default_factory=dict)
    faults: list[LineFault] = field(default_factory=list)


def read_logins(text: str, plan: Plan) -> Logins:
    """The logins of a CSV file with headings, separated by comma, semicolon or tab.

    Each line names its server by ``server``, ``serial`` or ``bmc`` address; where it gives several, they
    must agree. A server that is named twice is taken from neither line.
    """
    found = Logins()
    if len(text) > LARGEST:
        found.faults.append(LineFault(1, f"more than {LARGEST} characters: is this the right file?"))
        return found
    lines = text.removeprefix("\ufeff").splitlines()
    head = next((number for number, line in enumerate(lines) if line.strip()), None)
    if head is None:
        found.faults.append(LineFault(1, "the file is empty"))
        return found
    mark = max(",;\t", key=lines[head].count)
    columns = [HEADINGS.get(name, name) for name in (_word(cell) for cell in _cells(lines[head], mark))]
    if fault := _head_fault(columns):
        found.faults.append(LineFault(head + 1, fault))
        return found
    known = _Fleet(plan)
    seen: dict[str, int] = {}
    for number, line in enumerate(lines[head + 1 :], head + 2):
        if line.strip(" \t,;"):
            _take(found, known, seen, number, dict(zip(columns, _cells(line, mark), strict=False)))
    return found


def login_fault(user: str, password: str) -> str:
    """Why no BMC has such a login; empty when it may have. Never says the password."""
    if not user or not password:
        return "the user is missing" if not user else "the password is missing"
    for what, value in (("user", user), ("password", password)):
        if len(value.encode()) > LONGEST[what]:
            return f"the {what} is longer than the {LONGEST[what]} bytes that IPMI allows"
        if not value.isprintable():
            return f"the {what} holds a character that cannot be typed"
    return ""


class _Fleet:
    """Servers of the plan by what a line may call them."""

    def __init__(self, plan: Plan) -> None:
        self.by: dict[str, dict[str, ExpectedServer]] = {
            "server": {server.name: server for server in plan.servers},
            "serial": {server.serial.lower(): server for server in plan.servers if server.serial},
            "bmc": {str(server.bmc.address): server for server in plan.servers},
        }

    def find(self, cells: dict[str, str]) -> tuple[str, str]:
        """(name of the server, why not)."""
        names: list[str] = []
        for column in WHO:
            if value := cells.get(column, ""):
                server = self.by[column].get(value.lower())
                if server is None:
                    return "", f"no server of the plan has the {column} {value!r}"
                names.append(server.name)
        if not names:
            return "", f"it names no server: give {', '.join(WHO[:-1])} or {WHO[-1]}"
        if len(set(names)) > 1:
            return "", f"it means two servers: {' and '.join(dict.fromkeys(names))}"
        return names[0], ""


def _take(found: Logins, known: _Fleet, seen: dict[str, int], number: int, cells: dict[str, str]) -> None:
    name, fault = known.find(cells)
    user, password = cells.get("user", ""), cells.get("password", "")
    fault = fault or login_fault(user, password)
    if name and name in seen:
        found.by_server.pop(name, None)
        fault = f"{name} stands in line {seen[name]} already: neither was taken"
    if fault:
        found.faults.append(LineFault(number, fault))
    else:
        found.by_server[name] = BmcCredentials(user=user, password=SecretStr(password))
    if name:
        seen.setdefault(name, number)


def _head_fault(columns: list[str]) -> str:
    lacking = [name for name in ("user", "password") if name not in columns]
    if not any(name in columns for name in WHO):
        lacking.append(" or ".join(WHO))
    if lacking:
        # The line itself may be a password: a file without headings.
        return (
            f"no heading {lacking[0]!r}: the first line names the columns ({', '.join(WHO)}, user, password)"
        )
    twice = [name for name in columns if columns.count(name) > 1]
    return f"two columns are called {twice[0]}" if twice and twice[0] in (*WHO, "user", "password") else ""


def _cells(line: str, mark: str) -> list[str]:
    try:
        rows = list(csv.reader(StringIO(line), delimiter=mark, strict=True))
    except csv.Error:
        # A quote inside a password that nobody doubled: the line as it stands.
        return [cell.strip() for cell in line.split(mark)]
    return [cell.strip() for cell in rows[0]] if rows else []


def _word(cell: str) -> str:
    return " ".join(cell.lower().replace("_", " ").split())
