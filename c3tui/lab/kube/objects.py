"""What every API object shares: metadata, labels, timestamps."""

from datetime import UTC, datetime
from typing import Any

Object = dict[str, Any]
"""An API object, or a part of one, as JSON has it."""


def now() -> str:
    """The present as Kubernetes writes it, in whole seconds UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def age(stamp: str) -> float:
    """Seconds since a timestamp."""
    return (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()


def name(item: Object) -> str:
    """``metadata.name``."""
    return str(item["metadata"].get("name", ""))


def namespace(item: Object) -> str:
    """``metadata.namespace``, empty for a cluster-scoped object."""
    return str(item["metadata"].get("namespace", ""))


def labels(item: Object) -> dict[str, str]:
    """``metadata.labels``, never None."""
    found: dict[str, str] = item["metadata"].get("labels") or {}
    return found


def dig(item: Any, *path: str, default: Any = None) -> Any:
    """The value at a path of field names, or ``default`` where the path breaks off or ends in null."""
    for step in path:
        if not isinstance(item, dict):
            return default
        item = item.get(step)
    return default if item is None else item


def condition(item: Object, type_: str) -> Object:
    """The status condition of that type, or an empty object."""
    for found in dig(item, "status", "conditions", default=[]):
        if found.get("type") == type_:
            return dict(found)
    return {}


def is_true(item: Object, type_: str) -> bool:
    """Whether the status condition of that type is True."""
    return condition(item, type_).get("status") == "True"
