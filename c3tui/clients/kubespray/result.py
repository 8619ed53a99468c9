"""How a run ended: an exit code of 0 is not enough for success."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from c3tui.clients.kubespray.record import HostStats, Kind, Record, Status

_VAGUE = ("", "one or more items failed", "all items completed", "all items skipped")

_SAID = 1000
"""Characters kept of what Ansible said outside any task."""


class Ending(StrEnum):
    """How the child came to its end."""

    SUCCESSFUL = "successful"
    """Ansible was content; :attr:`Result.trouble` may still have something to say."""
    FAILED = "failed"
    STOPPED = "stopped"
    """After a task, as asked."""
    KILLED = "killed"
    """As asked; commands on the nodes may still be running."""
    LOST = "lost"
    """It is gone without a word."""


@dataclass(frozen=True)
class Failure:
    """A task that failed on a host, for good."""

    host: str
    task: str
    msg: str
    at: float
    """Unix time."""
    path: str = ""
    unreachable: bool = False


@dataclass(frozen=True)
class Result:
    """How a run ended."""

    rc: int
    status: Ending
    stats: Mapping[str, HostStats]
    failed: tuple[Failure, ...]
    """The first in time first: it is the cause of most of the others. Unreachable hosts are among them."""
    missing: tuple[str, ...]
    """Hosts that should have taken part and did not."""
    tasks_run: int
    """Task executions on hosts, without those skipped."""
    changed: int
    """Task executions that changed something."""
    trouble: str
    """Why it is no success, in one sentence; empty for a success."""

    @property
    def ok(self) -> bool:
        """Whether every planned host went through the whole playbook."""
        return not self.trouble

    @property
    def unreachable(self) -> tuple[str, ...]:
        """Hosts that stopped answering."""
        return tuple(failure.host for failure in self.failed if failure.unreachable)


@dataclass
class Tally:
    """Counts along while records come in."""

    hosts: Sequence[str]
    """Who must take part."""
    tasks_run: int = 0
    changed: int = 0
    task: str = ""
    _stats: Mapping[str, HostStats] | None = None
    _counted: dict[str, dict[str, int]] = field(default_factory=dict)
    _failures: dict[str, list[Failure]] = field(default_factory=dict)
    _items: dict[tuple[str, str], str] = field(default_factory=dict)
    _said: str = ""

    def add(self, record: Record) -> None:
        """Take a record into account."""
        if record.kind is Kind.RESULT:
            self._add_result(record)
        elif record.kind is Kind.TASK:
            self.task, self._said = record.task, ""
            self._items.clear()
        elif record.kind is Kind.ITEM:
            self._items.setdefault((record.host, record.task), record.msg)
        elif record.kind is Kind.STATS:
            self._stats = record.stats
        elif record.kind is Kind.OUTPUT and not record.msg.startswith("[WARNING]"):
            # A complaint comes line by line, its first the most telling.
            self._said = f"{self._said}\n{record.msg}".strip()[:_SAID]

    def _add_result(self, record: Record) -> None:
        counts = self._counted.setdefault(record.host, {})
        key = "ok" if record.status == Status.IGNORED else record.status
        counts[key] = counts.get(key, 0) + 1
        if record.changed:
            counts["changed"] = counts.get("changed", 0) + 1
        self.changed += record.changed
        self.tasks_run += record.status not in (Status.SKIPPED, Status.UNREACHABLE)
        if record.status in (Status.FAILED, Status.UNREACHABLE):
            vague = record.msg.lower().startswith(_VAGUE[1:]) or not record.msg
            item = self._items.get((record.host, record.task), "") if vague else ""
            self._failures.setdefault(record.host, []).append(
                Failure(
                    host=record.host,
                    task=record.task,
                    msg=item or record.msg,
                    at=record.t,
                    path=record.path,
                    unreachable=record.status == Status.UNREACHABLE,
                )
            )

    def result(self, rc: int, status: Ending, detail: str = "") -> Result:
        """The end of the run, ``detail`` being what the child said about itself."""
        stats = self._stats
        if stats is None:
            stats = {host: HostStats(**counts) for host, counts in self._counted.items()}
        failed = self._final_failures(stats)
        missing = tuple(host for host in self.hosts if host not in stats)
        trouble = self._trouble(rc, status, failed, missing, detail)
        if trouble and status is Ending.SUCCESSFUL:
            status = Ending.FAILED
        return Result(rc, status, stats, failed, missing, self.tasks_run, self.changed, trouble)

    def _final_failures(self, stats: Mapping[str, HostStats]) -> tuple[Failure, ...]:
        """Without those that the playbook itself rescued, which come before a host's final one."""
        rescued = {host: stats[host].rescued if host in stats else 0 for host in self._failures}
        final = [
            failures[rescued[host]]
            for host, failures in self._failures.items()
            if len(failures) > rescued[host]
        ]
        return tuple(sorted(final, key=lambda failure: failure.at))

    def _trouble(
        self,
        rc: int,
        status: Ending,
        failed: tuple[Failure, ...],
        missing: tuple[str, ...],
        detail: str,
    ) -> str:
        if status is Ending.LOST:
            return "the Kubespray process is gone without saying how it ended"
        if status is Ending.STOPPED:
            return f"stopped before the task {self.task}"
        if status is Ending.KILLED:
            return f"killed during the task {self.task}; commands may still be running on the servers"
        if failed:
            first = failed[0]
            alike = (first.task, first.unreachable)
            hosts = len([one for one in failed if (one.task, one.unreachable) == alike])
            servers = f"{hosts} server{'s' * (hosts != 1)}, first {first.host}"
            if first.unreachable:
                return f"SSH failed to {servers}, at {first.task}"
            return f"{first.task} failed on {servers}"
        if rc != 0:
            return f"Ansible ended with code {rc}: {detail or self._said or 'it did not say why'}"
        if self.tasks_run == 0:
            return "nothing was run: not a single task"
        if missing:
            return f"servers left out without a word: {', '.join(missing)}"
        return "" if self._stats is not None else "Ansible ended without its totals"
