"""A running cluster of the lab for tests, and the clients that speak to it."""

import asyncio
import io
import json
import shutil
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from ruamel.yaml import YAML

from c3tui.lab.chassis import Chassis
from c3tui.lab.kube import KubeLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario

ROOK = Path(__file__).resolve().parents[2] / "assets" / "lab" / "rook"
SHARED = Path(__file__).resolve().parents[2] / ".." / "shared"
APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
NODES = "/api/v1/nodes"
DEFINITIONS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
CLUSTERS = "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephclusters"
POOLS = "/apis/ceph.rook.io/v1/namespaces/rook-ceph/cephblockpools"
DEPLOYMENTS = "/apis/apps/v1/namespaces/rook-ceph/deployments"
Json = dict[str, Any]


def make_room(servers: int = 3, speed: float = 2000) -> Room:
    """Servers with an installed system; drives are sound and blank but for the system's."""
    room = Room(Scenario(servers=servers, bays=4, speed=speed, octet=40))
    for box in room.chassis:
        box.os_name, box.os_running = "ubuntu/noble", True
        box.hostname, box.address = f"node-{box.position}", f"127.42.0.{10 + box.position}"
        system = box.bays[0].drive
        assert system is not None
        system.contents = "os"
    return room


@dataclass
class Wire:
    """The API of a running lab over HTTPS."""

    lab: KubeLab
    url: str
    port: int
    session: aiohttp.ClientSession
    pki: Path
    _contexts: dict[str, ssl.SSLContext] = field(default_factory=dict)

    async def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        media: str = "",
        user: str = "kubernetes-admin",
        **more: Any,
    ) -> tuple[int, Any]:
        """Send a request; keywords are query parameters, ``accept`` and ``token`` are headers."""
        headers = {"content-type": media or "application/json"}
        if accept := more.pop("accept", ""):
            headers["accept"] = accept
        if token := more.pop("token", ""):
            headers["authorization"] = f"Bearer {token}"
        text = body if body is None or isinstance(body, str) else json.dumps(body)
        data = io.BytesIO(text.encode()) if text is not None else None
        url, tls = self.url + path, self.tls(user)
        async with self.session.request(
            method, url, params=more, data=data, headers=headers, ssl=tls
        ) as answer:
            found = await answer.text()
            is_json = "json" in answer.headers.get("content-type", "")
            return answer.status, json.loads(found) if is_json else found

    async def apply(self, path: str, body: Json, manager: str = "c3", **more: Any) -> tuple[int, Any]:
        """Server-side apply of one object to the collection at ``path``."""
        at = f"{path}/{body['metadata']['name']}"
        return await self.ask("PATCH", at, body, media=APPLY, fieldManager=manager, **more)

    async def get(self, path: str, **more: Any) -> Any:
        """The answer to a GET that works."""
        code, found = await self.ask("GET", path, **more)
        assert code == 200, found
        return found

    async def apply_all(self, file: Path) -> None:
        """Apply every document of a manifest, as an installer does."""
        for document in YAML(typ="safe").load_all(file):
            kind = self.lab.api.kinds.named(document["apiVersion"].rpartition("/")[0], document["kind"])
            assert kind is not None, document["kind"]
            base = f"/apis/{document['apiVersion']}" if "/" in document["apiVersion"] else "/api/v1"
            space = f"/namespaces/{document['metadata']['namespace']}" if kind.namespaced else ""
            code, answer = await self.apply(f"{base}{space}/{kind.plural}", document)
            assert code in (200, 201), answer

    async def watch(self, path: str, count: int, **query: str) -> list[Json]:
        """The first events of a watch."""
        params = {"watch": "true", "timeoutSeconds": "5"} | query
        tls = self.tls("kubernetes-admin")
        async with self.session.get(self.url + path, params=params, ssl=tls) as answer:
            return [json.loads(await answer.content.readline()) for _ in range(count)]

    def kubeconfig(self, path: Path) -> Path:
        """The administrator's kubeconfig as a file."""
        path.write_text(self.lab.kubeconfig)
        return path

    def tls(self, user: str) -> ssl.SSLContext:
        """TLS with the certificate of a user; without one for the empty name."""
        if user not in self._contexts:
            context = ssl.create_default_context(cafile=self.pki / "ca.crt")
            if user:
                self.lab.kubeconfig_of(user) if user != "kubernetes-admin" else self.lab.kubeconfig
                context.load_cert_chain(self.pki / f"{user}.crt", self.pki / f"{user}.key")
            self._contexts[user] = context
        return self._contexts[user]


@asynccontextmanager
async def running(
    directory: Path,
    room: Room,
    *,
    port: int = 26443,
    state: Json | None = None,
    cni_ready: Callable[[Chassis], bool] = lambda box: True,
) -> AsyncIterator[Wire]:
    """A lab that serves, with every server of the room joined unless a state says who was."""
    lab = KubeLab(room, directory, state, cni_ready)
    await lab.start("127.40.0.5", port)
    if state is None:
        for box in room.chassis:
            lab.join(
                box.hostname, control_plane=box.position == 1, labels={"topology.rook.io/rack": box.rack}
            )
    try:
        async with aiohttp.ClientSession() as session:
            yield Wire(lab, f"https://127.40.0.5:{port}", port, session, directory / "pki")
    finally:
        await lab.close()
        await room.close()


async def eventually(test: Callable[[], Any], limit: float = 8.0) -> Any:
    """Wait until a test gives something true, and return that."""
    loop = asyncio.get_running_loop()
    end = loop.time() + limit
    while True:
        if found := test():
            return found
        assert loop.time() < end, "the condition did not come true in time"
        await asyncio.sleep(0.02)


async def install_rook(wire: Wire) -> None:
    """Definitions, namespace, accounts and operators, until Rook's operator runs."""
    for file in ("crds.yaml", "common.yaml", "csi-operator.yaml"):
        await wire.apply_all(ROOK / file)
        await eventually(lambda: all_established(wire.lab))
    await wire.apply_all(ROOK / "operator.yaml")
    await eventually(lambda: available(wire.lab, "rook-ceph-operator"))


def all_established(lab: KubeLab) -> bool:
    """Whether every definition is served."""
    defined = lab.store.scan("apiextensions.k8s.io/customresourcedefinitions")
    return len(defined) == len(lab.api.kinds.custom)


def available(lab: KubeLab, name: str) -> bool:
    """Whether a Deployment of Rook's has its pods."""
    found = lab.store.get("apps/deployments", "rook-ceph", name)
    return bool(found and (found.get("status") or {}).get("availableReplicas"))


def cluster(nodes: list[Json], **spec: Any) -> Json:
    """A CephCluster as an installer writes it."""
    codes = ("AUTH_INSECURE_CLIENT_KEY_TYPE", "AUTH_INSECURE_KEYS_ALLOWED", "AUTH_INSECURE_KEYS_CREATABLE")
    wanted: Json = {
        "cephVersion": {"image": "quay.io/ceph/ceph:v20.2.4"},
        "dataDirHostPath": "/var/lib/rook",
        "mon": {"count": 3, "allowMultiplePerNode": False},
        "mgr": {"count": 2},
        "security": {"cephx": {"csi": {"keyType": "aes"}}},
        "healthCheck": {"muteHealthWarning": {code: {"policy": "mute"} for code in codes}},
        "storage": {"useAllNodes": False, "useAllDevices": False, "nodes": nodes},
    }
    meta = {"name": "rook-ceph", "namespace": "rook-ceph"}
    return {"apiVersion": "ceph.rook.io/v1", "kind": "CephCluster", "metadata": meta, "spec": wanted | spec}


def storage_nodes(room: Room, slots: tuple[int, ...] = (1, 2, 3)) -> list[Json]:
    """Every server with the drives of some bays, by path."""
    return [
        {"name": box.hostname, "devices": [{"name": box.bays[slot].by_path} for slot in slots]}
        for box in room.chassis
    ]


def kubectl(config: Path) -> Callable[..., Any]:
    """Run kubectl; skips the test where there is none."""
    found = shutil.which("kubectl")
    if found is None:
        pytest.skip("kubectl is not installed")

    async def run(*words: str, stdin: str = "") -> tuple[int, str]:
        process = await asyncio.create_subprocess_exec(
            found,
            "--kubeconfig",
            str(config),
            "--cache-dir",
            str(config.parent / "cache"),
            *words,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await asyncio.wait_for(process.communicate(stdin.encode()), 20)
        return process.returncode or 0, output.decode()

    return run
