"""Deployments, StatefulSets, DaemonSets and Jobs: they keep their pods and count them."""

import hashlib
import json
import uuid
from collections.abc import Callable

from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane, conditions, owner
from c3tui.lab.kube.kinds import DAEMONSETS, DEPLOYMENTS, JOBS, NODES, PODS, STATEFULSETS, Kind
from c3tui.lab.kube.objects import Object, dig, is_true, labels, name, namespace, now
from c3tui.lab.kube.store import Change

MANAGER = "kube-controller-manager"
_KINDS = {kind.key: kind for kind in (DEPLOYMENTS, STATEFULSETS, DAEMONSETS, JOBS)}


class Workloads:
    """The controllers of everything that has a pod template."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.on_done: list[Callable[[Object], None]] = []
        """Told of every Job that completes."""
        self._pods: dict[str, set[tuple[str, str]]] = {}
        """By the uid of what controls them."""
        self._homes: dict[str, tuple[Kind, str, str]] = {}

    async def run(self) -> None:
        """Follow workloads, their pods and the nodes for ever."""
        async for changes in self.plane.store.follow():
            dirty: dict[tuple[str, str, str], Kind] = {}
            for change in changes:
                for kind, space, called in self._concerned(change):
                    dirty[kind.key, space, called] = kind
            for (_, space, called), kind in dirty.items():
                if item := self.plane.store.get(kind.key, space, called):
                    self._reconcile(kind, item)

    def _concerned(self, change: Change) -> list[tuple[Kind, str, str]]:
        if kind := _KINDS.get(change.key):
            home = kind, namespace(change.item), name(change.item)
            self._homes[change.item["metadata"]["uid"]] = home
            return [home]
        if change.key == NODES.key:
            sets = self.plane.store.scan(DAEMONSETS.key)
            return [(DAEMONSETS, namespace(one), name(one)) for one in sets]
        if change.key != PODS.key:
            return []
        found = []
        for reference in change.item["metadata"].get("ownerReferences") or ():
            mine = self._pods.setdefault(reference["uid"], set())
            at = namespace(change.item), name(change.item)
            if change.type == "DELETED":
                mine.discard(at)
            else:
                mine.add(at)
            if known := self._homes.get(reference["uid"]):
                found.append(known)
        return found

    def _pods_of(self, item: Object) -> list[Object]:
        held = sorted(self._pods.get(item["metadata"]["uid"], ()))
        return [pod for at in held if (pod := self.plane.store.get(PODS.key, *at))]

    def _reconcile(self, kind: Kind, item: Object) -> None:
        if item["metadata"].get("deletionTimestamp"):
            return
        if kind is JOBS:
            self._job(item)
        elif kind is DAEMONSETS:
            self._daemonset(item)
        else:
            self._replicated(kind, item)

    def _replicated(self, kind: Kind, item: Object) -> None:
        stamp = _hash(item)
        pods = self._pods_of(item)
        current = [pod for pod in pods if labels(pod).get("pod-template-hash") == stamp]
        for pod in pods:
            if pod not in current:
                self.plane.drop(PODS, namespace(pod), name(pod))
        wanted = int(item["spec"].get("replicas", 1))
        for pod in current[wanted:]:
            self.plane.drop(PODS, namespace(pod), name(pod))
        for n in range(len(current), wanted):
            called = (
                f"{name(item)}-{n}"
                if kind is STATEFULSETS
                else f"{name(item)}-{stamp}-{uuid.uuid4().hex[:5]}"
            )
            self._spawn(item, called, stamp)
        self._count(kind, item, self._pods_of(item)[:wanted], wanted)

    def _count(self, kind: Kind, item: Object, pods: list[Object], wanted: int) -> None:
        ready = sum(is_true(pod, "Ready") for pod in pods)
        enough = ready >= wanted
        word, text = ("Available", "has") if enough else ("Unavailable", "does not have")
        stated = conditions(
            item.get("status"),
            ("Available", str(enough), f"MinimumReplicas{word}", f"Deployment {text} minimum availability."),
            ("Progressing", "True", "NewReplicaSetAvailable", "Deployment has its pods."),
        )
        for one in stated:
            one["lastUpdateTime"] = one["lastTransitionTime"]
        counts = {"replicas": len(pods), "updatedReplicas": len(pods), "readyReplicas": ready}
        counts |= {"availableReplicas": ready, "unavailableReplicas": wanted - ready}
        status: Object = {"observedGeneration": item["metadata"]["generation"]}
        status |= {key: count for key, count in counts.items() if count}
        status["conditions"] = stated
        if status != item.get("status"):
            self.plane.api.set_status(kind, item, status, MANAGER)

    def _daemonset(self, item: Object) -> None:
        selector = dig(item, "spec", "template", "spec", "nodeSelector", default={})
        nodes = [n for n in self.plane.store.scan(NODES.key) if selector.items() <= labels(n).items()]
        pods = {dig(pod, "spec", "nodeName", default=""): pod for pod in self._pods_of(item)}
        for node in nodes:
            if name(node) not in pods:
                self._spawn(item, f"{name(item)}-{uuid.uuid4().hex[:5]}", _hash(item), name(node))
        ready = sum(is_true(pod, "Ready") for pod in pods.values())
        counted = ("desiredNumberScheduled", "currentNumberScheduled", "updatedNumberScheduled")
        status: Object = {key: len(nodes) for key in counted}
        status |= {"numberReady": ready, "numberMisscheduled": 0, "numberAvailable": ready}
        status |= {
            "numberUnavailable": len(nodes) - ready,
            "observedGeneration": item["metadata"]["generation"],
        }
        if status != item.get("status"):
            self.plane.api.set_status(DAEMONSETS, item, status, MANAGER)

    def _job(self, item: Object) -> None:
        if is_true(item, "Complete"):
            return
        pods = self._pods_of(item)
        if not pods:
            self._spawn(item, f"{name(item)}-{uuid.uuid4().hex[:5]}", "")
            return
        done = sum(dig(pod, "status", "phase") == "Succeeded" for pod in pods)
        status: Object = {"startTime": dig(item, "status", "startTime", default=now())}
        if done < int(item["spec"].get("completions", 1)):
            status |= {"active": 1, "ready": sum(is_true(pod, "Ready") for pod in pods)}
        else:
            words = ("True", "CompletionsReached", "Reached expected number of succeeded pods")
            stated = conditions(item.get("status"), ("SuccessCriteriaMet", *words), ("Complete", *words))
            status |= {"completionTime": now(), "succeeded": done, "ready": 0, "conditions": stated}
        status |= {"terminating": 0, "uncountedTerminatedPods": {}}
        if status != item.get("status"):
            made = self.plane.api.set_status(JOBS, item, status, MANAGER)
            if "completionTime" in status:
                for told in self.on_done:
                    told(made)

    def _spawn(self, item: Object, called: str, stamp: str, node: str = "") -> None:
        template = item["spec"]["template"]
        given = dict(dig(template, "metadata", "labels", default={}))
        if stamp:
            given["pod-template-hash"] = stamp
        if item["kind"] == "Job":
            given |= {"job-name": name(item), "batch.kubernetes.io/job-name": name(item)}
        meta: Object = {"name": called, "labels": given, "ownerReferences": [owner(item)]}
        if annotations := dig(template, "metadata", "annotations"):
            meta["annotations"] = annotations
        spec = {**template["spec"], **({"nodeName": node} if node else {})}
        self.plane.api.create(
            PODS, namespace(item), {"metadata": meta, "spec": spec}, Options(manager=MANAGER)
        )
        self._pods.setdefault(item["metadata"]["uid"], set()).add((namespace(item), called))


def _hash(item: Object) -> str:
    text = json.dumps(item["spec"]["template"], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]
