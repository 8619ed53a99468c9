"""Consistency: what most drives of a model, or of a bay, have in common, and the few that differ."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass

from c3tui.checks.drives.drive import terabytes
from c3tui.model.evidence.judgement import Klass, Reason
from c3tui.model.evidence.terms import Media, SmartEvidence

FEWEST = 8
"""Others before a majority means anything."""

MAJORITY = 0.8
"""Of a group; with less, there is no common way to differ from."""

SMALLER = 0.99
"""Of the common size; makers differ by less."""


@dataclass(frozen=True)
class Sitting:
    """A drive and where it sits."""

    id: str
    slot: int | None
    """Its bay's number, which servers of a kind have in common; None when nobody knows."""
    media: Media | None
    """What its bay is for, where the plan or the profile says so."""
    evidence: SmartEvidence


def differing(drives: Sequence[Sitting]) -> Iterator[tuple[str, Reason]]:
    """Drives of the wrong kind for their bay, with other firmware, sectors or size than the others."""
    known = [each for each in drives if each.evidence.protocol is not None]
    yield from _bays(known)
    for group in _groups(known, lambda each: each.evidence.model or None):
        common = _majority(group, lambda each: each.evidence.firmware or None)
        yield from _firmware(group, common)
        yield from _smaller(group, "of this model")
    for group in _groups(
        known, lambda each: (each.slot, each.evidence.media) if each.slot is not None else None
    ):
        yield from _sectors(group)
        yield from _smaller(group, "in this bay of other servers")


Key = Callable[[Sitting], Hashable | None]


def _groups(drives: Sequence[Sitting], key: Key) -> Iterator[list[Sitting]]:
    found: dict[Hashable, list[Sitting]] = defaultdict(list)
    for each in drives:
        if (value := key(each)) is not None:
            found[value].append(each)
    yield from (group for group in found.values() if len(group) > FEWEST)


def _majority(group: Sequence[Sitting], value: Key) -> tuple[Hashable, int, int] | None:
    """The common value, how many have it and of how many; None when there is none."""
    counted = Counter(known for each in group if (known := value(each)) is not None)
    total = counted.total()
    if total <= FEWEST:
        return None
    common, many = counted.most_common(1)[0]
    return (common, many, total) if MAJORITY * total <= many < total else None


def _bays(drives: Sequence[Sitting]) -> Iterator[tuple[str, Reason]]:
    unsaid = [each for each in drives if each.media is None and each.evidence.media]
    for group in _groups(unsaid, lambda each: each.slot):
        if not (common := _majority(group, lambda each: each.evidence.media)):
            continue
        for each in group:
            if (own := each.evidence.media) and own != common[0]:
                text = (
                    f"{own.upper()} in a bay where {common[1]} of {common[2]} servers have "
                    f"{str(common[0]).upper()}"
                )
                yield each.id, Reason(rule="wrong-bay", klass=Klass.WATCH, text=text)


def _firmware(
    group: Sequence[Sitting], common: tuple[Hashable, int, int] | None
) -> Iterator[tuple[str, Reason]]:
    if not common:
        return
    for each in group:
        if (own := each.evidence.firmware) and own != common[0]:
            text = f"firmware {own}, {common[1]} of {common[2]} of this model run {common[0]}"
            yield each.id, Reason(rule="firmware", klass=Klass.WATCH, text=text)


def _sectors(group: Sequence[Sitting]) -> Iterator[tuple[str, Reason]]:
    if not (common := _majority(group, lambda each: each.evidence.logical_sector)):
        return
    for each in group:
        own = each.evidence.logical_sector
        if own is not None and own != common[0]:
            text = (
                f"sectors of {own} bytes among {common[1]} drives with {common[0]}: 4Kn and 512e do not mix"
            )
            yield each.id, Reason(rule="sector-size", klass=Klass.WATCH, text=text, value=own)


def _smaller(group: Sequence[Sitting], where: str) -> Iterator[tuple[str, Reason]]:
    if not (common := _majority(group, lambda each: each.evidence.capacity)):
        return
    usual = common[0]
    assert isinstance(usual, int)
    for each in group:
        own = each.evidence.capacity
        if own is not None and own < usual * SMALLER:
            text = f"{terabytes(own)}, {common[1]} of {common[2]} {where} have {terabytes(usual)}"
            yield each.id, Reason(rule="smaller", klass=Klass.WATCH, text=text, value=own, limit=usual)
