"""Batches: several drives of one model with adjacent serials failing cast doubt on those between them."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import comb

FEWEST = 3
"""Failing drives; two neighbours are chance."""

CHANCE = 1e-3
"""How likely such a run may be by chance, over the whole model, before it is called a batch."""

LEAST_RATE = 0.01
"""Of drives of any model that fail an acceptance: the rate a run is measured against where few do."""

SAME_START = 0.5
"""Of the serial that neighbours must have in common; makers number within it."""


@dataclass(frozen=True)
class Member:
    """A drive by model and serial."""

    id: str
    model: str
    serial: str
    failing: bool


def doubtful(members: Sequence[Member]) -> Iterator[tuple[str, str]]:
    """Drives that are sound themselves and sit in a failing run of serials, each with the sentence."""
    models: dict[tuple[str, int], list[Member]] = defaultdict(list)
    for each in members:
        if each.model and len(each.serial) > FEWEST:
            models[each.model, len(each.serial)].append(each)
    for same in models.values():
        ordered = sorted(same, key=lambda each: each.serial)
        if len({each.serial for each in ordered}) == len(ordered):
            yield from _runs(ordered)


def _runs(ordered: Sequence[Member]) -> Iterator[tuple[str, str]]:
    failing = [place for place, each in enumerate(ordered) if each.failing]
    if len(failing) < FEWEST:
        return
    told: set[str] = set()
    rate = max(len(failing) / len(ordered), LEAST_RATE)
    for first in range(len(failing) - FEWEST + 1):
        last = _longest(failing, first, rate, ordered)
        if last is None:
            continue
        start, end = failing[first], failing[last]
        width, bad = end - start + 1, last - first + 1
        text = (
            f"{bad} of {width} drives of this model from serial {ordered[start].serial} to "
            f"{ordered[end].serial} must be replaced, {len(failing)} of all {len(ordered)}: a bad batch?"
        )
        for each in ordered[max(start - 1, 0) : end + 2]:
            if not each.failing and each.id not in told and _near(each, ordered[start]):
                told.add(each.id)
                yield each.id, text


def _longest(failing: Sequence[int], first: int, rate: float, ordered: Sequence[Member]) -> int | None:
    """The last failing drive of the widest run from here that is no chance."""
    for last in range(len(failing) - 1, first + FEWEST - 2, -1):
        bad, width = last - first + 1, failing[last] - failing[first] + 1
        if bad * 2 < width or not _near(ordered[failing[first]], ordered[failing[last]]):
            continue
        if _chance(bad, width, rate) * len(failing) < CHANCE:
            return last
    return None


def _near(one: Member, other: Member) -> bool:
    common = 0
    for a, b in zip(one.serial, other.serial, strict=True):
        if a != b:
            break
        common += 1
    return common >= len(one.serial) * SAME_START


def _chance(bad: int, width: int, rate: float) -> float:
    """How likely so many of so many fail by themselves at that rate (binomial tail)."""
    return sum(
        comb(width, each) * rate**each * (1 - rate) ** (width - each) for each in range(bad, width + 1)
    )
