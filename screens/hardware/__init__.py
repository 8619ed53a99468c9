"""The hardware step's screen: drives as a table, bays as a matrix."""

from screens.hardware.screen import HardwareScreen

__all__ = ["HardwareScreen"]
