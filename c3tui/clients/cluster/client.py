"""The Kubernetes cluster: objects applied, nodes and Ceph watched, as plain values."""

import asyncio
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Self

from c3tui.clients.cluster.kubeconfig import open_client
from c3tui.clients.cluster.manifests import without_nulls
from c3tui.clients.cluster.nodes import Nodes, NodeState
from c3tui.clients.cluster.osds import Osds, OsdState
from c3tui.clients.cluster.refusals import ApiError
from c3tui.clients.cluster.resources import Discovery
from c3tui.clients.cluster.wire import PATIENCE, JsonDict, Wire
from c3tui.engine.errors import Unreachable

MANAGER = "c3"
"""The field manager C3 applies as."""
APPLY = {"Content-Type": "application/apply-patch+yaml"}
"""Server-side apply. Its body may be JSON; any other content type makes it a plain patch."""
LOG_LINES = 2000
_BOOKKEEPING = frozenset({"resourceVersion", "generation", "managedFields"})


class Cluster:
    """One cluster, as its administrator. All calls raise ``PeerError`` and its kinds."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._discovery = Discovery(wire)
        self._nodes = Nodes(wire)
        self._osds = Osds(wire)

    @classmethod
    async def connect(cls, kubeconfig: Path, *, patience: float = PATIENCE) -> Self:
        """Connect by a kubeconfig, and see that the API server accepts it.

        Args:
            patience: seconds the server may be away before a request fails.

        Raises:
            InputError: there is no usable kubeconfig.
            PeerError: the API server does not answer, or refuses.
        """
        wire = Wire(await open_client(kubeconfig), patience)
        try:
            # Not /version: that is answered to everybody, and before the server is ready.
            await wire.request("GET", "/api/v1/namespaces", [("limit", "1")])
        except BaseException:
            await wire.close()
            raise
        return cls(wire)

    async def close(self) -> None:
        """Give the connection up."""
        await self._wire.close()

    async def version(self) -> str:
        """The API server's version, such as ``v1.35.4``."""
        return str((await self._wire.request("GET", "/version"))["gitVersion"])

    async def apply(self, wanted: JsonDict, *, force: bool = False) -> bool:
        """Apply an object server-side, without its null values; True when that changed it.

        Args:
            force: take fields that others own. A list such as a CephCluster's nodes is one field: an
                engineer's change of one entry would be lost.

        Raises:
            ApiError: 409 when another owns a field, 500 or 422 when it does not fit its schema.
            InputError: the cluster does not know its kind.
        """
        meta = wanted["metadata"]
        resource = await self._discovery.of(wanted["apiVersion"], wanted["kind"])
        path = resource.path(meta.get("namespace", ""), meta["name"])
        before = await self._find(path)
        query = [("fieldManager", MANAGER), ("force", "true" if force else "false")]
        after = await self._wire.request("PATCH", path, query, without_nulls(wanted), APPLY)
        return before is None or _essence(after) != _essence(before)

    async def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> JsonDict | None:
        """An object, or None when there is none of that name.

        Raises:
            InputError: the cluster does not know its kind.
        """
        resource = await self._discovery.of(api_version, kind)
        return await self._find(resource.path(namespace, name))

    async def delete(self, api_version: str, kind: str, name: str, namespace: str = "") -> None:
        """Delete an object; nothing happens when it is not there.

        Raises:
            InputError: the cluster does not know its kind.
        """
        resource = await self._discovery.of(api_version, kind)
        # What an object owns goes with it. Without this a Job leaves its pods behind.
        query = [("propagationPolicy", "Background")]
        try:
            await self._wire.request("DELETE", resource.path(namespace, name), query)
        except ApiError as error:
            if error.status != 404:
                raise

    async def established(self, crd: str, limit: float) -> None:
        """Wait until a custom resource definition is accepted and its kind is served.

        Raises:
            Unreachable: it is not, after ``limit`` seconds.
        """
        deadline = time.monotonic() + limit
        while not await self._serves(crd):
            if time.monotonic() >= deadline:
                raise Unreachable(
                    f"definition {crd} is not served after {limit:.0f} s",
                    where=self._wire.where,
                    remedy=f"kubectl describe crd {crd} says why",
                )
            await asyncio.sleep(0.2)

    async def nodes(self) -> list[NodeState]:
        """Every node of the cluster."""
        return await self._nodes.all()

    async def wait_ready(
        self,
        names: Sequence[str],
        *,
        limit: float,
        on_change: Callable[[list[str]], None],
        on_trouble: Callable[[str], None] | None = None,
    ) -> dict[str, str]:
        """Wait until nodes are Ready; gives those that are not after ``limit`` seconds, with the reason.

        Args:
            on_change: told who is waited for, whenever that changes.
            on_trouble: told why the API server cannot be asked just now.

        Raises:
            Unreachable: the API server is away when the time is over.
            PeerError: it refuses.
        """
        return await self._nodes.wait_ready(names, limit=limit, on_change=on_change, on_trouble=on_trouble)

    async def osds(self, namespace: str) -> list[OsdState]:
        """Every OSD that exists; two small requests, whatever their number."""
        return await self._osds.all(namespace)

    async def osd_devices(self, namespace: str, node: str) -> dict[int, str]:
        """The device of each OSD on a node, by OSD id: ``/dev/sdb`` or ``/dev/<group>/<volume>``.

        The name is the kernel's on that server, not the link of the CephCluster. One request of some
        28 kB for each OSD there: to be asked where some are missing.
        """
        return await self._osds.devices(namespace, node)

    async def logs(self, namespace: str, selector: str, node: str = "") -> dict[str, list[str]]:
        """The last lines of the pods a label selector finds, by pod; none of a pod that has no log yet.

        Args:
            node: only pods on that node.
        """
        query = [("labelSelector", selector)]
        query += [("fieldSelector", f"spec.nodeName={node}")] if node else []
        pods = await self._wire.request("GET", f"/api/v1/namespaces/{namespace}/pods", query)
        names = [pod["metadata"]["name"] for pod in pods["items"]]
        return {name: await self._log(f"/api/v1/namespaces/{namespace}/pods/{name}/log") for name in names}

    async def _log(self, path: str) -> list[str]:
        try:
            return (await self._wire.text(path, [("tailLines", str(LOG_LINES))])).splitlines()
        except ApiError:
            # 400 before the container started, 500 when its kubelet does not answer, 404 once it is gone.
            return []

    async def _serves(self, crd: str) -> bool:
        """Whether a definition is established, and discovery has followed: that takes a moment more."""
        found = await self.get("apiextensions.k8s.io/v1", "CustomResourceDefinition", crd) or {}
        conditions = (found.get("status") or {}).get("conditions") or []
        if not any(each["type"] == "Established" and each["status"] == "True" for each in conditions):
            return False
        spec = found["spec"]
        served = [f"{spec['group']}/{each['name']}" for each in spec["versions"] if each.get("served")]
        kind = spec["names"]["kind"]
        return all([await self._discovery.find(version, kind) for version in served])

    async def _find(self, path: str) -> JsonDict | None:
        try:
            return await self._wire.request("GET", path)
        except ApiError as error:
            if error.status == 404:
                return None
            raise


def _essence(item: JsonDict) -> JsonDict:
    """An object without what its controllers write all the time."""
    meta = {key: value for key, value in item["metadata"].items() if key not in _BOOKKEEPING}
    return {**item, "metadata": meta, "status": None}
