"""How to draw on this terminal: the choice of a profile, and the colours of each."""

import os
from collections.abc import Mapping
from typing import Literal

from textual.theme import Theme

from screens.session import Profile

CONSOLE_TERMS = ("linux", "vt", "ansi", "dumb", "cons", "unknown", "bterm", "fbterm")
"""Terminals that draw with console fonts, few colours and old key codes."""

CONSOLE_THEME = "ansi-dark"
"""Textual's own theme of the terminal's eight colours."""

RICH_THEME = Theme(
    name="c3",
    primary="#6cb6ff",
    secondary="#8fa3b8",
    warning="#e6b455",
    error="#ff7b72",
    success="#7ec699",
    accent="#6cb6ff",
    foreground="#d5dbe3",
    background="#10151c",
    surface="#10151c",
    panel="#1b232d",
    dark=True,
)


def choose_profile(
    ui: Literal["auto", "rich", "console"], environ: Mapping[str, str] = os.environ
) -> Profile:
    """How to draw: ``console`` where fonts and colours are few, ``rich`` elsewhere.

    Must be known before the app is built: Textual picks colours and filters while it is made.
    """
    if ui != "auto":
        return ui
    term = environ.get("TERM", "") or "unknown"
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    unicode = locale.lower().replace("-", "").endswith("utf8")
    return "console" if term.startswith(CONSOLE_TERMS) or not unicode else "rich"
