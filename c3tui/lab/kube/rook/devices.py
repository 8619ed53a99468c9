"""Which drives of a server become OSDs, and the log lines that say why the others do not.

The order of the checks and their texts are those of Rook's prepare job.
"""

import re
from dataclasses import dataclass, field

from c3tui.lab.chassis import Bay, Chassis, Drive
from c3tui.lab.kube.objects import Object

MIN_SIZE = 5 * 10**9
"""Bytes; ceph-volume rejects smaller devices."""


@dataclass
class Pick:
    """A drive that is to be an OSD, with its settings."""

    bay: Bay
    drive: Drive
    config: dict[str, str]


@dataclass
class Survey:
    """What a prepare job found on one server."""

    picks: list[Pick] = field(default_factory=list)
    known: list[int] = field(default_factory=list)
    """Ids of the cluster's OSDs that are here already."""
    lines: list[str] = field(default_factory=list)


def survey(box: Chassis, storage: Object, node: Object, mine: dict[str, int]) -> Survey:
    """Look at every drive of a server.

    Args:
        box: the server.
        storage: ``spec.storage`` of the cluster.
        node: the entry of ``storage.nodes`` for this server.
        mine: OSD id by drive serial, of this cluster.
    """
    found = Survey(lines=["discovering hardware", "creating and starting the osds"])
    for bay in box.bays:
        if bay.drive is not None:
            _inspect(bay, bay.drive, storage, node, mine, found)
    if not found.picks and not found.known:
        text = "skipping OSD configuration as no devices matched the storage settings for this node"
        found.lines.append(f'{text} "{node["name"]}"')
    return found


def _inspect(
    bay: Bay, drive: Drive, storage: Object, node: Object, mine: dict[str, int], found: Survey
) -> None:
    known = mine.get(drive.serial)
    if known is not None and drive.contents == f"osd.{known}":
        found.known.append(known)
        found.lines.append(
            f'device "{bay.kernel_name}" is already in use by a raw OSD, no need to reconfigure'
        )
        return
    if lines := _unavailable(bay, drive):
        found.lines += lines
        return
    found.lines.append(f'device "{bay.kernel_name}" is available.')
    config = _wanted(bay, drive, storage, node)
    if config is None:
        text = f'skipping device "{bay.kernel_name}" that does not match the device filter/list'
        found.lines.append(f"{text} ({_desired(storage, node)}). <nil>")
        return
    found.picks.append(Pick(bay, drive, config))
    found.lines.append(f'device "{bay.kernel_name}" is selected by the device filter/name')


def _unavailable(bay: Bay, drive: Drive) -> list[str]:
    called = bay.kernel_name
    if drive.contents == "os":
        text = "because it contains a filesystem"
        return [
            f'skipping device "{called}" because it has child, considering the child instead.',
            f'skipping device "{called}1" {text} "vfat"',
            f'skipping device "{called}2" {text} "ext4"',
        ]
    if drive.failed:
        text = (
            f'failed to check if the device "{called}" is available. failed to determine if the device was '
        )
        return [f'skipping device "{called}": {text}rejected: exit status 5: Input/output error.']
    if drive.contents == "filesystem":
        return [f'skipping device "{called}" because it contains a filesystem "ext4"']
    if drive.contents:
        return [f'skipping device "{called}": ["Has BlueStore device label"].']
    if drive.size < MIN_SIZE:
        return [f'skipping device "{called}": ["Insufficient space (<5GB)"].']
    return []


def _wanted(bay: Bay, drive: Drive, storage: Object, node: Object) -> dict[str, str] | None:
    """The settings of a drive that the spec selects; None when it does not."""
    config = {**(storage.get("config") or {}), **(node.get("config") or {})}
    links = {
        bay.by_path,
        drive.by_id,
        f"/dev/disk/by-id/{_ata(drive)}",
        f"/dev/{bay.kernel_name}",
        bay.kernel_name,
    }
    given = {**storage, **{key: value for key, value in node.items() if value}}
    if given.get("devices"):
        for device in given["devices"]:
            if {device.get("name"), device.get("fullpath")} & links:
                return config | (device.get("config") or {})
        return None
    if given.get("deviceFilter"):
        return config if re.search(given["deviceFilter"], bay.kernel_name) else None
    if given.get("devicePathFilter"):
        paths = [link for link in links if link.startswith("/dev/")]
        return config if any(re.search(given["devicePathFilter"], path) for path in paths) else None
    return config if given.get("useAllDevices") else None


def _ata(drive: Drive) -> str:
    prefix = "nvme" if drive.transport == "nvme" else "ata"
    return f"{prefix}-{drive.model}_{drive.serial}".replace(" ", "_")


def _desired(storage: Object, node: Object) -> str:
    devices = node.get("devices") or storage.get("devices") or []
    return "[" + " ".join(f"{{{device.get('name', '')}}}" for device in devices) + "]"


def device_class(pick: Pick) -> str:
    """The CRUSH device class: as set, else by medium."""
    if pick.config.get("deviceClass"):
        return pick.config["deviceClass"]
    if pick.drive.transport == "nvme":
        return "nvme"
    return "hdd" if pick.drive.rotational else "ssd"
