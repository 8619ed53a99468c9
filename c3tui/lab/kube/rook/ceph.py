"""The Ceph cluster itself: its OSDs, who is up, how healthy it is, how much it holds."""

import uuid
from dataclasses import dataclass, field

from pydantic import BaseModel

from c3tui.lab.chassis import Chassis, Drive
from c3tui.lab.kube.objects import Object, dig, labels

OUT_AFTER = 600.0
"""Simulated seconds after which a down OSD counts as out (mon_osd_down_out_interval)."""
POOL_SIZE = 3
"""osd_pool_default_size."""


class Osd(BaseModel):
    """One OSD: the drive it lives on and where it is."""

    serial: str
    node: str
    device_class: str
    size: int
    """Bytes."""


class Ceph(BaseModel):
    """What survives of a cluster whatever its daemons do."""

    fsid: str = ""
    next_id: int = 0
    """Ids are never given twice."""
    next_pool: int = 2
    osds: dict[int, Osd] = {}

    def found(self) -> None:
        """Give the cluster its identity, once."""
        self.fsid = self.fsid or str(uuid.uuid4())

    def add(self, drive: Drive, node: str, device_class: str) -> int:
        """Make an OSD of a drive and return its id."""
        number = self.next_id
        self.next_id += 1
        self.osds[number] = Osd(serial=drive.serial, node=node, device_class=device_class, size=drive.size)
        drive.contents = f"osd.{number}"
        return number

    def by_serial(self) -> dict[str, int]:
        """OSD id by drive serial."""
        return {osd.serial: number for number, osd in self.osds.items()}

    def drive_works(self, number: int, box: Chassis) -> bool:
        """Whether the drive of an OSD is in the server, sound and still the OSD's."""
        osd = self.osds.get(number)
        bay = box.bay_of(osd.serial) if osd else None
        return bool(bay and bay.drive and not bay.drive.failed and bay.drive.contents == f"osd.{number}")


@dataclass
class Health:
    """How a cluster is, from what its deployments say."""

    checks: dict[str, str] = field(default_factory=dict)
    """Message by health code; all of severity HEALTH_WARN."""
    quorum: bool = True

    @property
    def word(self) -> str:
        """HEALTH_OK, HEALTH_WARN, or HEALTH_ERR when no monitor majority answers."""
        if not self.quorum:
            return "HEALTH_ERR"
        return "HEALTH_WARN" if self.checks else "HEALTH_OK"

    def details(self) -> Object:
        """``status.ceph.details``."""
        if not self.quorum:
            text = "failed to get status. . timed out: exit status 1"
            return {"error": {"severity": "Urgent", "message": text}}
        return {code: {"severity": "HEALTH_WARN", "message": text} for code, text in self.checks.items()}


def judge(spec: Object, ceph: Ceph, deployments: list[Object], out: set[int], *, pools: bool) -> Health:
    """The health of a cluster.

    Args:
        spec: of the CephCluster.
        ceph: its state.
        deployments: those of its daemons.
        out: OSDs that were down for so long that they count as out.
        pools: whether there is data to be degraded.
    """
    health = Health()
    mons = [one for one in deployments if labels(one).get("app") == "rook-ceph-mon"]
    lost = [one for one in mons if not available(one)]
    health.quorum = len(mons) - len(lost) > len(mons) // 2 or not mons
    if lost:
        left = ",".join(labels(one).get("mon", "") for one in mons if one not in lost)
        health.checks["MON_DOWN"] = f"{len(lost)}/{len(mons)} mons down, quorum {left}"
    up = {int(labels(one)["ceph-osd-id"]) for one in deployments if _is_osd(one) and available(one)}
    _judge_osds(health, ceph, set(ceph.osds) - up - out, pools=pools)
    if len(up) < POOL_SIZE:
        health.checks["TOO_FEW_OSDS"] = f"OSD count {len(up)} < osd_pool_default_size {POOL_SIZE}"
    if dig(spec, "security", "cephx", "csi", "keyType") == "aes":
        health.checks |= {
            "AUTH_INSECURE_CLIENT_KEY_TYPE": "4 auth client entities with insecure key types",
            "AUTH_INSECURE_KEYS_ALLOWED": "insecure key types are allowed by the monitors",
            "AUTH_INSECURE_KEYS_CREATABLE": "insecure key types may be created",
        }
    for code, setting in dig(spec, "healthCheck", "muteHealthWarning", default={}).items():
        if setting.get("policy") == "mute":
            health.checks.pop(code, None)
    return health


def _judge_osds(health: Health, ceph: Ceph, down: set[int], *, pools: bool) -> None:
    if not down:
        return
    health.checks["OSD_DOWN"] = f"{len(down)} osds down"
    hosts = {ceph.osds[number].node for number in down}
    dark = [host for host in hosts if all(n in down for n, osd in ceph.osds.items() if osd.node == host)]
    if dark:
        lost = sum(osd.node in dark for osd in ceph.osds.values())
        health.checks["OSD_HOST_DOWN"] = f"{len(dark)} host ({lost} osds) down"
    if pools:
        share = 100 * len(down) / len(ceph.osds)
        health.checks["PG_DEGRADED"] = f"Degraded data redundancy: {share:.3f}% of objects degraded"


def available(deployment: Object) -> bool:
    """Whether a daemon runs."""
    return int(dig(deployment, "status", "availableReplicas", default=0)) > 0


def _is_osd(deployment: Object) -> bool:
    return labels(deployment).get("app") == "rook-ceph-osd"


def capacity(ceph: Ceph, deployments: list[Object]) -> Object:
    """``status.ceph.capacity`` without its time: bytes of the OSDs that are up."""
    up = {int(labels(one)["ceph-osd-id"]) for one in deployments if _is_osd(one) and available(one)}
    total = sum(osd.size for number, osd in ceph.osds.items() if number in up)
    used = len(up) * 27_000_000 + total // 1000
    return {"bytesTotal": total, "bytesUsed": used, "bytesAvailable": total - used} if total else {}
