"""Deployment and release: an operating system comes onto a machine, and goes."""

import base64
import binascii

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from c3tui.lab.chassis import Chassis
from c3tui.lab.maas.lifecycle.power import PowerError, boot_from_network, switch_off
from c3tui.lab.maas.lifecycle.runner import run_set
from c3tui.lab.maas.lifecycle.testing import EPHEMERAL_SECONDS, forget_system, leave
from c3tui.lab.maas.records import Machine, Row, ScriptSet
from c3tui.lab.maas.region import Region
from c3tui.lab.maas.status import NodeStatus, ScriptStatus, ScriptType
from c3tui.lab.maas.wire import ApiError
from c3tui.lab.scenario import FaultKind

CURTIN_SECONDS = 240.0
INSTALL_LOG = "/tmp/install.log"
INSTALL_FAILED = "Installation failed (refer to the installation log for more information)."
_CURTIN_ERROR = (
    "curtin: Installation started.\n"
    "Unexpected error while running command.\n"
    "Command: ['unshare', '--fork', '--pid', '--', 'chroot', '/target', 'apt-get', 'update']\n"
    "Exit code: 100\n"
    "Stderr: E: Failed to fetch http://archive.ubuntu.com/ubuntu/dists/noble/InRelease\n"
    "curtin: Installation failed with exception.\n"
)
_CURTIN_DONE = "curtin: Installation started.\ncurtin: Installation finished.\n"


def begin_deploy(region: Region, machine: Machine) -> None:
    """Give addresses, open the installation log, and power the machine in the background.

    Raises:
        ApiError: 503, a subnet has no address left.
    """
    for nic in machine.interfaces:
        for link in nic.links:
            if link.mode == "auto" and link.subnet_id is not None and not link.ip:
                subnet = region.db.subnets[link.subnet_id]
                address = region.db.free_address(subnet)
                if address is None:
                    raise ApiError(503, f"No more IPs available in subnet: {subnet.cidr}.")
                link.ip = address
    now = region.now()
    row = Row(id=region.db.next_id("rows"), name=INSTALL_LOG, script_id=None, created=now, updated=now)
    log = ScriptSet(
        id=region.db.next_id("sets"),
        system_id=machine.system_id,
        type=ScriptType.INSTALLATION,
        created=now,
        rows=[row],
    )
    region.db.add_set(log)
    machine.installation_set = log.id
    region.move(machine, NodeStatus.DEPLOYING)
    region.event(machine, "Deploying")
    region.room.spawn(_power(region, machine))


async def _power(region: Region, machine: Machine) -> None:
    try:
        await boot_from_network(region, machine)
    except PowerError as error:
        fail(region, machine, f"Power on for the node failed: {error}")


def fail(region: Region, machine: Machine, reason: str) -> None:
    """Deploying has failed."""
    if region.alive(machine, NodeStatus.DEPLOYING):
        machine.error_description = reason
        region.move(machine, NodeStatus.FAILED_DEPLOYMENT)
        region.event(machine, "Marking node failed", reason, level="ERROR")


def installed(region: Region, machine: Machine) -> bool:
    """Whether curtin has finished, so that the server may boot from its disk."""
    log = region.db.set_of(machine.system_id, machine.installation_set)
    return log is not None and all(row.status is ScriptStatus.PASSED for row in log.rows)


async def installing_boot(region: Region, machine: Machine, box: Chassis) -> bool:
    """The ephemeral system of a deploying machine; True sends it on to its disk."""
    if installed(region, machine):
        return bool(box.os_name)
    log = region.db.set_of(machine.system_id, machine.installation_set)
    if log is None:
        return False
    row = log.rows[0]
    await region.room.clock.sleep(EPHEMERAL_SECONDS)
    row.started, row.status = region.now(), ScriptStatus.RUNNING
    log.last_ping = machine.waiting_since = row.started
    await region.room.clock.sleep(CURTIN_SECONDS)
    if not region.alive(machine, NodeStatus.DEPLOYING):
        return False
    row.updated = region.now()
    disk = next((disk for disk in machine.disks if disk.id == machine.boot_disk_id), None)
    bay = box.bay_of(disk.serial) if disk else None
    if bay is None or bay.drive is None or region.room.spend(box, FaultKind.DEPLOY_FAILS):
        row.status, row.output = ScriptStatus.FAILED, _CURTIN_ERROR
        fail(region, machine, INSTALL_FAILED)
        return False
    bay.drive.contents = "os"
    _install(region, machine, box)
    row.status, row.output, row.exit_status = ScriptStatus.PASSED, _CURTIN_DONE, 0
    row.ended = row.updated
    region.room.emit("installed", box)
    return True


def _install(region: Region, machine: Machine, box: Chassis) -> None:
    keys = [key.key for key in region.db.ssh_keys.values() if key.username == machine.owner]
    box.authorized_keys = list(dict.fromkeys([*keys, *_cloud_keys(machine.user_data)]))
    box.hostname = machine.hostname
    box.address = _address(region, machine)
    box.os_name = f"{machine.osystem}/{machine.distro_series}"


def _address(region: Region, machine: Machine) -> str:
    """Where SSH will answer: br0, else a port on the cluster network, else any address."""
    cluster = str(region.room.scenario.cluster)
    ranked = []
    for nic in machine.interfaces:
        for link in nic.links:
            subnet = region.db.subnets.get(link.subnet_id or 0)
            if link.ip and subnet:
                ranked.append((nic.name != "br0", subnet.cidr != cluster, link.id, link.ip))
    return min(ranked)[-1] if ranked else ""


def _cloud_keys(user_data: str) -> list[str]:
    """The ``ssh_authorized_keys`` of a cloud-config; what cannot be read counts as none."""
    try:
        text = base64.b64decode(user_data, validate=True).decode()
        config = YAML(typ="safe", pure=True).load(text)
    except (binascii.Error, UnicodeDecodeError, YAMLError):
        return []
    found = config.get("ssh_authorized_keys") if isinstance(config, dict) else None
    return [str(key) for key in found] if isinstance(found, list) else []


def deployed(region: Region, machine: Machine) -> None:
    """The installed system came up and called home."""
    machine.power_state = "on"
    image = f"deployed {machine.osystem}/{machine.distro_series}/{machine.architecture}"
    region.event(machine, "Image Deployed", image)
    region.move(machine, NodeStatus.DEPLOYED)
    region.event(machine, "Deployed")


async def begin_release(region: Region, machine: Machine, *, erase: bool) -> None:
    """Switch off and give up the machine, or boot it to erase its disks first.

    Raises:
        ApiError: 500 with the power driver's words; the machine is Allocated again.
    """
    machine.erase = erase
    try:
        if erase:
            await _begin_erase(region, machine)
            return
        region.move(machine, NodeStatus.RELEASING)
        region.event(machine, "Releasing")
        forget_system(machine)
        if machine.power_state == "off":
            release(region, machine)
            return
        await switch_off(region, machine)
    except PowerError as error:
        region.move(machine, NodeStatus.ALLOCATED)
        raise ApiError(500, str(error)) from error
    region.room.spawn(_finish(region, machine))


async def _finish(region: Region, machine: Machine) -> None:
    await region.room.clock.sleep(1.0)
    if region.alive(machine, NodeStatus.RELEASING):
        release(region, machine)


async def _begin_erase(region: Region, machine: Machine) -> None:
    script = region.db.script_by_name("wipe-disks")
    now = region.now()
    rows = [
        Row(id=region.db.next_id("rows"), name=script.name, script_id=script.id, created=now, updated=now)
        for script in [script]
        if script
    ]
    number = region.db.next_id("sets")
    wipe = ScriptSet(id=number, system_id=machine.system_id, type=ScriptType.RELEASE, created=now, rows=rows)
    region.db.add_set(wipe)
    region.move(machine, NodeStatus.DISK_ERASING)
    await boot_from_network(region, machine)


async def erasing_boot(region: Region, machine: Machine, box: Chassis) -> bool:
    """The ephemeral system of a machine whose disks are erased; it ends switched off."""
    await region.room.clock.sleep(EPHEMERAL_SECONDS)
    wipes = region.db.sets_of(machine.system_id, ScriptType.RELEASE)
    if not wipes or not await run_set(region, machine, box, wipes[-1], NodeStatus.DISK_ERASING):
        return False
    for bay in box.bays:
        if bay.drive:
            bay.drive.contents = ""
    region.move(machine, NodeStatus.RELEASING)
    machine.enable_ssh = False
    release(region, machine)
    return leave(region, machine, box)


def release(region: Region, machine: Machine, *, to: NodeStatus | None = None) -> None:
    """The machine is free: its system, its automatic addresses and its owner are gone."""
    forget_system(machine)
    for nic in machine.interfaces:
        for link in nic.links:
            if link.mode == "auto":
                link.ip = ""
    if box := region.box_of(machine):
        box.os_name, box.hostname, box.address, box.authorized_keys = "", "", "", []
        for bay in box.bays:
            if bay.drive and bay.drive.contents == "os":
                bay.drive.contents = ""
    machine.owner, machine.owner_data, machine.agent_name = None, {}, ""
    region.event(machine, "Released")
    region.move(machine, to or (NodeStatus.READY if machine.commissioned else NodeStatus.NEW))
