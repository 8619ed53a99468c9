"""The drive screen with 12,000 judged drives against the fleet table alone with as many; one run.

Both run on pseudo-terminals while things change: cells of the table, and on the screen servers of a record
that another process writes. Measured beside it: memory of a viewer of 500 servers of 12 bays.
"""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from support.terminal import Terminal

from c3tui.app import C3App
from c3tui.engine.site import Site, SiteFiles
from c3tui.engine.store import Reader, Store
from c3tui.model.evidence import Klass, Reason
from c3tui.model.fleet import Server, Stage
from c3tui.model.judged import Judged
from tests.ui.records import STEPS, Record, ScriptedLink, bay

SERVERS, BAYS, VIEWED = 1000, 12, 500
"""Servers on the screen that is measured, bays of each, and servers of the viewer whose memory is."""
SIZES = ((80, 24), (160, 50))
ROUNDS, KEYS = 8, 25
"""Both are measured in turns, so that what else the machine does meets both."""
KEY_LIMIT, MEMORY_LIMIT = 1.0, 100.0
"""The screen may take as long as the table alone, by the 99th of 100 keys; and MB."""
NOISE = 25.0
"""Milliseconds: by so much, two p99 of one program differ between runs on a machine of two cores."""
BEAT, CHANGED = 0.1, 3
"""Seconds between writes, and servers that change in each: 36 drives, 360 a second."""
DOWN = b"\x1b[B"


def judged(server: Server, slot: int) -> Judged:
    """What is on record of a drive of some age; every 17th is not good."""
    held = server.bays[slot].drive
    assert held is not None
    nth = int(server.name[3:]) * BAYS + slot
    klass = Klass.GOOD if nth % 17 else Klass.WATCH
    hours = 20_000.0 + nth % 9000
    return Judged(
        id=f"{server.name}/bay{slot:02d}",
        server=server.name,
        slot=slot,
        serial=held.serial,
        model=held.model,
        firmware="SN03",
        klass=klass,
        headline=f"{hours / 8766:.1f} years in service, {30 + nth % 15} C; nothing pending or uncorrectable",
        reasons=(
            Reason(rule="hours", klass=Klass.GOOD, text=f"{hours} h of service", value=hours, limit=43800),
        ),
        numbers={
            "hours": hours,
            "reallocated": float(nth % 17 == 0),
            "pending": 0.0,
            "uncorrectable": 0.0,
            "crc_errors": 0.0,
            "temperature_c": 30.0 + nth % 15,
            "mb_s": 240.0 + nth % 7,
            "selftest_s": 120.0,
        },
        evidence=("7/1", "7/2"),
        digest=klass.value,
    )


def fill(directory: Path, servers: int) -> Record:
    """A record of servers whose drives were all judged."""
    record = Record(directory / "small")
    record.done()
    found = [
        record.server(n, Stage.TESTED, bays=[bay(n, slot) for slot in range(BAYS)])
        for n in range(1, servers + 1)
    ]
    record.put(*found, *(judged(server, slot) for server in found for slot in range(BAYS)))
    return record


class Wizard(C3App):
    """The wizard; it is told of changes as an engine tells."""

    async def on_mount(self) -> None:
        """Begin."""
        link: Any = self.session.link
        self.set_interval(BEAT, lambda: [hint(0) for hint in link.hints])


def show(directory: str) -> None:
    """The child: the wizard on a record."""
    site = Site.load(Path(directory), {})
    Wizard(site, ScriptedLink(), Reader.open(site.files.database), STEPS, "console").run()


def write(directory: str) -> None:
    """The child that changes servers until it is ended."""
    store = Store.open(SiteFiles(Path(directory)).database)
    servers, chance = store.all(Server), random.Random(7)
    while True:
        time.sleep(BEAT)
        with store.transaction("bench") as transaction:
            for server in chance.sample(servers, CHANGED):
                server.memory_mib += 1
                transaction.put(server)


def memory_mb(terminal: Terminal) -> float:
    """The most that the child ever held."""
    status = Path(f"/proc/{terminal._child.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1024


def open_drives(directory: Path, size: tuple[int, int], servers: int) -> Terminal:
    """The wizard on its screen of drives, at rest."""
    terminal = Terminal([__file__, "--show", str(directory)], size)
    terminal.wait(b"c3-001")
    terminal.watch(1.5)
    terminal.key(b"3", b"of %d" % (servers * BAYS))
    terminal.watch(3.0)
    terminal.key(b"\x1b[H", b"")
    return terminal


def serials(count: int) -> list[bytes]:
    """Of the drives in the order they are shown."""
    drives = [bay(nth // BAYS + 1, nth % BAYS).drive for nth in range(count)]
    return [each.serial.encode() for each in drives if each]


def keys(size: tuple[int, int], record: Record) -> tuple[list[float], list[float]]:
    """Milliseconds from key to paint: of the screen, and of the table alone."""
    ours = open_drives(record.site.files.directory, size, SERVERS)
    table = [str(Path(__file__).with_name("table.py")), "--child", "ours", "--rows", str(SERVERS * BAYS)]
    peer = Terminal(table, size)
    peer.wait(b"K0;")
    peer.watch(2.0)
    writer = subprocess.Popen([sys.executable, __file__, "--write", str(record.site.files.directory)])
    words, taken, chance = serials(ROUNDS * KEYS + 1), ([], []), random.Random(3)  # type: ignore[var-annotated]
    try:
        peer.halt()
        for _ in range(ROUNDS):
            for terminal, times in ((ours, taken[0]), (peer, taken[1])):
                terminal.go_on()
                for _ in range(KEYS):
                    nth = len(times) + 1
                    times.append(terminal.key(DOWN, words[nth] if terminal is ours else b"K%d;" % nth))
                    terminal.watch(chance.uniform(0.01, 0.09))
                terminal.halt()
    finally:
        writer.kill()
        writer.wait()
        for terminal in (ours, peer):
            terminal.go_on()
            end(terminal)
    return taken


def end(terminal: Terminal) -> None:
    """End a child that answers no question about leaving."""
    terminal._child.kill()
    terminal.close(b"q")


def p99(taken: list[float]) -> float:
    """The 99th of 100."""
    return sorted(taken)[round(0.99 * len(taken)) - 1]


def compare(size: tuple[int, int], record: Record) -> bool:
    """Measure both, print them; whether the screen keeps its limit."""
    ours, peer = keys(size, record)
    good = p99(ours) <= KEY_LIMIT * p99(peer) + NOISE
    halves = f"{statistics.median(ours):4.0f} {statistics.median(peer):4.0f}"
    print(
        f"{size[0]}x{size[1]:<3} {SERVERS * BAYS} drives  screen, table alone: key p50 {halves}",
        f"p99 {p99(ours):4.0f} {p99(peer):4.0f} ms",
        "ok" if good else "OVER",
        flush=True,
    )
    return good


def weigh() -> bool:
    """Memory of a viewer that has gone through the drives."""
    with tempfile.TemporaryDirectory() as directory:
        record = fill(Path(directory), VIEWED)
        terminal = open_drives(record.site.files.directory, (80, 24), VIEWED)
        for key, word in (
            (b"m", b" of %d" % VIEWED),
            (b"m", b"of %d" % (VIEWED * BAYS)),
            (b"\r", b"sibling"),
        ):
            terminal.key(key, word)
            terminal.watch(1.5)
        most = memory_mb(terminal)
        end(terminal)
        record.close()
    good = most < MEMORY_LIMIT
    print(
        f"viewer of {VIEWED * BAYS} judged drives: {most:.0f} MB at most",
        "ok" if good else "OVER",
        flush=True,
    )
    return good


def main() -> int:
    """Print a line for each size, and one for memory; 1 when one is over its limit."""
    parser = argparse.ArgumentParser(description=__doc__)
    for child in ("show", "write"):
        parser.add_argument(f"--{child}", help=argparse.SUPPRESS)
    parser.add_argument("--report", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.show or options.write:
        show(options.show) if options.show else write(options.write)
        if options.report:
            os.write(options.report, json.dumps({}).encode())
        return 0
    good = weigh()
    with tempfile.TemporaryDirectory() as directory:
        record = fill(Path(directory), SERVERS)
        for size in SIZES:
            good &= compare(size, record)
        record.close()
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
