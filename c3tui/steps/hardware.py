"""Hardware: named tests on every server, results per drive, failed drives replaced and retested."""

from c3tui.clients.maas import Maas
from c3tui.engine.errors import StepError
from c3tui.engine.step import Checked, Context, Step
from c3tui.model.fleet import Server, Stage, TestState
from c3tui.model.replacement import Replacement
from c3tui.steps import peers
from c3tui.steps.swap import Swap
from c3tui.steps.testing import FAILED, Tester


class Hardware(Step):
    """Evidence on every drive before anything is built on it."""

    id = "hardware"
    title = "Hardware tests"
    needs = ("discovery",)
    uses = ("hardware",)

    async def check(self, ctx: Context) -> Checked:
        """Which servers are not tested yet, and which drives wait for a swap."""
        todo, marks = _untested(ctx), _open_marks(ctx)
        fleet = ctx.servers(Stage.READY)
        missing = [f"test {server.name}" for server in todo]
        missing += [f"swap the drive in {mark.bay} ({mark.old.serial})" for mark in marks]
        drives = [drive for server in fleet for _, drive in server.drives()]
        passed = sum(drive.test is TestState.PASSED for drive in drives)
        if not fleet:
            return Checked(False, "no server is commissioned", ["wait for discovery"])
        return Checked(not missing, f"{passed} of {len(drives)} drives passed", missing)

    async def run(self, ctx: Context) -> str:
        """Test what is untested, mark what failed, and see marked drives through their swap."""
        if not ctx.servers(Stage.READY):
            raise StepError("no server is commissioned", where=self.id, remedy="Run discovery first")
        maas = await peers.maas(ctx)
        tester = Tester(ctx, maas)
        wave, names = ctx.plan.hardware.wave, [server.name for server in _untested(ctx)]
        ctx.overall("testing", waiting=names)
        await ctx.each(names, tester.all_drives, limit=wave, check=FAILED)
        await self._swaps(ctx, maas, tester)
        for mark in _open_marks(ctx):
            ctx.warn(mark.server, f"{mark.bay} {mark.old.serial} waits for its replacement: {mark.reason}")
        return (await self.check(ctx)).summary

    async def _swaps(self, ctx: Context, maas: Maas, tester: Tester) -> None:
        waiting = sorted({mark.server for mark in _open_marks(ctx)})
        if not waiting:
            return
        ctx.overall(
            f"drives of {len(waiting)} server{'s' * (len(waiting) > 1)} are being swapped", waiting=waiting
        )
        swap = Swap(ctx, maas, tester)
        await ctx.each(waiting, swap.see_through, limit=ctx.plan.hardware.wave, check=FAILED)


def _untested(ctx: Context) -> list[Server]:
    """Servers the build may test and has not: never one in production."""
    return [
        server
        for server in ctx.servers(Stage.READY)
        if not server.in_production and not server.stage.reached(Stage.TESTED)
    ]


def _open_marks(ctx: Context) -> list[Replacement]:
    return [mark for mark in ctx.store.all(Replacement) if mark.open]
