"""The document at ``describe/``, made of the handlers that are really there."""

import hashlib
import json
from functools import lru_cache
from typing import Any

from c3tui.lab.maas.wire import RESOURCES, Action, Resource

BASE = "/MAAS/api/2.0/"


def describe(origin: str) -> dict[str, Any]:
    """The API as a client builds itself from it; ``origin`` is the http://host:port the caller used."""
    resources = _described()
    return {
        "doc": "MAAS API",
        "handlers": [name for resource in resources for name in _names(resource)],
        "resources": [_resource(resource, origin) for resource in resources],
        "hash": api_hash(),
    }


@lru_cache(maxsize=1)
def api_hash() -> str:
    """A digest of the API, whatever name the region is called by."""
    shape = [_resource(resource, "") for resource in _described()]
    return hashlib.sha1(json.dumps(shape, sort_keys=True).encode(), usedforsecurity=False).hexdigest()


def _described() -> list[Resource]:
    return sorted((each for each in RESOURCES if each.described), key=lambda each: each.name)


def _names(resource: Resource) -> list[str]:
    names = [] if resource.anonymous_only else [resource.name]
    if any(action.anonymous for action in resource.actions):
        names.append(_anonymous_name(resource))
    return names


def _anonymous_name(resource: Resource) -> str:
    return resource.name if resource.anonymous_only else f"Anon{resource.name}"


def _resource(resource: Resource, origin: str) -> dict[str, Any]:
    open_to_all = [action for action in resource.actions if action.anonymous]
    return {
        "name": resource.name,
        "anon": _handler(resource, _anonymous_name(resource), open_to_all, origin) if open_to_all else None,
        "auth": None
        if resource.anonymous_only
        else _handler(resource, resource.name, resource.actions, origin),
    }


def _handler(resource: Resource, name: str, actions: list[Action], origin: str) -> dict[str, Any]:
    return {
        "name": name,
        "doc": resource.doc,
        "path": BASE + resource.path,
        "uri": origin + BASE + resource.path,
        "params": resource.params,
        "actions": [
            {
                "name": action.name,
                "method": action.method,
                "op": action.op,
                "restful": action.op is None,
                "doc": action.doc,
            }
            for action in sorted(actions, key=lambda each: each.name)
        ],
    }
