"""Verdicts from the screens: on one drive or many; what they cost is told first."""

from collections.abc import Sequence
from typing import Any

from c3tui.engine.errors import C3Error
from c3tui.model.fleet import Use
from c3tui.model.replacement import Decision
from screens.actions import IN_PRODUCTION
from screens.base import C3Screen
from screens.dialogs import Choose, Confirm, Reason, TypedConfirm
from screens.model import DriveRow
from screens.signs import Span, class_word
from screens.words import counted, names, size

NOT_GIVEN = "No verdict was given; what you typed is kept"
TITLES = {
    Decision.REPLACE: "Mark {} for replacement",
    Decision.ACCEPT: "Accept {} as is",
    Decision.USE: "Use {}",
}


async def which(screen: C3Screen, one: Sequence[DriveRow], shown: Sequence[DriveRow]) -> Sequence[DriveRow]:
    """Ask whether one drive is meant or all that a filter shows; empty when neither."""
    if len(shown) < 2 or not one:
        return one
    answers = [
        ("one", f"Only {one[0].id}, where the cursor is"),
        ("all", f"All {len(shown)} that the filter shows"),
    ]
    answer = await screen.app.push_screen_wait(Choose("Which drives?", answers))
    return {"one": one, "all": shown}.get(answer or "", [])


async def decide(screen: C3Screen, rows: Sequence[DriveRow], decision: Decision) -> bool:
    """Give a verdict on drives; replace and accept want a reason. True when it was given on all."""
    rows = [row for row in rows if row.bay.drive]
    if not rows:
        screen.say("There is no drive in this bay", "warn")
        return False
    if not await screen.may_act():
        return False
    reason = await _asked(screen, rows, decision)
    if reason is None:
        screen.say(NOT_GIVEN)
        return False
    what = f"{decision.value} {rows[0].id if len(rows) == 1 else counted(len(rows), 'drive')}"
    arguments: dict[str, Any] = {"decision": decision.value, "reason": reason}
    if len(rows) == 1:
        answer = await screen.ask(what, "verdict", bay=rows[0].id, **arguments)
    else:
        # All or nothing: half a verdict on many drives would have to be sorted out by hand.
        answer = await screen.ask(what, "verdicts", bays=[row.id for row in rows], **arguments)
    if answer and (left := answer.get("left")):
        screen.say(f"{what}: done; marks left on the hardware: {left}", "warn")
    return answer is not None


async def annotate(screen: C3Screen, rows: Sequence[DriveRow]) -> None:
    """Write a note into the journal of bays."""
    rows = [row for row in rows if row.bay.drive]
    if not rows or not await screen.may_act():
        return
    title = f"Note on {rows[0].id if len(rows) == 1 else counted(len(rows), 'drive')}"
    asked = Reason(
        title, screen.session.drafts, f"note:{rows[0].id}", _listed(rows), "Note (journaled with your name):"
    )
    text = await screen.app.push_screen_wait(asked)
    if text:
        await screen.ask(
            f"note on {counted(len(rows), 'drive')}", "note", bays=[row.id for row in rows], text=text
        )


async def _asked(screen: C3Screen, rows: Sequence[DriveRow], decision: Decision) -> str | None:
    """The reason for a verdict, empty where none is wanted; None when it is not to be given."""
    title = TITLES[decision].format(counted(len(rows), "drive"))
    if decision is Decision.USE:
        if len(rows) == 1:
            return ""
        answer = await screen.app.push_screen_wait(Confirm(f"{title}?", "Yes, use them", lines=_listed(rows)))
        return "" if answer == "yes" else None
    lines: list[list[Span]] = []
    word, grave = "", list[str]()
    if decision is Decision.REPLACE:
        lines, grave, word = await _cost(screen, rows)
        lines += [[(line, "warn")] for line in _warnings(rows)]
    key = f"reason:{decision.value}:{rows[0].id}"
    asked = Reason(title, screen.session.drafts, key, [*lines, *_listed(rows)])
    reason = await screen.app.push_screen_wait(asked)
    if reason and word:
        if not await screen.app.push_screen_wait(TypedConfirm(f"{title}: this costs too much.", grave, word)):
            screen.session.drafts[key] = reason
            return None
    return reason or None


async def _cost(screen: C3Screen, rows: Sequence[DriveRow]) -> tuple[list[list[Span]], list[str], str]:
    """What it costs when these drives go out, toned and plain; and the word to type, if one is wanted."""
    try:
        told = await screen.session.link.command("cost", bays=[row.id for row in rows])
    except C3Error as error:
        return [[(f"What it costs is not known: {error.what}", "warn")], []], [], ""
    said, word = [str(line) for line in told.get("lines") or []], str(told.get("word") or "")
    lines: list[list[Span]] = []
    for nth, line in enumerate(said):
        lines.append([("         " if nth else "It costs ", "key"), (line, "bad" if word else "strong")])
    return [*lines, *([[]] if lines else [])], said, word


def _listed(rows: Sequence[DriveRow]) -> list[list[Span]]:
    lines: list[list[Span]] = []
    for row in rows:
        if drive := row.bay.drive:
            word, tone = class_word(drive, row.klass)
            text = f"{row.id}  {drive.serial}  {drive.model}  {size(drive.size)}  "
            lines.append([(text, ""), (word, tone)])
    return lines


def _warnings(rows: Sequence[DriveRow]) -> list[str]:
    """What one should know before a drive is marked for replacement."""
    live = list(dict.fromkeys(row.server.name for row in rows if row.server.in_production))
    system = [row.id for row in rows if row.bay.drive and row.bay.drive.use is Use.SYSTEM]
    lines = [f"{names(live)}: {IN_PRODUCTION}."] if live else []
    if system:
        lines.append(f"{names(system)}: a system drive; without it the server does not start.")
    return lines
