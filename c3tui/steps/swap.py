"""Sees marked drives through their swap: lit, pulled, replaced by a new serial, retested, closed."""

import asyncio
import time

from c3tui.clients.maas import Maas, Status
from c3tui.engine.step import Context
from c3tui.model.fleet import Server, TestState
from c3tui.model.replacement import Phase, Replacement
from c3tui.steps import inventory, marks
from c3tui.steps.sightings import Sightings
from c3tui.steps.testing import Tester
from c3tui.steps.waiting import settled


class Swap:
    """Works on the marks of one server at a time; many servers may be under way at once."""

    def __init__(self, ctx: Context, maas: Maas, tester: Tester) -> None:
        self._ctx = ctx
        self._maas = maas
        self._tester = tester
        self._seen = Sightings(ctx)

    async def see_through(self, name: str) -> None:
        """Light the server, wait for the swaps as long as the plan says, retest what is new.

        Marks that are still open afterwards stay so; the server goes on without those drives.

        Raises:
            C3Error: MAAS or the tests stand in the way.
        """
        ctx, plan = self._ctx, self._ctx.plan.hardware
        if ctx.server(name).in_production:
            ctx.say("in production: its drives are replaced through Ceph, not here", name, "warning")
            return
        seen_before = any(mark.phase is not Phase.MARKED for mark in self._open(name))
        for mark in self._open(name):
            if mark.phase is Phase.MARKED and await marks.show(ctx, self._maas, mark):
                self._seen.move(mark, Phase.LOCATED, "identify light on")
        if not plan.swap_wait and not seen_before:
            # Nobody can have swapped what was marked a moment ago: no need to boot the server again.
            await self._accept_in_maas(name)
            return
        deadline = time.monotonic() + plan.swap_wait
        while self._open(name):
            mixed_up = await self._look(name)
            if not self._open(name) or time.monotonic() >= deadline:
                break
            await self._wait(name, mixed_up, deadline)
        if self._open(name):
            await self._accept_in_maas(name)
            return
        closed = [mark.old.serial for mark in ctx.store.all(Replacement) if mark.server == name]
        await marks.hide(ctx, self._maas, name, closed)
        ctx.progress(name, "tested", 1.0, ended=True)

    def _open(self, name: str) -> list[Replacement]:
        return [mark for mark in marks.of_the_build(self._ctx.store) if mark.server == name]

    async def _wait(self, name: str, mixed_up: list[str], deadline: float) -> None:
        plan = self._ctx.plan.hardware
        bays = ", ".join(mark.bay for mark in self._open(name))
        wrong = f"; WRONG DRIVE taken out of {', '.join(mixed_up)}" if mixed_up else ""
        detail = f"{bays}{wrong}; looks again in {plan.swap_recheck:.0f} s"
        self._ctx.progress(name, "waiting for the swap", detail=detail)
        await asyncio.sleep(min(plan.swap_recheck, max(0.0, deadline - time.monotonic())))

    async def _look(self, name: str) -> list[str]:
        """Take the inventory again and bring every mark as far as what is seen allows.

        Gives the bays from which a drive was taken that nobody marked.
        """
        ctx = self._ctx
        await self._accept_in_maas(name)
        system_id = ctx.server(name).system_id
        machine = await self._maas.machine(system_id)
        if machine.status != Status.COMMISSIONING:
            await self._maas.commission(system_id, commissioning_scripts=["c3-bays"], skip_networking=True)
            ctx.touched()
        ctx.progress(name, "taking inventory again")
        limit = ctx.plan.discovery.commission_timeout
        machine = await settled(ctx, self._maas, name, system_id, limit=limit, good=(Status.READY,))
        server = await inventory.take_in(ctx, self._maas, ctx.server(name), machine)
        fresh = self._pair(server)
        mixed_up = self._seen.mixed_up(server)
        if fresh or _returned(server):
            # What came back is judged by the tests that it passed before; only what is new is tested.
            await self._tester.test(name, fresh)
            self._seen.close(ctx.server(name))
            self._seen.mixed_up(ctx.server(name))
        return mixed_up

    def _pair(self, server: Server) -> list[str]:
        """Hold every bay against its mark; gives the serials that want a test."""
        fresh = []
        for mark in self._open(server.name):
            bay = server.bay(mark.slot) if mark.slot is not None else None
            drive = bay.drive if bay else None
            seen = self._seen.compare(mark, drive)
            if drive and seen.new and seen.new.serial == drive.serial and drive.test is not TestState.PASSED:
                fresh.append(drive.serial)
        return fresh

    async def _accept_in_maas(self, name: str) -> None:
        """MAAS judges whole machines: let it go on, the drive's mark stays in C3's record."""
        system_id = self._ctx.server(name).system_id
        machine = await self._maas.machine(system_id)
        if machine.status == Status.FAILED_TESTING:
            comment = "C3 judges drive by drive; the failed drive is marked for replacement"
            await self._maas.override_failed_testing(system_id, comment)
            self._ctx.touched()


def _returned(server: Server) -> bool:
    """Whether a drive is there that a look before did not see."""
    return any(drive.test is TestState.NOT_TESTED for _, drive in server.drives())
