"""The lab's Kubernetes over a small machine room, and the objects that make its Rook work."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c3tui.clients.cluster import Cluster
from c3tui.clients.cluster.kubeconfig import open_client
from c3tui.clients.cluster.wire import Wire
from c3tui.lab.chassis import Chassis
from c3tui.lab.kube.lab import KubeLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario
from c3tui.model.fleet import Bay, Drive, Server, TestState
from c3tui.model.placement import Placement, place
from c3tui.model.plan import Plan
from tests.support.cluster import plan

HOST = "127.90.0.1"
SPACE = "rook-ceph"


@dataclass
class World:
    """A lab with its servers up, and where its kubeconfig lies."""

    room: Room
    kube: KubeLab
    kubeconfig: Path

    @property
    def names(self) -> list[str]:
        return [box.name for box in self.room.chassis]


@asynccontextmanager
async def running(directory: Path, port: int) -> AsyncIterator[World]:
    """A lab of three servers that are up and no nodes yet."""
    room = Room(Scenario(servers=3, bays=3, octet=90, speed=2000, servers_per_rack=1))
    for box in room.chassis:
        box.powered = box.os_running = True
        box.hostname, box.os_name = box.name, "ubuntu/noble"
    kube = KubeLab(room, directory / "lab")
    await kube.start(HOST, port)
    file = directory / "kubeconfig"
    file.write_text(kube.kubeconfig)
    yield World(room, kube, file)
    await kube.close()
    await room.close()


def definition(plural: str, kind: str, spec: dict[str, Any], group: str = "ceph.rook.io") -> dict[str, Any]:
    """A custom resource definition, namespaced, with a status of its own."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {"type": "object", "properties": spec},
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version],
        },
    }


OPEN = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
MON = {"type": "object", "properties": {"count": {"type": "integer", "maximum": 9}}} | OPEN
STORAGE = {
    "type": "object",
    "properties": {
        "useAllNodes": {"type": "boolean"},
        "useAllDevices": {"type": "boolean"},
        "nodes": {"type": "array", "items": OPEN},
    },
}
DEFINITIONS = (
    definition(
        "cephclusters",
        "CephCluster",
        {
            "mon": MON,
            "storage": STORAGE,
            "dataDirHostPath": {"type": "string"},
            **dict.fromkeys(("cephVersion", "mgr", "dashboard", "security", "healthCheck"), OPEN),
        },
    ),
    definition(
        "cephblockpools",
        "CephBlockPool",
        dict.fromkeys(("replicated", "parameters"), OPEN) | {"failureDomain": {"type": "string"}},
    ),
    definition("drivers", "Driver", {"log": OPEN}, group="csi.ceph.io"),
)


def operator(name: str) -> dict[str, Any]:
    """The Deployment of an operator."""
    marks = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": SPACE},
        "spec": {
            "selector": {"matchLabels": marks},
            "template": {
                "metadata": {"labels": marks},
                "spec": {"containers": [{"name": "operator", "image": "rook"}]},
            },
        },
    }


def namespace() -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}


def ceph_cluster(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "ceph.rook.io/v1",
        "kind": "CephCluster",
        "metadata": {"name": "rook-ceph", "namespace": SPACE},
        "spec": {"mon": {"count": 3}, "dataDirHostPath": "/var/lib/rook", **spec},
    }


async def install(cluster: Cluster) -> None:
    """Rook as its manifests bring it, in short."""
    for each in DEFINITIONS:
        await cluster.apply(each)
    for each in DEFINITIONS:
        await cluster.established(each["metadata"]["name"], 5.0)
    driver = {
        "apiVersion": "csi.ceph.io/v1",
        "kind": "Driver",
        "metadata": {"name": f"{SPACE}.rbd.csi.ceph.com", "namespace": SPACE},
        "spec": {"log": {}},
    }
    for each in (
        namespace(),
        operator("rook-ceph-operator"),
        operator("ceph-csi-controller-manager"),
        driver,
    ):
        await cluster.apply(each)


def placed(boxes: list[Chassis]) -> Placement:
    """The data drives of the room as the record of a site would have them."""
    servers = []
    for box in boxes:
        bays = [
            Bay(
                slot=bay.slot,
                path=bay.by_path,
                drive=Drive(
                    serial=bay.drive.serial, size=bay.drive.size, rotational=True, test=TestState.PASSED
                ),
            )
            for bay in box.bays
            if bay.drive and bay.slot
        ]
        servers.append(Server(id=box.name, name=box.name, rack=box.rack, unit=1, bays=bays))
    return place(servers, (), ())


async def until(ask: Callable[[], Any], good: Callable[[Any], bool], limit: float = 8.0) -> Any:
    """Ask again until the answer is good."""
    end = time.monotonic() + limit
    while not good(found := await ask()):
        assert time.monotonic() < end, f"still {found}"
        await asyncio.sleep(0.05)
    return found


def site() -> Plan:
    """The small plan, with a Ceph image whose version can be read."""
    chosen = plan(3)
    storage = chosen.storage.model_copy(update={"ceph_image": "quay.io/ceph/ceph:v20.2.4"})
    return chosen.model_copy(update={"storage": storage})


async def edit(world: World, wanted: dict[str, Any]) -> None:
    """Change an object as ``kubectl edit`` does: a merge patch of another manager."""
    wire = Wire(await open_client(world.kubeconfig))
    path = f"/apis/ceph.rook.io/v1/namespaces/{SPACE}/cephclusters/{wanted['metadata']['name']}"
    patch = {"Content-Type": "application/merge-patch+json"}
    await wire.request("PATCH", path, [("fieldManager", "kubectl-edit")], {"spec": wanted["spec"]}, patch)
    await wire.close()
