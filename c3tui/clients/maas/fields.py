"""Reads JSON whose shape is not ours: unknown keys are ignored, missing or odd values become empty ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

from c3tui.engine.errors import BadAnswer

Raw = Mapping[str, Any]


def as_object(answer: object, what: str) -> Raw:
    """The answer as a JSON object.

    Raises:
        BadAnswer: it is something else.
    """
    if not isinstance(answer, dict):
        raise BadAnswer(f"MAAS answered no {what}, but {_kind(answer)}", where="MAAS")
    return answer


def as_list(answer: object, what: str) -> list[Raw]:
    """The answer as a list of JSON objects.

    Raises:
        BadAnswer: it is something else.
    """
    if not isinstance(answer, list) or not all(isinstance(item, dict) for item in answer):
        raise BadAnswer(f"MAAS answered no list of {what}, but {_kind(answer)}", where="MAAS")
    return answer


def _kind(answer: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bytes: "text", type(None): "nothing"}
    return names.get(type(answer), type(answer).__name__)


def text(raw: Raw, key: str) -> str:
    """A string; empty when absent, null, or MAAS's own word ``Unknown``."""
    value = raw.get(key)
    return "" if value is None or value == "Unknown" else str(value)


def maybe(raw: Raw, key: str) -> int | None:
    """A whole number, or None."""
    try:
        return int(raw[key])
    except (KeyError, TypeError, ValueError):
        return None


def number(raw: Raw, key: str, default: int = 0) -> int:
    """A whole number, or ``default``."""
    value = maybe(raw, key)
    return default if value is None else value


def child(raw: Raw, key: str) -> Raw:
    """A nested object; empty when absent or null."""
    value = raw.get(key)
    return value if isinstance(value, dict) else {}


def children(raw: Raw, key: str) -> list[Raw]:
    """A list of nested objects; empty when absent."""
    value = raw.get(key)
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def words(raw: Raw, key: str) -> tuple[str, ...]:
    """A list of strings; empty when absent."""
    value = raw.get(key)
    return tuple(str(item) for item in value if item is not None) if isinstance(value, list) else ()


def moment(value: object) -> datetime | None:
    """A time as MAAS writes it, ``Mon, 23 Nov 2026 06:55:54 +0000``, or without zone in events: UTC."""
    if not isinstance(value, str) or not value:
        return None
    try:
        when = parsedate_to_datetime(value.replace(".", ""))
    except ValueError:
        return None
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def seconds(value: object) -> float | None:
    """A duration as MAAS writes it, ``0:05:00`` or ``1 day, 0:00:00``, in seconds."""
    if not isinstance(value, str) or ":" not in value:
        return None
    days, _, clock = value.rpartition(",")
    try:
        hours, minutes, rest = clock.split(":")
        day = int(days.split()[0]) if days else 0
        return timedelta(
            days=day, hours=int(hours), minutes=int(minutes), seconds=float(rest)
        ).total_seconds()
    except ValueError:
        return None
