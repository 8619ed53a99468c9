"""MAAS's numbers for the state of a machine and of a script's run."""

from enum import IntEnum


class Status(IntEnum):
    """Node status (MAAS ``NODE_STATUS``); its lower-case name is what the ``status`` filter takes."""

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


BUSY = frozenset(
    {
        Status.COMMISSIONING,
        Status.DEPLOYING,
        Status.RELEASING,
        Status.DISK_ERASING,
        Status.ENTERING_RESCUE_MODE,
        Status.EXITING_RESCUE_MODE,
        Status.TESTING,
    }
)
"""MAAS is doing something with the machine; the status will change by itself."""

EDITABLE = frozenset({Status.NEW, Status.READY, Status.ALLOCATED, Status.BROKEN})
"""Network configuration may be changed."""


class RowStatus(IntEnum):
    """Status of one script on one part (MAAS ``SCRIPT_STATUS``)."""

    PENDING = 0
    RUNNING = 1
    PASSED = 2
    FAILED = 3
    TIMED_OUT = 4
    ABORTED = 5
    DEGRADED = 6
    INSTALLING = 7
    """Installing the packages that the script asks for."""
    FAILED_INSTALLING = 8
    SKIPPED = 9
    """Not run: never to be taken for passed."""
    CONFIGURING_NETWORK = 10
    FAILED_CONFIGURING_NETWORK = 11


ROW_UNFINISHED = frozenset(
    {RowStatus.PENDING, RowStatus.RUNNING, RowStatus.INSTALLING, RowStatus.CONFIGURING_NETWORK}
)
ROW_FAILED = frozenset(
    {
        RowStatus.FAILED,
        RowStatus.TIMED_OUT,
        RowStatus.FAILED_INSTALLING,
        RowStatus.FAILED_CONFIGURING_NETWORK,
    }
)


def node_status(value: int) -> int:
    """The member of `Status`, or the number itself when this MAAS is newer than the table."""
    return Status(value) if value in Status._value2member_map_ else value


def row_status(value: int) -> int:
    """The member of `RowStatus`, or the number itself when unknown."""
    return RowStatus(value) if value in RowStatus._value2member_map_ else value
