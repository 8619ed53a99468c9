"""How quantities and places are said: sizes, ages, durations, addresses in a rack."""

import time
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from c3tui.model.fleet import Server

_SIZES = ((10**15, "PB"), (10**12, "TB"), (10**9, "GB"), (10**6, "MB"))


def size(count: int) -> str:
    """Bytes in the decimal units that drives are sold in: ``3.84 TB``."""
    for factor, unit in _SIZES:
        if count >= factor:
            value = count / factor
            return f"{value:.3g} {unit}" if value < 1000 else f"{value:.0f} {unit}"
    return f"{count} B" if count else "-"


def duration(seconds: float) -> str:
    """A length of time in at most two units: ``4 s``, ``3 min``, ``2 h 10 min``."""
    whole = max(0, int(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min"
    if whole < 86400:
        minutes = whole % 3600 // 60
        return f"{whole // 3600} h {minutes} min" if minutes else f"{whole // 3600} h"
    return f"{whole // 86400} d"


FRESH_SECONDS = 10.0
"""Younger than this is ``now``: what is polled anew all the time does not tick on the screen."""


def age(at: float | None, now: float | None = None) -> str:
    """How old something is, coarser as it ages, so that a screen at rest stays at rest."""
    if at is None:
        return "never"
    seconds = (now if now is not None else time.time()) - at
    return "now" if seconds < FRESH_SECONDS else lasting(at, now)


def lasting(since: float, now: float | None = None) -> str:
    """For how long something goes on: in seconds at first, in tens of them, in minutes."""
    seconds = max(0.0, (now if now is not None else time.time()) - since)
    return f"{int(seconds) // 10 * 10} s" if 10 <= seconds < 60 else duration(seconds)


def ago(at: float | None, now: float | None = None) -> str:
    """``3 min ago``, ``just now``, or ``never``."""
    said = age(at, now)
    return {"never": said, "now": "just now"}.get(said, f"{said} ago")


def moment(value: Any) -> float | None:
    """Unix seconds of a time as documents carry it: seconds, an ISO text, or a datetime."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, int | float):
        return float(value)
    if isinstance(value, str) and value:
        try:
            return datetime.fromisoformat(value).timestamp()
        except ValueError:
            return None
    return None


def clock(at: float | datetime) -> str:
    """A time of day in the engineer's own zone, as ``14:03:09``."""
    seconds = at.timestamp() if isinstance(at, datetime) else at
    return time.strftime("%H:%M:%S", time.localtime(seconds))


def place(server: Server) -> str:
    """Where a server is bolted: rack and unit."""
    return f"{server.rack} u{server.unit:02d}"


def counted(count: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 server``, ``3 servers``."""
    return f"{count} {one if count == 1 else many or one + 's'}"


def names(items: Sequence[str], limit: int = 3) -> str:
    """The first few names and how many more there are: ``c3-001, c3-004 +7``."""
    shown = ", ".join(items[:limit])
    return f"{shown} +{len(items) - limit}" if len(items) > limit else shown


def fit(text: str, width: int) -> str:
    """Text cut to a width; what was cut shows as ``~``, which every console font has."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "~"


def bar(fraction: float, width: int) -> str:
    """A progress bar of plain characters: ``[#####.....]``."""
    inner = max(1, width - 2)
    full = round(max(0.0, min(1.0, fraction)) * inner)
    return f"[{'#' * full}{'.' * (inner - full)}]"
