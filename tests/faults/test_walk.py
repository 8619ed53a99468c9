"""SIGKILL to the engine in every step of one walk: each is taken up again, and nothing is done twice."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from c3tui.clients.cluster import Cluster
from c3tui.engine.process import attach
from c3tui.model.finding import Finding, FindingState
from c3tui.model.fleet import Stage
from c3tui.model.replacement import Phase, Replacement
from c3tui.model.run import Outcome, Run
from tests.support.rehearsal import Rehearsal, alive, all_in, events, until

pytestmark = pytest.mark.timeout(240)

SERVERS = ["c3-001", "c3-002", "c3-003"]
ROOM = """\
name: killed
faults:
  - {kind: dead-drive, server: 2, bay: 2}
"""


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[Rehearsal]:
    scenario = tmp_path / "killed.yaml"
    scenario.write_text(ROOM)
    size = ("--servers", "3", "--bays", "3", "--speed", "150")
    world = Rehearsal(tmp_path / "site", "--scenario", str(scenario), *size)
    try:
        world.start_lab()
        yield world
    finally:
        world.close()


async def test_an_engine_killed_in_every_step(rehearsal: Rehearsal) -> None:
    link = await rehearsal.attach()
    assert (await rehearsal.run(link, "network")).outcome is Outcome.DONE
    await link.close()
    await killed_in_discovery(rehearsal)
    await killed_in_hardware(rehearsal)
    await killed_in_deploy(rehearsal)
    await killed_in_kubernetes(rehearsal)
    await killed_in_storage(rehearsal)
    await walk_killed_and_repeated(rehearsal)
    await what_the_cluster_has(rehearsal)
    whole_record(rehearsal)
    what_the_room_saw(rehearsal.stop_lab())


async def killed_in_discovery(rehearsal: Rehearsal) -> None:
    """Once while the servers boot, unknown to MAAS; once while they are commissioned."""
    await rehearsal.begin("discovery")
    await until(lambda: rehearsal.stages()[Stage.POWERED] == 3, "all powered on")
    rehearsal.kill_engine()
    await rehearsal.begin("discovery")
    async with await rehearsal.maas() as maas:
        await until(lambda: all_in(maas, "Commissioning", 3), "all commissioning")
        run = await rehearsal.again_after_a_kill("discovery")
        assert run.outcome is Outcome.DONE and not run.victims, run.summary
        seen = await events(maas)
    # One boot to be enlisted, one to be commissioned: nobody's power was cut in between.
    assert [seen[name, "Performing PXE boot"] for name in SERVERS] == [2, 2, 2]
    assert [seen[name, "Commissioning"] for name in SERVERS] == [1, 1, 1]


async def killed_in_hardware(rehearsal: Rehearsal) -> None:
    """Under test; then again, until the tests have ended with no engine; then while a drive is swapped."""
    await rehearsal.begin("hardware")
    async with await rehearsal.maas() as maas:
        await until(lambda: all_in(maas, "Testing", 3), "all under test")
        await until(lambda: rehearsal.stages()[Stage.TESTING] == 3, "all on record as under test")
        rehearsal.kill_engine()

        async def through() -> bool:
            return await all_in(maas, "Ready", 2) and await all_in(maas, "Failed testing", 1)

        await until(through, "the end of the tests, with no engine")
        await rehearsal.begin("hardware")
        await until(lambda: marks(rehearsal) == [Phase.LOCATED], "a drive marked")
        seen = await events(maas)
        assert [seen[name, "Testing"] for name in SERVERS] == [1, 1, 1]
        run = await rehearsal.again_after_a_kill("hardware")
        assert run.outcome is Outcome.DONE and run.summary == "9 of 9 drives passed"
        assert marks(rehearsal) == [Phase.CLOSED]
        seen = await events(maas)
        # The new drive was tested, once.
        assert [seen[name, "Testing"] for name in SERVERS] == [1, 2, 1]
        sets = [await maas.history(each.system_id, "testing") for each in await maas.machines()]
    assert sorted(len(each) for each in sets) == [1, 1, 2]


def marks(rehearsal: Rehearsal) -> list[Phase]:
    with rehearsal.reading() as reader:
        return [mark.phase for mark in reader.all(Replacement)]


async def killed_in_deploy(rehearsal: Rehearsal) -> None:
    await rehearsal.begin("deploy")
    async with await rehearsal.maas() as maas:
        await until(lambda: all_in(maas, "Deploying", 3), "all deploying")
        before = await events(maas)
        run = await rehearsal.again_after_a_kill("deploy")
        assert run.outcome is Outcome.DONE, run.summary
        seen = await events(maas)
    for name in SERVERS:
        assert seen[name, "Deploying"] == seen[name, "Deployed"] == 1
        assert seen[name, "Performing PXE boot"] - before[name, "Performing PXE boot"] <= 1


async def killed_in_kubernetes(rehearsal: Rehearsal) -> None:
    """The playbook outlives the engine; the next run follows it to its end."""
    await rehearsal.begin("kubernetes")

    def under_way() -> bool:
        return any((job / "events.jsonl").exists() and records(job, "task") for job in rehearsal.jobs())

    await until(under_way, "the playbook's first tasks")
    (job,) = rehearsal.jobs()
    child = attach(job)
    rehearsal.kill_engine()
    assert child is not None and child.alive()
    ran = len(records(job, "task"))
    await until(lambda: len(records(job, "task")) > ran + 3, "the playbook to go on with no engine")
    await rehearsal.begin("kubernetes")
    await until(lambda: rehearsal.runs("kubernetes")[-1].child == str(job), "the playbook found again")
    # An engine that dies while it follows leaves the playbook alone, too.
    run = await rehearsal.again_after_a_kill("kubernetes", limit=150.0)
    assert run.outcome is Outcome.DONE and run.child == str(job), run.summary
    assert rehearsal.jobs() == [job] and not alive(child.pid)
    assert (job / "ansible.out").read_text().count("PLAY RECAP") == 1
    with rehearsal.reading() as reader:
        said = [line.text for line in reader.log(run.id, limit=100_000) if line.text.startswith("TASK ")]
    assert said == [f"TASK {record['task']}" for record in records(job, "task")]


def records(job: Path, kind: str) -> list[dict[str, Any]]:
    """Whole lines of a job's record, of one kind."""
    lines = (job / "events.jsonl").read_text().splitlines(keepends=True)
    whole = [json.loads(line) for line in lines if line.endswith("\n")]
    return [record for record in whole if record["kind"] == kind]


async def killed_in_storage(rehearsal: Rehearsal) -> None:
    await rehearsal.begin("storage")

    def first_osd() -> bool:
        with rehearsal.reading() as reader:
            return bool((reader.observation("storage", "ceph") or {}).get("made"))

    await until(first_osd, "the first OSD")
    rehearsal.kill_engine()
    await rehearsal.end_engine()
    assert rehearsal.runs("storage")[-1].outcome is Outcome.INTERRUPTED


async def walk_killed_and_repeated(rehearsal: Rehearsal) -> None:
    """The headless rehearsal on the same site, killed in storage and given again."""
    code, told, said = await rehearsal.killed_and_again(
        *("rehearse", "--headless", "--site", str(rehearsal.site), *rehearsal.options),
        when=lambda: rehearsal.runs("storage")[-1].outcome is Outcome.RUNNING,
        what="the walk to reach storage",
    )
    assert code == 0, said
    assert {each["outcome"] for each in told["steps"].values()} == {"done"}
    assert (told["nodes"], told["osds_up"], told["drives_replaced"]) == (3, 6, 1)
    assert told["health"] == "HEALTH_OK"


async def what_the_cluster_has(rehearsal: Rehearsal) -> None:
    cluster = await Cluster.connect(rehearsal.site / "kubeconfig")
    try:
        ceph = await cluster.get("ceph.rook.io/v1", "CephCluster", "rook-ceph", "rook-ceph")
        osds = await cluster.osds("rook-ceph")
        devices = [await cluster.osd_devices("rook-ceph", name) for name in SERVERS]
        claim = await cluster.get("v1", "PersistentVolumeClaim", "c3-test-claim", "rook-ceph")
    finally:
        await cluster.close()
    assert ceph is not None and ceph["metadata"]["generation"] == 1
    assert Counter(osd.node for osd in osds) == dict.fromkeys(SERVERS, 2)
    assert [len(set(each.values())) for each in devices] == [2, 2, 2]
    assert claim is None


def whole_record(rehearsal: Rehearsal) -> None:
    """Every run has its beginning and its end once, every finding was opened and fixed once."""
    with rehearsal.reading() as reader:
        journal = reader.journal(limit=1_000_000)
        runs, findings = reader.all(Run), reader.all(Finding)
    told = Counter((entry.what, entry.subject) for entry in journal)
    for run in runs:
        end = "run interrupted" if run.outcome is Outcome.INTERRUPTED else "run ended"
        assert told["run started", f"run/{run.id}"] == told[end, f"run/{run.id}"] == 1, run.id
    assert Counter(run.step for run in runs if run.outcome is Outcome.INTERRUPTED) == {
        "discovery": 2,
        "hardware": 2,
        "deploy": 1,
        "kubernetes": 2,
        "storage": 2,
    }
    assert not [run for run in runs if run.victims]
    opened = Counter((each.data["check"], each.subject) for each in journal if each.what == "finding opened")
    assert set(opened.values()) == {1} and ("drive.replace", "c3-002/bay02") in opened
    # Three hosts for three copies are worth a word; all else was mended.
    left = [found.check for found in findings if found.state is not FindingState.FIXED]
    assert left == ["storage.few-failure-domains"]


def what_the_room_saw(world: dict[str, Any]) -> None:
    """Enlisted, commissioned, tested, deployed: four boots, by the BMCs' own event logs."""
    boots = {
        box["name"]: sum(sensor == "System Boot" for _, sensor, _, _ in box["bmc"]["sel"])
        for box in world["chassis"]
    }
    assert boots["c3-001"] == boots["c3-003"] == 4
    assert world["nodes"]["installations"] == dict.fromkeys(SERVERS, 1)
