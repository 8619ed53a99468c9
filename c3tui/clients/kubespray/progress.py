"""How far a run is: a cursor over the planned tasks that only ever moves on."""

import asyncio
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from c3tui.clients.kubespray.job import Job
from c3tui.clients.kubespray.record import Kind, Record
from c3tui.clients.kubespray.settings import environment
from c3tui.clients.kubespray.stages import expected_seconds, stage_of
from c3tui.engine.errors import StepError

_PLAY = re.compile(r"^  play #\d+ \((?P<hosts>.*?)\): (?P<name>.*?)\tTAGS: \[.*\]$")
_TASK = re.compile(r"^      (?P<name>.*?)\tTAGS: \[.*\]$")
_TEMPLATE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}")
_LISTING_SECONDS = 60.0


@dataclass(frozen=True)
class PlannedTask:
    """A task that the playbook will come to; ``name`` may hold templates."""

    place: int
    """Of its play."""
    play: str
    name: str

    def is_called(self, name: str) -> bool:
        """Whether it may show itself under that name."""
        if "{" not in self.name:
            return self.name == name
        parts = [re.escape(part) for part in _TEMPLATE.split(self.name)]
        return re.fullmatch(".*".join(parts), name, re.DOTALL) is not None


def outline(listing: str) -> list[PlannedTask]:
    """The planned tasks, from what ``ansible-playbook --list-tasks`` prints."""
    tasks: list[PlannedTask] = []
    place, play = 0, ""
    for line in listing.splitlines():
        if found := _PLAY.match(line):
            place, play = place + 1, found["name"] or found["hosts"]
        elif found := _TASK.match(line):
            tasks.append(PlannedTask(place, play, found["name"]))
    return tasks


async def planned_tasks(job: Job) -> list[PlannedTask]:
    """Ask Ansible which tasks a job will come to. Takes seconds, and touches no server.

    Raises:
        InputError: there is no ``ansible-playbook``.
        StepError: Ansible cannot read the playbook.
    """
    job.save()
    arguments = [str(job.playbook), "--list-tasks", "-i", str(job.inventory)]
    arguments += ["-e", f"@{job.job_vars}", "-e", f"@{job.extra_vars}"]
    arguments += ["--tags", ",".join(job.tags)] if job.tags else []
    settings = environment(job)
    del settings["PYTHONPATH"]
    process = await asyncio.create_subprocess_exec(
        *("ansible-playbook", *arguments),
        env=settings,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        printed, complaint = await asyncio.wait_for(process.communicate(), _LISTING_SECONDS)
    except TimeoutError as error:
        raise StepError(f"listing takes over {_LISTING_SECONDS:g} s", where=str(job.playbook)) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise StepError(complaint.decode(errors="replace").strip()[-500:], where=str(job.playbook))
    return outline(printed.decode(errors="replace"))


class Progress:
    """Follows the records of a run along its planned tasks."""

    def __init__(
        self,
        tasks: Sequence[PlannedTask],
        hosts: int,
        seconds: Callable[[str, int], float] = expected_seconds,
    ) -> None:
        self._tasks = list(tasks)
        self._weights = [seconds(task.name, hosts) for task in tasks]
        self._cursor = -1
        self._place = 0
        self._running: dict[str, float] = {}
        self._ended = False
        self.total = sum(self._weights)
        """Expected seconds of the whole."""
        self.done = 0.0
        """Expected seconds of what is behind."""
        self.play = ""
        self.task = ""
        self.stage = ""
        self.started = 0
        """Hosts that began the task under way."""
        self.finished = 0
        """Hosts that are through with it."""

    @property
    def percent(self) -> int:
        """Never falls, and stays at 99 at most until every host is known to be through."""
        if self._ended:
            return 100
        return min(99, int(100 * self.done / self.total)) if self.total else 0

    @property
    def waiting(self) -> tuple[str, ...]:
        """Hosts that the task under way waits for, the longest first."""
        return tuple(sorted(self._running, key=self._running.__getitem__))

    def feed(self, record: Record) -> None:
        """Take the next record into account."""
        if record.kind is Kind.PLAY:
            self._enter_play(record.play)
        elif record.kind is Kind.TASK:
            self._enter_task(record.task)
        elif record.kind is Kind.BEGIN:
            self.started += record.host not in self._running
            self._running[record.host] = record.t
        elif record.kind is Kind.RESULT and self._running.pop(record.host, None) is not None:
            self.finished += 1
        elif record.kind is Kind.STATS:
            self._running.clear()
            self._ended = not any(one.failed or one.unreachable for one in record.stats.values())

    def _enter_play(self, name: str) -> None:
        self.play, self.task = name, ""
        for task in self._tasks:
            if task.place > self._place and task.play == name:
                self._place = task.place
                return

    def _enter_task(self, name: str) -> None:
        self.task = name
        self._running.clear()
        self.started = self.finished = 0
        # A task that was not planned is a child of the planned one before it: neither moves on for it.
        for cursor in range(self._cursor + 1, len(self._tasks)):
            task = self._tasks[cursor]
            if task.place > self._place:
                return
            if task.place == self._place and task.is_called(name):
                self._cursor = cursor
                self.done = sum(self._weights[:cursor])
                self.stage = stage_of(task.play, task.name)
                return
