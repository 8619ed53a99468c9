"""Racks and bays as a matrix: a line for each server, made anew only where something changed."""

from collections.abc import Iterable

from screens.drives import DriveRow
from screens.hardware.campaign import under_test
from screens.model import FleetModel, Key
from screens.signs import drive_sign
from screens.widgets.matrix import Lane, Spot
from screens.words import place


class Lanes:
    """The lines of the matrix, in the order one walks past the servers."""

    def __init__(self) -> None:
        self._lanes: dict[str, Lane] = {}

    def follow(self, fleet: FleetModel, touched: set[Key] | None) -> list[Lane]:
        """All lines; ``touched`` is what changed since, or None for everything."""
        names = (
            {id.partition("/")[0] for _, id in touched} if touched is not None else fleet.server_rows.keys()
        )
        for name in names:
            rows = fleet.drives.of(name)
            if rows:
                self._lanes[name] = Lane(name, tuple(_spots(rows)), _note(fleet, name))
            else:
                self._lanes.pop(name, None)
        return [self._lanes[name] for name in fleet.server_rows if name in self._lanes]


def _spots(rows: Iterable[DriveRow]) -> Iterable[Spot]:
    for row in rows:
        klass = row.judged.klass if row.judged else None
        yield Spot(row.id, *drive_sign(row.bay.drive, row.verdict, row.replacement, klass))


def _note(fleet: FleetModel, name: str) -> str:
    """Where it is, and what is tested on it now."""
    row = fleet.server_rows[name]
    note = place(row.server)
    if row.progress and under_test(row.progress):
        note += f"  {row.progress.detail or row.progress.phase}"
    return note
