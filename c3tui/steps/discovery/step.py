"""The discovery step: contact with every BMC, then waves of servers through MAAS."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.resources import as_file, files

from c3tui.engine.errors import C3Error, RecordError, StepError
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.fleet import Stage
from c3tui.steps import identity, peers
from c3tui.steps.discovery.bring import Bring
from c3tui.steps.discovery.narrator import Narrator
from c3tui.steps.discovery.waves import Brake, in_waves

FAILED = "discovery.failed"
NO_IMAGES = "discovery.no-images"
BRAKE = "discovery.brake"
CONTACTS = 64
"""BMCs asked at once whether they let us in; that touches nothing."""


class Discovery(Step):
    """Finds every expected server and learns what is in it."""

    id = "discovery"
    title = "Discovery"
    needs = ("network",)
    uses = ("servers", "endpoints")

    async def check(self, ctx: Context) -> Checked:
        """Which expected servers MAAS does not have ready yet."""
        maas = await peers.maas(ctx)
        await peers.bmcs(ctx.site, ctx.resources)
        left = _left(ctx)
        total = len(ctx.plan.servers)
        found = [] if await maas.boot_images() else [self._no_images()]
        ctx.findings_now((NO_IMAGES,), found)
        summary = f"{total - len(left)} of {total} servers commissioned"
        return Checked(not left, summary, [f"power on and commission {name}" for name in left], found)

    def _no_images(self) -> Finding:
        return finding(
            NO_IMAGES,
            "site",
            self.id,
            Severity.CRITICAL,
            "MAAS has no boot images, so nothing can boot from it",
            "Import the commissioning images in MAAS",
        )

    async def run(self, ctx: Context) -> str:
        """Bring every server that is not ready yet to READY, wave by wave."""
        maas = await peers.maas(ctx)
        fleet = await peers.bmcs(ctx.site, ctx.resources)
        for script in ("c3-bays", "c3-smart"):
            with as_file(files("assets") / "maas-scripts" / script) as path:
                await maas.ensure_script(path)
        watch = await peers.machines(ctx, maas)
        await watch.look_around()
        watch.read_all()
        bring = Bring(ctx, maas, fleet, watch)
        left = _left(ctx)
        async with _narrated(Narrator(ctx, bring, watch, len(left))):
            contacted = await _contact(ctx, bring, left)
            # Those that MAAS has already need no power from us: what is begun is finished first.
            known = {name for name in contacted if watch.find(str(ctx.plan.expected(name).bmc.address))}
            contacted.sort(key=lambda name: name not in known)
            brake = Brake(contacted, ctx.plan.discovery.wave, ctx.plan.discovery.brake)
            untouched = await in_waves(contacted, brake, lambda name: _bring(ctx, bring, name))
        identity.judge(ctx)
        return _sum_up(ctx, brake, untouched)


def _left(ctx: Context) -> list[str]:
    return [server.name for server in ctx.servers() if not server.stage.reached(Stage.READY)]


async def _contact(ctx: Context, bring: Bring, names: list[str]) -> list[str]:
    """Ask all BMCs side by side; gives those that let us in, in the order of the plan."""
    gate = asyncio.Semaphore(CONTACTS)
    good: set[str] = set()

    async def one(name: str) -> None:
        async with gate:
            try:
                await bring.contact(name)
            except RecordError:
                raise
            except C3Error as error:
                ctx.failed(name, error, FAILED)
            else:
                good.add(name)

    try:
        async with asyncio.TaskGroup() as group:
            for name in names:
                group.create_task(one(name))
    except ExceptionGroup as errors:
        raise errors.exceptions[0] from None
    return [name for name in names if name in good]


async def _bring(ctx: Context, bring: Bring, name: str) -> bool:
    await ctx.each([name], bring.one, limit=1, check=FAILED)
    return all(victim.server != name for victim in ctx.run.victims)


def _sum_up(ctx: Context, brake: Brake, untouched: list[str]) -> str:
    total, lost = len(ctx.plan.servers), {victim.server: victim.why for victim in ctx.run.victims}
    if brake.pulled:
        raise _braked(ctx, brake, untouched, lost)
    ctx.fixed(BRAKE, "site")
    if len(lost) == total:
        raise StepError(
            "not one server could be commissioned", remedy="See each server's trouble in the table"
        )
    return f"{total - len(lost)} of {total} servers commissioned"


def _braked(ctx: Context, brake: Brake, untouched: list[str], lost: dict[str, str]) -> StepError:
    """The error of a run that stopped itself; the servers it left alone are named in the log, all of them."""
    for name in untouched:
        ctx.progress(name, "not begun", detail="the brake was pulled", ended=True)
    if untouched:
        ctx.say(f"not begun: {', '.join(untouched)}", level="warning")
    causes = Counter(lost[name].rpartition(": ")[2] for name in brake.failed if name in lost)
    cause, times = causes.most_common(1)[0]
    rest = f"; {len(untouched)} were not begun ({_ends(untouched)})" if untouched else ""
    what = f"{brake.pulled}, most of all ({times}): {cause}{rest}"
    remedy = (
        "Find what they share (PXE network, power feed, BIOS order), then run discovery again: it goes on"
    )
    ctx.find(finding(BRAKE, "site", Discovery.id, Severity.WARNING, what, remedy, "\n".join(untouched)))
    return StepError(what, where="the brake was pulled", remedy=remedy)


def _ends(names: list[str]) -> str:
    return ", ".join(names) if len(names) <= 3 else f"{names[0]}, {names[1]} ... {names[-1]}"


@asynccontextmanager
async def _narrated(narrator: Narrator) -> AsyncIterator[None]:
    task = asyncio.get_running_loop().create_task(narrator.work())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
