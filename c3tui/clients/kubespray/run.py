"""Runs a job's playbook in a child process, follows its records, and finds it again after a restart."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from c3tui.clients.kubespray.job import Job
from c3tui.clients.kubespray.record import Record, parse
from c3tui.clients.kubespray.result import Ending, Result, Tally
from c3tui.clients.kubespray.settings import environment
from c3tui.engine.process import Child, attach, ending, spawn

_LOOK = 0.1
"""Seconds between looks at the records."""
_CHUNK = 1 << 18
_KILL_WAIT = 10.0
"""Seconds that a killed run gets to record its end."""


async def run_playbook(job: Job, on_record: Callable[[Record], None], *, after: int = 0) -> Result:
    """Run a job, or follow it where it already runs or has ended, until its end.

    Cancelling this does not stop the playbook: that is what :func:`stop` is for. The next call on the
    same job picks it up again.

    Args:
        on_record: told of every record in order.
        after: the ``seq`` of the last record that was already dealt with; later ones are told.

    Raises:
        StepError: the child cannot be started.
        InputError: there is no ``ansible-playbook``.
        BadAnswer: what the child left in the job's directory makes no sense.
    """
    child = attach(job.directory) or _start(job)
    reader, tally = _Reader(job.events), Tally(job.hosts)
    while True:
        # Asked before reading: what a dead child wrote is then read to the end.
        alive = child.alive()
        records = reader.read()
        for record in records:
            tally.add(record)
            if record.seq > after:
                on_record(record)
        if not records and not alive:
            return _result(job, child, tally)
        await asyncio.sleep(0 if records else _LOOK)


async def stop(job: Job, hard: bool) -> None:
    """Stop a run: after the task under way, or at once.

    A soft stop takes effect when all servers are through with the task; this does not wait for it.
    After a hard stop, commands that were started on the servers carry on by themselves.
    """
    (job.kill_flag if hard else job.stop_flag).touch(mode=0o600)
    child = attach(job.directory)
    if not hard or child is None:
        return
    for _ in range(int(_KILL_WAIT / _LOOK)):
        if not child.alive():
            return
        await asyncio.sleep(_LOOK)
    child.kill()


def _start(job: Job) -> Child:
    job.save()
    module = f"{__package__}.runner"
    return spawn(job.directory, [sys.executable, "-m", module, str(job.directory)], environment(job))


def _result(job: Job, child: Child, tally: Tally) -> Result:
    code = child.exit_code()
    if code is None:
        gone = Ending.KILLED if job.kill_flag.exists() else Ending.LOST
        return tally.result(-1, gone)
    details = ending(job.directory) or {}
    status = {"successful": Ending.SUCCESSFUL, "canceled": Ending.KILLED}.get(
        str(details.get("status")), Ending.FAILED
    )
    if status is Ending.FAILED and job.stopped_mark.exists():
        status = Ending.STOPPED
    return tally.result(code, status, str(details.get("detail", "")))


class _Reader:
    """Reads the records of a growing file, whole lines only."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._seq = 0

    def read(self) -> list[Record]:
        """The next records, or none when all that is there was read."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                data = file.read(_CHUNK)
                if b"\n" not in data and len(data) == _CHUNK:
                    data += file.readline()
        except FileNotFoundError:
            return []
        whole = data[: data.rfind(b"\n") + 1]
        self._offset += len(whole)
        records = []
        for line in whole.splitlines():
            self._seq += 1
            with suppress(ValueError):
                records.append(parse(line.decode(errors="replace"), self._seq))
        return records
