"""Deployed servers over SSH: keys, verified hosts, commands, what still runs, block devices, bay LEDs."""

from c3tui.clients.nodes.devices import BlockDevice
from c3tui.clients.nodes.hostkeys import ensure_key, scan
from c3tui.clients.nodes.locate import BayLed, bay_lit, bay_locate, find_bay_led
from c3tui.clients.nodes.shell import Completed, Shell

__all__ = [
    "BayLed",
    "BlockDevice",
    "Completed",
    "Shell",
    "bay_lit",
    "bay_locate",
    "ensure_key",
    "find_bay_led",
    "scan",
]
