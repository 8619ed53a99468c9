"""What is done to parts from their screen: marked, moved by hand, paired with new ones, written as a list."""

from collections.abc import Sequence
from typing import Any

from c3tui.engine.errors import C3Error
from c3tui.model.exports import as_csv
from c3tui.model.replacement import EXAMPLES, Kind, Phase
from c3tui.model.walklist import COLUMNS, Errand, pages, text, walk_list
from screens.base import C3Screen
from screens.dialogs import Choose, Confirm, Failure, Reason
from screens.network.files import ask_path, target, write_table
from screens.replacements.rows import Going
from screens.words import counted

FORMS = {
    "pages": ("Pages for the clipboard: one for each rack, boxes to tick", "walk-list-pages.txt"),
    "text": ("Text of 80 columns", "walk-list.txt"),
    "csv": ("CSV, for a spreadsheet", "walk-list.csv"),
}
MODE = 0o600
"""Serials are nobody else's business."""


async def export(screen: C3Screen, shown: Sequence[Going]) -> None:
    """Write the parts that are shown as a list, where nothing is overwritten unasked."""
    if not shown:
        screen.say("There is nothing to write")
        return
    answers = [("", "Nothing"), *((key, title) for key, (title, _) in FORMS.items())]
    form = await screen.app.push_screen_wait(Choose(f"Write {counted(len(shown), 'part')} as what?", answers))
    if not form:
        return
    session, (title, name) = screen.session, FORMS[form]
    files = session.site.files
    asked = ask_path(title, session.drafts, f"export:walk:{form}", name, files.directory)
    answer = await screen.app.push_screen_wait(asked)
    if not answer:
        return
    try:
        path = target(files, answer)
        replace = path.exists() or path.is_symlink()
        if replace and not await _may_replace(screen, str(path)):
            screen.say("Nothing was written; the file is as it was")
            return
        write_table(path, list_of(screen, shown, form), MODE, replace=replace)
    except C3Error as error:
        await screen.app.push_screen_wait(Failure(error, "write the list"))
        return
    screen.say(f"Written: {counted(len(shown), 'part')} to {path}, mode {MODE:04o}", "good")


async def _may_replace(screen: C3Screen, path: str) -> bool:
    asked = Confirm(f"{path} exists.", "Yes, write over it", "No, leave it as it is")
    return await screen.app.push_screen_wait(asked) == "yes"


def list_of(screen: C3Screen, shown: Sequence[Going], form: str) -> str:
    """The list in one of its forms."""
    fleet = screen.session.fleet
    errands = walk_list([row.part for row in shown], fleet.servers, fleet.lights.values())
    title = f"{screen.session.site.plan.site.name}: parts to replace"
    if form == "csv":
        return as_csv([_cells(each) for each in errands], COLUMNS)
    return pages(errands, title) if form == "pages" else text(errands, title)


def _cells(errand: Errand) -> dict[str, object]:
    return {key: "" if value is None else value for key, value in errand.row.items()}


async def move(screen: C3Screen, row: Going | None) -> None:
    """Bring a part into a later phase on one's own word."""
    if row is None or not row.part.open:
        screen.say("Only a part that is still on its way out can be moved")
        return
    if not await screen.may_act():
        return
    part = row.part
    later = [each for each in _later(part.phase, row.waits) if each.rank > part.phase.rank]
    answers = [("", "Nothing: it stays as it is"), *((each.value, f"It is {each}") for each in later)]
    lines = [f"{part.bay}  {part.old.serial}  {part.old.model}  is {part.phase}"]
    phase = await screen.app.push_screen_wait(Choose("How far is it?", answers, lines))
    if not phase:
        return
    told: dict[str, Any] = {"replacement": part.id, "phase": phase}
    if phase == Phase.REPLACED and not part.announced:
        prompt = "Serial of the new one (- when it has none):"
        serial = await _words(screen, f"What came into {part.bay}?", f"part:serial:{part.id}", prompt)
        if not serial:
            return
        told["serial"] = "" if serial == "-" else serial
    note = await _words(
        screen, f"{part.bay} is {phase}", f"part:note:{part.id}", "What was done (journaled):"
    )
    if note:
        await screen.ask(f"{phase} {part.bay}", "part", note=note, **told)


def _later(phase: Phase, waits: bool) -> Sequence[Phase]:
    if waits:
        return (Phase.LOCATED, Phase.PULLED, Phase.REPLACED)
    return (Phase.RETESTED, Phase.CLOSED)


async def mark(screen: C3Screen) -> None:
    """Mark a part that is no drive: of what kind, of which server, where, and why."""
    if not await screen.may_act():
        return
    kinds = [each for each in Kind if each is not Kind.DRIVE]
    answers = [("", "None"), *((each.value, _named(each)) for each in kinds)]
    lines = ["A drive is marked in 3 Hardware, with x."]
    answer = await screen.app.push_screen_wait(Choose("Which kind of part goes out?", answers, lines))
    if not answer:
        return
    kind = Kind(answer)
    server = await _words(screen, f"{_named(kind)}: of which server?", "mark:server", "Its name:")
    if not server:
        return
    told: dict[str, Any] = {"kind": kind.value, "server": server}
    if kind is Kind.SERVER:
        drives = [
            ("", "Nothing"),
            ("move", "They move into the new server"),
            ("go", "They go with the old one"),
        ]
        told["drives"] = await screen.app.push_screen_wait(Choose("What becomes of its drives?", drives))
        told["place"] = ""
        if not told["drives"]:
            return
    else:
        prompt = f"Its place, as on the board, such as {EXAMPLES[kind]}:"
        told["place"] = await _words(screen, f"{_named(kind)} of {server}", f"mark:place:{kind}", prompt)
        if not told["place"]:
            return
    name = f"{server}/{told['place']}".rstrip("/")
    reason = await _words(screen, f"Mark {name} for replacement", f"reason:mark:{name}", "")
    if reason:
        await screen.ask(f"mark {name}", "mark", reason=reason, **told)


def _named(kind: Kind) -> str:
    names = {
        Kind.DIMM: "A memory module",
        Kind.PSU: "A power supply",
        Kind.FAN: "A fan",
        Kind.NIC: "A network card or port",
        Kind.SERVER: "The whole server",
    }
    return names[kind]


async def _words(screen: C3Screen, title: str, key: str, prompt: str) -> str:
    asked = Reason(title, screen.session.drafts, key, [], prompt)
    return await screen.app.push_screen_wait(asked) or ""


async def look(screen: C3Screen, servers: Sequence[str]) -> None:
    """Have running servers tell what sits in their marked bays."""
    if not servers or not await screen.may_act():
        return
    told = await screen.ask(
        f"look into {counted(len(servers), 'server')}", "look", said=None, servers=list(servers)
    )
    if told is None:
        return
    failed = [f"{name}: {why}" for name, why in (told.get("failed") or {}).items()]
    seen = [f"{bay} {what}" for bay, what in (told.get("seen") or {}).items()]
    screen.say("; ".join([*failed, *seen]) or "Nothing was seen", "warn" if failed else "good")
