"""Which drive becomes an OSD, which does not and why, and what that gives in usable space."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from c3tui.model.fleet import Drive, Server, TestState, Use, bay_id
from c3tui.model.plan import Pool

FULL = 0.85
"""Ceph's ``mon_osd_nearfull_ratio``: the share of raw space one may fill before it warns."""
MIN_BYTES = 5 << 30
"""ceph-volume rejects smaller drives (``Insufficient space (<5GB)``)."""


@dataclass(frozen=True)
class Osd:
    """A drive that shall be an OSD."""

    server: str
    rack: str
    slot: int
    path: str
    """Stable path of the bay: the plan is about bays, and a swapped drive keeps its place."""
    serial: str
    size: int
    device_class: str

    @property
    def bay(self) -> str:
        """The bay's id."""
        return bay_id(self.server, self.slot)


@dataclass(frozen=True)
class LeftOut:
    """A drive that shall not."""

    bay: str
    serial: str
    why: str


@dataclass(frozen=True)
class Placement:
    """Every data drive of the nodes, either placed or left out."""

    osds: tuple[Osd, ...]
    left_out: tuple[LeftOut, ...]

    def of(self, server: str) -> list[Osd]:
        """The OSDs of one server, by bay."""
        return [osd for osd in self.osds if osd.server == server]

    def raw_bytes(self) -> int:
        """All placed drives together."""
        return sum(osd.size for osd in self.osds)

    def domains(self, failure_domain: str) -> dict[str, int]:
        """Bytes by failure domain, ``host`` or ``rack``."""
        found: dict[str, int] = {}
        for osd in self.osds:
            key = osd.rack if failure_domain == "rack" else osd.server
            found[key] = found.get(key, 0) + osd.size
        return found

    def usable_bytes(self, pool: Pool) -> int:
        """What the pool can hold before Ceph warns that it is nearly full."""
        return room_of(self.domains(pool.failure_domain).values(), pool)


def room_of(domains: Collection[int], pool: Pool) -> int:
    """Bytes that a pool can hold on failure domains of some sizes before Ceph warns that it is nearly full.

    No failure domain holds more than one copy, so a large one beside small ones is of no use: the
    bound is the largest D with sum(min(size of domain, D)) >= copies * D.
    """
    return int(_bound(list(domains), pool.size) * FULL)


def _bound(sizes: list[int], copies: int) -> float:
    if len(sizes) < copies:
        return 0.0
    sizes = sorted(sizes, reverse=True)
    # With the k largest domains each holding a whole copy, the rest share the other copies.
    bounds = ((sizes[whole], sum(sizes[whole:]) / (copies - whole)) for whole in range(copies))
    return next(bound for largest, bound in bounds if largest <= bound)


def place(
    servers: Sequence[Server], marked: Collection[str], accepted: Collection[tuple[str, str]]
) -> Placement:
    """Place every sound data drive of some servers.

    Args:
        marked: bays with an open replacement.
        accepted: (bay, serial) of drives the engineer uses whatever their tests say.
    """
    osds: list[Osd] = []
    left: list[LeftOut] = []
    for server in servers:
        taken: dict[str, str] = {}
        for bay, drive in server.drives(Use.DATA):
            name = bay_id(server.name, bay.slot)
            why = _against(name, bay.path, drive, marked, accepted)
            if not why and bay.path in taken:
                why = f"its path is also that of {taken[bay.path]}"
            if why:
                left.append(LeftOut(name, drive.serial, why))
                continue
            taken[bay.path] = name
            osds.append(
                Osd(
                    server.name,
                    server.rack,
                    bay.slot,
                    bay.path,
                    drive.serial,
                    drive.size,
                    device_class(drive, bay.path),
                )
            )
    return Placement(tuple(osds), tuple(left))


def _against(
    bay: str, path: str, drive: Drive, marked: Collection[str], accepted: Collection[tuple[str, str]]
) -> str:
    if bay in marked:
        return "marked for replacement"
    if not path:
        return "no stable path to its bay"
    if drive.size < MIN_BYTES:
        return f"{drive.size} bytes is too small for an OSD"
    if drive.test is TestState.PASSED or (bay, drive.serial) in accepted:
        return ""
    return f"{drive.test}: {drive.test_detail}" if drive.test_detail else str(drive.test)


def device_class(drive: Drive, path: str = "") -> str:
    """Ceph's class of a drive: ``hdd``, ``ssd`` or ``nvme``, by its own link or that of its bay."""
    if drive.rotational:
        return "hdd"
    return "nvme" if "/nvme-" in drive.by_id or "-nvme-" in path else "ssd"
