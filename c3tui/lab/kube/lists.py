"""Lists: selection, pages, and the resourceVersion that a list is read at."""

import base64
import binascii
import json
from dataclasses import dataclass, field

from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.objects import Object, name, namespace
from c3tui.lab.kube.selectors import Selector
from c3tui.lab.kube.status import ApiError, Cause, bad_request, invalid_options
from c3tui.lab.kube.store import Store

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new "
    "list without the continue parameter, or use the continue token in this response to retrieve the "
    "remainder of the results. Continuing with the provided token results in an inconsistent list."
)


@dataclass
class Page:
    """Part of a list, with the list metadata that goes with it."""

    items: list[Object]
    meta: Object = field(default_factory=dict)


def read(store: Store, kind: Kind, space: str, selector: Selector, query: dict[str, str]) -> Page:
    """The page that a list request asks for.

    Raises:
        ApiError: a continue token is garbage or too old, or a resourceVersion is not to be had.
    """
    revision, start = _start(store, query)
    _check_revision(store, query)
    found = [item for item in store.scan(kind.key, space) if selector.matches(item)]
    if start:
        found = [item for item in found if _place(item, space) >= start]
    meta: Object = {"resourceVersion": str(revision)}
    limit = int(query.get("limit") or 0)
    if limit and len(found) > limit:
        meta["continue"] = _token(revision, f"/{_place(found[limit - 1], space)}\0")
        if not selector.tests:
            meta["remainingItemCount"] = len(found) - limit
        found = found[:limit]
    return Page(found, meta)


def body(kind: Kind, page: Page) -> Object:
    """The list object. Items of a built-in list carry no kind and apiVersion, custom ones do."""
    if kind.custom:
        meta = {"continue": "", **page.meta}
        return {
            "apiVersion": kind.api_version,
            "items": page.items,
            "kind": f"{kind.kind}List",
            "metadata": meta,
        }
    bare = [
        {key: value for key, value in item.items() if key not in ("kind", "apiVersion")}
        for item in page.items
    ]
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": page.meta, "items": bare}


def _place(item: Object, space: str) -> str:
    return name(item) if space or not namespace(item) else f"{namespace(item)}/{name(item)}"


def _token(revision: int, start: str) -> str:
    text = json.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start}, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _start(store: Store, query: dict[str, str]) -> tuple[int, str]:
    token = query.get("continue", "")
    if not token:
        return store.revision, ""
    try:
        decoded = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        revision, start = int(decoded["rv"]), str(decoded["start"]).removeprefix("/")
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
    if revision == -1:
        return store.revision, start
    if revision < store.floor:
        expired = ApiError(410, _EXPIRED, "Expired")
        expired.list_meta = {"continue": _token(-1, f"/{start}")}
        raise expired
    return revision, start


def _check_revision(store: Store, query: dict[str, str]) -> None:
    asked, match = query.get("resourceVersion", ""), query.get("resourceVersionMatch", "")
    if match and not asked:
        text = "Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided"
        raise invalid_options("ListOptions", Cause("FieldValueForbidden", text, "resourceVersionMatch"))
    if not asked:
        return
    if not asked.isdigit():
        raise bad_request(unreadable_revision(asked))
    if int(asked) > store.revision:
        text = f"Timeout: Too large resource version: {asked}, current: {store.revision}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        raise ApiError(504, text, "Timeout", {"causes": [cause]}, retry_after=1)
    if match == "Exact" and int(asked) < store.floor:
        raise ApiError(410, "The resourceVersion for the provided list is too old.", "Expired")


def unreadable_revision(asked: str) -> str:
    """What is said about a resourceVersion that is no number."""
    return f'resourceVersion: Invalid value: "{asked}": strconv.ParseUint: parsing "{asked}": invalid syntax'
