"""Reading JSON that may be cut, mutated or hostile: values of the expected type, or a word on why not."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

LARGEST = 8 << 20
"""Bytes; the longest SMART report seen is under 100 KB."""

UNSIGNED_64 = 2**64 - 1
UNSIGNED_128 = 2**128 - 1
LONGEST_TEXT = 200
LONGEST_EXTRA = 4000

Tree = Mapping[str, Any]
Path = tuple[str, ...]
_ABSENT = object()
_EMPTY: Tree = {}


class Unreadable(ValueError):
    """The text is no such document, and why."""


def parse(text: str | bytes) -> Tree:
    """A JSON object out of what somebody else wrote.

    Raises:
        Unreadable: it is not UTF-8, not one whole JSON object, far too large or deep, says NaN, or says
            one thing twice.
    """
    if len(text) > LARGEST:
        raise Unreadable(f"larger than {LARGEST >> 20} MiB")
    if isinstance(text, bytes):
        try:
            text = text.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise Unreadable(f"not UTF-8 text (byte {error.start})") from error
    if not text.strip():
        raise Unreadable("empty")
    try:
        tree = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
    except Unreadable:
        raise
    except json.JSONDecodeError as error:
        raise Unreadable(f"cut or damaged: not JSON at character {error.pos}") from error
    except RecursionError as error:
        raise Unreadable("nested far too deep") from error
    except ValueError as error:
        raise Unreadable("holds a number that is far too long") from error
    if not isinstance(tree, dict):
        raise Unreadable("not a report: JSON, but no object")
    return tree


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Unreadable(f"says {printable(twice)!r} twice")
    return made


def _no_number(name: str) -> Any:
    raise Unreadable(f"holds {name}, which is no number")


def printable(text: str) -> str:
    """Text that a terminal and a database take: no control characters, no half characters, not endless."""
    if text.isascii() and text.isprintable():
        # Nearly every text of a report, and there are a hundred in each.
        if len(text) <= LONGEST_TEXT and "  " not in text:
            return text.strip()
    else:
        text = "".join(char if char.isprintable() else " " for char in text)
    return " ".join(text[: LONGEST_TEXT * 2].split())[:LONGEST_TEXT]


class Picker:
    """Takes values out of a tree by path. What has the wrong type is remembered as damage; what cannot be
    true, as a note; both are then missing."""

    def __init__(self) -> None:
        self.damaged: list[str] = []
        self.notes: list[str] = []

    def get(self, tree: Tree, path: Path) -> object:
        """The value there as it is, or an object of its own when there is none."""
        if len(path) == 1:
            return tree.get(path[0], _ABSENT)
        at: object = tree
        for nth, key in enumerate(path):
            if not isinstance(at, dict):
                self._wrong(path[:nth], at, "an object")
                return _ABSENT
            at = at.get(key, _ABSENT)
            if at is _ABSENT:
                return _ABSENT
        return at

    def node(self, tree: Tree, *path: str) -> Tree:
        """The object there; an empty one when there is none."""
        value = self.get(tree, path)
        if value is _ABSENT:
            return _EMPTY
        if isinstance(value, dict):
            return value
        self._wrong(path, value, "an object")
        return _EMPTY

    def rows(self, tree: Tree, *path: str) -> Iterator[Tree]:
        """The objects of the list there."""
        value = self.get(tree, path)
        if value is _ABSENT:
            return
        if not isinstance(value, list):
            self._wrong(path, value, "a list")
            return
        for nth, each in enumerate(value):
            if isinstance(each, dict):
                yield each
            else:
                self._wrong((*path, str(nth)), each, "an object")

    def whole(
        self, tree: Tree, *path: str, least: int = 0, most: int = UNSIGNED_64, sane: int | None = None
    ) -> int | None:
        """The integer there.

        Args:
            tree: to take it from.
            path: of keys.
            least: below it the report is damaged.
            most: above it the report is damaged.
            sane: above it the value cannot be true, and is noted.
        """
        value = self.get(tree, path)
        if value is _ABSENT:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(path, value, "a whole number")
        elif not least <= value <= most:
            self._wrong(path, value, "a possible number")
        elif sane is not None and value > sane:
            self.doubt(".".join(path), f"{value} cannot be true")
        else:
            return value
        return None

    def flag(self, tree: Tree, *path: str) -> bool | None:
        """The boolean there."""
        value = self.get(tree, path)
        if value is _ABSENT or isinstance(value, bool):
            return None if value is _ABSENT else bool(value)
        self._wrong(path, value, "true or false")
        return None

    def text(self, tree: Tree, *path: str) -> str:
        """The text there; empty when there is none."""
        value = self.get(tree, path)
        if value is _ABSENT:
            return ""
        if isinstance(value, str):
            return printable(value)
        self._wrong(path, value, "text")
        return ""

    def doubt(self, what: str, why: str) -> None:
        """Remember a value that cannot be true."""
        self.notes.append(f"{what}: {why}")

    def _wrong(self, path: Path, value: object, wanted: str) -> None:
        self.damaged.append(f"{'.'.join(path) or 'the report'} is {_shown(value)}, not {wanted}")


def _shown(value: object) -> str:
    """What stands there, in a few characters; nothing of what is nested in it."""
    match value:
        case None:
            return "null"
        case dict():
            return "an object"
        case list():
            return "a list"
        case str():
            return repr(printable(value)[:40])
    return str(value)[:40]


def compact(value: object) -> str:
    """A value as JSON for keeping, or how long it is where it is too long to keep twice."""
    try:
        text = json.dumps(value, separators=(",", ":"))
    except RecursionError:
        return '"nested too deep, in the report"'
    return text if len(text) <= LONGEST_EXTRA else f'"{len(text)} characters, in the report"'
