"""What a verdict costs before it is given: bays, room in the pool, failure domains, control plane."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from c3tui.model.fleet import Server, Stage, TestState, Use, bay_id
from c3tui.model.placement import Placement, place
from c3tui.model.plan import Plan, Pool

TB = 10**12


@dataclass(frozen=True)
class Cost:
    """What goes out with some bays and servers, and what is left then."""

    servers: tuple[str, ...]
    """Those whose parts go out."""
    whole: tuple[str, ...]
    """Those that go out as a whole: named so, or their system drive goes."""
    bays: int
    """Drives that go out, of whole servers too."""
    raw_bytes: int
    """Of data drives that would be used otherwise; those not tested yet count as sound."""
    usable_before: int
    """Bytes that the pool could hold with all of them."""
    usable_after: int
    domains_before: int
    domains_left: int
    """Failure domains that still hold a data drive."""
    copies: int
    failure_domain: str
    control_plane: tuple[str, ...]
    """Members of the control plane, and so of etcd, that go out as a whole."""
    members: int
    """Of the control plane, all in all."""

    @property
    def too_few(self) -> bool:
        """Whether this is what leaves fewer failure domains than copies: Ceph could not keep them all."""
        return self.domains_left < min(self.copies, self.domains_before)

    @property
    def loses_quorum(self) -> bool:
        """Whether etcd is left without a majority of its members."""
        return (self.members - len(self.control_plane)) * 2 <= self.members

    @property
    def grave(self) -> bool:
        """Whether it wants a typed word."""
        return self.too_few or bool(self.control_plane)

    def lines(self) -> list[str]:
        """What it costs, in sentences; the grave things first."""
        found = []
        if self.too_few:
            found.append(
                f"ONLY {self.domains_left} failure domains ({self.failure_domain}s) ARE LEFT "
                f"FOR {self.copies} COPIES: the pool cannot keep them all"
            )
        if self.control_plane:
            lost = " AND ETCD LOSES ITS MAJORITY" if self.loses_quorum else ""
            found.append(
                f"THE CONTROL PLANE IS TOUCHED{lost}: {', '.join(self.control_plane)} "
                f"of {self.members} members"
            )
        if self.whole:
            found.append(f"out as a whole, system drive and all: {', '.join(self.whole)}")
        lost_tb = (self.usable_before - self.usable_after) / TB
        return [
            *found,
            f"{_counted(self.bays, 'drive')} in {_counted(len(self.servers), 'server')}, "
            f"{self.raw_bytes / TB:.1f} TB raw that would be used otherwise",
            f"{lost_tb:.1f} TB less to use at {self.copies} copies: {self.usable_after / TB:.1f} "
            f"of {self.usable_before / TB:.1f} TB are left",
            f"{self.domains_left} of {self.domains_before} failure domains ({self.failure_domain}s) are left "
            f"for {self.copies} copies",
        ]

    def told(self) -> dict[str, Any]:
        """As plain data, sizes in TB (10^12 bytes)."""
        return {
            "servers": len(self.servers),
            "server_names": list(self.servers),
            "whole": list(self.whole),
            "bays": self.bays,
            "raw_tb": round(self.raw_bytes / TB, 2),
            "usable_before": round(self.usable_before / TB, 2),
            "usable_after": round(self.usable_after / TB, 2),
            "domains_before": self.domains_before,
            "domains_left": self.domains_left,
            "copies": self.copies,
            "failure_domain": self.failure_domain,
            "control_plane": list(self.control_plane),
            "grave": self.grave,
            "lines": self.lines(),
        }


def cost_of(
    fleet: Sequence[Server],
    plan: Plan,
    bays: Iterable[str],
    servers: Iterable[str] = (),
    *,
    marked: Collection[str] = (),
    accepted: Collection[tuple[str, str]] = (),
) -> Cost:
    """What it costs when bays and whole servers go out.

    Args:
        marked: bays that are on their way out already: they cost nothing twice.
        accepted: (bay, serial) of drives that are used whatever their tests say.
    """
    out, by_name = set(bays), {server.name: server for server in fleet}
    whole = {name for name in servers if name in by_name}
    whole |= {server.name for server in fleet if _loses_its_system(server, out, marked)}
    for name in whole:
        out |= {bay_id(name, bay.slot) for bay, _ in by_name[name].drives()}
    holding = _holding(fleet)
    kept = {*accepted, *_hopes(holding)}
    before = place(holding, marked, kept)
    after = place(holding, {*marked, *out}, kept)
    pool = plan.storage.pool
    return Cost(
        servers=tuple(sorted({bay.partition("/")[0] for bay in out} | whole)),
        whole=tuple(sorted(whole)),
        bays=len(out),
        raw_bytes=before.raw_bytes() - after.raw_bytes(),
        usable_before=before.usable_bytes(pool),
        usable_after=after.usable_bytes(pool),
        domains_before=_domains(before, pool),
        domains_left=_domains(after, pool),
        copies=pool.size,
        failure_domain=pool.failure_domain,
        control_plane=tuple(name for name in plan.kubernetes.control_plane if name in whole),
        members=len(plan.kubernetes.control_plane),
    )


def _holding(fleet: Sequence[Server]) -> list[Server]:
    """Servers whose drives count: the nodes, or before there are any, every one that goes on."""
    nodes = [server for server in fleet if server.stage is Stage.NODE]
    return nodes or [server for server in fleet if not server.trouble]


def _hopes(fleet: Sequence[Server]) -> set[tuple[str, str]]:
    """Drives that nothing is known against yet."""
    waiting = (TestState.NOT_TESTED, TestState.RUNNING)
    return {
        (bay_id(server.name, bay.slot), drive.serial)
        for server in fleet
        for bay, drive in server.drives(Use.DATA)
        if drive.test in waiting
    }


def _loses_its_system(server: Server, out: Collection[str], marked: Collection[str]) -> bool:
    """Whether the last of its system drives goes; of a mirrored pair, one may."""
    found = {bay_id(server.name, bay.slot) for bay, _ in server.drives(Use.SYSTEM)}
    fresh = {bay for bay in found if bay in out and bay not in marked}
    return bool(fresh) and all(bay in out or bay in marked for bay in found)


def _domains(placed: Placement, pool: Pool) -> int:
    return len(placed.domains(pool.failure_domain))


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
