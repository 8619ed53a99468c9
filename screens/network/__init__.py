"""The screen of the network step: form, drawing, hosts, MAAS, sizing and sweep as pages of one plan."""

from screens.network.screen import NetworkScreen

__all__ = ["NetworkScreen"]
