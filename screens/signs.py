"""Signs and tones: the one character and the colour that stand for each state.

Signs are ASCII: every console font, serial line and screen reader has them. A tone never speaks alone.
"""

import time

from c3tui.model.evidence.judgement import Klass
from c3tui.model.finding import FindingState, Severity
from c3tui.model.fleet import BmcReading, BmcState, Drive, Power, Server, Stage, TestState, Use
from c3tui.model.replacement import Decision, Phase, Replacement, Verdict
from c3tui.model.run import Outcome, StepStatus

ASKED_AGAIN = "ask again"
"""A verdict that new evidence has overtaken."""

Span = tuple[str, str]
"""Text and its tone: good, warn, bad, busy, dim, strong, or empty for plain."""

STAGES: dict[Stage, tuple[str, str]] = {
    Stage.EXPECTED: (".", "dim"),
    Stage.POWERED: ("p", "busy"),
    Stage.ENLISTED: ("e", "busy"),
    Stage.COMMISSIONING: ("c", "busy"),
    Stage.READY: ("R", ""),
    Stage.TESTING: ("t", "busy"),
    Stage.TESTED: ("T", ""),
    Stage.DEPLOYING: ("d", "busy"),
    Stage.DEPLOYED: ("D", ""),
    Stage.JOINING: ("j", "busy"),
    Stage.NODE: ("N", "good"),
}
"""Lower case is on its way, upper case has arrived."""

OUTCOMES: dict[Outcome | None, tuple[str, str, str]] = {
    None: (".", "dim", "not run yet"),
    Outcome.RUNNING: (">", "busy", "running"),
    Outcome.DONE: ("+", "good", "done"),
    Outcome.WARNING: ("*", "warn", "some left behind"),
    Outcome.FAILED: ("!", "bad", "failed"),
    Outcome.CANCELLED: ("x", "warn", "stopped"),
    Outcome.INTERRUPTED: ("?", "bad", "interrupted: its engine died"),
}

SEVERITIES: dict[Severity, tuple[str, str]] = {
    Severity.CRITICAL: ("!", "bad"),
    Severity.WARNING: ("*", "warn"),
    Severity.INFO: ("i", "dim"),
}

CLASS_TONES = {"good": "good", "watch": "warn", "replace": "bad", "not tested": "warn"}
"""Classes of drives as they are said, in the order they are counted, and how they are toned."""
DRIVE_LEGEND = (
    "T passed  ~ testing  w watch  ? not tested  ! failed  Q asked again  X replace  A accepted  S system  "
    ". empty"
)
STAGE_LEGEND = (
    ". expected  p powered  e enlisted  c commissioning  R ready  t testing  T tested  "
    "d deploying  D deployed  j joining  N node  ! trouble"
)


def server_sign(server: Server) -> Span:
    """A server in one character; trouble shows before the stage."""
    if server.trouble:
        return "!", "bad"
    return STAGES[server.stage]


def stage_word(server: Server) -> Span:
    """A server's stage in a word."""
    tone = "bad" if server.trouble else STAGES[server.stage][1]
    return server.stage.value, tone


def step_sign(status: StepStatus | None, running: bool = False) -> tuple[str, str, str]:
    """A step's sign, tone and words; a run under way shows before what came of the last one."""
    if running:
        return OUTCOMES[Outcome.RUNNING]
    if status and status.stale:
        return "~", "warn", "done before the plan changed: run it again"
    return OUTCOMES[status.outcome if status else None]


def drive_sign(
    drive: Drive | None, verdict: Verdict | None, replacement: Replacement | None, klass: Klass | None = None
) -> Span:
    """A bay in one character; ``klass`` is what was made of the drive's evidence."""
    if replacement and replacement.open:
        return "X", "warn"
    if drive is None:
        return ".", "dim"
    if verdict and verdict.asked_again:
        return "Q", "bad"
    if verdict and verdict.decision is Decision.ACCEPT:
        return "A", "warn"
    signs: dict[TestState, Span] = {
        TestState.FAILED: ("!", "bad"),
        TestState.RUNNING: ("~", "busy"),
        TestState.NOT_TESTED: ("?", "warn"),
        TestState.PASSED: ("S", "") if drive.use is Use.SYSTEM else ("T", "good"),
    }
    if drive.test is TestState.RUNNING or klass in (None, Klass.GOOD):
        return signs[drive.test]
    return {Klass.WATCH: ("w", "warn"), Klass.REPLACE: ("!", "bad")}.get(klass, ("?", "warn"))


def class_word(drive: Drive, klass: Klass | None) -> Span:
    """What was made of a drive, in a word; while nothing was, what the tests say."""
    if klass is None or drive.test is TestState.RUNNING:
        return test_word(drive)
    return klass.value, CLASS_TONES[klass.value]


def test_word(drive: Drive) -> Span:
    """What the tests say, in a word."""
    tones = {TestState.PASSED: "good", TestState.FAILED: "bad", TestState.RUNNING: "busy"}
    return drive.test.value, tones.get(drive.test, "warn")


def verdict_word(verdict: Verdict | None, replacement: Replacement | None) -> Span:
    """The decision on a part, or how far its replacement is."""
    if replacement and replacement.open:
        return replacement.phase.value, "warn"
    if verdict is None:
        return "-", "dim"
    if verdict.asked_again:
        return ASKED_AGAIN, "bad"
    return verdict.decision.value, {Decision.USE: "good"}.get(verdict.decision, "warn")


def bmc_word(reading: BmcReading | None) -> Span:
    """Chassis power, or why it is not known; what nobody has confirmed for long is not known any more."""
    if reading is None or reading.state is BmcState.NEW:
        return "not asked", "dim"
    if reading.state is not BmcState.OK:
        words = {
            BmcState.WRONG_PASSWORD: "bad login",
            BmcState.NO_SESSION: "busy",
            BmcState.NO_LOGIN: "no login",
        }
        return words.get(reading.state, reading.state.value), "bad"
    if reading.stale(time.time()):
        return "stale", "warn"
    return {Power.ON: ("on", "good"), Power.OFF: ("off", "dim")}.get(reading.power, ("unknown", "warn"))


def phase_tone(phase: Phase) -> str:
    """How a replacement's phase is toned."""
    return {Phase.CLOSED: "good", Phase.WITHDRAWN: "dim", Phase.RETESTED: "good"}.get(phase, "warn")


def finding_tone(state: FindingState, severity: Severity) -> str:
    """How a finding is toned: one that is dealt with recedes."""
    return SEVERITIES[severity][1] if state is FindingState.OPEN else "dim"
