"""The filter language of tables and of the command line: words, ``key:value`` and comparisons, all at once.

``failed rack:r12 -stage:node temp>40 "two words"``: a row passes when every term holds. Pure: no terminal.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")

Value = str | float | None
"""What a facet says of a row: words, a number in base units (bytes, C, percent, seconds), or nothing."""

Facets = Mapping[str, Callable[[T], Value]]
"""The keys that can be asked for, and what each is of a row."""

_TOKEN = re.compile(r'(?:"[^"]*"?|[^\s"])+')
_KEYED = re.compile(r"([A-Za-z]+)(>=|<=|!=|:|=|>|<)(.*)", re.DOTALL)
_NUMBER = re.compile(r"([+-]?\d+(?:\.\d+)?)([a-z%]*)")

UNITS = {
    "": 1.0,
    "%": 1.0,
    "c": 1.0,
    "rpm": 1.0,
    **{unit: 10.0**power for power, unit in ((3, "kb"), (6, "mb"), (9, "gb"), (12, "tb"), (15, "pb"))},
    **{unit: 1024.0**power for power, unit in ((1, "kib"), (2, "mib"), (3, "gib"), (4, "tib"), (5, "pib"))},
    **{"s": 1.0, "min": 60.0, "h": 3600.0, "d": 86400.0},
}
"""What a number may carry behind it. Drives are sold in decimal units, so ``TB`` is decimal."""

EXAMPLES = {"temp": "temp>40", "size": "size<4TB", "wear": "wear>=70"}
"""How a comparison is written, where a hint has a key to show it with."""
HINT_CELLS = 74

ABSENT = "-"
"""``verdict:-`` finds the rows that have none."""


@dataclass(frozen=True)
class Term(Generic[T]):
    """One condition on a facet. What it says of a word is kept: most columns hold few different ones."""

    get: Callable[[T], Value]
    holds: Callable[[Value], bool]
    _known: dict[str, bool] = field(default_factory=dict)

    def __call__(self, row: T) -> bool:
        """Whether it holds of a row."""
        value = self.get(row)
        if not isinstance(value, str):
            return self.holds(value)
        found = self._known.get(value)
        if found is None:
            found = self._known[value] = self.holds(value)
        return found


@dataclass(frozen=True)
class Query(Generic[T]):
    """What was asked for, read once and applied to many rows."""

    text: str = ""
    words: tuple[tuple[str, bool], ...] = ()
    """Each in lower case, and whether it must be there or must not."""
    terms: tuple[Term[T], ...] = ()
    faults: tuple[str, ...] = ()
    """What could not be understood, in sentences. Such a term hides nothing."""

    def __bool__(self) -> bool:
        return bool(self.words or self.terms)

    def select(self, keys: Iterable[str], rows: Mapping[str, T], text: Callable[[str], str]) -> list[str]:
        """The keys whose rows pass, in the order given; ``text`` is what a row shows, in lower case."""
        found = list(keys)
        for term in self.terms:
            found = [key for key in found if term(rows[key])]
        for word, wanted in self.words:
            found = [key for key in found if (word in text(key)) is wanted]
        return found


def parse(text: str, facets: Facets[T]) -> Query[T]:
    """Read a filter. Nothing in it is an error to be raised: what makes no sense is told in ``faults``."""
    words: list[tuple[str, bool]] = []
    terms: list[Term[T]] = []
    faults: list[str] = []
    for match in _TOKEN.finditer(text):
        token = match.group()
        wanted = not (token.startswith("-") and len(token) > 1)
        body = token if wanted else token[1:]
        keyed = _KEYED.fullmatch(body)
        if keyed is None:
            if (word := body.replace('"', "").lower()) and token != "-":
                words.append((word, wanted))
            continue
        term = _term(keyed, wanted, facets)
        if isinstance(term, str):
            faults.append(term)
        elif term is not None:
            terms.append(term)
    return Query(text, tuple(words), tuple(terms), tuple(faults))


def hint(facets: Iterable[str]) -> str:
    """What may be typed, in a line of 78 cells: ``words, -not these, rack: stage: temp>40``."""
    line = "words, -not these,"
    for key in facets:
        word = f" {EXAMPLES.get(key, f'{key}:')}"
        if len(line) + len(word) > HINT_CELLS:
            return f"{line} ..."
        line += word
    return line


def _term(keyed: re.Match[str], wanted: bool, facets: Facets[T]) -> Term[T] | str | None:
    """The condition, None while its value is not typed yet, or what is wrong with it."""
    key, sign, value = keyed.group(1).lower(), keyed.group(2), keyed.group(3).replace('"', "").strip()
    if key not in facets:
        return f"no key {key!r} here (put text in quotes); keys: {', '.join(facets)}"
    if not value:
        return None
    if sign in (":", "="):
        holds = _equals(value)
    elif sign == "!=":
        holds, wanted = _equals(value), not wanted
    else:
        limit = number(value)
        if limit is None:
            return f"{key}{sign}{value}: {value!r} is no number (such as 40, 3.5TB, 2h)"
        holds = _compares(sign, limit)
    return Term(facets[key], holds if wanted else lambda found: not holds(found))


def number(text: str) -> float | None:
    """A number with its unit in base units, or None: ``4TB`` is 4e12, ``2h`` is 7200."""
    found = _NUMBER.fullmatch(text.lower().replace(" ", ""))
    if found is None or found.group(2) not in UNITS:
        return None
    return float(found.group(1)) * UNITS[found.group(2)]


def _compares(sign: str, limit: float) -> Callable[[Value], bool]:
    """A row that has no such number never passes a comparison."""

    def holds(value: Value) -> bool:
        if value is None or isinstance(value, str):
            return False
        if sign.startswith(">"):
            return value > limit or (len(sign) == 2 and value == limit)
        return value < limit or (len(sign) == 2 and value == limit)

    return holds


def _equals(text: str) -> Callable[[Value], bool]:
    """One of the values, separated by commas."""
    each: Sequence[Callable[[Value], bool]] = [_is(part) for part in text.split(",") if part]
    return lambda value: any(holds(value) for holds in each)


def _is(text: str) -> Callable[[Value], bool]:
    wanted, count = plain(text), number(text)
    pattern = re.compile(translate(wanted)) if "*" in wanted else None
    rounded = count is not None and not text[-1:].isdigit()

    def holds(value: Value) -> bool:
        if value is None or value == "":
            return wanted == ABSENT
        if not isinstance(value, str):
            if count is None:
                return False
            # A drive of "16TB" holds 16,000,900,661,248 bytes: what carries a unit is meant as it is printed.
            return math.isclose(value, count, rel_tol=0.005 if rounded else 1e-9)
        return bool(pattern.match(plain(value))) if pattern else _begins(plain(value), wanted)

    return holds


def _begins(value: str, start: str) -> bool:
    """A value may be cut short, but not within a number: ``stage:dep`` will do, ``r1`` is not ``r12``."""
    if not value.startswith(start):
        return False
    return not (start[-1:].isdigit() and value[len(start) : len(start) + 1].isdigit())


@lru_cache(maxsize=4096)
def plain(text: str) -> str:
    """As values are compared: lower case, blanks as hyphens (``bmc:no-answer``)."""
    return text.lower().replace(" ", "-")
