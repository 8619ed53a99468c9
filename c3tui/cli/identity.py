"""Identity on the command line: who stands where, golden servers, accepted differences, and strays."""

import argparse
import asyncio
import getpass
import sys
from collections.abc import Mapping
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.network import LOOK_SECONDS, controlled
from c3tui.cli.output import as_text, clean, note, table
from c3tui.cli.show import files_of, reading
from c3tui.engine.errors import InputError
from c3tui.engine.link import Link
from c3tui.engine.store import Reader
from c3tui.model.identity import Place, Stray, StrayState, Tolerance


def give(options: argparse.Namespace, name: str, **arguments: Any) -> dict[str, Any]:
    """What the site's engine answers to a command.

    Raises:
        ControlError: another terminal holds control, and ``--take`` was not said.
        C3Error: the engine's own refusal.
    """

    async def given() -> dict[str, Any]:
        async with link_to(files_of(options.site).directory) as link:
            if options.take:
                await link.take_control()
            return await link.command(name, **arguments)

    return controlled(given)


def identity(options: argparse.Namespace) -> int:
    """Ask every end who stands where; 1 when somebody does not stand where he should."""
    told = give(options, "identity", servers=options.servers)
    rows = [
        {"server": name, "place": place, "detail": words} for name, (place, words) in told["servers"].items()
    ]
    if not options.json and not options.csv:
        for line in told["unread"]:
            note(clean(f"not read: {line}"))
    table(rows, ("server", "place", "detail"), as_json=options.json, as_csv=options.csv)
    return 0 if all(row["place"] == Place.RIGHT for row in rows) else 1


def golden(options: argparse.Namespace) -> int:
    """Make a server the measure of its kind; 1 when others of its kind differ."""
    told = give(options, "golden", server=options.server, profile=options.name, floor=options.floor)
    if options.json:
        print(as_text(told))
    else:
        for server, said in told["different"].items():
            print(clean(f"{server}: {'; '.join(said)}"))
        for line in told["unread"]:
            note(clean(f"not read: {line}"))
        note(
            f"{options.server} is the measure of profile {told['profile']}: {len(told['different'])} of "
            f"{told['compared']} servers compared differ from it"
        )
    return 1 if told["different"] else 0


def tolerate(options: argparse.Namespace) -> int:
    """Accept a known difference for a scope."""
    told = give(options, "tolerate", finding=options.finding, scope=options.scope, reason=options.reason)
    for each in told["tolerances"]:
        note(f"accepted: {each}")
    note(f"{len(told['waived'])} findings are waived by that")
    return 0


def untolerate(options: argparse.Namespace) -> int:
    """Take back an accepted difference."""
    told = give(options, "untolerate", tolerance=options.tolerance)
    note(f"{options.tolerance}: counts again, in {len(told['opened'])} findings")
    return 0


def tolerances(options: argparse.Namespace) -> int:
    """Every accepted difference."""
    with reading(options.site) as reader:
        rows = [each.model_dump(mode="json") for each in reader.all(Tolerance)]
    columns = ("id", "check", "scope", "what", "reason", "by", "at")
    table(rows, columns, as_json=options.json, as_csv=options.csv)
    return 0


def strays(options: argparse.Namespace) -> int:
    """BMCs that nobody expects: found, listed, decided about."""
    if options.verb == "list":
        return _list(options)
    if options.verb == "find":
        return _find(options)
    if not options.address:
        raise InputError(f"which stray is to be {options.verb}?", remedy="Name its address")
    arguments = {key: getattr(options, key) for key in ("rack", "unit", "serial", "profile", "reason")}
    arguments["server"] = options.name
    if options.user:
        arguments |= {"user": options.user, "password": _password(options.address)}
    wanted = {key: value for key, value in arguments.items() if value is not None}
    give(options, "stray", act=options.verb, address=options.address, **wanted)
    words = {
        "take-in": f"is {options.name} in the plan now",
        "light": "its light is on, as long as the engine of the site runs",
    }
    note(f"{options.address}: {words.get(options.verb, 'done')}")
    return 0


def _password(address: str) -> str:
    """Never an option: the list of processes shows those to everybody."""
    if sys.stdin.isatty():
        return getpass.getpass(f"Password of the BMC at {address}: ")
    return sys.stdin.readline().rstrip("\n")


def _list(options: argparse.Namespace) -> int:
    with reading(options.site) as reader:
        found = reader.all(Stray)
    shown = [each for each in found if options.all or each.state is StrayState.NEW]
    rows = [{"address": each.id, **each.model_dump(mode="json", exclude={"id"})} for each in shown]
    columns = ("address", "mac", "state", "answers", "first_seen", "last_seen", "server", "reason")
    table(rows, columns, as_json=options.json, as_csv=options.csv)
    return 0


def _find(options: argparse.Namespace) -> int:
    told = controlled(lambda: _found(options))
    if not options.json and not options.csv:
        for line in [*told["notes"], *(f"not asked: {each}" for each in told["untested"])]:
            note(clean(line))
        state = "stopped: " if told["stopped"] else ""
        note(f"{state}{told['asked']} questions, {told['found']} BMCs answer that the plan does not have")
    _list(options)
    if told["stopped"]:
        return 3
    with reading(options.site) as reader:
        new = [each for each in reader.all(Stray) if each.state is StrayState.NEW and each.answers]
    return 1 if new else 0


async def _found(options: argparse.Namespace) -> dict[str, Any]:
    files = files_of(options.site)
    async with link_to(files.directory) as link:
        if options.take:
            await link.take_control()
        asking = asyncio.ensure_future(
            link.command("find-strays", range=options.range or "", rate=options.rate)
        )
        try:
            while not (await asyncio.wait([asking], timeout=LOOK_SECONDS))[0]:
                with reading(options.site) as reader:
                    _tell_progress(reader)
            return await asking
        except asyncio.CancelledError:
            await _stop(link, asking)
            raise


async def _stop(link: Link, asking: "asyncio.Future[dict[str, Any]]") -> None:
    """The engine may outlive us: its search must not."""
    if not asking.done():
        await link.command("stop-find-strays")
        await asking


def _tell_progress(reader: Reader) -> None:
    told: Mapping[str, Any] = reader.observation("sweep", "ipmi") or {}
    if told.get("running"):
        note(f"asked {told.get('asked')} of {told.get('total')} at most, {told.get('found')} answer")
