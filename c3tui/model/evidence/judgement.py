"""What is made of the evidence on one part: a class, the reasons with their numbers, one sentence."""

from collections.abc import Sequence
from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class Klass(StrEnum):
    """What an engineer should be told of a part. *Not tested* is neither a pass nor a fault."""

    GOOD = "good"
    WATCH = "watch"
    REPLACE = "replace"
    NOT_TESTED = "not tested"

    @property
    def rank(self) -> int:
        """How much it weighs: a known fault over what is not known, and that over what is only odd."""
        return _RANKS[self]


_RANKS = {Klass.GOOD: 0, Klass.WATCH: 1, Klass.NOT_TESTED: 2, Klass.REPLACE: 3}


SPOKEN = 3
"""Reasons that a headline repeats."""


class Reason(BaseModel):
    """One thing that the evidence says; of class good it is a note that decides nothing."""

    model_config = ConfigDict(frozen=True)

    rule: str
    """Stable id, such as ``reallocated``."""
    klass: Klass
    text: str
    """With the numbers that decided."""
    value: float | None = None
    limit: float | None = None
    place: str = ""
    """Of a server: the part it is about, as labelled (``P1-DIMMA1``, ``PSU2``); empty for all of it."""


class Judgement(BaseModel):
    """The class of a part, and why; the weightiest reasons come first."""

    model_config = ConfigDict(frozen=True)

    klass: Klass
    reasons: tuple[Reason, ...] = ()
    headline: str

    def with_reasons(self, more: Sequence[Reason]) -> "Judgement":
        """The same judgement, knowing more."""
        return conclude((*self.reasons, *more), self.headline) if more else self


def conclude(reasons: Sequence[Reason], sound: str) -> Judgement:
    """The judgement that follows from its reasons.

    Args:
        reasons: in any order; the weightiest decides.
        sound: the headline when none of them is against the part.
    """
    ordered = tuple(sorted(reasons, key=lambda each: -each.klass.rank))
    klass = ordered[0].klass if ordered else Klass.GOOD
    if klass is Klass.GOOD:
        return Judgement(klass=klass, reasons=ordered, headline=sound)
    deciding = [each.text for each in ordered if each.klass is klass][:SPOKEN]
    others = sum(each.klass is not Klass.GOOD for each in ordered) - len(deciding)
    more = f" (and {others} more)" if others else ""
    return Judgement(klass=klass, reasons=ordered, headline="; ".join(deciding) + more)
