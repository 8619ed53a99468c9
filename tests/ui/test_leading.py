"""Where the eye is led: to whom a run left behind, to the next safe step, and never to what is old."""

from datetime import timedelta

from c3tui.model.base import utc_now
from c3tui.model.finding import FindingState, Severity, finding
from c3tui.model.fleet import Stage
from c3tui.model.run import Outcome, Run, StepStatus, Victim
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, rows, sees, text, until

REMEDY = "Look at its IPMI cable"


def late(record: Record, step: str, outcome: Outcome = Outcome.DONE, **values: object) -> Run:
    """A run that ends now."""
    run = Run(id=f"late-{step}", step=step, by="anna", outcome=outcome, ended=utc_now(), **values)
    record.put(run, StepStatus(id=step, outcome=outcome, run=run.id, summary=f"{step} has run"))
    return run


def lose(record: Record, *numbers: int) -> None:
    """Discovery ends without some servers."""
    for n in numbers:
        where = f"c3-{n:03d} (BMC 10.0.0.{10 + n})"
        lost = record.server(n, Stage.EXPECTED, trouble=f"{where}: its BMC does not answer")
        told = finding(
            "discovery.failed",
            lost.name,
            "discovery",
            Severity.CRITICAL,
            "its BMC does not answer",
            REMEDY,
        )
        record.put(lost, told)
    victims = [
        Victim(server=f"c3-{n:03d}", why=f"c3-{n:03d} (BMC): its BMC does not answer") for n in numbers
    ]
    late(record, "discovery", Outcome.WARNING, victims=victims)


async def test_a_run_that_ends_leads_to_whom_it_left_behind(record: Record) -> None:
    record.busy("discovery")
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await sees(pilot, "> c3-001")
        record.put(
            Run(id="run-discovery", step="discovery", by="anna", outcome=Outcome.DONE, ended=utc_now())
        )
        lose(record, 4, 9)
        await sees(pilot, "> c3-004", "Left behind: c3-004, c3-009", "! goes there", f"To do  {REMEDY}")
        # The name stands in front already.
        await sees(pilot, "! its BMC does not answer")
        assert "c3-004 (BMC 10.0.0.14)" not in text(app)
        await pilot.press("!")
        await sees(pilot, "> c3-009")
        await pilot.press("!")
        await sees(pilot, "> c3-004")


async def test_a_cursor_that_somebody_moved_stays(record: Record) -> None:
    record.busy("discovery")
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "down")
        lose(record, 4)
        await sees(pilot, "! its BMC does not ans", "> c3-002")


async def test_the_run_that_ended_leads_to_its_own_first(record: Record) -> None:
    record.problems()
    record.put(record.server(8, Stage.DEPLOYING, trouble="c3-008: Installation failed"))
    late(
        record,
        "deploy",
        Outcome.WARNING,
        victims=[Victim(server="c3-008", why="c3-008: Installation failed")],
    )
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("4")
        await sees(pilot, "> c3-008", "! Installation failed", "Left behind: c3-008")
        await pilot.press("!")
        await sees(pilot, "> c3-005")


async def test_in_hardware_drives_and_servers_in_trouble_are_gone_through(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await sees(pilot, "> c3-005/bay00", "! BMC 10.0.0.15 does not answer")
        await pilot.press("!")
        await sees(pilot, "> c3-007/bay02", "On its way out, marked: grows sectors")
        await pilot.press("!")
        await sees(pilot, "> c3-003/bay03", "12 reallocated sectors")


async def test_a_check_is_dropped_when_a_run_overtakes_it(record: Record) -> None:
    record.done()
    record.link.answers["check"] = {"summary": "0 of 72 OSDs up", "missing": ["make 6 OSDs on c3-001"]}
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("6")
        await sees(pilot, "A run would:", "make 6 OSDs on c3-001")
        started = utc_now() + timedelta(seconds=1)
        record.put(Run(id="again", step="storage", by="anna", started=started))
        await until(pilot, lambda: "A run would:" not in text(app))
        record.link.answers["check"] = {"summary": "72 of 72 OSDs up", "done": True}
        record.put(
            Run(id="again", step="storage", by="anna", outcome=Outcome.DONE, started=started, ended=started),
            StepStatus(id="storage", outcome=Outcome.DONE, run="again", summary="storage has run"),
        )
        await until(pilot, lambda: len(record.link.told("check")) == 2)
        assert "A run would:" not in text(app)


async def test_a_run_of_another_step_renews_the_check_in_view(record: Record) -> None:
    record.done()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("6")
        await until(pilot, lambda: record.link.told("check") == [{"step": "storage"}])
        late(record, "deploy")
        await until(pilot, lambda: record.link.told("check") == [{"step": "storage"}] * 2)


async def test_the_answer_to_a_start_goes_with_the_run(record: Record) -> None:
    record.busy("hardware")
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "l")
        await sees(pilot, "switch the identify light of c3-001 on: done")
        record.put(Run(id="run-hardware", step="hardware", by="anna", outcome=Outcome.DONE, ended=utc_now()))
        await until(pilot, lambda: "identify light of c3-001 on: done" not in text(app))


async def test_home_leads_servers_that_came_late_through_every_step(record: Record) -> None:
    record.done()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "Every step is done", "Print the report")
        record.put(record.server(7, Stage.READY))
        await sees(pilot, "Next: 3 Hardware tests, for c3-007 (press 3, then r)")
        await pilot.press("r")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "hardware")
        await pilot.press("h")
        record.put(record.server(7, Stage.DEPLOYED))
        await sees(pilot, "Next: 5 Kubernetes, for c3-007")
        record.put(record.server(7, Stage.NODE))
        made = {f"c3-{n:03d}": [6, 6] for n in range(1, 13) if n != 7}
        record.store.observe("storage", {"ceph": {"servers": made}})
        await sees(pilot, "Next: 6 Storage, for c3-007")


async def test_home_names_those_that_must_be_mended(record: Record) -> None:
    record.done()
    lose(record, 4)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "Next: 2 Discovery, for c3-004; mend first: f says how")
        await sees(pilot, "Trouble  c3-004: its BMC does not answer")


async def test_home_does_not_call_a_site_done_while_drives_wait(record: Record) -> None:
    record.problems()
    record.done()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "Every step is done", "Next: 1 drive to swap; R is the walk list")


async def test_home_says_what_a_changed_plan_asks_for(record: Record) -> None:
    record.done()
    record.put(StepStatus(id="deploy", outcome=Outcome.DONE, stale=True, summary="noble on 12"))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "the plan changed, run it again; noble on 12", "Next: 4 OS deployment")


async def test_a_large_room_leaves_every_step_in_view(record: Record) -> None:
    record.done()
    for n in range(1, 13):
        record.put(record.server(n, Stage.NODE).model_copy(update={"rack": f"r{n:02d}"}))
    lose(record, 4)
    record.put(record.server(4, Stage.NODE, trouble="it is gone").model_copy(update={"rack": "r04"}))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "r01 N", "7 + Handover", "Trouble  c3-004", " of 12")
        await pilot.press("end")
        await sees(pilot, ">r12 N", "7 + Handover")


async def test_what_is_not_to_be_waived_is_said(record: Record) -> None:
    mended = finding("a.b", "c3-001", "discovery", Severity.WARNING, "it was loose", "Push it in")
    record.put(mended.model_copy(update={"state": FindingState.FIXED}))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f", "a", "w")
        await sees(pilot, "Only an open finding can be waived")


async def test_a_long_log_line_can_be_read_to_its_end(record: Record) -> None:
    record.problems()
    lines = [
        ("error", "c3-003", "fatal: " + "x" * 90 + " the very end"),
    ]
    record.store.write_log("run-1", lines)
    app = app_of(record)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("L", "enter")
        await sees(pilot, "fatal: xxx")
        assert not any("the very end" in line for line in rows(app))
        await pilot.press("enter")
        await sees(pilot, "very end")
