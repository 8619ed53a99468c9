"""A planned cluster for tests: the worked example of a flat L2, with as many nodes as wanted."""

from typing import Any

from c3tui.clients.kubespray import Node
from c3tui.model.network import node_addresses
from c3tui.model.plan import Plan


def plan(servers: int = 4, control_plane: tuple[int, ...] = (1,), **kubernetes: Any) -> Plan:
    """L2 10.20.0.0/16, pods in 10.20.128.0/17 by /26, services 10.233.0.0/18."""
    return Plan.model_validate(
        {
            "site": {"name": "small"},
            "endpoints": {"maas": {"url": "http://127.0.0.1:9/MAAS/"}, "ssh": {"port": 2260}},
            "networks": {
                "ipmi": {"cidr": "10.0.0.0/24"},
                "pxe": {"cidr": "10.1.0.0/24", "dynamic": {"start": "10.1.0.100", "end": "10.1.0.200"}},
                "cluster": {
                    "cidr": "10.20.0.0/16",
                    "gateway": "10.20.0.1",
                    "mtu": 9000,
                    "dns": ["10.20.0.1"],
                    "ntp": ["10.20.0.1"],
                    "nodes": {"start": "10.20.0.10", "end": "10.20.1.255"},
                    "vip": "10.20.0.5",
                    "pods": {"cidr": "10.20.128.0/17", "node_prefix": 26},
                    "services": "10.233.0.0/18",
                },
            },
            "racks": [{"name": "r01"}, {"name": "r02"}],
            "servers": [
                {
                    "name": f"c3-{number:03d}",
                    "rack": f"r0{1 + number % 2}",
                    "unit": number,
                    "bmc": {"address": f"10.0.0.{10 + number}"},
                }
                for number in range(1, servers + 1)
            ],
            "kubernetes": {
                "kubespray": {"path": "kubespray", "version": "2.31.0"},
                "version": "v1.35.4",
                "control_plane": [f"c3-{number:03d}" for number in control_plane],
                **kubernetes,
            },
            "storage": {"rook": {"path": "rook", "version": "v1"}, "ceph_image": "ceph"},
        }
    )


def members(site: Plan) -> list[Node]:
    """All servers of a plan as members of its cluster."""
    nodes = []
    for index, server in enumerate(site.servers):
        placed = node_addresses(site.networks.cluster, index)
        first = server.name in site.kubernetes.control_plane
        nodes.append(
            Node(
                name=server.name,
                address=placed.address,
                rack=server.rack,
                control_plane=first,
                etcd=first,
                pod_start=placed.pod_range.start,
                pod_end=placed.pod_range.end,
            )
        )
    return nodes
