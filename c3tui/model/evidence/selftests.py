"""Self-test and error logs of the three protocols as common entries, the newest first."""

from collections.abc import Iterable, Sequence

from c3tui.model.evidence.terms import LoggedError, SelfTest, SelfTestResult
from c3tui.model.evidence.wire import Picker, Tree

WRAP = 65536
"""ATA logs keep 16 bits of the power-on hours: after seven and a half years they begin anew."""

_SCSI_ENTRIES = 20
_ATA = {0: SelfTestResult.PASSED, 1: SelfTestResult.ABORTED, 2: SelfTestResult.ABORTED,
        15: SelfTestResult.RUNNING} | dict.fromkeys(range(3, 9), SelfTestResult.FAILED)  # fmt: skip
_SCSI = {0: SelfTestResult.PASSED, 1: SelfTestResult.ABORTED, 2: SelfTestResult.ABORTED,
         15: SelfTestResult.RUNNING} | dict.fromkeys(range(3, 8), SelfTestResult.FAILED)  # fmt: skip
_NVME = dict.fromkeys((5, 6, 7), SelfTestResult.FAILED) | {0: SelfTestResult.PASSED}
"""Results by code: ACS-4 self-test execution status, SPC-5 self-test result, NVM Express self-test log. A
code that none of them names is an abort, which proves nothing."""


def ata_self_tests(picker: Picker, report: Tree, now: int | None) -> tuple[SelfTest, ...]:
    """The extended log, or the older standard one; ``now`` is the drive's power-on hours."""
    log = picker.node(report, "ata_smart_self_test_log")
    kind = "extended" if next(picker.rows(log, "extended", "table"), None) else "standard"
    rows = list(picker.rows(log, kind, "table"))
    stamps = unwrapped([picker.whole(row, "lifetime_hours", sane=10**6) for row in rows], now)
    return tuple(_ata_test(picker, row, hours) for row, hours in zip(rows, stamps, strict=True))


def _ata_test(picker: Picker, row: Tree, hours: int | None) -> SelfTest:
    type_ = picker.text(row, "type", "string")
    status = picker.node(row, "status")
    code = picker.whole(status, "value", most=255)
    result = _ATA.get(code >> 4, SelfTestResult.ABORTED) if code is not None else SelfTestResult.ABORTED
    if picker.flag(status, "passed") is False:
        result = SelfTestResult.FAILED
    return SelfTest(
        type=type_,
        extended=_extended(type_),
        result=result,
        status=picker.text(status, "string"),
        hours=hours,
        lba=picker.whole(row, "lba"),
        remaining=picker.whole(status, "remaining_percent", most=100),
    )


def _extended(type_: str) -> bool:
    return any(word in type_.lower() for word in ("extended", "long"))


def scsi_self_tests(picker: Picker, report: Tree) -> tuple[SelfTest, ...]:
    """``scsi_self_test_0`` and on; smartctl gives each a key of its own."""
    found = []
    for nth in range(_SCSI_ENTRIES):
        row = picker.node(report, f"scsi_self_test_{nth}")
        if not row:
            break
        type_ = picker.text(row, "code", "string")
        code = picker.whole(row, "result", "value", most=15)
        found.append(
            SelfTest(
                type=type_,
                extended=_extended(type_),
                result=_SCSI.get(code if code is not None else -1, SelfTestResult.ABORTED),
                status=picker.text(row, "result", "string"),
                hours=picker.whole(row, "power_on_time", "hours", sane=10**6),
                lba=picker.whole(row, "lba_first_failure", "value"),
            )
        )
    return tuple(found)


def nvme_self_tests(picker: Picker, report: Tree) -> tuple[SelfTest, ...]:
    """NVMe's log, which smartctl reads since 7.4."""
    found = []
    for row in picker.rows(report, "nvme_self_test_log", "table"):
        type_ = picker.text(row, "self_test_code", "string")
        code = picker.whole(row, "self_test_result", "value", most=15)
        found.append(
            SelfTest(
                type=type_,
                extended=_extended(type_),
                result=_NVME.get(code if code is not None else -1, SelfTestResult.ABORTED),
                status=picker.text(row, "self_test_result", "string"),
                hours=picker.whole(row, "power_on_hours", sane=10**6),
                lba=picker.whole(row, "lba"),
            )
        )
    return tuple(found)


def ata_errors(picker: Picker, report: Tree, now: int | None) -> tuple[int | None, tuple[LoggedError, ...]]:
    """How many errors the drive has logged, and the latest of them."""
    log = picker.node(report, "ata_smart_error_log")
    totals = [picker.whole(log, kind, "count", sane=10**6) for kind in ("extended", "summary") if kind in log]
    kind = "extended" if next(picker.rows(log, "extended", "table"), None) else "summary"
    rows = list(picker.rows(log, kind, "table"))
    stamps = unwrapped([picker.whole(row, "lifetime_hours", sane=10**6) for row in rows], now)
    found = []
    for row, hours in zip(rows, stamps, strict=True):
        text = picker.text(row, "error_description")
        found.append(LoggedError(text=text, hours=hours, media=" UNC" in f" {text}"))
    return max((each for each in totals if each is not None), default=None), tuple(found)


def unwrapped(stamps: Sequence[int | None], now: int | None) -> list[int | None]:
    """Power-on hours of log entries, newest first, with what 16 bits have lost put back.

    Without the drive's own hours they stay as they are.
    """
    if now is None:
        return list(stamps)
    made: list[int | None] = []
    latest = now
    for each in stamps:
        if each is None or each >= WRAP:
            made.append(each)
            continue
        if each > latest and latest == now:
            # The drive's hours and its log do not run on the same clock.
            made.append(each)
            continue
        latest = each + (latest - each) // WRAP * WRAP if each <= latest else each
        made.append(latest)
    return made


def failures(tests: Iterable[SelfTest]) -> tuple[SelfTest | None, SelfTest | None]:
    """The latest self-test that failed with nothing since to clear it, and the latest that was cleared.

    Only a pass of the same reach clears: a short test does not see what an extended one found.
    """
    passed_extended = passed_short = False
    cleared = None
    for each in tests:
        if each.result is SelfTestResult.PASSED:
            passed_extended = passed_extended or each.extended
            passed_short = True
        elif each.result is SelfTestResult.FAILED:
            if not (passed_extended or (passed_short and not each.extended)):
                return each, cleared
            cleared = cleared or each
    return None, cleared
