"""Watch streams: which events a watcher gets, and when."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

from c3tui.lab.kube import table
from c3tui.lab.kube.kinds import Kind
from c3tui.lab.kube.lists import Page, unreadable_revision
from c3tui.lab.kube.objects import Object, namespace
from c3tui.lab.kube.selectors import Selector
from c3tui.lab.kube.status import ApiError, Cause, expired, invalid_options
from c3tui.lab.kube.store import Change, Store

DEFAULT_TIMEOUT = 1800.0
"""Seconds of a watch that names none."""
BOOKMARK_LEAD = 1.5
"""Seconds before the end at which a bookmark is sent."""
BOOKMARK_EVERY = 60.0


@dataclass
class Watch:
    """One watcher's wishes."""

    store: Store
    kind: Kind
    namespace: str
    selector: Selector
    query: dict[str, str]
    tabular: bool = False
    silent: Callable[[], bool] = lambda: False
    _headed: bool = False

    def check(self) -> None:
        """Refuse what no stream can be made of.

        Raises:
            ApiError: a resourceVersion that is no number (500), or initial events without their match (422).
        """
        asked = self.query.get("resourceVersion", "")
        if asked and not asked.isdigit():
            raise ApiError(500, unreadable_revision(asked))
        if self._initial and self.query.get("resourceVersionMatch") != "NotOlderThan":
            text = "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"
            raise invalid_options("ListOptions", Cause("FieldValueForbidden", text, "resourceVersionMatch"))

    async def lines(self) -> AsyncIterator[bytes]:
        """The stream, one JSON line per event, until the time is over."""
        end = time.monotonic() + float(self.query.get("timeoutSeconds") or DEFAULT_TIMEOUT)
        seen = int(self.query.get("resourceVersion") or 0)
        if seen and seen < self.store.floor:
            body = expired(seen, self.store.floor).body()
            yield _line("ERROR", {key: value for key, value in body.items() if key != "details"})
            return
        if not seen or self._initial:
            seen = self.store.revision
            for item in self.store.scan(self.kind.key, self.namespace):
                if self.selector.matches(item):
                    yield self._event("ADDED", item)
            if self._initial:
                yield self._bookmark(initial_end=True)
        async for line in self._changes(seen, end):
            yield line

    async def _changes(self, seen: int, end: float) -> AsyncIterator[bytes]:
        next_bookmark = min(time.monotonic() + BOOKMARK_EVERY, end - BOOKMARK_LEAD)
        bookmarks = self.query.get("allowWatchBookmarks") == "true"
        spoke = False
        while (left := end - time.monotonic()) > 0:
            if not self.silent():
                changes = self.store.since(seen)
                seen = max(seen, changes[-1].revision if changes else 0)
                for change in changes:
                    if line := self._of(change):
                        spoke = True
                        yield line
                if bookmarks and spoke and time.monotonic() >= next_bookmark:
                    next_bookmark = max(time.monotonic() + BOOKMARK_EVERY, end - BOOKMARK_LEAD)
                    yield self._bookmark()
            if self.silent():
                await asyncio.sleep(min(left, 0.05))
            else:
                until_bookmark = next_bookmark - time.monotonic() if bookmarks and spoke else left
                await self.store.wait(seen, max(0.001, min(left, until_bookmark)))

    @property
    def _initial(self) -> bool:
        return self.query.get("sendInitialEvents") == "true"

    def _of(self, change: Change) -> bytes | None:
        """The event a change is to this watcher: a selector turns some into ADDED or DELETED."""
        if change.key != self.kind.key or (self.namespace and namespace(change.item) != self.namespace):
            return None
        matches = self.selector.matches(change.item)
        matched = change.before is not None and self.selector.matches(change.before)
        if change.type == "DELETED":
            return self._event("DELETED", change.item) if matched else None
        if matches:
            return self._event("MODIFIED" if matched else "ADDED", change.item)
        return self._event("DELETED", change.item) if matched else None

    def _event(self, type_: str, item: Object) -> bytes:
        if not self.tabular:
            return _line(type_, item)
        page = Page([item], {"resourceVersion": item["metadata"]["resourceVersion"]})
        include = self.query.get("includeObject", "")
        shown = table.render(self.kind, page, include, headed=not self._headed)
        self._headed = True
        return _line(type_, shown)

    def _bookmark(self, *, initial_end: bool = False) -> bytes:
        meta: Object = {"resourceVersion": str(self.store.revision)}
        if initial_end:
            meta["annotations"] = {"k8s.io/initial-events-end": "true"}
        return _line(
            "BOOKMARK", {"kind": self.kind.kind, "apiVersion": self.kind.api_version, "metadata": meta}
        )


def _line(type_: str, item: Object) -> bytes:
    return json.dumps({"type": type_, "object": item}, separators=(",", ":")).encode() + b"\n"
