"""Structural schemas of custom resources: pruning, defaults and validation with the real texts.

Of the rules in ``x-kubernetes-validations`` only immutability (``self == oldSelf``) is judged.
"""

import json
import re
from typing import Any

from c3tui.lab.kube.objects import Object
from c3tui.lab.kube.status import Cause

_ROOT = frozenset({"apiVersion", "kind", "metadata"})
_PYTHON: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
}
UNCHECKED = Cause(
    "FieldValueInvalid",
    "Invalid value: null: some validation rules were not checked because the object was invalid; "
    "correct the existing errors to complete validation",
    "<nil>",
)


def join(path: str, step: str) -> str:
    """A field path one step longer."""
    return f"{path}.{step}" if path else step


def keeps_unknown(schema: Object) -> bool:
    """Whether fields that are not declared stay."""
    return bool(schema.get("x-kubernetes-preserve-unknown-fields"))


def items_of(schema: Object) -> Object | None:
    """The schema of a list's items; a list that keeps unknown fields keeps those of its items."""
    inner = schema.get("items")
    if not isinstance(inner, dict):
        return None
    return inner | {"x-kubernetes-preserve-unknown-fields": True} if keeps_unknown(schema) else inner


def prune(value: Any, schema: Object, path: str, unknown: list[str]) -> Any:
    """The value without undeclared fields, whose paths are added to ``unknown``."""
    if isinstance(value, list) and (items := items_of(schema)) is not None:
        return [prune(item, items, f"{path}[{n}]", unknown) for n, item in enumerate(value)]
    if not isinstance(value, dict) or schema.get("type") != "object":
        return value
    kept: Object = {}
    for name in sorted(value):
        inner = _declared(schema, name)
        if inner is not None:
            kept[name] = prune(value[name], inner, join(path, name), unknown)
        elif keeps_unknown(schema) or (not path and name in _ROOT):
            kept[name] = value[name]
        else:
            unknown.append(join(path, name))
    return kept


def fill(value: Any, schema: Object) -> Any:
    """The value with the schema's defaults in it."""
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [fill(item, schema["items"]) for item in value]
    if not isinstance(value, dict):
        return value
    filled = {name: fill(item, _declared(schema, name) or {}) for name, item in value.items()}
    for name, inner in (schema.get("properties") or {}).items():
        missing = name not in filled or (filled[name] is None and not inner.get("nullable"))
        if missing and "default" in inner:
            filled[name] = inner["default"]
    return filled


def check(value: Any, schema: Object, old: Any = None) -> list[Cause]:
    """Everything that is wrong with an object; empty when it is valid. ``old`` is its stored state."""
    causes: list[Cause] = []
    _check(value, schema, "", old, causes)
    blocking = any("must be of type" in c.message or c.reason == "FieldValueRequired" for c in causes)
    if blocking and "x-kubernetes-validations" in json.dumps(schema):
        causes.append(UNCHECKED)
    return causes


def _declared(schema: Object, name: str) -> Object | None:
    found = (schema.get("properties") or {}).get(name)
    if found is None and isinstance(schema.get("additionalProperties"), dict):
        found = schema["additionalProperties"]
    return found if isinstance(found, dict) else None


def _check(value: Any, schema: Object, path: str, old: Any, causes: list[Cause]) -> None:
    if value is None and schema.get("nullable"):
        return
    wrong = _wrong_type(value, schema)
    if wrong:
        text = f'Invalid value: "{wrong}": {path} in body must be of type {schema["type"]}: "{wrong}"'
        causes.append(Cause("FieldValueTypeInvalid", text, path))
        return
    _check_limits(value, schema, path, causes)
    for rule in schema.get("x-kubernetes-validations") or ():
        if rule.get("rule") == "self == oldSelf" and old is not None and old != value:
            text = f"Invalid value: {json.dumps(value)}: {rule.get('message') or 'Value is immutable'}"
            causes.append(Cause("FieldValueInvalid", text, path))
    if isinstance(value, dict):
        _check_fields(value, schema, path, old, causes)
    elif isinstance(value, list) and isinstance(schema.get("items"), dict):
        for n, item in enumerate(value):
            _check(item, schema["items"], f"{path}[{n}]", None, causes)


def _check_fields(value: Object, schema: Object, path: str, old: Any, causes: list[Cause]) -> None:
    for name in sorted(schema.get("required") or ()):
        if name not in value:
            causes.append(Cause("FieldValueRequired", "Required value", join(path, name)))
    for name in sorted(value):
        inner = _declared(schema, name)
        if inner is not None and not (not path and name in _ROOT):
            before = old.get(name) if isinstance(old, dict) else None
            _check(value[name], inner, join(path, name), before, causes)


def _wrong_type(value: Any, schema: Object) -> str:
    """The JSON type of a value that the schema does not take; empty when it does."""
    if schema.get("x-kubernetes-int-or-string"):
        return "" if isinstance(value, int | str) and not isinstance(value, bool) else json_type(value)
    wanted = schema.get("type")
    if not wanted:
        return ""
    fits = isinstance(value, _PYTHON[wanted]) and (wanted == "boolean" or not isinstance(value, bool))
    return "" if fits else json_type(value)


def json_type(value: Any) -> str:
    """``string``, ``integer``, ``null`` and so on."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    return next(name for name, types in _PYTHON.items() if isinstance(value, types))


def _check_limits(value: Any, schema: Object, path: str, causes: list[Cause]) -> None:
    if "enum" in schema and value not in schema["enum"]:
        supported = ", ".join(json.dumps(item) for item in schema["enum"])
        text = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        causes.append(Cause("FieldValueNotSupported", text, path))
    elif problem := _over_limit(value, schema):
        text = f"Invalid value: {json.dumps(value)}: {path} in body {problem}"
        causes.append(Cause("FieldValueInvalid", text, path))


def _over_limit(value: Any, schema: Object) -> str:
    if isinstance(value, int | float):
        if "maximum" in schema and value > schema["maximum"]:
            return f"should be less than or equal to {schema['maximum']}"
        if "minimum" in schema and value < schema["minimum"]:
            return f"should be greater than or equal to {schema['minimum']}"
    if isinstance(value, str):
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            return f"should be at most {schema['maxLength']} chars long"
        if "minLength" in schema and len(value) < schema["minLength"]:
            return f"should be at least {schema['minLength']} chars long"
        if "pattern" in schema and not re.search(schema["pattern"], value):
            return f"should match '{schema['pattern']}'"
    if isinstance(value, list):
        if "minItems" in schema and len(value) < schema["minItems"]:
            return f"should have at least {schema['minItems']} items"
        if "maxItems" in schema and len(value) > schema["maxItems"]:
            return f"should have at most {schema['maxItems']} items"
    return ""
