"""Results of scripts, under ``nodes/{system_id}/results/``."""

import io
import tarfile
from typing import Any

from c3tui.lab.maas.records import Machine, Row, ScriptSet
from c3tui.lab.maas.shapes.results import set_json
from c3tui.lab.maas.status import HardwareType, ScriptType
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, Fields, Resource, not_found

_results = Resource("NodeScriptResultsHandler", "nodes/{system_id}/results/", "Manage script results.")
_result = Resource(
    "NodeScriptResultHandler", "nodes/{system_id}/results/{id}/", "Manage a node script result."
)
_TYPES = {each.name.lower(): each for each in ScriptType} | {str(int(each)): each for each in ScriptType}
_HARDWARE = {each.name.lower(): each for each in HardwareType} | {
    str(int(each)): each for each in HardwareType
}
_OUTPUTS = {"combined": "", "stdout": ".out", "stderr": ".err", "result": ".yaml"}
_WIDTH = 80


@_results.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """Runs of scripts, in no order at all."""
    machine, query = call.machine(), call.query
    kind = query.get("type")
    if kind and kind not in _TYPES:
        raise ApiError(400, "Invalid result type name")
    sets = call.region.db.sets_of(machine.system_id, _TYPES[kind] if kind else None)
    found = []
    for each in sorted(sets, key=lambda each: each.id * 7919 % 101):
        rows = _wanted(call, each, query)
        if rows or not ("filters" in query or "hardware_type" in query):
            found.append(set_json(each, rows, output="include_output" in query))
    return found


@_result.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """One run by id, or as current-commissioning, current-testing, current-installation."""
    each = _find(call, call.machine())
    return set_json(each, _wanted(call, each, call.query), output="include_output" in call.query)


@_result.on("PUT", "update", admin="silent")
def update(call: Call) -> dict[str, Any]:
    """Suppress rows, so that they no longer count, or let them count again."""
    each = _find(call, call.machine())
    text = call.form.get("suppressed").lower()
    if text not in ("true", "false"):
        raise ApiError(400, "Invalid suppressed: Value should be 'true' or 'false'")
    rows = _wanted(call, each, call.form)
    for row in rows:
        row.suppressed, row.updated = text == "true", call.region.now()
    return set_json(each, rows)


@_result.on("DELETE", "delete", admin="silent")
def delete(call: Call) -> Answer:
    """Delete a run."""
    machine = call.machine()
    each = _find(call, machine)
    call.region.db.sets[machine.system_id].remove(each)
    for name in ("commissioning_set", "testing_set", "installation_set"):
        if getattr(machine, name) == each.id:
            setattr(machine, name, None)
    return NO_CONTENT


@_result.on("GET", "download", op=True)
def download(call: Call) -> Answer:
    """Outputs as one text or as tar.xz."""
    machine = call.machine()
    each = _find(call, machine)
    output = call.query.get("output", "combined")
    kinds = list(_OUTPUTS) if output == "all" else [output]
    if any(kind not in _OUTPUTS for kind in kinds):
        raise ApiError(400, "Invalid output: Value must be one of: combined; stdout; stderr; result; all")
    files = [
        (f"{row.name}{_OUTPUTS[kind]}", _device(row), _text(row, kind).encode())
        for row in _wanted(call, each, call.query)
        for kind in kinds
    ]
    if call.query.get("filetype", "txt") == "tar.xz":
        return Answer(200, _archive(machine, each, files), "application/x-tar")
    if len(files) == 1:
        return Answer(200, files[0][2], "application/binary")
    parts = []
    for name, device, body in files:
        title = f" {name} - {device} " if device else f" {name} "
        parts.append(title.center(_WIDTH, "-").encode() + b"\n" + body + b"\n")
    return Answer(200, b"".join(parts), "application/binary")


def _archive(machine: Machine, each: ScriptSet, files: list[tuple[str, str, bytes]]) -> bytes:
    target = io.BytesIO()
    folder = f"{machine.hostname}-{each.type.name.lower()}-{each.id}"
    with tarfile.open(fileobj=target, mode="w:xz") as archive:
        for name, device, body in files:
            part = device.rsplit("/", 1)[-1]
            info = tarfile.TarInfo(f"{folder}/{part}-{name}" if part else f"{folder}/{name}")
            info.size = len(body)
            archive.addfile(info, io.BytesIO(body))
    return target.getvalue()


def _find(call: Call, machine: Machine) -> ScriptSet:
    text = call.path["id"]
    if text.startswith("current-"):
        kind = text.removeprefix("current-")
        if kind not in ("commissioning", "testing", "installation"):
            raise not_found("ScriptSet")
        each = call.region.db.set_of(machine.system_id, getattr(machine, f"{kind}_set"))
        if each is None:
            raise ApiError(400, f"No current {kind} script set exists for this node.")
        return each
    each = call.region.db.set_of(machine.system_id, int(text)) if text.isdigit() else None
    if each is None:
        raise not_found("ScriptSet")
    return each


def _wanted(call: Call, each: ScriptSet, fields: Fields) -> list[Row]:
    """Rows by ``filters`` (names, tags, ids) and ``hardware_type``, ordered by name."""
    rows = sorted(each.rows, key=lambda row: (row.name, row.id))
    names, hardware = fields.csv("filters"), fields.get("hardware_type")
    if hardware and hardware not in _HARDWARE:
        raise ApiError(400, "Invalid hardware type")
    found = []
    for row in rows:
        script = call.region.db.scripts.get(row.script_id or 0)
        tags = script.tags if script else []
        if names and not {row.name, str(row.id), *tags} & set(names):
            continue
        if hardware and (script is None or script.hardware_type is not _HARDWARE[hardware]):
            continue
        found.append(row)
    return found


def _text(row: Row, kind: str) -> str:
    combined = row.output + row.stderr
    return {"combined": combined, "stdout": row.output, "stderr": row.stderr, "result": row.result}[kind]


def _device(row: Row) -> str:
    for parameter in row.parameters.values():
        value = parameter.get("value")
        if isinstance(value, dict):
            return f"/dev/{value['name']}" if parameter.get("type") == "storage" else str(value["name"])
    return ""
