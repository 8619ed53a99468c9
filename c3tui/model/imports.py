"""Expected servers out of a spreadsheet's CSV: faults by line, the good lines kept."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from pydantic import ValidationError

from c3tui.model.plan import ExpectedServer, Plan

LARGEST = 600_000
"""Characters of a file; a thousand servers are under 100,000."""
MOST_LINES = 20_000
LONGEST_LINE = 4096
NEEDED = ("rack", "unit", "bmc")
NAMES = {
    "hostname": "name",
    "server": "name",
    "u": "unit",
    "rack unit": "unit",
    "serial number": "serial",
    "bmc address": "bmc",
    "bmc ip": "bmc",
    "ipmi": "bmc",
    "ipmi address": "bmc",
    "bmc mac": "mac",
    "ipmi mac": "mac",
}
"""Other headings for name, rack, unit, serial, bmc, mac and profile."""
KNOWN = ("name", "rack", "unit", "serial", "bmc", "mac", "profile")


@dataclass(frozen=True)
class Row:
    """A server as a line of the file describes it."""

    line: int
    server: ExpectedServer
    given: frozenset[str]
    """Which columns had something in them: the others leave what the plan says."""


@dataclass(frozen=True)
class LineFault:
    """Why a line was not taken."""

    line: int
    message: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.message}"


@dataclass
class Imported:
    """What a file holds."""

    rows: list[Row] = field(default_factory=list)
    faults: list[LineFault] = field(default_factory=list)
    macs_only: list[str] = field(default_factory=list)
    """BMCs that are given by a MAC nobody knows the address of."""


def read_csv(text: str, plan: Plan, heard: Mapping[str, IPv4Address] | None = None) -> Imported:
    """The servers of a CSV file with headings, separated by comma, semicolon or tab.

    Each line stands for itself, so that an open quote spoils no other. A server without a name is called
    after its place. A BMC may be given by its MAC where ``heard`` knows the address.

    Args:
        heard: addresses by MAC, lower case with colons.
    """
    found = Imported()
    lines = text.removeprefix("\ufeff").split("\n")
    head, columns, mark = _headings(lines, found)
    if not columns:
        return found
    for number, line in enumerate(lines[head:], head + 1):
        if number > MOST_LINES:
            found.faults.append(LineFault(number, f"more than {MOST_LINES} lines: the rest is not read"))
            break
        if line.strip(" \t\r,;"):
            _take(found, number, line.removesuffix("\r"), columns, mark, plan, heard or {})
    _refuse_twice(found, plan)
    return found


def _headings(lines: list[str], found: Imported) -> tuple[int, list[str], str]:
    """How many lines come before the servers, the columns' names, and what separates them."""
    for number, line in enumerate(lines[:MOST_LINES], 1):
        text = line[:LONGEST_LINE].strip()
        if not text:
            continue
        mark = max(",;\t", key=text.count)
        cells = _cells(text, mark) or []
        names = [" ".join(cell.lower().replace("_", " ").split()) for cell in cells]
        columns = [NAMES.get(name, name) for name in names]
        lacking = [name for name in NEEDED if name not in columns]
        if "bmc" in lacking and "mac" in columns:
            lacking.remove("bmc")
        if lacking:
            message = f"no heading {lacking[0]!r}: headings are {', '.join(KNOWN)}"
            found.faults.append(LineFault(number, message))
        elif twice := [name for name in columns if name in KNOWN and columns.count(name) > 1]:
            found.faults.append(LineFault(number, f"two columns are called {twice[0]}"))
        else:
            return number, columns, mark
        return number, [], mark
    found.faults.append(LineFault(1, "the file is empty"))
    return 0, [], ","


def _cells(line: str, mark: str) -> list[str] | None:
    try:
        rows = list(csv.reader([line], delimiter=mark, strict=True))
    except csv.Error:
        return None
    return [cell.strip() for cell in rows[0]] if rows else []


def _take(
    found: Imported,
    number: int,
    line: str,
    columns: list[str],
    mark: str,
    plan: Plan,
    heard: Mapping[str, IPv4Address],
) -> None:
    if (why := _unreadable(line)) or (cells := _cells(line, mark)) is None:
        found.faults.append(LineFault(number, why or "its quotes do not match"))
        return
    if len(cells) > len(columns) and any(cells[len(columns) :]):
        found.faults.append(LineFault(number, f"{len(cells)} values under {len(columns)} headings"))
        return
    values = {name: cell for name, cell in zip(columns, cells, strict=False) if cell and name in KNOWN}
    try:
        found.rows.append(_row(number, values, plan, heard, found))
    except ValidationError as error:
        said = error.errors(include_url=False, include_input=False, include_context=False)
        text = "; ".join(
            f"{_place(each['loc'])}: {each['msg'].removeprefix('Value error, ')}" for each in said
        )
        found.faults.append(LineFault(number, text))
    except ValueError as error:
        found.faults.append(LineFault(number, str(error)))


def _unreadable(line: str) -> str:
    if len(line) > LONGEST_LINE:
        return f"longer than {LONGEST_LINE} characters"
    bad = next((char for char in line if not char.isprintable() and char != "\t"), "")
    return f"has a control character in it (U+{ord(bad):04X})" if bad else ""


def _place(loc: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in loc)


def _row(
    number: int, values: dict[str, str], plan: Plan, heard: Mapping[str, IPv4Address], found: Imported
) -> Row:
    """A line as a server.

    Raises:
        ValueError: what is wrong with it.
    """
    for needed in ("rack", "unit"):
        if needed not in values:
            raise ValueError(f"no {needed}")
    unit = values["unit"].lower().removeprefix("u").strip()
    rack = values["rack"].lower()
    if not unit.isascii() or not unit.isdigit() or len(unit) > 3:
        raise ValueError(f"unit {values['unit']!r} is no number")
    name = values.get("name", "").lower() or f"{rack}-u{int(unit):02d}"
    profile = values.get("profile", "standard")
    if profile not in plan.hardware.profiles:
        raise ValueError(f"no profile {profile!r}: the plan has {', '.join(plan.hardware.profiles)}")
    fields: dict[str, Any] = {"name": name, "rack": rack, "unit": int(unit), "profile": profile}
    if "serial" in values:
        fields["serial"] = values["serial"]
    known = next((each for each in plan.servers if each.name == name), None)
    fields["bmc"] = _bmc(values, known, heard, found)
    server = ExpectedServer.model_validate(fields)
    return Row(number, server, frozenset(values))


def _bmc(
    values: dict[str, str], known: ExpectedServer | None, heard: Mapping[str, IPv4Address], found: Imported
) -> dict[str, str]:
    """Address and MAC of a BMC, each from its own column or both out of one."""
    text, mac = values.get("bmc", ""), mac_of(values.get("mac", ""))
    if "mac" in values and not mac:
        raise ValueError(f"{values['mac']!r} is no MAC")
    if in_place := mac_of(text):
        text, mac = "", mac or in_place
    if not text and mac:
        if known and mac_of(known.bmc.mac or "") == mac:
            text = str(known.bmc.address)
        elif mac in heard:
            text = str(heard[mac])
        else:
            found.macs_only.append(mac)
            raise ValueError(f"the address of BMC {mac} is not known: give it, or sweep the IPMI network")
    if not text:
        raise ValueError("no BMC address")
    return {"address": text, "mac": mac} if mac else {"address": text}


def mac_of(text: str) -> str:
    """A MAC in any usual writing as lower case with colons; empty when it is none."""
    digits = text.strip().lower().translate(str.maketrans("", "", ":-."))
    if len(digits) != 12 or any(digit not in "0123456789abcdef" for digit in digits):
        return ""
    return ":".join(digits[place : place + 2] for place in range(0, 12, 2))


def identities(server: ExpectedServer) -> Iterable[tuple[str, str]]:
    """What no two servers may share, by what it is."""
    yield "name", server.name
    if server.serial:
        yield "serial", server.serial
    yield "BMC address", str(server.bmc.address)
    if server.bmc.mac:
        yield "BMC MAC", mac_of(server.bmc.mac) or server.bmc.mac
    yield "place", f"{server.rack} unit {server.unit}"


def _refuse_twice(found: Imported, plan: Plan) -> None:
    """Of two lines that claim one thing the first stays; a server of the plan keeps what it has."""
    renewed = {row.server.name for row in found.rows}
    taken = {
        key: f"it is {server.name}'s in the plan"
        for server in plan.servers
        if server.name not in renewed
        for key in identities(server)
    }
    kept = []
    for row in found.rows:
        keys = list(identities(row.server))
        clash = next(((what, value) for what, value in keys if (what, value) in taken), None)
        if clash:
            found.faults.append(LineFault(row.line, f"{clash[0]} {clash[1]}: {taken[clash]}"))
            continue
        taken |= dict.fromkeys(keys, f"line {row.line} has it")
        kept.append(row)
    found.rows = kept
    found.faults.sort(key=lambda fault: fault.line)
