"""The screens of the wizard: one for each step, and those that lie beside the steps."""

from screens.base import C3Screen
from screens.deploy import DeployScreen
from screens.discovery import DiscoveryScreen
from screens.drive import DriveScreen
from screens.findings import FindingsScreen
from screens.golden import GoldenScreen
from screens.handover import HandoverScreen
from screens.hardware import HardwareScreen
from screens.home import HomeScreen
from screens.kubernetes import KubernetesScreen
from screens.network import NetworkScreen
from screens.replacements import ReplacementsScreen
from screens.runlog import RunLogScreen
from screens.server import ServerScreen
from screens.storage import StorageScreen
from screens.strays import StraysScreen

SCREENS: dict[str, type[C3Screen]] = {
    screen.ID: screen
    for screen in (
        HomeScreen,
        NetworkScreen,
        DiscoveryScreen,
        HardwareScreen,
        DeployScreen,
        KubernetesScreen,
        StorageScreen,
        HandoverScreen,
    )
}
"""Home, and the screen of each step by the step's id; they replace one another."""

SIDE_SCREENS: dict[str, type[C3Screen]] = {
    screen.ID: screen
    for screen in (
        FindingsScreen,
        ReplacementsScreen,
        RunLogScreen,
        ServerScreen,
        DriveScreen,
        StraysScreen,
        GoldenScreen,
    )
}
"""Screens that lie on top of a step's; Esc goes back to it."""
