"""Storage: Rook applied, every sound drive an OSD, a pool, a StorageClass, and a claim that binds."""

import asyncio
import time
from collections.abc import AsyncIterator

from c3tui.clients import cluster as kube
from c3tui.clients.cluster import ApiError, Cluster
from c3tui.engine.errors import InputError, StepError, Unreachable
from c3tui.engine.software import locate
from c3tui.engine.step import Checked, Context, Step
from c3tui.model import ceph
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.fleet import Stage
from c3tui.model.placement import Osd, Placement, place
from c3tui.model.replacement import Replacement, Verdict
from c3tui.steps import peers
from c3tui.steps.cephstate import Health, State, missing, read_health

MANIFESTS = ("crds.yaml", "common.yaml", "csi-operator.yaml", "operator.yaml")
"""Rook's deploy/examples in the order they depend on each other."""
MISSING_OSD = "storage.osd-missing"
FEW_DOMAINS = "storage.few-failure-domains"
UNHEALTHY = "storage.unhealthy"
ROOK_SECONDS = 120.0
"""Rook tries again after a failed attempt; one that goes on failing for so long will not mend itself."""
CLAIM_SECONDS = 300.0
AWAY_SECONDS = 300.0
POLL = 2.0
"""Seconds between looks at the OSDs; each is one small Table request."""


class Patience:
    """Whether something has been so for long enough, without a break."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def over(self, so: bool) -> bool:
        """Take the newest look into account."""
        if not so:
            self._since = None
            return False
        now = time.monotonic()
        self._since = self._since or now
        return now - self._since >= self._seconds


def _unhealthy(state: State) -> Finding:
    details = "; ".join(f"{code}: {text}" for code, text in sorted(state.health.details.items()))
    message = f"Ceph is not healthy: {state.health.word}"
    return finding(UNHEALTHY, "site", Storage.id, Severity.WARNING, message, details or "Ask `ceph status`")


def placement(ctx: Context) -> Placement:
    """Every node's data drives, placed or left out, as the record stands now."""
    marked = {mark.bay for mark in ctx.store.all(Replacement) if mark.open}
    verdicts = [each for each in ctx.store.all(Verdict) if each.keeps]
    accepted = {(each.bay, each.serial) for each in verdicts}
    return place(ctx.servers(Stage.NODE), marked, accepted)


async def look(ctx: Context) -> tuple[State, Placement]:
    """Ceph as it is now against the placement; kept as an observation for the screens.

    Raises:
        PeerError: the cluster cannot be asked.
    """
    placed = placement(ctx)
    state = await _state(ctx)
    ctx.store.observe("storage", {"ceph": state.told(placed, ctx.plan.storage.pool)})
    return state, placed


async def _state(ctx: Context) -> State:
    if not peers.kubeconfig(ctx.site).exists():
        return State(Health(), ())
    cluster, space = await peers.cluster(ctx), ctx.plan.storage.namespace
    try:
        found = await cluster.get("ceph.rook.io/v1", "CephCluster", ceph.CLUSTER, space)
    except InputError:
        # The definition is not applied yet: there is no Ceph to look at.
        return State(Health(), ())
    return State(read_health(found), tuple(await cluster.osds(space)))


class Storage(Step):
    """Ceph on the drives that passed, and persistent volumes on Ceph."""

    id = "storage"
    title = "Storage"
    needs = ("kubernetes",)
    uses = ("storage",)

    async def check(self, ctx: Context) -> Checked:
        """Which planned OSDs do not exist yet, and whether the pool has enough failure domains."""
        state, placed = await look(ctx)
        found = self._domains(ctx, placed)
        ctx.findings_now((FEW_DOMAINS,), found)
        todo = [f"make {count} OSDs on {name}" for name, count in state.lacking(placed).items()]
        if placed.osds and state.up < len(state.osds):
            todo.append(f"wait for {len(state.osds) - state.up} OSDs that are down")
        if ctx.store.observation("storage", "claim") is None:
            todo.append("see a test claim bound")
        summary = f"{state.line(placed)}, {state.health.word}"
        return Checked(bool(placed.osds) and not todo, summary, todo, found)

    async def run(self, ctx: Context) -> str:
        """Apply Rook and the Ceph objects, wait for every planned OSD, bind a claim."""
        cluster = await peers.cluster(ctx)
        placed = placement(ctx)
        for left in placed.left_out:
            ctx.say(
                f"{left.bay} {left.serial} becomes no OSD: {left.why}", left.bay.partition("/")[0], "warning"
            )
        await self._rook(ctx, cluster)
        await self._ceph(ctx, cluster, placed)
        state = await self._osds(ctx, placed)
        for object in (ceph.pool(ctx.plan), ceph.storage_class(ctx.plan)):
            await self._apply(ctx, cluster, object)
        await self._name_missing(ctx, cluster, placed, state)
        await self._claim(ctx, cluster)
        await self._healthy(ctx)
        return (await self.check(ctx)).summary

    def _domains(self, ctx: Context, placed: Placement) -> list[Finding]:
        pool = ctx.plan.storage.pool
        count = len(placed.domains(pool.failure_domain))
        if not placed.osds or count > pool.size:
            return []
        severity = Severity.WARNING if count == pool.size else Severity.CRITICAL
        message = f"{count} {pool.failure_domain}s with OSDs for {pool.size} copies"
        remedy = "Add one more, or a smaller storage.pool.size: with none to spare nothing heals after a loss"
        return [finding(FEW_DOMAINS, "site", self.id, severity, message, remedy)]

    async def _rook(self, ctx: Context, cluster: Cluster) -> None:
        directory = locate(
            ctx.plan.storage.rook,
            ctx.site.files.directory,
            ctx.site.files.directory / "software",
            name="Rook",
            where="storage.rook",
        )
        # The definitions are a megabyte of YAML: seconds, which the engine's loop has not got.
        objects = await asyncio.to_thread(kube.read, directory, MANIFESTS)
        definitions = [each for each in objects if each["kind"] == "CustomResourceDefinition"]
        ctx.overall(f"applying Rook: {len(objects)} objects", 0.02)
        for object in definitions:
            await self._apply(ctx, cluster, object)
        for object in definitions:
            await cluster.established(object["metadata"]["name"], 60.0)
        for object in objects:
            if object["kind"] != "CustomResourceDefinition":
                await self._apply(ctx, cluster, object)

    async def _ceph(self, ctx: Context, cluster: Cluster, placed: Placement) -> None:
        if not placed.osds:
            raise StepError(
                "no drive is fit to be an OSD", remedy="See what the hardware step says of the drives"
            )
        kernels = [node.kernel for node in await cluster.nodes()]
        await self._apply(ctx, cluster, ceph.cluster(ctx.plan, placed, kernels))

    async def _apply(self, ctx: Context, cluster: Cluster, wanted: ceph.Object) -> None:
        label = f"{wanted['kind']} {wanted['metadata']['name']}"
        try:
            changed = await cluster.apply(wanted)
        except ApiError as error:
            if error.status == 409:
                raise StepError(
                    error.what,
                    where=label,
                    remedy="Settle with that owner who keeps the field; C3 does not take it",
                ) from error
            raise
        if changed:
            ctx.touched()
            ctx.say(f"applied {label}")

    async def _osds(self, ctx: Context, placed: Placement) -> State:
        """Wait until every planned OSD is up, or Rook is through and what is missing stays missing."""
        deadline = time.monotonic() + ctx.plan.storage.timeout
        quiet, failing = Patience(ctx.plan.storage.health_wait), Patience(ROOK_SECONDS)
        async for state in self._looks(ctx):
            lacking = state.lacking(placed)
            phase = state.health.message or "waiting for Rook"
            ctx.overall(phase, state.up / len(placed.osds), state.line(placed), list(lacking)[:5])
            if failing.over(state.health.failed):
                raise StepError(state.health.message, where="Rook", remedy="Read the operator's log")
            if state.health.finished and not lacking and state.up == len(state.osds):
                return state
            if quiet.over(state.health.finished):
                return state
            if time.monotonic() > deadline:
                break
        raise Unreachable(
            f"{state.line(placed)} after {ctx.plan.storage.timeout:.0f} s",
            where="Rook",
            remedy="Read the operator's log; run the step again to go on waiting",
        )

    async def _healthy(self, ctx: Context) -> None:
        """Give Ceph time to settle, then say what it still complains of."""
        deadline = time.monotonic() + ctx.plan.storage.health_wait
        async for state in self._looks(ctx):
            if (state.health.sound and state.up == len(state.osds)) or time.monotonic() > deadline:
                break
            ctx.overall(f"waiting for Ceph to be healthy: {state.health.word}", 0.98)
        found = [] if state.health.sound else [_unhealthy(state)]
        ctx.findings_now((UNHEALTHY,), found)
        for each in found:
            ctx.warn("ceph", each.message)

    async def _looks(self, ctx: Context) -> AsyncIterator[State]:
        """Look again and again; an API server that is away for a while, as in a restart, is waited for."""
        away = Patience(AWAY_SECONDS)
        while True:
            try:
                state, _ = await look(ctx)
            except Unreachable as error:
                if away.over(True):
                    raise
                ctx.overall(f"waiting for the Kubernetes API: {error.what}")
            else:
                away.over(False)
                yield state
            await asyncio.sleep(min(POLL, ctx.plan.endpoints.maas.poll))

    async def _name_missing(self, ctx: Context, cluster: Cluster, placed: Placement, state: State) -> None:
        """Ready does not mean that every drive became an OSD: name those that did not, and Rook's reason."""
        found = []
        for name in state.lacking(placed):
            lost = await self._missing(ctx, cluster, placed, name)
            reasons = await self._skipped(ctx, cluster, name)
            drives = ", ".join(f"{osd.bay} {osd.serial}" for osd in lost)
            message = f"{len(lost)} of {len(placed.of(name))} drives became no OSD: {drives} ({reasons})"
            remedy = "Look at those drives; C3 wipes nothing it was not told to"
            found.append(finding(MISSING_OSD, name, self.id, Severity.CRITICAL, message, remedy))
            ctx.warn(name, message)
        ctx.findings_now((MISSING_OSD,), found)

    async def _missing(self, ctx: Context, cluster: Cluster, placed: Placement, name: str) -> list[Osd]:
        devices = await cluster.osd_devices(ctx.plan.storage.namespace, name)
        blocks = await peers.shell(ctx.site).inventory(ctx.server(name).address)
        return missing(placed.of(name), devices.values(), blocks)

    async def _skipped(self, ctx: Context, cluster: Cluster, name: str) -> str:
        logs = await cluster.logs(ctx.plan.storage.namespace, "app=rook-ceph-osd-prepare", node=name)
        lines = [line for log in logs.values() for line in log if "skipping" in line]
        return "; ".join(lines[-3:]) or "Rook gives no reason"

    async def _claim(self, ctx: Context, cluster: Cluster) -> None:
        """Prove the whole way once: a claim must get its volume. The claim is taken away again."""
        if ctx.store.observation("storage", "claim"):
            return
        space, wanted = ctx.plan.storage.namespace, ceph.claim(ctx.plan)
        await self._apply(ctx, cluster, wanted)
        deadline = time.monotonic() + CLAIM_SECONDS
        while time.monotonic() < deadline:
            ctx.overall("waiting for the test claim to be bound", 0.99)
            seen = await cluster.get("v1", "PersistentVolumeClaim", ceph.CLAIM, space) or {}
            if (seen.get("status") or {}).get("phase") == "Bound":
                volume = seen["spec"].get("volumeName", "")
                # Recorded last: a claim that is recorded is never looked for again, so it must be gone.
                await cluster.delete("v1", "PersistentVolumeClaim", ceph.CLAIM, space)
                ctx.save(note="test claim bound", subject="site", volume=volume)
                ctx.store.observe("storage", {"claim": {"bound": True, "volume": volume}})
                ctx.say(f"test claim bound to {volume}")
                return
            await asyncio.sleep(min(POLL, ctx.plan.endpoints.maas.poll))
        raise Unreachable(
            f"the test claim is not bound after {CLAIM_SECONDS:.0f} s",
            where=ctx.plan.storage.storage_class,
            remedy="kubectl describe pvc in the Ceph namespace says why",
        )
