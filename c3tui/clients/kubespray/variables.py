"""Kubespray's variables for a flat L2: nodes and pods share one network, services stay inside it.

Names and defaults: Kubespray, ``inventory/sample`` and ``roles/kubespray_defaults``.
"""

from c3tui.model.plan import Plan
from c3tui.model.sizing import size


def site_variables(plan: Plan) -> dict[str, object]:
    """What holds for every host: the L2, its names and clocks, and how Kubespray works."""
    cluster = plan.networks.cluster
    variables: dict[str, object] = {
        "c3_bridge": cluster.bridge,
        "c3_network": str(cluster.cidr),
        "c3_gateway": str(cluster.gateway),
        "c3_mtu": cluster.mtu,
        "loadbalancer_apiserver": {"address": str(cluster.vip), "port": 6443},
        "apiserver_loadbalancer_domain_name": plan.kubernetes.api_domain,
        # The kernel's neighbour table holds 1024 entries: too few where every pod is a neighbour.
        "additional_sysctl": [
            {"name": f"net.ipv4.neigh.default.gc_thresh{nth}", "value": value}
            for nth, value in enumerate(size(plan).full.neighbours, 1)
        ],
        "download_run_once": True,
        # Without a spread, hundreds of nodes retry a failed download in the same second.
        "retry_stagger": 60,
        # Removing a node would otherwise restart its networking and bounce the bridge its pods hang on.
        "reset_restart_network": False,
        "ntp_enabled": bool(cluster.ntp),
    }
    if cluster.dns:
        variables["upstream_dns_servers"] = [str(server) for server in cluster.dns]
    if cluster.ntp:
        variables["ntp_manage_config"] = True
        variables["ntp_servers"] = [f"{server} iburst" for server in cluster.ntp]
    return variables


def cluster_variables(plan: Plan) -> dict[str, object]:
    """What holds for the members of the cluster: pods, services, proxy and the API's address."""
    cluster, chosen = plan.networks.cluster, plan.kubernetes
    return {
        "kube_version": chosen.version.removeprefix("v"),
        # Installs the plugins and writes no configuration: the per-node one is a play of ours.
        "kube_network_plugin": "cni",
        "kube_pods_subnet": str(cluster.pods.cidr),
        "kube_network_node_prefix": cluster.pods.node_prefix,
        "kubelet_max_pods": chosen.max_pods,
        "kube_service_addresses": str(cluster.services),
        # Pod ranges belong to the plan, so that a node that joins again gets its own back.
        "kube_controller_manager_allocate_node_cidrs": False,
        # Never ipvs: frames of pods to the router's address do not pass its hook.
        "kube_proxy_mode": chosen.proxy_mode,
        "kube_proxy_masquerade_all": False,
        # Its link-local address is unreachable for pods on the L2.
        "enable_nodelocaldns": False,
        "kube_vip_enabled": True,
        "kube_vip_controlplane_enabled": True,
        "kube_vip_arp_enabled": True,
        "kube_vip_interface": cluster.bridge,
        "kube_vip_address": str(cluster.vip),
        "kubeconfig_localhost": True,
    }
