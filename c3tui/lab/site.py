"""The room described as an ordinary site: what an engineer would have written for it."""

import os
from importlib.resources import files
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from c3tui.lab.chassis import BMC_PASSWORD, BMC_USER
from c3tui.lab.room import Room
from c3tui.lab.scenario import Scenario


def write_site(directory: Path, room: Room, maas_url: str, api_key: str) -> None:
    """Write ``site.yaml`` and ``secrets.yaml`` unless they exist."""
    directory.mkdir(parents=True, exist_ok=True)
    plan, secrets = directory / "site.yaml", directory / "secrets.yaml"
    if not plan.exists():
        _write(plan, _plan(room, maas_url), "A rehearsal site: every endpoint is on this machine's loopback.")
    if not secrets.exists():
        os.close(os.open(secrets, os.O_CREAT | os.O_WRONLY, 0o600))
        login = {"user": BMC_USER, "password": BMC_PASSWORD}
        _write(secrets, {"maas_api_key": api_key, "bmc": {"default": login}}, "Secrets of the rehearsal.")


def _write(path: Path, data: dict[str, Any], comment: str) -> None:
    yaml = YAML()
    yaml.width = 200
    yaml.indent(mapping=2, sequence=4, offset=2)
    with path.open("w") as file:
        file.write(f"# {comment}\n")
        yaml.dump(data, file)


def _plan(room: Room, maas_url: str) -> dict[str, Any]:
    scenario = room.scenario
    planned = [box for box in room.chassis if box.planned]
    names = [box.name for box in planned]
    racks = dict.fromkeys(box.rack for box in planned)
    return {
        "site": {"name": "rehearsal"},
        "endpoints": {
            "maas": {"url": maas_url, "poll": 0.4},
            "bmc": {"port": scenario.bmc_port, "poll": 2.0},
            "ssh": {"user": "ubuntu", "port": scenario.ssh_port},
        },
        "networks": _networks(scenario),
        "racks": [{"name": rack, "units": 42} for rack in racks],
        "servers": [
            {
                "name": box.name,
                "rack": box.rack,
                "unit": box.unit,
                "serial": box.serial,
                "bmc": {"address": box.bmc.address, "mac": box.bmc.mac},
            }
            for box in planned
        ],
        "discovery": {"wave": 40, "enlist_timeout": 60, "commission_timeout": 60},
        "hardware": {
            "profiles": {
                "standard": {"cpus": 32, "memory_gib": 128, "data_drives": scenario.bays - 1, "nics": 2}
            },
            "tests": scenario.tests,
            "select": {"memory": ["c3-ecc"], "cpu": []},
            "wave": 50,
            "timeout": 120,
            "swap_wait": 30 if scenario.technician.present else 0,
            "swap_recheck": 1,
        },
        "os": {"osystem": "ubuntu", "distro_series": "noble", "wave": 20, "timeout": 60},
        "kubernetes": {
            "kubespray": {"path": _asset("kubespray"), "version": "2.31.0"},
            "version": "1.35.4",
            "control_plane": _control_plane(room, names),
            "max_pods": 60,
            "extra_vars": {"c3_cni_conf_dir": "~/etc/cni/net.d"},
            "ready_timeout": 60,
        },
        "storage": {
            "rook": {"path": _asset("rook"), "version": "v1.20.6"},
            "ceph_image": "quay.io/ceph/ceph:v20.2.4",
            "mons": 3 if len(names) >= 3 else 1,
            "pool": {"name": "rbd", "size": 3 if len(names) >= 3 else 2, "failure_domain": "host"},
            "timeout": 120,
            "health_wait": 30,
        },
    }


def _networks(scenario: Scenario) -> dict[str, Any]:
    cluster, pxe = scenario.cluster.network_address, scenario.pxe.network_address
    return {
        "ipmi": {"cidr": str(scenario.ipmi), "vlan": 10, "mtu": 1500},
        "pxe": {
            "cidr": str(scenario.pxe),
            "gateway": str(pxe + 1),
            "dynamic": {"start": str(pxe + (200 << 8) + 1), "end": str(pxe + (250 << 8) + 254)},
        },
        "cluster": {
            "cidr": str(scenario.cluster),
            "vlan": 30,
            "mtu": 1500,
            "gateway": str(cluster + 1),
            "bridge": "br0",
            "dns": [str(cluster + 1)],
            "ntp": [str(cluster + 1)],
            "nodes": {"start": str(cluster + 10), "end": str(cluster + (7 << 8) + 255)},
            "vip": scenario.vip,
            "pods": {"cidr": f"{cluster + (128 << 8)}/17", "node_prefix": 26},
            "services": "10.233.0.0/18",
        },
    }


def _control_plane(room: Room, names: list[str]) -> list[str]:
    """Three servers, in racks of their own as far as there are racks; one in a smaller room."""
    if len(names) < 3:
        return names[:1]
    first: dict[str, str] = {}
    for box in room.chassis:
        if box.planned:
            first.setdefault(box.rack, box.name)
    chosen = list(first.values())[:3]
    return chosen + [name for name in names if name not in chosen][: 3 - len(chosen)]


def _asset(name: str) -> str:
    return str(files("assets") / "lab" / name)
