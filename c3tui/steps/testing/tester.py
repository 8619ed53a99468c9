"""Runs MAAS's tests on a server until each has said something, and writes what they say into the record."""

from collections.abc import Collection

from c3tui.clients.maas import Maas, Machine, ResultSet, Status
from c3tui.engine.errors import BadAnswer, C3Error, RecordError, StepError
from c3tui.engine.step import Context
from c3tui.model.campaign import Campaign, Pair, TestRow, latest, parse_row
from c3tui.model.fleet import Stage, TestState
from c3tui.steps.rows import rows_of
from c3tui.steps.testing.choice import Choice
from c3tui.steps.testing.follow import follow
from c3tui.steps.testing.judge import judge
from c3tui.steps.testing.progress import Timings
from c3tui.steps.testing.record import Keeper
from c3tui.steps.testing.todo import Todo, given_up, next_run

Granted = frozenset[Pair]
"""Server and serial of the drives that somebody confirmed may lose what they hold."""


class Tester:
    """Tests servers one by one; many may be under way at once.

    Args:
        granted: drives on which destructive tests may run now.
    """

    def __init__(self, ctx: Context, maas: Maas, choice: Choice, granted: Granted = frozenset()) -> None:
        self._ctx = ctx
        self._maas = maas
        self._choice = choice
        self._granted = granted
        self._todo = Todo(ctx.store, choice)
        self._timings = Timings()

    async def all_drives(self, name: str) -> None:
        """Run what is missing on a server, judge it, and bring it to TESTED.

        Raises:
            C3Error: the tests could not be run, or something else than a drive failed.
        """
        await self.test(name, None)
        self._ctx.advance(name, Stage.TESTED)
        self._ctx.progress(name, "tested", 1.0, ended=True)

    async def test(self, name: str, serials: Collection[str] | None) -> None:
        """Run what is missing on some drives of a server, or on all of it, and judge it.

        Tests under way are waited for, and those that ended while nobody looked are taken from MAAS.

        Raises:
            C3Error: the tests could not be run, or something else than a drive failed.
        """
        try:
            await self._rounds(name, serials)
        except RecordError:
            raise
        except C3Error:
            judge(self._ctx, name, self._choice, self._granted, alone=True)
            raise
        judge(self._ctx, name, self._choice, self._granted)

    async def _rounds(self, name: str, serials: Collection[str] | None) -> None:
        machine = await self._maas.machine(self._ctx.server(name).system_id)
        keeper = Keeper(self._ctx, self._maas, self._choice, name, machine.system_id)
        tried: set[Pair] = set()
        await self._begin(name, machine, keeper)
        if machine.status == Status.TESTING and machine.testing_set is not None:
            results = await self._follow(name, machine, keeper, machine.testing_set)
            tried |= self._ended(name, results)
        while pairs := self._missing(name, serials) - tried:
            wanted = next_run(pairs, rows_of(self._ctx.store, name))
            set_id = await self._start(name, machine, wanted)
            results = await self._follow(name, machine, keeper, set_id)
            asked = {(script, serial) for script, on in wanted.items() for serial in on or {""}}
            tried |= self._ended(name, results, asked)

    async def _begin(self, name: str, machine: Machine, keeper: Keeper) -> None:
        """Archive what MAAS keeps; what was there before C3's first test is no evidence."""
        known = self._ctx.store.get(Campaign, name) or Campaign(id=name)
        fresh, newest = await keeper.catch_up()
        if known.since is None:
            under_way = machine.status == Status.TESTING and machine.testing_set
            known.since = min(newest, under_way - 1) if under_way else newest
            self._ctx.save(known, note="tests begun", subject=name)
        elif fresh:
            self._ctx.say(f"{fresh} results that came while no engine was there were archived", name)

    def _missing(self, name: str, serials: Collection[str] | None) -> set[Pair]:
        server, rows = self._ctx.server(name), rows_of(self._ctx.store, name)
        allowed = {serial for whose, serial in self._granted if whose == name}
        destructive = {pair for pair in self._todo.destructive(server, rows) if pair[1] in allowed}
        pairs = self._todo.harmless(server, rows) | destructive
        return {pair for pair in pairs if serials is None or pair[1] in serials}

    async def _start(self, name: str, machine: Machine, wanted: dict[str, set[str]]) -> int:
        destructive = any(test in self._choice.destructive for test in wanted)
        drives = {test: serials for test, serials in wanted.items() if serials}
        set_id = await self._maas.test(
            machine.system_id, list(wanted), storage=drives or None, destructive=destructive
        )
        self._ctx.touched()
        on = f" on {', '.join(sorted(set().union(*drives.values())))}" if self._partial(name, drives) else ""
        self._ctx.say(f"tests started: {', '.join(wanted)}{on}", name)
        return set_id

    def _partial(self, name: str, drives: dict[str, set[str]]) -> bool:
        whole = {drive.serial for _, drive in self._ctx.server(name).drives()}
        return any(serials != whole for serials in drives.values())

    async def _follow(self, name: str, machine: Machine, keeper: Keeper, set_id: int) -> ResultSet:
        self._ctx.advance(name, Stage.TESTING)
        first = await self._maas.results(machine.system_id, set_id)
        self._mark_running(name, first)
        await follow(self._ctx, self._maas, name, keeper, set_id, self._timings)
        results = await self._maas.results(machine.system_id, set_id)
        if results is None or not results.rows:
            raise BadAnswer("the tests left no results", where=name, remedy="Run the step again")
        await keeper.keep(results)
        return results

    def _mark_running(self, name: str, results: ResultSet | None) -> None:
        server = self._ctx.server(name)
        serials = {row.serial for row in results.rows} if results else set()
        for bay, drive in server.drives():
            if drive.serial in serials:
                drive.test, drive.test_detail = TestState.RUNNING, ""
                bay.drive = drive
        self._ctx.save(server)

    def _ended(self, name: str, results: ResultSet, asked: Collection[Pair] = ()) -> set[Pair]:
        """Tests that are not tried again in this run, once a set of them has ended.

        Raises:
            StepError: the server came to none of them.
        """
        rows = self._kept(name, results)
        if rows and not any(row.ended_by_itself or row.overran for row in rows):
            if all(row.code not in INSTALLING_FAILED for row in rows):
                raise StepError(
                    f"the tests were given up: {rows[0].told}",
                    where=name,
                    remedy="Look at its console: does it boot from the network and stay up? Then run again",
                )
        for row in rows:
            if row.overran:
                self._ctx.say(f"{row.told} on {row.serial or 'this server'}", name, "warning")
        return given_up(asked or {(row.script, row.serial or "") for row in rows}, rows)

    def _kept(self, name: str, results: ResultSet) -> list[TestRow]:
        index = self._ctx.store.archive_index("test", name)
        rows = [parse_row(ref, meta) for _, ref, meta in index if ref.startswith(f"{results.id}/")]
        return latest(row for row in rows if row)


INSTALLING_FAILED = frozenset({8, 11})
"""MAAS's numbers for failed preparations: the server is up, and a mirror or a network is not."""
