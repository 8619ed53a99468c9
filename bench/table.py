"""FleetTable against Textual's DataTable over a terminal of its own: bytes, key to paint, filter; one run.

Each runs alone in a child on a pseudo-terminal while 300 random cells change every second.
"""

import argparse
import json
import os
import random
import statistics
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from support.terminal import Terminal
from textual import events
from textual.app import App, ComposeResult
from textual.widgets import DataTable, Static

import assets
from screens.profile import RICH_THEME
from screens.widgets.columns import Column
from screens.widgets.table import FleetTable

SIZES = ((80, 24), (160, 50))
ROWS = (300, 1000, 12_000)
CHANGES, BEAT = 300, 0.1
"""Cells that change in a second, and how often they are handed over."""
WATCH_SECONDS, ROUNDS, KEYS = 4.0, 10, 15
"""Both are measured in turns, so that what else the machine does meets both."""
BYTES_LIMIT, FILTER_LIMIT = 1 / 15, 20.0
"""The share of the peer's bytes, and milliseconds for a filter of all rows."""
DOWN, FILTER, QUIT = b"\x1b[B", b"f", b"q"


def key_limit(rows: int) -> float:
    """The share of the peer's time from key to paint."""
    return 1 / 5 if rows >= 12_000 else 1 / 2


@dataclass(frozen=True)
class Drive:
    """A row: what the drive table shows."""

    bay: str
    serial: str
    model: str
    size: str
    test: str
    temp: int
    hours: int
    place: str


NAMES = ("bay", "serial", "model", "size", "test", "temp", "hours", "place")
WIDTHS = (13, 12, 14, 7, 8, 5, 7, 9)


def drive(nth: int) -> Drive:
    """The drive of that number."""
    name = f"c3-{nth // 12:04d}"
    return Drive(
        f"{name}/bay{nth % 12:02d}",
        f"ZL2{nth:07d}",
        "ST16000NM001G",
        "16 TB",
        "passed" if nth % 17 else "failed",
        30 + nth % 15,
        nth % 9000,
        f"r{nth // 240:02d} u{nth // 12 % 20:02d}",
    )


def column(nth: int) -> Column[Drive]:
    """A column of ours."""
    name = NAMES[nth]
    return Column(name.capitalize(), WIDTHS[nth], lambda row: (str(getattr(row, name)), ""))


class Stage(App[None]):
    """A table and a label that says how many keys were answered; subclasses bring the table."""

    CSS_PATH = Path(assets.__file__).with_name("c3.tcss")
    CSS = "#label { height: 1; } DataTable { height: 1fr; }"
    ENABLE_COMMAND_PALETTE = False

    def __init__(self, count: int, report: int) -> None:
        super().__init__()
        self.register_theme(RICH_THEME)
        self.theme = RICH_THEME.name
        self.drives = {each.bay: each for each in map(drive, range(count))}
        self.report = report
        self.chance = random.Random(7)
        self.keys = 0
        self.filter_ms: list[float] = []

    def compose(self) -> ComposeResult:
        """The table, and the label under it."""
        yield self.table()
        yield Static("K0;", id="label")

    def table(self) -> Any:
        """The widget measured."""
        raise NotImplementedError

    def change(self, changed: dict[str, Drive]) -> None:
        """Hand changed rows to the table."""
        raise NotImplementedError

    def filter(self, word: str) -> int:
        """Show only rows that contain a word, or all; how many are shown."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Begin."""
        self.set_interval(BEAT, self.beat)

    def beat(self) -> None:
        """Some cells change."""
        keys = list(self.drives)
        changed = {}
        for _ in range(int(CHANGES * BEAT)):
            key = keys[self.chance.randrange(len(keys))]
            changed[key] = replace(self.drives[key], temp=self.chance.randrange(20, 60))
        self.drives.update(changed)
        self.change(changed)

    def on_key(self, event: events.Key) -> None:
        """Count cursor keys; filter; leave."""
        if event.key == "down":
            self.keys += 1
            self.query_one("#label", Static).update(f"K{self.keys};", layout=False)
        elif event.key == "f":
            for word in ("zl20000", "failed", "", "r01 u0", ""):
                began = time.perf_counter()
                self.filter(word)
                self.filter_ms.append((time.perf_counter() - began) * 1000)
            self.query_one("#label", Static).update("F;", layout=False)
        elif event.key == "q":
            os.write(self.report, json.dumps({"filter_ms": self.filter_ms}).encode())
            self.exit()


class Ours(Stage):
    """FleetTable."""

    def table(self) -> FleetTable[Drive]:
        """The widget measured."""
        self.fleet = FleetTable([column(nth) for nth in range(len(NAMES))])
        return self.fleet

    def on_mount(self) -> None:
        """Fill it."""
        self.fleet.update(self.drives)
        super().on_mount()

    def change(self, changed: dict[str, Drive]) -> None:
        """All rows are handed over, as the screens do."""
        self.fleet.update(self.drives)

    def filter(self, word: str) -> int:
        """Its own filter."""
        self.fleet.filter(f'"{word}"')
        return self.fleet.count


class Peer(Stage):
    """DataTable, used as its documentation says."""

    def table(self) -> "DataTable[str]":
        """The widget measured."""
        self.data: DataTable[str] = DataTable(cursor_type="row")
        return self.data

    def on_mount(self) -> None:
        """Fill it."""
        for name, width in zip(NAMES, WIDTHS, strict=True):
            self.data.add_column(name.capitalize(), width=width, key=name)
        self.fill("")
        super().on_mount()

    def fill(self, word: str) -> None:
        """DataTable has no filter: what passes is added anew."""
        self.data.clear()
        for key, each in self.drives.items():
            values = [str(getattr(each, name)) for name in NAMES]
            if word in " ".join(values).lower():
                self.data.add_row(*values, key=key)

    def change(self, changed: dict[str, Drive]) -> None:
        """Cell by cell; those filtered out raise."""
        for key, each in changed.items():
            with suppress(Exception):
                self.data.update_cell(key, "temp", str(each.temp))

    def filter(self, word: str) -> int:
        """Only what passes."""
        self.fill(word)
        return self.data.row_count


@dataclass(frozen=True)
class Figures:
    """What one table needs."""

    bytes_s: float
    key_p50: float
    key_p99: float
    filter_ms: float
    """The slowest of a few filters, the first of them included."""


def measure(rows: int, size: tuple[int, int]) -> list[Figures]:
    """Run both tables in turns: ours, then the peer."""
    programs = [[__file__, "--child", which, "--rows", str(rows)] for which in ("ours", "peer")]
    terminals = [Terminal(program, size) for program in programs]
    sent: list[float] = []
    taken: tuple[list[float], list[float]] = ([], [])
    chance = random.Random(3)
    for terminal in terminals:
        terminal.wait(b"K0;")
        terminal.watch(2.0)
        terminal.halt()
    for terminal in terminals:
        terminal.go_on()
        sent.append(terminal.watch(WATCH_SECONDS) / WATCH_SECONDS)
        terminal.halt()
    for _ in range(ROUNDS):
        for terminal, times in zip(terminals, taken, strict=True):
            terminal.go_on()
            for _ in range(KEYS):
                times.append(terminal.key(DOWN, b"K%d;" % (len(times) + 1)))
                terminal.watch(chance.uniform(0.01, 0.09))
            terminal.halt()
    return [finish(*each) for each in zip(terminals, sent, taken, strict=True)]


def finish(terminal: Terminal, sent: float, taken: list[float]) -> Figures:
    """The filters, and the figures of all."""
    terminal.go_on()
    terminal.key(FILTER, b"F;")
    told = terminal.close(QUIT)
    ranked = sorted(taken)
    p99 = ranked[round(0.99 * len(ranked)) - 1]
    return Figures(sent, statistics.median(taken), p99, max(told.get("filter_ms") or [float("inf")]))


def compare(rows: int, size: tuple[int, int]) -> bool:
    """Measure both, print the ratios; whether ours keeps the limits."""
    ours, peer = measure(rows, size)
    share = ours.bytes_s / max(1.0, peer.bytes_s)
    keys = ours.key_p99 / peer.key_p99
    good = share <= BYTES_LIMIT and keys <= key_limit(rows)
    good &= rows < 12_000 or ours.filter_ms < FILTER_LIMIT
    cells = (
        f"{size[0]}x{size[1]:<3} {rows:6} rows ",
        f"{ours.bytes_s:7.0f} {peer.bytes_s:8.0f} B/s 1/{1 / max(share, 1e-5):<6.0f}",
        f"key p50 {ours.key_p50:4.0f} {peer.key_p50:5.0f}  p99 {ours.key_p99:4.0f} {peer.key_p99:5.0f} ms",
        f"1/{1 / keys:<5.1f} filter {ours.filter_ms:5.1f} {peer.filter_ms:6.0f} ms ",
        "ok" if good else "OVER",
    )
    print(*cells, flush=True)
    return good


def main() -> int:
    """Print a line for each size and number of rows; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--child", choices=["ours", "peer"], help=argparse.SUPPRESS)
    parser.add_argument("--report", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--rows", type=int, help="only this many rows")
    parser.add_argument("--size", help="only this size, such as 80x24")
    options = parser.parse_args()
    if options.child:
        {"ours": Ours, "peer": Peer}[options.child](options.rows, options.report).run()
        return 0
    print(f"FleetTable, then DataTable; {CHANGES} changes a second; limits: bytes 1/15, key p99 1/2 (1/5)")
    good = True
    for size in SIZES:
        for rows in (options.rows,) if options.rows else ROWS:
            if not options.size or options.size == f"{size[0]}x{size[1]}":
                good &= compare(rows, size)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
