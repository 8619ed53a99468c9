"""What can be done to a machine, each from the states that allow it."""

from typing import Any

from c3tui.lab.maas.handlers.images import IMAGES, KERNELS
from c3tui.lab.maas.lifecycle.deploying import begin_deploy, begin_release
from c3tui.lab.maas.lifecycle.sets import (
    DEFAULT_TEST_TAG,
    chosen_scripts,
    commissioning_scripts,
    new_set,
    parameters_for,
)
from c3tui.lab.maas.lifecycle.testing import ABORTS, begin, stop
from c3tui.lab.maas.records import Machine
from c3tui.lab.maas.resource import MACHINE
from c3tui.lab.maas.shapes.machine import machine_json
from c3tui.lab.maas.status import COMMISSIONABLE, RELEASABLE, TRANSIENT, NodeStatus, ScriptType
from c3tui.lab.maas.wire import ApiError, Call, choice_error, invalid

_NEVER_COMMISSIONED = (
    "Unable to start machine testing; this node has never been commissioned. "
    "Please use the 'Commission' action to commission & test this machine."
)


def _unavailable(action: str) -> ApiError:
    return invalid("__all__", f"{action} is not available because of the current state of the node.")


def _comment(call: Call) -> str:
    comment = call.form.get("comment")
    return f"({call.username}) - {comment}" if comment else f"({call.username})"


def note(call: Call, machine: Machine, kind: str) -> None:
    """Log what a user did."""
    call.region.event(machine, kind, _comment(call), level="DEBUG", username=call.username)


@MACHINE.on("POST", "commission", op=True)
async def commission(call: Call) -> dict[str, Any]:
    """Commission: find out the hardware, then test it."""
    machine, region, form = call.machine(admin=True, edit=True), call.region, call.form
    if machine.status not in COMMISSIONABLE:
        raise _unavailable("Commission")
    scripts = commissioning_scripts(region.db, form.csv("commissioning_scripts"))
    names = form.csv("testing_scripts") if "testing_scripts" in form else [DEFAULT_TEST_TAG]
    names = [] if names == ["none"] else names
    tests = chosen_scripts(region.db, ScriptType.TESTING, names, "testing_scripts")
    chosen = parameters_for(machine, tests, form)
    machine.enable_ssh = form.truth("enable_ssh")
    machine.skip_networking = form.truth("skip_networking")
    machine.skip_storage = form.truth("skip_storage")
    machine.commissioning_set = new_set(region, machine, ScriptType.COMMISSIONING, scripts, {}).id
    if tests:
        machine.testing_set = new_set(region, machine, ScriptType.TESTING, tests, chosen).id
    note(call, machine, "User starting node commissioning")
    await begin(region, machine, call.username, NodeStatus.COMMISSIONING)
    return machine_json(region.db, machine)


@MACHINE.on("POST", "test", op=True)
async def test(call: Call) -> dict[str, Any]:
    """Run testing scripts."""
    machine, region, form = call.machine(admin=True, edit=True), call.region, call.form
    if machine.status is NodeStatus.NEW and not machine.commissioned:
        raise ApiError(400, _NEVER_COMMISSIONED)
    if machine.status in TRANSIENT:
        raise _unavailable("Test")
    names = form.csv("testing_scripts") or [DEFAULT_TEST_TAG]
    scripts = chosen_scripts(region.db, ScriptType.TESTING, names, "testing_scripts")
    if machine.status is NodeStatus.DEPLOYED and any(script.destructive for script in scripts):
        raise invalid("testing_scripts", "Destructive tests may only be run on undeployed machines.")
    chosen = parameters_for(machine, scripts, form)
    machine.enable_ssh = form.truth("enable_ssh")
    machine.testing_set = new_set(region, machine, ScriptType.TESTING, scripts, chosen).id
    note(call, machine, "User starting node testing")
    await begin(region, machine, call.username, NodeStatus.TESTING)
    return machine_json(region.db, machine)


@MACHINE.on("POST", "abort", op=True)
def abort(call: Call) -> dict[str, Any]:
    """Stop what the machine is doing; the answer still shows the old state."""
    machine, region = call.machine(edit=True), call.region
    if machine.status not in ABORTS:
        raise ApiError(
            409,
            f"Cannot abort in current state: node {machine.system_id} is in state {machine.status.label}.",
        )
    note(call, machine, "User aborting operation")
    region.event(machine, ABORTS[machine.status][0])
    if machine.status is NodeStatus.COMMISSIONING:
        machine.owner = None
    region.room.spawn(stop(region, machine))
    return machine_json(region.db, machine)


@MACHINE.on("POST", "deploy", op=True)
def deploy(call: Call) -> dict[str, Any]:
    """Install an operating system; a Ready machine is allocated by it."""
    machine, form = call.machine(), call.form
    if machine.locked or (machine.owner not in (None, call.username) and not call.is_admin):
        raise ApiError(403)
    if machine.status not in (NodeStatus.READY, NodeStatus.ALLOCATED):
        raise ApiError(409, f"Can't deploy a machine that is in the '{machine.status.label}' state")
    if machine.owner not in (None, call.username):
        raise ApiError(409, "Can't allocate a machine belonging to another user.")
    series, kernel = _image(call, machine)
    if not any(link.mode != "link_up" for nic in machine.interfaces for link in nic.links):
        raise invalid("network", "Node must be configured to use a network")
    if machine.boot_disk_id is None:
        raise invalid("storage", "Specify a storage device to be able to deploy this node.")
    machine.owner = call.username
    machine.osystem, machine.distro_series, machine.hwe_kernel = "ubuntu", series, kernel
    machine.user_data = form.get("user_data")
    note(call, machine, "User starting deployment")
    begin_deploy(call.region, machine)
    return machine_json(call.region.db, machine)


def _image(call: Call, machine: Machine) -> tuple[str, str]:
    wanted = call.form.get("distro_series") or str(call.region.db.config["default_distro_series"])
    series = wanted.removeprefix("ubuntu/")
    names = [name for name, _ in IMAGES.values()]
    if f"ubuntu/{series}" not in names or call.form.get("osystem", "ubuntu") not in ("", "ubuntu"):
        listed = ", ".join(f"'{name}'" for name in ["", *names])
        text = f"'{wanted}' is not a valid distro_series.  It should be one of: {listed}."
        raise invalid("distro_series", text)
    kernel = call.form.get("hwe_kernel") or KERNELS[series][-1]
    if kernel not in KERNELS[series]:
        text = f"{kernel} is not available for ubuntu/{series} on {machine.architecture}."
        raise invalid("hwe_kernel", text)
    return series, kernel


@MACHINE.on("POST", "release", op=True)
async def release(call: Call) -> dict[str, Any]:
    """Give the machine back; with ``erase`` its disks are wiped first."""
    machine = call.machine(edit=True)
    await release_one(call, machine)
    return machine_json(call.region.db, machine)


async def release_one(call: Call, machine: Machine) -> None:
    """Release, or do nothing on what is free or on its way.

    Raises:
        ApiError: 400, 409 or 500.
    """
    for name in call.form.csv("scripts"):
        script = call.region.db.script_by_name(name)
        if script is None or script.type is not ScriptType.RELEASE:
            raise invalid("scripts", choice_error(name))
    if machine.status in (NodeStatus.READY, NodeStatus.RELEASING):
        machine.owner = None if machine.status is NodeStatus.READY else machine.owner
        return
    if machine.status not in RELEASABLE:
        raise ApiError(409, f"Machine cannot be released in its current state ('{machine.status.label}').")
    note(call, machine, "User releasing node")
    await begin_release(call.region, machine, erase=call.form.truth("erase"))
