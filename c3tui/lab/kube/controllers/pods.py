"""Pods: placed on nodes, started, and reported by their node's kubelet."""

import ipaddress
from collections.abc import Callable

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane, conditions
from c3tui.lab.kube.kinds import CLAIMS, NODES, PODS
from c3tui.lab.kube.objects import Object, condition, dig, is_true, labels, name, namespace, now
from c3tui.lab.kube.store import Change
from c3tui.lab.room import Event

START_SECONDS = 6.0
"""Simulated seconds from being placed to running: image, sandbox, start."""
RUN_SECONDS = 10.0
"""Simulated seconds that a container runs that is meant to end."""

Hindrance = tuple[str, str]
"""Why a container does not run: the waiting reason and a message."""
Examiner = Callable[[Object, Chassis], Hindrance | None]


class Pods:
    """Scheduler and kubelets, as far as pods are concerned."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.examiners: list[Examiner] = []
        """Asked whether a pod can run on a server."""
        self.paced: set[str] = set()
        """Values of the label ``app`` whose pods somebody else ends."""
        self._started: set[str] = set()
        self._starting: set[str] = set()
        self._placed = 0

    async def run(self) -> None:
        """Follow pods and nodes for ever."""
        async for changes in self.plane.store.follow():
            for change in changes:
                self._heed(change)

    def on_room(self, event: Event, box: Chassis) -> None:
        """Look again at the pods of a server where something happened."""
        if event in ("drive-pulled", "drive-inserted", "fault"):
            self.review_node(box.hostname or box.name)

    def review_node(self, node: str) -> None:
        """Look again at every pod of a node, and at those without one."""
        for pod in self.plane.store.scan(PODS.key):
            if dig(pod, "spec", "nodeName", default="") in ("", node):
                self._review(pod)

    def _heed(self, change: Change) -> None:
        if change.key == PODS.key:
            if change.type == "DELETED":
                self._started.discard(change.item["metadata"]["uid"])
                self.plane.logs.drop(namespace(change.item), name(change.item))
            elif pod := self.plane.store.get(PODS.key, namespace(change.item), name(change.item)):
                self._review(pod)
        elif change.key == CLAIMS.key:
            for pod in self.plane.store.scan(PODS.key, namespace(change.item)):
                if any("persistentVolumeClaim" in one for one in dig(pod, "spec", "volumes", default=[])):
                    self._review(pod)
        elif change.key == NODES.key:
            before = change.before or {"metadata": {}}
            if _availability(before) != _availability(change.item) or change.type == "DELETED":
                self.review_node(name(change.item))

    def _review(self, pod: Object) -> None:
        """Bring the status of a pod to what is the case."""
        if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
            return
        if not dig(pod, "spec", "nodeName"):
            self._place(pod)
            return
        node = self.plane.node(pod["spec"]["nodeName"])
        box = self.plane.chassis(pod["spec"]["nodeName"])
        if node is None or box is None:
            self.plane.drop(PODS, namespace(pod), name(pod))
            return
        uid = pod["metadata"]["uid"]
        if uid not in self._started and is_true(pod, "Ready"):
            self._started.add(uid)
        if not is_true(node, "Ready"):
            if uid in self._started:
                self._set(pod, "Running", box, ("NodeLost", ""))
        elif uid not in self._started:
            if uid not in self._starting:
                self._starting.add(uid)
                self.plane.room.spawn(self._start(uid, namespace(pod), name(pod)))
        else:
            self._examine(pod, box)

    def _examine(self, pod: Object, box: Chassis) -> None:
        hindrance = next((found for test in self.examiners if (found := test(pod, box))), None)
        creating = hindrance is not None and hindrance[0] == "ContainerCreating"
        self._set(pod, "Pending" if creating else "Running", box, hindrance)
        if hindrance and creating and hindrance[1]:
            self.plane.event(pod, "FailedMount", hindrance[1], "kubelet", "Warning")

    async def _start(self, uid: str, space: str, called: str) -> None:
        await self.plane.room.clock.sleep(START_SECONDS)
        self._starting.discard(uid)
        pod = self.plane.store.get(PODS.key, space, called)
        if pod is None or pod["metadata"]["uid"] != uid:
            return
        self._started.add(uid)
        self._review(pod)
        if pod["spec"].get("restartPolicy") == "Always" or labels(pod).get("app") in self.paced:
            return
        await self.plane.room.clock.sleep(RUN_SECONDS)
        pod = self.plane.store.get(PODS.key, space, called)
        if pod is not None and is_true(pod, "Ready"):
            self.end(pod)

    def end(self, pod: Object) -> None:
        """Let the containers of a pod end with success."""
        status = {**pod["status"], "phase": "Succeeded"}
        done = {"terminated": {"exitCode": 0, "reason": "Completed", "finishedAt": now()}}
        status["containerStatuses"] = [
            {**one, "ready": False, "started": False, "state": done}
            for one in status.get("containerStatuses", [])
        ]
        status["conditions"] = conditions(pod.get("status"), ("Ready", "False", "PodCompleted", ""))
        self.plane.api.set_status(PODS, pod, status, "kubelet")

    def _place(self, pod: Object) -> None:
        wanted = dig(pod, "spec", "nodeSelector", default={})
        nodes = [
            node
            for node in self.plane.store.scan(NODES.key)
            if _availability(node) == (True, True) and wanted.items() <= labels(node).items()
        ]
        if not nodes:
            total = len(self.plane.store.scan(NODES.key))
            text = f"0/{total} nodes are available: no node is ready and matches the pod."
            stated = conditions(pod.get("status"), ("PodScheduled", "False", "Unschedulable", text))
            if not condition(pod, "PodScheduled"):
                self.plane.event(pod, "FailedScheduling", text, "default-scheduler", "Warning")
                self.plane.api.set_status(
                    PODS, pod, {**pod["status"], "conditions": stated}, "kube-scheduler"
                )
            return
        self._placed += 1
        node = nodes[self._placed % len(nodes)]
        spec = {**pod["spec"], "nodeName": name(node)}
        options = Options(manager="kube-scheduler")
        self.plane.api.replace(PODS, namespace(pod), name(pod), {**pod, "spec": spec}, options)

    def _set(self, pod: Object, phase: str, box: Chassis, hindrance: Hindrance | None) -> None:
        ready = hindrance is None
        reason = "" if ready else "ContainersNotReady"
        old = pod.get("status") or {}
        stated = conditions(
            old,
            ("PodScheduled", "True", "", ""),
            ("Initialized", "True", "", ""),
            ("ContainersReady", str(ready), reason, ""),
            ("Ready", str(ready), reason, ""),
        )
        status = {**old, "phase": phase, "conditions": stated, "hostIP": box.address}
        status.setdefault("startTime", now())
        status.setdefault("podIP", box.address if pod["spec"].get("hostNetwork") else self._address(box))
        status["containerStatuses"] = [_container(one, old, hindrance) for one in pod["spec"]["containers"]]
        if status != old:
            self.plane.api.set_status(PODS, pod, status, "kubelet")

    def _address(self, box: Chassis) -> str:
        """A free address of the node's block: the upper half of the flat network in parts of 64."""
        first = self.plane.room.scenario.cluster.network_address + 32768 + (box.position - 1) * 64
        used = {dig(pod, "status", "podIP") for pod in self.plane.store.scan(PODS.key)}
        free = (str(ipaddress.ip_address(int(first) + n)) for n in range(2, 62))
        return next((address for address in free if address not in used), str(first + 62))


def _availability(node: Object) -> tuple[bool, bool]:
    """Whether a node is ready, and whether it takes new pods."""
    return is_true(node, "Ready"), not dig(node, "spec", "unschedulable", default=False)


def _container(spec: Object, old: Object, hindrance: Hindrance | None) -> Object:
    before: Object = next(
        (one for one in old.get("containerStatuses", []) if one["name"] == spec["name"]), {}
    )
    state: Object = (
        before.get("state", {}) if "running" in before.get("state", {}) else {"running": {"startedAt": now()}}
    )
    restarts = before.get("restartCount", 0)
    if hindrance is not None and hindrance[0] != "NodeLost":
        crashed = hindrance[0] == "CrashLoopBackOff" and "running" in before.get("state", {})
        restarts += int(crashed)
        state = {"waiting": {"reason": hindrance[0], "message": hindrance[1]}}
    ready = hindrance is None
    head = {"name": spec["name"], "image": spec.get("image", ""), "ready": ready, "started": ready}
    return head | {"restartCount": restarts, "state": state}
