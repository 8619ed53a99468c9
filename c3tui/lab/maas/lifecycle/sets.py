"""Runs of scripts before they run: which scripts, on which disks and ports, in the order of MAAS."""

from typing import Any

from c3tui.lab.maas.database import Database
from c3tui.lab.maas.records import Disk, Interface, Machine, Row, Script, ScriptSet
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.status import HardwareType, ScriptStatus, ScriptType
from c3tui.lab.maas.wire import Fields, choice_error, invalid

DEFAULT_TEST_TAG = "commissioning"
_ORDER = [
    HardwareType.NODE,
    HardwareType.CPU,
    HardwareType.MEMORY,
    HardwareType.STORAGE,
    HardwareType.NETWORK,
    HardwareType.GPU,
]


def chosen_scripts(db: Database, kind: ScriptType, names: list[str], field: str) -> list[Script]:
    """Scripts by name or by tag; a tag takes every script that has it, destructive ones too.

    Raises:
        ApiError: 400, a name that is neither.
    """
    scripts = [script for script in db.scripts.values() if script.type is kind]
    found: dict[int, Script] = {}
    for name in names:
        matching = [each for each in scripts if name == each.name or name in each.tags]
        if not matching:
            raise invalid(field, choice_error(name))
        found |= {each.id: each for each in matching}
    return sorted(found.values(), key=lambda each: (_ORDER.index(each.hardware_type), each.name))


def commissioning_scripts(db: Database, names: list[str]) -> list[Script]:
    """The builtin ones and those asked for, in the order they run: by name."""
    builtin = [each for each in db.scripts.values() if each.type is ScriptType.COMMISSIONING and each.default]
    extra = chosen_scripts(db, ScriptType.COMMISSIONING, names, "commissioning_scripts")
    return sorted({each.id: each for each in [*builtin, *extra]}.values(), key=lambda each: each.name)


def parameters_for(machine: Machine, scripts: list[Script], form: Fields) -> dict[str, dict[str, str]]:
    """What the form chooses for each parameter of each script; unknown fields are ignored, as MAAS does.

    Raises:
        ApiError: 400, no such disk or port.
    """
    chosen: dict[str, dict[str, str]] = {}
    for script in scripts:
        values = chosen.setdefault(script.name, {})
        for name, parameter in script.parameters.items():
            field = f"{script.name}_{name}" if f"{script.name}_{name}" in form else name
            value = ",".join(form.all(field)) or str(parameter.get("default", "all"))
            values[name] = value
            if field in form:
                _check(machine, field, parameter, value)
    return chosen


def _check(machine: Machine, field: str, parameter: dict[str, Any], value: str) -> None:
    match parameter.get("type"):
        case "storage":
            for part in value.split(","):
                if not disks_named(machine, part):
                    raise invalid(field, choice_error(part))
        case "interface":
            if not interfaces_named(machine, value):
                raise invalid(field, f"Unknown interface for {machine.hostname}.maas({machine.system_id})")
        case "url":
            if " " in value or not value:
                raise invalid(field, "Invalid URL")


def disks_named(machine: Machine, text: str) -> list[Disk]:
    """Disks by ``all``, id, name, model, serial, model:serial or tag."""
    if text == "all":
        return machine.disks
    return [
        disk
        for disk in machine.disks
        if text in (str(disk.id), disk.name, disk.model, disk.serial, f"{disk.model}:{disk.serial}")
        or text in disk.tags
    ]


def interfaces_named(machine: Machine, text: str) -> list[Interface]:
    """Ports that have an address to test with, by ``all``, id, name or MAC address."""
    configured = [nic for nic in machine.interfaces if any(link.mode != "link_up" for link in nic.links)]
    return [nic for nic in configured if text in ("all", str(nic.id), nic.name, nic.mac)]


def new_set(
    region: Region,
    machine: Machine,
    kind: ScriptType,
    scripts: list[Script],
    chosen: dict[str, dict[str, str]],
) -> ScriptSet:
    """A stored run with a pending row for every script and part."""
    db = region.db
    now = region.now()
    each = ScriptSet(
        id=db.next_id("sets"), system_id=machine.system_id, type=kind, created=now, chosen=chosen
    )
    each.rows = [row for script in scripts for row in _rows(region, machine, script, chosen)]
    db.add_set(each)
    return each


def refresh(region: Region, machine: Machine, each: ScriptSet) -> None:
    """Rows of storage and network tests again, once commissioning has found the parts."""
    rows: list[Row] = []
    for name in dict.fromkeys(row.name for row in each.rows):
        script = region.db.script_by_name(name)
        if script and {parameter.get("type") for parameter in script.parameters.values()} & {
            "storage",
            "interface",
        }:
            rows += _rows(region, machine, script, each.chosen)
        else:
            rows += [row for row in each.rows if row.name == name]
    each.rows = rows


def _rows(region: Region, machine: Machine, script: Script, chosen: dict[str, dict[str, str]]) -> list[Row]:
    combinations: list[dict[str, Any]] = [{}]
    for name, parameter in script.parameters.items():
        wanted = chosen.get(script.name, {}).get(name, "all")
        values = [dict(parameter) | {"value": value} for value in _values(machine, parameter, wanted)]
        combinations = [each | {name: value} for each in combinations for value in values]
    now = region.now()
    return [
        Row(
            id=region.db.next_id("rows"),
            name=script.name,
            script_id=script.id,
            parameters=each,
            created=now,
            updated=now,
        )
        for each in combinations
    ]


def _values(machine: Machine, parameter: dict[str, Any], wanted: str) -> list[Any]:
    if parameter.get("type") == "storage":
        named = {disk.id: disk for part in wanted.split(",") for disk in disks_named(machine, part)}
        return [
            {key: getattr(disk, key) for key in ("id", "name", "model", "serial", "id_path")}
            for disk in named.values()
        ] or [wanted]
    if parameter.get("type") == "interface":
        return [
            {
                "id": nic.id,
                "name": nic.name,
                "mac_address": nic.mac,
                "vendor": nic.vendor,
                "product": nic.product,
            }
            for nic in interfaces_named(machine, wanted)
        ] or [wanted]
    return [wanted]


def abort_rows(region: Region, each: ScriptSet | None) -> None:
    """Give up what has not ended."""
    for row in each.rows if each else []:
        if row.ended is None and row.status is not ScriptStatus.ABORTED:
            row.status, row.updated = ScriptStatus.ABORTED, region.now()
