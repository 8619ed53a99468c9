"""The lab's small Rook: OSDs on the drives that the room really has."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from c3tui.lab.room import Room
from tests.clients.kube_wires import (
    CLUSTERS,
    DEPLOYMENTS,
    MERGE,
    POOLS,
    Json,
    Wire,
    available,
    cluster,
    eventually,
    install_rook,
    make_room,
    running,
    storage_nodes,
)

CLAIMS = "/api/v1/namespaces/default/persistentvolumeclaims"
BLOCK_POOLS = "ceph.rook.io/cephblockpools"
CLASSES = "/apis/storage.k8s.io/v1/storageclasses"


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """Three servers with three data drives each: one drive has failed, one holds a filesystem."""
    room = make_room()
    drive_of(room, 1, 1).failed = True
    drive_of(room, 2, 2).contents = "filesystem"
    async with running(tmp_path, room) as started:
        await install_rook(started)
        yield started


def drive_of(room: Room, server: int, slot: int) -> Any:
    drive = room.chassis[server - 1].bays[slot].drive
    assert drive is not None
    return drive


def status_of(wire: Wire) -> Json:
    found = wire.lab.store.get("ceph.rook.io/cephclusters", "rook-ceph", "rook-ceph") or {}
    return found.get("status") or {}


def osds(wire: Wire) -> dict[int, Json]:
    """Deployments of OSDs by id."""
    found = wire.lab.store.scan("apps/deployments", "rook-ceph")
    marked = [(one["metadata"]["labels"].get("ceph-osd-id"), one) for one in found]
    return {int(number): one for number, one in marked if number is not None}


async def settled(wire: Wire, body: Json) -> None:
    """Apply a CephCluster and wait until Rook is done with this very generation and Ceph has answered."""
    code, answer = await wire.apply(CLUSTERS, body)
    assert code in (200, 201), answer
    wanted = answer["metadata"]["generation"]
    await eventually(lambda: status_of(wire).get("observedGeneration") == wanted)
    await eventually(lambda: all(available(wire.lab, one["metadata"]["name"]) for one in osds(wire).values()))
    await eventually(lambda: (status_of(wire).get("ceph") or {}).get("health") == "HEALTH_OK")


async def test_a_cluster_goes_through_rooks_own_steps(wire: Wire) -> None:
    room, start = wire.lab.room, wire.lab.store.revision
    await settled(wire, cluster(storage_nodes(room)))
    changes = [change for change in wire.lab.store.since(start) if change.key == "ceph.rook.io/cephclusters"]
    said = [(change.item.get("status") or {}).get("message", "") for change in changes]
    steps = [text for n, text in enumerate(said) if text and text != said[n - 1]]
    assert steps[:5] == [
        "Detecting Ceph version",
        "Configuring the Ceph cluster",
        "Configuring Ceph Mons",
        "Configuring Ceph Mgr(s)",
        "Configuring Ceph OSDs",
    ]
    assert sorted(steps[5:12]) == sorted(
        f'Processing OSD {n} on node "{osds(wire)[n]["metadata"]["labels"]["topology-location-host"]}"'
        for n in range(7)
    )
    assert steps[12:] == ["Cluster created successfully"]
    status = status_of(wire)
    assert (status["phase"], status["state"]) == ("Ready", "Created")
    assert status["storage"] == {"deviceClasses": [{"name": "hdd"}], "osd": {"storeType": {"bluestore": 7}}}
    assert status["ceph"]["capacity"]["bytesTotal"] == 7 * 16_000_900_661_248
    assert [one["type"] for one in status["conditions"]] == ["Ready"]


async def test_only_sound_and_blank_drives_become_osds(wire: Wire) -> None:
    room, start = wire.lab.room, wire.lab.store.revision
    await settled(wire, cluster(storage_nodes(room)))
    contents = {
        (box.position, slot): drive_of(room, box.position, slot).contents
        for box in room.chassis
        for slot in range(4)
    }
    assert contents[1, 1] == "" and contents[2, 2] == "filesystem" and contents[1, 0] == "os"
    assert sum(text.startswith("osd.") for text in contents.values()) == 7
    pods = await wire.get("/api/v1/namespaces/rook-ceph/pods", labelSelector="app=rook-ceph-osd-prepare")
    logs = ""
    for pod in pods["items"]:
        path = f"/api/v1/namespaces/rook-ceph/pods/{pod['metadata']['name']}/log"
        logs += str(await wire.get(path, container="provision"))
    assert 'skipping device "sdc" because it contains a filesystem "ext4"' in logs
    assert 'skipping device "sdb": failed to check if the device "sdb" is available.' in logs
    assert 'skipping device "sda" because it has child' in logs
    labels = osds(wire)[0]["metadata"]["labels"]
    assert labels["device-class"] == "hdd" and labels["topology-location-rack"] == "r01"
    changes = [change for change in wire.lab.store.since(start) if change.key == "/configmaps"]
    maps = [change for change in changes if change.item["metadata"]["name"] == "rook-ceph-osd-node-1-status"]
    reports = [json.loads(change.item["data"]["status"])["status"] for change in maps]
    assert reports == ["starting", "orchestrating", "completed", "completed"] and maps[-1].type == "DELETED"


async def test_new_devices_get_new_osds_and_ids_are_not_reused(wire: Wire) -> None:
    room = wire.lab.room
    await settled(wire, cluster(storage_nodes(room, (1, 2))))
    assert sorted(osds(wire)) == [0, 1, 2, 3]
    await settled(wire, cluster(storage_nodes(room)))
    assert sorted(osds(wire)) == [0, 1, 2, 3, 4, 5, 6]
    homes = {n: one["metadata"]["labels"]["failure-domain"] for n, one in osds(wire).items()}
    number = next(n for n, home in homes.items() if home == "node-3")
    box = room.by_name("node-3")
    bay = box.bay_of(wire.lab.rook.clusters["rook-ceph"].osds[number].serial)
    assert bay is not None
    room.swap(box, bay.slot)
    await eventually(lambda: not available(wire.lab, f"rook-ceph-osd-{number}"))
    await eventually(lambda: "OSD_DOWN" in status_of(wire)["ceph"]["details"])
    assert status_of(wire)["ceph"]["health"] == "HEALTH_WARN"
    await purge(wire, number)
    await eventually(lambda: number not in osds(wire))
    await scale_operator(wire, 0)
    await eventually(lambda: not available(wire.lab, "rook-ceph-operator"))
    await scale_operator(wire, 1)
    await eventually(lambda: 7 in osds(wire) and number not in osds(wire))
    await eventually(lambda: status_of(wire)["ceph"]["health"] == "HEALTH_OK")


async def scale_operator(wire: Wire, replicas: int) -> None:
    path, scale = f"{DEPLOYMENTS}/rook-ceph-operator/scale", {"spec": {"replicas": replicas}}
    assert (await wire.ask("PATCH", path, scale, media=MERGE))[0] == 200


async def purge(wire: Wire, number: int) -> None:
    words = f"ceph osd remove --preserve-pvc false --force-osd-removal false --osd-ids {number}"
    container = {"name": "osd-removal", "image": "rook/ceph", "args": words.split()}
    pod = {"restartPolicy": "Never", "containers": [container]}
    spec = {"template": {"metadata": {"labels": {"app": "rook-ceph-purge-osd"}}, "spec": pod}}
    body = {"metadata": {"name": "rook-ceph-purge-osd"}, "spec": spec}
    assert (await wire.ask("POST", "/apis/batch/v1/namespaces/rook-ceph/jobs", body))[0] == 201


async def test_a_dark_server_takes_its_osds_down_and_returns_them(wire: Wire) -> None:
    room = wire.lab.room
    await settled(wire, cluster(storage_nodes(room)))
    box = room.by_name("node-3")
    box.os_running = False
    room.emit("os-down", box)
    await eventually(lambda: "OSD_HOST_DOWN" in status_of(wire)["ceph"]["details"])
    assert status_of(wire)["ceph"]["details"]["MON_DOWN"]["message"].startswith("1/3 mons down")
    box.os_running = True
    room.emit("os-up", box)
    await eventually(lambda: status_of(wire)["ceph"]["health"] == "HEALTH_OK")


async def test_a_node_that_is_not_ready_is_skipped_and_taken_in_later(tmp_path: Path) -> None:
    room, late = make_room(4), [True]
    async with running(tmp_path, room, cni_ready=lambda box: box.position < 4 or not late[0]) as wire:
        await install_rook(wire)
        await settled(wire, cluster(storage_nodes(room, (1,))))
        assert len(osds(wire)) == 3
        late[0] = False
        await eventually(lambda: len(osds(wire)) == 4)


async def test_too_few_nodes_for_the_monitors_is_an_error_state(wire: Wire) -> None:
    await wire.apply(CLUSTERS, cluster(storage_nodes(wire.lab.room), mon={"count": 5}))
    await eventually(lambda: status_of(wire).get("state") == "Error")
    status = status_of(wire)
    assert status["conditions"][-1]["status"] == "False" and "5 mons need 5 nodes" in status["message"]


async def test_unmuted_insecure_keys_are_a_warning(wire: Wire) -> None:
    await wire.apply(CLUSTERS, cluster(storage_nodes(wire.lab.room), healthCheck={}))
    await eventually(lambda: (status_of(wire).get("ceph") or {}).get("capacity"))
    assert "AUTH_INSECURE_CLIENT_KEY_TYPE" in status_of(wire)["ceph"]["details"]


async def claim_and_use(wire: Wire) -> None:
    """A claim named data and a pod named user that mounts it."""
    await wire.apply(CLASSES, storage_class())
    claim: Json = {"accessModes": ["ReadWriteOnce"], "storageClassName": "block"}
    claim["resources"] = {"requests": {"storage": "1Gi"}}
    await wire.ask("POST", CLAIMS, {"metadata": {"name": "data"}, "spec": claim})
    pod: Json = {"containers": [{"name": "c", "image": "busybox"}]}
    volumes = [{"name": "v", "persistentVolumeClaim": {"claimName": "data"}}]
    user = {"metadata": {"name": "user"}, "spec": pod | {"volumes": volumes}}
    await wire.ask("POST", "/api/v1/namespaces/default/pods", user)


async def test_old_kernels_cannot_map_volumes_of_new_keys(wire: Wire) -> None:
    await wire.apply(CLUSTERS, cluster(storage_nodes(wire.lab.room), security={}))
    await wire.apply(POOLS, pool("replicapool", 3))
    await claim_and_use(wire)
    await eventually(lambda: phase(wire, "/persistentvolumeclaims", "default", "data") == "Bound")
    await eventually(lambda: "FailedMount" in str(wire.lab.store.scan("/events", "default")))
    assert phase(wire, "/pods", "default", "user") == "Pending"


async def test_claims_are_bound_once_the_pool_is_ready(wire: Wire) -> None:
    await claim_and_use(wire)
    await eventually(lambda: wire.lab.store.scan("/events", "default"))
    await settled(wire, cluster(storage_nodes(wire.lab.room)))
    await wire.apply(POOLS, pool("replicapool", 3))
    await eventually(lambda: phase(wire, "/persistentvolumeclaims", "default", "data") == "Bound")
    await eventually(lambda: phase(wire, "/pods", "default", "user") == "Running")
    volumes_held = (await wire.get("/api/v1/persistentvolumes"))["items"]
    assert [one["status"]["phase"] for one in volumes_held] == ["Bound"]
    await wire.ask("DELETE", f"{CLAIMS}/data")
    assert (await wire.ask("GET", f"{CLAIMS}/data"))[0] == 200
    await wire.ask("DELETE", "/api/v1/namespaces/default/pods/user")
    await eventually(lambda: not wire.lab.store.scan("/persistentvolumes"))


async def test_pools_need_their_failure_domains(wire: Wire) -> None:
    await settled(wire, cluster(storage_nodes(wire.lab.room)))
    await wire.apply(POOLS, pool("wide", 4))
    await eventually(lambda: phase(wire, BLOCK_POOLS, "rook-ceph", "wide") == "Failure")
    found = await wire.get(f"{POOLS}/wide")
    assert "need 4 failure domains of type host, there are 3" in found["status"]["conditions"][0]["message"]


async def test_deletion_waits_for_pools_and_wipes_only_when_told(wire: Wire) -> None:
    room = wire.lab.room
    await settled(wire, cluster(storage_nodes(room)))
    await wire.apply(POOLS, pool("replicapool", 3))
    await eventually(
        lambda: phase(wire, "ceph.rook.io/cephblockpools", "rook-ceph", "replicapool") == "Ready"
    )
    policy = {"cleanupPolicy": {"confirmation": "yes-really-destroy-data"}}
    await wire.ask("PATCH", f"{CLUSTERS}/rook-ceph", {"spec": policy}, media=MERGE)
    await wire.ask("DELETE", f"{CLUSTERS}/rook-ceph")
    await eventually(lambda: "until all dependents are removed" in status_of(wire).get("message", ""))
    assert osds(wire)
    await wire.ask("DELETE", f"{POOLS}/replicapool")
    await eventually(
        lambda: wire.lab.store.get("ceph.rook.io/cephclusters", "rook-ceph", "rook-ceph") is None
    )
    assert not osds(wire) and drive_of(room, 3, 1).contents == ""


async def test_a_dumped_cluster_goes_on_with_its_osds(tmp_path: Path) -> None:
    room = make_room()
    async with running(tmp_path, room) as wire:
        await install_rook(wire)
        await settled(wire, cluster(storage_nodes(room, (1, 2))))
        state, fsid = json.loads(json.dumps(wire.lab.dump())), status_of(wire)["ceph"]["fsid"]
    after = Room(room.scenario, room.chassis)
    async with running(tmp_path, after, state=state) as wire:
        await settled(wire, cluster(storage_nodes(after, (1, 2, 3))))
        assert sorted(osds(wire)) == list(range(9)) and status_of(wire)["ceph"]["fsid"] == fsid


def phase(wire: Wire, key: str, space: str, name: str) -> str:
    found = wire.lab.store.get(key, space, name) or {}
    return str((found.get("status") or {}).get("phase", ""))


def pool(name: str, size: int) -> Json:
    meta = {"name": name, "namespace": "rook-ceph"}
    spec = {"failureDomain": "host", "replicated": {"size": size}}
    return {"apiVersion": "ceph.rook.io/v1", "kind": "CephBlockPool", "metadata": meta, "spec": spec}


def storage_class() -> Json:
    secret = "csi.storage.k8s.io/provisioner-secret"
    parameters = {"clusterID": "rook-ceph", "pool": "replicapool", "imageFormat": "2"}
    parameters |= {f"{secret}-name": "rook-csi-rbd-provisioner", f"{secret}-namespace": "rook-ceph"}
    head = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "block"}}
    return head | {"provisioner": "rook-ceph.rbd.csi.ceph.com", "parameters": parameters}
