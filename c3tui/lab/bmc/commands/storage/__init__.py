"""What a BMC keeps: inventory, sensor data records, event log (IPMI chapters 31, 33 and 34)."""

from c3tui.lab.bmc.commands.storage.event_log import EVENT_LOG
from c3tui.lab.bmc.commands.storage.inventory import INVENTORY
from c3tui.lab.bmc.commands.storage.repository import REPOSITORY
from c3tui.lab.bmc.registry import Registry

STORAGE = Registry(EVENT_LOG, INVENTORY, REPOSITORY)

__all__ = ["STORAGE"]
