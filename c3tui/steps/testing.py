"""Runs MAAS's tests on a server and writes what they say of each drive into the record."""

from collections.abc import Collection

from c3tui.clients.maas import Maas, Machine, ResultSet, Row, RowStatus, Status
from c3tui.engine import decisions
from c3tui.engine.errors import BadAnswer, StepError
from c3tui.engine.step import Context
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Stage, TestState, bay_id
from c3tui.model.replacement import Decision
from c3tui.steps import marks
from c3tui.steps.waiting import settled

FAILED = "hardware.failed"
DRIVE_FAILED = "drive.test-failed"
NOT_TESTED = "drive.not-tested"
TESTED = (Status.READY, Status.FAILED_TESTING, Status.ALLOCATED)


class Tester:
    """Tests servers one by one; many may be under way at once."""

    def __init__(self, ctx: Context, maas: Maas) -> None:
        self._ctx = ctx
        self._maas = maas

    async def all_drives(self, name: str) -> None:
        """Test every drive of a server and bring it to TESTED.

        Raises:
            C3Error: the tests could not be run, or something else than a drive failed.
        """
        await self.test(name, None)
        self._ctx.advance(name, Stage.TESTED)
        self._ctx.progress(name, "tested", 1.0, ended=True)

    async def test(self, name: str, serials: Collection[str] | None) -> None:
        """Test some drives of a server, or all; a test started before is waited for and judged.

        Raises:
            C3Error: the tests could not be run, or something else than a drive failed.
        """
        ctx, plan = self._ctx, self._ctx.plan.hardware
        machine = await self._maas.machine(ctx.server(name).system_id)
        set_id = await self._started_before(name, machine, serials)
        if set_id is None:
            set_id = await self._maas.test(machine.system_id, plan.tests, storage=serials)
            ctx.touched()
            ctx.say(f"tests started: {', '.join(plan.tests)}", name)
        self._mark_running(name, serials)
        ctx.advance(name, Stage.TESTING)
        await settled(ctx, self._maas, name, machine.system_id, limit=plan.timeout, good=TESTED)
        results = await self._maas.results(machine.system_id, set_id)
        if results is None or not results.rows:
            raise BadAnswer("the tests left no results", where=name, remedy="Run the step again")
        await self._archive(name, results)
        self._judge(name, results)

    async def _started_before(
        self, name: str, machine: Machine, serials: Collection[str] | None
    ) -> int | None:
        """Tests under way, or those that ended while no engine was there to judge them."""
        if machine.testing_set is None or machine.status == Status.TESTING:
            return machine.testing_set if machine.status == Status.TESTING else None
        wanted = {
            drive.serial: drive.test
            for _, drive in self._ctx.server(name).drives()
            if serials is None or drive.serial in serials
        }
        if set(wanted.values()) != {TestState.RUNNING}:
            return None
        results = await self._maas.results(machine.system_id, machine.testing_set)
        rows = results.rows if results else []
        on_drives = {(row.name, row.serial) for row in rows if row.serial in wanted}
        whole = {row.name for row in rows} >= set(self._ctx.plan.hardware.tests)
        whole = whole and {serial for _, serial in on_drives} == set(wanted)
        if not whole or not all(row.passed or row.status == RowStatus.FAILED for row in rows):
            return None
        self._ctx.say("its tests ended while no engine was there: judging them now", name)
        return machine.testing_set

    def _mark_running(self, name: str, serials: Collection[str] | None) -> None:
        server = self._ctx.server(name)
        for _, drive in server.drives():
            if serials is None or drive.serial in serials:
                drive.test, drive.test_detail = TestState.RUNNING, ""
        self._ctx.save(server)

    async def _archive(self, name: str, results: ResultSet) -> None:
        """MAAS forgets after ten runs; C3 does not."""
        for row in results.rows:
            body = await self._maas.output(self._ctx.server(name).system_id, results.id, row.id)
            with self._ctx.store.transaction(self._ctx.who) as transaction:
                transaction.archive(
                    "test",
                    name,
                    f"{results.id}/{row.id}",
                    body,
                    script=row.name,
                    status=row.status_name,
                    exit=row.exit_status,
                    serial=row.serial,
                    started=row.started,
                    ended=row.ended,
                )

    def _judge(self, name: str, results: ResultSet) -> None:
        server = self._ctx.server(name)
        others = []
        for bay, drive in server.drives():
            rows = [row for row in results.rows if row.serial == drive.serial]
            if rows:
                drive.test, drive.test_detail = verdict_of(rows)
            elif drive.test is TestState.RUNNING:
                drive.test, drive.test_detail = TestState.NOT_TESTED, "no test reported on it"
            bay.drive = drive
        for row in results.rows:
            if not row.serial and row.failed:
                others.append(f"{row.name} {row.status_name.lower()}")
        self._ctx.save(server, note="tests judged", subject=name, result_set=results.id)
        for bay, _ in server.drives():
            self._say(name, bay.slot)
        if others:
            raise StepError(
                "; ".join(others), where=name, remedy="Read the output in the run log, mend the part"
            )

    def _say(self, name: str, slot: int) -> None:
        bay = bay_id(name, slot)
        _, found = decisions.find_bay(self._ctx.store, bay)
        drive = found.drive
        assert drive is not None
        label = f"{drive.model} {drive.serial}"
        if drive.test is TestState.FAILED:
            message = f"drive {label} failed: {drive.test_detail}"
            remedy = "Replace the drive; its server's identify light is on"
            self._ctx.find(finding(DRIVE_FAILED, bay, "hardware", Severity.CRITICAL, message, remedy))
            if decisions.open_replacement(self._ctx.store, bay) is None and not marks.accepted(
                self._ctx.store, bay, drive.serial
            ):
                decisions.decide(self._ctx.store, bay, Decision.REPLACE, drive.test_detail, self._ctx.who)
            self._ctx.say(message, name, "error")
        else:
            self._ctx.fixed(DRIVE_FAILED, bay)
        if drive.test is TestState.NOT_TESTED:
            message = f"drive {label} is not tested: {drive.test_detail}"
            remedy = "Test it again, replace it, or accept it with a reason"
            self._ctx.find(finding(NOT_TESTED, bay, "hardware", Severity.WARNING, message, remedy))
        else:
            self._ctx.fixed(NOT_TESTED, bay)


def verdict_of(rows: list[Row]) -> tuple[TestState, str]:
    """What all rows on one drive say together: one failure fails it, only a pass of all passes it."""
    said = "; ".join(
        f"{row.name} {row.status_name.lower()}" + (f" (exit {row.exit_status})" if row.exit_status else "")
        for row in rows
    )
    if any(row.status in (RowStatus.FAILED, RowStatus.TIMED_OUT) for row in rows):
        return TestState.FAILED, said
    if all(row.passed for row in rows):
        return TestState.PASSED, said
    return TestState.NOT_TESTED, said
