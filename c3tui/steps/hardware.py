"""Hardware: named tests on every server, results per drive, failed drives replaced and retested."""

from collections import Counter
from functools import partial

from c3tui.clients.maas import Maas
from c3tui.engine.errors import StepError
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.campaign import Pair, TestRow
from c3tui.model.evidence import Klass
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Stage, TestState, bay_id
from c3tui.model.replacement import Replacement
from c3tui.steps import judging, marks, peers
from c3tui.steps.discovery.waves import Brake, in_waves
from c3tui.steps.swap import Swap
from c3tui.steps.testing import Choice, Tester, Todo, all_rows, choose, prepare, testable, victims
from c3tui.steps.testing.choice import UNKNOWN

FAILED = "hardware.failed"
BRAKE = "hardware.brake"


class Hardware(Step):
    """Evidence on every drive before anything is built on it."""

    id = "hardware"
    title = "Hardware tests"
    needs = ("discovery",)
    uses = ("hardware",)

    def __init__(self) -> None:
        self._confirmed: tuple[str, frozenset[Pair]] = ("", frozenset())
        """Run, and the drives that were listed when it was confirmed."""

    async def check(self, ctx: Context) -> Checked:
        """Which tests are missing on which servers, and which drives wait for a swap."""
        fleet = ctx.servers(Stage.READY)
        if not fleet:
            return Checked(False, "no server is commissioned", ["wait for discovery"])
        choice = await choose(ctx.plan.hardware, await peers.maas(ctx))
        found = choice.findings()
        ctx.findings_now((UNKNOWN,), found)
        missing = [_told(name, pairs) for name, pairs in _untested(ctx, choice).items()]
        missing += [f"swap the drive in {mark.bay} ({mark.old.serial})" for mark in _open_marks(ctx)]
        if why := judging.stale(ctx.store, ctx.plan):
            missing.append(why)
        drives = [drive for server in fleet for _, drive in server.drives()]
        passed = sum(drive.test is TestState.PASSED for drive in drives)
        return Checked(not missing, f"{passed} of {len(drives)} drives passed", missing, found)

    async def destroys(self, ctx: Context) -> list[str]:
        """Drives that the plan's destructive tests would overwrite; none when it names no such test."""
        self._confirmed = (ctx.run.id, frozenset())
        if not ctx.servers(Stage.READY):
            return []
        maas = await peers.maas(ctx)
        found = await victims(ctx, maas, await choose(ctx.plan.hardware, maas))
        self._confirmed = (ctx.run.id, frozenset(victim.key for victim in found))
        return [victim.line for victim in found]

    async def run(self, ctx: Context) -> str:
        """Test what is untested, mark what failed, and see marked drives through their swap."""
        if not ctx.servers(Stage.READY):
            raise StepError("no server is commissioned", where=self.id, remedy="Run discovery first")
        maas = await peers.maas(ctx)
        choice = await choose(ctx.plan.hardware, maas)
        await prepare(ctx, maas, choice)
        # Only what stood on the list that was confirmed for this very run may be overwritten.
        granted = self._confirmed[1] if self._confirmed[0] == ctx.run.id else frozenset()
        tester = Tester(ctx, maas, choice, granted)
        await self._test(ctx, choice, tester)
        if await self._swaps(ctx, maas, tester):
            # Whoever swaps drives may have swapped others too: what is new is tested.
            fresh = [name for name in _untested(ctx, choice) if _has_new_drive(ctx, name)]
            await ctx.each(fresh, tester.all_drives, limit=ctx.plan.hardware.wave, check=FAILED)
        await _judge(ctx)
        for mark in _open_marks(ctx):
            ctx.warn(mark.server, f"{mark.bay} {mark.old.serial} waits for its replacement: {mark.reason}")
        _warn_of_untested(ctx)
        return (await self.check(ctx)).summary

    async def _test(self, ctx: Context, choice: Choice, tester: Tester) -> None:
        """Wave by wave, until done or until too many of one wave fail."""
        plan, names = ctx.plan.hardware, list(_untested(ctx, choice))
        ctx.overall("testing", waiting=names)
        brake = Brake(names, plan.wave, plan.brake)
        untouched = await in_waves(names, brake, partial(_one, ctx, tester))
        await _judge(ctx)
        if brake.pulled:
            raise _braked(ctx, brake, untouched)
        ctx.fixed(BRAKE, "site")

    async def _swaps(self, ctx: Context, maas: Maas, tester: Tester) -> bool:
        """See marked drives through; whether there were any."""
        waiting = sorted({mark.server for mark in _open_marks(ctx)})
        if not waiting:
            return False
        ctx.overall(
            f"drives of {len(waiting)} server{'s' * (len(waiting) > 1)} are being swapped", waiting=waiting
        )
        swap = Swap(ctx, maas, tester)
        await ctx.each(waiting, swap.see_through, limit=ctx.plan.hardware.wave, check=FAILED)
        return True


async def _judge(ctx: Context) -> None:
    """Judge all drives beside their siblings, where anything is new or the limits are others."""
    if why := judging.stale(ctx.store, ctx.plan):
        ctx.overall("judging drives beside their siblings")
        count = await judging.judge_all(ctx)
        told = ", ".join(f"{count[each]} {each}" for each in Klass if count[each])
        ctx.say(f"{why}: {told}")


async def _one(ctx: Context, tester: Tester, name: str) -> bool:
    """Test one server; it counts as failed when it was left behind, or when not one drive of it passed."""
    await ctx.each([name], tester.all_drives, limit=1, check=FAILED)
    if any(victim.server == name for victim in ctx.run.victims):
        return False
    drives = [drive for _, drive in ctx.server(name).drives()]
    return not drives or any(drive.test is TestState.PASSED for drive in drives)


def _braked(ctx: Context, brake: Brake, untouched: list[str]) -> StepError:
    """The error of a run that stopped itself; servers it left alone are named in the log."""
    for name in untouched:
        ctx.progress(name, "not begun", detail="the brake was pulled", ended=True)
    if untouched:
        ctx.say(f"not begun: {', '.join(untouched)}", level="warning")
    why = {victim.server: victim.why.rpartition(": ")[2] for victim in ctx.run.victims}
    cause, times = Counter(why.get(name) or _first_trouble(ctx, name) for name in brake.failed).most_common(
        1
    )[0]
    rest = f"; {len(untouched)} were not begun" if untouched else ""
    what = f"{brake.pulled}, most of all ({times}): {cause}{rest}"
    remedy = "Find what they share (package mirror, PXE network, a batch of drives), then run the step again"
    ctx.find(finding(BRAKE, "site", Hardware.id, Severity.WARNING, what, remedy, "\n".join(untouched)))
    return StepError(what, where="the brake was pulled", remedy=remedy)


def _first_trouble(ctx: Context, name: str) -> str:
    drives = [drive.test_detail for _, drive in ctx.server(name).drives()]
    return Counter(drives).most_common(1)[0][0] if drives else "it has no drives"


def _untested(ctx: Context, choice: Choice) -> dict[str, set[Pair]]:
    """Servers that the build may test and that have tests missing, with those."""
    rows: dict[str, list[TestRow]] = all_rows(ctx.store)
    todo = Todo(ctx.store, choice)
    found = {}
    for server in ctx.servers(Stage.READY):
        if not testable(server):
            continue
        pairs = todo.of(server, rows.get(server.name, []))
        if pairs or not server.stage.reached(Stage.TESTED):
            found[server.name] = pairs
    return found


def _told(name: str, pairs: set[Pair]) -> str:
    if not pairs:
        return f"judge the tests of {name}"
    tests = sorted({test for test, _ in pairs})
    drives = len({serial for _, serial in pairs if serial})
    on = f" on {drives} drive{'s' * (drives > 1)}" if drives else ""
    return f"test {name}{on}: {', '.join(tests)}"


def _has_new_drive(ctx: Context, name: str) -> bool:
    server, rows = ctx.server(name), all_rows(ctx.store).get(name, [])
    known = {row.serial for row in rows}
    return any(drive.serial not in known for _, drive in server.drives())


def _warn_of_untested(ctx: Context) -> None:
    """A drive that nobody tested and nobody accepted is no reason to stop, but to say so."""
    marked = {mark.server for mark in _open_marks(ctx)}
    for server in ctx.servers(Stage.READY):
        if not testable(server) or server.name in marked:
            continue
        for bay, drive in server.drives():
            name = bay_id(server.name, bay.slot)
            if drive.test is TestState.NOT_TESTED and not marks.accepted(ctx.store, name, drive.serial):
                ctx.warn(server.name, f"{name} {drive.serial} is not tested: {drive.test_detail}")


def _open_marks(ctx: Context) -> list[Replacement]:
    return marks.of_the_build(ctx.store)
