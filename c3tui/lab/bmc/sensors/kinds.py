"""What a sensor is: threshold sensors that measure, discrete ones that tell states."""

from dataclasses import dataclass
from typing import Literal

Unit = Literal["C", "RPM", "V"]
SENSOR_SPECIFIC = 0x6F
"""Event/reading type of a discrete sensor with states of its own type (IPMI table 42-1)."""


@dataclass(frozen=True)
class Thresholds:
    """Limits in the sensor's unit; None where it has no such limit."""

    lower_critical: float | None = None
    lower_noncritical: float | None = None
    upper_noncritical: float | None = None
    upper_critical: float | None = None
    lower_nonrecoverable: float | None = None
    upper_nonrecoverable: float | None = None

    def in_order(self) -> tuple[float | None, ...]:
        """In the order of the masks: LNC, LC, LNR, UNC, UC, UNR (IPMI table 35-9)."""
        return (
            self.lower_noncritical,
            self.lower_critical,
            self.lower_nonrecoverable,
            self.upper_noncritical,
            self.upper_critical,
            self.upper_nonrecoverable,
        )


@dataclass(frozen=True)
class Analog:
    """A threshold sensor: reading = ``factor`` x raw x 10^``exponent`` in its unit (IPMI 36.3)."""

    number: int
    name: str
    kind: int
    """Sensor type (IPMI table 42-3)."""
    entity: int
    """Entity id (IPMI table 43-13)."""
    instance: int
    unit: Unit
    nominal: float
    thresholds: Thresholds
    factor: int = 1
    exponent: int = 0
    signed: bool = False
    hysteresis: int = 1
    """Raw."""
    dark_when_off: bool = True
    """No reading without power."""

    def raw(self, value: float) -> int:
        """The byte for a value, held within what the byte can say."""
        low, high = (-128, 127) if self.signed else (0, 255)
        steps = round(value / (self.factor * 10.0**self.exponent))
        return min(max(steps, low), high) & 0xFF

    def status(self, value: float) -> int:
        """Which thresholds the value is at or beyond, as bits (IPMI table 35-15)."""
        limits = self.thresholds.in_order()
        below = [limit is not None and value <= limit for limit in limits[:3]]
        above = [limit is not None and value >= limit for limit in limits[3:]]
        return sum(crossed << bit for bit, crossed in enumerate(below + above))

    @property
    def readable(self) -> int:
        """Which thresholds there are, as bits."""
        return sum((limit is not None) << bit for bit, limit in enumerate(self.thresholds.in_order()))


@dataclass(frozen=True)
class Discrete:
    """A sensor of states; ``event_only`` ones appear in the event log and read nothing."""

    number: int
    name: str
    kind: int
    entity: int
    instance: int
    states: int
    """Mask of the offsets it can tell."""
    event_only: bool = False
