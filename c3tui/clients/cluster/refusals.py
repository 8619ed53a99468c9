"""What an API server says no with, as one sentence a person can act on."""

import re
from typing import Any

from c3tui.engine.errors import Refused

_TYPED_PATCH = re.compile(r"failed to create typed patch object \((?P<name>[^;]*);.*?Kind=(?P<kind>\w+)\): ")
"""How server-side apply tells of an unknown field or a wrong type; it comes as a 500."""
_OWNER = re.compile(r'"(?P<owner>[^"]+)"')
_TOO_LARGE = ("request is too large", "larger than max", "entity too large")
"""etcd, gRPC and the API server each have their own words; the first two come as a 500."""
_CAUSES = 5
_LENGTH = 600
"""Longest sentence, in characters: the server repeats values, and values can be whole objects."""

_REMEDIES = {
    403: "The kubeconfig's user lacks that right, or the namespace is being deleted",
    404: "Is the namespace there, and are the definitions applied?",
    409: "Settle with that owner, or see `kubectl get -o yaml --show-managed-fields`",
}
_SCHEMA_REMEDY = "The definitions in the cluster are of another version than these objects were made for"
_SIZE_REMEDY = "etcd stores objects up to 1.5 MB: put fewer servers into one cluster"


class ApiError(Refused):
    """The API server said no; ``status`` is its HTTP code, ``body`` its Status object."""

    def __init__(self, status: int, body: dict[str, Any], where: str) -> None:
        what, remedy = _sentence(status, body)
        super().__init__(_short(what), where=where, remedy=remedy)
        self.status = status
        self.body = body


def _sentence(status: int, body: dict[str, Any]) -> tuple[str, str]:
    """What happened and what helps."""
    message = str(body.get("message") or f"HTTP {status}")
    details = body.get("details") or {}
    causes = details.get("causes") or []
    if any(words in message for words in _TOO_LARGE):
        return f"the object is too large ({message})", _SIZE_REMEDY
    if match := _TYPED_PATCH.match(message):
        rest = message[match.end() :]
        return f"{match['kind']} {match['name'].strip('/')} does not fit its schema: {rest}", _SCHEMA_REMEDY
    if status == 409 and causes:
        return f"others own fields that C3 sets: {_owners(causes)}", _REMEDIES[409]
    if status == 422 and causes:
        return f"{details.get('kind', '')} {details.get('name', '')} is invalid: {_invalid(causes)}", ""
    return message, _REMEDIES.get(status, "")


def _owners(causes: list[dict[str, Any]]) -> str:
    """Field and owner of every conflict of a server-side apply."""
    found = []
    for cause in causes[:_CAUSES]:
        owner = _OWNER.search(str(cause.get("message", "")))
        found.append(f"{cause.get('field', '?')} ({owner['owner'] if owner else 'unknown'})")
    return ", ".join(found) + _more(causes)


def _invalid(causes: list[dict[str, Any]]) -> str:
    """Field and fault of every cause; the server adds one without a field that says nothing."""
    telling = [cause for cause in causes if cause.get("field") not in (None, "", "<nil>")] or causes
    unique = list(dict.fromkeys(f"{cause.get('field')}: {cause.get('message', '')}" for cause in telling))
    return ", ".join(unique[:_CAUSES]) + _more(unique)


def _more(found: list[Any]) -> str:
    return f" and {len(found) - _CAUSES} more" if len(found) > _CAUSES else ""


def _short(text: str) -> str:
    """On one line, without a full stop, and not longer than a person reads."""
    line = " ".join(text.split()).rstrip(".")
    return line if len(line) <= _LENGTH else f"{line[: _LENGTH - 1]}…"
