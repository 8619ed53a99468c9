"""CephBlockPools: checked when they are reconciled, not when they are created."""

from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.plane import Plane, conditions
from c3tui.lab.kube.kinds import DEPLOYMENTS, Kind
from c3tui.lab.kube.objects import Object, dig, labels, name, namespace
from c3tui.lab.kube.rook.ceph import Ceph
from c3tui.lab.kube.rook.manifests import MANAGER, TOPOLOGY

FINALIZER = "cephblockpool.ceph.rook.io"


def reconcile(plane: Plane, kind: Kind, pool: Object, ceph: Ceph, *, ready: bool) -> None:
    """Bring a pool's status to what its spec and the cluster allow."""
    if pool["metadata"].get("deletionTimestamp"):
        _hold(plane, kind, pool, held=False)
        return
    pool = _hold(plane, kind, pool, held=True)
    old = pool.get("status") or {}
    if not ready:
        if not old:
            plane.api.set_status(kind, pool, {"phase": "Progressing"}, MANAGER)
        return
    problem = _problem(plane, pool)
    phase = "Failure" if problem else "Ready"
    type_ = "Replicated" if dig(pool, "spec", "replicated") else "Erasure Coded"
    status: Object = {**old, "phase": phase}
    if problem:
        text = f'failed to create pool "{name(pool)}".: {problem}'
        status["conditions"] = conditions(old, ("Failure", "True", "ReconcileFailed", text))
    else:
        status["conditions"] = conditions(old, ("Ready", "True", "ReconcileSucceeded", "Ready"))
        status |= {"info": {"type": type_, "failureDomain": _domain(pool)}}
        status["observedGeneration"] = pool["metadata"]["generation"]
        if "poolID" not in status:
            status["poolID"] = ceph.next_pool
            ceph.next_pool += 1
    if status != old:
        plane.api.set_status(kind, pool, status, MANAGER)


def _hold(plane: Plane, kind: Kind, pool: Object, *, held: bool) -> Object:
    finalizers = [one for one in pool["metadata"].get("finalizers") or [] if one != FINALIZER]
    wanted = [*finalizers, FINALIZER] if held else finalizers
    if wanted == (pool["metadata"].get("finalizers") or []):
        return pool
    new = {**pool, "metadata": {**pool["metadata"], "finalizers": wanted}}
    return plane.api.replace(kind, namespace(pool), name(pool), new, Options(manager=MANAGER)).item


def _domain(pool: Object) -> str:
    return str(dig(pool, "spec", "failureDomain", default="") or "host")


def _problem(plane: Plane, pool: Object) -> str:
    """Why a pool cannot be made; empty when it can."""
    size = int(dig(pool, "spec", "replicated", "size", default=0))
    data = int(dig(pool, "spec", "erasureCoded", "dataChunks", default=0))
    coding = int(dig(pool, "spec", "erasureCoded", "codingChunks", default=0))
    if bool(size) == bool(data or coding):
        return (
            "both replication and erasure code settings cannot be specified"
            if size
            else "neither is specified"
        )
    if data or coding:
        if data < 2 or coding < 1:
            return "invalid erasure code settings: at least 2 data chunks and 1 coding chunk are needed"
        size = data + coding
    elif size == 1 and dig(pool, "spec", "replicated", "requireSafeReplicaSize", default=True):
        return "error pool size is 1 and requireSafeReplicaSize is true, must be false"
    domain = _domain(pool)
    if domain not in (*TOPOLOGY, "host", "osd"):
        return f'unrecognized failure domain "{domain}"'
    key = "ceph-osd-id" if domain == "osd" else f"topology-location-{domain}"
    class_ = dig(pool, "spec", "deviceClass", default="")
    osds = [one for one in plane.store.scan(DEPLOYMENTS.key, namespace(pool)) if "ceph-osd-id" in labels(one)]
    fitting = [one for one in osds if not class_ or labels(one).get("device-class") == class_]
    domains = {labels(one)[key] for one in fitting if key in labels(one)}
    if len(domains) < size:
        return (
            f"{size} copies or chunks need {size} failure domains of type {domain}, there are {len(domains)}"
        )
    return ""
