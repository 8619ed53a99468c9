"""The rules of the network step: importing this enters all of them into the catalogue."""

from c3tui.checks import (
    network_cluster,
    network_holdings,
    network_maas,
    network_paths,
    network_room,
    network_servers,
    network_space,
    network_sweep,
    network_values,
)

__all__ = [
    "network_cluster",
    "network_holdings",
    "network_maas",
    "network_paths",
    "network_room",
    "network_servers",
    "network_space",
    "network_sweep",
    "network_values",
]
