"""Discovery: bare servers powered on through their BMCs, enlisted and commissioned by MAAS."""

from c3tui.steps.discovery.step import Discovery

__all__ = ["Discovery"]
