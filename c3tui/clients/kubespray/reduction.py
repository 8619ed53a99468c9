"""From ansible-runner's events to records; what a screen has no use for is dropped."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from c3tui.clients.kubespray.record import HostStats, Kind, Record, Status, explanation, plain

_RESULTS = {
    "runner_on_ok": Status.OK,
    "runner_on_async_ok": Status.OK,
    "runner_on_skipped": Status.SKIPPED,
    "runner_on_failed": Status.FAILED,
    "runner_on_async_failed": Status.FAILED,
    "runner_on_unreachable": Status.UNREACHABLE,
}
_OUTPUT = frozenset({"error", "warning", "system_warning", "verbose"})
_COUNTS = {
    **{"ok": "ok", "changed": "changed", "failures": "failed", "dark": "unreachable"},
    **{"skipped": "skipped", "rescued": "rescued", "ignored": "ignored"},
}
_NAME = 300


class Reduction:
    """Turns the events of one run into records, one after the other."""

    def __init__(self, *roots: Path) -> None:
        """``roots`` are the directories that paths of tasks are shown relative to."""
        self._roots = tuple(f"{root}/" for root in roots)
        self._names: dict[str, str] = {}

    def reduce(self, event: Mapping[str, Any]) -> Record | None:
        """The record of an event; None for an event that tells nothing.

        An event of another form than expected becomes output: nothing is lost without a trace.
        """
        try:
            return self._reduce(event)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            kind = plain(event.get("event", ""), _NAME)
            return Record(t=0.0, kind=Kind.OUTPUT, msg=f"event {kind} cannot be read: {error!r}")

    def _reduce(self, event: Mapping[str, Any]) -> Record | None:
        name = str(event["event"])
        data: Mapping[str, Any] = event.get("event_data") or {}
        t = datetime.fromisoformat(event["created"]).timestamp()
        if name == "playbook_on_play_start":
            return Record(t, Kind.PLAY, play=plain(data["name"], _NAME))
        if name == "playbook_on_task_start":
            self._names[str(data.get("task_uuid"))] = plain(data["name"], _NAME)
            return self._placed(t, Kind.TASK, data)
        if name == "playbook_on_stats":
            return Record(t, Kind.STATS, stats=_stats(data))
        if name in _OUTPUT:
            text = plain(event.get("stdout", ""))
            return Record(t, Kind.OUTPUT, msg=text) if text else None
        return self._of_host(t, name, data)

    def _of_host(self, t: float, name: str, data: Mapping[str, Any]) -> Record | None:
        result: Mapping[str, Any] = data.get("res") or {}
        if name == "runner_on_start":
            return Record(t, Kind.BEGIN, host=str(data["host"]), task=self._placed(t, Kind.BEGIN, data).task)
        if name == "runner_retry":
            return replace(
                self._placed(t, Kind.RETRY, data),
                attempt=int(result.get("attempts", 0)),
                attempts=int(result.get("retries", 0)),
                msg=explanation(result),
            )
        if name == "runner_item_on_failed":
            return replace(self._placed(t, Kind.ITEM, data), status=Status.FAILED, msg=_of_item(result))
        if name not in _RESULTS:
            return None
        status = _RESULTS[name]
        if status is Status.FAILED and data.get("ignore_errors"):
            status = Status.IGNORED
        return replace(
            self._placed(t, Kind.RESULT, data),
            status=status,
            changed=bool(result.get("changed")) and status is Status.OK,
            duration=round(float(data.get("duration") or 0.0), 2),
            attempt=int(result.get("attempts") or 0),
            msg="" if status in (Status.OK, Status.SKIPPED) else explanation(result),
        )

    def _placed(self, t: float, kind: Kind, data: Mapping[str, Any]) -> Record:
        """A record of where an event happened. Only the start of a task carries its name as shown."""
        task, role = plain(data.get("task", ""), _NAME), plain(data.get("role", ""), _NAME)
        named = f"{role} : {task}" if role else task
        return Record(
            t,
            kind,
            play=plain(data.get("play", ""), _NAME),
            task=self._names.get(str(data.get("task_uuid")), named),
            path=self._relative(plain(data.get("task_path", ""), _NAME)),
            host=plain(data.get("host", ""), _NAME),
        )

    def _relative(self, path: str) -> str:
        return next((path.removeprefix(root) for root in self._roots if path.startswith(root)), path)


def _of_item(result: Mapping[str, Any]) -> str:
    item = result.get("_ansible_item_label", result.get("item", ""))
    return f"{plain(item, _NAME)}: {explanation(result)}"


def _stats(data: Mapping[str, Any]) -> dict[str, HostStats]:
    counts: dict[str, dict[str, int]] = {host: {} for host in data.get("processed") or {}}
    for theirs, ours in _COUNTS.items():
        for host, count in (data.get(theirs) or {}).items():
            counts.setdefault(host, {})[ours] = int(count)
    return {host: HostStats(**values) for host, values in counts.items()}
