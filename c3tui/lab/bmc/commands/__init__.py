"""The commands that the BMCs know, by network function."""

from c3tui.lab.bmc.commands.application import APPLICATION
from c3tui.lab.bmc.commands.boot import BOOT
from c3tui.lab.bmc.commands.channel import CHANNEL
from c3tui.lab.bmc.commands.chassis import CHASSIS
from c3tui.lab.bmc.commands.lan import LAN
from c3tui.lab.bmc.commands.sensor import SENSOR
from c3tui.lab.bmc.commands.storage import STORAGE
from c3tui.lab.bmc.commands.users import USERS
from c3tui.lab.bmc.registry import Registry

COMMANDS = Registry(APPLICATION, BOOT, CHANNEL, CHASSIS, LAN, SENSOR, STORAGE, USERS)

__all__ = ["COMMANDS"]
