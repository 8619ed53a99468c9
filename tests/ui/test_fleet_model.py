"""The screens' copy of the record: it follows by cursor, and leaves alone what did not change."""

from c3tui.model.fleet import Stage
from screens.model import FleetModel, Progress
from screens.summary import drive_counts, next_step, stage_counts, usable
from screens.words import age, ago, bar, duration, fit, lasting, names, size
from tests.ui.records import STEPS, Record


def test_late_and_early_viewer_see_the_same(record: Record) -> None:
    early = FleetModel()
    early.catch_up(record.reader)
    record.problems()
    early.catch_up(record.reader)
    late = FleetModel()
    late.catch_up(record.reader)
    assert early.drive_rows == late.drive_rows
    assert early.server_rows == late.server_rows
    assert early.open_findings() == late.open_findings()


def test_only_what_changed_gets_a_new_row(record: Record) -> None:
    record.problems()
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    drives, servers = dict(fleet.drive_rows), dict(fleet.server_rows)
    changed = fleet.servers["c3-002"].model_copy(update={"stage": Stage.DEPLOYING})
    record.put(changed)
    assert fleet.catch_up(record.reader) == {("server", "c3-002")}
    assert [name for name in servers if servers[name] is not fleet.server_rows[name]] == ["c3-002"]
    moved = {id for id in drives if drives[id] is not fleet.drive_rows[id]}
    assert moved == {id for id in drives if id.startswith("c3-002/")}
    assert fleet.catch_up(record.reader) == set()


def test_drives_carry_verdict_and_replacement(record: Record) -> None:
    record.problems()
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    assert fleet.drive_rows["c3-007/bay02"].replacement is not None
    accepted = fleet.drive_rows["c3-008/bay01"].verdict
    assert accepted is not None and accepted.reason == "lab only"
    counts = drive_counts(fleet)
    assert (counts.total, counts.passed, counts.failed, counts.marked, counts.accepted) == (96, 95, 1, 1, 1)


def test_a_verdict_belongs_to_the_drive_not_to_the_bay(record: Record) -> None:
    record.problems()
    server = record.server(8, Stage.TESTED)
    drive = server.bays[1].drive
    assert drive is not None
    drive.serial = "NEW-SERIAL"
    record.put(server)
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    assert fleet.drive_rows["c3-008/bay01"].verdict is None


def test_servers_and_drives_are_in_walking_order(record: Record) -> None:
    record.put(record.server(7, Stage.READY), record.server(2, Stage.READY), record.server(1, Stage.READY))
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    assert list(fleet.server_rows) == ["c3-001", "c3-002", "c3-007"]
    bays = list(fleet.drive_rows)
    assert (bays[0], bays[-1]) == ("c3-001/bay00", "c3-007/bay07")


def test_a_document_of_another_version_is_left_out(record: Record) -> None:
    record.put(record.server(1, Stage.READY))
    record.store._db.execute("UPDATE state SET doc = '{\"stage\": \"teleported\"}' WHERE kind = 'server'")
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    assert fleet.servers == {} and fleet.unreadable == 1


def test_space_leaves_out_what_may_not_carry_data(record: Record) -> None:
    record.problems()
    fleet = FleetModel()
    fleet.catch_up(record.reader)
    # 12 servers of 6 data drives, without the failed one, the marked one, and the six of the lost server.
    assert len(fleet.placement.osds) == 72 - 1 - 1 - 6
    assert "at 3 copies" in usable(fleet.placement, record.site.plan.storage.pool)
    assert stage_counts(fleet) == "12 tested"


def test_next_step_is_the_first_that_is_not_done(record: Record) -> None:
    fleet = FleetModel()
    step = next_step(fleet, record.site.plan, STEPS)
    assert step is not None and step.id == "network"
    record.problems()
    fleet.catch_up(record.reader)
    step = next_step(fleet, record.site.plan, STEPS)
    assert step is not None and step.id == "deploy"
    record.done()
    fleet.catch_up(record.reader)
    assert next_step(fleet, record.site.plan, STEPS) is None


def test_progress_bears_nonsense() -> None:
    progress = Progress.of({"fraction": "half", "waiting": 3, "since": "yesterday", "phase": None})
    assert progress == Progress()


def test_words() -> None:
    assert [size(n) for n in (0, 512, 480_103_981_056, 16_000_900_661_248, 3_840_755_982_336)] == [
        "-",
        "512 B",
        "480 GB",
        "16 TB",
        "3.84 TB",
    ]
    assert [duration(n) for n in (4, 185, 7800, 7200, 432000)] == ["4 s", "3 min", "2 h 10 min", "2 h", "5 d"]
    assert [age(at, 100.0) for at in (96.0, 78.0, None)] == ["now", "20 s", "never"]
    assert [ago(at, 100.0) for at in (96.0, 78.0, None)] == ["just now", "20 s ago", "never"]
    assert [lasting(at, 100.0) for at in (96.0, 78.0)] == ["4 s", "20 s"]
    assert fit("c3-001-with-a-long-name", 8) == "c3-001-~"
    assert names(["a", "b", "c", "d", "e"]) == "a, b, c +2"
    assert bar(0.5, 12) == "[#####.....]"
