"""Records: Ansible's events, reduced to what a person or the engine needs of them."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from enum import StrEnum
from typing import Any

_MESSAGE = 4000
"""Characters of a message that are kept: its beginning and its end."""
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_BOOTSTRAP_TOKEN = re.compile(r"\b[a-z0-9]{6}\.[a-z0-9]{16}\b")
_CERTIFICATE_KEY = re.compile(r"(certificate-key[ =]+)[0-9a-f]{64}")


class Kind(StrEnum):
    """What a record tells."""

    PLAY = "play"
    TASK = "task"
    BEGIN = "begin"
    """A host began the task."""
    RESULT = "result"
    """A host is through with the task."""
    ITEM = "item"
    """One element of a loop failed on a host."""
    RETRY = "retry"
    STATS = "stats"
    """The totals of all hosts: the playbook came to its end."""
    OUTPUT = "output"
    """Ansible said something outside any task."""


class Status(StrEnum):
    """How a task went on a host."""

    OK = "ok"
    SKIPPED = "skipped"
    FAILED = "failed"
    IGNORED = "ignored"
    """Failed, and the playbook says that this does not matter."""
    UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class HostStats:
    """How often each outcome came about on one host."""

    ok: int = 0
    changed: int = 0
    failed: int = 0
    unreachable: int = 0
    skipped: int = 0
    rescued: int = 0
    ignored: int = 0


@dataclass(frozen=True)
class Record:
    """One event. What does not apply is empty."""

    t: float
    """Unix time."""
    kind: Kind
    play: str = ""
    task: str = ""
    """With its role: ``etcd : Configure etcd``."""
    path: str = ""
    """File and line of the task, relative to Kubespray where it is Kubespray's."""
    host: str = ""
    status: str = ""
    changed: bool = False
    duration: float = 0.0
    """Seconds on this host."""
    attempt: int = 0
    attempts: int = 0
    """How many there will be at most."""
    msg: str = ""
    """Of failures, retries and output: plain text, lines separated by newlines."""
    stats: Mapping[str, HostStats] = field(default_factory=dict)
    seq: int = 0
    """Its place in the run, 1 is the first; the same whenever it is read."""

    def line(self) -> str:
        """As one line of JSON, without what is empty."""
        data = {key: value for key, value in asdict(self).items() if value and key != "seq"}
        for host, counts in data.get("stats", {}).items():
            data["stats"][host] = {key: count for key, count in counts.items() if count}
        return json.dumps(data, ensure_ascii=False, separators=(",", ":"))


_FIELDS = frozenset(one.name for one in fields(Record)) - {"seq", "kind", "stats"}


def parse(line: str, seq: int) -> Record:
    """The record of a line, which :meth:`Record.line` wrote.

    Raises:
        ValueError: the line is something else.
    """
    data: dict[str, Any] = json.loads(line)
    try:
        stats = {host: HostStats(**counts) for host, counts in data.get("stats", {}).items()}
        known = {key: value for key, value in data.items() if key in _FIELDS}
        return Record(kind=Kind(data["kind"]), stats=stats, seq=seq, **known)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a record: {line[:80]}") from error


def plain(text: object, limit: int = _MESSAGE) -> str:
    """Text that is safe to show and keep: no control characters, no join secrets, not endless."""
    clean = _CONTROL.sub(" ", _ESCAPE.sub("", str(text)).replace("\r\n", "\n")).strip()
    clean = _CERTIFICATE_KEY.sub(r"\1***", _BOOTSTRAP_TOKEN.sub("***", clean))
    if len(clean) > limit:
        return f"{clean[: limit // 2]}\n...\n{clean[-limit // 2 :]}"
    return clean


def explanation(result: Mapping[str, Any]) -> str:
    """Why a module failed, out of its result: the message, and what the command or the module printed."""
    if "censored" in result:
        return plain(result["censored"])
    parts = [_text(result.get(key)) for key in ("msg", "reason", "stderr", "module_stderr")]
    if not any(parts[2:]):
        parts += [_text(result.get("stdout")), _text(result.get("module_stdout"))]
    seen = [part for place, part in enumerate(parts) if part and part not in parts[:place]]
    return plain("\n".join(seen))


def _text(value: object) -> str:
    if isinstance(value, list):
        return "\n".join(str(one) for one in value)
    return str(value) if value else ""
