"""What Ceph has made of the plan so far: planned OSDs against existing ones, Rook's progress, health."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from c3tui.clients.cluster import OsdState
from c3tui.clients.nodes.devices import BlockDevice
from c3tui.model.placement import Osd, Placement
from c3tui.model.plan import Pool


@dataclass(frozen=True)
class Health:
    """The CephCluster's own report."""

    exists: bool = False
    phase: str = ""
    state: str = ""
    """``Creating``, ``Created``, ``Error`` and others."""
    message: str = ""
    observed: bool = False
    """Rook has seen the newest version of the CephCluster."""
    health: str = ""
    """``HEALTH_OK``, ``HEALTH_WARN``, ``HEALTH_ERR``, or empty before Ceph answers."""
    details: dict[str, str] = field(default_factory=dict)
    muted: frozenset[str] = frozenset()

    @property
    def failed(self) -> bool:
        """Whether Rook's last attempt failed; ``message`` says why. Rook tries again after a while.

        Its phase stays ``Progressing`` then (Rook: pkg/operator/ceph/controller/conditions.go).
        """
        return self.state == "Error"

    @property
    def finished(self) -> bool:
        """Whether Rook is through with this version."""
        return self.observed and self.phase == "Ready"

    @property
    def sound(self) -> bool:
        """HEALTH_OK, or nothing but warnings that are muted."""
        return self.health == "HEALTH_OK" or (
            self.health == "HEALTH_WARN" and bool(self.details) and set(self.details) <= self.muted
        )

    @property
    def word(self) -> str:
        """The health in one word and its reasons."""
        if not self.exists:
            return "no Ceph yet"
        reasons = ", ".join(sorted(set(self.details) - self.muted))
        return f"{self.health or 'health unknown'}{f' ({reasons})' if reasons else ''}"


def read_health(found: dict[str, Any] | None) -> Health:
    """The health out of a CephCluster object."""
    if found is None:
        return Health()
    status = found.get("status") or {}
    ceph = status.get("ceph") or {}
    check = (found["spec"].get("healthCheck") or {}).get("muteHealthWarning") or {}
    return Health(
        exists=True,
        phase=str(status.get("phase", "")),
        state=str(status.get("state", "")),
        message=str(status.get("message", "")),
        observed=status.get("observedGeneration") == found["metadata"].get("generation"),
        health=str(ceph.get("health", "")),
        details={code: str(each.get("message", "")) for code, each in (ceph.get("details") or {}).items()},
        muted=frozenset(code for code, each in check.items() if each.get("policy") == "mute"),
    )


@dataclass(frozen=True)
class State:
    """Planned OSDs against those that exist."""

    health: Health
    osds: tuple[OsdState, ...]

    def made(self, server: str) -> int:
        """OSDs that exist on a server."""
        return sum(osd.node == server for osd in self.osds)

    @property
    def up(self) -> int:
        """OSDs whose daemon runs."""
        return sum(osd.available for osd in self.osds)

    def lacking(self, placed: Placement) -> dict[str, int]:
        """How many planned OSDs do not exist, by server."""
        servers = dict.fromkeys(osd.server for osd in placed.osds)
        counts = {name: len(placed.of(name)) - self.made(name) for name in servers}
        return {name: count for name, count in counts.items() if count > 0}

    def line(self, placed: Placement) -> str:
        """For people: how far it is."""
        return f"{self.up} of {len(placed.osds)} OSDs up"

    def told(self, placed: Placement, pool: Pool) -> dict[str, Any]:
        """For the screens: figures, by server and in all."""
        servers = dict.fromkeys(osd.server for osd in placed.osds)
        return {
            "planned": len(placed.osds),
            "made": len(self.osds),
            "up": self.up,
            "usable_bytes": placed.usable_bytes(pool),
            "raw_bytes": placed.raw_bytes(),
            "copies": pool.size,
            "health": self.health.health,
            "health_text": self.health.word,
            "message": self.health.message,
            "servers": {name: [self.made(name), len(placed.of(name))] for name in servers},
            "left_out": [[left.bay, left.serial, left.why] for left in placed.left_out],
        }


def missing(planned: Sequence[Osd], devices: Collection[str], blocks: Iterable[BlockDevice]) -> list[Osd]:
    """The planned OSDs of one server whose drive carries none.

    Rook keeps no bay: an OSD's device has the kernel's name of when Rook last looked. What that name means
    is asked of the server, so both must be of one boot.

    Args:
        planned: the OSDs of that server.
        devices: of the OSDs that exist there, as the cluster tells them.
        blocks: the server's block devices now.
    """
    by_name = {block.name: block for block in blocks}
    carrying = [drive for device in devices if (drive := _drive(device, by_name))]
    known = {drive.by_path for drive in carrying} | {drive.serial for drive in carrying if drive.serial}
    return [osd for osd in planned if not {osd.path, osd.serial} & known]


def numbered(
    planned: Sequence[Osd], devices: Mapping[int, str], blocks: Iterable[BlockDevice]
) -> dict[str, int]:
    """Ceph's numbers of the OSDs of one server, by bay; what lies on no planned drive is left out.

    Args:
        planned: the OSDs of that server.
        devices: of the OSDs that exist there, by their numbers.
        blocks: the server's block devices now.
    """
    by_name = {block.name: block for block in blocks}
    bays = {osd.path: osd.bay for osd in planned} | {osd.serial: osd.bay for osd in planned}
    found = {}
    for number, device in devices.items():
        drive = _drive(device, by_name)
        if drive and (bay := bays.get(drive.serial) or bays.get(drive.by_path)):
            found[bay] = number
    return found


def _drive(device: str, by_name: dict[str, BlockDevice]) -> BlockDevice | None:
    """The drive that a device is, or lies on."""
    names = (block for block in by_name.values() if device in (block.path, block.by_path, block.by_id))
    found = next(names, None) or by_name.get(_mapped(device))
    while found is not None and found.parent:
        found = by_name.get(found.parent)
    return found


def _mapped(device: str) -> str:
    """The device mapper's name of ``/dev/<volume group>/<logical volume>``; empty for other devices."""
    match device.split("/"):
        case ["", "dev", group, volume]:
            return f"{group.replace('-', '--')}-{volume.replace('-', '--')}"
    return ""
