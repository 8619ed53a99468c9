"""Parts on their way out as rows of a table: where to walk, what it is, how far it is."""

from dataclasses import dataclass

from c3tui.model.fleet import Server
from c3tui.model.query import Facets
from c3tui.model.replacement import Kind, Replacement
from screens.model import FleetModel, walk
from screens.signs import Span, phase_tone
from screens.widgets.columns import Column
from screens.words import ago, moment, place, size


@dataclass(frozen=True)
class Going:
    """A replacement and where to walk for it."""

    part: Replacement
    server: Server | None

    @property
    def waits(self) -> bool:
        """Whether a new part is still to come."""
        return self.part.open and self.part.new is None

    @property
    def what(self) -> str:
        """What kind of part, and its model."""
        return (
            self.part.old.model if self.part.part is Kind.DRIVE else f"{self.part.part} {self.part.old.model}"
        )


def rack_of(row: Going) -> str:
    """The rack to walk to."""
    return row.server.rack if row.server else "?"


FACETS: Facets[Going] = {
    "rack": rack_of,
    "server": lambda row: row.part.server,
    "phase": lambda row: row.part.phase.value,
    "part": lambda row: row.part.part.value,
    "serial": lambda row: row.part.old.serial,
    "model": lambda row: row.part.old.model,
    "size": lambda row: float(row.part.old.size),
    "by": lambda row: row.part.by,
    "bay": lambda row: row.part.bay,
    "new": lambda row: row.part.new.serial if row.part.new else row.part.announced,
}
"""What parts can be asked for by key."""


def rows_of(fleet: FleetModel, every: bool) -> dict[str, Going]:
    """The parts in the order of the walk; settled ones behind, when wanted."""
    parts = fleet.open_replacements()
    if every:
        closed = [part for part in fleet.replacements.values() if not part.open]
        parts += sorted(closed, key=lambda part: part.marked_at, reverse=True)
    return {part.id: Going(part, fleet.servers.get(part.server)) for part in parts}


def lit_for(part: Replacement, fleet: FleetModel) -> list[list[Span]]:
    """What shines for a part, on purpose, until it is swapped."""
    lights = [each for each in fleet.lights.values() if each.owner == part.id]
    on = [each.led for each in lights if not each.going]
    lines: list[list[Span]] = [[(f"Lit until it is swapped: {', '.join(on)}", "busy")]] if on else []
    return [*lines, *([(f"{each.led}: {each.trouble}", "warn")] for each in lights if each.going)]


def told(row: Going, fleet: FleetModel) -> list[list[Span]]:
    """One part in full: labels, lights, what is wrong there, its history."""
    part = row.part
    new = f"{part.new.serial} {part.new.model}".strip() if part.new else ""
    scanned = f"{part.announced} (scanned, not seen yet)" if part.announced else "not seen yet"
    lines: list[list[Span]] = [
        [(f"{part.bay}  ", "strong"), (f"{part.reason}  ", ""), (f"marked by {part.by}", "dim")],
        [(f"old {part.old.serial or '-'} {part.old.model} {size(part.old.size)}; new {new or scanned}", "")],
    ]
    if part.drives_move is not None:
        lines.append(
            [(f"Its drives {'move into the new server' if part.drives_move else 'go with it'}", "warn")]
        )
    elif row.server and row.server.in_production and part.part is Kind.DRIVE:
        lines.append(
            [("In production: drain its OSD first. p moves it by hand, v looks into the bay", "warn")]
        )
    wrong = [
        each for each in fleet.open_findings(subject=part.server) if each.check.startswith("replacement.")
    ]
    lines += [[(f"! {each.message}", "bad")] for each in wrong]
    lines += [[(f"  {each.remedy}", "")] for each in wrong]
    return [*lines, *lit_for(part, fleet), *([(line, "dim")] for line in part.history)]


def _order(row: Going) -> tuple[object, ...]:
    return (*(walk(row.server) if row.server else ("", 0, row.part.server)), row.part.order)


COLUMNS: list[Column[Going]] = [
    Column("Place", 9, lambda row: (place(row.server) if row.server else "?", "strong"), sort=_order),
    Column("Bay", 13, lambda row: (row.part.bay, "")),
    Column("Serial", 17, lambda row: (row.part.old.serial or "-", "")),
    Column("Size", 7, lambda row: (size(row.part.old.size), ""), align="right"),
    Column("Phase", 9, lambda row: (row.part.phase.value, phase_tone(row.part.phase))),
    Column("Marked", 10, lambda row: (ago(moment(row.part.marked_at)), "dim"), align="right"),
    Column("Reason", 10, lambda row: (row.part.reason, ""), grow=True),
    Column("Part", 18, lambda row: (row.what, "")),
]
