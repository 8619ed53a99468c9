"""What the commands print: tables for people, JSON and CSV for scripts."""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

Row = Mapping[str, Any]

FORMULA = ("=", "+", "-", "@")
"""A spreadsheet takes a text that starts so for a formula, and runs it (OWASP, CSV injection)."""


def table(rows: Sequence[Row], columns: Sequence[str], *, as_json: bool, as_csv: bool) -> None:
    """Print rows: aligned columns, or every field as JSON, or the columns as CSV."""
    if as_json:
        print(as_text(list(rows)))
    elif as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_csv_cell(row.get(column)) for column in columns] for row in rows)
    else:
        _aligned(rows, columns)


def as_text(data: Any) -> str:
    """Data as one line of JSON; times in ISO 8601."""
    return json.dumps(data, default=_plain)


def _plain(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def clean(text: str) -> str:
    """Text that moves no cursor and changes no colour: what came from outside may hold escapes."""
    return "".join(char if char.isprintable() else " " for char in text)


def _aligned(rows: Sequence[Row], columns: Sequence[str]) -> None:
    cells = [[_cell(row.get(column)) for column in columns] for row in rows]
    widths = [max([len(name), *(len(line[i]) for line in cells)]) for i, name in enumerate(columns)]
    for line in [list(columns), *cells]:
        print("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z"
        case dict():
            return ", ".join(f"{key}={_cell(each)}" for key, each in value.items())
        case list():
            return " ".join(_cell(each) for each in value)
    return clean(str(value))


def _csv_cell(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    text = as_text(value) if isinstance(value, dict) else _cell(value)
    numeric = isinstance(value, int | float)
    return f"'{text}" if text.lstrip().startswith(FORMULA) and not numeric else text


def note(text: str) -> None:
    """Tell the person at the terminal something, apart from the command's output."""
    print(text, file=sys.stderr, flush=True)
