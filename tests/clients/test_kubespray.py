import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import c3tui
from c3tui.clients.kubespray import (
    Ending,
    Job,
    Kind,
    Progress,
    Record,
    Result,
    Status,
    advise,
    load,
    planned_tasks,
    render,
    run_playbook,
    stop,
)
from c3tui.clients.kubespray.settings import environment
from c3tui.engine.errors import InputError, StepError
from c3tui.engine.process import attach, spawn
from tests.support.cluster import members, plan

CLUSTER = """\
- name: Install Kubernetes nodes
  hosts: k8s_cluster
  gather_facts: false
  tasks:
    - name: Say {{ 1 + 1 }}
      ansible.builtin.debug: {msg: "{{ registry_password }}"}
      no_log: true
    - name: Put the kubelet there
      ansible.builtin.set_fact: {done: true}
      changed_when: true
    - name: Skip
      ansible.builtin.debug: {}
      when: false
"""
FAILING = """\
- name: Install etcd
  hosts: etcd:kube_node
  gather_facts: false
  tasks:
    - name: Rescued
      block:
        - name: Only a try
          ansible.builtin.fail: {msg: no matter}
      rescue:
        - ansible.builtin.debug: {}
    - name: Ignored
      ansible.builtin.fail: {msg: does not count}
      ignore_errors: true
    - name: Take the lock
      ansible.builtin.fail: {msg: "\\e[31mCould not get lock /var/lib/dpkg\\e[0m abcdef.0123456789abcdef"}
      when: inventory_hostname == 'c3-002'
    - name: In a loop
      ansible.builtin.assert: {that: item == 'a', fail_msg: "toomanyrequests: {{ item }}", quiet: true}
      loop: [a, b]
"""
WAITING = """\
- name: Install etcd
  hosts: kube_control_plane
  gather_facts: false
  tasks:
    - name: Long
      ansible.builtin.shell: "touch {{ gate }}.up; until [ -e {{ gate }} ]; do sleep 0.05; done"
    - name: After
      ansible.builtin.debug: {}
"""
IP = """#!/bin/sh
[ "$*" = "-j addr show dev br0" ] || exit 1
echo '[{"ifname": "br0", "addr_info": [{"local": "10.20.0.10"}, {"local": "10.20.0.11"}]}]'
"""
MODPROBE = """#!/bin/sh
echo 'modprobe: FATAL: Module rbd not found in directory /lib/modules/6.8.0-88-generic' >&2
exit 1
"""
SECRET = "top-secret-registry"


class Bench:
    """A site with two nodes that are this machine, and a small Kubespray."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.gate = directory / "gate"
        self.up = directory / "gate.up"
        local = {
            "ansible_connection": "local",
            "ansible_become": False,
            "ansible_python_interpreter": sys.executable,
            "registry_password": SECRET,
            "gate": str(self.gate),
            "c3_cni_conf_dir": f"{directory}/{{{{ inventory_hostname }}}}/net.d",
        }
        self.plan = plan(2, extra_vars=local)
        self.inventory = render(directory / "cluster", self.plan, members(self.plan))
        tree = directory / "kubespray"
        (tree / "roles").mkdir(parents=True)
        for name, text in {"cluster": CLUSTER, "failing": FAILING, "waiting": WAITING}.items():
            (tree / f"{name}.yml").write_text(text)
        self.tree = tree

    def job(self, playbook: str, **options: Any) -> Job:
        directory = self.directory / "jobs" / playbook
        return Job.of(
            directory, self.plan, self.inventory, self.tree, self.directory, playbook=playbook, **options
        )

    def kill_all(self) -> None:
        for directory in (self.directory / "jobs").glob("*"):
            if child := attach(directory):
                child.kill()


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    (tmp_path / "bin").mkdir()
    for name, text in {"ip": IP, "modprobe": "#!/bin/sh\n", "sysctl": "#!/bin/sh\n"}.items():
        (tmp_path / "bin" / name).write_text(text)
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    # Settings of the engineer's own Ansible have no say.
    monkeypatch.setenv("ANSIBLE_FORCE_COLOR", "1")
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "nowhere")
    bench = Bench(tmp_path)
    yield bench
    bench.kill_all()


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    async with asyncio.timeout(seconds):
        while True:
            if condition():
                return
            await asyncio.sleep(0.02)


def command_lines() -> Iterator[str]:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield (process / "cmdline").read_text(errors="replace")


async def test_a_run_from_the_plan_to_the_last_record(bench: Bench) -> None:
    job = bench.job("cluster")
    progress = Progress(await planned_tasks(job), len(job.hosts))
    records: list[Record] = []
    percents: list[int] = []
    argv: list[str] = []

    def on_record(record: Record) -> None:
        records.append(record)
        progress.feed(record)
        percents.append(progress.percent)
        if record.kind is Kind.TASK and not argv:
            argv.extend(line for line in command_lines() if str(job.directory) in line)

    result = await run_playbook(job, on_record)

    assert (result.ok, result.rc, result.status, result.failed) == (True, 0, Ending.SUCCESSFUL, ())
    assert set(result.stats) == {"c3-001", "c3-002"} and result.stats["c3-001"].skipped == 1
    assert [record.seq for record in records] == list(range(1, len(records) + 1))
    assert [record.task for record in records if record.kind is Kind.TASK][-3:] == [
        "Say 2",
        "Put the kubelet there",
        "Skip",
    ]
    changed = [record for record in records if record.task == "Put the kubelet there" and record.changed]
    assert {(record.host, record.path) for record in changed} == {
        ("c3-001", "cluster.yml:8"),
        ("c3-002", "cluster.yml:8"),
    }
    assert percents == sorted(percents) and percents[-2] <= 99 and percents[-1] == 100
    assert progress.waiting == ()
    assert argv and not [line for line in argv if SECRET in line]
    left = [path for path in job.directory.rglob("*") if path.is_file()]
    assert left and not [path for path in left if SECRET in path.read_text(errors="replace")]
    assert not (job.directory / "runner").exists()
    conf = bench.directory / "c3-002" / "net.d" / "10-c3.conflist"
    assert_cni(conf)
    conf.write_text("{}")
    again = await prepare(bench, "again")
    assert {host: stats.changed for host, stats in again.stats.items()} == {"c3-001": 0, "c3-002": 1}
    assert_cni(conf)
    assert [path.name for path in conf.parent.iterdir()] == [conf.name]
    assert conf.stat().st_mode & 0o777 == 0o644


def assert_cni(path: Path) -> None:
    """The configuration of the second node: its slice, the whole L2, services by way of the node."""
    bridge, portmap = json.loads(path.read_text())["plugins"]
    assert (bridge["type"], bridge["bridge"], bridge["mtu"]) == ("bridge", "br0", 9000)
    assert (bridge["isGateway"], bridge["ipMasq"], bridge["hairpinMode"]) == (False, False, True)
    assert bridge["ipam"] == {
        "type": "host-local",
        "ranges": [
            [
                {
                    "subnet": "10.20.0.0/16",
                    "rangeStart": "10.20.128.65",
                    "rangeEnd": "10.20.128.126",
                    "gateway": "10.20.0.1",
                }
            ]
        ],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "10.233.0.0/18", "gw": "10.20.0.11"}],
    }
    assert portmap["capabilities"] == {"portMappings": True}


async def prepare(bench: Bench, name: str) -> Result:
    """Run C3's own play alone."""
    job = replace(
        bench.job("cluster", tags=("c3-network",)), directory=bench.directory / "jobs" / f"network-{name}"
    )
    return await run_playbook(job, lambda record: None)


async def test_no_network_without_its_bridge_and_modules(bench: Bench) -> None:
    (bench.directory / "bin" / "ip").write_text(IP.replace("10.20.0.11", "10.20.0.99"))
    moved = await prepare(bench, "moved")
    assert [one.host for one in moved.failed] == ["c3-002"]
    assert "c3_bridge_missing: br0 has 10.20.0.10, 10.20.0.99, planned is 10.20.0.11" in moved.failed[0].msg
    (bench.directory / "bin" / "modprobe").write_text(MODPROBE)
    lacking = await prepare(bench, "lacking")
    assert {one.host for one in lacking.failed} == {"c3-001", "c3-002"}
    assert "Module rbd not found" in lacking.failed[0].msg and "module" in advise(lacking.failed[0])
    assert not list(bench.directory.glob("c3-*/net.d"))


async def test_failures_are_ranked_by_time_and_come_with_advice(bench: Bench) -> None:
    job = bench.job("failing", hosts=("c3-001", "c3-002", "c3-003"))
    records: list[Record] = []
    result = await run_playbook(job, records.append)
    assert (result.ok, result.status) == (False, Ending.FAILED) and result.rc != 0
    assert [(one.host, one.task, one.msg) for one in result.failed] == [
        ("c3-002", "Take the lock", "Could not get lock /var/lib/dpkg ***"),
        ("c3-001", "In a loop", "b: toomanyrequests: b"),
    ]
    assert "apt-daily" in advise(result.failed[0]) and "registry" in advise(result.failed[1])
    assert result.missing == ("c3-003",)
    assert result.trouble == "Take the lock failed on 1 server, first c3-002"
    assert {record.status for record in records if record.task == "Ignored"} == {"", Status.IGNORED}


async def test_a_run_of_nothing_is_a_failure(bench: Bench) -> None:
    result = await run_playbook(bench.job("cluster", tags=("nothing",)), lambda record: None)
    assert (result.rc, result.status, result.tasks_run) == (0, Ending.FAILED, 0)
    assert "not a single task" in result.trouble


def test_a_child_gets_only_what_it_needs(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C3_MAAS_API_KEY", SECRET)
    monkeypatch.setenv("XDG_CACHE_HOME", str(bench.directory / "cache"))
    job = bench.job("cluster")
    job.save()
    settings = environment(job)
    assert SECRET not in settings.values() and "ANSIBLE_FORCE_COLOR" not in settings
    assert settings["ANSIBLE_CALLBACKS_ENABLED"] == "c3_stop"
    assert settings["PYTHONPYCACHEPREFIX"] == str(bench.directory / "cache" / "c3" / "python")
    known = f"UserKnownHostsFile='\"{bench.directory}/ssh/known_hosts\"'"
    assert (
        known in settings["ANSIBLE_SSH_ARGS"] and "StrictHostKeyChecking=yes" in settings["ANSIBLE_SSH_ARGS"]
    )
    sockets = Path(settings["ANSIBLE_SSH_CONTROL_PATH_DIR"])
    sockets.chmod(0o755)
    with pytest.raises(InputError, match="not ours alone"):
        environment(job)
    with pytest.raises(InputError, match="no ansible-playbook"):
        environment(replace(job, ansible_bin=str(bench.directory)))


async def test_an_unreadable_playbook_says_why(bench: Bench) -> None:
    (bench.tree / "cluster.yml").write_text("- hosts: [\n")
    result = await run_playbook(bench.job("cluster"), lambda record: None)
    assert not result.ok and "YAML" in result.trouble
    with pytest.raises(StepError, match="YAML"):
        await planned_tasks(bench.job("cluster"))
    with pytest.raises(InputError, match=r"no playbook upgrade\.yml"):
        bench.job("upgrade")


def start_engine(job: Job) -> "subprocess.Popen[bytes]":
    code = (
        "import asyncio, pathlib; from c3tui.clients.kubespray import load, run_playbook;"
        f"asyncio.run(run_playbook(load(pathlib.Path({str(job.directory)!r})), print))"
    )
    root = Path(c3tui.__file__).parents[1]
    return subprocess.Popen([sys.executable, "-c", code], cwd=root, stdout=subprocess.DEVNULL)


async def test_a_run_outlives_its_engine(bench: Bench) -> None:
    job = bench.job("waiting", hosts=("c3-001",))
    job.save()
    engine = start_engine(job)
    await until(bench.up.exists)
    engine.kill()
    engine.wait()
    assert load(job.directory) == job

    records: list[Record] = []
    following = asyncio.create_task(run_playbook(job, records.append))
    await until(lambda: bool(records))
    following.cancel()
    with suppress(asyncio.CancelledError):
        await following
    child = attach(job.directory)
    assert child and child.alive()

    seen = records[-1].seq
    bench.gate.touch()
    result = await run_playbook(job, records.append, after=seen)
    assert result.ok and result.tasks_run == 2
    assert [record.seq for record in records] == list(range(1, len(records) + 1))


async def test_a_soft_stop_ends_after_the_task(bench: Bench) -> None:
    job = bench.job("waiting", hosts=("c3-001",))
    running, records = follow(job)
    await until(bench.up.exists)
    await stop(job, hard=False)
    child = attach(job.directory)
    assert child and child.alive()
    bench.gate.touch()
    result = await running
    assert (result.status, result.trouble) == (Ending.STOPPED, "stopped before the task After")
    outcomes = {record.task: record.status for record in records if record.kind is Kind.RESULT}
    assert outcomes == {"Long": Status.OK}


async def test_a_hard_stop_ends_at_once(bench: Bench) -> None:
    job = bench.job("waiting", hosts=("c3-001",))
    running, _ = follow(job)
    await until(bench.up.exists)
    await stop(job, hard=True)
    result = await running
    assert result.status is Ending.KILLED and "may still be running" in result.trouble
    assert not [line for line in command_lines() if "ansible-playbook" in line and str(job.directory) in line]


async def test_a_child_that_vanishes_is_no_success(bench: Bench) -> None:
    job = bench.job("cluster")
    spawn(job.directory, ["true"], {"PATH": os.defpath})
    result = await run_playbook(job, lambda record: None)
    assert (result.ok, result.status) == (False, Ending.LOST)


def follow(job: Job) -> tuple["asyncio.Task[Result]", list[Record]]:
    records: list[Record] = []
    return asyncio.create_task(run_playbook(job, records.append)), records
