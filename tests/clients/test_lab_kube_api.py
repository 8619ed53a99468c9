"""What the lab's API server answers to plain HTTPS requests."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from c3tui.lab.kube.access import User
from tests.clients.kube_wires import (
    APPLY,
    CLUSTERS,
    DEFINITIONS,
    MERGE,
    NODES,
    ROOK,
    Json,
    Wire,
    all_established,
    cluster,
    eventually,
    make_room,
    running,
    storage_nodes,
)

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io"


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


async def test_immutable_and_out_of_range_fields_are_422(ceph: Wire) -> None:
    assert (await ceph.apply(CLUSTERS, manifest()))[0] == 201
    code, answer = await ceph.apply(CLUSTERS, manifest(dataDirHostPath="/elsewhere"))
    assert code == 422 and answer["details"]["causes"][0]["field"] == "spec.dataDirHostPath"
    code, answer = await ceph.apply(CLUSTERS, manifest(mon={"count": 12}))
    wanted = "spec.mon.count: Invalid value: 12: spec.mon.count in body should be less than or equal to 9"
    assert code == 422 and answer["message"].endswith(wanted)
    code, answer = await ceph.apply(CLUSTERS, manifest(mon={"count": 5}), dryRun="All")
    assert (code, answer["metadata"]["generation"]) == (200, 2)
    assert (await ceph.get(f"{CLUSTERS}/rook-ceph"))["spec"]["mon"]["count"] == 3


async def test_storage_nodes_are_one_field_of_one_owner(ceph: Wire) -> None:
    await ceph.apply(CLUSTERS, manifest())
    nodes = manifest()["spec"]["storage"]["nodes"]
    edit = {"spec": {"storage": {"nodes": nodes[:1]}}}
    await ceph.ask("PATCH", f"{CLUSTERS}/rook-ceph", edit, media=MERGE, fieldManager="kubectl-edit")
    code, answer = await ceph.apply(CLUSTERS, manifest())
    assert code == 409
    who = 'conflict with "kubectl-edit" using ceph.rook.io/v1'
    assert answer["message"] == f"Apply failed with 1 conflict: {who}: .spec.storage.nodes"
    assert (await ceph.apply(CLUSTERS, manifest(), force="true"))[0] == 200
    assert len((await ceph.get(f"{CLUSTERS}/rook-ceph"))["spec"]["storage"]["nodes"]) == 3


async def test_fields_that_an_applier_drops_go_away(wire: Wire) -> None:
    def labelled(**labels: str) -> Json:
        return {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "node-1", "labels": labels}}

    await wire.apply(NODES, labelled(role="storage", rack="r01"))
    _, node = await wire.apply(NODES, labelled(rack="r01"))
    assert "role" not in node["metadata"]["labels"] and node["metadata"]["labels"]["rack"] == "r01"
    code, answer = await wire.apply(NODES, labelled(**{"kubernetes.io/hostname": "other"}))
    assert code == 409 and 'conflict with "kubelet" using v1' in answer["message"]
    code, answer = await wire.ask("PATCH", f"{NODES}/node-1", labelled(), media=MERGE, force="true")
    assert code == 422 and "may not be specified for non-apply patch" in answer["message"]


async def test_strict_posts_name_unknown_and_duplicate_fields(ceph: Wire) -> None:
    code, answer = await ceph.ask("POST", CLUSTERS, manifest() | {"foo": 1}, fieldValidation="Strict")
    assert code == 400 and 'strict decoding error: unknown field "foo"' in answer["message"]
    text = json.dumps(manifest()).replace('"mon": {', '"mon": {"count": 5}, "mon": {')
    code, answer = await ceph.ask("POST", CLUSTERS, text, fieldValidation="Strict")
    assert code == 400 and answer["message"].endswith('duplicate field "spec.mon"')
    code, answer = await ceph.ask("POST", CLUSTERS, manifest() | {"foo": 1})
    assert code == 201 and "foo" not in answer


async def test_bodies_that_cannot_be_read_are_refused(wire: Wire) -> None:
    pods = "/api/v1/namespaces/default/pods"
    code, answer = await wire.ask(
        "POST", pods, {"metadata": {"name": "a"}, "spec": {"containers": [{"name": False}]}}
    )
    assert code == 400 and "Go struct field Pod.spec.containers" in answer["message"]
    code, answer = await wire.ask("POST", pods, '{"apiVersion": "v1", nonsense')
    assert code == 400 and "json parse error" in answer["message"]
    code, _ = await wire.ask("POST", pods, "k8s", media="application/vnd.kubernetes.protobuf")
    assert code == 415
    assert (await wire.ask("PATCH", f"{NODES}/node-1", [], media=MERGE))[0] == 400


async def test_status_is_written_only_through_its_subresource(ceph: Wire) -> None:
    await ceph.apply(CLUSTERS, manifest())
    status = {"status": {"phase": "Ready"}, "spec": {"mon": {"count": 1}}}
    _, answer = await ceph.ask("PATCH", f"{CLUSTERS}/rook-ceph", {"status": {"phase": "Ready"}}, media=MERGE)
    assert "status" not in answer
    _, answer = await ceph.ask("PATCH", f"{CLUSTERS}/rook-ceph/status", status, media=MERGE)
    assert (answer["status"]["phase"], answer["spec"]["mon"]["count"]) == ("Ready", 3)
    assert answer["metadata"]["generation"] == 1
    code, _ = await ceph.ask(
        "PATCH", f"{CLUSTERS}/rook-ceph", {}, media="application/strategic-merge-patch+json"
    )
    assert code == 415


async def test_size_limits_of_etcd_grpc_and_http(ceph: Wire) -> None:
    def padded(size: int) -> Json:
        body = manifest()
        body["spec"]["placement"] = {"padding": "x" * size}
        return body

    assert (await ceph.apply(CLUSTERS, padded(1_600_000)))[1]["message"] == "etcdserver: request is too large"
    code, answer = await ceph.apply(CLUSTERS, padded(2_200_000))
    assert code == 500 and "trying to send message larger than max" in answer["message"]
    assert (await ceph.apply(CLUSTERS, padded(3_200_000)))[0] == 413


async def test_finalizers_and_preconditions_hold_deletion(ceph: Wire) -> None:
    body = manifest()
    body["metadata"]["finalizers"] = ["lab.example/hold"]
    await ceph.apply(CLUSTERS, body)
    wrong = {"preconditions": {"uid": "00000000-0000-0000-0000-000000000000"}}
    assert (await ceph.ask("DELETE", f"{CLUSTERS}/rook-ceph", wrong))[0] == 409
    code, answer = await ceph.ask("DELETE", f"{CLUSTERS}/rook-ceph")
    assert code == 200 and answer["kind"] == "CephCluster" and answer["metadata"]["deletionTimestamp"]
    free = {"metadata": {"finalizers": None}}
    assert (await ceph.ask("PATCH", f"{CLUSTERS}/rook-ceph", free, media=MERGE))[0] == 200
    assert (await ceph.ask("GET", f"{CLUSTERS}/rook-ceph"))[0] == 404


async def test_a_namespace_empties_itself_before_it_goes(wire: Wire) -> None:
    await wire.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "gone"}})
    maps = "/api/v1/namespaces/gone/configmaps"
    await wire.ask("POST", maps, {"metadata": {"name": "a"}})
    _, answer = await wire.ask("DELETE", "/api/v1/namespaces/gone")
    assert answer["status"]["phase"] == "Terminating"
    code, answer = await wire.ask("POST", maps, {"metadata": {"name": "b"}})
    assert code == 403 and answer["details"]["causes"][0]["reason"] == "NamespaceTerminating"
    await eventually(lambda: wire.lab.store.get("/namespaces", "", "gone") is None)
    assert (await wire.ask("POST", maps, {"metadata": {"name": "b"}}))[0] == 404


async def test_a_definition_is_established_in_steps(wire: Wire) -> None:
    await wire.apply_all(ROOK / "crds.yaml")
    await eventually(lambda: all_established(wire.lab))
    steps = [
        [(one["type"], one["status"]) for one in (change.item["status"]["conditions"] or [])]
        for change in wire.lab.store.since(0)
        if change.item["metadata"]["name"] == "cephclusters.ceph.rook.io"
    ]
    assert steps == [
        [],
        [("NamesAccepted", "True"), ("Established", "False")],
        [("NamesAccepted", "True"), ("Established", "True")],
    ]
    code, answer = await wire.ask("POST", DEFINITIONS, _renamed())
    assert code == 422 and "must be spec.names.plural" in answer["message"]


def _renamed() -> Json:
    names = {"kind": "Thing", "plural": "things"}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": {"type": "object"}},
    }
    spec = {"group": "lab.example", "names": names, "scope": "Namespaced", "versions": [version]}
    return {"metadata": {"name": "wrong.lab.example"}, "spec": spec}


async def test_lists_are_paged_and_selected(wire: Wire) -> None:
    first = await wire.get(NODES, limit=2)
    assert first["metadata"]["remainingItemCount"] == 1 and "kind" not in first["items"][0]
    rest = await wire.get(NODES, limit=2, **{"continue": first["metadata"]["continue"]})
    assert [one["metadata"]["name"] for one in rest["items"]] == ["node-3"]
    assert rest["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    selected = "node-role.kubernetes.io/control-plane,kubernetes.io/hostname notin (node-2,node-3)"
    assert len((await wire.get(NODES, labelSelector=selected))["items"]) == 1
    assert len((await wire.get(NODES, fieldSelector="metadata.name=node-2"))["items"]) == 1
    code, answer = await wire.ask("GET", NODES, fieldSelector="status.phase=Running")
    assert (code, answer["message"]) == (400, "field label not supported: status.phase")
    table = await wire.get(NODES, accept=TABLE, includeObject="None")
    assert [row["cells"][0] for row in table["rows"]] == ["node-1", "node-2", "node-3"]
    assert table["rows"][0]["object"] is None
    await wire.ask("POST", "/api/v1/namespaces", {"metadata": {"name": "later"}})
    wire.lab.store.forget()
    code, answer = await wire.ask("GET", NODES, limit=2, **{"continue": first["metadata"]["continue"]})
    assert code == 410
    rest = await wire.get(NODES, limit=2, **{"continue": answer["metadata"]["continue"]})
    assert [one["metadata"]["name"] for one in rest["items"]] == ["node-3"]


async def test_selectors_turn_changes_into_arrivals_and_departures(wire: Wire) -> None:
    start = wire.lab.store.revision
    for labels in ({"pick": "me"}, {"pick": None}):
        await wire.ask("PATCH", f"{NODES}/node-1", {"metadata": {"labels": labels}}, media=MERGE)
    events = await wire.watch(NODES, 2, resourceVersion=str(start), labelSelector="pick=me")
    assert [event["type"] for event in events] == ["ADDED", "DELETED"]
    query = {
        "sendInitialEvents": "true",
        "resourceVersionMatch": "NotOlderThan",
        "allowWatchBookmarks": "true",
    }
    events = await wire.watch(NODES, 4, **query)
    assert [event["type"] for event in events] == ["ADDED", "ADDED", "ADDED", "BOOKMARK"]
    assert events[-1]["object"]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_outages_are_those_of_a_real_server(ceph: Wire) -> None:
    outage = ceph.lab.outage
    outage.trouble, outage.times = "unavailable", 1
    code, answer = await ceph.ask("GET", CLUSTERS)
    assert (code, answer["details"]["retryAfterSeconds"]) == (503, 5)
    assert (await ceph.ask("GET", CLUSTERS))[0] == 200
    outage.trouble, outage.times = "initializing", 1
    assert (await ceph.ask("GET", NODES))[0] == 200
    assert (await ceph.ask("GET", CLUSTERS))[1]["message"] == "storage is (re)initializing"
    outage.trouble = ""
    tls = ceph.tls("kubernetes-admin")
    async with ceph.session.get(ceph.url + NODES, params={"watch": "true"}, ssl=tls) as stream:
        assert json.loads(await stream.content.readline())["type"] == "ADDED"
        ceph.lab.server.cut()
        with pytest.raises(aiohttp.ClientError):
            async for _ in stream.content:
                pass
    await ceph.lab.server.refuse()
    with pytest.raises(aiohttp.ClientConnectionError):
        async with aiohttp.ClientSession() as fresh:
            await fresh.get(ceph.url + "/version", ssl=tls)
    await ceph.lab.server.accept()
    assert (await ceph.ask("GET", "/version"))[0] == 200


async def test_who_asks_decides_what_is_answered(ceph: Wire) -> None:
    code, answer = await ceph.ask("GET", NODES, user="")
    assert code == 403 and 'User "system:anonymous" cannot list resource "nodes"' in answer["message"]
    assert (await ceph.ask("GET", "/version", user=""))[0] == 200
    assert (await ceph.ask("GET", NODES, user="", token="wrong"))[0] == 401
    ceph.lab.server.tokens["right"] = User("reader", frozenset({"system:authenticated"}))
    assert (await ceph.ask("GET", NODES, user="", token="right"))[0] == 403
    roles = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": ["ceph.rook.io"], "resources": ["cephclusters"], "verbs": ["get", "list"]}]
    await ceph.ask("POST", f"{roles}/clusterroles", {"metadata": {"name": "ro"}, "rules": rules})
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "ro"}
    binding = {
        "metadata": {"name": "ro"},
        "roleRef": reference,
        "subjects": [{"kind": "User", "name": "reader"}],
    }
    await ceph.ask("POST", f"{roles}/clusterrolebindings", binding)
    assert (await ceph.ask("GET", CLUSTERS, user="reader"))[0] == 200
    code, answer = await ceph.ask("PATCH", f"{CLUSTERS}/x", {}, user="reader", media=APPLY, fieldManager="c3")
    assert code == 403 and 'cannot patch resource "cephclusters"' in answer["message"]


async def test_what_is_not_served_is_404_in_its_two_forms(wire: Wire) -> None:
    assert await wire.ask("GET", "/apis/ceph.rook.io/v1") == (404, "404 page not found\n")
    assert await wire.ask("GET", CLUSTERS) == (404, "404 page not found\n")
    code, answer = await wire.ask("GET", "/api/v1/nosuch")
    assert (code, answer["message"]) == (404, "the server could not find the requested resource")
    assert (await wire.ask("POST", f"{NODES}/node-1", {}))[0] == 405
