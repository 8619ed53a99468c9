"""Sees marked drives through their swap: lit, pulled, replaced by a new serial, retested, closed."""

import asyncio
import time

from c3tui.clients.maas import Maas, Status
from c3tui.engine import decisions
from c3tui.engine.decisions import advanced
from c3tui.engine.step import Context
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Bay, Drive, TestState, Use
from c3tui.model.replacement import Decision, Part, Phase, Replacement
from c3tui.steps import inventory, marks, peers
from c3tui.steps.testing import DRIVE_FAILED, NOT_TESTED, Tester
from c3tui.steps.waiting import settled

SMALLER = "replacement.smaller"


class Swap:
    """Works on the marks of one server at a time; many servers may be under way at once."""

    def __init__(self, ctx: Context, maas: Maas, tester: Tester) -> None:
        self._ctx = ctx
        self._maas = maas
        self._tester = tester

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
        fleet = await peers.bmcs(ctx.site, ctx.resources)
        seen_before = any(mark.phase is not Phase.MARKED for mark in self._open(name))
        for mark in self._open(name):
            if mark.phase is Phase.MARKED and await marks.show(ctx, self._maas, fleet, mark):
                self._move(mark, Phase.LOCATED, "identify light on")
        if not plan.swap_wait and not seen_before:
            # Nobody can have swapped what was marked a moment ago: no need to boot the server again.
            await self._accept_in_maas(name)
            return
        deadline = time.monotonic() + plan.swap_wait
        while self._open(name):
            await self._look(name)
            if not self._open(name) or time.monotonic() >= deadline:
                break
            bays = ", ".join(mark.bay for mark in self._open(name))
            ctx.progress(
                name, "waiting for the swap", detail=f"{bays}; looks again in {plan.swap_recheck:.0f} s"
            )
            await asyncio.sleep(min(plan.swap_recheck, max(0.0, deadline - time.monotonic())))
        if self._open(name):
            await self._accept_in_maas(name)
            return
        closed = [mark.old.serial for mark in ctx.store.all(Replacement) if mark.server == name]
        await marks.hide(ctx, self._maas, fleet, name, closed)
        ctx.progress(name, "tested", 1.0, ended=True)

    def _open(self, name: str) -> list[Replacement]:
        return [mark for mark in self._ctx.store.all(Replacement) if mark.server == name and mark.open]

    async def _look(self, name: str) -> None:
        """Take the inventory again and bring every mark as far as what is seen allows."""
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
        fresh = [self._pair(mark, server.bay(mark.slot)) for mark in self._open(name)]
        serials = [serial for serial in fresh if serial]
        if serials:
            await self._tester.test(name, serials)
            self._close(name)

    async def _accept_in_maas(self, name: str) -> None:
        """MAAS judges whole machines: let it go on, the drive's mark stays in C3's record."""
        system_id = self._ctx.server(name).system_id
        machine = await self._maas.machine(system_id)
        if machine.status == Status.FAILED_TESTING:
            comment = "C3 judges drive by drive; the failed drive is marked for replacement"
            await self._maas.override_failed_testing(system_id, comment)
            self._ctx.touched()

    def _pair(self, mark: Replacement, bay: Bay | None) -> str | None:
        """Compare what sits in the bay now with the mark; gives the serial that wants a test."""
        drive = bay.drive if bay else None
        if drive is None:
            if mark.phase in (Phase.MARKED, Phase.LOCATED):
                self._move(mark, Phase.PULLED, f"{mark.old.serial} is gone, the bay is empty")
            return None
        if drive.serial == mark.old.serial:
            return None
        if not self._large_enough(mark, drive):
            return None
        if mark.phase is not Phase.REPLACED:
            new = Part(serial=drive.serial, model=drive.model, size=drive.size)
            self._move(mark, Phase.REPLACED, f"{mark.old.serial} out, {drive.serial} in", new)
        return drive.serial if drive.test is not TestState.PASSED else None

    def _large_enough(self, mark: Replacement, drive: Drive) -> bool:
        if drive.use is Use.SYSTEM or drive.size >= mark.old.size:
            self._ctx.fixed(SMALLER, mark.bay)
            return True
        message = f"new drive {drive.serial} has {drive.size} bytes, the old one had {mark.old.size}"
        remedy = "Put in one at least as large"
        self._ctx.find(finding(SMALLER, mark.bay, "hardware", Severity.CRITICAL, message, remedy))
        return False

    def _close(self, name: str) -> None:
        server = self._ctx.server(name)
        for mark in self._open(name):
            bay = server.bay(mark.slot)
            if mark.phase is not Phase.REPLACED or bay is None or bay.drive is None or mark.new is None:
                continue
            if bay.drive.serial != mark.new.serial:
                continue
            if bay.drive.test is TestState.PASSED:
                retested = self._move(mark, Phase.RETESTED, bay.drive.test_detail)
                self._move(retested, Phase.CLOSED, f"{mark.new.serial} is in use")
                self._ctx.fixed(DRIVE_FAILED, mark.bay)
                self._ctx.fixed(NOT_TESTED, mark.bay)
            elif bay.drive.test is TestState.FAILED:
                self._move(mark, Phase.CLOSED, f"{mark.new.serial} failed too: {bay.drive.test_detail}")
                decisions.decide(
                    self._ctx.store, mark.bay, Decision.REPLACE, bay.drive.test_detail, self._ctx.who
                )

    def _move(self, mark: Replacement, phase: Phase, detail: str, new: Part | None = None) -> Replacement:
        moved = advanced(mark, phase, detail, new)
        self._ctx.save(moved, note=f"drive {phase}", subject=mark.bay, detail=detail)
        self._ctx.say(f"{mark.bay} {phase}: {detail}", mark.server)
        return moved
