"""Five hundredths dead, two with another password, 10 ms away: 300 BMCs of a lab in a process of its own.

Ten times from no session to a full table; then what a sweep of polls costs, status and three sensors of each.
Limits are those a person feels: who is there in 3 s, who is not in about one, whose password is wrong in one.
"""

import asyncio
import json
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from c3tui.clients.bmc import BmcFleet
from c3tui.engine.site import Site
from c3tui.lab.chassis import BMC_PASSWORD
from c3tui.lab.control import ask
from c3tui.model.fleet import BmcReading, BmcState
from c3tui.steps.peers import targets

ROOT = Path(__file__).resolve().parents[1]
SERVERS, RUNS = 300, 10
GOOD_LIMIT, DEAD_LIMIT, WRONG_LIMIT = 3.0, 1.5, 1.0
"""Seconds until all good rows are complete, from a dead BMC's first packet until it is shown so, and until
all wrong passwords are told."""
SWEEP_LIMIT = 0.15
"""Seconds of CPU."""
HANGS = 60.0
"""Seconds after which a run counts as hanging."""
POLL, WINDOW, WINDOWS = 1.0, 3.0, 5
"""Seconds between polls, for how long they are measured at a time, and how often."""


@contextmanager
def lab(directory: Path) -> Iterator[None]:
    """The room in a process of its own."""
    size = ["--site", str(directory), "--scenario", "fleet", "--servers", str(SERVERS)]
    process = subprocess.Popen(
        [sys.executable, "-m", "c3tui", "lab", *size], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        while line := process.stdout.readline():
            if line.startswith("runs until"):
                break
        else:
            raise RuntimeError("the lab did not start")
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


@dataclass
class Truth:
    """What is so in the room."""

    good: set[str] = field(default_factory=set)
    dead: set[str] = field(default_factory=set)
    wrong: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, directory: Path) -> "Truth":
        """As the lab wrote it down."""
        truth = cls()
        for box in json.loads((directory / "lab" / "world.json").read_text())["chassis"]:
            known = box["bmc"]["password"] == BMC_PASSWORD
            kind = truth.dead if not box["bmc"]["alive"] else truth.good if known else truth.wrong
            kind.add(box["name"])
        return truth


def complete(reading: BmcReading) -> bool:
    """All of a turn has arrived."""
    return reading.state is BmcState.OK and reading.inlet_c is not None and reading.sel_entries is not None


class Watch:
    """When each BMC first showed what is true of it, in seconds since a beginning."""

    def __init__(self, truth: Truth) -> None:
        self._truth = truth
        self.began = time.monotonic()
        self.shown: dict[str, float] = {}
        self.false: set[str] = set()
        """Who was shown in a state that is not so."""
        self.all = asyncio.Event()

    def take(self, changed: dict[str, BmcReading]) -> None:
        """Readings that came in."""
        now = time.monotonic() - self.began
        for name, reading in changed.items():
            if self._so(name, reading):
                self.shown.setdefault(name, now)
            elif reading.state not in (BmcState.NEW, BmcState.OK):
                self.false.add(name)
        if len(self.shown) == SERVERS:
            self.all.set()

    def _so(self, name: str, reading: BmcReading) -> bool:
        if name in self._truth.good:
            return complete(reading)
        want = BmcState.NO_ANSWER if name in self._truth.dead else BmcState.WRONG_PASSWORD
        return reading.state is want

    def last(self, names: set[str]) -> float:
        """When the last of them was shown."""
        return max(self.shown[name] for name in names)


def cpu() -> float:
    """Seconds of CPU of this process so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def first_table(site: Site, truth: Truth) -> Watch:
    """One run from no session to a full table, and its end."""
    fleet = BmcFleet(directory=site.files.directory / "bmc")
    await fleet.start()
    watch = Watch(truth)
    fleet.changes(watch.take)
    try:
        watch.began = time.monotonic()
        fleet.watch(targets(site))
        async with asyncio.timeout(HANGS):
            await watch.all.wait()
    finally:
        await fleet.close()
    return watch


async def sweep(site: Site, truth: Truth) -> float:
    """Seconds of CPU that a sweep of all takes, over open sessions; the dead are tried again meanwhile."""
    fleet = BmcFleet(poll=POLL, directory=site.files.directory / "bmc")
    await fleet.start()
    watch, turns = Watch(truth), 0

    def count(changed: dict[str, BmcReading]) -> None:
        nonlocal turns
        watch.take(changed)
        turns += sum(reading.state is BmcState.OK for reading in changed.values())

    fleet.changes(count)
    fleet.watch(targets(site))
    each = []
    try:
        async with asyncio.timeout(HANGS):
            await watch.all.wait()
        await asyncio.sleep(POLL)
        for _ in range(WINDOWS):
            before, turns = cpu(), 0
            await asyncio.sleep(WINDOW)
            each.append((cpu() - before) / turns)
    finally:
        await fleet.close()
    return min(each) * SERVERS


def line(what: str, taken: list[float], limit: float, unit: str = "s") -> bool:
    """Print a figure against its limit; whether the middle one keeps it."""
    middle = statistics.median(taken)
    good = middle <= limit
    spread = f"{min(taken):6.2f} {middle:6.2f} {max(taken):6.2f}"
    print(f"{what:<38} {spread} {unit}   limit {limit:g}   {'ok' if good else 'OVER'}", flush=True)
    return good


async def measure(directory: Path) -> bool:
    """Print the figures; false when one is over its limit."""
    site, truth = Site.load(directory, {}), Truth.of(directory)
    control = directory / "lab" / "lab.sock"
    counts = f"{len(truth.good)} good, {len(truth.dead)} dead, {len(truth.wrong)} with another password"
    print(f"{SERVERS} BMCs, 10 ms away: {counts}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    await first_table(site, truth)  # loads the library and the sensor records
    runs, left = [], dict[str, Any]()
    for _ in range(RUNS):
        runs.append(await first_table(site, truth))
        left |= (await ask(control, "sessions"))["servers"]
    print(f"{'least, median and most of ' + str(RUNS) + ' runs':<38}")
    good = [
        line("good rows complete after", [each.last(truth.good) for each in runs], GOOD_LIMIT),
        line("dead ones shown after", [each.last(truth.dead) for each in runs], DEAD_LIMIT),
        line("wrong passwords told after", [each.last(truth.wrong) for each in runs], WRONG_LIMIT),
        line("CPU of a steady sweep of 300", [await sweep(site, truth)], SWEEP_LIMIT),
    ]
    wrongly = set[str]().union(*(each.false for each in runs))
    print(f"hung: 0; shown wrongly for a moment: {len(wrongly)}; sessions left: {len(left)}")
    return all(good) and not left


def main() -> int:
    """Measure; 1 when a figure is over its limit."""
    with tempfile.TemporaryDirectory() as place, lab(Path(place) / "site"):
        return 0 if asyncio.run(measure(Path(place) / "site")) else 1


if __name__ == "__main__":
    sys.exit(main())
