"""Playbooks whose engine died: none goes on that nobody knows of, none is started beside one at work."""

import signal
import subprocess
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path

from c3tui.clients.kubespray import Job, Node, render
from c3tui.engine.process import attach, spawn
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.step import Context
from c3tui.engine.store import Store
from c3tui.model.run import Outcome, Run
from c3tui.steps.kubernetes import unfinished
from tests.support.plans import write_site
from tests.support.rehearsal import alive, until

CHILD = """\
import os, sys, time
from pathlib import Path
from c3tui.engine.process import finish, on_record
job = Path(sys.argv[1])
(job / "pid").write_text(str(os.getpid()))
(job / "known").write_text(str(on_record(job)))
"""
ENGINE = """\
import os, sys, time
from pathlib import Path
from c3tui.engine import process
job, die = Path(sys.argv[1]), sys.argv[2] == "die"
record = process.save_json
def late(path, data):
    while not (job / "pid").exists() or not (job / "pid").read_text():
        time.sleep(0.01)
    if die:
        os.kill(os.getpid(), 9)
    record(path, data)
process.save_json = late
process.spawn(job, [sys.executable, "-c", sys.argv[3], str(job)], dict(os.environ))
"""


async def child_of(job: Path, how: str) -> bool:
    """Whether the child went on, started by an engine that writes it down late or dies before."""
    job.mkdir(mode=0o700)
    engine = subprocess.run(  # noqa: ASYNC221
        [sys.executable, "-c", ENGINE, str(job), how, CHILD], check=False, timeout=20
    )
    assert engine.returncode == (-signal.SIGKILL if how == "die" else 0)
    await until(lambda: not alive(int((job / "pid").read_text())), "the end of the child", 10)
    assert (attach(job) is None) is (how == "die")
    return (job / "known").read_text() == "True"


async def test_a_child_that_is_on_no_record_does_not_go_on(tmp_path: Path) -> None:
    assert not await child_of(tmp_path / "lost", "die")
    assert await child_of(tmp_path / "kept", "live")


def test_a_playbook_at_work_is_followed_however_the_run_that_began_it_ended(tmp_path: Path) -> None:
    site = Site.load(write_site(tmp_path / "site"))
    directory = site.files.directory / "kubespray"
    first, pods, last = (IPv4Address(f"10.20.{rest}") for rest in ("0.10", "128.1", "128.62"))
    node = Node("c3-001", first, "r01", control_plane=True, etcd=True, pod_start=pods, pod_end=last)
    inventory = render(directory, site.plan, [node])
    (tree := tmp_path / "tree").mkdir()
    (tree / "cluster.yml").touch()
    store = Store.open(site.files.database)
    ctx = Context(site, store, Resources(), Run(id="now", step="kubernetes", by="ann"), "kubernetes")
    job = Job.of(directory / "jobs" / "before", site.plan, inventory, tree, site.files.directory)
    job.save()
    before = Run(id="r1", step="kubernetes", by="ann", outcome=Outcome.FAILED, child=str(job.directory))
    ctx.save(before)
    child = spawn(job.directory, ["sleep", "60"], {"PATH": "/usr/bin:/bin"})
    try:
        found = unfinished(ctx, directory)
        assert found is not None and found.directory == job.directory
    finally:
        child.kill()
    while child.alive():
        time.sleep(0.01)
    assert unfinished(ctx, directory) is None
    store.close()
