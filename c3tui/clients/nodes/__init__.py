"""Deployed servers over SSH: keys, verified hosts, commands, what still runs, and their block devices."""

from c3tui.clients.nodes.devices import BlockDevice
from c3tui.clients.nodes.hostkeys import ensure_key, scan
from c3tui.clients.nodes.shell import Completed, Shell

__all__ = ["BlockDevice", "Completed", "Shell", "ensure_key", "scan"]
