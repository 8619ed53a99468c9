"""What keys do: the commands they send, what they ask first, and what they never lose."""

from functools import partial

import pytest
from textual.widgets import Input

from c3tui.engine.errors import EngineGone, InputError, Refused
from c3tui.model.base import utc_now
from c3tui.model.replacement import Decision
from c3tui.model.run import Outcome, StepStatus
from screens.dialogs import Choose, Guide, KeyList, Reading, Reason, TypedConfirm
from tests.ui.records import IDS, Record, ScriptedLink
from tests.ui.views import LARGE, SMALL, app_of, rows, sees, text, until


async def test_opening_a_step_looks_at_it_and_c_lists(record: Record) -> None:
    record.link.answers["check"] = {"summary": "2 of 3 networks", "missing": ["make fabric-2"], "done": False}
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1")
        await sees(pilot, "2 of 3 networks", "make fabric-2")
        assert record.link.told("check") == [{"step": "network"}]
        await pilot.press("c")
        await sees(pilot, "Check of network", "- make fabric-2")
        assert isinstance(app.screen, Reading)


async def test_run_without_victims_starts_at_once(record: Record) -> None:
    record.link.answers["destroys"] = {"victims": [], "word": "small"}
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "r")
        await until(pilot, lambda: record.link.told("run") == [{"step": "network"}])


async def test_destruction_wants_the_word(record: Record) -> None:
    record.problems()
    victims = [f"c3-{n:03d}/bay00 Micron ZL2{n:03d}00: all that is on it" for n in range(1, 31)]
    record.link.answers["destroys"] = {"victims": victims, "word": "small"}
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("4", "r")
        await sees(pilot, "30 in all", victims[0], "Type small")
        await pilot.press("enter", *"yes", "enter")
        await sees(pilot, "'yes' is not 'small'")
        await pilot.press("pagedown", "pagedown", "pagedown")
        await sees(pilot, victims[-1])
        await pilot.press("escape")
        await sees(pilot, "Nothing was started")
        assert record.link.told("run") == []
        await pilot.press("r")
        await until(pilot, lambda: isinstance(app.screen, TypedConfirm))
        await pilot.press(*"small", "enter")
        await until(pilot, lambda: record.link.told("run") == [{"step": "deploy", "confirm": "small"}])


async def test_a_run_that_fails_is_told_in_full(record: Record) -> None:
    run = record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await sees(pilot, "hardware 4 min")
        run.outcome, run.ended = Outcome.FAILED, utc_now()
        run.summary = (
            "MAAS at http://10.0.0.1/MAAS/ does not answer since 16:02, and nothing can be tested without it"
        )
        record.put(run, StepStatus(id="hardware", outcome=run.outcome, run=run.id, summary=run.summary))
        await sees(pilot, "run hardware", "nothing can be tested", "r runs it again")
        await pilot.press("l")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "runlog")


async def test_check_tells_whom_the_last_run_left_behind(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "c")
        await sees(pilot, "some left behind. 11 of 12 tested", "- left behind: c3-005: BMC 10.0.0.15")


async def test_stop_asks_how_and_no_is_first(record: Record) -> None:
    run = record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert record.link.told("stop") == []
        await pilot.press("r")
        await sees(pilot, "hardware is running: s stops it")
        await pilot.press("s")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("down", "enter")
        await until(pilot, lambda: record.link.told("stop") == [{"run": run.id, "now": False}])


async def test_power_is_confirmed_and_light_is_not(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "down", "i")
        await until(pilot, lambda: record.link.told("identify") == [{"server": "c3-002", "on": True}])
        await pilot.press("p")
        await sees(pilot, "OFF, hard: c3-002", "No, leave it as it is")
        await pilot.press("enter")
        await sees(pilot, "Power stays as it is")
        assert record.link.told("power") == []
        await pilot.press("p")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("y")
        await until(pilot, lambda: record.link.told("power") == [{"server": "c3-002", "on": False}])


async def test_verdicts_on_marked_drives_with_one_reason(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "home", "space", "space", "x")
        await sees(pilot, "Mark 2 drives for replacement", "c3-001/bay01")
        await pilot.press(*"noisy", "enter")
        bays = ["c3-001/bay00", "c3-001/bay01"]
        wanted = [{"bays": bays, "decision": Decision.REPLACE.value, "reason": "noisy"}]
        await until(pilot, lambda: record.link.told("verdicts") == wanted)
        await pilot.press("u")
        await until(pilot, lambda: record.link.told("verdict")[-1]["decision"] == "use")


async def test_a_reason_is_wanted_and_is_kept_when_one_goes_back(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f", "w")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press("enter")
        await sees(pilot, "A reason is needed")
        await pilot.press(*"half a", "escape")
        await sees(pilot, "Nothing was waived")
        await pilot.press("w")
        await sees(pilot, "half a")
        await pilot.press(*" word", "enter")
        wanted = [{"finding": "drive.failed:c3-003/bay03", "reason": "half a word"}]
        await until(pilot, lambda: record.link.told("waive") == wanted)


async def test_withdraw(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("R", "w")
        await until(pilot, lambda: isinstance(app.screen, Reason))
        await pilot.press(*"fine", "enter")
        wanted = [{"replacement": "c3-007/bay02:ZL200702", "reason": "fine"}]
        await until(pilot, lambda: record.link.told("withdraw") == wanted)


async def test_edits_survive_going_away_and_a_refusal(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "e", "down")
        field = app.screen.focused
        assert isinstance(field, Input) and field.id == "networks-pxe-dynamic"
        await pilot.press("backspace", "9", "escape", "h", "1")
        await sees(pilot, "10.1.0.100-10.1.0.209", "1 value edited")
        record.link.answers["edit"] = InputError("10.1.0.209 is taken", remedy="Choose another")
        await pilot.press("w")
        await sees(pilot, "10.1.0.209 is taken", "Choose another")
        await pilot.press("escape")
        await sees(pilot, "10.1.0.100-10.1.0.209", "PXE leases*")
        del record.link.answers["edit"]
        await pilot.press("w")
        changes = {"networks.pxe.dynamic.start": "10.1.0.100", "networks.pxe.dynamic.end": "10.1.0.209"}
        await until(pilot, lambda: record.link.told("edit") == [{"changes": changes}] * 2)


async def test_letters_typed_into_a_field_are_letters(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1", "e", *"hqrsct17fRL")
        field = app.screen.focused
        assert isinstance(field, Input) and field.value.endswith("hqrsct17fRL")
        assert record.link.told("run") == [] and getattr(app.screen, "ID", "") == "network"
        await pilot.press("f2")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "home")


async def test_an_edit_from_elsewhere_appears(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("1")
        await sees(pilot, "10.20.0.5")
        plan = record.site.files.plan
        plan.write_text(plan.read_text().replace("vip: 10.20.0.5", "vip: 10.20.0.7"))
        record.put(note="plan edited")
        record.store.observe("bmc", {"c3-001": {"state": "ok"}})
        await sees(pilot, "API VIP    10.20.0.7")


async def test_a_failure_says_what_where_and_what_to_do(record: Record) -> None:
    record.link.answers["identify"] = Refused(
        "it said no", where="c3-001 at 10.0.0.11", remedy="Ask it nicely"
    )
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "i")
        await sees(pilot, "it said no", "c3-001 at 10.0.0.11", "Ask it nicely")
        await pilot.press("c")
        await sees(pilot, "copied")
        assert "Ask it nicely" in app.clipboard
        await pilot.press("l")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "runlog")


async def test_an_observer_is_asked_before_anything_is_sent(record: Record) -> None:
    record.busy()
    record.link = ScriptedLink(holder="bert@tty1", in_control=False)
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "watching: bert@tty1 has control")
        await pilot.press("2", "i")
        await sees(pilot, "bert@tty1 has control of this site. Take it?")
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(app.screen, Choose))
        assert record.link.told("identify") == [] and record.link.told("take") == []
        await pilot.press("t")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("y")
        await sees(pilot, "you have control", "You have control now")
        record.link.holder, record.link.in_control = "bert@tty1", False
        record.tell(*(partial(callback, "bert@tty1") for callback in record.link.controls))
        await sees(pilot, "bert@tty1 has control now; t takes it")


async def test_a_lost_engine_is_said_and_attached_again(record: Record) -> None:
    record.busy()
    fresh = ScriptedLink()
    tries = 0

    async def reconnect() -> ScriptedLink:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise EngineGone("it does not start", where="/site", remedy="Read engine.log")
        return fresh

    app = app_of(record, reconnect=reconnect)
    async with app.run_test(size=SMALL) as pilot:
        record.tell(*record.link.losses)
        await sees(pilot, "stopped answering", "Attach again")
        await pilot.press("enter")
        await sees(pilot, "it does not start", "Read engine.log")
        await pilot.press("escape")
        await sees(pilot, "Attach again")
        await pilot.press("enter")
        await sees(pilot, "you have control")
        await pilot.press("2", "i")
        await until(pilot, lambda: fresh.told("identify") == [{"server": "c3-001", "on": True}])
    assert fresh.sent[-1] == ("close", {})


async def test_what_is_on_screen_is_watched(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "slash", *"c3-004", "enter")
        await until(pilot, lambda: record.link.told("watch")[-1:] == [{"servers": ["c3-004"]}])


async def test_quit_says_that_work_goes_on(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("q")
        await sees(pilot, "The hardware run goes on without you")
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "home")
        await pilot.press("q")
        await until(pilot, lambda: isinstance(app.screen, Choose))
        await pilot.press("enter")
        await until(pilot, lambda: not app.is_running)
    assert record.link.told("stop") == []


async def test_back_and_beside(record: Record) -> None:
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        for step in IDS:
            await pilot.press("right_square_bracket")
            await until(pilot, lambda step=step: getattr(app.screen, "ID", "") == step)  # type: ignore[misc]
        for place, back in (("f", "findings"), ("L", "runlog"), ("f", "findings")):
            await pilot.press(place)
            await until(pilot, lambda back=back: getattr(app.screen, "ID", "") == back)  # type: ignore[misc]
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "handover")
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "home")


@pytest.mark.parametrize("key", ["h", "1", "2", "3", "4", "5", "6", "7"])
async def test_guide_and_keys_everywhere(record: Record, key: str) -> None:
    app = app_of(record)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press(key, "f1")
        await until(pilot, lambda: isinstance(app.screen, Guide))
        assert "There is no guide" not in text(app) and text(app).isascii()
        assert sum(bool(row.strip()) for row in rows(app)) > 25
        await pilot.press("escape", "question_mark")
        await until(pilot, lambda: isinstance(app.screen, KeyList))
        await sees(pilot, "Go to a step", "q, F10")
