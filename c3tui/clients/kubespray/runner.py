"""The child of a job: ansible-runner, its events reduced and written down as they come.

Run as ``python -m c3tui.clients.kubespray.runner JOB``. It outlives the engine that started it.
"""

import fcntl
import os
import shlex
import shutil
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import IO, Any

from c3tui.clients.kubespray.job import Job, load
from c3tui.clients.kubespray.reduction import Reduction
from c3tui.engine.process import finish, on_record

_IDENT = "run"
_OURS_ONLY = ("PYTHONPATH",)
_CRASHED = 70
"""EX_SOFTWARE of sysexits.h."""


class Guard:
    """What ansible-runner calls back: takes events in, and tells it when to stop at once."""

    def __init__(self, job: Job, events: IO[str]) -> None:
        self._job = job
        self._events = events
        self._reduction = Reduction(job.tree, job.playbook.parent)
        self._terminated = False

    def take(self, event: Mapping[str, Any]) -> bool:
        """Write an event down. False: ansible-runner shall not keep a file of it."""
        if record := self._reduction.reduce(event):
            self._events.write(record.line() + "\n")
            self._events.flush()
        return False

    def terminate(self, _number: int, _frame: FrameType | None) -> None:
        """SIGTERM is a hard stop."""
        self._terminated = True

    def cancelled(self) -> bool:
        """Whether the run shall be killed now."""
        return self._terminated or self._job.kill_flag.exists()


def run(job: Job) -> tuple[int, str]:
    """Run the playbook to its end; the exit code and ansible-runner's word for how it went."""
    import ansible_runner

    private = job.directory / "runner"
    private.mkdir(mode=0o700)
    with job.events.open("a") as events:
        guard = Guard(job, events)
        signal.signal(signal.SIGTERM, guard.terminate)
        runner = ansible_runner.run(
            private_data_dir=str(private),
            ident=_IDENT,
            playbook=str(job.playbook),
            inventory=str(job.inventory),
            cmdline=_arguments(job),
            fact_cache=str(job.fact_cache),
            quiet=True,
            settings={"pexpect_timeout": 0.5, "suppress_ansible_output": True},
            event_handler=guard.take,
            cancel_callback=guard.cancelled,
        )
    _tidy(private, job.directory)
    return int(runner.rc), str(runner.status)


def _arguments(job: Job) -> str:
    """Command line of ansible-playbook. Variables go by file: an argument is text, and anyone can read it."""
    arguments = ["--become", "--extra-vars", f"@{job.job_vars}", "--extra-vars", f"@{job.extra_vars}"]
    if job.limit:
        arguments += ["--limit", ",".join(job.limit)]
    if job.tags:
        arguments += ["--tags", ",".join(job.tags)]
    return shlex.join(arguments)


def _tidy(private: Path, job: Path) -> None:
    """Keep what Ansible printed, and nothing that a later run could pick up."""
    printed = private / "artifacts" / _IDENT / "stdout"
    if printed.exists():
        printed.replace(job / "ansible.out")
    shutil.rmtree(private, ignore_errors=True)


def main(argv: list[str]) -> int:
    """Run the job in the directory ``argv[0]`` and record how it ended."""
    os.umask(0o077)
    directory = Path(argv[0])
    if not on_record(directory):
        return _CRASHED
    job = load(directory)
    with (directory / "lock").open("w") as lock:
        # Two runs at once would fight over the nodes.
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for name in _OURS_ONLY:
            os.environ.pop(name, None)
        try:
            code, status = run(job)
        except Exception as error:
            traceback.print_exc()
            finish(directory, _CRASHED, status="crashed", detail=f"{type(error).__name__}: {error}")
            return _CRASHED
        finish(directory, code, status=status)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
