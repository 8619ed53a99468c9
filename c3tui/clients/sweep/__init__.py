"""Sweep: which of many addresses answer, asked from this host by ARP or ping."""

from c3tui.clients.sweep.sweep import Limits, Progress, Sweeper, sweep

__all__ = ["Limits", "Progress", "Sweeper", "sweep"]
