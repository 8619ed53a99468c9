"""What ``lsblk`` sees of a server's drives."""

from typing import Any

from c3tui.lab.chassis import Bay, Chassis

_EFI_SIZE = 1_127_219_200
_SECTOR = 512


def devices(box: Chassis) -> list[dict[str, Any]]:
    """The disks as in ``lsblk --json --bytes --output-all``, in the order of the bays."""
    return [_disk(bay, index) for index, bay in enumerate(box.bays) if bay.drive]


def _disk(bay: Bay, index: int) -> dict[str, Any]:
    drive = bay.drive
    assert drive is not None
    kind = "ceph_bluestore" if drive.contents.startswith("osd.") else None
    disk = {
        **_device(bay.kernel_name, None, "disk", drive.size, f"8:{index * 16}"),
        "fstype": "ext4" if drive.contents == "filesystem" else kind,
        "serial": drive.serial,
        "wwn": drive.wwn,
        "model": drive.model,
        "rev": drive.firmware,
        "vendor": "ATA     " if drive.transport == "sata" else None,
        "tran": drive.transport,
        "rota": drive.rotational,
    }
    if drive.contents == "os":
        disk["children"] = _partitions(disk, index)
    return disk


def _partitions(disk: dict[str, Any], index: int) -> list[dict[str, Any]]:
    name = disk["name"]
    parts = []
    layout = ((1, _EFI_SIZE, "vfat", "/boot/efi"), (2, disk["size"] - 2 * _EFI_SIZE, "ext4", "/"))
    for number, size, fstype, mount in layout:
        size -= size % _SECTOR
        part = _device(f"{name}{number}", name, "part", size, f"8:{index * 16 + number}")
        parts.append({**part, "fstype": fstype, "mountpoints": [mount], "rota": disk["rota"]})
    return parts


def _device(name: str, parent: str | None, kind: str, size: int, numbers: str) -> dict[str, Any]:
    return {
        "name": name,
        "kname": name,
        "path": f"/dev/{name}",
        "maj:min": numbers,
        "rm": False,
        "ro": False,
        "type": kind,
        "size": size,
        "pkname": parent,
        "serial": None,
        "wwn": None,
        "model": None,
        "rota": True,
        "fstype": None,
        "mountpoints": [None],
    }
