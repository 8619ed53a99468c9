"""The lab's API server as kubectl, the Python client and plain HTTPS see it."""

import asyncio
import importlib
import json
from collections.abc import AsyncIterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.clients.kube_wires import (
    APPLY,
    CLUSTERS,
    DEFINITIONS,
    MERGE,
    NODES,
    ROOK,
    SHARED,
    Json,
    Wire,
    all_established,
    cluster,
    eventually,
    kubectl,
    make_room,
    running,
    storage_nodes,
)


def module(name: str) -> Any:
    """A part of the Kubernetes client, which is only partly typed."""
    return importlib.import_module(name)


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """Three nodes, no definitions."""
    async with running(tmp_path, make_room()) as started:
        yield started


@pytest.fixture
async def ceph(wire: Wire) -> Wire:
    """With Rook's definitions and namespace, and nobody who acts on them."""
    await wire.apply_all(ROOK / "crds.yaml")
    await wire.apply_all(ROOK / "common.yaml")
    await eventually(lambda: all_established(wire.lab))
    return wire


def manifest(**spec: Any) -> Json:
    return cluster(storage_nodes(make_room()), **spec)


async def test_kubectl_lists_applies_waits_and_deletes(ceph: Wire, tmp_path: Path) -> None:
    run = kubectl(ceph.kubeconfig(tmp_path / "config"))
    await eventually(lambda: node_ready(ceph, "node-1") == "True")
    code, text = await run("get", "nodes", "-o", "wide")
    assert code == 0 and "node-1   Ready    control-plane" in text and "6.8.0-84-generic" in text
    file = tmp_path / "cluster.json"
    file.write_text(json.dumps(manifest()))
    apply = ("apply", "--server-side", "-f", str(file), "--field-manager")
    code, text = await run(*apply, "c3")
    assert code == 0 and "cephcluster.ceph.rook.io/rook-ceph serverside-applied" in text
    version = (await ceph.get(f"{CLUSTERS}/rook-ceph"))["metadata"]["resourceVersion"]
    assert (await run(*apply, "c3"))[0] == 0
    assert (await ceph.get(f"{CLUSTERS}/rook-ceph"))["metadata"]["resourceVersion"] == version
    file.write_text(json.dumps(manifest(mon={"count": 5})))
    code, text = await run(*apply, "engineer")
    assert code == 1 and 'conflict with "c3": .spec.mon.count' in text
    code, text = await run("get", "cephcluster", "-A")
    assert text.splitlines()[0].split()[:5] == ["NAMESPACE", "NAME", "DATADIRHOSTPATH", "MONCOUNT", "AGE"]
    await ceph.ask("PATCH", f"{CLUSTERS}/rook-ceph/status", {"status": {"phase": "Ready"}}, media=MERGE)
    words = ("-n", "rook-ceph", "wait", "--for=jsonpath={.status.phase}=Ready", "cephcluster/rook-ceph")
    assert (await run(*words, "--timeout=5s"))[0] == 0
    assert (await run("-n", "rook-ceph", "delete", "cephcluster", "rook-ceph"))[0] == 0
    assert (await ceph.ask("GET", f"{CLUSTERS}/rook-ceph"))[0] == 404


def node_ready(wire: Wire, name: str) -> str:
    node = wire.lab.store.get("/nodes", "", name) or {}
    found = [
        one["status"] for one in (node.get("status") or {}).get("conditions", []) if one["type"] == "Ready"
    ]
    return found[0] if found else ""


async def test_nodes_wait_for_their_network_and_follow_their_server(tmp_path: Path) -> None:
    room, configured = make_room(), set[str]()
    async with running(tmp_path, room, cni_ready=lambda box: box.hostname in configured) as wire:
        node = await wire.get(f"{NODES}/node-2")
        ready = next(one for one in node["status"]["conditions"] if one["type"] == "Ready")
        assert (ready["status"], "cni config uninitialized" in ready["message"]) == ("False", True)
        assert node["metadata"]["labels"]["topology.rook.io/rack"] == "r01"
        configured.add("node-2")
        await eventually(lambda: node_ready(wire, "node-2") == "True")
        before = await wire.get(f"{NODES}/node-2")
        wire.lab.join("node-2", control_plane=False, labels={"other": "label"})
        assert "other" not in (await wire.get(f"{NODES}/node-2"))["metadata"]["labels"]
        box = room.by_name("node-2")
        box.os_running = False
        room.emit("os-down", box)
        await eventually(lambda: node_ready(wire, "node-2") == "Unknown")
        gone = await wire.get(f"{NODES}/node-2")
        assert gone["spec"]["taints"][0]["key"] == "node.kubernetes.io/unreachable"
        box.os_running = True
        room.emit("os-up", box)
        await eventually(lambda: node_ready(wire, "node-2") == "True")
        assert (await wire.get(f"{NODES}/node-2"))["metadata"]["uid"] == before["metadata"]["uid"]
        wire.lab.leave("node-2")
        assert (await wire.ask("GET", f"{NODES}/node-2"))[0] == 404
        with pytest.raises(KeyError):
            wire.lab.join("nobody", control_plane=False, labels={})


async def test_the_last_control_plane_node_takes_the_cluster_along(ceph: Wire) -> None:
    answer = await ceph.lab.operations()["kubeadm-init"]({"node": "node-1"})
    assert answer["kubeconfig"] == ceph.lab.kubeconfig
    await ceph.lab.operations()["kubeadm-reset"]({"node": "node-1"})
    assert (await ceph.get(NODES))["items"] == []
    assert (await ceph.ask("GET", CLUSTERS))[0] == 404
    await ceph.lab.operations()["kubeadm-join"](
        {"node": "node-3", "control_plane": True, "labels": {"a": "b"}}
    )
    assert (await ceph.get(f"{NODES}/node-3"))["metadata"]["labels"]["a"] == "b"


async def test_python_client_reads_conflicts_and_refusals(ceph: Wire, tmp_path: Path) -> None:
    client, config = module("kubernetes.aio.client"), module("kubernetes.aio.config")

    settings = client.Configuration()
    await config.load_kube_config(str(ceph.kubeconfig(tmp_path / "config")), client_configuration=settings)
    where = ("ceph.rook.io", "v1", "rook-ceph", "cephclusters")

    async with client.ApiClient(settings) as api:
        objects = client.CustomObjectsApi(api)

        async def apply(body: Json, manager: str, **more: Any) -> Json:
            found: Json = await objects.patch_namespaced_custom_object(
                *where, "rook-ceph", body, field_manager=manager, _content_type=APPLY, **more
            )
            return found

        async def refusal(body: Json, manager: str = "c3") -> tuple[int, str]:
            with pytest.raises(client.ApiException) as caught:
                await apply(body, manager)
            return caught.value.status, json.loads(caught.value.body)["message"]

        await apply(manifest(), "c3")
        assert (await apply(manifest(), "c3"))["metadata"]["generation"] == 1
        code, text = await refusal(manifest(mgr={"count": 1}, mon={"count": 5}), "other")
        assert code == 409 and text.startswith(
            'Apply failed with 2 conflicts: conflicts with "c3":\n- .spec.mgr.count'
        )
        forced = await apply(manifest(mgr={"count": 1}), "other", force=True)
        assert forced["spec"]["mgr"]["count"] == 1 and forced["metadata"]["generation"] == 2
        prefix = (
            "failed to create typed patch object (rook-ceph/rook-ceph; ceph.rook.io/v1, Kind=CephCluster): "
        )
        unknown = await refusal(manifest(storage={"useAllNode": True}))
        assert unknown == (500, prefix + ".spec.storage.useAllNode: field not declared in schema")
        wrong = await refusal(manifest(mon={"count": "three"}))
        assert wrong == (500, prefix + ".spec.mon.count: expected numeric (int or float), got string")
        code, text = await refusal(manifest(mgr={"count": 1}, csi={"cephfs": None}))
        assert code == 422 and "spec.csi.cephfs in body must be of type object" in text
        nodes = await client.CoreV1Api(api).list_node()
        assert [node.metadata.name for node in nodes.items] == ["node-1", "node-2", "node-3"]
        deployments = await client.AppsV1Api(api).list_namespaced_deployment("rook-ceph")
        assert deployments.items == []


async def test_a_watch_resumes_where_it_stopped_and_expires(ceph: Wire, tmp_path: Path) -> None:
    client, config, watch = (module(f"kubernetes.{part}") for part in ("client", "config", "watch"))

    def watch_once(version: str) -> tuple[list[str], str]:
        watcher = watch.Watch()
        seen = []
        settings = client.Configuration()
        config.load_kube_config(str(tmp_path / "config"), client_configuration=settings)
        with client.ApiClient(settings) as api:
            listing = client.CustomObjectsApi(api).list_namespaced_custom_object
            for event in watcher.stream(
                listing,
                "ceph.rook.io",
                "v1",
                "rook-ceph",
                "cephclusters",
                resource_version=version,
                timeout_seconds=1,
                _request_timeout=5,
            ):
                seen.append(f"{event['type']} {event['object']['metadata']['generation']}")
        return seen, str(watcher.resource_version)

    ceph.kubeconfig(tmp_path / "config")
    start = (await ceph.get(CLUSTERS))["metadata"]["resourceVersion"]
    await ceph.apply(CLUSTERS, manifest())
    seen, version = await asyncio.to_thread(watch_once, start)
    assert seen == ["ADDED 1"]
    await ceph.apply(CLUSTERS, manifest(mon={"count": 5}))
    await ceph.ask("DELETE", f"{CLUSTERS}/rook-ceph")
    seen, _ = await asyncio.to_thread(watch_once, version)
    assert seen == ["MODIFIED 2", "DELETED 2"]
    ceph.lab.store.forget()
    with pytest.raises(client.ApiException) as caught:
        await asyncio.to_thread(watch_once, version)
    assert caught.value.status == 410


async def test_certificates_and_objects_outlive_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path, make_room()) as wire:
        await wire.apply_all(ROOK / "crds.yaml")
        await eventually(lambda: all_established(wire.lab))
        await wire.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "kept"}})
        config, state = wire.lab.kubeconfig, json.loads(json.dumps(wire.lab.dump()))
    async with running(tmp_path, make_room(), state=state) as wire:
        assert wire.lab.kubeconfig == config
        assert (await wire.get("/api/v1/namespaces/kept"))["metadata"]["name"] == "kept"
        assert (await wire.get(CLUSTERS.replace("rook-ceph", "kept")))["items"] == []
        assert len((await wire.get(NODES))["items"]) == 3
        events = await wire.watch(NODES, 1, resourceVersion="1")
        assert events[0]["object"]["code"] == 410


STORIES = ("03-nodes", "04-cephcluster", "07-storage")
OUT_OF_STORY = (
    "SURPRISE: the very first request",
    "garbage continue",
    "change storageClassName",
    "events.k8s.io",
)
"""Requests whose answer depends on an apiserver's start, on Go's words, or on what is left out here."""


@pytest.mark.parametrize("story", STORIES)
async def test_recorded_answers_of_a_real_server_are_given_again(tmp_path: Path, story: str) -> None:
    record = SHARED / "kubernetes" / "transcripts" / f"{story}.json"
    if not record.exists():
        pytest.skip(f"no recorded transcripts at {record.parent}")
    async with running(tmp_path, make_room(), state={}) as wire:
        await _apply_real_definitions(wire)
        await wire.lab.pause()
        if story != "04-cephcluster":
            await wire.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "rook-ceph"}})
        for unrecorded in ("r01-s01", "r01-s02"):
            await wire.ask("POST", NODES, {"metadata": {"name": unrecorded, "labels": {"lab": "1"}}})
        wrong = [found for entry in json.loads(record.read_text()) if (found := await _replay(wire, entry))]
    assert wrong == [], "\n".join(wrong)


async def _apply_real_definitions(wire: Wire) -> None:
    for document in _real_definitions():
        assert (await wire.apply(DEFINITIONS, document))[0] == 201
    await eventually(lambda: all_established(wire.lab))


@lru_cache
def _real_definitions() -> list[Json]:
    kinds = ("cephclusters.ceph", "cephblockpools.ceph")
    return [YAML(typ="safe").load(SHARED / "rook" / f"crd-{kind}.rook.io.yaml") for kind in kinds]


async def _replay(wire: Wire, entry: Json) -> str:
    """What differs from the record; empty when number, message and reason are the same."""
    request, wanted = entry["request"], entry["response"]
    body = request.get("body")
    trimmed = isinstance(body, dict) and ("trimmed" in body or set(body) == {"text"})
    if trimmed or "lines" in wanted or any(words in entry["note"] for words in OUT_OF_STORY):
        return ""
    headers = request["headers"]
    query = {key: str(value) for key, value in (request.get("query") or {}).items()}
    media, accept = headers.get("content-type", ""), headers.get("accept", "")
    code, answer = await wire.ask(
        request["method"], request["path"], body, media=media, accept=accept, **query
    )
    if code != wanted["status"]:
        return f"{entry['note']}: {code} instead of {wanted['status']}: {answer}"
    recorded = wanted.get("json")
    if isinstance(recorded, dict) and recorded.get("kind") == "Status" and "uid" not in str(recorded):
        said = {key: answer.get(key) for key in ("message", "reason", "code")}
        if said != {key: recorded.get(key) for key in said} and "UID in record" not in str(recorded):
            return f"{entry['note']}: {answer}"
    return ""
