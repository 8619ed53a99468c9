"""Outliers: drives that are far slower, hotter or older than drives of the same model at the same work."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from c3tui.checks.drives.policy import Limit

FEWEST = 8
"""Siblings that a drive must have before it is measured by them."""

MAD_TO_SIGMA = 1.4826
"""From the median absolute deviation to the standard deviation of normal data (Iglewicz and Hoaglin 1993)."""

MOST_OUTLIERS = 0.15
"""Of a group; where more stand apart there are two populations, and neither is the odd one."""


@dataclass(frozen=True)
class Measure:
    """Something that drives of one model do alike."""

    name: str
    unit: str
    worse: str
    """What one that does worse is called."""
    high: bool
    """Whether more is worse."""
    least: float
    """Relative difference from the median below which nobody is told, whatever the deviation."""
    floor: float
    """The least deviation taken for normal, as a part of the median."""
    per: float = 1.0
    """What one printed unit is."""
    absolute: float = 0.0
    """The least difference that matters, in its own unit."""


MB = 1e6
MEASURES: tuple[Measure, ...] = (
    *(
        Measure(f"{kind}_{way}", "MB/s", f"slow sibling: {kind} {way}", False, 0.15, 0.025, MB)
        for kind in ("sequential", "random")
        for way in ("read", "write")
    ),
    *(
        Measure(f"{kind}_{way}_iops", "IOPS", f"slow sibling: {kind} {way}", False, 0.2, 0.03)
        for kind in ("sequential", "random")
        for way in ("read", "write")
    ),
    Measure("read_latency", "us", "slow sibling: read latency", True, 0.5, 0.05, absolute=20),
    Measure("write_latency", "us", "slow sibling: write latency", True, 0.5, 0.05, absolute=20),
    Measure("selftest_seconds", "s", "slow sibling: self-test took", True, 0.25, 0.03, absolute=30),
    Measure("heat", "C", "hot sibling:", True, 0.0, 0.0, absolute=8),
    Measure("hours", "h", "used drive among new ones:", True, 0.0, 0.0, absolute=4000),
)
"""Throughput before I/O a second, so that what is said twice is said as people know it."""

FLOORS = {"heat": 1.5, "hours": 200.0}
"""C and hours: the least deviation taken for normal where the median says nothing about the spread."""

NEW = 1000
"""Hours: a median age below it means a delivery of new drives."""


@dataclass(frozen=True)
class Row:
    """One drive's figures, by measure; what was not measured is left out."""

    id: str
    group: tuple[object, ...]
    """What siblings have in common: model and size; for heat also the bay."""
    figures: Mapping[str, float]


@dataclass(frozen=True)
class Outlier:
    """One drive far from its siblings."""

    id: str
    measure: Measure
    value: float
    centre: float
    spread: float
    siblings: int

    @property
    def text(self) -> str:
        """``slow sibling: sequential read 92 MB/s, 39 siblings 241 +- 6``."""
        per = self.measure.per
        value, centre = _round(self.value / per), _round(self.centre / per)
        spread = _round(max(self.spread / per, 0))
        return (
            f"{self.measure.worse} {value} {self.measure.unit}, {self.siblings} siblings {centre} +- {spread}"
        )


def _round(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 20 else f"{value:.1f}".removesuffix(".0")


def outliers(rows: Iterable[Row], limit: Limit) -> list[Outlier]:
    """Every drive that is much worse than its siblings at something; being better is no fault."""
    if limit.watch is None:
        return []
    found = []
    groups: dict[tuple[object, ...], list[Row]] = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    for members in groups.values():
        if len(members) > FEWEST:
            for measure in MEASURES:
                found += _apart(measure, members, limit.watch)
    return found


def _apart(measure: Measure, members: Sequence[Row], deviations: float) -> list[Outlier]:
    name = measure.name
    known = [(row.id, value) for row in members if (value := row.figures.get(name)) is not None]
    if len(known) <= FEWEST:
        return []
    values = [value for _, value in known]
    centre = median(values)
    if name == "hours" and centre > NEW:
        return []
    spread = median([abs(value - centre) for value in values]) * MAD_TO_SIGMA
    normal = max(spread, measure.floor * abs(centre), FLOORS.get(name, 0.0))
    least = max(deviations * normal, measure.least * abs(centre), measure.absolute)
    sign = 1 if measure.high else -1
    apart = [
        Outlier(id, measure, value, centre, spread, len(known) - 1)
        for id, value in known
        if (value - centre) * sign >= least > 0
    ]
    return apart if len(apart) <= max(1, int(len(known) * MOST_OUTLIERS)) else []
