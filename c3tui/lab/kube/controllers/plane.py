"""What every controller works with: the room, the objects, the logs."""

import uuid
from dataclasses import dataclass

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.api import Api
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.kinds import EVENTS, NODES, Kind
from c3tui.lab.kube.logs import Logs
from c3tui.lab.kube.objects import Object, name, namespace, now
from c3tui.lab.kube.store import Store
from c3tui.lab.room import Room


@dataclass
class Plane:
    """The control plane as its controllers see it."""

    room: Room
    api: Api
    logs: Logs

    @property
    def store(self) -> Store:
        """The objects."""
        return self.api.store

    def node(self, called: str) -> Object | None:
        """A Node."""
        return self.store.get(NODES.key, "", called)

    def chassis(self, node: str) -> Chassis | None:
        """The server that a Node is."""
        return next((box for box in self.room.chassis if node in (box.hostname, box.name)), None)

    def ensure(self, kind: Kind, space: str, body: Object, manager: str) -> Object:
        """Create an object, or bring an existing one to the given content."""
        found = self.store.get(kind.key, space, name(body))
        if found is None:
            return self.api.create(kind, space, body, Options(manager=manager)).item
        meta = {**found["metadata"], **body["metadata"]}
        return self.api.replace(
            kind, space, name(body), {**found, **body, "metadata": meta}, Options(manager=manager)
        ).item

    def drop(self, kind: Kind, space: str, called: str) -> None:
        """Delete an object with what it owns; nothing happens when it is gone."""
        if self.store.get(kind.key, space, called):
            self.api.delete(kind, space, called, {"propagationPolicy": "Background"})

    def event(self, about: Object, reason: str, message: str, source: str, type_: str = "Normal") -> None:
        """Record an Event about an object; the same one again only counts up."""
        space = namespace(about) or "default"
        for old in self.store.scan(EVENTS.key, space):
            same = old["involvedObject"].get("uid") == about["metadata"]["uid"] and old["reason"] == reason
            if same and old["message"] == message:
                counted = {**old, "count": old["count"] + 1, "lastTimestamp": now()}
                self.api.replace(EVENTS, space, name(old), counted, Options(manager=source))
                return
        meta = about["metadata"]
        involved = {
            "kind": about["kind"],
            "apiVersion": about["apiVersion"],
            "name": meta["name"],
            "uid": meta["uid"],
        }
        if namespace(about):
            involved["namespace"] = namespace(about)
        body: Object = {
            "metadata": {"name": f"{meta['name']}.{uuid.uuid4().hex[:16]}"},
            "involvedObject": involved,
        }
        body |= {
            "reason": reason,
            "message": message,
            "type": type_,
            "count": 1,
            "source": {"component": source},
        }
        body |= {"firstTimestamp": now(), "lastTimestamp": now(), "eventTime": None}
        body |= {"reportingComponent": source, "reportingInstance": ""}
        self.api.create(EVENTS, space, body, Options(manager=source))


def owner(item: Object) -> Object:
    """An owner reference to an object that controls another."""
    meta = item["metadata"]
    head = {"apiVersion": item["apiVersion"], "kind": item["kind"], "name": meta["name"], "uid": meta["uid"]}
    return head | {"controller": True, "blockOwnerDeletion": True}


def conditions(old: Object | None, *wanted: tuple[str, str, str, str]) -> list[Object]:
    """Conditions (type, status, reason, message); transition times move only with the status."""
    before = {found["type"]: found for found in ((old or {}).get("conditions") or [])}
    made = []
    for type_, status, reason, message in wanted:
        known = before.get(type_, {})
        since = known["lastTransitionTime"] if known.get("status") == status else now()
        one = {
            "type": type_,
            "status": status,
            "lastTransitionTime": since,
            "reason": reason,
            "message": message,
        }
        made.append(one)
    return made
