"""Sweep: which of many addresses answer, asked from this host by ARP or ping, or which have a BMC."""

from c3tui.clients.sweep.presence import BmcSweeper
from c3tui.clients.sweep.sweep import Limits, Progress, Sweeper, sweep

__all__ = ["BmcSweeper", "Limits", "Progress", "Sweeper", "sweep"]
