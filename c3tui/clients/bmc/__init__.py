"""The BMC client: IPMI 2.0 to every server's management controller, all of it on one thread of its own."""

from c3tui.clients.bmc.exchange import Target
from c3tui.clients.bmc.fleet import BmcFleet
from c3tui.clients.bmc.sel import SelEntry

__all__ = ["BmcFleet", "SelEntry", "Target"]
