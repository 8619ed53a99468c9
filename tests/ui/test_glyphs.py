"""What a console can draw: every screen and dialog at 80x24, glyph by glyph and colour by colour."""

import importlib
import pkgutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from rich.color import Color, ColorSystem
from rich.segment import Segment
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Input

import screens
from c3tui.app import C3App
from c3tui.engine.errors import Unreachable
from c3tui.model.finding import Severity
from c3tui.model.fleet import BmcReading, BmcState, Drive, Power, Stage, TestState, Use
from c3tui.model.light import Stop
from c3tui.model.replacement import Decision, Verdict
from screens import SCREENS, SIDE_SCREENS, signs
from screens.dialogs import (
    Choose,
    Confirm,
    Failure,
    Guide,
    KeyList,
    Reading,
    Reason,
    TypedConfirm,
    WalkDialog,
)
from screens.dialogs.frame import Dialog
from screens.dialogs.login import AskLogin
from screens.network.files import ask_path
from screens.network.pages import PAGES
from tests.ui.records import IDS, Record
from tests.ui.views import SMALL, app_of, text, until

LAT15 = frozenset(
    [chr(code) for code in (*range(0x20, 0x7F), *range(0xA0, 0x100))]
    + list("\u20ac\u0152\u0153\u0160\u0161\u0178\u017d\u017e")
    # Single, heavy and double box lines, rounded corners, full block, two shades, arrows, bullets, ellipsis.
    + [chr(code) for code in (*range(0x2500, 0x2570), *range(0x2574, 0x2578))]
    + list("\u2588\u2591\u2592\u2190\u2191\u2192\u2193\u2022\u25cf\u2026")
)
"""What Debian's Lat15 fonts (Fixed16, VGA16, Terminus16) have in their Unicode tables, or near enough.

Not among them: half and eighth blocks, dark shade, braille, emoji, and the ``tall`` and ``wide`` borders.
"""

PALETTE = (0x000000, 0xAA0000, 0x00AA00, 0xAA5500, 0x0000AA, 0xAA00AA, 0x00AAAA, 0xAAAAAA)
BRIGHT = (0x555555, 0xFF5555, 0x55FF55, 0xFFFF55, 0x5555FF, 0xFF55FF, 0x55FFFF, 0xFFFFFF)
"""The VGA text palette."""
LEAST_CONTRAST = 2.5
"""Red on black has 2.7, which is the least that is meant; blue on black, 1.6, is what must not be."""


def luminance(colour: int) -> float:
    parts = [(colour >> shift & 255) / 255 for shift in (16, 8, 0)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: int, other: int) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def drawn(colour: Color | None, background: bool) -> int:
    """What a console of sixteen colours makes of it; it folds bright backgrounds to dark ones."""
    if colour is None or colour.is_default:
        return PALETTE[0 if background else 7]
    number = colour.downgrade(ColorSystem.STANDARD).number
    assert number is not None
    return PALETTE[number % 8] if background or number < 8 else BRIGHT[number - 8]


def seen_contrast(segment: Segment) -> float:
    style = segment.style
    fore, back = drawn(style.color if style else None, False), drawn(style.bgcolor if style else None, True)
    return contrast(fore, back)


def segments(app: C3App) -> Iterator[Segment]:
    """Every run of cells as it goes to the terminal."""
    for strip in app.screen._compositor.render_strips():
        for each in (filter for filter in app._filters if filter.enabled):
            strip = strip.apply_filter(each, app.screen.styles.background)
        yield from strip


def faults(app: C3App, where: str) -> list[str]:
    """What a console could not show of the screen as it is now."""
    found = []
    for segment in segments(app):
        if strange := {char for char in segment.text if char not in LAT15}:
            found.append(f"{where}: no glyph for {sorted(strange)!r} in {segment.text!r}")
        if segment.text.strip() and seen_contrast(segment) < LEAST_CONTRAST:
            found.append(f"{where}: {segment.text!r} is {segment.style}")
    return found


def full(record: Record) -> None:
    record.busy()


def troubled(record: Record) -> None:
    record.problems()
    readings = [
        BmcReading(state=state, detail=f"{state.value} since 10:00", inlet_c=41.0, fans_failed=1, fault=True)
        for state in BmcState
    ]
    named = {f"c3-{n:03d}": reading.model_dump(mode="json") for n, reading in enumerate(readings, 1)}
    record.store.observe("bmc", named)
    record.put(*(record.server(n, stage) for n, stage in enumerate(Stage, 1) if n not in (3, 5, 7)))


async def walk(record: Record) -> tuple[list[str], set[str]]:
    """Look at every screen, page and dialog: what is wrong with them, and which were seen."""
    app = app_of(record)
    found: list[str] = []
    seen = {*SCREENS, *SIDE_SCREENS}
    async with app.run_test(size=SMALL) as pilot:
        app.session.server, app.session.drive = "c3-003", "c3-003/bay03"
        for name in (*SCREENS, *SIDE_SCREENS):
            app.action_go(name)
            await until(pilot, lambda name=name: getattr(app.screen, "ID", "") == name)  # type: ignore[misc]
            await pilot.pause()
            found += faults(app, name)
            if name == "network":
                found += await pages(app, pilot)
            if app.screen.query("#filter"):
                await pilot.press("slash")
                found += faults(app, f"{name} before a filter is typed")
                app.screen.query_one("#filter", Input).value = "rack:r01 -zz colour:red"
                await pilot.pause()
                found += faults(app, f"{name} with a filter")
            app.action_go("home")
        for dialog in dialogs(app):
            app.push_screen(dialog)
            await until(pilot, lambda dialog=dialog: app.screen is dialog)  # type: ignore[misc]
            await pilot.pause()
            found += faults(app, type(dialog).__name__)
            seen.add(type(dialog).__name__)
            app.pop_screen()
    return found, seen


async def pages(app: C3App, pilot: Pilot[None]) -> list[str]:
    """What is wrong with the pages of the network screen, and with a field while one stands in it."""
    found: list[str] = []
    for page in reversed(PAGES):
        await pilot.press(page.key)
        await until(pilot, lambda page=page: f"{page.key}[{page.title}" in text(app))  # type: ignore[misc]
        await pilot.pause()
        found += faults(app, f"network, {page.title}")
    return found


def every_dialog() -> set[str]:
    """Each kind of dialog in the wizard, by its name; those that only others are made of left out."""
    for module in pkgutil.walk_packages(screens.__path__, "screens."):
        importlib.import_module(module.name)
    kinds: set[str] = set()
    waiting: list[type[Dialog[Any]]] = [Dialog]
    while waiting:
        known: list[type[Dialog[Any]]] = waiting.pop().__subclasses__()
        waiting += known
        kinds |= {each.__name__ for each in known if each.__module__.startswith("screens.")}
    return kinds


def dialogs(app: C3App) -> Iterator[Screen[Any]]:
    """One of each kind, and every guide."""
    victims = [f"c3-{n:03d}/bay00 Micron ZL2{n:03d}00: all that is on it" for n in range(1, 31)]
    yield Choose(
        "Stop hardware?", [("no", "No, let it go on"), ("now", "Stop it now")], ["It can run again."]
    )
    yield Confirm("Switch power?", "Yes, switch OFF, hard: c3-001", lines=["c3-001, r01 u01: ready"])
    yield TypedConfirm("Deploy destroys what is on these.", victims, "small")
    yield Reason("Waive 1 finding", {"key": "half a word"}, "key", ["c3-005: BMC does not answer"])
    yield Reading("Check of network", ["2 of 3 networks", "- make fabric-2"])
    yield Failure(
        Unreachable("it does not answer", where="c3-001 at 10.0.0.11", remedy="Look at it"), "ask it"
    )
    yield KeyList(app.screen)
    yield AskLogin("Login of c3-001", "ADMIN", [[("c3-001", "strong"), ("  wrong password", "bad")]])
    yield WalkDialog(app.session, TOLD)
    yield ask_path("Write the hosts", {}, "export", "hosts.csv", Path("sites/small"))
    for name in ("home", *IDS):
        yield Guide(name)


TOLD: dict[str, Any] = {
    "walk": "w1",
    "at": 1,
    "count": 3,
    "skipped": True,
    "said": ["Server LED: lit.", "LED of bay 3: NOT LIT; the server does not answer."],
    "stop": Stop(
        server="c3-001",
        slot=3,
        rack="r07",
        unit=12,
        serial="SRV00001",
        reason="12 reallocated sectors",
        drive_serial="ZL200702",
        drive_model="ST16000NM001G",
        drive_size=16_000_900_661_248,
    ).model_dump(mode="json"),
}


@pytest.mark.parametrize("fill", [full, troubled])
async def test_a_console_can_draw_every_screen(record: Record, fill: Any) -> None:
    fill(record)
    found, seen = await walk(record)
    assert found == []
    assert {"home", "server", "findings", "replacements", "runlog", *IDS} <= seen
    assert every_dialog() - seen == set(), "a dialog that nobody has looked at: add one to dialogs()"


async def test_without_colour_every_screen_is_readable(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    troubled(record)
    found, _ = await walk(record)
    assert found == []


async def test_without_colour_the_cursor_is_seen(record: Record, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    record.problems()
    app = app_of(record)
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("3")
        await until(pilot, lambda: any(is_cursor(segment) for segment in segments(app)))
        await pilot.press("m")
        await until(
            pilot, lambda: any(segment.text == "S" and reversed_(segment) for segment in segments(app))
        )
        for segment in segments(app):
            assert segment.style is None or segment.style.color is None or segment.style.color.is_default


def reversed_(segment: Segment) -> bool:
    return bool(segment.style and segment.style.reverse)


def is_cursor(segment: Segment) -> bool:
    return segment.text.startswith("> c3-005/bay00") and reversed_(segment)


def distinct(*texts: str) -> bool:
    return len(set(texts)) == len(texts)


def test_states_differ_by_text_alone() -> None:
    assert distinct(*(sign for sign, _ in signs.STAGES.values()), "!")
    assert distinct(*(sign for sign, _, _ in signs.OUTCOMES.values()), "~")
    assert distinct(*(words for _, _, words in signs.OUTCOMES.values()))
    assert distinct(*(signs.SEVERITIES[severity][0] for severity in Severity))
    states = [BmcReading(state=state, power=Power.ON) for state in BmcState]
    old = BmcReading(state=BmcState.OK, power=Power.ON, at=datetime(2020, 1, 1, tzinfo=UTC))
    states += [BmcReading(state=BmcState.OK), old]
    assert distinct(*(signs.bmc_word(each)[0] for each in states))
    drives = [Drive(serial="s", test=test) for test in TestState]
    assert distinct(*(signs.test_word(drive)[0] for drive in drives))


def test_bays_differ_by_sign_alone() -> None:
    accepted = Verdict(id="x", bay="b", serial="s", decision=Decision.ACCEPT, reason="r", by="anna")
    shown = {signs.drive_sign(None, None, None)[0], signs.drive_sign(Drive(serial="s"), accepted, None)[0]}
    passed = [Drive(serial="s", use=use, test=TestState.PASSED) for use in Use]
    others = [Drive(serial="s", test=test) for test in TestState if test is not TestState.PASSED]
    shown |= {signs.drive_sign(drive, None, None)[0] for drive in (*passed, *others)}
    assert len(shown) == 2 + len(passed) + len(others)


def test_the_contrast_that_is_asked_for_tells_good_from_bad() -> None:
    assert contrast(PALETTE[1], PALETTE[0]) > LEAST_CONTRAST > contrast(PALETTE[4], PALETTE[0])
    assert drawn(Color.parse("color(8)"), True) == drawn(None, True), "a bright background is not folded"
