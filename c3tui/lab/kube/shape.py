"""How values merge: which maps and lists are one leaf, and which list items have an identity.

A custom resource says so in its schema. Built-in types say so in Go tags; the names below carry
what those tags say about the fields that occur here. Checks made while a typed object is built
answer with 500, as server-side apply does.
"""

import json
from dataclasses import dataclass
from typing import Any

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object
from c3tui.lab.kube.schema import items_of, keeps_unknown

_LIST_KEYS: dict[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "volumes": ("name",),
    "env": ("name",),
    "imagePullSecrets": ("name",),
    "secrets": ("name",),
    "volumeMounts": ("mountPath",),
    "conditions": ("type",),
    "addresses": ("type",),
    "ownerReferences": ("uid",),
}
_SETS = frozenset({"finalizers"})
_ATOMIC = frozenset({"selector", "nodeSelector", "roleRef", "fieldRef", "openAPIV3Schema"})
_MAPS = frozenset(
    """labels annotations data binaryData stringData parameters requests limits capacity allocatable
    finalizers conditions addresses ownerReferences""".split()
)
_METADATA = frozenset(
    """name generateName namespace uid resourceVersion generation creationTimestamp deletionTimestamp
    deletionGracePeriodSeconds labels annotations ownerReferences finalizers managedFields selfLink""".split()
)
_ROOT = frozenset({"apiVersion", "kind", "metadata"})


@dataclass(frozen=True, eq=False)
class Shape:
    """How the value of one field merges."""

    name: str = ""
    schema: Object | None = None
    """None for a built-in or undeclared field: the name decides."""
    fields: frozenset[str] | None = None
    """The only fields a built-in object may have, where that is known."""

    def child(self, name: str) -> "Shape | None":
        """The shape of a field; None when it is not declared."""
        if self.schema is None:
            if self.fields is not None and name not in self.fields:
                return None
            return Shape(name, None, _METADATA if name == "metadata" and self.name == "/" else None)
        if self.name == "/" and name in _ROOT:
            return Shape(name, None, _METADATA if name == "metadata" else None)
        inner = (self.schema.get("properties") or {}).get(name)
        if inner is None and isinstance(self.schema.get("additionalProperties"), dict):
            inner = self.schema["additionalProperties"]
        if inner is not None:
            return Shape(name, inner)
        return Shape(name) if keeps_unknown(self.schema) else None

    def item(self) -> "Shape":
        """The shape of a list's items."""
        inner = items_of(self.schema) if self.schema is not None else None
        return Shape("", inner) if inner is not None else Shape()

    def keys(self) -> tuple[str, ...]:
        """The fields that identify an item of this list; empty when it merges as a whole."""
        if self.schema is None:
            return _LIST_KEYS.get(self.name, ())
        if self.schema.get("x-kubernetes-list-type") == "map":
            return tuple(self.schema.get("x-kubernetes-list-map-keys") or ())
        return ()

    def is_set(self) -> bool:
        """Whether this list is a set of scalars."""
        if self.schema is None:
            return self.name in _SETS
        return self.schema.get("x-kubernetes-list-type") == "set"

    def granular(self, value: Any) -> bool:
        """Whether the parts of such a value have owners of their own."""
        if isinstance(value, dict):
            if self.schema is None:
                return self.name not in _ATOMIC
            return self.schema.get("x-kubernetes-map-type") != "atomic"
        if isinstance(value, list):
            keys = self.keys()
            if keys:
                return all(isinstance(item, dict) and all(key in item for key in keys) for item in value)
            return self.is_set()
        return False

    def owned_itself(self) -> bool:
        """Whether an update that brings this map or list owns it beside its parts."""
        return self.schema is not None or self.name in _MAPS


def item_key(item: Any, keys: tuple[str, ...]) -> str:
    """A list item's identity as a path element."""
    return "k:" + json.dumps({key: item[key] for key in keys}, separators=(",", ":"), sort_keys=True)


def shape_of(kind: Kind) -> Shape:
    """The shape of a whole object."""
    if kind.custom:
        return Shape("/", kind.schema)
    return Shape("/", None, kind.fields | _ROOT)


def type_errors(value: Any, shape: Shape, path: str = "") -> list[str]:
    """What keeps a value from being read as its type: undeclared fields and wrong types."""
    if value is None:
        return []
    wanted = (shape.schema or {}).get("type", "")
    if isinstance(value, dict):
        if wanted in ("string", "integer", "number", "boolean", "array"):
            return [f"{path}: {_expected(wanted)}, got &{{map{_go_map(value)}}}"]
        return _field_errors(value, shape, path)
    if isinstance(value, list):
        if wanted and wanted != "array":
            return [f"{path}: {_expected(wanted)}, got &{{{value}}}"]
        inner = shape.item()
        return [error for n, item in enumerate(value) for error in type_errors(item, inner, f"{path}[{n}]")]
    return _scalar_errors(value, wanted, path, (shape.schema or {}).get("x-kubernetes-int-or-string", False))


def _field_errors(value: Object, shape: Shape, path: str) -> list[str]:
    errors = []
    for name in sorted(value):
        inner = shape.child(name)
        if inner is None:
            errors.append(f"{path}.{name}: field not declared in schema")
        else:
            errors.extend(type_errors(value[name], inner, f"{path}.{name}"))
    return errors


def _scalar_errors(value: Any, wanted: str, path: str, free: bool) -> list[str]:
    if not wanted or free:
        return []
    if wanted in ("integer", "number"):
        if isinstance(value, int | float) and not isinstance(value, bool):
            return []
        found = "bool" if isinstance(value, bool) else "string"
        return [f"{path}: expected numeric (int or float), got {found}"]
    if (wanted == "string" and isinstance(value, str)) or (wanted == "boolean" and isinstance(value, bool)):
        return []
    shown = json.dumps(value)
    if wanted in ("object", "array"):
        return [f"{path}: {_expected(wanted)}, got &{{{value}}}"]
    return [f"{path}: {_expected(wanted)}, got &value.valueUnstructured{{Value:{shown}}}"]


def _expected(wanted: str) -> str:
    words = {"array": "list", "object": "map", "integer": "numeric (int or float)"}
    return f"expected {words.get(wanted, wanted)}"


def _go_map(value: Object) -> str:
    return "[" + " ".join(f"{name}:{value[name]}" for name in sorted(value)) + "]"
