"""Has the drives and parts of a tested server judged, and stops a server of which another part failed."""

from c3tui.checks.judged import DRIVE_NOT_TESTED, DRIVE_REPLACE
from c3tui.engine.errors import StepError
from c3tui.engine.step import Context
from c3tui.model.campaign import FAILED as ROW_FAILED
from c3tui.model.campaign import Campaign, Pair, TestRow
from c3tui.model.finding import Severity, finding
from c3tui.model.fleet import Drive, Server, bay_id
from c3tui.steps.judging import judge_server
from c3tui.steps.rows import rows_of
from c3tui.steps.testing.choice import Choice

DRIVE_FAILED = DRIVE_REPLACE
NOT_TESTED = DRIVE_NOT_TESTED
HOLDS_DATA = "drive.holds-data"


def judge(
    ctx: Context, name: str, choice: Choice, granted: frozenset[Pair] = frozenset(), *, alone: bool = False
) -> None:
    """Judge every drive of a server by the latest rows on it.

    Args:
        granted: drives whose destructive tests were allowed, as server and serial.
        alone: only the drives; whoever calls says what is wrong with the server.

    Raises:
        StepError: a test of another part than a drive failed.
    """
    campaign = ctx.store.get(Campaign, name) or Campaign(id=name)
    server, kept = ctx.server(name), campaign.withheld
    campaign.asked = {}
    for _, drive in server.drives():
        wanted = set(choice.harmless)
        if (name, drive.serial) in granted and drive.serial not in kept:
            wanted |= set(choice.destructive)
        campaign.asked[drive.serial] = sorted(wanted)
    ctx.save(campaign)
    judge_server(ctx, name)
    for bay, drive in server.drives():
        _withheld(ctx, bay_id(name, bay.slot), drive, choice, kept.get(drive.serial, ""))
    if not alone:
        _others(server, rows_of(ctx.store, name))


def _withheld(ctx: Context, bay: str, drive: Drive, choice: Choice, holds: str) -> None:
    if not (choice.destructive and holds):
        ctx.fixed(HOLDS_DATA, bay)
        return
    message = f"{', '.join(choice.destructive)} left out on {drive.model} {drive.serial}: MAAS says {holds}"
    remedy = "Nothing, if it shall keep that; else name its serial in hardware.wipe and run the step again"
    ctx.find(finding(HOLDS_DATA, bay, "hardware", Severity.INFO, message, remedy))


def _others(server: Server, rows: list[TestRow]) -> None:
    """Tests of other parts than drives."""
    failed = [row.told for row in rows if row.serial is None and row.code == ROW_FAILED]
    if failed:
        raise StepError(
            "; ".join(failed), where=server.name, remedy="Read the output in the run log, mend the part"
        )
