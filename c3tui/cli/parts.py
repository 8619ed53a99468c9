"""Verdicts and parts on their way out, from the command line."""

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from c3tui.cli.act import give
from c3tui.cli.drives import bays_where
from c3tui.cli.output import as_text, clean, note, table
from c3tui.cli.show import files_of, reading
from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader
from c3tui.model.cost import Cost
from c3tui.model.fleet import Server
from c3tui.model.light import Light
from c3tui.model.plan import Plan
from c3tui.model.replacement import Decision, Kind, Replacement
from c3tui.model.walklist import Errand, pages, text, walk_list

SHOWN = 20
"""Bays named before a verdict on many is asked for."""
COLUMNS = ("rack", "unit", "bay", "part", "phase", "old", "model", "tb", "led", "new", "reason")


def verdict(options: argparse.Namespace) -> int:
    """Decide on the part in a bay, or on many alike: all, or none when one is refused."""
    *bays, word = options.words
    if word not in list(Decision):
        raise InputError(
            f"{clean(word)!r} is no verdict", remedy=f"End with one of {', '.join(Decision)}, after the bays"
        )
    decision = Decision(word)
    with reading(options.site) as reader:
        if options.where:
            bays = [*bays, *bays_where(reader, options.where)]
            if not bays:
                note("no drive is so: nothing was decided")
                return 0
    if not bays:
        raise InputError("no bay is named", remedy="Name bays like c3-001/bay03, or say which with --where")
    if len(bays) == 1 and not options.where:
        give(options, "verdict", bay=bays[0], decision=word, reason=options.reason)
        note(f"{bays[0]}: {word}, recorded")
        return 0
    if decision is not Decision.USE and not options.reason.strip():
        raise InputError(f"{word} wants a reason", remedy="--reason TEXT")
    if not _agreed(options, decision, bays):
        note("nothing was decided")
        return 3
    answer = give(options, "verdicts", bays=bays, decision=word, reason=options.reason)
    note(f"{answer['verdicts']} parts: {word}, recorded")
    for left in answer["left"]:
        note(f"still tagged in MAAS: {left}")
    return 0


def _agreed(options: argparse.Namespace, decision: Decision, bays: list[str]) -> bool:
    """Whether somebody wants this verdict on so many, knowing what it costs.

    Raises:
        InputError: nobody can be asked, and nobody said so beforehand.
    """
    note(f"{decision} {len(bays)} parts: {', '.join(bays[:SHOWN])}")
    if len(bays) > SHOWN:
        note(f"and {len(bays) - SHOWN} more")
    site = planfile.load(Plan, files_of(options.site).plan).site.name
    grave = False
    if decision is Decision.REPLACE:
        found = _cost(options.site, bays, [])
        grave = found.grave
        for line in found.lines():
            note(f"  {line}")
    if grave:
        word = options.confirm or _asked(f"Type {site} to decide so all the same: ", "--confirm " + site)
        return word.strip() == site
    return (
        options.yes or options.confirm == site or _asked("Decide so? (yes) ", "--yes").strip() in ("yes", "y")
    )


def _asked(question: str, option: str) -> str:
    if not sys.stdin.isatty():
        raise InputError("a verdict on many parts wants to be confirmed", remedy=f"Say {option}")
    try:
        return input(question)
    except EOFError:
        return ""


def cost(options: argparse.Namespace) -> int:
    """What it would cost if these went out; 1 when it is grave."""
    servers = [name for name in options.names if "/" not in name]
    bays = [name for name in options.names if "/" in name]
    if options.where:
        with reading(options.site) as reader:
            bays += bays_where(reader, options.where)
    if not bays and not servers:
        raise InputError("no bay and no server is named", remedy="Name some, or say which with --where")
    found = _cost(options.site, bays, servers)
    print(as_text(found.told()) if options.json else "\n".join(found.lines()))
    return 1 if found.grave else 0


def _cost(site: Path, bays: list[str], servers: list[str]) -> Cost:
    from c3tui.steps.verdicts import cost_now

    plan = planfile.load(Plan, files_of(site).plan)
    with reading(site) as reader:
        known = {each.name for each in reader.all(Server)}
        for name in (*servers, *(bay.partition("/")[0] for bay in bays)):
            if name not in known:
                raise InputError(f"no server {clean(name)!r}", remedy="See `c3tui servers`")
        return cost_now(reader, plan, bays, servers)


def replacements(options: argparse.Namespace) -> int:
    """The walk list: as a table, for scripts, as text to print, or as pages for the clipboard."""
    with reading(options.site) as reader:
        parts = [each for each in reader.all(Replacement) if options.all or each.open]
        errands = errands_of(reader, parts)
    title = f"{planfile.load(Plan, files_of(options.site).plan).site.name}: parts to replace"
    with _output(options.output, force=options.force):
        if options.walk or options.pages:
            sys.stdout.write((pages if options.pages else text)(errands, title))
        elif errands or options.json or options.csv:
            by_id = {each.id: each for each in parts}
            rows = [_row(each, by_id[each.id]) for each in errands]
            table(rows, COLUMNS, as_json=options.json, as_csv=options.csv)
    if not errands:
        note("none")
    if options.output:
        note(f"written to {options.output}")
    return 0


def errands_of(reader: Reader, parts: list[Replacement]) -> list[Errand]:
    """Parts as a walk list, with what shines by the record."""
    return walk_list(parts, {each.name: each for each in reader.all(Server)}, reader.all(Light))


def _row(errand: Errand, part: Replacement) -> dict[str, Any]:
    named = {"old": part.old.serial, "new": errand.new, "announced": part.announced}
    return {**part.model_dump(mode="json", exclude={"judged", "beside"}), **errand.row, **named}


@contextmanager
def _output(path: Path | None, *, force: bool) -> Iterator[None]:
    """Where the list goes: the terminal, or a file that is not there yet.

    Raises:
        InputError: it is there already, or cannot be written.
    """
    if path is None:
        yield
        return
    try:
        with path.open("w" if force else "x", encoding="utf-8") as file, redirect_stdout(file):
            yield
    except FileExistsError as error:
        raise InputError(
            "it exists already", where=str(path), remedy="Name another, or say --force"
        ) from error
    except OSError as error:
        raise InputError(f"it cannot be written ({error.strerror})", where=str(path)) from error


def withdraw(options: argparse.Namespace) -> int:
    """Take a mark back; named by its bay, or by its id."""
    give(options, "withdraw", replacement=_id(options), reason=options.reason)
    note(f"{options.replacement}: the part stays")
    return 0


def mark(options: argparse.Namespace) -> int:
    """Mark a part of a server for replacement."""
    place = options.place or ""
    if options.kind != Kind.SERVER and not place:
        raise InputError(f"where is that {options.kind}?", remedy="Name its place, such as PSU2 or P1-DIMMA1")
    told = {"server": options.server, "kind": options.kind, "place": place, "reason": options.reason}
    more = {"serial": options.serial, "model": options.model, "drives": options.drives}
    answer = give(options, "mark", **told, **more)
    note(f"{answer['replacement']}: marked")
    return 0


def part(options: argparse.Namespace) -> int:
    """Bring a part into a later phase on one's own word."""
    told = {"phase": options.phase, "note": options.note, "serial": options.serial, "model": options.model}
    answer = give(options, "part", replacement=_id(options), **told)
    note(f"{answer['replacement']}: {answer['phase']}, recorded")
    return 0


def scan(options: argparse.Namespace) -> int:
    """Pair new serials with parts: one given, or one after another as a scanner types them."""
    if options.serial:
        name = _id(options) if options.replacement else ""
        _paired(give(options, "scan", serial=options.serial, replacement=name))
        return 0
    return asyncio.run(_scan_on(options))


async def _scan_on(options: argparse.Namespace) -> int:
    """Each line from standard input is one label; one that is refused keeps the next from nothing."""
    from c3tui.cli.compose import link_to
    from c3tui.engine.errors import ControlError

    code, name = 0, _id(options) if options.replacement else ""
    async with link_to(files_of(options.site).directory) as link:
        if options.take:
            await link.take_control()
        while line := await asyncio.to_thread(sys.stdin.readline):
            if not line.strip():
                continue
            try:
                _paired(await link.command("scan", serial=line.strip(), replacement=name))
            except ControlError:
                raise
            except InputError as error:
                code = 1
                note(str(error))
    return code


def _paired(answer: dict[str, Any]) -> None:
    note(f"{answer['serial']} for {answer['bay']}: {answer['phase']}")


def look(options: argparse.Namespace) -> int:
    """Look over SSH what sits in marked bays of running servers; 4 when some could not be asked."""
    answer = give(options, "look", servers=options.servers)
    if options.json:
        print(as_text(answer))
    else:
        for bay, told in answer["seen"].items():
            print(clean(f"{bay}: {told}"))
        for server, why in answer["failed"].items():
            note(f"{server}: {why}")
    return 4 if answer["failed"] else 0


def _id(options: argparse.Namespace) -> str:
    """The id of the replacement that is meant, which may be named by its place."""
    with reading(options.site) as reader:
        open_ones: dict[str, str] = {each.bay: each.id for each in reader.all(Replacement) if each.open}
    name = str(options.replacement)
    return open_ones.get(name, name)
