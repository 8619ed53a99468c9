"""Rook's operator: it acts on new generations, on nodes that return, and when it is started again."""

import re
import time

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane
from c3tui.lab.kube.controllers.pods import Hindrance, Pods
from c3tui.lab.kube.kinds import DEPLOYMENTS, PODS, Kind
from c3tui.lab.kube.objects import Object, dig, is_true, labels, name, namespace, now
from c3tui.lab.kube.rook import pools
from c3tui.lab.kube.rook.ceph import OUT_AFTER, Ceph, available, capacity, judge
from c3tui.lab.kube.rook.cluster import FINALIZER, Reconcile
from c3tui.lab.kube.rook.csi import Csi
from c3tui.lab.kube.rook.manifests import MANAGER

GROUP = "ceph.rook.io"
HEALTH_EVERY = 60.0
"""Simulated seconds between two looks at Ceph's health."""
MIN_HEALTH = 0.5
"""Real seconds."""
RETRY_SECONDS = 60.0
"""Simulated seconds after which a failed reconcile is tried again."""


class Operator:
    """The operator, and the state of the Ceph clusters it made."""

    def __init__(self, plane: Plane, pods: Pods, state: Object | None = None) -> None:
        self.plane = plane
        self.pods = pods
        self.csi = Csi(plane)
        self.clusters = {space: Ceph.model_validate(one) for space, one in (state or {}).items()}
        """By namespace."""
        self._due: dict[str, float] = {}
        self._skipped: dict[str, set[str]] = {}
        self._down_since: dict[tuple[str, int], float] = {}
        self._looked = 0.0
        self._was_running = False

    def dump(self) -> Object:
        """The state of the clusters, as JSON holds it."""
        return {space: ceph.model_dump(mode="json") for space, ceph in self.clusters.items()}

    async def run(self) -> None:
        """Act for ever."""
        while True:
            seen = self.plane.store.revision
            self.csi.reconcile()
            if self._running():
                await self._act()
            self._was_running = self._running()
            pause = max(MIN_HEALTH, HEALTH_EVERY / self.plane.room.clock.speed)
            await self.plane.store.wait(seen, pause)

    def examine(self, pod: Object, box: Chassis) -> Hindrance | None:
        """What keeps an OSD, or a pod with a volume, from running."""
        marks = labels(pod)
        if marks.get("app") == "rook-ceph-osd":
            ceph = self.clusters.get(namespace(pod))
            if ceph is None or not ceph.drive_works(int(marks["ceph-osd-id"]), box):
                return "CrashLoopBackOff", "back-off 5m0s restarting failed container=osd"
        return self.csi.mountable(pod, box)

    def job_done(self, job: Object) -> None:
        """A purge job (deploy/examples/osd-purge.yaml) takes OSDs out of the cluster."""
        for container in dig(job, "spec", "template", "spec", "containers", default=[]):
            words = [str(word) for word in container.get("args") or []]
            text = " ".join(words)
            match = re.search(r"osd remove\b.*--osd-ids[ =]([\d,]+)", text)
            if match:
                force = bool(re.search(r"--force-osd-removal[ =]true", text))
                for number in match[1].split(","):
                    self._purge(job, container["name"], int(number), force=force)

    def _purge(self, job: Object, container: str, number: int, *, force: bool) -> None:
        space = namespace(job)
        ceph = self.clusters.get(space)
        found = self.plane.store.get(DEPLOYMENTS.key, space, f"rook-ceph-osd-{number}")
        up = found is not None and available(found)
        text = (
            f"osd.{number} is healthy. It cannot be removed unless it is 'down'"
            if up
            else f"completed removal of OSD {number}"
        )
        for pod in self.plane.store.scan(PODS.key, space):
            if labels(pod).get("job-name") == name(job):
                self.plane.logs.write(
                    space, name(pod), container, text, level="E" if up else "I", source="cephosd"
                )
        if ceph is not None and not up:
            ceph.osds.pop(number, None)
            self.plane.drop(DEPLOYMENTS, space, f"rook-ceph-osd-{number}")

    def _running(self) -> bool:
        kind = self._kind("CephCluster")
        if kind is None:
            return False
        for space in {namespace(one) for one in self.plane.store.scan(kind.key)} | {"rook-ceph"}:
            found = self.plane.store.get(DEPLOYMENTS.key, space, "rook-ceph-operator")
            if found and available(found):
                return True
        return False

    def _kind(self, kind: str) -> Kind | None:
        return self.plane.api.kinds.named(GROUP, kind)

    async def _act(self) -> None:
        clusters = self._kind("CephCluster")
        if clusters is None:
            return
        for cluster in self.plane.store.scan(clusters.key):
            ceph = self.clusters.setdefault(namespace(cluster), Ceph())
            if cluster["metadata"].get("deletionTimestamp"):
                self._delete(clusters, cluster)
            elif self._is_due(cluster):
                await self._reconcile(clusters, cluster, ceph)
        self._pools()
        if time.monotonic() - self._looked >= max(MIN_HEALTH, HEALTH_EVERY / self.plane.room.clock.speed):
            self._looked = time.monotonic()
            for cluster in self.plane.store.scan(clusters.key):
                self._check_health(clusters, cluster)

    def _is_due(self, cluster: Object) -> bool:
        """New generation, operator restarted, a skipped node came back, or a failure is old enough."""
        space = namespace(cluster)
        done = dig(cluster, "status", "observedGeneration") == cluster["metadata"]["generation"]
        if not done or dig(cluster, "status", "state") == "Error":
            return self.plane.room.clock.elapsed() >= self._due.get(space, 0.0)
        back = [called for called in self._skipped.get(space, ()) if self._is_ready(called)]
        return not self._was_running or bool(back)

    def _is_ready(self, called: str) -> bool:
        node = self.plane.node(called)
        return node is not None and is_true(node, "Ready")

    async def _reconcile(self, kind: Kind, cluster: Object, ceph: Ceph) -> None:
        work = Reconcile(self.plane, self.pods, kind, ceph, cluster)
        await work.run()
        self._looked = 0.0
        space = namespace(cluster)
        self._skipped[space] = work.skipped
        current = self.plane.store.get(kind.key, space, name(cluster)) or {}
        failed = dig(current, "status", "state") == "Error"
        self._due[space] = self.plane.room.clock.elapsed() + RETRY_SECONDS if failed else 0.0

    def _delete(self, kind: Kind, cluster: Object) -> None:
        """Let a cluster go once nothing else of Ceph is left in its namespace."""
        space = namespace(cluster)
        work = Reconcile(self.plane, self.pods, kind, self.clusters[space], cluster)
        others = [k for k in self.plane.api.kinds.all() if k.group == GROUP and k.kind != "CephCluster"]
        left = [f"{k.kind} {name(one)}" for k in others for one in self.plane.store.scan(k.key, space)]
        if left:
            text = f'CephCluster "{space}/{name(cluster)}" will not be deleted until all dependents are '
            text += "removed: "
            if dig(cluster, "status", "message") != text + ", ".join(left):
                work.settle("DeletionIsBlocked", "True", "ObjectHasDependents", text + ", ".join(left))
            return
        if dig(cluster, "status", "phase") != "Deleting":
            work.settle("Deleting", "True", "ClusterDeleting", "Deleting the CephCluster")
        wipe = dig(cluster, "spec", "cleanupPolicy", "confirmation") == "yes-really-destroy-data"
        for one in self.plane.store.scan(DEPLOYMENTS.key, space):
            if labels(one).get("rook_cluster") == space:
                self.plane.drop(DEPLOYMENTS, space, name(one))
        self._forget(self.clusters.pop(space), wipe=wipe)
        current = self.plane.api.get(kind, space, name(cluster))
        kept = [one for one in current["metadata"].get("finalizers") or [] if one != FINALIZER]
        new = {**current, "metadata": {**current["metadata"], "finalizers": kept}}
        self.plane.api.replace(kind, space, name(cluster), new, Options(manager=MANAGER))

    def _forget(self, ceph: Ceph, *, wipe: bool) -> None:
        """Drives keep their labels unless the cleanup policy says otherwise."""
        for number, osd in ceph.osds.items() if wipe else ():
            for box in self.plane.room.chassis:
                bay = box.bay_of(osd.serial)
                if bay and bay.drive and bay.drive.contents == f"osd.{number}":
                    bay.drive.contents = ""

    def _pools(self) -> None:
        kind, clusters = self._kind("CephBlockPool"), self._kind("CephCluster")
        for pool in self.plane.store.scan(kind.key) if kind else ():
            found = self.plane.store.scan(clusters.key, namespace(pool)) if clusters else []
            ready = any(dig(one, "status", "observedGeneration") for one in found)
            ceph = self.clusters.get(namespace(pool), Ceph())
            if kind:
                pools.reconcile(self.plane, kind, pool, ceph, ready=ready)

    def _check_health(self, kind: Kind, cluster: Object) -> None:
        """Write what Ceph says of itself, once the cluster was made."""
        space = namespace(cluster)
        ceph = self.clusters.get(space)
        old = cluster.get("status") or {}
        if ceph is None or not old.get("observedGeneration") or cluster["metadata"].get("deletionTimestamp"):
            return
        daemons = [
            d for d in self.plane.store.scan(DEPLOYMENTS.key, space) if labels(d).get("rook_cluster") == space
        ]
        out = self._out(cluster, ceph, daemons)
        used = self._kind("CephBlockPool")
        health = judge(
            cluster["spec"], ceph, daemons, out, pools=bool(used and self.plane.store.scan(used.key, space))
        )
        before = old.get("ceph") or {}
        new: Object = {
            "health": health.word,
            "lastChecked": now(),
            "details": health.details(),
            "fsid": ceph.fsid,
        }
        if before.get("health") not in (None, health.word):
            new |= {"previousHealth": before["health"], "lastChanged": now()}
        else:
            new |= {key: before[key] for key in ("previousHealth", "lastChanged") if key in before}
        held = capacity(ceph, daemons)
        new["capacity"] = held | {"lastUpdated": now()} if held else before.get("capacity", {})
        new["versions"] = _versions(cluster, daemons)
        self.plane.api.set_status(kind, cluster, {**old, "ceph": new}, MANAGER)

    def _out(self, cluster: Object, ceph: Ceph, daemons: list[Object]) -> set[int]:
        """OSDs that were down for too long; removed where the spec says so."""
        space, moment = namespace(cluster), self.plane.room.clock.elapsed()
        up = {labels(one).get("ceph-osd-id") for one in daemons if available(one)}
        out = set()
        for number in list(ceph.osds):
            if str(number) in up:
                self._down_since.pop((space, number), None)
            elif moment - self._down_since.setdefault((space, number), moment) > OUT_AFTER:
                out.add(number)
                if dig(cluster, "spec", "removeOSDsIfOutAndSafeToRemove"):
                    self.plane.drop(DEPLOYMENTS, space, f"rook-ceph-osd-{number}")
                    ceph.osds.pop(number)
        return out & set(ceph.osds)


def _versions(cluster: Object, daemons: list[Object]) -> Object:
    """How many daemons of each type run which version."""
    shown = (
        f"ceph version {dig(cluster, 'status', 'version', 'version', default='').removesuffix('-0')} (stable)"
    )
    found: Object = {}
    for one in daemons:
        if available(one):
            type_ = labels(one).get("ceph_daemon_type", "")
            for key in (type_, "overall"):
                counted = found.setdefault(key, {shown: 0})
                counted[shown] += 1
    return found
