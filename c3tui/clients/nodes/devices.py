"""Block devices of a running server, as ``lsblk`` and udev's links tell them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from c3tui.engine.errors import BadAnswer

LSBLK = "lsblk --json --bytes --output NAME,PATH,TYPE,SIZE,SERIAL,WWN,MODEL,ROTA,FSTYPE,MOUNTPOINTS,PKNAME"
LINKS = "find /dev/disk/by-path /dev/disk/by-id -type l -printf '%p %l\\n' 2>/dev/null"
"""Prints each link and what it points to, and nothing where udev has made none."""

_BY_ID = ("wwn-", "nvme-eui.", "nvme-", "scsi-", "ata-", "")
"""Which link to take when a drive has several: the worldwide name first."""


@dataclass(frozen=True)
class BlockDevice:
    """A drive, a partition or a volume."""

    name: str
    """The kernel's, such as ``sdb``: another one after the next boot."""
    path: str
    type: str
    size: int
    """Bytes."""
    serial: str = ""
    wwn: str = ""
    model: str = ""
    rotational: bool = False
    fstype: str = ""
    mountpoints: tuple[str, ...] = ()
    parent: str = ""
    """Name of the device it lies on; empty for a whole drive."""
    by_path: str = ""
    """Link that follows the bay."""
    by_id: str = ""
    """Link that follows the drive."""


def parse(listing: str, links: str, host: str) -> list[BlockDevice]:
    """Devices from what :data:`LSBLK` and :data:`LINKS` print on a host.

    Raises:
        BadAnswer: the listing is not what lsblk(8) documents.
    """
    by_path, by_id = _links(links)
    try:
        rows = list(_flat(json.loads(listing)["blockdevices"], ""))
        # Stacked volumes are listed below each of their parents.
        unique = {row["name"]: (row, parent) for row, parent in reversed(rows)}
        return [_device(row, parent, by_path, by_id) for row, parent in reversed(unique.values())]
    except (ValueError, KeyError, TypeError) as error:
        raise BadAnswer("lsblk prints something else than block devices", where=host) from error


def _flat(rows: list[dict[str, Any]], parent: str) -> Iterator[tuple[dict[str, Any], str]]:
    for row in rows:
        yield row, row.get("pkname") or parent
        yield from _flat(row.get("children", []), row["name"])


def _device(
    row: Mapping[str, Any], parent: str, by_path: Mapping[str, str], by_id: Mapping[str, str]
) -> BlockDevice:
    def text(key: str) -> str:
        return str(row.get(key) or "").strip()

    return BlockDevice(
        name=row["name"],
        path=text("path") or f"/dev/{row['name']}",
        type=row["type"],
        size=int(row["size"] or 0),
        serial=text("serial"),
        wwn=text("wwn"),
        model=text("model"),
        # Older versions print booleans as text.
        rotational=row.get("rota") in (True, 1, "1"),
        fstype=text("fstype"),
        mountpoints=tuple(point for point in row.get("mountpoints") or [] if point),
        parent=parent,
        by_path=by_path.get(row["name"], ""),
        by_id=by_id.get(row["name"], ""),
    )


def _links(text: str) -> tuple[dict[str, str], dict[str, str]]:
    """The best link of each kind, by the name of the device it points to."""
    by_path: dict[str, str] = {}
    by_id: dict[str, tuple[int, str]] = {}
    for line in sorted(text.splitlines()):
        link, _, target = line.rpartition(" ")
        name = target.rpartition("/")[2]
        if link.startswith("/dev/disk/by-path/"):
            by_path.setdefault(name, link)
        elif link.startswith("/dev/disk/by-id/"):
            label = link.removeprefix("/dev/disk/by-id/")
            rank = next(place for place, start in enumerate(_BY_ID) if label.startswith(start))
            by_id[name] = min((rank, link), by_id.get(name, (rank, link)))
    return by_path, {name: link for name, (_, link) in by_id.items()}
