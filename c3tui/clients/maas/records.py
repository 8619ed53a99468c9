"""What MAAS records about its work: script results, scripts and events."""

from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime

from c3tui.clients.maas.fields import Raw, child, children, maybe, moment, number, seconds, text, words
from c3tui.clients.maas.status import ROW_FAILED, ROW_UNFINISHED, RowStatus, row_status


@dataclass(frozen=True)
class Row:
    """One script on one part of one machine."""

    id: int
    name: str
    status: int
    """A `RowStatus` where MAAS's number is known."""
    status_name: str
    exit_status: int | None
    serial: str
    """Of the disk it ran on; empty for scripts that are about no disk."""
    disk: str
    """Kernel name of that disk."""
    interface: str
    """MAC or name of the interface it ran on."""
    started: datetime | None
    ended: datetime | None
    runtime: float | None
    """Seconds."""
    suppressed: bool
    estimated: float | None = None
    """Seconds that MAAS expects it to take, from earlier runs; None when it does not know."""

    @property
    def finished(self) -> bool:
        """Whether its status will not change any more."""
        return self.status not in ROW_UNFINISHED

    @property
    def passed(self) -> bool:
        """Whether it ran and was satisfied; skipped and aborted rows were not."""
        return self.status == RowStatus.PASSED

    @property
    def failed(self) -> bool:
        """Whether it ran and was not satisfied, or could not run."""
        return self.status in ROW_FAILED


@dataclass(frozen=True)
class ResultSet:
    """All rows of one commissioning, test or installation run."""

    id: int
    kind: str
    """``Commissioning``, ``Testing``, ``Installation`` or ``Release``."""
    status: int
    """The worst of its rows, without suppressed ones; -1 when its scripts were deleted."""
    status_name: str
    started: datetime | None
    ended: datetime | None
    rows: tuple[Row, ...]
    heard: datetime | None = None
    """When the machine last gave a sign of life, by MAAS's clock."""

    def row(self, name: str) -> Row | None:
        """The first row of that script, or None."""
        return next((row for row in self.rows if row.name == name), None)


@dataclass(frozen=True)
class Output:
    """What one row printed."""

    stdout: bytes
    stderr: bytes
    result: str
    """YAML that the script wrote for MAAS: figures, and its own word on the status."""


@dataclass(frozen=True)
class Script:
    """A script that MAAS can run on a machine."""

    name: str
    title: str
    kind: int
    """0 commissioning, 2 testing, 3 release."""
    hardware: int
    """0 node, 1 CPU, 2 memory, 3 storage, 4 network, 5 GPU."""
    tags: tuple[str, ...]
    destructive: bool
    builtin: bool
    timeout: float | None
    """Seconds; 0 is no limit."""
    parameters: tuple[str, ...]


@dataclass(frozen=True)
class Event:
    """One line of MAAS's event log."""

    id: int
    system_id: str
    hostname: str
    level: str
    type: str
    description: str
    user: str
    created: datetime | None


def parse_result_set(raw: Raw) -> ResultSet:
    """A result set out of its JSON, its rows in the order they were made."""
    return ResultSet(
        id=number(raw, "id"),
        kind=text(raw, "type_name"),
        status=row_status(number(raw, "status", -1)),
        status_name=text(raw, "status_name"),
        started=moment(raw.get("started")),
        ended=moment(raw.get("ended")),
        rows=tuple(sorted((parse_row(row) for row in children(raw, "results")), key=lambda row: row.id)),
        heard=moment(raw.get("last_ping")),
    )


def parse_row(raw: Raw) -> Row:
    """One row out of its JSON."""
    parameters = child(raw, "parameters")
    disk = child(child(parameters, "storage"), "value")
    interface = child(child(parameters, "interface"), "value")
    return Row(
        id=number(raw, "id"),
        name=text(raw, "name"),
        status=row_status(number(raw, "status", -1)),
        status_name=text(raw, "status_name"),
        exit_status=maybe(raw, "exit_status"),
        serial=text(disk, "serial"),
        disk=text(disk, "name"),
        interface=text(interface, "mac_address") or text(interface, "name"),
        started=moment(raw.get("started")),
        ended=moment(raw.get("ended")),
        runtime=_runtime(raw),
        suppressed=raw.get("suppressed") is True,
        estimated=seconds(raw.get("estimated_runtime")),
    )


def parse_output(raw: Raw) -> Output:
    """What a row printed, out of its JSON; what is no base64 counts as nothing."""
    return Output(
        _bytes(raw, "stdout"), _bytes(raw, "stderr"), _bytes(raw, "result").decode(errors="replace")
    )


def _bytes(raw: Raw, key: str) -> bytes:
    try:
        return b64decode(text(raw, key))
    except ValueError:
        return b""


def _runtime(raw: Raw) -> float | None:
    start, end = raw.get("starttime"), raw.get("endtime")
    if isinstance(start, int | float) and isinstance(end, int | float):
        return max(0.0, float(end) - float(start))
    return seconds(raw.get("runtime"))


def parse_script(raw: Raw) -> Script:
    """A script out of its JSON."""
    return Script(
        name=text(raw, "name"),
        title=text(raw, "title"),
        kind=number(raw, "type", -1),
        hardware=number(raw, "hardware_type"),
        tags=words(raw, "tags"),
        # A script that does not say is taken for one that destroys.
        destructive=raw.get("destructive") is not False,
        builtin=raw.get("default") is True,
        timeout=seconds(raw.get("timeout")),
        parameters=tuple(child(raw, "parameters")),
    )


def parse_event(raw: Raw) -> Event:
    """An event out of its JSON."""
    return Event(
        id=number(raw, "id"),
        system_id=text(raw, "node"),
        hostname=text(raw, "hostname"),
        level=text(raw, "level"),
        type=text(raw, "type"),
        description=text(raw, "description"),
        user=text(raw, "username"),
        created=moment(raw.get("created")),
    )
