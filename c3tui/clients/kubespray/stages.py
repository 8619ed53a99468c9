"""The stages of Kubespray's playbooks, and how long their tasks take where nothing better is known."""

import re

VALIDATE = "validate"
STAGES: tuple[tuple[str, str], ...] = (
    ("node network", r"^Prepare the nodes' network \|"),
    (VALIDATE, r"^(Check Ansible version|Inventory setup|Install bastion)"),
    ("bootstrap", r"^Bootstrap hosts"),
    ("facts", r"^Gather facts \|"),
    ("system", r"^(?!Apply )(.*\| kubernetes/preinstall|Prepare for etcd install \| (?!container|download))"),
    ("container runtime", r"\| container-engine"),
    ("downloads", r"\| download : |^Download images"),
    ("etcd", r"^(Install etcd|Add .*etcd)|\| etcd : "),
    ("kubelet", r"^(Install Kubernetes nodes|Target only workers .*\(node\))"),
    ("control plane", r"^Install the control plane"),
    ("join and network", r"^(Invoke kubeadm|Upload control plane|Target only workers .*\(network\))"),
    ("apps and DNS", r"^(Install Kubernetes apps|Patch Kubernetes|Install Calico)"),
    ("resolver", r"^Apply resolv\.conf"),
)
"""The stages in their order, and what each matches in ``<play> | <role> : <task>``."""

_PATTERNS = tuple((name, re.compile(pattern)) for name, pattern in STAGES)

_HEAVY: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile(r"download : .*(Download_file|Download_container|Download file|pull)", re.I), 20.0),
    (re.compile(r"(kubeadm (init|join)|Initialize first|Join to cluster|Join control)", re.I), 60.0),
    (re.compile(r"(apt|dnf|yum|package)", re.I), 20.0),
    (re.compile(r"wait (for|until)", re.I), 15.0),
)
_TASK_SECONDS = 1.5
_HOST_SECONDS = 0.03


def stage_of(play: str, task: str) -> str:
    """The stage that a task belongs to."""
    subject = f"{play} | {task}"
    return next((name for name, pattern in _PATTERNS if pattern.search(subject)), VALIDATE)


def expected_seconds(task: str, hosts: int) -> float:
    """How long a task takes on that many hosts, as far as its name tells."""
    heavy = next((seconds for pattern, seconds in _HEAVY if pattern.search(task)), 0.0)
    return _TASK_SECONDS + heavy + _HOST_SECONDS * hosts
