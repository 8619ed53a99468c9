"""Commands that run and decide."""

import argparse
import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from c3tui.cli.compose import link_to
from c3tui.cli.output import note
from c3tui.cli.show import files_of, reading
from c3tui.cli.walk import walk
from c3tui.engine.errors import ControlError, InputError
from c3tui.engine.link import SocketLink
from c3tui.engine.site import Site


def known_steps(names: Sequence[str]) -> list[str]:
    """The names of steps as given, or of all steps when none is.

    Raises:
        InputError: one of them is no step.
    """
    from c3tui.steps import all_steps

    known = [step.id for step in all_steps()]
    for name in names:
        if name not in known:
            raise InputError(f"no step {name!r}", remedy=f"Steps are {', '.join(known)}")
    return list(names) or known


def run(options: argparse.Namespace) -> int:
    """Run steps headless."""
    if options.steps and options.until:
        raise InputError("both steps and --until are given", remedy="Name the steps, or the last one")
    known_steps([*options.steps, *([options.until] if options.until else [])])
    work = walk(
        options.site, options.steps, until=options.until, confirm=options.confirm, as_json=options.json
    )
    return asyncio.run(work)


def waive(options: argparse.Namespace) -> int:
    """Waive a finding."""
    give(options, "waive", finding=options.finding, reason=options.reason)
    note(f"{options.finding}: waived")
    return 0


def give(options: argparse.Namespace, name: str, **arguments: Any) -> dict[str, Any]:
    """Have the site's engine carry out a command: the one that runs, or one for as long as this takes.

    Raises:
        ControlError: another terminal holds control, and ``--take`` was not said.
        C3Error: the engine's own refusal.
    """

    async def told() -> dict[str, Any]:
        async with link_to(files_of(options.site).directory) as link:
            if options.take:
                await link.take_control()
            return await link.command(name, **arguments)

    try:
        return asyncio.run(told())
    except ControlError as error:
        remedy = "Ask them, or say --take to take control first; they are told"
        raise ControlError(error.what, where=error.where, remedy=remedy) from error


def stop(options: argparse.Namespace) -> int:
    """Stop the run under way in the site's engine."""

    async def give() -> None:
        link = await SocketLink.attach(files_of(options.site))
        try:
            await link.take_control()
            await link.command("stop", run=options.run, now=options.now)
        finally:
            await link.close()

    asyncio.run(give())
    note("told to stop" + (" at once" if options.now else " as soon as it safely can"))
    return 0


def detach(options: argparse.Namespace) -> int:
    """End the engine process of a site; what MAAS, Kubespray and Rook do goes on."""

    async def give() -> None:
        link = await SocketLink.attach(files_of(options.site), observe=True)
        try:
            await link.end_engine(now=options.now)
        finally:
            await link.close()

    asyncio.run(give())
    note("its engine ends; MAAS, Kubespray and Rook go on with what they do")
    return 0


def report(options: argparse.Namespace) -> int:
    """Write the report as the record stands now, asking nobody."""
    from c3tui.steps.handover import gather, write

    site = Site.load(options.site)
    target: Path = options.output or site.files.directory / "report"
    if not target.absolute().parent.is_dir():
        raise InputError("its directory does not exist", where=str(target), remedy="Make it, or name another")
    with reading(options.site) as reader:
        directory = write(gather(reader, site.plan, {}), target)
    note(f"written to {directory}")
    return 0
