"""Kubernetes: Kubespray over the deployed servers, then every node held to Ready."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from c3tui.clients import kubespray
from c3tui.clients.cluster import Cluster
from c3tui.clients.kubespray import Inventory, Job, Node, Result
from c3tui.engine.errors import PeerError, StepError
from c3tui.engine.process import attach, ending
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.fleet import Server, Stage
from c3tui.model.run import Outcome, Run
from c3tui.steps import addresses, peers
from c3tui.steps.playbook import Follower

FAILED = "kubernetes.failed"
NOT_READY = "kubernetes.not-ready"
ROUNDS = 3
"""Playbook runs in one step: each leaves behind the workers that failed in the one before."""


class Kubernetes(Step):
    """A cluster out of the deployed servers; new ones join it."""

    id = "kubernetes"
    title = "Kubernetes"
    needs = ("deploy",)
    uses = ("kubernetes", "networks")
    stops_softly = True

    async def check(self, ctx: Context) -> Checked:
        """Which deployed servers are no Ready nodes yet."""
        fleet = ctx.servers(Stage.DEPLOYED)
        left = [server.name for server in fleet if not server.stage.reached(Stage.NODE)]
        summary = f"{len(fleet) - len(left)} of {len(fleet)} servers are Ready nodes"
        return Checked(bool(fleet) and not left, summary, [f"join {name}" for name in left])

    async def run(self, ctx: Context) -> str:
        """Run the playbook over those that are not nodes yet; then wait for Ready.

        A worker that fails is left behind, and the playbook is run again without it.
        """
        fleet = await self._answering(ctx, ctx.servers(Stage.DEPLOYED))
        self._refuse_without_control_plane(ctx, fleet)
        for attempt in range(1, ROUNDS + 1):
            result = await self._playbook(ctx, fleet, attempt)
            if result.ok:
                break
            fleet = self._without_failed(ctx, fleet, result, last=attempt == ROUNDS)
        await self._kubeconfig(ctx)
        await self._ready(ctx, [server.name for server in fleet])
        return (await self.check(ctx)).summary

    def _refuse_without_control_plane(self, ctx: Context, fleet: Sequence[Server]) -> None:
        names = {server.name for server in fleet}
        lacking = [name for name in ctx.plan.kubernetes.control_plane if name not in names]
        if lacking:
            raise StepError(
                f"control plane {', '.join(lacking)} is not deployed or does not answer",
                where="kubernetes.control_plane",
                remedy="Mend it, or name other servers while no cluster exists",
            )

    async def _answering(self, ctx: Context, fleet: Sequence[Server]) -> list[Server]:
        """Those that answer SSH, with nothing of an earlier run still at work on them."""
        if unfinished(ctx, ctx.site.files.directory / "kubespray"):
            return list(fleet)
        ctx.overall("looking for leftovers of an earlier run")
        busy = await peers.shell(ctx.site).settle([server.address for server in fleet])
        answering = []
        for server in fleet:
            if not (processes := busy.get(server.address)):
                answering.append(server)
                continue
            remedy = "Mend it, or wait until that has ended; then run the step again"
            ctx.failed(server.name, StepError(f"not settled: {processes[0]}", remedy=remedy), FAILED)
        return answering

    async def _playbook(self, ctx: Context, fleet: Sequence[Server], attempt: int) -> Result:
        directory = ctx.site.files.directory / "kubespray"
        new = [server.name for server in fleet if not server.stage.reached(Stage.NODE)]
        inventory = kubespray.render(directory, ctx.plan, [_node(ctx, server) for server in fleet])
        job = unfinished(ctx, directory) if attempt == 1 else None
        if job is None:
            grows = len(new) < len(fleet) and not set(new) & set(ctx.plan.kubernetes.control_plane)
            job = self._job(ctx, inventory, f"{ctx.run.id}-{attempt}", tuple(new) if grows else ())
        else:
            ctx.say(f"found the run of before at {job.directory.name}: following it")
        ctx.run.child = str(job.directory)
        ctx.save(ctx.run)
        ctx.touched()
        for name in new:
            ctx.advance(name, Stage.JOINING)
        result = await Follower(ctx, job).follow()
        if ctx.stop:
            raise asyncio.CancelledError
        return result

    def _job(self, ctx: Context, inventory: Inventory, name: str, limit: tuple[str, ...]) -> Job:
        site = ctx.site.files.directory
        directory = site / "kubespray"
        return Job.of(
            directory / "jobs" / name,
            ctx.plan,
            inventory,
            kubespray.tree(ctx.plan.kubernetes.kubespray, site, directory / "trees"),
            site,
            # Workers are added by scale.yml; a control plane only ever by cluster.yml.
            playbook="scale" if limit else "cluster",
            limit=limit,
        )

    def _without_failed(
        self, ctx: Context, fleet: Sequence[Server], result: Result, *, last: bool
    ) -> list[Server]:
        """The fleet less the workers that failed, when the others can go on without them.

        Raises:
            StepError: they cannot, with the first failure and what usually helps.
        """
        for failure in result.failed:
            ctx.say(f"{failure.task}: {failure.msg}", failure.host, "error")
        first = result.failed[0] if result.failed else None
        advice = kubespray.hint(first.task, first.msg) if first else ""
        failed = {failure.host for failure in result.failed}
        needed = set(ctx.plan.kubernetes.control_plane)
        members = {server.name for server in fleet if server.stage.reached(Stage.NODE)}
        if last or not failed or failed & (needed | members):
            remedy = advice or "See the run's log, then run it again"
            raise StepError(result.trouble, where="Kubespray", remedy=remedy)
        for failure in result.failed:
            what = f"{failure.task}: {failure.msg.splitlines()[0] if failure.msg else 'failed'}"
            ctx.failed(failure.host, StepError(what, where=failure.host, remedy=advice), FAILED)
        return [server for server in fleet if server.name not in failed]

    async def _kubeconfig(self, ctx: Context) -> None:
        """Kubespray fetched it beside its inventory; the site keeps it where the plan says."""
        fetched = ctx.site.files.directory / "kubespray" / "inventory" / "artifacts" / "admin.conf"
        if not fetched.exists():
            raise StepError("Kubespray left no kubeconfig", where=str(fetched), remedy="Run the step again")
        target = peers.kubeconfig(ctx.site)
        if not target.exists() or target.read_bytes() != fetched.read_bytes():
            shutil.copyfile(fetched, target)
            target.chmod(0o600)
            await ctx.resources.drop("cluster")

    async def _ready(self, ctx: Context, names: Sequence[str]) -> None:
        cluster: Cluster = await peers.cluster(ctx)
        limit = ctx.plan.kubernetes.ready_timeout

        def told(waiting: list[str]) -> None:
            ctx.overall("waiting for nodes to be Ready", waiting=waiting)

        def trouble(why: str) -> None:
            ctx.overall(f"waiting for nodes to be Ready: {why}")

        not_ready = await cluster.wait_ready(names, limit=limit, on_change=told, on_trouble=trouble)
        for name in names:
            if name in not_ready:
                error = PeerError(
                    f"not Ready after {limit:.0f} s: {not_ready[name]}",
                    where=name,
                    remedy="Look at kubelet there, and at the CNI configuration under /etc/cni/net.d",
                )
                ctx.failed(name, error, NOT_READY)
            else:
                ctx.fixed(NOT_READY, name)
                ctx.fixed(FAILED, name)
                ctx.advance(name, Stage.NODE, in_production=True)
                ctx.progress(name, "node", 1.0, ended=True)


def _node(ctx: Context, server: Server) -> Node:
    placed = addresses.of(ctx, server.name)
    member = server.name in ctx.plan.kubernetes.control_plane
    return Node(
        server.name,
        placed.address,
        server.rack,
        control_plane=member,
        etcd=member,
        pod_start=placed.pod_range.start,
        pod_end=placed.pod_range.end,
    )


def unfinished(ctx: Context, directory: Path) -> Job | None:
    """The job of an earlier run that is still at work, or ended well with nobody reading; else None."""
    runs = [
        run for run in ctx.store.all(Run) if run.step == Kubernetes.id and run.id != ctx.run.id and run.child
    ]
    if not runs:
        return None
    last = max(runs, key=lambda run: run.started)
    job = Path(last.child)
    if not job.is_relative_to(directory) or not job.is_dir():
        return None
    child = attach(job)
    if child is not None and child.alive():
        # However that run ended: two playbooks at once would fight over the nodes.
        return kubespray.load(job)
    done = ending(job)
    unread = last.outcome is Outcome.INTERRUPTED and done is not None and done.get("code") == 0
    return kubespray.load(job) if unread else None
