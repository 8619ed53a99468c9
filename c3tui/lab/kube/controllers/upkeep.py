"""Definitions become established, namespaces empty themselves, finalizers of the core are let go."""

import asyncio

from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane, conditions
from c3tui.lab.kube.kinds import CLAIMS, DEFINITIONS, JOBS, NAMESPACES, PODS, VOLUMES, Kind
from c3tui.lab.kube.objects import Object, condition, dig, is_true, name, namespace

STEP = 0.02
"""Real seconds between two steps of a definition or a namespace."""
MANAGER = "kube-controller-manager"


class Upkeep:
    """The small controllers of the control plane."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane

    async def run(self) -> None:
        """Follow all objects for ever."""
        async for changes in self.plane.store.follow():
            keys = {change.key for change in changes}
            if DEFINITIONS.key in keys:
                await self._definitions()
            if any(
                dig(one, "status", "phase") == "Terminating" for one in self.plane.store.scan(NAMESPACES.key)
            ):
                await asyncio.sleep(STEP)
                self._namespaces()
            if keys & {JOBS.key, CLAIMS.key, VOLUMES.key, PODS.key}:
                self._finalizers()

    async def _definitions(self) -> None:
        """Accept names, then establish, in two steps that a watcher sees."""
        for step in ("NamesAccepted", "Established"):
            waiting = [
                one for one in self.plane.store.scan(DEFINITIONS.key) if not is_true(one, "Established")
            ]
            if waiting:
                await asyncio.sleep(STEP)
            for crd in waiting:
                current = self.plane.store.get(DEFINITIONS.key, "", name(crd))
                if current and (step == "NamesAccepted") != bool(condition(current, "NamesAccepted")):
                    self._accept(current, established=step == "Established")

    def _accept(self, crd: Object, *, established: bool) -> None:
        reason = "InitialNamesAccepted" if established else "Installing"
        stated = conditions(
            crd.get("status"),
            ("NamesAccepted", "True", "NoConflicts", "no conflicts found"),
            ("Established", str(established), reason, "the initial names have been accepted"),
        )
        status = {**crd["status"], "conditions": stated, "acceptedNames": crd["spec"]["names"]}
        self.plane.api.set_status(DEFINITIONS, crd, status, "kube-apiserver")

    def _namespaces(self) -> None:
        for space in self.plane.store.scan(NAMESPACES.key):
            if dig(space, "status", "phase") != "Terminating":
                continue
            left = False
            for kind in [kind for kind in self.plane.api.kinds.all() if kind.namespaced]:
                for item in self.plane.store.scan(kind.key, name(space)):
                    if not item["metadata"].get("deletionTimestamp"):
                        self.plane.drop(kind, name(space), name(item))
                    left = left or self.plane.store.get(kind.key, name(space), name(item)) is not None
            if not left:
                self.plane.store.remove(NAMESPACES.key, space)

    def _finalizers(self) -> None:
        for kind in (JOBS, CLAIMS, VOLUMES):
            for item in self.plane.store.scan(kind.key):
                if item["metadata"].get("deletionTimestamp"):
                    self._let_go(kind, item)

    def _let_go(self, kind: Kind, item: Object) -> None:
        if kind is CLAIMS and self._in_use(item):
            return
        if kind is JOBS:
            self._orphan(item)
        ours = ("orphan", "kubernetes.io/pvc-protection", "kubernetes.io/pv-protection")
        kept = [one for one in item["metadata"].get("finalizers") or [] if one not in ours]
        new = {**item, "metadata": {**item["metadata"], "finalizers": kept}}
        self.plane.api.replace(kind, namespace(item), name(item), new, Options(manager=MANAGER))

    def _in_use(self, claim: Object) -> bool:
        for pod in self.plane.store.scan(PODS.key, namespace(claim)):
            if dig(pod, "status", "phase") in ("Succeeded", "Failed"):
                continue
            volumes = dig(pod, "spec", "volumes", default=[])
            if any(dig(one, "persistentVolumeClaim", "claimName") == name(claim) for one in volumes):
                return True
        return False

    def _orphan(self, job: Object) -> None:
        """Pods of a Job that is deleted without them stay, without an owner."""
        for pod in self.plane.store.scan(PODS.key, namespace(job)):
            owners = pod["metadata"].get("ownerReferences") or []
            kept = [one for one in owners if one["uid"] != job["metadata"]["uid"]]
            if len(kept) != len(owners):
                new = {**pod, "metadata": {**pod["metadata"], "ownerReferences": kept}}
                self.plane.api.replace(PODS, namespace(pod), name(pod), new, Options(manager=MANAGER))
