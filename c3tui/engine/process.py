"""Children that outlive the engine: started detached, found again by process id and start time.

A job is a directory of its own and belongs to one child: ``child.json`` says who it is, ``exit.json`` how
it ended, ``stdout`` and ``stderr`` hold what it printed.
"""

import json
import os
import signal
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from c3tui.engine.errors import BadAnswer, StepError

_CHILD = "child.json"
_EXIT = "exit.json"
_DEFAULT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD)


@dataclass(frozen=True)
class Child:
    """A process started for a job; it may have been started by an engine that is gone."""

    job: Path
    pid: int
    started: int
    """Clock ticks between boot and its start: with the boot, tells it from a later user of its pid."""
    boot: str
    """The kernel's id of that boot."""

    def alive(self) -> bool:
        """Whether this very process still runs. A child that ended is reaped on the way."""
        status = _status(self.pid)
        if status is None or status.started != self.started or self.boot != _boot_id():
            return False
        if status.state == "Z":
            with suppress(ChildProcessError):
                os.waitpid(self.pid, os.WNOHANG)
        return status.state not in "ZX"

    def exit_code(self) -> int | None:
        """What it left in ``exit.json``; None when it has not ended, or ended without a word.

        Raises:
            BadAnswer: the file does not say how it ended.
        """
        details = ending(self.job)
        if details is None:
            return None
        code = details.get("code")
        if not isinstance(code, int):
            raise BadAnswer("the child left no exit code", where=str(self.job / _EXIT))
        return code

    def terminate(self) -> None:
        """Ask its process group to end (SIGTERM)."""
        if self.alive():
            _signal_group(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """End it and all its descendants at once, those in sessions of their own included (SIGKILL)."""
        if self.alive():
            for group in _groups_of_family(self.pid):
                _signal_group(group, signal.SIGKILL)


def spawn(job: Path, argv: Sequence[str], env: Mapping[str, str]) -> Child:
    """Start a detached process for a job.

    Args:
        job: its directory, made with mode 0700 when absent.
        argv: program and arguments; anyone on the machine can read them.
        env: the whole environment of the child.

    Raises:
        StepError: the job already has a child, or the program cannot be started.
    """
    job.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (job / _CHILD).exists():
        raise StepError("the job already has a child", where=str(job), remedy="Use a new job directory")
    append = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    try:
        pid = os.posix_spawnp(
            argv[0],
            list(argv),
            dict(env),
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, str(job / "stdout"), append, 0o600),
                (os.POSIX_SPAWN_OPEN, 2, str(job / "stderr"), append, 0o600),
            ],
            setsid=True,
            setsigmask=(),
            setsigdef=_DEFAULT_SIGNALS,
        )
    except OSError as error:
        raise StepError(f"{argv[0]} cannot be started: {error.strerror}", where=str(job)) from error
    status = _status(pid)
    if status is None:
        # Unreaped it stays visible even after its end: somebody else took the end of our children.
        raise StepError(f"{argv[0]} ended at once", where=str(job))
    child = Child(job, pid, status.started, _boot_id())
    save_json(job / _CHILD, {"pid": pid, "started": child.started, "boot": child.boot})
    return child


def attach(job: Path) -> Child | None:
    """The child of a job, alive or not; None when the job never had one.

    Raises:
        BadAnswer: the record of the child makes no sense.
    """
    details = _load_json(job / _CHILD)
    if details is None:
        return None
    try:
        return Child(job, int(str(details["pid"])), int(str(details["started"])), str(details["boot"]))
    except (KeyError, ValueError) as error:
        raise BadAnswer("the record of the child is damaged", where=str(job / _CHILD)) from error


def on_record(job: Path) -> bool:
    """Whether this process is the job's child. Called by the child itself, as its first act.

    An engine that dies between starting a child and writing it down will start another one: a child that
    nobody knows of must not go on.
    """
    parent = os.getppid()
    while (known := attach(job)) is None and os.getppid() == parent:
        time.sleep(0.01)
    return (known or attach(job)) is not None


def finish(job: Path, code: int, **details: object) -> None:
    """Record how a job ended. Called by the child itself, as its last act."""
    save_json(job / _EXIT, {"code": code, **details})


def ending(job: Path) -> dict[str, object] | None:
    """What the child recorded at its end, or None.

    Raises:
        BadAnswer: the record is not a JSON object.
    """
    return _load_json(job / _EXIT)


def save_json(path: Path, data: Mapping[str, object]) -> None:
    """Write a file (mode 0600) that is never seen half written, not even after a power cut."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(data, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def _load_json(path: Path) -> dict[str, object] | None:
    try:
        data = json.loads(path.read_text())
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise BadAnswer("this is not JSON", where=str(path)) from error
    if not isinstance(data, dict):
        raise BadAnswer("this is not a JSON object", where=str(path))
    return data


@dataclass(frozen=True)
class _Status:
    state: str
    parent: int
    group: int
    started: int


def _status(pid: int) -> _Status | None:
    """What proc(5) says in ``/proc/PID/stat``, or None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name, in brackets, may itself hold brackets and spaces; 20 fields on is the start time.
    fields = text[text.rindex(")") + 2 :].split()
    return _Status(fields[0], int(fields[1]), int(fields[2]), int(fields[19]))


def _boot_id() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def _groups_of_family(pid: int) -> set[int]:
    """The process groups of a process and all its descendants, never our own."""
    everyone = {
        int(entry.name): status
        for entry in Path("/proc").iterdir()
        if entry.name.isdigit() and (status := _status(int(entry.name)))
    }
    family = {pid}
    while more := {one for one, status in everyone.items() if status.parent in family} - family:
        family |= more
    return {everyone[one].group for one in family if one in everyone} - {os.getpgrp()}


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(group, number)
