"""JSON of script results, and the test status that MAAS computes from their history."""

import base64
from typing import Any

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Row, ScriptSet
from c3tui.lab.maas.region import duration, stamp
from c3tui.lab.maas.status import HardwareType, ScriptStatus, ScriptType, worst


def row_json(row: Row, *, output: bool = False) -> dict[str, Any]:
    """The result of one script; outputs in base64 when asked for."""
    runtime = row.ended - row.started if row.ended and row.started else None
    data: dict[str, Any] = {
        "id": row.id,
        "created": stamp(row.created),
        "updated": stamp(row.updated),
        "name": row.name,
        "status": int(row.status),
        "status_name": row.status.label,
        "exit_status": row.exit_status,
        "started": stamp(row.started),
        "ended": stamp(row.ended),
        "runtime": duration(runtime),
        "starttime": row.started or "",
        "endtime": row.ended or "",
        "estimated_runtime": duration(runtime) or "Unknown",
        "parameters": row.parameters,
        "script_id": row.script_id,
        "script_revision_id": row.revision_id,
        "suppressed": row.suppressed,
    }
    if output:
        texts = {
            "output": row.output + row.stderr,
            "stdout": row.output,
            "stderr": row.stderr,
            "result": row.result,
        }
        data |= {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    return data


def set_status(each: ScriptSet) -> ScriptStatus:
    """Of a whole run; a suppressed failure counts as passed."""
    return worst([ScriptStatus.PASSED if row.suppressed else row.status for row in each.rows])


def set_json(each: ScriptSet, rows: list[Row] | None = None, *, output: bool = False) -> dict[str, Any]:
    """One run of scripts, with all or some of its rows."""
    started = min((row.started for row in each.rows if row.started), default=None)
    running = any(row.ended is None for row in each.rows)
    ended = None if running else max((row.ended for row in each.rows if row.ended), default=None)
    status = set_status(each)
    return {
        "ended": stamp(ended),
        "status": int(status),
        "results": [row_json(row, output=output) for row in (each.rows if rows is None else rows)],
        "id": each.id,
        "runtime": duration(ended - started if ended and started else None),
        # MAAS looks the name up by index, and -1 is the last one.
        "status_name": status.label if each.rows else ScriptStatus.FAILED_APPLYING_NETCONF.label,
        "last_ping": stamp(each.last_ping),
        "started": stamp(started),
        "type_name": each.type.name.capitalize(),
        "type": int(each.type),
        "system_id": each.system_id,
        "resource_uri": f"{BASE}nodes/{each.system_id}/results/{each.id}/",
    }


_KINDS = {
    "cpu": HardwareType.CPU,
    "memory": HardwareType.MEMORY,
    "storage": HardwareType.STORAGE,
    "network": HardwareType.NETWORK,
    "interface": HardwareType.NETWORK,
    "other": HardwareType.NODE,
}


def status_fields(db: Database, sets: list[ScriptSet]) -> dict[str, Any]:
    """``testing_status``, ``storage_test_status`` and the like, from the latest row per script and part."""
    latest: dict[tuple[str, str], Row] = {}
    commissioning: list[ScriptStatus] = []
    for each in sets:
        if each.type is ScriptType.COMMISSIONING:
            commissioning = [row.status for row in each.rows]
        if each.type is ScriptType.TESTING:
            latest |= {(row.name, _part(row)): row for row in each.rows}
    counted = [
        row for row in latest.values() if not row.suppressed and row.status is not ScriptStatus.ABORTED
    ]
    suppressed = [ScriptStatus.PASSED for row in latest.values() if row.suppressed]
    fields = {"commissioning_status": worst(commissioning)}
    fields["testing_status"] = worst([row.status for row in counted] + suppressed)
    for name, kind in _KINDS.items():
        fields[f"{name}_test_status"] = worst([row.status for row in counted if _kind(db, row) is kind])
    return {key: int(value) for key, value in fields.items()} | {
        f"{key}_name": value.label for key, value in fields.items()
    }


def _kind(db: Database, row: Row) -> HardwareType | None:
    script = db.scripts.get(row.script_id) if row.script_id is not None else None
    return script.hardware_type if script else None


def _part(row: Row) -> str:
    values = [parameter.get("value") for parameter in row.parameters.values()]
    parts = [str(value.get("id")) for value in values if isinstance(value, dict)]
    return "/".join(parts)
