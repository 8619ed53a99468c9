"""All machines: the filtered list, enlistment by hand, allocation, bulk accept and release."""

import asyncio
import json
import re
from typing import Any

from c3tui.lab.maas.handlers.filters import matching
from c3tui.lab.maas.handlers.operations import commission, release_one
from c3tui.lab.maas.handlers.power_form import power_of
from c3tui.lab.maas.lifecycle.enlist import animal_name, new_machine
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.shapes.machine import machine_json
from c3tui.lab.maas.status import NodeStatus
from c3tui.lab.maas.wire import JSON_TYPE, Answer, ApiError, Call, Fields, Resource, invalid

ARCHITECTURES = ("amd64/generic",)
_MAC = re.compile(r"([0-9a-f]{2}:){5}[0-9a-f]{2}")
_BREATH = 25
"""Machines written between two breaths of the event loop."""
_machines = Resource("MachinesHandler", "machines/", "Manage the collection of all the machines in the MAAS.")


async def listed(call: Call, machines: list[Machine]) -> Answer:
    """Machines as one JSON list, without stopping the loop for long."""
    parts: list[str] = []
    await asyncio.sleep(call.region.slow_ms * len(machines) / 1000)
    for number, machine in enumerate(machines, 1):
        parts.append(json.dumps(machine_json(call.region.db, machine)))
        if number % _BREATH == 0:
            await asyncio.sleep(0)
    return Answer(200, f"[{', '.join(parts)}]".encode(), JSON_TYPE)


@_machines.on("GET", "read")
async def read(call: Call) -> Answer:
    """List machines by the given constraints."""
    return await listed(call, matching(call.region.db, call.query))


@_machines.on("GET", "list_allocated", op=True)
async def list_allocated(call: Call) -> Answer:
    """Machines that are allocated to the caller."""
    owned = [each for each in call.region.db.machines.values() if each.owner == call.username]
    return await listed(call, owned)


@_machines.on("GET", "is_registered", op=True, anonymous=True)
def is_registered(call: Call) -> bool:
    """Whether a MAC address belongs to a machine."""
    return call.region.db.machine_by_mac(call.query.get("mac_address").lower()) is not None


@_machines.on("GET", "power_parameters", op=True, admin="text")
def power_parameters(call: Call) -> dict[str, Any]:
    """Power parameters of machines by id, or of all; passwords are in it."""
    wanted = call.query.csv("id")
    machines = call.region.db.machines
    return {
        system_id: each.power_parameters
        for system_id, each in machines.items()
        if not wanted or system_id in wanted
    }


@_machines.on("POST", "create", anonymous=True)
async def create(call: Call) -> Any:
    """Add a machine; an administrator's is commissioned at once unless told not to."""
    macs = [mac.lower() for mac in call.form.csv("mac_addresses")]
    architecture = call.form.get("architecture")
    hostname = call.form.get("hostname")
    errors = _mac_errors(call, macs)
    if architecture and architecture not in ARCHITECTURES:
        usable = ", ".join(f"'{each}'" for each in ARCHITECTURES)
        errors["architecture"] = [
            f"'{architecture}' is not a valid architecture.  It should be one of: {usable}."
        ]
    if hostname and (problem := name_error(call, hostname, None)):
        errors["hostname"] = [problem]
    if errors:
        raise ApiError(400, errors)
    kind, parameters = power_of(call, None)
    if not macs and kind in ("", "manual"):
        raise invalid("mac_addresses", "This field is required.")
    machine = new_machine(call.region, hostname or animal_name(call.region), macs)
    machine.architecture, machine.description = architecture, call.form.get("description")
    machine.power_type, machine.power_parameters = kind, parameters
    if call.is_admin and call.form.flag("commission", True):
        return await commission(_about(call, machine))
    return machine_json(call.region.db, machine)


def _mac_errors(call: Call, macs: list[str]) -> dict[str, list[str]]:
    for mac in macs:
        if not _MAC.fullmatch(mac):
            return {"mac_addresses": [f"'{mac}' is not a valid MAC address."]}
        if other := call.region.db.machine_by_mac(mac):
            return {"mac_addresses": [f"MAC address {mac} already in use on {other.hostname}."]}
    return {}


def name_error(call: Call, hostname: str, machine: Machine | None) -> str | None:
    """Why a machine may not be called that."""
    if "_" in hostname:
        return f"Host label cannot contain underscore: '{hostname}'."
    if not re.fullmatch(r"(?!-)[a-zA-Z0-9-]{1,63}(?<!-)", hostname):
        return f"Invalid hostname: '{hostname}'."
    for other in call.region.db.machines.values():
        if other is not machine and other.hostname == hostname:
            return "Node with this Hostname already exists."
    return None


def _about(call: Call, machine: Machine, form: Fields | None = None) -> Call:
    path = {"system_id": machine.system_id}
    return Call(call.region, call.user, path, call.query, call.form if form is None else form)


def _known(call: Call) -> list[Machine]:
    wanted = call.form.csv("machines")
    unknown = [system_id for system_id in wanted if system_id not in call.region.db.machines]
    if unknown:
        raise ApiError(400, f"Unknown machine(s): {', '.join(unknown)}.")
    return [call.region.db.machines[system_id] for system_id in wanted]


@_machines.on("POST", "accept", op=True)
async def accept(call: Call) -> list[Any]:
    """Commission machines that are New."""
    machines = _known(call)
    if not call.is_admin:
        listed_ids = ", ".join(each.system_id for each in machines)
        raise ApiError(
            403, f"You don't have the required permission to accept the following machine(s): {listed_ids}."
        )
    new = [each for each in machines if each.status is NodeStatus.NEW]
    return [await commission(_about(call, each, Fields([]))) for each in new]


@_machines.on("POST", "release", op=True)
async def release(call: Call) -> list[str]:
    """Release machines; those that are Ready already are left out of the answer."""
    machines = _known(call)
    refused = [each.system_id for each in machines if each.locked]
    if refused:
        names = ", ".join(refused)
        raise ApiError(
            403, f"You don't have the required permission to release the following machine(s): {names}."
        )
    released = []
    for machine in machines:
        if machine.status is not NodeStatus.READY:
            await release_one(_about(call, machine), machine)
            released.append(machine.system_id)
    return released


_ALLOCATION_ONLY = {"agent_name", "comment", "dry_run", "verbose", "bridge_all", "bridge_type", "bridge_stp"}


@_machines.on("POST", "allocate", op=True)
def allocate(call: Call) -> dict[str, Any]:
    """Take a Ready machine that fits the constraints."""
    form = call.form
    names = [name for name in form.names() if name not in _ALLOCATION_ONLY]
    wanted = [(_renamed(name), value) for name in names for value in form.all(name)]
    free = [
        machine
        for machine in matching(call.region.db, Fields(wanted))
        if machine.status is NodeStatus.READY and machine.owner in (None, call.username)
    ]
    if not free:
        raise ApiError(409, _none_free(form, names))
    machine = free[0]
    if not form.truth("dry_run"):
        machine.owner, machine.agent_name = call.username, form.get("agent_name")
        call.region.move(machine, NodeStatus.ALLOCATED)
        text = f"({call.username}) - {form.get('comment')}" if form.get("comment") else f"({call.username})"
        call.region.event(machine, "User acquiring node", text, level="DEBUG", username=call.username)
    return machine_json(call.region.db, machine)


def _renamed(name: str) -> str:
    return {"name": "hostname", "system_id": "id"}.get(name, name)


def _none_free(form: Fields, names: list[str]) -> str:
    if form.get("system_id"):
        return f"No machine with system ID {form.get('system_id')} available."
    if not names:
        return "No machine available."
    pairs = ", ".join(f"({name!r}, {form.all(name)!r})" for name in names)
    resolved = " ".join(f"{name}={form.get(name)}" for name in names)
    return f'No available machine matches constraints: [{pairs}] (resolved to "{resolved}")'
