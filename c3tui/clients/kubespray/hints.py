"""What to do about the failures that engineers meet most with Kubespray, by task and message."""

import re
from dataclasses import dataclass

from c3tui.clients.kubespray.result import Failure


@dataclass(frozen=True)
class _Hint:
    pattern: re.Pattern[str]
    text: str


def hint(task: str, msg: str) -> str:
    """Advice on a failed task; empty when nothing is known about it."""
    subject = f"{task}\n{msg}"
    return next((one.text for one in _TABLE if one.pattern.search(subject)), "")


def advise(failure: Failure) -> str:
    """Advice on a failure; empty when nothing is known about it."""
    return hint(failure.task, failure.msg)


def _table(rows: dict[str, str]) -> tuple[_Hint, ...]:
    return tuple(
        _Hint(re.compile(pattern, re.IGNORECASE | re.DOTALL), text) for pattern, text in rows.items()
    )


# The first that matches counts: the particular stands before the general.
_TABLE = _table(
    {
        # Reaching the server.
        r"No \w+ host key is known": (
            "The server's SSH host key is not trusted: compare its fingerprint, then trust it"
        ),
        r"REMOTE HOST IDENTIFICATION HAS CHANGED|Host key verification failed": (
            "The server shows another SSH host key than before. If it was installed again, forget its old key"
        ),
        r"Permission denied \(publickey": "Wrong key or user: try to log in with the site's key",
        r"Missing sudo password|a password is required|waiting for privilege escalation prompt": (
            "The SSH user needs sudo without a password; a slow DNS in sudo or sshd (UseDNS) looks the same"
        ),
        r"Connection timed out|No route to host|Connection refused|Failed to connect to the host via ssh": (
            "Server down, wrong VLAN or a firewall: look at its power state; "
            "a worker can be left out and added later"
        ),
        # Before anything is changed.
        r"Ansible must be between": (
            "Kubespray wants another Ansible: name its own environment in kubernetes.ansible_bin"
        ),
        r"netaddr is not present": "Kubespray's environment lacks netaddr: see its requirements.txt",
        r"Stop if .*hostname": "Rename the server: lower-case letters, digits and hyphens only",
        r"c3_bridge_missing|Stop if ip var does not match local ips": (
            "The planned address is not on the server's bridge: look at the bridge that the deployment made"
        ),
        r"Stop if access_ip is not pingable": "Ping between servers is blocked: allow ICMP on the L2",
        r"Guarantee that enough network address space|Not enough ipv4 IPs": (
            "A node's slice of the pod block is too small for max_pods: choose a shorter node_prefix"
        ),
        r"does not have a fact cache": "Facts of other servers are missing: run facts.yml without limit",
        r"Stop if even number of etcd": "etcd needs an odd number of members: add or remove one",
        r"Stop if memory is too small": "Too little memory for its role: is it the right machine?",
        # Packages and downloads.
        r"Could not get lock /var/lib/(dpkg|apt)": (
            "unattended-upgrades holds the package lock: wait, or stop the apt-daily timers, and run again"
        ),
        r"Failed to update apt cache|Failed to fetch .*Packages": (
            "No package repository, DNS, proxy, or a wrong clock: test the mirror from the server"
        ),
        r"checksum .*did not match": (
            "Truncated download, a proxy's error page, or a stale mirror: synchronise the mirror again"
        ),
        r"toomanyrequests|\b429\b": "The registry limits anonymous pulls: use a mirror or a login",
        r"download_container.*(x509|server gave HTTP response)": (
            "The registry's certificate is not trusted: set containerd_registries_mirrors"
        ),
        r"(Download_file|Validate mirrors|Download).*(censored|no_log)": (
            "A download address cannot be reached and Kubespray hides why: fetch it from the server by hand, "
            "or run with unsafe_show_logs"
        ),
        # The operating system.
        r"modprobe.*(Module .* not found|/proc/modules)": (
            "The kernel's modules are not installed: install linux-modules-extra for the running kernel"
        ),
        r"sysctl.*(permission denied on key|cannot stat)": "The kernel lacks this setting: a container?",
        r"Temporary failure in name resolution": (
            "Name resolution is broken, perhaps by a half-finished run: restore /etc/resolv.conf"
        ),
        # etcd and the control plane.
        r"etcd.*Wait for etcd cluster to be healthy": (
            "Ports 2379 and 2380 blocked, clocks apart, or data of an older cluster in /var/lib/etcd"
        ),
        r"Initialize first control plane|kubelet.*10248|wait-control-plane": (
            "See journalctl -u kubelet and crictl ps -a; cgroup v2? Is the API address on the bridge?"
        ),
        r"Create kubeadm token|Wait for k8s apiserver": (
            "The API does not answer, or the control plane's order changed: check its address; do not reset"
        ),
        r"couldn't validate the identity|token .*(expired|invalid)|x509: .*not yet valid": (
            "Expired join token or clocks apart: check NTP, then run again"
        ),
        r"Port-10250|FileAvailable|kubelet\.conf already exists": (
            "Leftovers of an older cluster on this server: reset this worker alone, then run again"
        ),
        r"(Join to cluster|kubeadm join).*(timeout|timed out|124)": (
            "The API cannot be reached from this server, or images are slow: try its /healthz from there"
        ),
        # After that.
        r"cni config uninitialized": "No CNI configuration or plugin: see /etc/cni/net.d and /opt/cni/bin",
        r"i/o timeout.*10\.233\.|10\.233\..*i/o timeout": (
            "Services do not answer pods: bridge-nf-call-iptables must be 1, and no FORWARD policy may drop"
        ),
        r"disruption budget": "A disruption budget holds the drain: wait until Ceph is healthy again",
        r"Wait until Volumes will be detached": (
            "Volumes hang on a dead server: make sure that it is off, then remove it as not answering"
        ),
        r"static Pod hash .*did not change": "Slow kubelet or etcd disk: run again; see etcd's fsync latency",
        r"NO MORE HOSTS LEFT": "Another server's failure ended the run: look at the first failure in time",
    }
)
