"""The engine: commands in, changes out. It runs steps, one at a time, and owns the store."""

import asyncio
import logging
import secrets as random_source
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import Any

from c3tui.engine import planfile
from c3tui.engine.database import unusable
from c3tui.engine.errors import C3Error, InputError, RecordError, StepError
from c3tui.engine.resources import Resources
from c3tui.engine.site import Site
from c3tui.engine.step import Checked, Context, Step
from c3tui.engine.store import Store
from c3tui.model.base import utc_now
from c3tui.model.finding import Finding
from c3tui.model.plan import Plan
from c3tui.model.run import Outcome, Run, StepStatus

HINT_SECONDS = 0.1
"""Hints are coalesced to ten a second."""

RECORD_SECONDS = 1.0
"""Between attempts to record how a run ended, while the disk is full."""

SERVICE_PAUSE, LONGEST_PAUSE = 1.0, 60.0
"""Seconds until a service that died is started again; doubled up to the longest each time."""

log = logging.getLogger("c3tui.engine")

Command = Callable[["Engine", dict[str, Any], str], Awaitable[dict[str, Any]]]
Service = Callable[["Engine"], Awaitable[None]]


class Engine:
    """One site's engine, in whatever process it lives."""

    def __init__(
        self,
        site: Site,
        steps: Sequence[Step],
        commands: Mapping[str, Command] | None = None,
        services: Sequence[Service] = (),
    ) -> None:
        self.site = site
        self.steps = {step.id: step for step in steps}
        self.resources = Resources()
        self.store: Store
        self._commands = dict(commands or {})
        self._services = services
        self._background: set[asyncio.Task[None]] = set()
        self._active: tuple[Context, asyncio.Task[Run]] | None = None
        self._listeners: list[Callable[[int], None]] = []
        self._farewells: list[Callable[[str], None]] = []
        self._hint: asyncio.TimerHandle | None = None

    async def start(self) -> None:
        """Open the store, deal with runs that were cut off, start the services.

        Raises:
            InputError: the database cannot be used.
        """
        self.store = Store.open(self.site.files.database)
        self.store.listeners.append(self._changed)
        try:
            self._mark_interrupted()
            self._mark_stale()
        except (sqlite3.DatabaseError, RecordError) as error:
            self.store.close()
            raise unusable(self.site.files.database, error) from error
        for service in self._services:
            self._spawn(self._keep(service))

    async def close(self) -> None:
        """Stop what runs, as interrupted and not as undone, and let go of everything."""
        if self._active:
            self._active[1].cancel()
            with suppress(asyncio.CancelledError, C3Error):
                await self._active[1]
        for task in list(self._background):
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self.resources.close()
        if self._hint:
            self._hint.cancel()
        self.store.close()

    def listen(self, listener: Callable[[int], None]) -> Callable[[], None]:
        """Call ``listener`` with the newest cursor, at most ten times a second; gives the way out."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def on_gone(self, callback: Callable[[str], None]) -> None:
        """Call back with the key of each viewer that has left, however it went."""
        self._farewells.append(callback)

    def gone(self, viewer: str) -> None:
        """A viewer has left: what it held is let go by whoever keeps it."""
        for callback in self._farewells:
            callback(viewer)

    def step(self, id: str) -> Step:
        """The step of that id.

        Raises:
            InputError: there is none.
        """
        if id not in self.steps:
            raise InputError(f"no step {id!r}", remedy=f"Steps are {', '.join(self.steps)}")
        return self.steps[id]

    @property
    def active(self) -> Run | None:
        """The run under way, or None."""
        return self._active[0].run if self._active else None

    async def command(self, name: str, arguments: dict[str, Any], who: str) -> dict[str, Any]:
        """Carry out one command.

        The argument ``viewer`` is the key of the terminal that gives it, as :meth:`gone` will name it.

        Raises:
            C3Error: it could not be done; nothing else ever escapes.
        """
        command = self._commands.get(name)
        if command is None:
            raise InputError(f"no command {name!r}")
        try:
            return await command(self, arguments, who)
        except (KeyError, TypeError, ValueError) as error:
            log.exception("command %s", name)
            raise InputError(
                f"command {name}: {error}", remedy="See engine.log in the site directory"
            ) from error
        except C3Error:
            raise
        except Exception as error:
            log.exception("command %s", name)
            raise StepError(
                f"command {name} failed ({type(error).__name__}: {error})",
                remedy="See engine.log in the site directory",
            ) from error

    def context(self, step: Step, who: str) -> Context:
        """A context for looking, without a run of its own."""
        return Context(self.site, self.store, self.resources, Run(id="check", step=step.id, by=who), step.id)

    async def check(self, id: str, who: str) -> Checked:
        """What a step's check says now; its findings are recorded.

        Raises:
            C3Error: the check cannot look.
        """
        step = self.step(id)
        return await self._look(step, self.context(step, who))

    async def destroys(self, id: str, who: str) -> list[str]:
        """What running a step would destroy now."""
        step = self.step(id)
        return await step.destroys(self.context(step, who))

    def begin(self, id: str, who: str, confirm: str = "") -> tuple[Run, asyncio.Task[Run]]:
        """Start a step in the background.

        Raises:
            InputError: another run is under way, or an earlier step has not run yet.
            RecordError: the end of the last run could not be recorded so far.
        """
        step = self.step(id)
        if self._active:
            raise self._occupied(self._active[0].run)
        for need in step.needs:
            status = self.store.get(StepStatus, need)
            if status is None or status.outcome not in (Outcome.DONE, Outcome.WARNING):
                raise InputError(f"{step.id} needs {need} first", remedy=f"Run {need}")
        run = Run(
            id=f"{utc_now():%Y%m%d-%H%M%S}-{step.id}-{random_source.token_hex(2)}", step=step.id, by=who
        )
        ctx = Context(self.site, self.store, self.resources, run, step.id)
        ctx.save(run, note="run started", subject=f"run/{run.id}", step=step.id)
        task = asyncio.get_running_loop().create_task(self._run(step, ctx, confirm))
        self._active = (ctx, task)
        return run, task

    def _occupied(self, run: Run) -> C3Error:
        if run.ended:
            return RecordError(f"{run.step} has ended, and that cannot be recorded: {run.summary}")
        return InputError(f"{run.step} is running", remedy="Wait for it, or stop it (s in its screen)")

    def stop(self, run: str, now: bool) -> None:
        """Ask the run under way to stop: after what it is doing, or now.

        Raises:
            InputError: no such run is under way.
        """
        if self._active is None or self._active[0].run.ended or run not in ("", self._active[0].run.id):
            raise InputError(f"no run {run!r} is under way")
        ctx, task = self._active
        soft = not now and getattr(self.steps[ctx.step], "stops_softly", False)
        ctx.stop = "soft" if soft else "now"
        ctx.stopping.set()
        if not soft:
            task.cancel()

    def edit(self, changes: dict[str, Any], who: str) -> None:
        """Change the plan on disk and in memory; steps built on what changed become stale.

        Raises:
            InputError: the result would not be a plan, or a step is at work on it; nothing is changed.
        """
        self._refuse_while_running("the plan is not changed")
        self.site.plan = planfile.edit(Plan, self.site.files.plan, changes)
        with self.store.transaction(who) as transaction:
            transaction.note("plan edited", "site", **changes)
        self._mark_stale()

    def reload(self, who: str) -> None:
        """Read plan and secrets from disk again.

        Raises:
            InputError: they are bad, or a step is at work with them; the old ones stay in force.
        """
        self._refuse_while_running("plan and secrets are not read again")
        fresh = Site.load(self.site.files.directory)
        self.site.plan, self.site.secrets = fresh.plan, fresh.secrets
        with self.store.transaction(who) as transaction:
            transaction.note("plan reloaded", "site")
        self._mark_stale()

    def _refuse_while_running(self, what: str) -> None:
        if active := self.active:
            raise InputError(f"{active.step} is running: {what}", remedy="Wait for it, or stop it first")

    async def _look(self, step: Step, ctx: Context) -> Checked:
        checked = await step.check(ctx)
        for found in checked.findings:
            ctx.find(found)
        return checked

    async def _run(self, step: Step, ctx: Context, confirm: str) -> Run:
        run = ctx.run
        try:
            run.summary = await self._act(step, ctx, confirm)
            run.outcome = Outcome.WARNING if run.victims else Outcome.DONE
        except C3Error as error:
            run.outcome, run.summary, run.exit_code = Outcome.FAILED, str(error), error.exit_code
            ctx.say(str(error), level="error")
        except asyncio.CancelledError:
            run.outcome = Outcome.CANCELLED if ctx.stop else Outcome.INTERRUPTED
            run.summary = "stopped by the engineer" if ctx.stop else "the engine was closed"
        except Exception as error:
            # A defect of ours: the engineer gets one sentence, the trace goes to the engine's own log.
            log.exception("step %s", step.id)
            run.outcome = Outcome.FAILED
            run.summary = f"C3 itself failed ({type(error).__name__}: {error}); the trace is in engine.log"
            ctx.say(run.summary, level="error")
        finally:
            await self._end(step, ctx)
        return run

    async def _act(self, step: Step, ctx: Context, confirm: str) -> str:
        checked = await self._look(step, ctx)
        blocking = [found for found in self.store.all(Finding) if found.blocks and _of_site(found, step)]
        if blocking:
            raise StepError(
                "; ".join(found.message for found in blocking),
                where=f"{step.id} is blocked",
                remedy=blocking[0].remedy,
            )
        if checked.done:
            ctx.say(f"nothing to do: {checked.summary}")
            return checked.summary
        victims = await step.destroys(ctx)
        if victims and confirm != self.site.plan.site.name:
            more = f"; and {len(victims) - 4} more, all in the log" if len(victims) > 4 else ""
            for victim in victims:
                ctx.say(f"would be erased: {victim}")
            raise StepError(
                f"it destroys what is on {len(victims)} drives, and nobody confirmed that",
                where=step.id,
                remedy=f"Confirm with the site's name, {self.site.plan.site.name}: "
                + "; ".join(victims[:4])
                + more,
            )
        return await step.run(ctx)

    async def _end(self, step: Step, ctx: Context) -> None:
        """Record how a run ended; while that cannot be written, no other run begins."""
        run = ctx.run
        run.ended = utc_now()
        status = StepStatus(
            id=step.id,
            outcome=run.outcome,
            run=run.id,
            plan_digest=self.site.digest(step.uses),
            summary=run.summary,
        )
        told = {"outcome": run.outcome, "summary": run.summary}
        try:
            while True:
                try:
                    ctx.flush()
                    ctx.save(run, status, note="run ended", subject=f"run/{run.id}", **told)
                    break
                except RecordError as error:
                    log.error("the end of run %s: %s", run.id, error)
                    await asyncio.sleep(RECORD_SECONDS)
        finally:
            self._active = None

    def _mark_interrupted(self) -> None:
        """Runs that were under way when an engine died are interrupted: nobody is executing them."""
        for run in self.store.all(Run):
            if run.outcome is not Outcome.RUNNING:
                continue
            run.outcome, run.ended = Outcome.INTERRUPTED, utc_now()
            run.summary = "the engine died; run the step again to go on"
            with self.store.transaction("engine") as transaction:
                transaction.put(run)
                old = self.store.get(StepStatus, run.step)
                if old is None or old.outcome is not Outcome.DONE:
                    transaction.put(
                        StepStatus(id=run.step, outcome=Outcome.INTERRUPTED, run=run.id, summary=run.summary)
                    )
                transaction.note("run interrupted", f"run/{run.id}", step=run.step)

    def _mark_stale(self) -> None:
        for status in self.store.all(StepStatus):
            if status.id not in self.steps or not status.plan_digest:
                continue
            status.stale = status.plan_digest != self.site.digest(self.steps[status.id].uses)
            with self.store.transaction("engine") as transaction:
                if transaction.put(status):
                    transaction.note("step became stale" if status.stale else "step current again", status.id)

    async def _keep(self, service: Service) -> None:
        """A service that dies is started again, each time a while later; one that lasted, at once."""
        clock, pause = asyncio.get_running_loop().time, SERVICE_PAUSE
        while True:
            begun = clock()
            try:
                await service(self)
                return
            except Exception:
                log.exception("service %s", getattr(service, "__name__", service))
            pause = SERVICE_PAUSE if clock() - begun > LONGEST_PAUSE else pause
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    def _changed(self, cursor: int) -> None:
        if self._hint is None and self._listeners:
            self._hint = asyncio.get_running_loop().call_later(HINT_SECONDS, self._tell)

    def _tell(self) -> None:
        self._hint = None
        cursor = self.store.cursor
        for listener in list(self._listeners):
            listener(cursor)


def _of_site(found: Finding, step: Step) -> bool:
    """Whether a finding blocks a whole step: those on single servers only hold back their server."""
    return found.subject == "site" and found.step == step.id
