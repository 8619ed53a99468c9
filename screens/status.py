"""The two status lines: what is going on, whom we wait for and what is normal, or what to do next."""

from dataclasses import replace

from c3tui.model.run import Outcome, Run
from screens.model import FleetModel, Progress
from screens.session import Session
from screens.signs import OUTCOMES, Span, step_sign
from screens.summary import not_through
from screens.victims import left_behind
from screens.words import ago, bar, clock, counted, duration, lasting, moment, names

NORMAL = {
    "network": "seconds",
    "discovery": "5 to 15 min from power on to ready",
    "hardware": "minutes for SMART checks, hours for surface tests",
    "deploy": "8 to 15 min a wave",
    "kubernetes": "20 to 40 min, and 10 more for each wave of workers",
    "storage": "5 to 15 min, and a minute or two for each drive",
    "handover": "a minute",
}
"""How long a step usually takes, so that waiting can be told from being stuck."""


def status_lines(session: Session, step: str = "") -> tuple[list[Span], list[Span]]:
    """Both lines, for one step's screen or for any other."""
    fleet = session.fleet
    run = fleet.active_run(step) or fleet.active_run()
    if run:
        return running_lines(run, _with_waiting(fleet, run))
    if step:
        return step_lines(session, step)
    return next_lines(session)


def next_lines(session: Session) -> tuple[list[Span], list[Span]]:
    """The next safe step on the site as a whole, and what still waits when every step is done."""
    idle: list[Span] = [(" > ", "busy"), ("Nothing is running", "")]
    fleet, following = session.fleet, session.next_step()
    if following is None:
        if parts := fleet.open_replacements():
            waits = f" Next: {counted(len(parts), 'drive')} to swap; R is the walk list"
            return [(" * ", "warn"), ("Every step is done", "")], [(waits, "strong")]
        return [(" + ", "good"), ("Every step is done", "")], [(" Print the report from 7 Handover", "dim")]
    number = session.number(following.id)
    line: list[Span] = [(f" Next: {number} {following.title}", "strong")]
    waiting = not_through(fleet, session.site.plan, following.id)
    troubled = [name for name in waiting if name in fleet.servers and fleet.servers[name].trouble]
    if fleet.statuses.get(following.id) and waiting:
        line.append((f", for {names(waiting)}", "strong"))
        if len(troubled) == len(waiting):
            return idle, [*line, (f"; mend first: f says how. Then {number}, r", "dim")]
    return idle, [*line, (f" (press {number}, then r)", "dim")]


def running_lines(run: Run, progress: Progress) -> tuple[list[Span], list[Span]]:
    """How far a run is, and whom it waits for."""
    first: list[Span] = [(" > ", "busy"), (f"{run.step} {duration(run.seconds)}", "strong")]
    if progress.phase:
        first.append((f"  {progress.phase}", ""))
    if progress.fraction is not None:
        first += [(f" {bar(progress.fraction, 14)}", "busy"), (f" {round(progress.fraction * 100)} %", "")]
    if progress.detail:
        first.append((f"  {progress.detail}", ""))
    second: list[Span] = [(" ", "")]
    if progress.waiting:
        second.append((f"Waiting for {names(progress.waiting)}", "warn"))
        if since := progress.since:
            second.append((f", for {lasting(since)}", ""))
        second.append(("  ", ""))
    second.append((f"Normal: {NORMAL.get(run.step, 'minutes')}", "dim"))
    return first, second


def _with_waiting(fleet: FleetModel, run: Run) -> Progress:
    """A run's progress; where it names nobody, those servers wait that still say what they do for it."""
    progress = fleet.run_progress(run.id)
    if progress.waiting:
        return progress
    rows = [row for row in fleet.server_rows.values() if row.progress and row.progress.run == run.id]
    left = [row for row in rows if row.progress and not row.progress.ended]
    left.sort(key=lambda row: row.progress.since or 0.0 if row.progress else 0.0)
    if not left or left[0].progress is None:
        return progress
    oldest = left[0].progress
    detail = progress.detail or f"{len(rows) - len(left)} of {counted(len(rows), 'server')} through"
    return replace(
        progress,
        phase=progress.phase or oldest.phase,
        since=oldest.since,
        detail=detail,
        waiting=tuple(row.server.name for row in left),
    )


def step_lines(session: Session, step: str) -> tuple[list[Span], list[Span]]:
    """How a step that is at rest stands, and what its check says."""
    status = session.fleet.statuses.get(step)
    sign, tone, words = step_sign(status)
    first: list[Span] = [(f" {sign} ", tone), (words.capitalize(), tone)]
    last = session.fleet.latest_run(step)
    if last and last.ended:
        first.append((f" {ago(moment(last.ended))}, took {duration(last.seconds)}", ""))
    summary = status.summary if status else ""
    if summary:
        first.append((f": {summary}", ""))
    return first, _second(session, step, last)


def _second(session: Session, step: str, last: Run | None) -> list[Span]:
    if last and last.outcome in (Outcome.FAILED, Outcome.INTERRUPTED):
        return [(" r runs it again from where it stands; L opens the log", "strong")]
    needs = [id for id in session.step(step).needs if not _ready(session.fleet, id)]
    if needs:
        return [(f" Waits for {', '.join(needs)} to be done first", "warn")]
    if behind := left_behind(last):
        return [
            (f" Left behind: {names(behind)}", "bad"),
            ("  ! goes there, c says why; then r again", "strong"),
        ]
    checked = session.check(step)
    if checked is None:
        return [(f" r runs it, c checks. Normal: {NORMAL.get(step, 'minutes')}", "dim")]
    if checked.error:
        return [(f" Check at {clock(checked.at)}: {checked.error}", "bad")]
    left = f" ({counted(len(checked.missing), 'thing')} to do, c lists them)" if checked.missing else ""
    summary = checked.summary or ("nothing to do" if checked.done else "not done")
    return [(f" Check at {clock(checked.at)}: ", "dim"), (f"{summary}{left}", "")]


def _ready(fleet: FleetModel, step: str) -> bool:
    status = fleet.statuses.get(step)
    return status is not None and status.outcome in (Outcome.DONE, Outcome.WARNING)


def outcome_span(outcome: Outcome) -> Span:
    """How a run ended, in words."""
    _, tone, words = OUTCOMES[outcome]
    return words.split(":")[0].split(",")[0], tone
