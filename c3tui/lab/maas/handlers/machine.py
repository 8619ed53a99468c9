"""One machine: read, change, delete, and its power."""

import asyncio
from typing import Any

from c3tui.lab.maas.handlers.machines import name_error
from c3tui.lab.maas.handlers.operations import deploy
from c3tui.lab.maas.handlers.power_form import power_of
from c3tui.lab.maas.lifecycle.power import PowerError, boot_from_network, query, reach, switch_off
from c3tui.lab.maas.marks import unmark
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.resource import MACHINE, NODE
from c3tui.lab.maas.shapes.machine import machine_json
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.maas.wire import NO_CONTENT, Answer, ApiError, Call, invalid

_NO_CHOICE = "Select a valid choice. That choice is not one of the available choices."


@MACHINE.on("GET", "read")
@NODE.on("GET", "read")
async def read(call: Call) -> dict[str, Any]:
    """Read a machine."""
    await asyncio.sleep(call.region.slow_ms / 1000)
    return machine_json(call.region.db, call.machine())


@MACHINE.on("PUT", "update")
def update(call: Call) -> dict[str, Any]:
    """Change a machine; unknown fields are ignored."""
    machine = call.machine(edit=True, admin=True)
    form, db = call.form, call.region.db
    changes: dict[str, Any] = {}
    if "hostname" in form:
        if problem := name_error(call, form.get("hostname"), machine):
            raise invalid("hostname", problem)
        changes["hostname"] = form.get("hostname")
    for name, table in (("pool", db.pools), ("zone", db.zones)):
        if name in form:
            wanted = form.get(name)
            found = [each.id for each in table.values() if wanted in (each.name, str(each.id))]
            if not found:
                raise invalid(name, _NO_CHOICE)
            changes[f"{name}_id"] = found[0]
    if form.get("domain", "maas") not in ("maas", "0"):
        raise invalid("domain", f"Unable to find domain {form.get('domain')}")
    for name in ("cpu_count", "memory"):
        if name in form:
            changes[name] = form.number(name)
    if "description" in form:
        changes["description"] = form.get("description")
    changes |= _power_changes(call, machine)
    for name, value in changes.items():
        setattr(machine, name, value)
    return machine_json(db, machine)


def _power_changes(call: Call, machine: Machine) -> dict[str, Any]:
    if not any(name.startswith("power_") for name in call.form.names()):
        return {}
    kind, parameters = power_of(call, machine)
    return {"power_type": kind, "power_parameters": parameters}


@MACHINE.on("DELETE", "delete")
def delete(call: Call) -> Answer:
    """Delete a machine, whatever it is doing."""
    machine = call.machine(edit=True, admin=True)
    for disk in machine.disks:
        unmark(call.region, machine, disk)
    del call.region.db.machines[machine.system_id]
    call.region.db.sets.pop(machine.system_id, None)
    return NO_CONTENT


@MACHINE.on("GET", "power_parameters", op=True)
@NODE.on("GET", "power_parameters", op=True)
def power_parameters(call: Call) -> dict[str, Any]:
    """The machine's power parameters, password included."""
    return call.machine(admin=True).power_parameters


@MACHINE.on("GET", "query_power_state", op=True)
async def query_power_state(call: Call) -> dict[str, str]:
    """Ask the BMC for the power state."""
    machine = call.machine()
    try:
        return {"state": await query(call.region, machine)}
    except PowerError as error:
        raise ApiError(500, str(error)) from error


@MACHINE.on("POST", "power_on", op=True)
async def power_on(call: Call) -> Any:
    """Switch on; an Allocated machine is deployed by it."""
    machine = call.machine(edit=True)
    if machine.status is NodeStatus.ALLOCATED:
        return deploy(call)
    if machine.owner is None:
        raise ApiError(409, "Can't start node: it hasn't been allocated.")
    try:
        box = await reach(call.region, machine)
        if box and not box.powered:
            await boot_from_network(call.region, machine)
    except PowerError as error:
        raise ApiError(500, str(error)) from error
    return machine_json(call.region.db, machine)


@MACHINE.on("POST", "power_off", op=True)
async def power_off(call: Call) -> dict[str, Any] | None:
    """Switch off; null when MAAS cannot power the machine."""
    machine = call.machine(edit=True)
    if machine.power_type in ("", "manual"):
        return None
    try:
        await switch_off(call.region, machine)
    except PowerError as error:
        raise ApiError(500, str(error)) from error
    return machine_json(call.region.db, machine)
