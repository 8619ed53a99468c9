"""Nodes: they join, report whether they are ready, and fall silent with their server."""

import time
from collections.abc import Callable, Iterable

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane, conditions
from c3tui.lab.kube.kinds import NODES
from c3tui.lab.kube.objects import Object, condition, dig, now
from c3tui.lab.room import Event

KUBELET_VERSION = "v1.35.4"
LOOK_EVERY = 5.0
"""Simulated seconds between two looks at the servers."""
GRACE = 40.0
"""Simulated seconds of silence after which a node counts as unreachable (node-monitor-grace-period)."""
HEARTBEAT = 300.0
"""Simulated seconds between two reports without news (nodeStatusReportFrequency)."""
MIN_HEARTBEAT = 5.0
"""Real seconds: a fast clock does not make a flood of it."""
_PRESSURES = {
    "MemoryPressure": ("KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
    "DiskPressure": ("KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
    "PIDPressure": ("KubeletHasSufficientPID", "kubelet has sufficient PID available"),
}
_NO_CNI = (
    "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:Network "
    "plugin returns error: cni config uninitialized"
)
Verdict = tuple[str, str, str]
"""Of the Ready condition: status, reason, message."""


class Kubelets:
    """One kubelet for every server that joined."""

    def __init__(
        self, plane: Plane, cni_ready: Callable[[Chassis], bool], joined: Iterable[str] = ()
    ) -> None:
        self.plane = plane
        self.cni_ready = cni_ready
        self.joined = set(joined)
        """Names of the chassis whose kubelet is configured."""
        self._silent_since: dict[str, float] = {}
        self._reported: dict[str, float] = {}

    def join(self, node: str, *, control_plane: bool, labels: dict[str, str]) -> None:
        """Register a server as a Node; nothing changes when it is one already.

        Raises:
            KeyError: the room has no such server.
        """
        box = self.plane.room.by_name(node)
        if box.name in self.joined and self.plane.node(_node_name(box)):
            return
        if self.plane.node(_node_name(box)) is None:
            body = {"metadata": {"name": _node_name(box), "labels": _labels(box, control_plane) | labels}}
            self.plane.api.create(NODES, "", body, Options(manager="kubelet"))
        self.joined.add(box.name)
        self._report(box, ("False", "KubeletNotReady", _NO_CNI))

    def leave(self, node: str) -> None:
        """Stop the kubelet and take its Node away; nothing happens when there is none.

        Raises:
            KeyError: the room has no such server.
        """
        box = self.plane.room.by_name(node)
        self.joined.discard(box.name)
        self.plane.drop(NODES, "", _node_name(box))

    def on_room(self, event: Event, box: Chassis) -> None:
        """A newly installed server has no kubelet any more."""
        if event == "installed":
            self.joined.discard(box.name)
        if event == "os-down":
            self._silent_since[box.name] = self.plane.room.clock.elapsed()
        if event == "os-up":
            self._silent_since.pop(box.name, None)

    async def run(self) -> None:
        """Look at the servers for ever."""
        while True:
            for box in self.plane.room.chassis:
                if item := self.plane.node(_node_name(box)):
                    self._look(box, item)
            await self.plane.room.clock.sleep(LOOK_EVERY)

    def _look(self, box: Chassis, item: Object) -> None:
        verdict = self._verdict(box)
        if verdict is None:
            return
        ready = condition(item, "Ready")
        if (ready.get("status"), ready.get("reason")) != verdict[:2]:
            self._report(box, verdict)
        elif verdict[0] != "Unknown" and self._due(box):
            self._report(box, verdict)

    def _verdict(self, box: Chassis) -> Verdict | None:
        if box.os_running and box.name in self.joined:
            if self.cni_ready(box):
                return "True", "KubeletReady", "kubelet is posting ready status"
            return "False", "KubeletNotReady", _NO_CNI
        since = self._silent_since.setdefault(box.name, self.plane.room.clock.elapsed())
        if self.plane.room.clock.elapsed() - since < GRACE:
            return None
        return "Unknown", "NodeStatusUnknown", "Kubelet stopped posting node status."

    def _due(self, box: Chassis) -> bool:
        spent = time.monotonic() - self._reported.get(box.name, 0.0)
        return spent > max(MIN_HEARTBEAT, HEARTBEAT / self.plane.room.clock.speed)

    def _report(self, box: Chassis, verdict: Verdict) -> None:
        item = self.plane.node(_node_name(box))
        if item is None:
            return
        self._reported[box.name] = time.monotonic()
        known = verdict[0] != "Unknown"
        pressures = [
            (type_, "False", *words) if known else (type_, *verdict) for type_, words in _PRESSURES.items()
        ]
        stated = conditions(item.get("status"), *pressures, ("Ready", *verdict))
        for one in stated:
            old = condition(item, one["type"])
            one["lastHeartbeatTime"] = now() if known else old.get("lastHeartbeatTime", now())
        manager = "kubelet" if known else "kube-controller-manager"
        self.plane.api.set_status(NODES, item, _facts(box) | {"conditions": stated}, manager)
        self._taint(_node_name(box), verdict)

    def _taint(self, node: str, verdict: Verdict) -> None:
        """Keep new pods off a node that is not ready."""
        item = self.plane.node(node)
        if item is None:
            return
        ours = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable")
        taints = [taint for taint in dig(item, "spec", "taints", default=[]) if taint["key"] not in ours]
        if verdict[0] != "True":
            taints.append({"key": ours[verdict[0] == "Unknown"], "effect": "NoSchedule"})
        spec = {key: value for key, value in (item.get("spec") or {}).items() if key != "taints"}
        new = item | {"spec": spec | ({"taints": taints} if taints else {})}
        self.plane.api.replace(NODES, "", node, new, Options(manager="kube-controller-manager"))


def _node_name(box: Chassis) -> str:
    return box.hostname or box.name


def _labels(box: Chassis, control_plane: bool) -> dict[str, str]:
    found = {
        "kubernetes.io/hostname": _node_name(box),
        "kubernetes.io/os": "linux",
        "kubernetes.io/arch": "amd64",
        "beta.kubernetes.io/os": "linux",
        "beta.kubernetes.io/arch": "amd64",
    }
    if control_plane:
        found["node-role.kubernetes.io/control-plane"] = ""
    return found


def _facts(box: Chassis) -> Object:
    capacity = {
        "cpu": str(box.cpus),
        "memory": f"{box.memory_mib * 1024}Ki",
        "ephemeral-storage": "459850824Ki",
        "pods": "110",
    }
    info = {
        "machineID": box.serial.lower(),
        "systemUUID": box.serial.lower(),
        "bootID": box.serial.lower(),
        "kernelVersion": "6.8.0-84-generic",
        "osImage": "Ubuntu 24.04.3 LTS",
        "containerRuntimeVersion": "containerd://2.2.1",
        "kubeletVersion": KUBELET_VERSION,
        "kubeProxyVersion": KUBELET_VERSION,
        "operatingSystem": "linux",
        "architecture": "amd64",
    }
    addresses = [{"type": "InternalIP", "address": box.address}] if box.address else []
    addresses.append({"type": "Hostname", "address": _node_name(box)})
    endpoint = {"kubeletEndpoint": {"Port": 10250}}
    allocatable = capacity | {"memory": f"{box.memory_mib * 1024 - 102400}Ki"}
    facts = {"capacity": capacity, "allocatable": allocatable, "addresses": addresses}
    return facts | {"daemonEndpoints": endpoint, "nodeInfo": info}
