"""The codes of MAAS: states of a machine, of a script run, and their names in the API."""

from enum import IntEnum


class NodeStatus(IntEnum):
    """``status`` of a machine (MAAS enum NODE_STATUS)."""

    NEW = 0
    COMMISSIONING = 1
    FAILED_COMMISSIONING = 2
    MISSING = 3
    READY = 4
    RESERVED = 5
    DEPLOYED = 6
    RETIRED = 7
    BROKEN = 8
    DEPLOYING = 9
    ALLOCATED = 10
    FAILED_DEPLOYMENT = 11
    RELEASING = 12
    FAILED_RELEASING = 13
    DISK_ERASING = 14
    FAILED_DISK_ERASING = 15
    RESCUE_MODE = 16
    ENTERING_RESCUE_MODE = 17
    FAILED_ENTERING_RESCUE_MODE = 18
    EXITING_RESCUE_MODE = 19
    FAILED_EXITING_RESCUE_MODE = 20
    TESTING = 21
    FAILED_TESTING = 22

    @property
    def label(self) -> str:
        """As the API and its error texts name it."""
        return _LABELS.get(self, self.name.replace("_", " ").capitalize())

    @property
    def constraint(self) -> str:
        """As the ``status`` filter of ``machines/`` names it."""
        return self.name.lower()


_LABELS = {
    NodeStatus.FAILED_RELEASING: "Releasing failed",
    NodeStatus.FAILED_ENTERING_RESCUE_MODE: "Failed to enter rescue mode",
    NodeStatus.FAILED_EXITING_RESCUE_MODE: "Failed to exit rescue mode",
}

COMMISSIONABLE = {
    NodeStatus.NEW,
    NodeStatus.FAILED_COMMISSIONING,
    NodeStatus.READY,
    NodeStatus.BROKEN,
}
TRANSIENT = {
    NodeStatus.COMMISSIONING,
    NodeStatus.DEPLOYING,
    NodeStatus.RELEASING,
    NodeStatus.DISK_ERASING,
    NodeStatus.ENTERING_RESCUE_MODE,
    NodeStatus.EXITING_RESCUE_MODE,
    NodeStatus.TESTING,
}
RELEASABLE = {
    NodeStatus.ALLOCATED,
    NodeStatus.RESERVED,
    NodeStatus.BROKEN,
    NodeStatus.DEPLOYING,
    NodeStatus.DEPLOYED,
    NodeStatus.FAILED_DEPLOYMENT,
    NodeStatus.FAILED_DISK_ERASING,
    NodeStatus.FAILED_RELEASING,
}
CONFIGURABLE = {NodeStatus.NEW, NodeStatus.READY, NodeStatus.ALLOCATED, NodeStatus.BROKEN}
"""States in which interfaces and storage may be changed."""
HEALED_BY_TESTS = {
    NodeStatus.BROKEN,
    NodeStatus.MISSING,
    NodeStatus.RETIRED,
    NodeStatus.FAILED_TESTING,
    NodeStatus.FAILED_DEPLOYMENT,
    NodeStatus.FAILED_DISK_ERASING,
    NodeStatus.FAILED_RELEASING,
    NodeStatus.RESCUE_MODE,
}
"""States that passed tests turn into Ready."""


class ScriptStatus(IntEnum):
    """``status`` of one script's result (MAAS enum SCRIPT_STATUS)."""

    UNKNOWN = -1
    PENDING = 0
    RUNNING = 1
    PASSED = 2
    FAILED = 3
    TIMED_OUT = 4
    ABORTED = 5
    DEGRADED = 6
    INSTALLING = 7
    FAILED_INSTALLING = 8
    SKIPPED = 9
    APPLYING_NETCONF = 10
    FAILED_APPLYING_NETCONF = 11

    @property
    def label(self) -> str:
        """As the API names it."""
        return _SCRIPT_LABELS[self]


_SCRIPT_LABELS = {
    ScriptStatus.UNKNOWN: "Unknown",
    ScriptStatus.PENDING: "Pending",
    ScriptStatus.RUNNING: "Running",
    ScriptStatus.PASSED: "Passed",
    ScriptStatus.FAILED: "Failed",
    ScriptStatus.TIMED_OUT: "Timed out",
    ScriptStatus.ABORTED: "Aborted",
    ScriptStatus.DEGRADED: "Degraded",
    ScriptStatus.INSTALLING: "Installing dependencies",
    ScriptStatus.FAILED_INSTALLING: "Failed installing dependencies",
    ScriptStatus.SKIPPED: "Skipped",
    ScriptStatus.APPLYING_NETCONF: "Applying custom network configuration",
    ScriptStatus.FAILED_APPLYING_NETCONF: "Failed to apply custom network configuration",
}
ROW_RUNNING = {ScriptStatus.RUNNING, ScriptStatus.INSTALLING, ScriptStatus.APPLYING_NETCONF}
ROW_FAILED = {
    ScriptStatus.FAILED,
    ScriptStatus.TIMED_OUT,
    ScriptStatus.FAILED_INSTALLING,
    ScriptStatus.FAILED_APPLYING_NETCONF,
}


def worst(statuses: list[ScriptStatus]) -> ScriptStatus:
    """The status of a set from those of its rows; Unknown for no rows."""
    ranks: list[tuple[set[ScriptStatus], ScriptStatus]] = [
        (ROW_RUNNING, ScriptStatus.RUNNING),
        ({ScriptStatus.PENDING}, ScriptStatus.PENDING),
        ({ScriptStatus.ABORTED}, ScriptStatus.ABORTED),
        (ROW_FAILED, ScriptStatus.FAILED),
        ({ScriptStatus.DEGRADED}, ScriptStatus.DEGRADED),
        ({ScriptStatus.PASSED}, ScriptStatus.PASSED),
        ({ScriptStatus.SKIPPED}, ScriptStatus.SKIPPED),
    ]
    for members, verdict in ranks:
        if members.intersection(statuses):
            return verdict
    return ScriptStatus.UNKNOWN


class ScriptType(IntEnum):
    """What a script or a set of results is for (MAAS enum SCRIPT_TYPE and RESULT_TYPE)."""

    COMMISSIONING = 0
    INSTALLATION = 1
    TESTING = 2
    RELEASE = 3


class HardwareType(IntEnum):
    """What a script looks at (MAAS enum HARDWARE_TYPE)."""

    NODE = 0
    CPU = 1
    MEMORY = 2
    STORAGE = 3
    NETWORK = 4
    GPU = 5
