"""The lab's Kubernetes API server, with the controllers and the small Rook behind it."""

from c3tui.lab.kube.lab import KubeLab

__all__ = ["KubeLab"]
