"""Rook through the Kubernetes client: OSDs on the planned drives, and which drives lack one."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from c3tui.clients.cluster import Cluster, OsdState
from c3tui.clients.nodes.devices import BlockDevice
from c3tui.model import ceph
from c3tui.steps.cephstate import Health, missing, read_health
from tests.clients.cluster_world import SPACE, World, install, operator, placed, running, site, until

PORT = 16491


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with running(tmp_path, PORT) as found:
        yield found


@pytest.fixture
async def cluster(world: World) -> AsyncIterator[Cluster]:
    found = await Cluster.connect(world.kubeconfig, patience=2.0)
    yield found
    await found.close()


async def test_rook_makes_the_planned_osds_and_a_claim_binds(world: World, cluster: Cluster) -> None:
    for name in world.names:
        world.kube.join(name, control_plane=False, labels={})
    await cluster.wait_ready(world.names, limit=5, on_change=lambda names: None)
    await install(cluster)
    chosen = placed(world.room.chassis)
    kernels = [node.kernel for node in await cluster.nodes()]
    await cluster.apply(ceph.cluster(site(), chosen, kernels))

    async def health() -> Health:
        return read_health(await cluster.get("ceph.rook.io/v1", "CephCluster", "rook-ceph", SPACE))

    await until(health, lambda seen: seen.finished and seen.sound)
    osds = await cluster.osds(SPACE)
    assert sorted(osd.node for osd in osds) == sorted(name for name in world.names for _ in range(2))
    assert all(osd.available for osd in osds)
    assert set((await cluster.osd_devices(SPACE, "c3-002")).values()) == {"/dev/sdb", "/dev/sdc"}
    logs = await cluster.logs(SPACE, "app=rook-ceph-osd-prepare", node="c3-002")
    assert len(logs) == 1 and any("skipping" in line for lines in logs.values() for line in lines)
    assert await cluster.apply(ceph.cluster(site(), chosen, kernels)) is False
    for each in (ceph.pool(site()), ceph.storage_class(site()), ceph.claim(site())):
        assert await cluster.apply(each) is True
    await until(
        lambda: cluster.get("v1", "PersistentVolumeClaim", ceph.CLAIM, SPACE),
        lambda seen: seen["status"]["phase"] == "Bound",
    )
    await cluster.delete("v1", "PersistentVolumeClaim", ceph.CLAIM, SPACE)


async def test_a_drive_rook_skips_is_found_by_its_bay(world: World, cluster: Cluster) -> None:
    box = world.room.chassis[1]
    spoiled = box.bays[2]
    assert spoiled.drive
    spoiled.drive.contents = "filesystem"
    for name in world.names:
        world.kube.join(name, control_plane=False, labels={})
    await cluster.wait_ready(world.names, limit=5, on_change=lambda names: None)
    await install(cluster)
    chosen = placed(world.room.chassis)
    await cluster.apply(ceph.cluster(site(), chosen, ["6.8.0"]))
    await until(lambda: cluster.osds(SPACE), lambda seen: len(seen) == 5 and all(o.node for o in seen))
    blocks = [
        BlockDevice(bay.kernel_name, f"/dev/{bay.kernel_name}", "disk", 1, by_path=bay.by_path)
        for bay in box.bays
    ]
    devices = await cluster.osd_devices(SPACE, box.name)
    lacking = missing(chosen.of(box.name), devices.values(), blocks)
    assert [osd.serial for osd in lacking] == [spoiled.drive.serial]


async def test_an_osd_without_a_pod_still_has_its_node(world: World, cluster: Cluster) -> None:
    await install(cluster)
    for number, node in ((0, "c3-001"), (7, "c3-002")):
        osd = operator(f"rook-ceph-osd-{number}")
        marks = {"app": "rook-ceph-osd", "ceph-osd-id": str(number), "failure-domain": node}
        osd["metadata"]["labels"] = osd["spec"]["template"]["metadata"]["labels"] = marks
        osd["spec"]["selector"]["matchLabels"] = {"app": "rook-ceph-osd", "ceph-osd-id": str(number)}
        osd["spec"]["replicas"] = 0
        osd["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": node}
        await cluster.apply(osd)
    expected = [OsdState(0, "c3-001", False), OsdState(7, "c3-002", False)]
    assert await cluster.osds(SPACE) == expected
    assert await cluster.osd_devices(SPACE, "c3-001") == {}
