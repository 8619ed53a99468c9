"""Commissioning and testing: from the order to the verdict."""

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle.hardware import record_hardware
from c3tui.lab.maas.lifecycle.power import PowerError, boot_from_network, switch_off
from c3tui.lab.maas.lifecycle.runner import run_set
from c3tui.lab.maas.lifecycle.sets import abort_rows, refresh
from c3tui.lab.maas.records import Machine, ScriptSet
from c3tui.lab.maas.region import POWER_LAG, Region
from c3tui.lab.maas.status import HEALED_BY_TESTS, ROW_FAILED, NodeStatus
from c3tui.lab.maas.wire import ApiError

EPHEMERAL_SECONDS = 100.0
"""From the PXE request to the first script."""
_NO_POWER = (
    "({user}) - Aborting {what} and reverting to {state}. Unable to power control the node. "
    "Please check power credentials."
)


async def begin(region: Region, machine: Machine, username: str, status: NodeStatus) -> None:
    """Take the machine into Commissioning or Testing and boot it from the network.

    Raises:
        ApiError: 500 with the power driver's words; the machine is back in its old state, but owned.
    """
    before = machine.status
    machine.previous_status = before
    machine.owner = username
    region.move(machine, status)
    region.event(machine, status.label)
    if status is NodeStatus.COMMISSIONING:
        _forget(machine)
    try:
        await boot_from_network(region, machine)
    except PowerError as error:
        abort_rows(region, region.db.set_of(machine.system_id, machine.testing_set))
        if status is NodeStatus.COMMISSIONING:
            abort_rows(region, region.db.set_of(machine.system_id, machine.commissioning_set))
        region.move(machine, before)
        text = _NO_POWER.format(user=username, what=status.name, state=before.name)
        region.event(machine, "Failed to query node's BMC", text, level="WARNING", username=username)
        raise ApiError(500, str(error)) from error


def _forget(machine: Machine) -> None:
    """Commissioning starts with the network configuration gone, before anything is powered."""
    machine.commissioned = False
    if machine.skip_networking:
        return
    machine.interfaces = [nic for nic in machine.interfaces if nic.type == "physical"]
    for nic in machine.interfaces:
        nic.links, nic.params = [], {}


async def commissioning_boot(region: Region, machine: Machine, box: Chassis) -> bool:
    """The ephemeral system of a commissioning machine; whether the server goes on to its disk."""
    each = region.db.set_of(machine.system_id, machine.commissioning_set)
    await region.room.clock.sleep(EPHEMERAL_SECONDS)
    if each is None or not await run_set(region, machine, box, each, NodeStatus.COMMISSIONING):
        return False
    tests = region.db.set_of(machine.system_id, machine.testing_set)
    if _failed(each):
        abort_rows(region, tests)
        region.move(machine, NodeStatus.FAILED_COMMISSIONING)
        region.event(machine, "Failed commissioning")
        return leave(region, machine, box)
    record_hardware(region, machine, box)
    machine.previous_status = NodeStatus.READY
    if tests is not None and any(row.ended is None for row in tests.rows) and _belongs(tests, each):
        refresh(region, machine, tests)
        region.move(machine, NodeStatus.TESTING)
        return await _test(region, machine, box, tests)
    _ready(region, machine)
    return leave(region, machine, box)


def _belongs(tests: ScriptSet, commissioning: ScriptSet) -> bool:
    return tests.id > commissioning.id


async def testing_boot(region: Region, machine: Machine, box: Chassis) -> bool:
    """The ephemeral system of a machine under test; whether the server goes on to its disk."""
    tests = region.db.set_of(machine.system_id, machine.testing_set)
    await region.room.clock.sleep(EPHEMERAL_SECONDS)
    return tests is not None and await _test(region, machine, box, tests)


async def _test(region: Region, machine: Machine, box: Chassis, tests: ScriptSet) -> bool:
    if not await run_set(region, machine, box, tests, NodeStatus.TESTING):
        return False
    before = machine.previous_status
    if _failed(tests):
        region.event(machine, "Failed testing")
        region.move(machine, NodeStatus.FAILED_TESTING)
    elif before is NodeStatus.READY or before in HEALED_BY_TESTS:
        _ready(region, machine)
    elif before in (NodeStatus.NEW, NodeStatus.FAILED_COMMISSIONING):
        machine.owner = None
        region.move(machine, NodeStatus.NEW)
    else:
        region.move(machine, before)
    if machine.status is NodeStatus.DEPLOYED and not machine.enable_ssh:
        return True
    return leave(region, machine, box)


def _failed(each: ScriptSet) -> bool:
    return any(row.status in ROW_FAILED for row in each.rows)


def _ready(region: Region, machine: Machine) -> None:
    machine.owner = None
    region.move(machine, NodeStatus.READY)
    region.event(machine, "Ready")


def leave(region: Region, machine: Machine, box: Chassis) -> bool:
    """End of the ephemeral system: off, unless somebody wanted to log in. Never goes on to the disk.

    MAAS notices the power only when it next asks the BMC.
    """
    if not machine.enable_ssh:
        machine.query_due = region.now() + POWER_LAG
        region.room.power_off(box)
    return False


def forget_system(machine: Machine) -> None:
    """No operating system is meant for the machine any more."""
    machine.osystem, machine.distro_series, machine.hwe_kernel = "", "", None
    machine.user_data = ""


ABORTS = {
    NodeStatus.COMMISSIONING: ("Aborted commissioning", NodeStatus.NEW),
    NodeStatus.TESTING: ("Aborted testing", None),
    NodeStatus.DEPLOYING: ("Aborted deployment", NodeStatus.ALLOCATED),
    NodeStatus.DISK_ERASING: ("Aborted disk erasing", NodeStatus.FAILED_DISK_ERASING),
}
"""What can be aborted: its event, and the state after it (None is the state before)."""


async def stop(region: Region, machine: Machine) -> None:
    """Carry out an abort: power off, rows Aborted, and only then the new state."""
    status = machine.status
    target = ABORTS[status][1] or machine.previous_status
    try:
        await switch_off(region, machine)
    except PowerError as error:
        region.event(machine, "Failed to power off node", str(error), level="ERROR")
    if not region.alive(machine, status):
        return
    numbers = (machine.commissioning_set, machine.testing_set, machine.installation_set)
    for number in numbers:
        abort_rows(region, region.db.set_of(machine.system_id, number))
    if status is NodeStatus.DEPLOYING:
        forget_system(machine)
    if target in (NodeStatus.NEW, NodeStatus.READY):
        machine.owner = None
    region.move(machine, target)
