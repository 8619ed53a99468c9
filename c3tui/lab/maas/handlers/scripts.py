"""Commissioning, testing and release scripts."""

import base64
from typing import Any

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.handlers.script_form import METADATA, metadata_of
from c3tui.lab.maas.records import Revision, Script
from c3tui.lab.maas.region import duration, stamp
from c3tui.lab.maas.status import HardwareType, ScriptType
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, Resource, invalid, not_found

_scripts = Resource("NodeScriptsHandler", "scripts/", "Manage custom scripts.")
_script = Resource("NodeScriptHandler", "scripts/{name}", "Manage or view a custom script.")
_TYPES = {each.name.lower(): each for each in ScriptType}
_TYPE_NAMES = {
    ScriptType.COMMISSIONING: "Commissioning script",
    ScriptType.TESTING: "Testing script",
    ScriptType.RELEASE: "Release script",
}
_PARALLEL_NAMES = (
    "Disabled",
    "Run along other instances of this script",
    "Run along any other script",
)


@_scripts.on("GET", "read")
def read_all(call: Call) -> list[dict[str, Any]]:
    """List scripts by type, hardware_type and filters (names and tags)."""
    query = call.query
    kind, hardware, names = query.get("type"), query.get("hardware_type"), query.csv("filters")
    if kind and kind not in _TYPES:
        raise ApiError(400, {"type": [f"Invalid script type: {kind}"]})
    found = []
    for script in sorted(call.region.db.scripts.values(), key=lambda each: each.id):
        if kind and script.type is not _TYPES[kind]:
            continue
        if hardware and hardware not in (script.hardware_type.name.lower(), str(int(script.hardware_type))):
            continue
        if names and not {script.name, *script.tags} & set(names):
            continue
        found.append(script_json(script, text="include_script" in query))
    return found


@_scripts.on("POST", "create", admin="silent")
def create(call: Call) -> dict[str, Any]:
    """Upload a script; what its embedded metadata says need not be in the form."""
    db, text = call.region.db, call.form.get("script")
    if not text:
        raise invalid("script", "Must be given a value")
    fields = metadata_of(text, _given(call))
    if not fields.get("name"):
        raise invalid("name", "This field is required.")
    if db.script_by_name(fields["name"]):
        raise invalid("name", "Script with this Name already exists.")
    script = Script(id=db.next_id("scripts"), **fields)
    _tag_with_hardware(script)
    _revise(call, script, text)
    db.scripts[script.id] = script
    return script_json(script)


@_script.on("GET", "read")
def read(call: Call) -> dict[str, Any]:
    """Read a script."""
    return script_json(_find(call), text="include_script" in call.query)


@_script.on("PUT", "update", admin="silent")
def update(call: Call) -> dict[str, Any]:
    """Change a script, or upload its next revision."""
    script, text, given = _find(call), call.form.get("script"), _given(call)
    refused = [*(name for name in given if name not in ("tags", "timeout")), *(["script"] if text else [])]
    if script.default and refused:
        raise ApiError(400, {name: ["Not allowed to change on default scripts."] for name in refused})
    if "comment" in call.form and not text:
        raise invalid("comment", '"comment" may only be used when specifying a "script" as well.')
    fields = metadata_of(text or script.history[-1].script, given)
    other = call.region.db.script_by_name(fields.get("name", script.name))
    if other not in (None, script):
        raise invalid("name", "Script with this Name already exists.")
    for name, value in fields.items():
        setattr(script, name, value)
    _tag_with_hardware(script)
    if text:
        _revise(call, script, text)
    return script_json(script)


@_script.on("DELETE", "delete", admin="silent")
def delete(call: Call) -> Answer:
    """Delete a script together with its results."""
    script, db = _find(call), call.region.db
    if script.default:
        raise ApiError(400, "Unable to delete default script")
    del db.scripts[script.id]
    for sets in db.sets.values():
        for each in sets:
            each.rows = [row for row in each.rows if row.script_id != script.id]
    return NO_CONTENT


@_script.on("GET", "download", op=True)
def download(call: Call) -> Answer:
    """The script itself, or an old revision of it."""
    script, wanted = _find(call), call.query.get("revision")
    for revision in reversed(script.history):
        if wanted in ("", str(revision.id)):
            return Answer(200, revision.script.encode(), "application/binary")
    raise not_found("Script")


@_script.on("POST", "add_tag", op=True, admin="silent")
def add_tag(call: Call) -> dict[str, Any]:
    """Tag a script; builtin ones too."""
    script, tag = _find(call), call.form.get("tag")
    if tag and tag not in script.tags:
        script.tags.append(tag)
    return script_json(script)


@_script.on("POST", "remove_tag", op=True, admin="silent")
def remove_tag(call: Call) -> dict[str, Any]:
    """Remove a tag from a script."""
    script, tag = _find(call), call.form.get("tag")
    script.tags = [each for each in script.tags if each != tag]
    return script_json(script)


def _find(call: Call) -> Script:
    name = call.path["name"]
    for script in call.region.db.scripts.values():
        if name in (script.name, str(script.id)):
            return script
    raise not_found("Script")


def _given(call: Call) -> dict[str, Any]:
    return {name: call.form.get(name) for name in call.form.names() if name in METADATA}


def _tag_with_hardware(script: Script) -> None:
    tag = script.hardware_type.name.lower()
    if tag not in script.tags:
        script.tags.append(tag)
    if script.destructive and "destructive" not in script.tags:
        script.tags.append("destructive")


def _revise(call: Call, script: Script, text: str) -> None:
    script.history.append(
        Revision(
            id=call.region.db.next_id("revisions"),
            comment=call.form.get("comment"),
            created=call.region.now(),
            script=text,
        )
    )


def script_json(script: Script, *, text: bool = False) -> dict[str, Any]:
    """A script, newest revision first; each with its text in base64 when asked for."""
    history = []
    for revision in reversed(script.history):
        entry = {"id": revision.id, "comment": revision.comment, "created": stamp(revision.created)}
        if text:
            entry["data"] = base64.b64encode(revision.script.encode()).decode()
        history.append(entry)
    names = {HardwareType.CPU: "CPU", HardwareType.GPU: "GPU"}
    plain = script.model_dump(exclude={"history", "timeout", "type", "hardware_type"})
    return plain | {
        "type": int(script.type),
        "type_name": _TYPE_NAMES[script.type],
        "hardware_type": int(script.hardware_type),
        "hardware_type_name": names.get(script.hardware_type, script.hardware_type.name.capitalize()),
        "parallel_name": _PARALLEL_NAMES[script.parallel],
        "timeout": duration(script.timeout),
        "history": history,
        "resource_uri": f"{BASE}scripts/{script.name}",
    }
