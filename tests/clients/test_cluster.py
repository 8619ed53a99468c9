"""The Kubernetes client against the lab's API server: connecting, applying, waiting for nodes."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.clients.cluster import ApiError, Cluster
from c3tui.engine.errors import InputError, Unauthorised, Unreachable
from c3tui.lab.kube.pki import Pki
from tests.clients.cluster_world import (
    HOST,
    SPACE,
    World,
    ceph_cluster,
    edit,
    install,
    namespace,
    running,
    until,
)

PORT = 16490


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path, PORT) as found:
        yield found


@pytest.fixture
async def cluster(world: World) -> AsyncIterator[Cluster]:
    found = await Cluster.connect(world.kubeconfig, patience=2.0)
    yield found
    await found.close()


async def test_connects_and_tells_the_version(cluster: Cluster) -> None:
    assert (await cluster.version()).startswith("v1.")


async def test_a_missing_kubeconfig_is_told_as_such(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no kubeconfig yet") as caught:
        await Cluster.connect(tmp_path / "kubeconfig")
    assert "kubernetes step" in caught.value.remedy


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no kubeconfig"),
        ("- a\n- b\n", "no kubeconfig"),
        ("users: [{name: a, user: {client-key-data: TOPSECRET", "is no YAML"),
        ("apiVersion: v1\nkind: Config\n", "Expected key"),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'ftp://x'}}]\n",
            "names no server",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://127.90.0.1:1'}}]\n"
            "users: [{name: c, user: {client-key-data: TOPSECRET!, client-certificate-data: eHh4}}]\n",
            "client-key-data is no base64",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {server: 'https://127.90.0.1:1'}}]\n"
            "users: [{name: c, user: {client-key-data: VE9QU0VDUkVU, client-certificate-data: eHh4}}]\n",
            "cannot be loaded",
        ),
        (
            "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
            "clusters: [{name: b, cluster: {}}]\nusers: [{name: c, user: {}}]\n",
            "names no server",
        ),
        ("current-context: a\nclusters: 5\nusers: x\n", "Expected key"),
        ("users: [{name: c, usr: {client-key-data: TOPSECRET}}]\nclusters: [{}]\n", "Expected key"),
    ],
)
async def test_a_garbled_kubeconfig_is_told_without_its_secrets(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "kubeconfig"
    file.write_text(text)
    with pytest.raises(InputError, match=why) as caught:
        await Cluster.connect(file)
    chain = [caught.value, caught.value.__cause__]
    assert not any(secret in str(each) for each in chain for secret in ("TOPSECRET", "VE9QU0"))
    assert str(file) in str(caught.value)


async def test_keys_are_left_in_no_file(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    for _ in range(2):
        found = await Cluster.connect(world.kubeconfig)
        assert list(scratch.iterdir()) == []
        await found.close()


async def test_keys_beside_the_kubeconfig_are_found(world: World, tmp_path: Path) -> None:
    pki = tmp_path / "lab" / "pki"
    (pki / "kubeconfig").write_text(
        "current-context: a\ncontexts: [{name: a, context: {cluster: b, user: c}}]\n"
        f"clusters: [{{name: b, cluster: {{server: 'https://{HOST}:{PORT}',"
        " certificate-authority: ca.crt}}]\n"
        "users: [{name: c, user: {client-certificate: kubernetes-admin.crt,"
        " client-key: kubernetes-admin.key}}]\n"
    )
    found = await Cluster.connect(pki / "kubeconfig")
    await found.close()


async def test_another_clusters_certificate_is_not_trusted(world: World, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text(Pki(tmp_path / "pki").kubeconfig(f"https://{HOST}:{PORT}", "admin", "system:masters"))
    began = time.monotonic()
    with pytest.raises(Unauthorised, match="do not belong together") as caught:
        await Cluster.connect(other, patience=30)
    assert time.monotonic() - began < 3, "nothing to wait for"
    assert f"https://{HOST}:{PORT}" in str(caught.value) and caught.value.remedy


async def test_a_dead_server_is_unreachable(world: World) -> None:
    await world.kube.close()
    with pytest.raises(Unreachable, match="does not answer") as caught:
        await Cluster.connect(world.kubeconfig, patience=0.3)
    assert caught.value.where == f"https://{HOST}:{PORT}"


async def test_a_user_without_rights_is_refused_in_the_servers_words(world: World) -> None:
    world.kubeconfig.write_text(world.kube.kubeconfig_of("somebody"))
    with pytest.raises(ApiError, match="somebody") as caught:
        await Cluster.connect(world.kubeconfig, patience=0.3)
    assert caught.value.status == 403 and "right" in caught.value.remedy


async def test_applying_twice_changes_nothing_the_second_time(cluster: Cluster) -> None:
    assert await cluster.apply(namespace()) is True
    assert await cluster.apply(namespace()) is False
    named = namespace()
    named["metadata"]["labels"] = {"a": "b"}
    assert await cluster.apply(named) is True


async def test_nulls_are_not_sent(cluster: Cluster) -> None:
    await install(cluster)
    await cluster.apply(ceph_cluster(dashboard={"enabled": True, "port": None}, mgr=None))
    found = await cluster.get("ceph.rook.io/v1", "CephCluster", "rook-ceph", SPACE)
    assert found and found["spec"]["dashboard"] == {"enabled": True} and "mgr" not in found["spec"]


async def test_a_conflict_names_field_and_owner(world: World, cluster: Cluster) -> None:
    await install(cluster)
    mine = {"useAllNodes": False, "nodes": [{"name": "c3-001"}]}
    await cluster.apply(ceph_cluster(storage=mine))
    await edit(world, ceph_cluster(storage={"nodes": [{"name": "c3-009"}]}))
    with pytest.raises(ApiError, match=r"\.spec\.storage\.nodes \(kubectl-edit\)") as caught:
        await cluster.apply(ceph_cluster(storage=mine))
    assert caught.value.status == 409 and f"{HOST}:{PORT}" in caught.value.where and caught.value.remedy
    assert await cluster.apply(ceph_cluster(storage=mine), force=True) is True


async def test_what_does_not_fit_the_schema_is_one_sentence(cluster: Cluster) -> None:
    await install(cluster)
    with pytest.raises(ApiError) as unknown:
        await cluster.apply(ceph_cluster(storage={"useAllNode": False}))
    assert unknown.value.status == 500
    assert unknown.value.what == (
        "CephCluster rook-ceph/rook-ceph does not fit its schema: "
        ".spec.storage.useAllNode: field not declared in schema"
    )
    with pytest.raises(ApiError) as range_:
        await cluster.apply(ceph_cluster(mon={"count": 12}))
    assert range_.value.status == 422
    assert range_.value.what.startswith("CephCluster rook-ceph is invalid: spec.mon.count: Invalid value: 12")


async def test_an_unknown_kind_is_the_definitions_fault(cluster: Cluster) -> None:
    with pytest.raises(InputError, match="does not know CephCluster") as caught:
        await cluster.apply(ceph_cluster())
    assert "definitions" in caught.value.remedy


async def test_a_definition_that_never_comes_is_named(cluster: Cluster) -> None:
    with pytest.raises(Unreachable, match=r"nosuch\.ceph\.rook\.io is not served"):
        await cluster.established("nosuch.ceph.rook.io", 0.3)


async def test_the_first_use_of_a_new_definition_may_ask_for_patience(world: World, cluster: Cluster) -> None:
    world.kube.outage.fresh_429 = True
    await install(cluster)
    assert await cluster.get("ceph.rook.io/v1", "CephCluster", "rook-ceph", SPACE) is None


async def test_get_and_delete_of_what_is_not_there(cluster: Cluster) -> None:
    assert await cluster.get("v1", "Namespace", "nosuch") is None
    await cluster.delete("v1", "Namespace", "nosuch")


async def test_waits_until_nodes_are_ready_and_tells_who_is_left(world: World, cluster: Cluster) -> None:
    told: list[list[str]] = []
    waiting = asyncio.create_task(cluster.wait_ready(world.names, limit=8, on_change=told.append))
    for place, name in enumerate(world.names):
        left = world.names[place:]
        await until(lambda: asyncio.sleep(0, told[-1:]), [left].__eq__)
        world.kube.join(name, control_plane=False, labels={"topology.rook.io/rack": "r1"})
    assert await waiting == {}
    assert told[-1] == []
    nodes = await cluster.nodes()
    assert [node.ready for node in nodes] == [True] * 3
    assert nodes[0].kernel.startswith("6.") and nodes[0].labels["topology.rook.io/rack"] == "r1"


async def test_nodes_that_never_get_ready_are_told_with_the_reason(world: World, cluster: Cluster) -> None:
    world.kube.kubelets.cni_ready = lambda box: False
    world.kube.join("c3-001", control_plane=False, labels={})
    left = await cluster.wait_ready(["c3-001", "c3-002"], limit=0.5, on_change=lambda names: None)
    assert "cni config uninitialized" in left["c3-001"]
    assert left["c3-002"] == "it never joined"


async def test_waiting_for_nodes_survives_a_restart_of_the_server(world: World, cluster: Cluster) -> None:
    troubles: list[str] = []
    told: list[list[str]] = []
    waiting = asyncio.create_task(
        cluster.wait_ready(["c3-001"], limit=15, on_change=told.append, on_trouble=troubles.append)
    )
    await until(lambda: asyncio.sleep(0, told), bool)
    await world.kube.server.refuse()
    world.kube.server.cut()
    await until(lambda: asyncio.sleep(0, troubles), bool)
    world.kube.join("c3-001", control_plane=False, labels={})
    await world.kube.server.accept()
    assert await waiting == {}
    assert "does not answer" in troubles[0]


async def test_a_server_that_stays_away_ends_the_wait_as_unreachable(world: World) -> None:
    cluster = await Cluster.connect(world.kubeconfig, patience=0.2)
    await world.kube.server.close()
    with pytest.raises(Unreachable):
        await cluster.wait_ready(["c3-001"], limit=0.2, on_change=lambda names: None)
    await cluster.close()
