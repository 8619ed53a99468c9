"""The objects that Rook makes: deployments of daemons, prepare jobs, status maps."""

import json

from c3tui.lab.kube.controllers.plane import owner
from c3tui.lab.kube.objects import Object, dig, labels, name, namespace

MANAGER = "rook"
TOPOLOGY = ("region", "zone", "datacenter", "room", "pod", "pdu", "row", "rack", "chassis")
"""CRUSH levels above the host, widest first."""


def daemon(cluster: Object, app: str, identity: str, more: dict[str, str], node: str = "") -> Object:
    """The Deployment of a Ceph daemon, such as app ``rook-ceph-mon`` with identity ``a``."""
    short = app.removeprefix("rook-ceph-")
    marks = {
        "app": app,
        "app.kubernetes.io/managed-by": "rook-ceph-operator",
        "app.kubernetes.io/part-of": name(cluster),
        "ceph_daemon_id": identity,
        "ceph_daemon_type": short,
        "rook_cluster": namespace(cluster),
        short: identity,
    } | more
    matched = {key: marks[key] for key in ("app", "ceph_daemon_id", "rook_cluster")}
    image = dig(cluster, "spec", "cephVersion", "image", default="")
    pod: Object = {"containers": [{"name": short, "image": image, "command": [f"ceph-{short}"]}]}
    if dig(cluster, "spec", "network", "provider") == "host":
        pod["hostNetwork"] = True
    if node:
        pod["nodeSelector"] = {"kubernetes.io/hostname": node}
    return {
        "metadata": {"name": f"{app}-{identity}", "labels": marks, "ownerReferences": [owner(cluster)]},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},
            "selector": {"matchLabels": matched},
            "template": {"metadata": {"labels": marks}, "spec": pod},
        },
    }


def osd(cluster: Object, node: Object, number: int, device_class: str, device: str) -> Object:
    """The Deployment of an OSD on a node's device."""
    more = {
        "ceph-osd-id": str(number),
        "device-class": device_class,
        "encrypted": dig(cluster, "spec", "storage", "config", "encryptedDevice", default="false"),
        "failure-domain": crush_name(hostname(node)),
        "osd-store": "bluestore",
        "portable": "false",
    }
    more |= {f"topology-location-{level}": value for level, value in location(cluster, node).items()}
    made = daemon(cluster, "rook-ceph-osd", str(number), more, hostname(node))
    container = made["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [
        {"name": "ROOK_NODE_NAME", "value": hostname(node)},
        {"name": "ROOK_OSD_ID", "value": str(number)},
        {"name": "ROOK_BLOCK_PATH", "value": device},
        {"name": "ROOK_CV_MODE", "value": "raw"},
        {"name": "ROOK_OSD_DEVICE_CLASS", "value": device_class},
    ]
    return made


def prepare_job(cluster: Object, node: Object) -> Object:
    """The Job that looks at a node's devices."""
    marks = {
        "app": "rook-ceph-osd-prepare",
        "rook_cluster": namespace(cluster),
        "ceph.rook.io/pvc": "",
        "node": hostname(node),
    }
    image = dig(cluster, "spec", "cephVersion", "image", default="")
    pod = {
        "restartPolicy": "OnFailure",
        "nodeSelector": {"kubernetes.io/hostname": hostname(node)},
        "containers": [{"name": "provision", "image": image}],
    }
    called = f"rook-ceph-osd-prepare-{hostname(node)}"
    meta = {"name": called, "labels": marks, "ownerReferences": [owner(cluster)]}
    return {"metadata": meta, "spec": {"template": {"metadata": {"labels": marks}, "spec": pod}}}


def status_map(node: str, status: str, osds: list[Object] | None = None, message: str = "") -> Object:
    """The ConfigMap in which a prepare job reports; it is deleted once it was processed."""
    report = {"osds": osds, "status": status, "pvc-backed-osd": False, "message": message}
    marks = {"app": "rook-ceph-osd", "status": "provisioning", "node": node}
    meta = {"name": f"rook-ceph-osd-{node}-status", "labels": marks}
    return {"metadata": meta, "data": {"status": json.dumps(report)}}


def osd_report(
    cluster: Object, node: Object, number: int, device: str, device_class: str, uuid: str
) -> Object:
    """One OSD in the report of a prepare job."""
    where = " ".join(f"{level}={value}" for level, value in location(cluster, node).items())
    head = {
        "id": number,
        "cluster": "ceph",
        "uuid": uuid,
        "device-part-uuid": "",
        "device-class": device_class,
    }
    tail = {"lv-path": device, "skip-lv-release": True, "location": where, "lv-backed-pv": False}
    return head | tail | {"lv-mode": "raw", "store": "bluestore", "topologyAffinity": ""}


def location(cluster: Object, node: Object) -> dict[str, str]:
    """The CRUSH location of a node: root, host, and the levels its labels name."""
    config = dig(cluster, "spec", "storage", "config", default={})
    found = {"root": config.get("crushRoot", "default"), "host": crush_name(hostname(node))}
    marks = labels(node)
    for level in TOPOLOGY:
        prefix = "topology.kubernetes.io" if level in ("region", "zone") else "topology.rook.io"
        if value := marks.get(f"{prefix}/{level}"):
            found[level] = crush_name(value)
    return found


def hostname(node: Object) -> str:
    """The label by which ``storage.nodes`` names a node."""
    return labels(node).get("kubernetes.io/hostname", name(node))


def crush_name(text: str) -> str:
    """A name as CRUSH takes it."""
    return text.replace(".", "-")
