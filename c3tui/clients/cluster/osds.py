"""The OSDs that Rook has made: which exist, where, whether they run, and on which device."""

import re
from collections.abc import Collection
from dataclasses import dataclass

from c3tui.clients.cluster.lists import items, table
from c3tui.clients.cluster.wire import JsonDict, Wire

APP = "app=rook-ceph-osd"
_DEPLOYMENT = re.compile(r"rook-ceph-osd-(\d+)$")
_POD = re.compile(r"rook-ceph-osd-(\d+)-")
_DEVICE = ("ROOK_BLOCK_PATH", "ROOK_LV_PATH")
_AT_ONCE = 50


@dataclass(frozen=True)
class OsdState:
    """An OSD as its Deployment says."""

    id: int
    node: str
    """Empty when no pod of it was ever placed."""
    available: bool


class Osds:
    """The OSDs of one cluster. All calls raise ``PeerError`` and its kinds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._homes: dict[tuple[str, int], str] = {}
        """Nodes by namespace and OSD: an OSD stays where its drive is."""

    async def all(self, namespace: str) -> list[OsdState]:
        """Every OSD that exists.

        Asked as Tables: full Deployments of 3,600 OSDs are 100 MB, their metadata alone 56 MB. A Table does
        not tell the node of a Deployment, but that of its pod.
        """
        rows = await table(self._wire, _deployments(namespace), APP)
        found = {
            int(match[1]): row.get("Available", "0") not in ("", "0")
            for row in rows
            if (match := _DEPLOYMENT.match(row["Name"]))
        }
        await self._find_homes(namespace, found)
        return [OsdState(id, self._homes.get((namespace, id), ""), found[id]) for id in sorted(found)]

    async def devices(self, namespace: str, node: str) -> dict[int, str]:
        """The device of each OSD on a node, by OSD id.

        It is the one Rook found when it prepared the drive: the kernel's name such as ``/dev/sdb``, or
        ``/dev/<volume group>/<logical volume>``, whatever link the CephCluster named it by (Rook:
        pkg/daemon/ceph/osd/volume.go). Each Deployment is some 28 kB: to be asked where something is amiss.
        """
        selector = f"{APP},failure-domain={node}"
        found, _ = await items(self._wire, _deployments(namespace), [("labelSelector", selector)], _AT_ONCE)
        return {id: device for each in found if (id := _id(each)) is not None and (device := _device(each))}

    async def _find_homes(self, namespace: str, ids: Collection[int]) -> None:
        """Learn the node of every OSD: from its pods, or where it has none on a node, from its Deployment."""
        for row in await table(self._wire, f"/api/v1/namespaces/{namespace}/pods", APP):
            if (match := _POD.match(row["Name"])) and row.get("Node"):
                self._homes[(namespace, int(match[1]))] = row["Node"]
        # An id that is gone may come back elsewhere.
        for key in [key for key in self._homes if key[0] == namespace and key[1] not in ids]:
            del self._homes[key]
        unknown = sorted(id for id in ids if (namespace, id) not in self._homes)
        for start in range(0, len(unknown), _AT_ONCE):
            some = ",".join(map(str, unknown[start : start + _AT_ONCE]))
            query = [("labelSelector", f"{APP},ceph-osd-id in ({some})")]
            for each in (await items(self._wire, _deployments(namespace), query, _AT_ONCE))[0]:
                if (id := _id(each)) is not None and (home := _home(each)):
                    self._homes[(namespace, id)] = home


def _deployments(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments"


def _id(deployment: JsonDict) -> int | None:
    match = _DEPLOYMENT.match(deployment["metadata"]["name"])
    return int(match[1]) if match else None


def _home(deployment: JsonDict) -> str:
    """The node that an OSD on a drive of a node is bound to."""
    wanted = deployment["spec"]["template"]["spec"].get("nodeSelector") or {}
    return str(wanted.get("kubernetes.io/hostname", ""))


def _device(deployment: JsonDict) -> str:
    for container in deployment["spec"]["template"]["spec"].get("containers") or []:
        for variable in container.get("env") or []:
            if variable.get("name") in _DEVICE and variable.get("value"):
                return str(variable["value"])
    return ""
