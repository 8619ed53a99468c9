"""BMC logins from a CSV file, or one typed: never from the command line, which others can read."""

import argparse
import asyncio
import getpass
import sys
from pathlib import Path
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.output import clean, note
from c3tui.cli.show import files_of
from c3tui.engine import planfile
from c3tui.engine.errors import ControlError, InputError
from c3tui.model.logins import login_fault, read_logins
from c3tui.model.plan import Plan


def credentials(options: argparse.Namespace) -> int:
    """Take BMC logins into secrets.yaml, and try them; 1 when some lines were not taken."""
    files = files_of(options.site)
    plan = planfile.load(Plan, files.plan)
    if bool(options.csv) == bool(options.user):
        raise InputError("give either --csv FILE, or --user NAME and the password on standard input")
    faults: list[str] = []
    arguments: dict[str, Any] = {}
    if options.csv:
        found = read_logins(_text(options.csv), plan)
        faults = [f"{options.csv}:{fault.line}: {fault.message}" for fault in found.faults]
        arguments["logins"] = {
            name: {"user": login.user, "password": login.password.get_secret_value()}
            for name, login in found.by_server.items()
        }
    else:
        arguments = _typed(options)
    for fault in faults:
        print(clean(fault))
    given = arguments.get("logins") or arguments.get("default")
    tried = asyncio.run(_give(files.directory, options.take, arguments)) if given else []
    note(f"{len(tried)} BMC logins written into {files.secrets.name}, and tried now")
    return 1 if faults else 0


def _text(path: str) -> str:
    return sys.stdin.read() if path == "-" else planfile.read_text(Path(path))


def _typed(options: argparse.Namespace) -> dict[str, Any]:
    if sys.stdin.isatty():
        password = getpass.getpass(f"password of {options.user} (it is not shown): ")
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if fault := login_fault(options.user, password):
        raise InputError(fault)
    login = {"user": options.user, "password": password}
    return {"logins": {name: login for name in options.server}} if options.server else {"default": login}


async def _give(directory: Path, take: bool, arguments: dict[str, Any]) -> list[str]:
    try:
        async with link_to(directory) as link:
            if take:
                await link.take_control()
            told = await link.command("credentials", **arguments)
    except ControlError as error:
        remedy = "Ask them, or say --take to take control first; they are told"
        raise ControlError(error.what, where=error.where, remedy=remedy) from error
    return [str(name) for name in told["servers"]]
