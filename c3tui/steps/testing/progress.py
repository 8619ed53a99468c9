"""How far a server's tests are: how many, which on which drive, how long it should take, what is overdue."""

from statistics import median

from c3tui.clients.maas import ResultSet, Row, RowStatus
from c3tui.model.campaign import minutes
from c3tui.steps.testing.record import elapsed

LATE = 1.5
"""A test is overdue when it takes so much longer than expected, ..."""
GRACE = 60.0
"""... and so many seconds more."""
_NAMED = 2
"""Drives named one by one; of more the first and the number."""
_KEPT = 200
"""Durations of one test that the median is taken of."""


class Timings:
    """How long tests took on siblings in this run."""

    def __init__(self) -> None:
        self._seconds: dict[str, list[float]] = {}
        self._seen: set[tuple[int, int]] = set()

    def learn(self, results: ResultSet) -> None:
        """Take in rows that passed, each once."""
        for row in results.rows:
            if row.passed and row.runtime is not None and (results.id, row.id) not in self._seen:
                self._seen.add((results.id, row.id))
                self._seconds.setdefault(row.name, []).append(row.runtime)
                del self._seconds[row.name][:-_KEPT]

    def expected(self, row: Row) -> float | None:
        """Seconds: the median of siblings, else what MAAS knows from earlier runs; None when nobody knows."""
        known = self._seconds.get(row.name)
        return median(known) if known else row.estimated


def told(results: ResultSet, timings: Timings, names: dict[str, str]) -> tuple[float, str]:
    """Share of rows that ended, and the rest in words.

    Args:
        results: of the server, as they are now.
        timings: what tests took elsewhere.
        names: what drives are called here, by serial: ``bay 3``.
    """
    total, ended = len(results.rows), sum(row.finished for row in results.rows)
    running = [row for row in results.rows if row.started and not row.finished]
    parts = [f"{ended} of {total}"]
    for script in dict.fromkeys(row.name for row in running):
        parts.append(_one(results, [row for row in running if row.name == script], timings, names))
    return (ended / total if total else 0.0), "; ".join(parts)


def _one(results: ResultSet, rows: list[Row], timings: Timings, names: dict[str, str]) -> str:
    parts = [names.get(row.serial, row.disk) or row.interface for row in rows]
    parts = [part for part in parts if part]
    on = f" on {', '.join(parts[:_NAMED])}" if parts else ""
    if len(parts) > _NAMED:
        on = f" on {parts[0]} and {len(parts) - 1} more"
    if all(row.status == RowStatus.INSTALLING for row in rows):
        return f"{rows[0].name}: installing its packages"
    longest = max(elapsed(results, row) or 0.0 for row in rows)
    expected = timings.expected(rows[0])
    if expected is None:
        return f"{rows[0].name}{on}, for {minutes(longest)}"
    text = f"{rows[0].name}{on}, {minutes(longest)} of about {minutes(expected)}"
    over = longest - expected
    return f"{text}, overdue" if over > GRACE and longest > LATE * expected else text
