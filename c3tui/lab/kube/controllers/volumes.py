"""PersistentVolumeClaims: provisioned by whoever stands for their class, then bound."""

from collections.abc import Callable

from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane
from c3tui.lab.kube.kinds import CLAIMS, CLASSES, VOLUMES
from c3tui.lab.kube.objects import Object, dig, name, namespace

RETRY_SECONDS = 15.0
"""Simulated seconds between two attempts at what could not be provisioned."""
MANAGER = "kube-controller-manager"
_CONTROLLER = "persistentvolume-controller"

Provisioner = Callable[[Object], str | None]
"""Given a StorageClass: empty when a volume can be had, why it cannot, or None when it is not responsible."""


class Volumes:
    """The binder and the external provisioner."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.provisioners: list[Provisioner] = []

    async def run(self) -> None:
        """Look at claims for ever."""
        seen = -1
        while True:
            if self.plane.store.revision != seen:
                self._claims()
                self._reclaim()
                seen = self.plane.store.revision
            waiting = any(self._waits(claim) for claim in self.plane.store.scan(CLAIMS.key))
            if not waiting:
                await self.plane.store.wait(seen)
            await self.plane.room.clock.sleep(RETRY_SECONDS if waiting else 1.0)
            seen = -1 if waiting else seen

    @staticmethod
    def _waits(claim: Object) -> bool:
        return dig(claim, "status", "phase") == "Pending" and not claim["metadata"].get("deletionTimestamp")

    def _claims(self) -> None:
        for claim in self.plane.store.scan(CLAIMS.key):
            if self._waits(claim):
                self._provision(claim)

    def _provision(self, claim: Object) -> None:
        called = claim["spec"].get("storageClassName", "")
        class_ = self.plane.store.get(CLASSES.key, "", called)
        if class_ is None:
            text = f'storageclass.storage.k8s.io "{called}" not found'
            self.plane.event(claim, "ProvisioningFailed", text, _CONTROLLER, "Warning")
            return
        answers = [found for ask in self.provisioners if (found := ask(class_)) is not None]
        if not answers:
            who = class_["provisioner"]
            text = (
                f"Waiting for a volume to be created either by the external provisioner '{who}' or manually "
            )
            text += "by the system administrator. If volume creation is delayed, please verify that the "
            text += "provisioner is running and correctly registered."
            self.plane.event(claim, "ExternalProvisioning", text, _CONTROLLER)
        elif answers[0]:
            text = f'failed to provision volume with StorageClass "{called}": {answers[0]}'
            self.plane.event(claim, "ProvisioningFailed", text, class_["provisioner"], "Warning")
        else:
            self._bind(claim, class_)

    def _bind(self, claim: Object, class_: Object) -> None:
        """Make the volume, then bind both ends: the claim changes twice, first its spec, then its status."""
        driver = class_["provisioner"]
        volume = self.plane.ensure(VOLUMES, "", _volume(claim, class_), driver)
        marks = {
            "pv.kubernetes.io/bind-completed": "yes",
            "pv.kubernetes.io/bound-by-controller": "yes",
            "volume.kubernetes.io/storage-provisioner": driver,
        }
        meta = {**claim["metadata"], "annotations": {**(claim["metadata"].get("annotations") or {}), **marks}}
        new = {**claim, "metadata": meta, "spec": {**claim["spec"], "volumeName": name(volume)}}
        options = Options(manager=MANAGER)
        bound = self.plane.api.replace(CLAIMS, namespace(claim), name(claim), new, options).item
        self.plane.api.set_status(VOLUMES, volume, {"phase": "Bound"}, MANAGER)
        capacity = {"storage": dig(claim, "spec", "resources", "requests", "storage", default="1Gi")}
        status = {"phase": "Bound", "accessModes": claim["spec"].get("accessModes", []), "capacity": capacity}
        self.plane.api.set_status(CLAIMS, bound, status, MANAGER)
        text = f"Successfully provisioned volume {name(volume)}"
        self.plane.event(bound, "ProvisioningSucceeded", text, driver)

    def _reclaim(self) -> None:
        """Volumes whose claim is gone are deleted or released, as their policy says."""
        for volume in self.plane.store.scan(VOLUMES.key):
            reference = dig(volume, "spec", "claimRef", default={})
            claim = self.plane.store.get(
                CLAIMS.key, reference.get("namespace", ""), reference.get("name", "")
            )
            if not reference or (claim and claim["metadata"]["uid"] == reference.get("uid")):
                continue
            if volume["spec"].get("persistentVolumeReclaimPolicy") == "Delete":
                self.plane.drop(VOLUMES, "", name(volume))
            elif dig(volume, "status", "phase") == "Bound":
                self.plane.api.set_status(VOLUMES, volume, {"phase": "Released"}, MANAGER)


def _volume(claim: Object, class_: Object) -> Object:
    uid = claim["metadata"]["uid"]
    reference = {"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": namespace(claim)}
    spec = {
        "capacity": {"storage": dig(claim, "spec", "resources", "requests", "storage", default="1Gi")},
        "accessModes": claim["spec"].get("accessModes", ["ReadWriteOnce"]),
        "persistentVolumeReclaimPolicy": class_.get("reclaimPolicy", "Delete"),
        "storageClassName": name(class_),
        "volumeMode": claim["spec"].get("volumeMode", "Filesystem"),
        "csi": {
            "driver": class_["provisioner"],
            "volumeHandle": f"0001-0009-rook-ceph-0000000000000002-{uid}",
            "fsType": dig(class_, "parameters", "csi.storage.k8s.io/fstype", default="ext4"),
        },
        "claimRef": reference | {"name": name(claim), "uid": uid},
    }
    annotations = {"pv.kubernetes.io/provisioned-by": class_["provisioner"]}
    return {"metadata": {"name": f"pvc-{uid}", "annotations": annotations}, "spec": spec}
