"""The nodes of the cluster: listed, and waited for until they are Ready."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from c3tui.clients.cluster.lists import EXPIRED, items
from c3tui.clients.cluster.refusals import ApiError
from c3tui.clients.cluster.wire import JsonDict, Wire
from c3tui.engine.errors import BadAnswer, Unreachable

PATH = "/api/v1/nodes"
WINDOW = 20.0
"""Seconds of one watch. Then the list is asked again: a watch can be alive and silent for ever."""
PAUSE = 0.2
"""Seconds between two watches, for a server that ends them at once."""
SLACK = 5.0
"""Seconds a watch may be silent beyond its end."""

States = dict[str, "NodeState"]


@dataclass(frozen=True)
class NodeState:
    """A node of the cluster."""

    name: str
    ready: bool
    reason: str
    """Why it is not Ready, in kubelet's words."""
    kernel: str
    kubelet: str
    labels: dict[str, str]


class Nodes:
    """The nodes of one cluster. All calls raise ``PeerError`` and its kinds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    async def all(self) -> list[NodeState]:
        """Every node."""
        return [_node(each) for each in (await items(self._wire, PATH))[0]]

    async def wait_ready(
        self,
        names: Sequence[str],
        *,
        limit: float,
        on_change: Callable[[list[str]], None],
        on_trouble: Callable[[str], None] | None = None,
    ) -> dict[str, str]:
        """Wait until nodes are Ready; gives those that are not after ``limit`` seconds, with the reason.

        Args:
            on_change: told who is waited for, whenever that changes.
            on_trouble: told why the API server cannot be asked just now.

        Raises:
            Unreachable: the API server is away when the time is over.
            PeerError: it refuses.
        """
        deadline = time.monotonic() + limit
        told: list[str] | None = None
        while True:
            try:
                async with aclosing(self._follow(deadline)) as seen:
                    async for states in seen:
                        waiting = _waiting(names, states)
                        if told != sorted(waiting):
                            told = sorted(waiting)
                            on_change(told)
                        if not waiting or time.monotonic() >= deadline:
                            return waiting
            except (Unreachable, BadAnswer) as error:
                if time.monotonic() >= deadline:
                    raise
                if on_trouble:
                    on_trouble(error.what)
            await asyncio.sleep(PAUSE)

    async def _follow(self, deadline: float) -> AsyncGenerator[States, None]:
        """What the nodes are, again after every change, until the watch of this list ends."""
        listed, version = await items(self._wire, PATH)
        states = {node.name: node for node in map(_node, listed)}
        yield states
        seconds = max(1, round(min(WINDOW, deadline - time.monotonic())))
        query = [("watch", "true"), ("resourceVersion", version), ("timeoutSeconds", str(seconds))]
        try:
            async with aclosing(self._wire.lines(PATH, query, seconds + SLACK)) as events:
                async for event in events:
                    _take(states, event)
                    yield states
        except ApiError as error:
            if error.status != EXPIRED:
                raise


def _take(states: States, event: JsonDict) -> None:
    """Bring the states up to date with one event of a watch."""
    if event["type"] in ("ADDED", "MODIFIED"):
        node = _node(event["object"])
        states[node.name] = node
    elif event["type"] == "DELETED":
        states.pop(event["object"]["metadata"]["name"], None)


def _waiting(names: Sequence[str], states: States) -> dict[str, str]:
    """The nodes that are not Ready, with the reason."""
    return {
        name: states[name].reason if name in states else "it never joined"
        for name in names
        if name not in states or not states[name].ready
    }


def _node(raw: JsonDict) -> NodeState:
    status = raw.get("status") or {}
    ready: JsonDict = next((each for each in status.get("conditions") or [] if each["type"] == "Ready"), {})
    info = status.get("nodeInfo") or {}
    return NodeState(
        name=raw["metadata"]["name"],
        ready=ready.get("status") == "True",
        reason=str(ready.get("message") or ready.get("reason") or "it has not reported yet"),
        kernel=str(info.get("kernelVersion", "")),
        kubelet=str(info.get("kubeletVersion", "")),
        labels=dict(raw["metadata"].get("labels") or {}),
    )
