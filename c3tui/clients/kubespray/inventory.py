"""Kubespray's inventory of the cluster, rendered from the plan: the same plan gives the same bytes."""

import io
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address
from pathlib import Path

from ruamel.yaml import YAML

from c3tui.clients.kubespray.variables import cluster_variables, site_variables
from c3tui.engine.errors import InputError
from c3tui.model.plan import Plan


@dataclass(frozen=True)
class Node:
    """One server as a member of the cluster."""

    name: str
    address: IPv4Address
    """Of its bridge on the cluster L2."""
    rack: str
    control_plane: bool
    etcd: bool
    pod_start: IPv4Address
    """First address its pods may have."""
    pod_end: IPv4Address
    """Last address its pods may have."""


@dataclass(frozen=True)
class Inventory:
    """A rendered inventory. Its directory belongs to the cluster for life: Kubespray keeps keys there."""

    directory: Path
    hosts: tuple[str, ...]

    @property
    def hosts_file(self) -> Path:
        """The inventory proper; group variables lie beside it."""
        return self.directory / "inventory" / "hosts.yaml"

    @property
    def extra_vars(self) -> Path:
        """The engineer's own variables, which beat all others."""
        return self.directory / "extra-vars.yml"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's kubeconfig that ``kubeconfig_localhost`` fetches."""
        return self.directory / "inventory" / "artifacts" / "admin.conf"

    @property
    def facts(self) -> Path:
        """The fact cache, shared by all runs on this cluster: ``--limit`` is only safe with it complete."""
        return self.directory / "facts"


def render(directory: Path, plan: Plan, nodes: Sequence[Node]) -> Inventory:
    """Write the inventory and its variables.

    Hosts come in an order that growth only appends to: the first control plane node is special to
    Kubespray, and another one in its place would start a second certificate authority.

    Args:
        directory: of the cluster; made with mode 0700 when absent.
        nodes: the members, in any order.

    Raises:
        InputError: a node is not in the plan, or the control plane of the plan is incomplete.
    """
    ordered = _in_order(plan, nodes)
    inventory = Inventory(directory, tuple(node.name for node in ordered))
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    groups = inventory.hosts_file.parent / "group_vars"
    _write(inventory.hosts_file, _hosts(plan, ordered))
    _write(groups / "all" / "c3.yml", site_variables(plan))
    _write(groups / "k8s_cluster" / "c3.yml", cluster_variables(plan))
    _write(inventory.extra_vars, plan.kubernetes.extra_vars)
    return inventory


def _in_order(plan: Plan, nodes: Sequence[Node]) -> list[Node]:
    """Control plane in the order it was chosen, then the rest in plan order."""
    first = plan.kubernetes.control_plane
    places = {server.name: place for place, server in enumerate(plan.servers)}
    if strangers := sorted(node.name for node in nodes if node.name not in places):
        raise InputError(f"not in the plan: {', '.join(strangers)}", where="kubernetes nodes")
    members = {node.name for node in nodes if node.control_plane}
    if not members or not members <= set(first):
        raise InputError(
            f"the control plane is {', '.join(sorted(members)) or 'empty'}, planned is {', '.join(first)}",
            where="kubernetes.control_plane",
            remedy="Append new control plane nodes at the end of the plan's list",
        )
    return sorted(
        nodes,
        key=lambda node: (0, first.index(node.name)) if node.control_plane else (1, places[node.name]),
    )


def _hosts(plan: Plan, nodes: Sequence[Node]) -> dict[str, object]:
    def group(members: list[Node]) -> dict[str, object]:
        return {"hosts": {node.name: {} for node in members}}

    return {
        "all": {
            "hosts": {node.name: _host(plan, node) for node in nodes},
            "children": {
                "kube_control_plane": group([node for node in nodes if node.control_plane]),
                "etcd": group([node for node in nodes if node.etcd]),
                # Converged: every server runs workloads and Ceph, the control plane included.
                "kube_node": group(list(nodes)),
                # Spelled out: left to Kubespray it is built at run time and its --limit checks pass unseen.
                "k8s_cluster": {"children": {"kube_control_plane": {}, "kube_node": {}}},
            },
        }
    }


def _host(plan: Plan, node: Node) -> dict[str, object]:
    address = str(node.address)
    host: dict[str, object] = {
        "ansible_host": address,
        "ansible_port": plan.endpoints.ssh.port,
        "ansible_user": plan.endpoints.ssh.user,
        "ip": address,
        "access_ip": address,
        "node_labels": {"c3.io/rack": node.rack, "topology.rook.io/rack": node.rack},
        "c3_pod_start": str(node.pod_start),
        "c3_pod_end": str(node.pod_end),
    }
    if node.etcd:
        host["etcd_member_name"] = node.name
    return host


def _write(path: Path, data: Mapping[str, object]) -> None:
    """Write YAML (mode 0600): the engineer's variables may hold a registry's password."""
    yaml = YAML(typ="safe", pure=True)
    # What Ansible reads: a bare yes would be true to it.
    yaml.version = (1, 1)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    text = io.StringIO()
    # By way of JSON: values read from a commented plan are of classes that YAML refuses to write.
    yaml.dump(json.loads(json.dumps(data, default=str)), text)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.part")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text.getvalue())
    draft.replace(path)
