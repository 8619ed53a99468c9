"""The objects, under one rising resourceVersion, and the history that watches are served from."""

import asyncio
from bisect import bisect_right
from collections.abc import AsyncIterator
from dataclasses import dataclass

from c3tui.lab.kube.objects import Object, name, namespace

HISTORY = 20_000
"""Changes that are remembered; a watch from further back gets 410."""
FIRST_REVISION = 200


@dataclass(frozen=True)
class Change:
    """One stored change; the type is that of the watch event."""

    revision: int
    key: str
    type: str
    item: Object
    before: Object | None


class Store:
    """Objects by ``group/plural`` and (namespace, name). What it holds is never changed in place."""

    def __init__(self) -> None:
        self.revision = FIRST_REVISION
        self.floor = FIRST_REVISION
        """Changes up to here are forgotten."""
        self._objects: dict[str, dict[tuple[str, str], Object]] = {}
        self._history: list[Change] = []
        self._waiting: set[asyncio.Event] = set()

    def get(self, key: str, namespace: str, name: str) -> Object | None:
        """The object, or None."""
        return self._objects.get(key, {}).get((namespace, name))

    def scan(self, key: str, namespace: str = "") -> list[Object]:
        """The objects of a resource, of all namespaces when none is named, sorted by namespace and name."""
        held = self._objects.get(key, {})
        return [held[at] for at in sorted(held) if not namespace or at[0] == namespace]

    def keys(self) -> list[str]:
        """Every resource that has objects."""
        return [key for key, held in self._objects.items() if held]

    def put(self, key: str, item: Object) -> Object:
        """Store an object under the next resourceVersion and return it with that."""
        held = self._objects.setdefault(key, {})
        at = (namespace(item), name(item))
        before = held.get(at)
        stored = self._stamp(item)
        held[at] = stored
        self._record(key, "MODIFIED" if before else "ADDED", stored, before)
        return stored

    def remove(self, key: str, item: Object) -> Object:
        """Take an object away; its last state gets a resourceVersion of its own."""
        before = self._objects[key].pop((namespace(item), name(item)))
        gone = self._stamp(item)
        self._record(key, "DELETED", gone, before)
        return gone

    def since(self, revision: int) -> list[Change]:
        """Changes after a resourceVersion, oldest first."""
        start = bisect_right(self._history, revision, key=lambda change: change.revision)
        return self._history[start:]

    async def wait(self, revision: int, limit: float | None = None) -> bool:
        """Wait until there is something newer; False when ``limit`` real seconds passed first."""
        if self.revision > revision:
            return True
        bell = asyncio.Event()
        self._waiting.add(bell)
        try:
            await asyncio.wait_for(bell.wait(), limit)
        except TimeoutError:
            return False
        finally:
            self._waiting.discard(bell)
        return True

    async def follow(self) -> AsyncIterator[list[Change]]:
        """Every object as it is, then the changes in batches; everything again when some were forgotten."""
        seen = 0
        while True:
            if seen < self.floor:
                seen = self.revision
                yield [
                    Change(seen, key, "ADDED", item, None) for key in self.keys() for item in self.scan(key)
                ]
            await self.wait(seen)
            changes = self.since(seen)
            seen = self.revision
            yield changes

    def wake(self) -> None:
        """Let everyone who waits look again."""
        for bell in self._waiting:
            bell.set()

    def forget(self) -> None:
        """Forget the history, as a restarted server does: only the present can be resumed from."""
        self._history.clear()
        self.floor = self.revision

    def clear(self) -> None:
        """Lose every object."""
        for key in self.keys():
            for item in self.scan(key):
                self.remove(key, item)
        self.forget()

    def dump(self) -> Object:
        """Everything, as JSON holds it."""
        return {"revision": self.revision, "objects": {key: self.scan(key) for key in self.keys()}}

    def load(self, state: Object) -> None:
        """Take over what ``dump`` gave."""
        self.revision = state["revision"]
        for key, items in state["objects"].items():
            self._objects[key] = {(namespace(item), name(item)): item for item in items}
        self.forget()

    def _stamp(self, item: Object) -> Object:
        self.revision += 1
        return {**item, "metadata": {**item["metadata"], "resourceVersion": str(self.revision)}}

    def _record(self, key: str, type_: str, item: Object, before: Object | None) -> None:
        self._history.append(Change(self.revision, key, type_, item, before))
        if len(self._history) > 2 * HISTORY:
            del self._history[:HISTORY]
            self.floor = self._history[0].revision - 1
        self.wake()
