"""What a test sees of the app: the text on the screen, and waiting for it."""

import asyncio
from collections.abc import Callable
from typing import Any

from textual.pilot import Pilot

from c3tui.app import C3App
from screens.session import Profile
from tests.ui.records import STEPS, Record

SMALL, LARGE = (80, 24), (120, 40)
LIMIT = 20.0
"""Seconds to wait for something that must come."""


def app_of(record: Record, profile: Profile = "console", **options: Any) -> C3App:
    """The wizard on a record."""
    return C3App(record.site, record.link, record.reader, STEPS, profile, **options)


def rows(app: C3App) -> list[str]:
    """The lines on the screen, as they were last composed."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip) for strip in strips]


def text(app: C3App) -> str:
    """The whole screen as text."""
    return "\n".join(rows(app))


async def until(pilot: Pilot[None], condition: Callable[[], bool]) -> None:
    """Let the app work until something is so; fails after ``LIMIT`` seconds with what is on the screen."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + LIMIT
    while not condition():
        if loop.time() > deadline:
            assert isinstance(pilot.app, C3App)
            raise AssertionError(f"it did not come to be; on the screen:\n{text(pilot.app)}")
        await pilot.pause(0.02)


async def sees(pilot: Pilot[None], *words: str) -> None:
    """Wait until all words are on the screen."""
    app = pilot.app
    assert isinstance(app, C3App)
    await until(pilot, lambda: all(word in text(app) for word in words))
