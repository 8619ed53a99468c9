"""Verdicts of people on a machine: locked, broken, fixed, accepted in spite of failed tests."""

from typing import Any

from c3tui.lab.maas.handlers.operations import note
from c3tui.lab.maas.lifecycle.deploying import release
from c3tui.lab.maas.lifecycle.power import PowerError, switch_off
from c3tui.lab.maas.lifecycle.sets import abort_rows
from c3tui.lab.maas.resource import MACHINE
from c3tui.lab.maas.shapes.machine import machine_json
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.maas.wire import ApiError, Call

_NOT_FAILED = "Unable to override node status. Node is not in 'Failed testing' status."


@MACHINE.on("POST", "lock", op=True)
def lock(call: Call) -> dict[str, Any]:
    """Keep every change away from a machine in use."""
    machine = call.machine(admin=True)
    if machine.locked:
        raise ApiError(409, "Machine is already locked")
    if machine.status not in (NodeStatus.DEPLOYED, NodeStatus.DEPLOYING):
        raise ApiError(409, "Can't lock, node is not deployed or deploying")
    machine.locked = True
    note(call, machine, "User locking node")
    return machine_json(call.region.db, machine)


@MACHINE.on("POST", "unlock", op=True)
def unlock(call: Call) -> dict[str, Any]:
    """Allow changes again."""
    machine = call.machine(admin=True)
    if not machine.locked:
        raise ApiError(409, "Machine is not locked")
    machine.locked = False
    note(call, machine, "User unlocking node")
    return machine_json(call.region.db, machine)


@MACHINE.on("POST", "mark_broken", op=True)
async def mark_broken(call: Call) -> dict[str, Any]:
    """Take a machine of one's own out of use; a deployed one is released by it."""
    machine, region = call.machine(edit=True), call.region
    if machine.owner is None or machine.owner != call.username:
        raise ApiError(403)
    before = machine.status
    note(call, machine, "User marking node broken")
    if before in (NodeStatus.DEPLOYED, NodeStatus.ALLOCATED, NodeStatus.DEPLOYING):
        try:
            await switch_off(region, machine)
        except PowerError as error:
            region.event(machine, "Failed to power off node", str(error), level="ERROR")
        release(region, machine, to=NodeStatus.BROKEN)
        machine.owner = call.username if before is NodeStatus.DEPLOYING else None
    else:
        for number in (machine.commissioning_set, machine.testing_set):
            if before in (NodeStatus.COMMISSIONING, NodeStatus.TESTING):
                abort_rows(region, region.db.set_of(machine.system_id, number))
        region.move(machine, NodeStatus.BROKEN)
    machine.previous_status = before
    machine.error_description = call.form.get("comment") or call.form.get("error_description")
    return machine_json(region.db, machine)


@MACHINE.on("POST", "mark_fixed", op=True)
def mark_fixed(call: Call) -> dict[str, Any]:
    """Take a Broken machine back into use."""
    machine = call.machine(admin=True, edit=True)
    if machine.status is not NodeStatus.BROKEN:
        raise ApiError(409, "Can't mark a non-broken node as 'Ready'.")
    note(call, machine, "User marking node fixed")
    was_deployed = machine.previous_status is NodeStatus.DEPLOYED
    machine.owner, machine.error_description = None, ""
    call.region.move(machine, NodeStatus.DEPLOYED if was_deployed else NodeStatus.READY)
    return machine_json(call.region.db, machine)


@MACHINE.on("POST", "override_failed_testing", op=True)
def override_failed_testing(call: Call) -> dict[str, Any]:
    """Use a machine although its tests failed; the results stay as they are."""
    machine = call.machine(admin=True, edit=True)
    if machine.status is not NodeStatus.FAILED_TESTING:
        raise ApiError(409, _NOT_FAILED)
    note(call, machine, "User overrode 'Failed testing' status")
    if machine.osystem:
        call.region.move(machine, NodeStatus.DEPLOYED)
    else:
        machine.owner = None
        call.region.move(machine, NodeStatus.READY)
    return machine_json(call.region.db, machine)


@MACHINE.on("POST", "set_workload_annotations", op=True)
def set_workload_annotations(call: Call) -> dict[str, Any]:
    """Keys and values on a machine in use; an empty value removes its key."""
    machine = call.machine(edit=True)
    if machine.owner is None or machine.status in (NodeStatus.READY, NodeStatus.NEW):
        raise ApiError(409, "Cannot set workload annotation: it hasn't been acquired.")
    for name in call.form.names():
        if " " in name:
            raise ApiError(500, "Invalid character in key name")
        machine.owner_data[name] = call.form.get(name)
    machine.owner_data = {name: value for name, value in machine.owner_data.items() if value}
    return machine_json(call.region.db, machine)
