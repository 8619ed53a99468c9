"""Kubernetes, and through it Rook and Ceph: objects applied and watched."""

from c3tui.clients.cluster.client import Cluster
from c3tui.clients.cluster.manifests import read, without_nulls
from c3tui.clients.cluster.nodes import NodeState
from c3tui.clients.cluster.osds import OsdState
from c3tui.clients.cluster.refusals import ApiError

__all__ = ["ApiError", "Cluster", "NodeState", "OsdState", "read", "without_nulls"]
