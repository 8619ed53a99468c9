"""The event log: newest first, and upwards from a known id."""

from bisect import bisect_left, bisect_right
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from c3tui.lab.maas.describe import BASE
from c3tui.lab.maas.records import Event, Machine
from c3tui.lab.maas.region import LEVELS, event_stamp
from c3tui.lab.maas.wire import ApiError, Call, Resource

MOST = 1000
_DEFAULT_LIMIT = 100
_LEVEL_NAMES = {number: name for name, number in LEVELS.items()}
_FILTERS = ("id", "hostname", "mac_address", "zone", "owner")
_events = Resource("EventsHandler", "events/", "Retrieve events.")


@_events.on("GET", "query", op=True)
def query(call: Call) -> dict[str, Any]:
    """Events by id, hostname, mac_address, zone, level, owner; limit, after, before."""
    limit, after, before = _limits(call)
    level = call.query.get("level", "INFO")
    if level not in LEVELS:
        raise ApiError(400, f"Unrecognised log level: {level}")
    log = call.region.db.events
    if after is not None:
        # Pages go upwards: the oldest that are newer, though shown newest first.
        newer = log[bisect_right(log, after, key=_id) :]
        page = list(islice((event for event in newer if _wanted(call, event, LEVELS[level])), limit))
        page.reverse()
    else:
        older = log if before is None else log[: bisect_left(log, before, key=_id)]
        page = list(
            islice((event for event in reversed(older) if _wanted(call, event, LEVELS[level])), limit)
        )
    return {"count": len(page), "events": [_json(call, event) for event in page]} | _links(call, page, after)


def _id(event: Event) -> int:
    return event.id


def _limits(call: Call) -> tuple[int, int | None, int | None]:
    numbers: dict[str, int | None] = {}
    for name in ("limit", "after", "before"):
        text = call.query.get(name)
        try:
            numbers[name] = int(text) if text else None
        except ValueError:
            raise ApiError(400, f"Invalid {name}: Please enter an integer value") from None
    limit = numbers["limit"] if numbers["limit"] is not None else _DEFAULT_LIMIT
    if limit > MOST:
        raise ApiError(400, f"Requested number of events {limit} is greater than limit: {MOST}")
    if numbers["after"] is not None and numbers["before"] is not None:
        raise ApiError(400, "There is undetermined behaviour when both `after` and `before` are specified.")
    return max(limit, 1), numbers["after"], numbers["before"]


def _wanted(call: Call, event: Event, level: int) -> bool:
    if event.level < level:
        return False
    named = [name for name in _FILTERS if name in call.query]
    if not named:
        return True
    machine = call.region.db.machines.get(event.system_id)
    if machine is None:
        return set(named) <= {"id"} and event.system_id in call.query.csv("id")
    values = {
        "id": [event.system_id],
        "hostname": [machine.hostname],
        "mac_address": [nic.mac for nic in machine.interfaces],
        "zone": [call.region.db.zones[machine.zone_id].name],
        "owner": [event.username],
    }
    return all(set(call.query.csv(name)) & set(values[name]) for name in named)


def _links(call: Call, page: list[Event], after: int | None) -> dict[str, str | None]:
    kept = [
        (name, value)
        for name in call.query.names()
        if name not in ("after", "before")
        for value in call.query.all(name)
    ]
    base = f"{BASE}events/?{urlencode([('op', 'query'), *kept])}"
    if page:
        return {"next_uri": f"{base}&after={page[0].id}", "prev_uri": f"{base}&before={page[-1].id}"}
    return {"next_uri": base, "prev_uri": None if after is None else f"{base}&before={after + 1}"}


def _json(call: Call, event: Event) -> dict[str, Any]:
    machine: Machine | None = call.region.db.machines.get(event.system_id)
    return {
        "username": event.username,
        "node": event.system_id,
        "hostname": machine.hostname if machine else "",
        "id": event.id,
        "level": _LEVEL_NAMES[event.level],
        "created": event_stamp(event.created),
        "type": event.type,
        "description": event.description,
    }
