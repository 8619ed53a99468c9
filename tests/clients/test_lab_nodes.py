"""The lab's nodes as OpenSSH's client, asyncssh's client and Ansible see them."""

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncssh
import pytest

from c3tui.lab.chassis import Chassis
from c3tui.lab.control import Control
from c3tui.lab.nodes import NodesLab
from c3tui.lab.room import Room
from c3tui.lab.scenario import Fault, FaultKind, Scenario

PORT = 2251
TREE = Path(__file__).resolve().parents[2] / "assets" / "lab" / "kubespray"

needs_ssh = pytest.mark.skipif(shutil.which("ssh") is None, reason="the OpenSSH client is not installed")


@dataclass
class Site:
    """A room of three servers with a system each, and a client's key."""

    room: Room
    base: Path
    control: Control
    nodes: NodesLab
    joined: dict[str, dict[str, Any]] = field(default_factory=dict)

    @property
    def key(self) -> Path:
        return self.base / "id"

    def install(self, box: Chassis) -> None:
        box.os_name = "ubuntu/noble"
        box.hostname = f"n{box.position:03d}"
        box.address = str(self.room.scenario.cluster.network_address + 9 + box.position)
        box.authorized_keys = [self.key.with_suffix(".pub").read_text().strip()]
        self.room.emit("installed", box)

    def boot(self, box: Chassis) -> None:
        box.powered = box.os_running = True
        self.room.emit("os-up", box)

    async def ssh(
        self, box: Chassis, command: str, *options: str, stdin: bytes = b""
    ) -> tuple[int, str, str]:
        """A command by OpenSSH's client: exit status, output, errors."""
        child = await asyncio.create_subprocess_exec(
            *("ssh", "-F", "none", "-i", str(self.key), "-p", str(PORT), "-o", "BatchMode=yes"),
            *("-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR"),
            *(
                "-o",
                f"UserKnownHostsFile={self.base}/known_hosts",
                *options,
                f"ubuntu@{box.address}",
                command,
            ),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await child.communicate(stdin)
        assert child.returncode is not None
        return child.returncode, out.decode(), err.decode()

    async def connect(self, box: Chassis, **options: Any) -> asyncssh.SSHClientConnection:
        settings = {"username": "ubuntu", "client_keys": [str(self.key)], "known_hosts": None, "config": None}
        return await asyncssh.connect(box.address, PORT, agent_path=None, **{**settings, **options})

    async def run(self, box: Chassis, command: str) -> asyncssh.SSHCompletedProcess:
        connection = await self.connect(box)
        try:
            return await connection.run(command)
        finally:
            connection.close()
            await connection.wait_closed()


async def _open(site: Site) -> None:
    async def join(request: dict[str, Any]) -> dict[str, Any]:
        site.joined[request["node"]] = request
        return {"kubeconfig": "apiVersion: v1\nkind: Config\nclusters: []\n"}

    async def reset(request: dict[str, Any]) -> dict[str, Any]:
        del site.joined[request["node"]]
        return {}

    own = {"kubeadm-init": join, "kubeadm-join": join, "kubeadm-reset": reset}
    for name, operation in {**site.nodes.operations(), **own}.items():
        site.control.add(name, operation)
    await site.control.start()
    await site.nodes.start(PORT)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    room = Room(Scenario(servers=3, bays=3, octet=50, speed=1000))
    control = Control(tmp_path / "control")
    site = Site(room, tmp_path, control, NodesLab(room, tmp_path / "nodes", control.path))
    key = asyncssh.generate_private_key("ssh-ed25519")
    key.write_private_key(str(site.key))
    key.write_public_key(str(site.key.with_suffix(".pub")))
    site.key.chmod(0o600)
    await _open(site)
    for box in room.chassis:
        site.install(box)
        site.boot(box)
    await site.nodes.settled()
    yield site
    await site.nodes.close()
    await control.close()
    await room.close()
    assert not _processes(tmp_path)


def _processes(tree: Path) -> list[int]:
    """Live processes whose environment names a home below ``tree``; read independently of the lab."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and f"HOME={tree}/nodes".encode() in (entry / "environ").read_bytes():
                found.append(int(entry.name))
        except OSError:
            continue
    return found


async def _until(condition: Callable[[], bool], what: str) -> None:
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep(0.01)
    pytest.fail(f"10 s without: {what}")


@needs_ssh
async def test_openssh_runs_commands(site: Site) -> None:
    box = site.room.chassis[0]
    status, out, err = await site.ssh(box, "cat; echo seen >&2; exit 7", stdin=b"given\n" * 20000)
    assert (status, out, err) == (7, "given\n" * 20000, "seen\n")
    _, out, _ = await site.ssh(box, "pwd; echo ~ubuntu; echo ~; sudo -H -n -u root env; hostname")
    lines = out.splitlines()
    assert lines[0] == lines[1] == lines[2] == str(site.base / "nodes/c3-001/root")
    assert "C3_LAB_NODE=n001" in lines and "LANG=C.UTF-8" in lines and lines[-1] == "n001"
    inherited = {line.partition("=")[0] for line in lines} & (os.environ.keys() - {"PATH", "HOME", "PWD"})
    assert inherited <= {"USER", "LOGNAME", "SHELL", "LANG", "TMPDIR", "_", "SHLVL", "OLDPWD"}


@needs_ssh
async def test_many_sessions_on_one_connection(site: Site) -> None:
    box = site.room.chassis[0]
    master = ("-o", "ControlMaster=auto", "-o", f"ControlPath={site.base}/cm", "-o", "ControlPersist=60")
    assert (await site.ssh(box, "true", *master))[0] == 0
    answers = await asyncio.gather(
        *(site.ssh(box, f"read word; echo $word {n}", *master, stdin=b"hello\n") for n in range(20))
    )
    assert [out for _, out, _ in answers] == [f"hello {n}\n" for n in range(20)]
    assert (await site.ssh(box, "true", "-O", "exit", *master))[0] == 0


@needs_ssh
async def test_terminal(site: Site) -> None:
    status, out, _ = await site.ssh(site.room.chassis[0], "tty; exit 3", "-tt")
    assert status == 3 and out.startswith("/dev/pts/")


async def test_signals_and_their_names(site: Site) -> None:
    async with await site.connect(site.room.chassis[0]) as connection:
        process = await connection.create_process("echo ready; exec sleep 1000")
        assert await process.stdout.readline() == "ready\n"
        process.send_signal("TERM")
        done = await process.wait()
    assert done.exit_signal is not None and done.exit_signal[0] == "TERM"


async def test_only_the_installed_key_gets_in(site: Site) -> None:
    box = site.room.chassis[0]
    for options in ({"client_keys": [asyncssh.generate_private_key("ssh-ed25519")]}, {"username": "root"}):
        with pytest.raises(asyncssh.PermissionDenied):
            await site.connect(box, **options)


async def test_host_key_lasts_until_the_next_installation(site: Site) -> None:
    box = site.room.chassis[0]

    async def fingerprint() -> str:
        key = await asyncssh.get_server_host_key(box.address, PORT)
        assert key is not None
        return key.get_fingerprint()

    first = await fingerprint()
    assert (await site.run(box, "echo kept > etc/marker")).exit_status == 0
    state = site.nodes.dump()
    await site.nodes.close()
    site.nodes = NodesLab(site.room, site.base / "nodes", site.control.path, state)
    await site.nodes.start(PORT)
    assert await fingerprint() == first
    assert (await site.run(box, "cat ~/etc/marker")).stdout == "kept\n"
    before = (await site.run(box, "cat etc/machine-id")).stdout
    site.install(box)
    site.boot(box)
    await site.nodes.settled()
    assert await fingerprint() != first
    assert (await site.run(box, "cat ~/etc/marker")).exit_status == 1
    assert (await site.run(box, "cat etc/machine-id")).stdout != before
    assert site.nodes.dump() == {"installations": {"c3-001": 2, "c3-002": 1, "c3-003": 1}}


async def test_a_fresh_room_forgets_old_trees(site: Site) -> None:
    await site.nodes.close()
    fresh = Room(site.room.scenario)
    site.nodes = NodesLab(fresh, site.base / "nodes", site.control.path)
    await site.nodes.start(PORT)
    assert not (site.base / "nodes/c3-001").exists()


async def test_power_cut_ends_everything(site: Site) -> None:
    box, other = site.room.chassis[:2]
    connection = await site.connect(box)
    process = await connection.create_process("echo up; setsid sleep 1000 & sleep 1001")
    bystander = await site.connect(other)
    assert await process.stdout.readline() == "up\n"
    await _until(lambda: len(_processes(site.base)) >= 3, "both sleeps run")
    site.room.power_off(box)
    await _until(lambda: not _processes(site.base), "nothing runs without power")
    await asyncio.wait_for(connection.wait_closed(), 5)
    await site.nodes.settled()
    with pytest.raises(OSError):
        await site.connect(box)
    assert (await bystander.run("echo on")).stdout == "on\n"
    bystander.close()
    await bystander.wait_closed()


async def test_a_lost_client_leaves_its_command_running(site: Site) -> None:
    box = site.room.chassis[0]
    connection = await site.connect(box)
    process = await connection.create_process("echo up; exec sleep 1000")
    assert await process.stdout.readline() == "up\n"
    connection.abort()
    await connection.wait_closed()
    found = (await site.run(box, "pgrep -af '[s]leep 1000'")).stdout
    assert isinstance(found, str) and found.endswith(" sleep 1000\n")
    assert (await site.run(site.room.chassis[1], "pgrep -af '[s]leep 1000'")).exit_status == 1


@pytest.mark.parametrize("options", [(), ("-O",)], ids=["sftp", "scp"])
@pytest.mark.skipif(shutil.which("scp") is None, reason="scp is not installed")
async def test_files_by_relative_and_by_home_path(site: Site, options: tuple[str, ...]) -> None:
    box = site.room.chassis[0]
    tree = site.base / "nodes/c3-001/root"
    (site.base / "given").write_text("content")
    for target in ("relative", f"{tree}/absolute", "/etc/of-the-node"):
        child = await asyncio.create_subprocess_exec(
            *(
                "scp",
                *options,
                "-F",
                "none",
                "-q",
                "-i",
                str(site.key),
                "-P",
                str(PORT),
                "-o",
                "BatchMode=yes",
            ),
            *("-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"),
            *(str(site.base / "given"), f"ubuntu@{box.address}:{target}"),
        )
        assert await child.wait() == 0
    for name in ("relative", "absolute", "etc/of-the-node"):
        assert (tree / name).read_text() == "content"
    assert not Path("/etc/of-the-node").exists()


async def test_block_devices_follow_the_bays(site: Site) -> None:
    box = site.room.chassis[0]
    bay = box.bays[2]
    assert bay.drive is not None and box.bays[0].drive is not None
    box.bays[0].drive.contents = "os"
    columns = "NAME,PATH,TYPE,SIZE,SERIAL,WWN,MODEL,ROTA,FSTYPE,MOUNTPOINTS,PKNAME"
    listing = await site.run(box, f"lsblk --json --bytes --output {columns}")
    devices = json.loads(str(listing.stdout))["blockdevices"]
    assert [device["name"] for device in devices] == ["sda", "sdb", "sdc"]
    assert set(devices[0]["children"][1]) == set(columns.lower().split(","))
    assert devices[0]["children"][1]["mountpoints"] == ["/"]
    assert (devices[2]["serial"], devices[2]["size"]) == (bay.drive.serial, bay.drive.size)
    new = site.room.swap(box, 2)
    listing = await site.run(box, "lsblk --json --bytes --output NAME,SERIAL /dev/sdc")
    assert json.loads(str(listing.stdout)) == {"blockdevices": [{"name": "sdc", "serial": new.serial}]}
    links = str(
        (await site.run(box, "find /dev/disk/by-path /dev/disk/by-id -type l -printf '%p %l\\n'")).stdout
    )
    assert f"{bay.by_path} ../../sdc\n" in links and f"{new.by_id} ../../sdc\n" in links


async def test_addresses_units_modules_and_settings(site: Site) -> None:
    box = site.room.chassis[0]
    shown = json.loads(str((await site.run(box, "ip -j addr show dev br0")).stdout))
    assert shown[0]["addr_info"][0]["local"] == box.address
    everything = json.loads(str((await site.run(box, "ip -j -4 addr")).stdout))
    assert [link["ifname"] for link in everything] == ["lo", "br0"]
    assert (
        await site.run(box, "modprobe rbd && lsmod | grep -q rbd && ! modprobe nonsense")
    ).exit_status == 0
    reading = "sysctl -n net.bridge.bridge-nf-call-iptables"
    assert (await site.run(box, reading)).exit_status != 0
    assert (await site.run(box, f"modprobe br_netfilter; {reading}")).stdout == "1\n"
    assert (await site.run(box, "systemctl start a")).exit_status == 5
    await site.run(box, "mkdir -p etc/systemd/system; touch etc/systemd/system/a.service")
    assert (await site.run(box, "systemctl enable --now a; systemctl is-active a")).stdout == "active\n"
    await site.run(box, "systemctl stop a")
    assert (await site.run(box, "systemctl is-active a")).exit_status == 3
    site.room.power_off(box)
    site.boot(box)
    await site.nodes.settled()
    assert (await site.run(box, "systemctl is-active a")).stdout == "active\n"
    assert (await site.run(box, reading)).exit_status != 0


async def test_kubeadm_joins_once_and_spends_faults(site: Site) -> None:
    box = site.room.chassis[1]
    site.room.faults.append(Fault(kind=FaultKind.TASK_FAILS, server=2, detail="kubeadm join"))
    join = "mkdir -p run/units; touch run/units/containerd.service; kubeadm join --node-labels=c3.io/rack=r1"
    refused = await site.run(box, join)
    assert refused.exit_status == 1 and "couldn't validate the identity" in str(refused.stderr)
    assert (await site.run(box, join)).exit_status == 0
    assert site.joined["n002"]["labels"] == {"c3.io/rack": "r1"}
    again = await site.run(box, join)
    assert again.exit_status == 1 and "FileAvailable--etc-kubernetes-kubelet.conf" in str(again.stderr)
    assert (await site.run(box, "kubeadm reset -f")).exit_status == 0 and not site.joined
    assert (await site.run(box, join)).exit_status == 0


def _inventory(site: Site, etcd: int) -> Path:
    hosts, control_plane = {}, ["n001"]
    for box in site.room.chassis[:2]:
        hosts[box.hostname] = {
            "ansible_host": box.address,
            "ip": box.address,
            "access_ip": box.address,
            "etcd_member_name": f"etcd{box.position}",
            "node_labels": {"c3.io/rack": box.rack},
        }
    groups = {
        "kube_control_plane": {"hosts": dict.fromkeys(control_plane)},
        "etcd": {"hosts": dict.fromkeys(list(hosts)[:etcd])},
        "kube_node": {"hosts": dict.fromkeys(hosts)},
        "k8s_cluster": {"children": {"kube_control_plane": None, "kube_node": None}},
    }
    variables = {
        "ansible_user": "ubuntu",
        "ansible_port": PORT,
        "ansible_become": True,
        "ansible_ssh_private_key_file": str(site.key),
        "ansible_ssh_common_args": f"-o UserKnownHostsFile={site.base}/known_hosts "
        "-o StrictHostKeyChecking=accept-new",
        "kube_network_plugin": "cni",
        "kube_pods_subnet": "127.52.128.0/17",
        "kube_network_node_prefix": 26,
        "kubelet_max_pods": 60,
        "kube_proxy_mode": "nftables",
        "upstream_dns_servers": ["127.52.0.1"],
        "ntp_enabled": True,
        "ntp_servers": ["127.52.0.1 iburst", "127.52.0.2"],
        "additional_sysctl": [{"name": "net.ipv4.neigh.default.gc_thresh1", "value": 8192}],
        "kubeconfig_localhost": True,
    }
    path = site.base / f"inventory-{etcd}" / "hosts.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps({"all": {"hosts": hosts, "vars": variables, "children": groups}}))
    return path


async def _play(site: Site, playbook: str, *arguments: str, etcd: int = 1) -> tuple[int, str]:
    child = await asyncio.create_subprocess_exec(
        *(
            sys.executable,
            "-m",
            "ansible",
            "playbook",
            "-i",
            str(_inventory(site, etcd)),
            playbook,
            *arguments,
        ),
        cwd=TREE,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(site.base),
            "LC_ALL": "C.UTF-8",
            "PYTHONPYCACHEPREFIX": str(site.base / "compiled"),
            "ANSIBLE_CONFIG": str(TREE / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_FORKS": "20",
            "ANSIBLE_SSH_CONTROL_PATH_DIR": str(site.base),
        },
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    out, _ = await child.communicate()
    assert child.returncode is not None
    return child.returncode, out.decode()


def _recap(out: str) -> dict[str, dict[str, int]]:
    rows = [line.split() for line in out.partition("PLAY RECAP")[2].splitlines()[1:] if ":" in line]
    return {
        row[0]: {name: int(n) for name, _, n in (word.partition("=") for word in row[2:])} for row in rows
    }


async def test_the_tree_refuses_an_even_etcd(site: Site) -> None:
    status, out = await _play(site, "cluster.yml", etcd=2)
    assert status == 2
    assert "Stop if even number of etcd hosts" in out.partition("FAILED!")[0].rpartition("TASK")[2]


@pytest.mark.timeout(300)
async def test_the_tree_builds_a_cluster_and_changes_nothing_twice(site: Site) -> None:
    status, out = await _play(site, "cluster.yml")
    assert status == 0 and _recap(out)["n002"]["changed"] > 10, out
    assert [site.joined[f"n{n:03d}"]["control_plane"] for n in (1, 2)] == [True, False]
    assert site.joined["n002"]["labels"] == {"c3.io/rack": "r01"}
    assert "kind: Config" in (_inventory(site, 1).parent / "artifacts/admin.conf").read_text()
    settings = "sysctl -n net.ipv4.neigh.default.gc_thresh1 net.ipv4.ip_forward; cat etc/chrony.conf"
    read = await site.run(site.room.chassis[1], settings)
    assert read.stdout == "8192\n1\nserver 127.52.0.1 iburst\nserver 127.52.0.2\n"
    status, out = await _play(site, "cluster.yml")
    assert status == 0 and _recap(out).keys() == {"n001", "n002"}
    assert {row["changed"] for row in _recap(out).values()} == {0}, out
    status, out = await _play(site, "remove-node.yml", "-e", "node=n002", "-e", "skip_confirmation=true")
    assert status == 0 and set(site.joined) == {"n001"}, out


async def test_the_tree_fails_where_the_scenario_says(site: Site) -> None:
    site.room.faults.append(Fault(kind=FaultKind.TASK_FAILS, server=2, detail="download"))
    stage = ("--tags", "download")
    status, out = await _play(site, "cluster.yml", *stage)
    assert status == 2 and [host for host, row in _recap(out).items() if row["failed"]] == ["n002"], out
    failure = out.partition("fatal: [n002]")
    assert "Download_file | Download items" in failure[0].rpartition("TASK")[2]
    assert "did not match" in failure[2].partition("PLAY RECAP")[0]


async def test_a_port_in_use_is_logged_and_harms_no_other_node(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    box, other = site.room.chassis[:2]
    site.room.power_off(box)
    await site.nodes.settled()
    squatter = await asyncio.start_server(lambda reader, writer: writer.close(), box.address, PORT)
    site.boot(box)
    await site.nodes.settled()
    assert f"c3-001 does not come up at {box.address}" in caplog.text
    assert (await site.run(other, "hostname")).stdout == "n002\n"
    squatter.close()


async def test_cni_ready_is_a_file_in_the_tree(site: Site) -> None:
    box = site.room.chassis[0]
    assert not site.nodes.cni_ready(box)
    await site.run(box, "mkdir -p etc/cni/net.d; echo {} > etc/cni/net.d/10-c3.conflist")
    assert site.nodes.cni_ready(box) and not site.nodes.cni_ready(site.room.chassis[1])
