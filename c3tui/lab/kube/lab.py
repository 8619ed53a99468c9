"""The lab's Kubernetes: API server, controllers and Rook over one machine room."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from c3tui.lab.chassis import Chassis
from c3tui.lab.control import Operation
from c3tui.lab.kube.api import Api
from c3tui.lab.kube.bodies import Options
from c3tui.lab.kube.controllers.nodes import Kubelets
from c3tui.lab.kube.controllers.plane import Plane
from c3tui.lab.kube.controllers.pods import Pods
from c3tui.lab.kube.controllers.upkeep import Upkeep
from c3tui.lab.kube.controllers.volumes import Volumes
from c3tui.lab.kube.controllers.workloads import Workloads
from c3tui.lab.kube.kinds import DEFINITIONS, NAMESPACES, NODES, Kinds
from c3tui.lab.kube.logs import Logs
from c3tui.lab.kube.objects import Object, labels, name
from c3tui.lab.kube.outage import Outage
from c3tui.lab.kube.pki import Pki
from c3tui.lab.kube.rook.operator import Operator
from c3tui.lab.kube.server import Server
from c3tui.lab.kube.store import Store
from c3tui.lab.room import Event, Room, settle

_log = logging.getLogger(__name__)
RESTART_SECONDS = 1.0
"""Real seconds before a controller that failed is started again."""
_HOMES = ("default", "kube-node-lease", "kube-public", "kube-system")


class KubeLab:
    """A cluster that servers of the room can join.

    Args:
        room: the machines.
        directory: where the certificates are kept.
        state: what ``dump`` gave earlier.
        cni_ready: whether the network plugin of a server is configured, so that its Node may be Ready.
    """

    def __init__(
        self,
        room: Room,
        directory: Path,
        state: dict[str, Any] | None = None,
        cni_ready: Callable[[Chassis], bool] = lambda box: True,
    ) -> None:
        state = state or {}
        self.room = room
        self.store = Store()
        self.api = Api(self.store, Kinds())
        self.logs = Logs()
        self.server = Server(self.api, self.logs)
        self._pki = Pki(directory / "pki")
        self._address = ""
        plane = Plane(room, self.api, self.logs)
        self.kubelets = Kubelets(plane, cni_ready, state.get("joined", ()))
        self._pods = Pods(plane)
        self._workloads, self._volumes = Workloads(plane), Volumes(plane)
        self.rook = Operator(plane, self._pods, state.get("ceph"))
        self._upkeep = Upkeep(plane)
        self._tasks: list[asyncio.Task[None]] = []
        self._pods.examiners.append(self.rook.examine)
        self._pods.paced.add("rook-ceph-osd-prepare")
        self._workloads.on_done.append(self.rook.job_done)
        self._volumes.provisioners.append(self.rook.csi.provision)
        if "store" in state:
            self._load(state["store"])
        self._bootstrap()

    async def start(self, host: str, port: int) -> None:
        """Serve at an address and let the controllers act.

        Raises:
            OSError: the address is not to be had.
        """
        self._address = f"https://{host}:{port}"
        await self.server.start(host, port, self._pki.server_context(host))
        self.room.listen(self._on_room)
        controllers = (self.kubelets, self._pods, self._workloads, self._volumes, self._upkeep, self.rook)
        for controller in controllers:
            self._tasks.append(asyncio.get_running_loop().create_task(_keep(controller.run)))

    async def pause(self) -> None:
        """Stop the controllers: objects are served as they are written, and nobody acts on them."""
        for task in self._tasks:
            await settle(task)
        self._tasks.clear()

    async def close(self) -> None:
        """Stop everything; the objects stay for ``dump``."""
        await self.pause()
        await self.server.close()

    @property
    def kubeconfig(self) -> str:
        """The administrator's kubeconfig, YAML."""
        return self._pki.kubeconfig(self._address, "kubernetes-admin", "system:masters")

    def kubeconfig_of(self, user: str, *groups: str) -> str:
        """The kubeconfig of a user who may do what roles allow."""
        return self._pki.kubeconfig(self._address, user, *groups)

    @property
    def outage(self) -> Outage:
        """How the API server misbehaves."""
        return self.server.outage

    def dump(self) -> dict[str, Any]:
        """Everything that a later lab needs to go on, as JSON holds it."""
        return {
            "store": self.store.dump(),
            "joined": sorted(self.kubelets.joined),
            "ceph": self.rook.dump(),
        }

    def join(self, node: str, *, control_plane: bool, labels: dict[str, str]) -> None:
        """Register a server, named by chassis or host name, as a Node; nothing changes when it is one.

        Raises:
            KeyError: the room has no such server.
        """
        self.kubelets.join(node, control_plane=control_plane, labels=labels)

    def leave(self, node: str) -> None:
        """Take a server out of the cluster; with the last control plane node the cluster is gone.

        Raises:
            KeyError: the room has no such server.
        """
        was_control_plane = self._control_planes()
        self.kubelets.leave(node)
        if was_control_plane and not self._control_planes():
            self._forget_cluster()

    def operations(self) -> dict[str, Operation]:
        """What the stand-in commands on the nodes ask for."""
        return {"kubeadm-init": self._init, "kubeadm-join": self._join, "kubeadm-reset": self._reset}

    async def _init(self, request: dict[str, Any]) -> dict[str, Any]:
        self.join(request["node"], control_plane=True, labels=request.get("labels") or {})
        return {"kubeconfig": self.kubeconfig}

    async def _join(self, request: dict[str, Any]) -> dict[str, Any]:
        control_plane = bool(request.get("control_plane"))
        self.join(request["node"], control_plane=control_plane, labels=request.get("labels") or {})
        return {}

    async def _reset(self, request: dict[str, Any]) -> dict[str, Any]:
        self.leave(request["node"])
        return {}

    def _control_planes(self) -> list[str]:
        mark = "node-role.kubernetes.io/control-plane"
        return [name(node) for node in self.store.scan(NODES.key) if mark in labels(node)]

    def _forget_cluster(self) -> None:
        """etcd went with its last member."""
        self.store.clear()
        self.api.kinds.custom.clear()
        self.kubelets.joined.clear()
        self.rook.clusters.clear()
        self._bootstrap()

    def _load(self, state: Object) -> None:
        self.store.load(state)
        for crd in self.store.scan(DEFINITIONS.key):
            self.api.kinds.learn(crd)

    def _bootstrap(self) -> None:
        for home in _HOMES:
            if self.store.get(NAMESPACES.key, "", home) is None:
                self.api.create(
                    NAMESPACES, "", {"metadata": {"name": home}}, Options(manager="kube-apiserver")
                )

    def _on_room(self, event: Event, box: Chassis) -> None:
        self.kubelets.on_room(event, box)
        self._pods.on_room(event, box)


async def _keep(run: Callable[[], Awaitable[None]]) -> None:
    """Run a controller; one that falls over is reported and started again."""
    while True:
        try:
            await run()
        except Exception:
            _log.exception("a controller of the lab's Kubernetes failed")
        await asyncio.sleep(RESTART_SECONDS)
