"""The test campaign as it goes: which servers run which tests, and who is overdue."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from screens.model import Progress, ServerRow
from screens.signs import Span
from screens.words import counted, names

OVERDUE = ", overdue"
"""How a server's progress ends the part about a test that takes far longer than expected."""
STEP = "hardware"


@dataclass(frozen=True)
class Campaign:
    """What the servers under test do now."""

    servers: int = 0
    tests: tuple[tuple[str, int], ...] = ()
    """Each test with the number of servers that run it; the most frequent first."""
    overdue: tuple[tuple[str, str], ...] = ()
    """Server, and what takes too long there."""

    def lines(self) -> list[list[Span]]:
        """As it is told under the table; nothing when nothing is tested."""
        if not self.servers:
            return []
        tests = ", ".join(f"{name} on {count}" for name, count in self.tests)
        found: list[list[Span]] = [
            [(f"Testing {counted(self.servers, 'server')}", "busy"), (f": {tests}" if tests else "", "")]
        ]
        if self.overdue:
            name, text = self.overdue[0]
            line: list[Span] = [("OVERDUE  ", "bad"), (f"{name}: {text}", "warn")]
            if more := [server for server, _ in self.overdue[1:]]:
                line.append((f"; also {names(more)}", "warn"))
            found.append(line)
        return found


def campaign(rows: Iterable[ServerRow]) -> Campaign:
    """What is tested now, by what the servers say of themselves."""
    tests: Counter[str] = Counter()
    overdue: list[tuple[str, str]] = []
    servers = 0
    for row in rows:
        if row.progress is None or not under_test(row.progress):
            continue
        servers += 1
        parts = _parts(row.progress)
        tests.update({_name(part) for part in parts})
        name = row.server.name
        overdue += [(name, part.removesuffix(OVERDUE)) for part in parts if part.endswith(OVERDUE)]
    return Campaign(servers, tuple(tests.most_common()), tuple(dict(overdue).items()))


def under_test(progress: Progress) -> bool:
    """Whether a server is tested now."""
    return progress.step == STEP and bool(progress.phase) and not progress.ended


def _parts(progress: Progress) -> list[str]:
    """What runs, test by test; without that, what the server does instead, such as booting."""
    parts = progress.detail.split("; ")
    running = parts[1:] if parts[0][:1].isdigit() else parts
    return [part for part in running if part] or ([] if progress.detail else [progress.phase])


def _name(part: str) -> str:
    """``smartctl-short on bay 3, 40 s of about 60 s`` is smartctl-short."""
    return part.split(",")[0].split(":")[0].split(" on ")[0]
