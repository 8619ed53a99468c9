"""Handover: the final look, and a report one can print and one can parse."""

import asyncio
import hashlib
from importlib.resources import files
from pathlib import Path

from c3tui import __version__
from c3tui.clients.cluster import Cluster
from c3tui.engine import planfile
from c3tui.engine.errors import PeerError, StepError
from c3tui.engine.step import Checked, Context, Step
from c3tui.engine.store import Reader
from c3tui.model.campaign import ARCHIVE
from c3tui.model.finding import Finding
from c3tui.model.fleet import Server, Stage
from c3tui.model.judged import Judged
from c3tui.model.placement import Placement
from c3tui.model.plan import Plan
from c3tui.model.replacement import Replacement, Verdict
from c3tui.model.report import Report, totals
from c3tui.model.run import Run
from c3tui.steps import peers
from c3tui.steps.cephstate import numbered
from c3tui.steps.storage import look
from c3tui.steps.stories import stories

AT_ONCE = 10
"""Servers asked for their devices at once."""


class Handover(Step):
    """The site as it is given to those who will run it."""

    id = "handover"
    title = "Handover"
    needs = ("storage",)
    uses = ("site",)

    async def check(self, ctx: Context) -> Checked:
        """Whether a report of the present state exists."""
        path = report_file(ctx)
        current = fingerprint(ctx.store)
        told = ctx.store.observation("handover", "report")
        done = path.exists() and told is not None and told["state"] == current
        todo = [] if done else [f"write the report to {path.parent}"]
        return Checked(done, f"report in {path.parent}", todo)

    async def run(self, ctx: Context) -> str:
        """Look at the cluster a last time and write the report."""
        await self._last_look(ctx)
        report = gather(ctx.store, ctx.plan, await self._versions(ctx))
        directory = write(report, report_file(ctx).parent)
        ctx.store.observe("handover", {"report": {"state": fingerprint(ctx.store), "path": str(directory)}})
        ctx.save(note="report written", subject="site", path=str(directory))
        return f"report in {directory}"

    async def _last_look(self, ctx: Context) -> None:
        ctx.overall("a last look at nodes and Ceph")
        cluster = await peers.cluster(ctx)
        states = {node.name: node for node in await cluster.nodes()}
        for server in ctx.servers(Stage.NODE):
            node = states.get(server.name)
            if node is None or not node.ready:
                why = node.reason if node else "it is no node any more"
                ctx.warn(server.name, f"not Ready at handover: {why}")
        state, placed = await look(ctx)
        await self._numbers(ctx, cluster, placed)
        if not state.health.sound or state.up < len(placed.osds):
            ctx.warn("ceph", f"at handover {state.line(placed)}, {state.health.word}")

    async def _numbers(self, ctx: Context, cluster: Cluster, placed: Placement) -> None:
        """Which bay holds which OSD, for the story of each bay; a server that does not tell has none."""
        ctx.overall("asking which bay holds which OSD")
        gate, found = asyncio.Semaphore(AT_ONCE), dict[str, int]()

        async def ask(name: str) -> None:
            async with gate:
                try:
                    devices = await cluster.osd_devices(ctx.plan.storage.namespace, name)
                    blocks = await peers.shell(ctx.site).inventory(ctx.server(name).address)
                except PeerError as error:
                    ctx.say(f"the numbers of its OSDs are not known: {error}", name, "warning")
                    return
            found.update(numbered(placed.of(name), devices, blocks))

        await asyncio.gather(*(ask(name) for name in dict.fromkeys(osd.server for osd in placed.osds)))
        ctx.store.observe("storage", {"osds": found})

    async def _versions(self, ctx: Context) -> dict[str, str]:
        plan, maas, cluster = ctx.plan, await peers.maas(ctx), await peers.cluster(ctx)
        kernels = sorted({node.kernel for node in await cluster.nodes()})
        return {
            "C3": __version__,
            "MAAS": maas.version,
            "OS": f"{plan.os.osystem}/{plan.os.distro_series}",
            "kernel": ", ".join(kernels),
            "Kubespray": plan.kubernetes.kubespray.version,
            "Kubernetes": await cluster.version(),
            "Rook": plan.storage.rook.version,
            "Ceph": plan.storage.ceph_image,
        }


def report_file(ctx: Context) -> Path:
    """The report's JSON file; its HTML lies beside it."""
    return ctx.site.files.directory / "report" / "report.json"


def fingerprint(store: Reader) -> str:
    """What the site looks like, in short: a report is current as long as this is the same."""
    ceph = store.observation("storage", "ceph") or {}
    parts = [f"{each.name}:{each.stage}:{_serials(each)}" for each in store.all(Server)]
    parts += [f"{each.id}:{each.phase}" for each in store.all(Replacement)]
    parts += [f"{each.id}:{each.digest}" for each in store.all(Judged)]
    parts += [f"{each.id}:{each.decision}" for each in store.all(Verdict)]
    parts += [f"{each.id}:{each.state}" for each in store.all(Finding)]
    parts.append(f"{ceph.get('planned')}:{ceph.get('up')}:{ceph.get('health')}")
    return hashlib.sha256("|".join(parts).encode()).hexdigest()[:16]


def _serials(server: Server) -> str:
    return ",".join(drive.serial for _, drive in server.drives())


def gather(store: Reader, plan: Plan, versions: dict[str, str]) -> Report:
    """The report out of the record."""
    servers = store.all(Server)
    replacements = store.all(Replacement)
    storage = store.observation("storage", "ceph") or {}
    tests = [
        {"server": server, "result": name, **meta} for server, name, meta in store.archive_index(ARCHIVE)
    ]
    return Report(
        site=plan.site.name,
        c3=__version__,
        versions=versions,
        totals=totals(servers, replacements, storage),
        plan=plan,
        servers=servers,
        findings=store.all(Finding),
        verdicts=store.all(Verdict),
        replacements=replacements,
        runs=[run for run in store.all(Run) if run.ended],
        storage=storage,
        tests=tests,
        bays=list(stories(store, servers)),
    )


def write(report: Report, directory: Path) -> Path:
    """Write ``report.json`` and ``report.html``.

    Raises:
        StepError: the directory cannot be written.
    """
    from jinja2 import Environment, select_autoescape

    environment = Environment(autoescape=select_autoescape(default_for_string=True), trim_blocks=True)
    template = environment.from_string((files("assets") / "templates" / "report.html.j2").read_text("utf-8"))
    try:
        directory.mkdir(mode=0o755, exist_ok=True)
        planfile.write(directory / "report.json", report.model_dump_json(indent=1))
        planfile.write(directory / "report.html", template.render(report=report))
    except OSError as error:
        raise StepError(f"the report cannot be written ({error.strerror})", where=str(directory)) from error
    return directory
