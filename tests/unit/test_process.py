import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

import c3tui
from c3tui.engine.errors import BadAnswer, StepError
from c3tui.engine.process import Child, attach, finish, spawn

ENV = {"PATH": os.defpath}


def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not come about in time"
        time.sleep(0.01)


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists() or ") Z" in Path(f"/proc/{pid}/stat").read_text()


@pytest.fixture
def job(tmp_path: Path) -> Path:
    return tmp_path / "job"


def test_a_child_has_its_own_session_no_input_and_its_output_in_files(job: Path) -> None:
    child = spawn(job, ["sh", "-c", "cat; cut -d' ' -f6 /proc/self/stat; echo no >&2; exit 4"], ENV)
    until(lambda: not child.alive())
    assert int((job / "stdout").read_text()) == child.pid
    assert (job / "stderr").read_text().endswith("no\n")
    assert job.stat().st_mode & 0o777 == 0o700
    assert child.exit_code() is None
    finish(job, 4, why="because")
    assert child.exit_code() == 4


def test_it_gets_the_environment_it_is_given_and_nothing_else(
    job: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("C3_MAAS_API_KEY", "top-secret")
    child = spawn(job, ["env"], ENV | {"ONE": "1"})
    until(lambda: not child.alive())
    assert "ONE=1" in (job / "stdout").read_text() and "top-secret" not in (job / "stdout").read_text()


def test_it_is_found_again_alive_and_after_its_end(job: Path) -> None:
    assert attach(job) is None
    child = spawn(job, ["sleep", "60"], ENV)
    again = attach(job)
    assert again == child and again.alive()
    again.kill()
    until(lambda: not child.alive())
    assert attach(job) == child


def test_another_process_with_its_pid_is_not_it(job: Path) -> None:
    mine = spawn(job, ["sleep", "60"], ENV)
    stranger = Child(job, mine.pid, mine.started + 1, mine.boot)
    assert not stranger.alive()
    stranger.kill()
    assert mine.alive()
    assert not Child(job, mine.pid, mine.started, "another boot").alive()
    mine.kill()
    until(lambda: not mine.alive())


def test_killing_reaches_descendants_in_sessions_of_their_own(job: Path) -> None:
    script = f"setsid sh -c 'echo $$ >{job}/draft; mv {job}/draft {job}/up; sleep 60' & wait"
    up = job / "up"
    child = spawn(job, ["sh", "-c", script], ENV)
    until(up.exists)
    grandchild = int(up.read_text())
    child.kill()
    until(lambda: gone(grandchild) and not child.alive())


def test_terminating_is_a_request(job: Path) -> None:
    script = f"trap 'echo asked; exit 0' TERM; touch {job}/up; while :; do sleep 0.05; done"
    child = spawn(job, ["sh", "-c", script], ENV)
    until((job / "up").exists)
    child.terminate()
    until(lambda: not child.alive())
    assert "asked" in (job / "stdout").read_text()


def test_a_job_has_one_child(job: Path) -> None:
    child = spawn(job, ["true"], ENV)
    until(lambda: not child.alive())
    with pytest.raises(StepError, match="already has a child"):
        spawn(job, ["true"], ENV)
    with pytest.raises(StepError, match="cannot be started"):
        spawn(job.with_name("other"), ["/nowhere/program"], ENV)


def test_it_outlives_the_process_that_started_it(job: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from c3tui.engine.process import spawn;"
        f"spawn(Path({str(job)!r}), ['sleep', '60'], {ENV!r}); sys.stdout.write('up'); sys.stdout.flush();"
        "sys.stdin.read()"
    )
    engine = subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=Path(c3tui.__file__).parents[1],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert engine.stdout and engine.stdin and engine.stdout.read(2) == b"up"
    engine.kill()
    engine.communicate()
    child = attach(job)
    assert child and child.alive()
    child.kill()
    until(lambda: not child.alive())


def test_a_damaged_record_is_named(job: Path) -> None:
    job.mkdir()
    (job / "child.json").write_text('{"pid": "x"}')
    with pytest.raises(BadAnswer, match="damaged"):
        attach(job)
    (job / "child.json").write_text("[")
    with pytest.raises(BadAnswer, match="not JSON"):
        attach(job)
