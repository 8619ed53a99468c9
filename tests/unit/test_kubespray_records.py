import json
from pathlib import Path
from typing import Any

import pytest

from c3tui.clients.kubespray import Ending, HostStats, Kind, Progress, Record, Status, hint
from c3tui.clients.kubespray.progress import outline
from c3tui.clients.kubespray.record import parse, plain
from c3tui.clients.kubespray.reduction import Reduction
from c3tui.clients.kubespray.result import Tally
from c3tui.clients.kubespray.stages import STAGES, stage_of

LISTING = """
playbook: /somewhere/c3-cluster.yml

  play #1 (all): Check Ansible version\tTAGS: [always]
    tasks:
      Check {{ minimal }} <= Ansible version\tTAGS: [always, check]

  play #2 (etcd): Install etcd\tTAGS: []
    tasks:
      etcd : Configure\tTAGS: [etcd]
      etcd : Restart\tTAGS: [etcd]
      etcd : Configure\tTAGS: [etcd]

  play #3 (k8s_cluster): k8s_cluster\tTAGS: []
    tasks:
      download : Pull images\tTAGS: []
"""


def event(kind: str, **data: Any) -> dict[str, Any]:
    return {"event": kind, "created": "2026-11-23T12:00:00+00:00", "event_data": data}


def followed(*records: tuple[Kind, str]) -> tuple[Progress, list[int]]:
    progress = Progress(outline(LISTING), 2)
    percents = []
    for kind, name in records:
        progress.feed(Record(1.0, kind, play=name if kind is Kind.PLAY else "", task=name))
        percents.append(progress.percent)
    return progress, percents


def test_a_listing_becomes_the_planned_tasks() -> None:
    assert [(one.place, one.play, one.name) for one in outline(LISTING)] == [
        (1, "Check Ansible version", "Check {{ minimal }} <= Ansible version"),
        (2, "Install etcd", "etcd : Configure"),
        (2, "Install etcd", "etcd : Restart"),
        (2, "Install etcd", "etcd : Configure"),
        (3, "k8s_cluster", "download : Pull images"),
    ]


def test_the_cursor_knows_templates_and_unplanned_children_and_never_falls_back() -> None:
    progress, percents = followed(
        (Kind.PLAY, "Check Ansible version"),
        (Kind.TASK, "Check 2.18.0 <= Ansible version"),
        (Kind.PLAY, "Install etcd"),
        (Kind.TASK, "etcd : Configure"),
        (Kind.TASK, "download : Pull images"),
        (Kind.TASK, "etcd : Restart"),
        (Kind.TASK, "etcd : Restart"),
        (Kind.TASK, "etcd : Configure"),
    )
    assert percents == sorted(percents) and percents[3] == percents[4] and percents[5] == percents[6]
    assert percents[3] < percents[5] < percents[7] < 99
    assert (progress.stage, progress.task) == ("etcd", "etcd : Configure")


def test_only_the_totals_of_sound_hosts_make_it_complete() -> None:
    progress, percents = followed((Kind.PLAY, "k8s_cluster"), (Kind.TASK, "download : Pull images"))
    progress.feed(Record(2.0, Kind.STATS, stats={"a": HostStats(ok=1), "b": HostStats(failed=1)}))
    assert progress.percent == percents[-1] < 100
    progress.feed(Record(2.0, Kind.STATS, stats={"a": HostStats(ok=1)}))
    assert progress.percent == 100


def test_it_says_who_a_task_waits_for() -> None:
    progress, _ = followed((Kind.PLAY, "Install etcd"), (Kind.TASK, "etcd : Configure"))
    for at, host in enumerate("cab"):
        progress.feed(Record(float(at), Kind.BEGIN, host=host))
    progress.feed(Record(5.0, Kind.RESULT, host="a", status=Status.OK))
    assert (progress.started, progress.finished, progress.waiting) == (3, 1, ("c", "b"))


@pytest.mark.parametrize(
    ("play", "task", "stage"),
    [
        ("Prepare the nodes' network", "Write the node's CNI configuration", "node network"),
        ("Inventory setup and validation", "validate_inventory : Stop", "validate"),
        ("Prepare for etcd install", "kubernetes/preinstall : Set", "system"),
        ("Prepare for etcd install", "container-engine/containerd : Copy", "container runtime"),
        ("Prepare for etcd install", "download : Download_file | Run", "downloads"),
        ("Target only workers to get kubelet installed (engine)", "kubernetes/preinstall : Set", "system"),
        ("Target only workers to get kubelet installed (network)", "x : y", "join and network"),
        ("Apply resolv.conf changes now", "kubernetes/preinstall : Set", "resolver"),
        ("Something new", "x : y", "validate"),
    ],
)
def test_every_task_has_a_stage(play: str, task: str, stage: str) -> None:
    assert stage_of(play, task) == stage
    assert stage in dict(STAGES)


def test_a_record_survives_its_line() -> None:
    record = Record(
        1.5, Kind.STATS, stats={"a": HostStats(ok=3), "b": HostStats()}, msg="one\ntwo \u2713", seq=7
    )
    assert parse(record.line(), 7) == record
    assert "\n" not in record.line() and len(Record(1.0, Kind.BEGIN, host="a").line()) < 40
    for damaged in ("[]", "{}", '{"kind": "new", "t": 1}', "{"):
        with pytest.raises(ValueError):
            parse(damaged, 1)


def test_text_is_made_safe() -> None:
    dirty = "\x1b[31mred\x1b[0m \x1b]0;title\x07 a\tb\x07\x9b c\r\nd \u202eevil"
    assert plain(dirty) == "red  a b   c\nd  evil"
    assert "abcdef.0123" not in plain("kubeadm join --token abcdef.0123456789abcdef")
    assert "ab" * 32 not in plain("--certificate-key " + "ab" * 32)
    assert len(plain("x" * 100_000)) < 5000


def test_a_failure_is_explained_by_what_the_command_printed() -> None:
    reduction = Reduction(Path("/tree"))
    result = {"msg": "non-zero return code", "stderr": "no space left", "stdout": "noise"}
    record = reduction.reduce(
        event("runner_on_failed", host="a", task="T", role="r", task_path="/tree/roles/r:3", res=result)
    )
    assert record and (record.msg, record.task) == ("non-zero return code\nno space left", "r : T")
    assert (record.path, record.status) == ("roles/r:3", Status.FAILED)
    hidden = reduction.reduce(event("runner_on_failed", host="a", task="T", res={"censored": "no_log"}))
    assert hidden and hidden.msg == "no_log"


def test_an_unexpected_event_leaves_a_trace() -> None:
    record = Reduction(Path("/tree")).reduce({"event": "runner_on_ok", "event_data": {}})
    assert record and record.kind is Kind.OUTPUT and "runner_on_ok" in record.msg
    assert json.loads(record.line())["msg"] == record.msg


def test_a_planned_host_that_dropped_out_is_a_failure() -> None:
    tally = Tally(("a", "b"))
    tally.add(Record(1.0, Kind.RESULT, host="a", status=Status.OK))
    tally.add(Record(2.0, Kind.STATS, stats={"a": HostStats(ok=1)}))
    result = tally.result(0, Ending.SUCCESSFUL)
    assert (result.ok, result.status, result.missing) == (False, Ending.FAILED, ("b",))


def test_totals_must_come() -> None:
    tally = Tally(("a",))
    tally.add(Record(1.0, Kind.RESULT, host="a", status=Status.OK))
    assert not tally.result(0, Ending.SUCCESSFUL).ok


def test_an_unreachable_host_is_a_failure_with_its_time() -> None:
    tally = Tally(("a", "b"))
    for at, (host, status) in enumerate([("b", Status.UNREACHABLE), ("a", Status.FAILED)]):
        tally.add(Record(float(at), Kind.RESULT, host=host, task="T", status=status, msg="m"))
    tally.add(Record(9.0, Kind.STATS, stats={"a": HostStats(failed=1), "b": HostStats(unreachable=1)}))
    result = tally.result(4, Ending.FAILED)
    assert [failure.host for failure in result.failed] == ["b", "a"]
    assert result.unreachable == ("b",)
    assert result.trouble == "SSH failed to 1 server, first b, at T"


@pytest.mark.parametrize(
    ("task", "msg", "word"),
    [
        ("Gather facts", "Failed to connect to the host via ssh: Permission denied (publickey).", "key"),
        ("Gather facts", "Failed to connect to the host via ssh: Connection timed out", "power"),
        ("Gather facts", "Host key verification failed.", "host key"),
        ("Gather facts", "No ED25519 host key is known for a\nHost key verification failed.", "not trusted"),
        ("download : Download_file | Download item", "output has been hidden: 'no_log: true'", "address"),
        ("kubernetes/preinstall : Stop if ip var does not match local ips", "Assertion failed", "bridge"),
        ("kubernetes/kubeadm : Join to cluster", "[ERROR Port-10250]: Port 10250 is in use", "Leftovers"),
        ("kubernetes/kubeadm : Join to cluster", "timed out", "healthz"),
        ("etcd : Configure | Wait for etcd cluster to be healthy", "", "2379"),
        ("Something", "nobody knows", ""),
    ],
)
def test_known_failures_come_with_advice(task: str, msg: str, word: str) -> None:
    assert word in hint(task, msg) and bool(word) == bool(hint(task, msg))
