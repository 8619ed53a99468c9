"""Every screen in every state of a site: what must be readable is there, at both sizes, in both profiles."""

import pytest

from c3tui.model.fleet import Stage
from screens import SCREENS, SIDE_SCREENS
from screens.session import Profile
from tests.ui.records import Record
from tests.ui.views import LARGE, SMALL, app_of, rows, sees, text, until

KEYS = {
    "home": "h",
    "network": "1",
    "discovery": "2",
    "hardware": "3",
    "deploy": "4",
    "kubernetes": "5",
    "storage": "6",
    "handover": "7",
    "findings": "f",
    "replacements": "R",
    "runlog": "L",
}
EXPECTED: dict[str, dict[str, list[str]]] = {
    "empty": {
        "home": ["0 of 12 known", "r01 . . . . . .", "Next: 1 Network plan", "No open findings"],
        "network": ["10.20.128.0/17", "10.20.0.10-10.20.1.255", "Not run yet"],
        "discovery": ["No server was looked for yet", "Waits for network"],
        "hardware": ["No drives are known yet"],
        "deploy": ["No servers are ready yet", "ubuntu noble"],
        "kubernetes": ["0 of 12 servers Ready", "r runs Kubespray"],
        "storage": ["Rook v1.20.6", "no space yet"],
        "handover": ["not written yet", "https://10.20.0.5:6443"],
        "findings": ["Nothing is known to be wrong"],
        "replacements": ["Nothing is to be replaced"],
        "runlog": ["Nothing was run yet"],
    },
    "busy": {
        "home": ["12 testing", "hardware 4 min", "Waiting for c3-003, c3-009", "58 %", "7 of 12 servers"],
        "network": ["API VIP", "Waiting for c3-003"],
        "discovery": ["c3-012", "24 C", "testing", "smartctl", "Power Supply AC lost"],
        "hardware": ["c3-001/bay02", "ST16000NM001G", "16 TB", "passed", "wwn-0x5000c500"],
        "deploy": ["10.20.0.10", "ZL200100 +1", "bay00 480 GB ZL200100", "smartctl"],
        "kubernetes": ["Kubespray 2.31.0", "c3-001"],
        "storage": ["72 of 72 for data", "326 TB usable at 3 copies"],
        "handover": ["0 parts to replace"],
        "runlog": ["hardware started", "c3-003: drive said no", "following"],
    },
    "problems": {
        "home": [
            "2 critical",
            "BMC 10.0.0.15 does not answer",
            "95 of 96 drives passed",
            "Next: 4 OS deployment",
        ],
        "discovery": ["no answer", "1 critical", "! BMC 10.0.0.15"],
        "hardware": ["1 marked for replacement", "Some left behind", "11 of 12 tested"],
        "storage": ["1 failed", "64 of 66 for data"],
        "findings": ["! critical", "12 reallocated sectors", "Replace the drive", "c3-005", "open"],
        "replacements": ["r02 u01", "c3-007/bay02", "ZL200702", "marked", "grows sectors"],
        "runlog": ["some left behind", "without c3-005", "bay03 failed"],
    },
    "done": {
        "home": ["12 node", "Every step is done", "Print the report"],
        "deploy": ["12 of 12 servers"],
        "kubernetes": ["12 of 12 servers Ready"],
        "handover": ["12 of 12 servers are nodes", "handover is done", "0 findings, 0 parts"],
        "runlog": ["network is done"],
    },
}
"""What must be seen, by the state of the site and the screen."""


def fill(record: Record, state: str) -> None:
    if state != "empty":
        getattr(record, state)()


@pytest.mark.parametrize("state", list(EXPECTED))
@pytest.mark.parametrize(("size", "profile"), [(SMALL, "console"), (LARGE, "rich")], ids=["80x24", "120x40"])
async def test_every_screen(record: Record, state: str, size: tuple[int, int], profile: Profile) -> None:
    fill(record, state)
    app = app_of(record, profile)
    async with app.run_test(size=size) as pilot:
        for name, key in KEYS.items():
            await pilot.press(key)
            await until(pilot, lambda name=name: getattr(app.screen, "ID", "") == name)  # type: ignore[misc]
            wide = size == LARGE or name != "runlog"
            await sees(pilot, *(EXPECTED[state].get(name, []) if wide else []), "you have control", "Quit")
            lines = rows(app)
            assert len(lines) == size[1] and all(len(line) == size[0] for line in lines)
            if profile == "console":
                assert text(app).isascii(), [line for line in lines if not line.isascii()]


async def test_every_screen_has_a_key() -> None:
    assert {*SCREENS, *SIDE_SCREENS} == {*KEYS, "server", "drive", "strays", "golden"}


async def test_server_page_tells_everything(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=LARGE) as pilot:
        await pilot.press("2", "home", "down", "down", "enter")
        await sees(pilot, "c3-003", "serial SRV00003", "bay03", "12 reallocated sectors", "256 GiB")
        await pilot.press("n", "n")
        await sees(pilot, "c3-005", "BMC 10.0.0.15 does not answer", "no answer")
        await pilot.press("escape")
        await until(pilot, lambda: getattr(app.screen, "ID", "") == "discovery")


async def test_matrix_of_bays(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "m")
        await sees(pilot, "c3-003 S S T ! T T T T", "c3-007 S S X T T T T T", "c3-008 S A T T T T T T")
        await sees(pilot, "T passed  ! failed  X replace  A accepted  S system")
        # The cursor was led to the server that was left behind.
        await pilot.press("up", "up", "right", "right", "right", "m")
        await sees(pilot, "c3-003/bay03  ZL200303  r01 u05  data  failed")


async def test_filter_keeps_its_words(record: Record) -> None:
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3", "slash", *"failed")
        await sees(pilot, "1-1 of 1", "filter: failed (96 in all)")
        await pilot.press("escape", "1", "3")
        await sees(pilot, "filter: failed (96 in all)")


async def test_changes_come_without_a_key(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2")
        await sees(pilot, "c3-001     r01 u01   testing")
        record.put(record.server(1, Stage.TESTED, trouble="its fan is dead"))
        await sees(pilot, "c3-001     r01 u01   tested", "its fan is dead")
        record.store.observe("bmc", {"c3-002": {"state": "wrong password"}})
        await sees(pilot, "bad login")


async def test_hints_may_be_lost(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "12 testing")
        record.link.hints.clear()
        record.put(record.server(1, Stage.TESTED))
        await sees(pilot, "1 tested, 11 testing")


async def test_a_hint_is_shown_at_once(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("c3tui.app.C3App._second", lambda app: None)
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await sees(pilot, "12 testing")
        for n in range(1, 4):
            record.put(record.server(n, Stage.TESTED))
            await sees(pilot, f"{n} tested, {12 - n} testing")


async def test_a_screen_out_of_view_catches_up_when_shown(record: Record) -> None:
    record.busy()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("2", "h")
        record.put(record.server(1, Stage.TESTED))
        await sees(pilot, "1 tested, 11 testing")
        await pilot.press("2")
        await sees(pilot, "c3-001     r01 u01   tested")


async def test_text_from_outside_is_not_markup(record: Record) -> None:
    record.put(record.server(1, Stage.READY, trouble="[red]said [/] the BMC [@click=app.exit]"))
    app = app_of(record)
    async with app.run_test(size=LARGE) as pilot:
        await sees(pilot, "[red]said [/] the BMC [@click=app.exit]")


async def test_thousands_of_drives_are_read_and_shown(tmp_path_factory: pytest.TempPathFactory) -> None:
    record = Record(tmp_path_factory.mktemp("many") / "small", servers=200)
    record.put(*(record.server(n, Stage.TESTED) for n in range(1, 201)))
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await sees(pilot, "of 1600")
        await pilot.press("end")
        await sees(pilot, "c3-200/bay07")
    record.close()
