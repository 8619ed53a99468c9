"""The drive under the cursor, in a few lines below table or matrix."""

from screens.actions import IN_PRODUCTION
from screens.model import DriveRow
from screens.signs import Span, class_word
from screens.victims import trouble
from screens.words import ago, moment, place


def told(row: DriveRow) -> list[list[Span]]:
    """What it is and what was made of it; then what was decided, or where it is to be found."""
    drive = row.bay.drive
    if drive is None:
        return [[(f"{row.id}  {place(row.server)}  empty bay", "dim")]]
    word, tone = class_word(drive, row.judged.klass if row.judged else None)
    head = f"{row.id}  {drive.serial}  {place(row.server)}  {drive.use.value}  "
    first: list[Span] = [(head, "strong"), (word, tone)]
    if row.server.trouble:
        first = [(head, "strong"), (trouble(row.server), "bad")]
    elif row.says:
        first.append((f": {row.says}", tone if tone in ("bad", "warn") else ""))
    return [first, _decided(row) or [(drive.by_id or row.bay.path or "-", "dim")]]


def _decided(row: DriveRow) -> list[Span]:
    if row.replacement:
        line: list[Span] = [
            (f"On its way out, {row.replacement.phase.value}: {row.replacement.reason}", "warn")
        ]
        return [*line, (f"; {IN_PRODUCTION}", "warn")] if row.server.in_production else line
    if row.verdict is None:
        return []
    said = f"{row.verdict.decision.value} by {row.verdict.by}: {row.verdict.reason or '-'}"
    if not row.verdict.asked_again:
        return [(said, "warn")]
    since = ago(moment(row.verdict.stale_since))
    return [
        ("ASKED AGAIN", "bad"),
        (f" {since}: {row.verdict.why or 'new evidence'}", "bad"),
        (f"; was {said}", ""),
    ]
