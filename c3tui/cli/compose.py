"""Puts the engine together, and reaches the one of a site: its own process, or one in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from c3tui.engine.core import Engine
from c3tui.engine.daemon import Lock
from c3tui.engine.errors import EngineGone
from c3tui.engine.link import Link, LocalLink, SocketLink
from c3tui.engine.server import Server
from c3tui.engine.site import Site, SiteFiles


def engine_of(site: Site, *, services: bool = True) -> Engine:
    """An engine with all steps; without services it polls nothing by itself."""
    from c3tui.steps import all_steps
    from c3tui.steps.actions import COMMANDS
    from c3tui.steps.lights import tend_lights
    from c3tui.steps.lookout import watch_identity
    from c3tui.steps.monitor import watch_bmcs

    return Engine(site, all_steps(), COMMANDS, (watch_bmcs, watch_identity, tend_lights) if services else ())


@asynccontextmanager
async def engine_here(directory: Path, *, services: bool) -> AsyncIterator[Engine]:
    """An engine in this process, holding the site's lock; terminals may attach to it meanwhile.

    Raises:
        InputError: the site is bad, or another engine runs on it.
    """
    site = Site.load(directory)
    lock = Lock(site.files.lock)
    lock.take()
    try:
        engine = engine_of(site, services=services)
        await engine.start()
        server = Server(engine)
        await server.start()
        try:
            yield engine
        finally:
            await server.close()
            await engine.close()
    finally:
        lock.release()


@asynccontextmanager
async def link_to(directory: Path, *, services: bool = False) -> AsyncIterator[Link]:
    """A link to the site's running engine, or to one that lives as long as this command.

    Args:
        services: whether an engine of this command's own polls the BMCs too.
    """
    try:
        link = await SocketLink.attach(SiteFiles(directory.resolve()))
    except EngineGone:
        async with engine_here(directory, services=services) as engine:
            yield LocalLink(engine)
        return
    try:
        yield link
    finally:
        await link.close()
