"""The lab's MAAS: a 2.0 API server, its database, and what machines go through under it."""

from c3tui.lab.maas.server import MaasLab

__all__ = ["MaasLab"]
