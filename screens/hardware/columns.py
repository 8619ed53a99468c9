"""What the table of drives shows of each, and by what drives go together."""

from collections.abc import Callable

from c3tui.model.fleet import Drive
from screens.model import DriveRow, walk
from screens.signs import Span, class_word, verdict_word
from screens.widgets.columns import Column
from screens.words import place, size


def _of(get: Callable[[Drive], str], tone: str = "") -> Callable[[DriveRow], Span]:
    return lambda row: (get(row.bay.drive), tone) if row.bay.drive else ("", "")


def _number(term: str, text: str) -> Callable[[DriveRow], Span]:
    def cell(row: DriveRow) -> Span:
        value = row.judged.number(term) if row.judged else None
        return (text.format(value), "") if value is not None else ("-" if row.judged else "", "dim")

    return cell


def _value(term: str) -> Callable[[DriveRow], float | None]:
    return lambda row: row.judged.number(term) if row.judged else None


def _class(row: DriveRow) -> Span:
    return class_word(row.bay.drive, row.judged.klass if row.judged else None) if row.bay.drive else ("", "")


def _says(row: DriveRow) -> Span:
    return row.says, "" if row.judged else "dim"


COLUMNS: list[Column[DriveRow]] = [
    Column("Bay", 13, lambda row: (row.id, "strong"), sort=lambda row: (*walk(row.server), row.bay.slot)),
    Column("Class", 10, _class, sort=lambda row: -row.klass.rank if row.klass else None),
    Column("Verdict", 9, lambda row: verdict_word(row.verdict, row.replacement)),
    Column("Serial", 15, lambda row: (row.bay.drive.serial, "") if row.bay.drive else ("empty", "dim")),
    Column("Model", 14, _of(lambda drive: drive.model)),
    Column(
        "Size",
        7,
        _of(lambda drive: size(drive.size)),
        sort=lambda row: row.bay.drive.size if row.bay.drive else None,
        align="right",
    ),
    Column("Wear", 5, _number("wear_percent", "{:.0f} %"), sort=_value("wear_percent"), align="right"),
    Column("Hours", 7, _number("hours", "{:.0f}"), sort=_value("hours"), align="right"),
    Column("Temp", 5, _number("temperature_c", "{:.0f} C"), sort=_value("temperature_c"), align="right"),
    Column("What the evidence says", 24, _says, grow=True),
    Column("Place", 9, lambda row: (place(row.server), "")),
    Column("Use", 6, _of(lambda drive: drive.use.value, "dim")),
    Column("Firmware", 9, lambda row: (row.judged.firmware if row.judged else "", "")),
]

GROUPS: dict[str, Callable[[DriveRow], str]] = {
    "server": lambda row: row.server.name,
    "rack": lambda row: row.server.rack,
    "model": lambda row: row.bay.drive.model if row.bay.drive else "no drive",
    "class": lambda row: _class(row)[0] or "no drive",
    "verdict": lambda row: _verdict(row),
}
"""The ways that ``g`` goes through."""


def _verdict(row: DriveRow) -> str:
    word = verdict_word(row.verdict, row.replacement)[0]
    return "undecided" if word == "-" else word
