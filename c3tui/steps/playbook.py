"""Follows a playbook run: its records become log lines and progress, a stop request reaches it."""

import asyncio

from c3tui.clients import kubespray
from c3tui.clients.kubespray import Job, Kind, Progress, Record, Result, Status
from c3tui.engine.step import Context, Level

_LEVELS: dict[str, Level] = {Status.FAILED: "error", Status.UNREACHABLE: "error", Status.IGNORED: "info"}


class Follower:
    """One job, followed to its end."""

    def __init__(self, ctx: Context, job: Job) -> None:
        self._ctx = ctx
        self._job = job
        self._progress = Progress([], len(job.hosts))

    async def follow(self) -> Result:
        """Run the job, or pick it up where it is.

        When the engine closes, the playbook goes on and the next run picks it up; when the engineer
        stops the run, it stops after the task under way, or at once.

        Raises:
            C3Error: it cannot be started or read.
        """
        tasks = await kubespray.planned_tasks(self._job)
        self._progress = Progress(tasks, len(self._job.hosts))
        stopper = asyncio.get_running_loop().create_task(self._stop_when_asked())
        try:
            return await kubespray.run_playbook(self._job, self._take)
        except asyncio.CancelledError:
            if self._ctx.stop == "now":
                await kubespray.stop(self._job, hard=True)
            raise
        finally:
            stopper.cancel()

    async def _stop_when_asked(self) -> None:
        await self._ctx.stopping.wait()
        self._ctx.say("stopping after the task under way", level="warning")
        await kubespray.stop(self._job, hard=False)

    def _take(self, record: Record) -> None:
        self._progress.feed(record)
        progress = self._progress
        detail = f"{progress.task} ({progress.finished} of {progress.started} servers)"
        self._ctx.overall(progress.stage or "starting", progress.percent / 100, detail, progress.waiting[:5])
        self._log(record)

    def _log(self, record: Record) -> None:
        say = self._ctx.say
        if record.kind is Kind.PLAY:
            say(f"PLAY {record.play}")
        elif record.kind is Kind.TASK:
            say(f"TASK {record.task}")
        elif record.kind is Kind.RETRY:
            say(
                f"{record.task}: try {record.attempt} of {record.attempts}: {record.msg}",
                record.host,
                "warning",
            )
        elif record.kind is Kind.OUTPUT:
            say(record.msg)
        elif record.kind is Kind.RESULT and record.status != Status.SKIPPED:
            level = _LEVELS.get(record.status, "info")
            word = "changed" if record.changed else str(record.status)
            say(f"{word}: {record.task}" + (f": {record.msg}" if record.msg else ""), record.host, level)
            if level == "error":
                self._ctx.progress(record.host, "failed", detail=record.task)
            else:
                self._ctx.progress(record.host, self._progress.stage or "starting", detail=record.task)
