"""The CSI side: drivers from their Driver objects, volumes from pools, and mounts that old kernels refuse."""

import re

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.controllers.plane import Plane, owner
from c3tui.lab.kube.controllers.pods import Hindrance
from c3tui.lab.kube.kinds import BUILT_IN, CLAIMS, DAEMONSETS, DEPLOYMENTS, VOLUMES
from c3tui.lab.kube.objects import Object, dig, name, namespace
from c3tui.lab.kube.rook.ceph import available

OPERATOR = "ceph-csi-controller-manager"
MANAGER = "ceph-csi-operator"
SUFFIX = ".rbd.csi.ceph.com"
AES256K_KERNEL = 7
"""First major version of Linux whose krbd knows the AES256K keys that new clusters get by default."""


class Csi:
    """The csi operator and the driver it runs."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane

    def reconcile(self) -> None:
        """Run the plugins of every Driver while the csi operator runs."""
        kind = self.plane.api.kinds.named("csi.ceph.io", "Driver")
        if kind is None:
            return
        for driver in self.plane.store.scan(kind.key):
            running = self.plane.store.get(DEPLOYMENTS.key, namespace(driver), OPERATOR)
            if running and available(running):
                self._run(driver)

    def _run(self, driver: Object) -> None:
        space, called = namespace(driver), name(driver)
        csi_drivers = BUILT_IN["storage.k8s.io/csidrivers"]
        if self.plane.store.get(csi_drivers.key, "", called) is None:
            spec = {"attachRequired": True, "podInfoOnMount": False, "volumeLifecycleModes": ["Persistent"]}
            self.plane.ensure(csi_drivers, "", {"metadata": {"name": called}, "spec": spec}, MANAGER)
        for kind, part in ((DEPLOYMENTS, "ctrlplugin"), (DAEMONSETS, "nodeplugin")):
            if self.plane.store.get(kind.key, space, f"{called}-{part}") is None:
                self.plane.ensure(kind, space, _plugin(driver, part), MANAGER)

    def provision(self, class_: Object) -> str | None:
        """Whether a volume of a StorageClass can be had; see ``volumes.Provisioner``."""
        driver = class_.get("provisioner", "")
        if not driver.endswith(SUFFIX):
            return None
        plugin = self.plane.store.get(DEPLOYMENTS.key, driver.removesuffix(SUFFIX), f"{driver}-ctrlplugin")
        if plugin is None or not available(plugin):
            return None
        given = class_.get("parameters") or {}
        space = given.get("csi.storage.k8s.io/provisioner-secret-namespace", "")
        secret = given.get("csi.storage.k8s.io/provisioner-secret-name", "")
        if self.plane.store.get("/secrets", space, secret) is None:
            return f'error getting secret {secret} in namespace {space}: secrets "{secret}" not found'
        pools = self.plane.api.kinds.named("ceph.rook.io", "CephBlockPool")
        for pool in (given.get("pool", ""), given.get("dataPool", "")):
            found = self.plane.store.get(pools.key, given.get("clusterID", ""), pool) if pools else None
            if pool and (found is None or dig(found, "status", "phase") != "Ready"):
                text = "rpc error: code = Internal desc = pool not found:"
                return f"{text} pool ({pool}) not found in Ceph cluster"
        return (
            ""
            if given.get("pool")
            else "rpc error: code = InvalidArgument desc = missing required parameter pool"
        )

    def mountable(self, pod: Object, box: Chassis) -> Hindrance | None:
        """What keeps a pod from its volumes."""
        for volume in dig(pod, "spec", "volumes", default=[]):
            claimed = dig(volume, "persistentVolumeClaim", "claimName")
            if not claimed:
                continue
            claim = self.plane.store.get(CLAIMS.key, namespace(pod), claimed)
            held = self.plane.store.get(VOLUMES.key, "", dig(claim, "spec", "volumeName", default=""))
            if claim is None or held is None:
                return "ContainerCreating", ""
            if dig(held, "spec", "csi", "driver", default="").endswith(SUFFIX) and not self._kernel_knows(
                pod, held
            ):
                text = (
                    f'MountVolume.MountDevice failed for volume "{name(held)}" : rpc error: code = Internal '
                )
                text += "desc = rbd: map failed with error: rbd: map failed: (22) Invalid argument"
                return "ContainerCreating", text
        return None

    def _kernel_knows(self, pod: Object, volume: Object) -> bool:
        node = self.plane.node(dig(pod, "spec", "nodeName", default="")) or {}
        version = re.match(r"\d+", dig(node, "status", "nodeInfo", "kernelVersion", default="0"))
        if version and int(version[0]) >= AES256K_KERNEL:
            return True
        clusters = self.plane.api.kinds.named("ceph.rook.io", "CephCluster")
        space = dig(volume, "spec", "csi", "driver", default="").removesuffix(SUFFIX)
        found = self.plane.store.scan(clusters.key, space) if clusters else []
        return all(dig(one, "spec", "security", "cephx", "csi", "keyType") == "aes" for one in found)


def _plugin(driver: Object, part: str) -> Object:
    called = f"{name(driver)}-{part}"
    marks = {"app": called}
    pod = {"containers": [{"name": "csi-rbdplugin", "image": "quay.io/cephcsi/cephcsi:v3.17.1"}]}
    spec = {"selector": {"matchLabels": marks}, "template": {"metadata": {"labels": marks}, "spec": pod}}
    if part == "ctrlplugin":
        spec["replicas"] = 2
    return {"metadata": {"name": called, "labels": marks, "ownerReferences": [owner(driver)]}, "spec": spec}
