"""Opens the wizard on a site, and runs the engine behind it."""

import argparse
import asyncio
import os
import sys
from pathlib import Path
from typing import Literal

from c3tui.engine import daemon
from c3tui.engine.errors import InputError
from c3tui.engine.link import Link
from c3tui.engine.site import Site
from c3tui.engine.store import Reader

Ui = Literal["auto", "rich", "console"]


def open_site(options: argparse.Namespace) -> int:
    """The wizard on a site directory."""
    return wizard(options.site, options.ui, observe=options.observe)


def wizard(directory: Path, ui: Ui, *, observe: bool = False, rehearsal: bool = False) -> int:
    """Attach to the site's engine, starting it when none runs, and open the screens.

    Args:
        directory: of the site.
        ui: the render profile, or auto.
        observe: only watch.
        rehearsal: whether leaving the wizard ends room and engine, so that it does not promise otherwise.

    Raises:
        InputError: the site is bad, or there is no terminal.
        EngineGone: the engine does not start.
    """
    site = Site.load(directory)
    if not all(each.isatty() for each in (sys.stdin, sys.stdout, sys.stderr)):
        raise InputError(
            "the wizard wants a terminal", remedy="Without one, use `c3tui run`, `c3tui status` and so on"
        )
    from c3tui.app import choose_profile

    # A person's choice, or what the terminal can do: Textual wants to know before it is built.
    return asyncio.run(_show(site, choose_profile(ui, os.environ), observe, rehearsal))


async def _show(site: Site, profile: Literal["rich", "console"], observe: bool, rehearsal: bool) -> int:
    from c3tui.app import C3App
    from c3tui.model.run import StepInfo
    from c3tui.steps import all_steps

    async def attach() -> Link:
        return await daemon.attach_or_start(site.files, observe=observe)

    link = await attach()
    reader = Reader.open(site.files.database)
    try:
        steps = [StepInfo(step.id, step.title, step.needs) for step in all_steps()]
        app = C3App(site, link, reader, steps, profile, attach, rehearsal=rehearsal)
        await app.run_async(mouse=profile != "console")
        return app.return_code or 0
    finally:
        await link.close()
        reader.close()


def run_engine(options: argparse.Namespace) -> int:
    """The engine of a site, until it is told to end."""
    from c3tui.cli.compose import engine_of

    site = Site.load(options.site)
    daemon.log_to(site.files.engine_log)
    asyncio.run(daemon.serve(engine_of(site)))
    return 0
