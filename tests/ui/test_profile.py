"""Profiles, what start-up may cost, and the end of the terminal."""

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from c3tui.app import choose_profile
from tests.ui.records import Record
from tests.ui.views import SMALL, app_of, sees

HEAVY = ("kubernetes", "ansible_runner", "maas.client", "pyghmi", "aiohttp", "asyncssh", "cryptography")
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"TERM": "linux", "LANG": "en_GB.UTF-8"}, "console"),
        ({"TERM": "vt220", "LANG": "en_GB.UTF-8"}, "console"),
        ({"TERM": "xterm-256color", "LANG": "C"}, "console"),
        ({"TERM": "xterm-256color", "LC_ALL": "POSIX", "LANG": "en_GB.UTF-8"}, "console"),
        ({"LANG": "en_GB.UTF-8"}, "console"),
        ({"TERM": "xterm-256color", "LANG": "en_GB.UTF-8"}, "rich"),
        ({"TERM": "tmux-256color", "LANG": "C.utf8"}, "rich"),
        ({"TERM": "screen", "LC_CTYPE": "C.UTF-8"}, "rich"),
    ],
)
def test_auto_follows_terminal_and_locale(environ: dict[str, str], expected: str) -> None:
    assert choose_profile("auto", environ) == expected


def test_a_choice_stands() -> None:
    assert choose_profile("console", {"TERM": "xterm-256color", "LANG": "C.UTF-8"}) == "console"
    assert choose_profile("rich", {"TERM": "linux"}) == "rich"


def test_starting_imports_no_client_library() -> None:
    code = f"import sys, c3tui.app; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("profile", ["console", "rich"])
async def test_without_colour_the_text_is_not_hidden(
    record: Record, profile: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    record.busy()
    app = app_of(record, "console" if profile == "console" else "rich")
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await sees(pilot, "c3-001")
        filters = [each for each in app._filters if each.enabled]
        strips = app.screen._compositor.render_strips()
        for strip in strips:
            for each in filters:
                strip = strip.apply_filter(each, app.screen.styles.background)
            for segment in strip:
                style = segment.style
                if segment.text.strip() and style and style.color and not style.color.is_default:
                    assert style.color != style.bgcolor, segment


PROGRAM = """
import sys
from pathlib import Path
from tests.ui.records import Record
from tests.ui.views import app_of
record = Record(Path(sys.argv[1]) / "small")
record.busy()
app = app_of(record)
app.run()
Path(sys.argv[1], "left").write_text(f"{record.link.told('stop')} {app._exit}")
"""


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGTERM])
def test_the_end_of_the_terminal_is_the_end_of_the_viewer_only(tmp_path: Path, number: int) -> None:
    environ = {**os.environ, "TERM": "linux", "PYTHONPATH": str(ROOT), "LINES": "24", "COLUMNS": "80"}
    primary, secondary = pty.openpty()
    child = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        stdin=secondary,
        stdout=secondary,
        stderr=secondary,
        cwd=ROOT,
        env=environ,
        start_new_session=True,
    )
    os.close(secondary)
    try:
        seen = _read_until(primary, b"testing", 30.0)
        assert b"\x1b[?1003h" not in seen, "the mouse is switched on in a console"
        assert b"\x1b[>" not in seen, "the kitty keyboard request prints junk on old terminals"
        child.send_signal(number)
        _read_until(primary, b"", 15.0, child)
        assert child.wait(10) == 0
        assert (tmp_path / "left").read_text() == "[] True"
    finally:
        child.kill()
        child.wait(10)
        os.close(primary)


def _read_until(
    descriptor: int, word: bytes, limit: float, child: subprocess.Popen[bytes] | None = None
) -> bytes:
    """What the terminal is sent, until a word comes or the child ends."""
    deadline, seen = time.monotonic() + limit, b""
    while time.monotonic() < deadline:
        if child is not None and child.poll() is not None:
            return seen
        if select.select([descriptor], [], [], 0.05)[0]:
            try:
                seen += os.read(descriptor, 65536)
            except OSError:
                return seen
        if word and word in seen:
            return seen
    raise AssertionError(f"not within {limit} s: {seen[-2000:]!r}")
