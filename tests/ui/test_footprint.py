"""What a viewer of five hundred servers costs: memory, and nothing on the wire while nothing happens."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest

from c3tui.model.base import utc_now
from c3tui.model.fleet import BmcReading, BmcState, Power, Stage
from tests.ui.records import Record, bay

ROOT = Path(__file__).resolve().parents[2]
SERVERS, BAYS = 500, 12
MEMORY_MB = 100
QUIET_SECONDS = 2.2

PROGRAM = """
import sys
from pathlib import Path
from c3tui.app import C3App
from c3tui.engine.site import Site
from c3tui.engine.store import Reader
from tests.ui.records import STEPS, ScriptedLink
site = Site.load(Path(sys.argv[1]), {})
C3App(site, ScriptedLink(), Reader.open(site.files.database), STEPS, "console").run()
"""


class Viewer:
    """The wizard in a process and a terminal of its own."""

    def __init__(self, child: subprocess.Popen[bytes], fd: int) -> None:
        self._child = child
        self._fd = fd
        self.seen = b""

    def read(self, seconds: float) -> bytes:
        """What it writes within a time."""
        got, end = b"", time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if select.select([self._fd], [], [], left)[0]:
                got += os.read(self._fd, 1 << 16)
        self.seen += got
        return got

    def press(self, keys: str, word: str, limit: float = 60.0) -> None:
        """Press keys, and wait until a word is drawn, and then until nothing more comes."""
        self.seen = b""
        os.write(self._fd, keys.encode())
        self.wait(word, limit)

    def wait(self, word: str, limit: float = 60.0) -> None:
        end = time.monotonic() + limit
        while word.encode() not in self.seen:
            assert time.monotonic() < end, self.seen[-2000:]
            self.read(0.05)
        while self.read(0.6):
            assert time.monotonic() < end, "it never comes to rest"

    def clog(self) -> None:
        """Have it painted anew until what nobody reads stands in its way: its event loop stands still."""
        for _ in range(200):
            os.write(self._fd, b"\x0c")
            time.sleep(0.005)

    def hang_up(self) -> None:
        """Take the terminal away."""
        os.close(self._fd)

    def ends(self, limit: float) -> None:
        """Wait until it has ended by itself."""
        self._child.wait(limit)

    @property
    def memory_mb(self) -> float:
        """The most it ever held in memory."""
        status = Path(f"/proc/{self._child.pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024


@contextmanager
def viewer(directory: Path) -> Iterator[Viewer]:
    primary, secondary = pty.openpty()
    fcntl.ioctl(secondary, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    environ = {**os.environ, "TERM": "linux", "PYTHONPATH": str(ROOT)}
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(directory)],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        cwd=ROOT,
        env=environ,
        start_new_session=True,
    )
    os.close(secondary)
    try:
        yield Viewer(child, primary)
    finally:
        child.kill()
        child.wait(10)
        with suppress(OSError):
            os.close(primary)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Record]:
    """Five hundred servers of twelve bays, tested an hour ago, every BMC just read."""
    record = Record(tmp_path / "small")
    record.done()
    stage = Stage.TESTED
    bays = {n: [bay(n, slot) for slot in range(BAYS)] for n in range(1, SERVERS + 1)}
    record.put(*(record.server(n, stage, bays=bays[n]) for n in bays))
    poll(record)
    yield record
    record.close()


def poll(record: Record) -> None:
    """Every BMC says the same again, a moment later."""
    reading = BmcReading(
        state=BmcState.OK,
        power=Power.ON,
        identify=False,
        fault=False,
        inlet_c=24.5,
        at=utc_now() - timedelta(seconds=1),
        fans_rpm=[5400.0, 5520.0, 5600.0, 5610.0],
        psus=2,
        sel_entries=3,
        sel_last="Power Supply AC lost, PSU2",
    ).model_dump(mode="json")
    record.store.observe("bmc", {f"c3-{n:03d}": reading for n in range(1, SERVERS + 1)})


def test_a_large_room_fits_and_at_rest_nothing_is_sent(room: Record) -> None:
    with viewer(room.site.files.directory) as seen:
        seen.wait("c3-001")
        for keys, word in (
            ("3", "of 6000"),
            ("m", " of 500"),
            ("m", "of 6000"),
            ("4", "of 500"),
            ("6", "Left out"),
        ):
            seen.press(keys, word)
        poll(room)
        seen.press("2", "24 C")
        for _ in range(3):
            poll(room)
            assert seen.read(1.5) == b"", "a reading that says the same repaints something"
        for keys, word in (("h", "known: "), ("3", "of 6000"), ("f", "Nothing is known")):
            seen.press(keys, word)
            assert seen.read(QUIET_SECONDS) == b"", f"the screen of key {keys} is not at rest"
        assert seen.memory_mb < MEMORY_MB, f"{seen.memory_mb:.0f} MB"


def test_a_viewer_ends_with_its_terminal_though_no_signal_says_so(record: Record) -> None:
    """A terminal that is not the controlling one sends no hang-up, and reading it would spin for ever."""
    with viewer(record.site.files.directory) as seen:
        seen.wait("Home")
        seen.clog()
        seen.hang_up()
        seen.ends(15)
