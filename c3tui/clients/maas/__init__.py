"""MAAS: everything C3 asks of it and tells it, as plain typed values."""

from c3tui.clients.maas.bays import BAYS_SCRIPT, BaySlot, parse_bays
from c3tui.clients.maas.client import Maas
from c3tui.clients.maas.machine import Disk, Link, Machine, Nic
from c3tui.clients.maas.records import Event, Output, ResultSet, Row, Script
from c3tui.clients.maas.site import BootImage, Fabric, IpRange, RackController, Subnet, Vlan
from c3tui.clients.maas.status import BUSY, RowStatus, Status
from c3tui.clients.maas.watch import MachineWatch
from c3tui.clients.maas.wire import Limits

__all__ = [
    "BAYS_SCRIPT",
    "BUSY",
    "BaySlot",
    "BootImage",
    "Disk",
    "Event",
    "Fabric",
    "IpRange",
    "Limits",
    "Link",
    "Maas",
    "Machine",
    "MachineWatch",
    "Nic",
    "Output",
    "RackController",
    "ResultSet",
    "Row",
    "RowStatus",
    "Script",
    "Status",
    "Subnet",
    "Vlan",
    "parse_bays",
]
