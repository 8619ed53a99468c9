"""How long the phases of a server take, what is normal, and who is overdue."""

import time
from collections.abc import Callable
from dataclasses import dataclass

SIBLINGS = 3
"""Servers whose time must be known before it counts as what is normal here."""
PATIENCE = 1.5
"""Times the longest normal time: later than that is overdue."""


@dataclass(frozen=True)
class Normal:
    """How long a phase usually takes, in seconds."""

    low: float
    high: float

    def __str__(self) -> str:
        if self.high < 90:
            low, high, unit = round(self.low), round(self.high), "s"
        else:
            low, high, unit = round(self.low / 60), round(self.high / 60), "min"
        return f"{high} {unit}" if low == high else f"{low}-{high} {unit}"


@dataclass(frozen=True)
class Late:
    """A server that takes longer than is normal."""

    name: str
    phase: str
    seconds: float
    normal: Normal

    def __str__(self) -> str:
        return f"overdue, {span(self.seconds)}, normal {self.normal}"


class Pace:
    """The clock of a run: starts and ends of phases by server.

    What is normal follows from the servers that are through: the middle eight of ten. Until three are,
    from ``usual``.

    Args:
        usual: what a phase takes by experience.
        clock: seconds, from any zero.
    """

    def __init__(self, usual: dict[str, Normal], clock: Callable[[], float] = time.monotonic) -> None:
        self._usual = usual
        self._clock = clock
        self._begun: dict[str, tuple[str, float]] = {}
        self._took: dict[str, list[float]] = {}

    def begin(self, name: str, phase: str, ago: float = 0.0) -> None:
        """A server has entered a phase, ``ago`` seconds before now."""
        self._begun[name] = (phase, self._clock() - ago)

    def end(self, name: str) -> float:
        """It is through the phase; gives the seconds that took, 0 when it was in none."""
        phase, at = self._begun.pop(name, ("", self._clock()))
        took = self._clock() - at
        if phase:
            self._took.setdefault(phase, []).append(took)
        return took

    def drop(self, name: str) -> None:
        """It is left behind: its time says nothing of others."""
        self._begun.pop(name, None)

    def normal(self, phase: str) -> Normal:
        """What a phase takes here, or by experience; for phases without experience as long as it likes."""
        took = sorted(self._took.get(phase, ()))
        if len(took) < SIBLINGS:
            return self._usual.get(phase, Normal(0, float("inf")))
        return Normal(took[len(took) // 10], took[-1 - len(took) // 10])

    def late(self, name: str) -> Late | None:
        """Whether a server is overdue."""
        if name not in self._begun:
            return None
        phase, at = self._begun[name]
        seconds, normal = self._clock() - at, self.normal(phase)
        return Late(name, phase, seconds, normal) if seconds > PATIENCE * normal.high + 1 else None

    def overdue(self) -> list[Late]:
        """Everybody who is overdue, the longest first."""
        late = [found for name in self._begun if (found := self.late(name))]
        return sorted(late, key=lambda each: -each.seconds)


def span(seconds: float) -> str:
    """A time in words: seconds up to a minute and a half, then minutes."""
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
