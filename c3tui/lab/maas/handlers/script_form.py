"""The metadata inside an uploaded script, and what MAAS finds wrong with it."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from c3tui.lab.maas.status import HardwareType, ScriptType
from c3tui.lab.maas.wire import ApiError

_EMBEDDED = re.compile(
    r"^# --- Start MAAS (?P<version>[\d.]+) script metadata ---\s*$(?P<yaml>.*?)"
    r"^# --- End MAAS [\d.]+ script metadata ---\s*$",
    re.MULTILINE | re.DOTALL,
)
_TYPES = {
    "commissioning": ScriptType.COMMISSIONING,
    "commission": ScriptType.COMMISSIONING,
    "0": ScriptType.COMMISSIONING,
    "testing": ScriptType.TESTING,
    "test": ScriptType.TESTING,
    "2": ScriptType.TESTING,
    "release": ScriptType.RELEASE,
    "3": ScriptType.RELEASE,
}
_PARALLEL = {
    "disabled": 0,
    "none": 0,
    "0": 0,
    "instance": 1,
    "name": 1,
    "1": 1,
    "any": 2,
    "enabled": 2,
    "2": 2,
}
_HARDWARE = (
    {each.name.lower(): each for each in HardwareType}
    | {
        "disk": HardwareType.STORAGE,
        "other": HardwareType.NODE,
    }
    | {str(int(each)): each for each in HardwareType}
)
_TEXTS = ("name", "title", "description")
_FLAGS = ("destructive", "may_reboot", "recommission", "apply_configured_networking")
_TABLES = ("parameters", "results", "packages")
METADATA = {
    "name",
    "title",
    "description",
    "tags",
    "type",
    "script_type",
    "hardware_type",
    "parallel",
    "timeout",
    "for_hardware",
    *_FLAGS,
    *_TABLES,
}


def metadata_of(text: str, given: dict[str, Any]) -> dict[str, Any]:
    """Fields of a script from what stands in it and from what the form gave beside it.

    Raises:
        ApiError: 400 naming every field that is wrong.
    """
    if not text.startswith("#!/"):
        raise ApiError(400, {"script": ["Must start with shebang."]})
    embedded = _embedded(text)
    for name, value in given.items():
        if name in embedded and str(embedded[name]) != str(value):
            raise ApiError(400, {name: ["May not override values defined in embedded YAML."]})
    return _checked({**given, **embedded})


def _embedded(text: str) -> dict[str, Any]:
    match = _EMBEDDED.search(text)
    if match is None:
        return {}
    lines = [re.sub(r"^#\s?", "", line) for line in match["yaml"].strip("\n").splitlines()]
    try:
        data = YAML(typ="safe", pure=True).load("\n".join(lines))
    except YAMLError as error:
        raise ApiError(400, {"script": [f"Invalid YAML: {error}"]}) from None
    if not isinstance(data, dict):
        raise ApiError(400, {"script": ["YAML is not a mapping."]})
    return {str(name): value for name, value in data.items()}


def _checked(raw: dict[str, Any]) -> dict[str, Any]:
    fields: dict[str, Any] = {name: str(raw[name]) for name in _TEXTS if name in raw}
    fields |= {name: str(raw[name]).lower() in ("true", "1") for name in _FLAGS if name in raw}
    fields |= {name: _table(raw[name]) for name in _TABLES if name in raw}
    errors: dict[str, list[str]] = {}
    for source, target, table, complaint in (
        ("script_type", "type", _TYPES, "Script type must be commissioning, testing or release"),
        ("type", "type", _TYPES, "Script type must be commissioning, testing or release"),
        ("parallel", "parallel", _PARALLEL, "Script parallel must be disabled, instance, or any."),
        ("hardware_type", "hardware_type", _HARDWARE, "Hardware type must be node, cpu, memory, storage"),
    ):
        if source in raw:
            value = table.get(str(raw[source]).lower())
            if value is None:
                errors[source] = [complaint]
            fields[target] = value
    if "timeout" in raw and (seconds := _seconds(raw["timeout"])) is None:
        errors["timeout"] = ["Enter a valid duration."]
    elif "timeout" in raw:
        fields["timeout"] = seconds
    for name in ("tags", "for_hardware"):
        if name in raw:
            fields[name] = _list(raw[name])
    if errors:
        raise ApiError(400, errors)
    return fields


def _table(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, dict) else {}


def _list(value: Any) -> list[str]:
    parts = value.split(",") if isinstance(value, str) else value
    return [str(part).strip() for part in parts or [] if str(part).strip()]


def _seconds(value: Any) -> int | None:
    parts = str(value).split(":")
    if not all(part.isdigit() for part in parts) or len(parts) > 3:
        return None
    seconds = 0
    for part in parts:
        seconds = seconds * 60 + int(part)
    return seconds
