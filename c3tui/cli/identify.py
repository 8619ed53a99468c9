"""Lights from the command line: on, off, what is lit, and the walk from one to the next."""

import argparse
import asyncio
import sys
import threading
from typing import Any

from c3tui.cli.output import clean, note, table
from c3tui.cli.show import files_of, reading
from c3tui.engine import daemon
from c3tui.engine.errors import C3Error, ControlError, InputError
from c3tui.engine.link import SocketLink
from c3tui.engine.site import Site
from c3tui.model.light import Light, Stop

COLUMNS = ("led", "for", "owner", "by", "since", "state")
KEYS = "Enter next, b back, s skip (not found), x leave"


def identify(options: argparse.Namespace) -> int:
    """Light servers and bays, darken them, walk past them; without a name, list what is lit."""
    if options.walk and options.off:
        raise InputError("both --walk and --off are given", remedy="A walk ends dark by itself")
    if not options.names:
        if options.walk or options.off:
            raise InputError("no server is named", remedy="Name servers, or bays like c3-001/bay03")
        return _list(options)
    Site.load(options.site)
    return asyncio.run(_walk(options) if options.walk else _switch(options))


def _list(options: argparse.Namespace) -> int:
    with reading(options.site) as reader:
        lights = reader.all(Light)
    rows = [
        {
            "led": each.led,
            "for": each.why.value,
            "owner": each.owner,
            "by": each.by,
            "since": each.since,
            "state": f"may still be lit: {each.trouble}" if each.going else "lit",
        }
        for each in lights
    ]
    table(rows, COLUMNS, as_json=options.json, as_csv=False)
    return 0


async def _attached(options: argparse.Namespace) -> SocketLink:
    """The site's engine, started when none runs: it remembers what is lit, and darkens it when it ends."""
    link = await daemon.attach_or_start(files_of(options.site))
    if options.take:
        await link.take_control()
    return link


async def _command(link: SocketLink, name: str, **arguments: Any) -> dict[str, Any]:
    try:
        return await link.command(name, **arguments)
    except ControlError as error:
        remedy = "Ask them, or say --take to take control first; they are told"
        raise ControlError(error.what, where=error.where, remedy=remedy) from error


async def _switch(options: argparse.Namespace) -> int:
    """Each on its own: one that cannot be reached keeps nobody else from being lit."""
    code = 0
    link = await _attached(options)
    try:
        for name in options.names:
            try:
                told = await _command(link, "identify", server=name, on=not options.off)
            except (ControlError, InputError):
                raise
            except C3Error as error:
                code = code or error.exit_code
                note(f"{name}: {error}")
                continue
            before = ", as it was before" if told.get("found_lit") else ""
            note(f"{name}: {'off' if options.off else 'lit'}{before}")
    finally:
        await link.close()
    if not options.off and not code:
        note("--off darkens them again, and so does the end of the engine (c3tui detach)")
    return code


async def _walk(options: argparse.Namespace) -> int:
    link = await _attached(options)
    lines = _typed()
    walk = ""
    try:
        told = await _command(link, "walk", items=options.names)
        walk = str(told["walk"])
        while not told.get("over"):
            _tell(told)
            told = await _answer(link, walk, (await lines.get()).strip().lower()) or told
        walk = ""
        return _farewell(told)
    finally:
        if walk:
            note("leaving: its lights go off")
            await link.command("walk-end", walk=walk)
        await link.close()


async def _answer(link: SocketLink, walk: str, key: str) -> dict[str, Any] | None:
    match key:
        case "" | "n":
            return await _command(link, "walk-next", walk=walk, by=1)
        case "b":
            return await _command(link, "walk-next", walk=walk, by=-1)
        case "s":
            return await _command(link, "walk-next", walk=walk, by=1, skip=True)
        case "x" | "q":
            return await link.command("walk-end", walk=walk)
    note(f"{clean(key)!r} means nothing here: {KEYS}")
    return None


def _tell(told: dict[str, Any]) -> None:
    stop = Stop.model_validate(told["stop"])
    at, count = int(told["at"]) + 1, int(told["count"])
    lines = [
        "",
        f"{at} of {count}, {count - at} left",
        f"  RACK {stop.rack}   UNIT {stop.unit:02d}   server {stop.server}   serial {stop.serial or '?'}",
    ]
    if stop.slot is not None:
        drive = f"{stop.drive_serial} {stop.drive_model} {stop.drive_size / 1e12:.2f} TB"
        lines.append(f"  BAY {stop.slot}   drive {drive if stop.drive_serial else 'none'}")
    if stop.reason:
        lines.append(f"  to replace: {stop.reason}")
    lines += [f"  {said}" for said in told["said"]]
    print("\n".join(clean(line) for line in lines))
    print(f"{KEYS}: ", end="", flush=True)


def _farewell(told: dict[str, Any]) -> int:
    print(f"\nwalk over, {told.get('seen', 0)} seen")
    if skipped := told.get("skipped"):
        print(f"skipped: {', '.join(skipped)}")
    if left_on := told.get("left_on"):
        note(f"STILL LIT, tried again by the engine: {', '.join(left_on)}")
        return 4
    print("all its lights are off")
    return 0


def _typed() -> "asyncio.Queue[str]":
    """Lines as they are typed; the end of the input leaves the walk.

    By a thread that dies with the process: a read that waits for a key cannot be called off.
    """
    lines: asyncio.Queue[str] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def read() -> None:
        while line := sys.stdin.readline():
            loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, "x")

    threading.Thread(target=read, name="keys", daemon=True).start()
    return lines
