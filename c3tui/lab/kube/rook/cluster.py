"""One CephCluster brought from its spec to running daemons, in the steps and words of Rook's operator."""

import asyncio
import uuid
from collections.abc import Callable

from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane
from c3tui.lab.kube.controllers.pods import Pods
from c3tui.lab.kube.kinds import CONFIGMAPS, DEPLOYMENTS, JOBS, NODES, PODS, Kind
from c3tui.lab.kube.objects import Object, dig, is_true, labels, name, namespace, now
from c3tui.lab.kube.rook import manifests
from c3tui.lab.kube.rook.ceph import Ceph, available
from c3tui.lab.kube.rook.devices import Survey, device_class, survey
from c3tui.lab.kube.rook.manifests import MANAGER

FINALIZER = "cephcluster.ceph.rook.io"
VERSION_SECONDS = 20.0
DAEMON_SECONDS = 10.0
PREPARE_SECONDS = 15.0
OSD_SECONDS = 2.0
START_LIMIT = 600.0
"""Simulated seconds that a monitor or a prepare job may take to start."""


class Refusal(Exception):
    """The reconcile cannot go on; the text is the status message."""


class Reconcile:
    """One pass over a CephCluster."""

    def __init__(self, plane: Plane, pods: Pods, kind: Kind, ceph: Ceph, cluster: Object) -> None:
        self.plane = plane
        self.pods = pods
        self.kind = kind
        self.ceph = ceph
        self.space, self.called = namespace(cluster), name(cluster)
        self.skipped: set[str] = set()
        """Nodes of the spec that could not take part."""

    @property
    def cluster(self) -> Object:
        """The object as it is now.

        Raises:
            Refusal: it is gone.
        """
        found = self.plane.store.get(self.kind.key, self.space, self.called)
        if found is None or found["metadata"].get("deletionTimestamp"):
            raise Refusal("the cluster is being deleted")
        return found

    async def run(self) -> None:
        """Go through every step; a refusal ends it with an error status."""
        try:
            generation = self.cluster["metadata"]["generation"]
            self._hold()
            await self._version()
            await self._progress("Configuring the Ceph cluster", 5.0)
            await self._mons()
            await self._mgrs()
            await self._osds()
            self._secrets()
            self.settle("Ready", "True", "ClusterCreated", "Cluster created successfully", generation)
        except Refusal as refusal:
            if self.plane.store.get(self.kind.key, self.space, self.called):
                self.log(f'failed to reconcile CephCluster "{self.space}/{self.called}". {refusal}', "E")
                self.settle("Progressing", "False", "ClusterProgressing", str(refusal))

    def log(self, text: str, level: str = "I", source: str = "ceph-cluster-controller") -> None:
        """Write to the operator's log."""
        for pod in self.plane.store.scan(PODS.key, self.space):
            if labels(pod).get("app") == "rook-ceph-operator":
                self.plane.logs.write(
                    self.space, name(pod), "rook-ceph-operator", text, level=level, source=source
                )

    def settle(self, type_: str, status: str, reason: str, message: str, generation: int = 0) -> None:
        """Write phase, state, message and condition; of older ones only that of a created cluster stays."""
        found = self.plane.store.get(self.kind.key, self.space, self.called)
        if found is None:
            return
        old = found.get("status") or {}
        kept = [
            one
            for one in old.get("conditions", [])
            if one["reason"] == "ClusterCreated" and one["type"] != type_
        ]
        one = {"type": type_, "status": status, "reason": reason, "message": message}
        one |= {"lastHeartbeatTime": now(), "lastTransitionTime": now()}
        state = (
            "Error"
            if status == "False"
            else {"Ready": "Created", "Progressing": "Creating"}.get(type_, type_)
        )
        new = {**old, "phase": type_, "state": state, "message": message, "conditions": [*kept, one]}
        if generation:
            new["observedGeneration"] = generation
        self.plane.api.set_status(self.kind, found, new, MANAGER)

    def merge_status(self, **fields: object) -> None:
        """Write some fields of the status."""
        found = self.cluster
        self.plane.api.set_status(self.kind, found, {**(found.get("status") or {}), **fields}, MANAGER)

    async def _progress(self, message: str, seconds: float) -> None:
        self.settle("Progressing", "True", "ClusterProgressing", message)
        self.log(message)
        await self.plane.room.clock.sleep(seconds)
        _ = self.cluster

    def _hold(self) -> None:
        found = self.cluster
        held = found["metadata"].get("finalizers") or []
        if FINALIZER not in held:
            new = {**found, "metadata": {**found["metadata"], "finalizers": [*held, FINALIZER]}}
            self.plane.api.replace(self.kind, self.space, self.called, new, Options(manager=MANAGER))
        self.ceph.found()

    async def _version(self) -> None:
        await self._progress("Detecting Ceph version", VERSION_SECONDS)
        image = dig(self.cluster, "spec", "cephVersion", "image", default="")
        tag = image.rpartition(":")[2].removeprefix("v").split("-")[0]
        if not tag[:1].isdigit():
            raise Refusal(
                f"failed the ceph version check: failed to extract ceph version from image {image!r}"
            )
        self.merge_status(version={"image": image, "version": f"{tag}-0"})

    async def _mons(self) -> None:
        await self._progress("Configuring Ceph Mons", 0.0)
        spec = dig(self.cluster, "spec", "mon", default={})
        count = int(spec.get("count") or 3)
        held = [one for one in self._daemons("rook-ceph-mon")]
        used = {_node_of(one) for one in held}
        free = [
            n
            for n in self._ready_nodes()
            if spec.get("allowMultiplePerNode") or manifests.hostname(n) not in used
        ]
        if len(held) + len(free) < count and not (spec.get("allowMultiplePerNode") and free):
            text = "failed to create cluster: failed to start ceph monitors: failed to assign pods to mons: "
            raise Refusal(f"{text}{count} mons need {count} nodes, {len(held) + len(free)} are ready")
        for n in range(len(held), count):
            letter = chr(97 + n)
            node = manifests.hostname(free[(n - len(held)) % len(free)])
            body = manifests.daemon(self.cluster, "rook-ceph-mon", letter, {}, node)
            await self._start(body)

    async def _mgrs(self) -> None:
        await self._progress("Configuring Ceph Mgr(s)", 0.0)
        count = int(dig(self.cluster, "spec", "mgr", "count", default=1) or 1)
        for n in range(len(self._daemons("rook-ceph-mgr")), count):
            await self._start(manifests.daemon(self.cluster, "rook-ceph-mgr", chr(97 + n), {}))

    async def _start(self, body: Object) -> None:
        called = body["metadata"]["name"]
        self.plane.ensure(DEPLOYMENTS, self.space, body, MANAGER)
        await self.plane.room.clock.sleep(DAEMON_SECONDS)

        def runs() -> bool:
            found = self.plane.store.get(DEPLOYMENTS.key, self.space, called)
            return found is None or available(found)

        if not await self._until(runs, START_LIMIT):
            raise Refusal(f"failed to create cluster: failed to wait for deployment {called} to be available")

    async def _osds(self) -> None:
        await self._progress("Configuring Ceph OSDs", 0.0)
        storage = dig(self.cluster, "spec", "storage", default={})
        nodes = self._storage_nodes(storage)
        if not nodes:
            self.log("no valid nodes available to run osds on", "W", "op-osd")
        surveys = await asyncio.gather(*(self._prepare(storage, entry, node) for entry, node in nodes))
        for (_, node), found in zip(nodes, surveys, strict=True):
            if found is not None:
                await self._process(node, found)
        classes = sorted({osd.device_class for osd in self.ceph.osds.values()})
        count = len(self._daemons("rook-ceph-osd"))
        stores: Object = {"storeType": {"bluestore": count}} if count else {}
        self.merge_status(storage={"deviceClasses": [{"name": one} for one in classes], "osd": stores})

    def _storage_nodes(self, storage: Object) -> list[tuple[Object, Object]]:
        """Entries of the spec with their Nodes; those that are not ready are skipped with a log line only."""
        ready = {manifests.hostname(node): node for node in self._ready_nodes()}
        if storage.get("useAllNodes"):
            return [({"name": called}, node) for called, node in ready.items()]
        found, self.skipped = [], set()
        for entry in storage.get("nodes") or []:
            if node := ready.get(entry["name"]):
                found.append((entry, node))
            else:
                self.skipped.add(entry["name"])
                self.log(
                    f'skipping creating OSDs on node "{entry["name"]}" because it is not ready', "W", "op-osd"
                )
        return found

    async def _prepare(self, storage: Object, entry: Object, node: Object) -> Survey | None:
        """Run the prepare job of a node; None when it never started."""
        host = manifests.hostname(node)
        self.plane.ensure(CONFIGMAPS, self.space, manifests.status_map(host, "starting"), MANAGER)
        job = manifests.prepare_job(self.cluster, node)
        self.plane.drop(JOBS, self.space, job["metadata"]["name"])
        self.plane.api.create(JOBS, self.space, job, Options(manager=MANAGER))
        pod = await self._prepare_pod(job["metadata"]["name"])
        box = self.plane.chassis(name(node))
        if pod is None or box is None:
            failed = manifests.status_map(
                host, "failed", None, f"osd prepare job on node {host} did not start"
            )
            self.plane.ensure(CONFIGMAPS, self.space, failed, MANAGER)
            return None
        self.plane.ensure(CONFIGMAPS, self.space, manifests.status_map(host, "orchestrating"), MANAGER)
        await self.plane.room.clock.sleep(PREPARE_SECONDS)
        found = survey(box, storage, entry, self.ceph.by_serial())
        for line in found.lines:
            self.plane.logs.write(self.space, name(pod), "provision", line, source="cephosd")
        self._make_osds(node, found)
        self._report(node, found)
        if current := self.plane.store.get(PODS.key, self.space, name(pod)):
            self.pods.end(current)
        return found

    async def _prepare_pod(self, job: str) -> Object | None:
        def running() -> Object | None:
            for pod in self.plane.store.scan(PODS.key, self.space):
                if labels(pod).get("job-name") == job and is_true(pod, "Ready"):
                    return pod
            return None

        await self._until(lambda: running() is not None, START_LIMIT)
        return running()

    def _make_osds(self, node: Object, found: Survey) -> None:
        for pick in found.picks:
            self.ceph.add(pick.drive, manifests.hostname(node), device_class(pick))

    def _report(self, node: Object, found: Survey) -> None:
        reports = []
        for bay, number in self._devices(node, found):
            kind = self.ceph.osds[number].device_class
            made = str(uuid.uuid5(uuid.UUID(self.ceph.fsid), str(number)))
            reports.append(manifests.osd_report(self.cluster, node, number, bay, kind, made))
        host = manifests.hostname(node)
        self.plane.ensure(CONFIGMAPS, self.space, manifests.status_map(host, "completed", reports), MANAGER)

    def _devices(self, node: Object, found: Survey) -> list[tuple[str, int]]:
        """The OSDs of a node with their device, in the order of their ids."""
        box = self.plane.chassis(name(node))
        by_serial = self.ceph.by_serial()
        numbers = {by_serial[pick.drive.serial] for pick in found.picks} | set(found.known)
        bays = box.bays if box else []
        held = {by_serial.get(bay.drive.serial): bay for bay in bays if bay.drive}
        return [(f"/dev/{held[number].kernel_name}", number) for number in sorted(numbers) if number in held]

    async def _process(self, node: Object, found: Survey) -> None:
        host = manifests.hostname(node)
        for device, number in self._devices(node, found):
            kind = self.ceph.osds[number].device_class
            called = f"rook-ceph-osd-{number}"
            new = self.plane.store.get(DEPLOYMENTS.key, self.space, called) is None
            if new:
                await self._progress(f'Processing OSD {number} on node "{host}"', OSD_SECONDS)
                body = manifests.osd(self.cluster, node, number, kind, device)
                self.plane.ensure(DEPLOYMENTS, self.space, body, MANAGER)
        self.plane.drop(CONFIGMAPS, self.space, f"rook-ceph-osd-{host}-status")

    def _secrets(self) -> None:
        """The keys that the CSI drivers log in with."""
        secrets = self.plane.api.kinds.named("", "Secret")
        if secrets is not None:
            for called in ("rook-csi-rbd-provisioner", "rook-csi-rbd-node"):
                user = called.removeprefix("rook-")
                body: Object = {"metadata": {"name": called}, "type": "kubernetes.io/rook"}
                body["data"] = {"userID": user, "userKey": "bGFiLW9ubHk="}
                self.plane.ensure(secrets, self.space, body, MANAGER)

    def _daemons(self, app: str) -> list[Object]:
        found = self.plane.store.scan(DEPLOYMENTS.key, self.space)
        return [one for one in found if labels(one).get("app") == app]

    def _ready_nodes(self) -> list[Object]:
        nodes = self.plane.store.scan(NODES.key)
        return [
            n for n in nodes if is_true(n, "Ready") and not dig(n, "spec", "unschedulable", default=False)
        ]

    async def _until(self, test: Callable[[], bool], limit: float) -> bool:
        """Wait for a condition, for so many simulated seconds at most."""
        end = self.plane.room.clock.elapsed() + limit
        while not test():
            left = end - self.plane.room.clock.elapsed()
            if left <= 0:
                return False
            await self.plane.store.wait(self.plane.store.revision, left / self.plane.room.clock.speed)
            _ = self.cluster
        return True


def _node_of(deployment: Object) -> str:
    found = dig(deployment, "spec", "template", "spec", "nodeSelector", default={})
    return str(found.get("kubernetes.io/hostname", ""))
