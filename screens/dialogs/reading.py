"""Dialogs that are read: the guide of a step, the list of keys, and long answers."""

from collections.abc import Sequence
from importlib.resources import files

from textual.screen import Screen

from screens.dialogs.frame import Dialog
from screens.signs import Span
from screens.widgets.bars import key_name

OF_TEXTUAL = ("screen.copy_text", "app.focus_next", "app.focus_previous")
"""Actions that Textual binds on every screen and that do nothing worth telling here."""


class Reading(Dialog[None]):
    """A text over the whole screen."""

    AUTO_FOCUS = "#text"

    def __init__(self, title: str, lines: Sequence[Sequence[Span] | str]) -> None:
        super().__init__(title, lines or ["Nothing to say."])
        self.add_class("-tall")


class Guide(Reading):
    """The walkthrough of a step, physical actions included."""

    def __init__(self, name: str) -> None:
        super().__init__(f"Guide: {name}", guide_lines(name))


class KeyList(Reading):
    """Every key that does something on a screen, with what it does."""

    def __init__(self, screen: Screen[object]) -> None:
        super().__init__("Keys on this screen", key_lines(screen))


def guide_lines(name: str) -> list[list[Span]]:
    """The guide of that name as plain text with toned headings; a paragraph is one line."""
    file = files("assets") / "guide" / f"{name}.md"
    if not file.is_file():
        return [[(f"There is no guide for {name}.", "dim")]]
    lines: list[list[Span]] = []
    paragraph: list[str] = []
    for row in [*file.read_text(encoding="utf-8").splitlines(), ""]:
        text = row.rstrip()
        starts = text.startswith(("#", "- ")) or text[:1].isdigit() or not text
        if starts and paragraph:
            lines.append([(" ".join(paragraph), "")])
            paragraph = []
        if text.startswith("#"):
            lines.append([(text.lstrip("# ").upper() if text.startswith("# ") else text.lstrip("# "), "key")])
        elif not text:
            lines.append([])
        else:
            paragraph.append(text.strip() if paragraph else text)
    return lines


def key_lines(screen: Screen[object]) -> list[list[Span]]:
    """A line for each action, its keys in front, shown in the footer or not."""
    keys: dict[str, list[str]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.description and binding.action not in OF_TEXTUAL and not binding.key.startswith("super"):
            names = keys.setdefault(binding.description, [])
            name = key_name(binding.key, binding.key_display)
            if name not in names:
                names.append(name)
    width = max((len(", ".join(names)) for names in keys.values()), default=0)
    lines: list[list[Span]] = [
        [(f"{', '.join(names):<{width + 2}}", "key"), (description, "")]
        for description, names in keys.items()
    ]
    arrows: list[Span] = [(f"{'arrows':<{width + 2}}", "key"), ("Move; PgUp, PgDn, Home, End go further", "")]
    return [*lines, arrows]
