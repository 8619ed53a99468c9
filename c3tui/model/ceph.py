"""The objects that make a Ceph cluster, a pool and a StorageClass out of the plan. Pure data for Rook."""

import re
from collections.abc import Iterable
from typing import Any

from c3tui.model.placement import Placement
from c3tui.model.plan import Plan

Object = dict[str, Any]

CLUSTER = "rook-ceph"
CLAIM = "c3-test-claim"
KEY_WARNINGS = (
    "AUTH_INSECURE_ROTATING_SERVICE_KEY_TYPE",
    "AUTH_INSECURE_CLIENT_KEY_TYPE",
    "AUTH_INSECURE_KEYS_ALLOWED",
    "AUTH_INSECURE_KEYS_CREATABLE",
)
"""What Ceph warns of while there are AES keys (Rook: cephx-key-rotation.md, "Warnings").

The first goes by itself after some hours, the others stay for ever. The errors of the same chapter,
AUTH_INSECURE_SERVICE_KEY_TYPE and AUTH_INSECURE_SERVICE_TICKETS, must be seen.
"""
AES256K_KERNEL = (7, 0)
"""First Linux whose RBD client knows AES256K keys."""
AES256K_ROOK = (1, 20, 7)
"""First Rook whose CSI driver, cephcsi 3.17.1, does (ceph-csi#6493)."""
RBD_FEATURES = "layering,fast-diff,object-map,deep-flatten,exclusive-lock"


def cluster(plan: Plan, placement: Placement, kernels: Iterable[str]) -> Object:
    """The CephCluster: every OSD by the stable path of its bay, nothing by discovery.

    Args:
        kernels: the kernel release of every node; one that is older than AES256K keys decides for all.
    """
    storage = plan.storage
    spec: Object = {
        "cephVersion": {"image": storage.ceph_image},
        "dataDirHostPath": "/var/lib/rook",
        "mon": {"count": storage.mons, "allowMultiplePerNode": False},
        "mgr": {"count": 2, "allowMultiplePerNode": False},
        "dashboard": {"enabled": True},
        "storage": {"useAllNodes": False, "useAllDevices": False, "nodes": _nodes(placement)},
    }
    if not _knows_aes256k(storage.rook.version, list(kernels)):
        spec["security"] = {"cephx": {"csi": {"keyType": "aes"}}}
        spec["healthCheck"] = {"muteHealthWarning": {code: {"policy": "mute"} for code in KEY_WARNINGS}}
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephCluster",
        "metadata": {"name": CLUSTER, "namespace": storage.namespace},
        "spec": spec,
    }


def _nodes(placement: Placement) -> list[Object]:
    names = list(dict.fromkeys(osd.server for osd in placement.osds))
    return [_node(name, placement) for name in names]


def _node(name: str, placement: Placement) -> Object:
    """One node. The class its drives share is said once: Rook writes the whole object for every OSD."""
    osds = placement.of(name)
    classes = [osd.device_class for osd in osds]
    usual = max(sorted(set(classes)), key=classes.count)
    devices: list[Object] = []
    for osd in osds:
        device: Object = {"name": osd.path}
        if osd.device_class != usual:
            device["config"] = {"deviceClass": osd.device_class}
        devices.append(device)
    return {"name": name, "config": {"deviceClass": usual}, "devices": devices}


def _knows_aes256k(rook: str, kernels: list[str]) -> bool:
    """Whether every volume could be mapped with the keys that Ceph makes by itself; no when in doubt."""
    modern = bool(kernels) and all(version(kernel)[:2] >= AES256K_KERNEL for kernel in kernels)
    return modern and version(rook) >= AES256K_ROOK


def version(text: str) -> tuple[int, ...]:
    """The numbers at the head of ``6.8.0-31-generic`` or ``v1.20.6``; none when there are none."""
    found = re.match(r"v?(\d+(?:\.\d+)*)", text)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def pool(plan: Plan) -> Object:
    """The replicated pool behind persistent volumes; ``bulk`` gives it its placement groups at once."""
    chosen = plan.storage.pool
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephBlockPool",
        "metadata": {"name": chosen.name, "namespace": plan.storage.namespace},
        "spec": {
            "failureDomain": chosen.failure_domain,
            "replicated": {"size": chosen.size, "requireSafeReplicaSize": True},
            "parameters": {"bulk": "true"},
        },
    }


def storage_class(plan: Plan) -> Object:
    """The StorageClass: RBD images mapped by the kernel, formatted ext4."""
    space = plan.storage.namespace
    secrets = {
        "provisioner": "rook-csi-rbd-provisioner",
        "controller-expand": "rook-csi-rbd-provisioner",
        "controller-publish": "rook-csi-rbd-provisioner",
        "node-stage": "rook-csi-rbd-node",
    }
    parameters = {
        "clusterID": space,
        "pool": plan.storage.pool.name,
        "imageFormat": "2",
        "imageFeatures": RBD_FEATURES,
        "csi.storage.k8s.io/fstype": "ext4",
    }
    for what, name in secrets.items():
        parameters[f"csi.storage.k8s.io/{what}-secret-name"] = name
        parameters[f"csi.storage.k8s.io/{what}-secret-namespace"] = space
    return {
        "apiVersion": "storage.k8s.io/v1",
        "kind": "StorageClass",
        "metadata": {"name": plan.storage.storage_class},
        "provisioner": f"{space}.rbd.csi.ceph.com",
        "parameters": parameters,
        "reclaimPolicy": "Delete",
        "allowVolumeExpansion": True,
        "volumeBindingMode": "Immediate",
    }


def claim(plan: Plan) -> Object:
    """A claim of 1 GiB, to see that a volume really comes."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": CLAIM, "namespace": plan.storage.namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "storageClassName": plan.storage.storage_class,
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }
