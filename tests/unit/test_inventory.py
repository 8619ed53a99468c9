import hashlib
import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from c3tui.clients.kubespray import Inventory, render, tree
from c3tui.engine.errors import InputError
from c3tui.engine.software import digest
from c3tui.model.plan import Software
from tests.support.cluster import members, plan


def read(path: Path) -> Any:
    return YAML(typ="safe", pure=True).load(path.read_text())


def rendered(tmp_path: Path, **kubernetes: Any) -> Inventory:
    site = plan(5, (4, 1, 2), **kubernetes)
    return render(tmp_path / "cluster", site, members(site))


def files(inventory: Inventory) -> dict[str, bytes]:
    found = [path for path in inventory.directory.rglob("*") if path.is_file()]
    return {str(path.relative_to(inventory.directory)): path.read_bytes() for path in found}


def test_a_host_has_all_that_kubespray_and_the_cni_play_need(tmp_path: Path) -> None:
    hosts = read(rendered(tmp_path).hosts_file)["all"]["hosts"]
    assert hosts["c3-002"] == {
        "ansible_host": "10.20.0.11",
        "ansible_port": 2260,
        "ansible_user": "ubuntu",
        "ip": "10.20.0.11",
        "access_ip": "10.20.0.11",
        "etcd_member_name": "c3-002",
        "node_labels": {"c3.io/rack": "r01", "topology.rook.io/rack": "r01"},
        "c3_pod_start": "10.20.128.65",
        "c3_pod_end": "10.20.128.126",
    }
    assert "etcd_member_name" not in hosts["c3-003"]


def test_the_control_plane_keeps_the_order_it_was_chosen_in(tmp_path: Path) -> None:
    inventory = rendered(tmp_path)
    groups = read(inventory.hosts_file)["all"]["children"]
    assert list(groups["kube_control_plane"]["hosts"]) == ["c3-004", "c3-001", "c3-002"]
    assert list(groups["etcd"]["hosts"]) == ["c3-004", "c3-001", "c3-002"]
    assert list(groups["kube_node"]["hosts"]) == ["c3-004", "c3-001", "c3-002", "c3-003", "c3-005"]
    assert groups["k8s_cluster"]["children"] == {"kube_control_plane": {}, "kube_node": {}}
    assert inventory.hosts == ("c3-004", "c3-001", "c3-002", "c3-003", "c3-005")


def test_growth_appends(tmp_path: Path) -> None:
    small, large = plan(5, (4, 1, 2)), plan(7, (4, 1, 2))
    before = render(tmp_path / "a", small, members(small)).hosts
    after = render(tmp_path / "b", large, list(reversed(members(large)))).hosts
    assert after == (*before, "c3-006", "c3-007")


def test_the_worked_example(tmp_path: Path) -> None:
    groups = rendered(tmp_path).hosts_file.parent / "group_vars"
    cluster, everyone = read(groups / "k8s_cluster" / "c3.yml"), read(groups / "all" / "c3.yml")
    expected = {
        "kube_version": "1.35.4",
        "kube_network_plugin": "cni",
        "kube_pods_subnet": "10.20.128.0/17",
        "kube_network_node_prefix": 26,
        "kubelet_max_pods": 60,
        "kube_service_addresses": "10.233.0.0/18",
        "kube_controller_manager_allocate_node_cidrs": False,
        "kube_proxy_mode": "nftables",
        "enable_nodelocaldns": False,
        "kube_vip_interface": "br0",
        "kube_vip_address": "10.20.0.5",
        "kubeconfig_localhost": True,
    }
    assert {key: cluster[key] for key in expected} == expected
    expected = {
        "c3_bridge": "br0",
        "c3_network": "10.20.0.0/16",
        "c3_gateway": "10.20.0.1",
        "c3_mtu": 9000,
        "loadbalancer_apiserver": {"address": "10.20.0.5", "port": 6443},
        "upstream_dns_servers": ["10.20.0.1"],
        "ntp_servers": ["10.20.0.1 iburst"],
        "reset_restart_network": False,
        "download_run_once": True,
    }
    assert {key: everyone[key] for key in expected} == expected
    assert {"name": "net.ipv4.neigh.default.gc_thresh3", "value": 65536} in everyone["additional_sysctl"]


def test_the_same_plan_gives_the_same_bytes(tmp_path: Path) -> None:
    assert files(rendered(tmp_path / "a")) == files(rendered(tmp_path / "b"))


def test_the_engineers_variables_are_a_private_file_that_ansible_reads_alike(tmp_path: Path) -> None:
    chosen = {"one": "yes", "mode": "0755", "text": "{{ ansible_env.HOME }}/x", "deep": {"on": [True, 1]}}
    inventory = rendered(tmp_path, extra_vars=chosen)
    assert inventory.extra_vars.stat().st_mode & 0o777 == 0o600
    old = YAML(typ="safe", pure=True)
    old.version = (1, 1)
    assert old.load(inventory.extra_vars.read_text()) == chosen
    assert "'yes'" in inventory.extra_vars.read_text()


def test_members_must_be_planned(tmp_path: Path) -> None:
    site = plan(3)
    with pytest.raises(InputError, match="not in the plan: c3-004"):
        render(tmp_path, site, members(plan(4)))
    with pytest.raises(InputError, match="control plane"):
        render(tmp_path, site, members(site)[1:])


@pytest.fixture
def kubespray(tmp_path: Path) -> Path:
    directory = tmp_path / "kubespray"
    (directory / "roles").mkdir(parents=True)
    (directory / "galaxy.yml").write_text("name: kubespray\nversion: 2.31.0-rehearsal\n")
    (directory / "roles" / "main.yml").write_text("- debug:\n")
    return directory


def software(path: str, version: str = "2.31.0", sha256: str | None = None) -> Software:
    return Software(path=path, version=version, sha256=sha256)


def test_a_directory_is_taken_where_it_is(kubespray: Path, tmp_path: Path) -> None:
    checksum = digest(kubespray)
    assert tree(software("kubespray", "v2.31", checksum), tmp_path, tmp_path / "cache") == kubespray
    (kubespray / "roles" / "__pycache__").mkdir()
    (kubespray / "roles" / "__pycache__" / "x.pyc").write_text("")
    assert digest(kubespray) == checksum
    (kubespray / "roles" / "main.yml").write_text("- fail:\n")
    with pytest.raises(InputError, match="checksum"):
        tree(software("kubespray", "2.31", checksum), tmp_path, tmp_path / "cache")


def test_a_digest_is_that_of_the_sorted_checksums(kubespray: Path) -> None:
    lines = [
        f"{hashlib.sha256((kubespray / name).read_bytes()).hexdigest()}  {name}\n"
        for name in ("galaxy.yml", "roles/main.yml")
    ]
    assert digest(kubespray) == hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("version", ["2.3", "2.31.1", "2.30.0"])
def test_another_version_is_refused(kubespray: Path, tmp_path: Path, version: str) -> None:
    with pytest.raises(InputError, match=r"this is Kubespray 2\.31\.0-rehearsal"):
        tree(software("kubespray", version), tmp_path, tmp_path / "cache")


def test_what_is_absent_or_no_kubespray_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not there"):
        tree(software("nowhere"), tmp_path, tmp_path / "cache")
    with pytest.raises(InputError, match="no Kubespray"):
        tree(software("."), tmp_path, tmp_path / "cache")


def test_a_tarball_is_unpacked_once(kubespray: Path, tmp_path: Path) -> None:
    tarball = tmp_path / "kubespray.tar.gz"
    with tarfile.open(tarball, "w:gz") as archive:
        archive.add(kubespray, "kubespray-2.31.0")
    checksum = hashlib.sha256(tarball.read_bytes()).hexdigest()
    first = tree(software("kubespray.tar.gz", sha256=checksum), tmp_path, tmp_path / "cache")
    assert (first / "roles" / "main.yml").read_text() == "- debug:\n"
    assert tree(software("kubespray.tar.gz"), tmp_path, tmp_path / "cache") == first
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_tarball_that_reaches_out_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "bad.tar", "w") as archive:
        archive.addfile(tarfile.TarInfo("../outside"), io.BytesIO())
    with pytest.raises(InputError, match="cannot be unpacked"):
        tree(software("bad.tar"), tmp_path, tmp_path / "cache")
    assert list((tmp_path / "cache").iterdir()) == []
