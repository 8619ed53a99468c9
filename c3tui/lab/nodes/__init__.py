"""The servers' installed systems, as real SSH hosts on loopback, each in a directory tree of its own."""

from c3tui.lab.nodes.lab import NodesLab

__all__ = ["NodesLab"]
