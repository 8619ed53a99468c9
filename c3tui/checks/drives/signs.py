"""What a drive says of itself in words rather than counts: its status, warnings, attributes, self-tests."""

from collections.abc import Iterator

from c3tui.model.evidence.judgement import Klass, Reason
from c3tui.model.evidence.selftests import failures
from c3tui.model.evidence.terms import Attribute, SelfTest, SelfTestResult, SmartEvidence

FAILING, PAST = 1 << 3, 1 << 5
"""Bits of smartctl's exit status (smartctl(8)): the drive is failing; an attribute was at its threshold."""

MILD = ("Temperature", "Airflow", "Power_On_Hours")
"""Attributes whose threshold tells of heat or age, not of a fault in the drive."""

HOT = 1 << 1
"""NVMe's critical warning for temperature: the bay is at fault, not the drive."""


def status(evidence: SmartEvidence) -> Iterator[Reason]:
    """The drive's own overall verdict, and NVMe's critical warnings."""
    yield from _failing(evidence)
    yield from _warnings(evidence)


def history(evidence: SmartEvidence) -> Iterator[Reason]:
    """What stands in its attributes and logs, and what of the report is doubtful."""
    for each in (_attributes, _self_tests, _exit, _doubts):
        yield from each(evidence)


def _failing(evidence: SmartEvidence) -> Iterator[Reason]:
    hot = evidence.protocol == "NVMe" and evidence.critical_warning == HOT
    if (evidence.smart_passed is False or (evidence.exit_status or 0) & FAILING) and not hot:
        yield Reason(
            rule="failing", klass=Klass.REPLACE, text="SMART status FAILED: the drive gives itself up"
        )


def _warnings(evidence: SmartEvidence) -> Iterator[Reason]:
    for bit, text in enumerate(evidence.critical_warnings):
        heat = text.startswith("temperature")
        klass = Klass.WATCH if heat else Klass.REPLACE
        yield Reason(rule="critical-warning", klass=klass, text=f"critical warning: {text}", value=bit)


def _attributes(evidence: SmartEvidence) -> Iterator[Reason]:
    for each in evidence.attributes:
        now = each.failed == "now" or (each.threshold and 0 < each.value <= each.threshold)
        if now or each.failed == "past" or _was(each):
            yield _at_threshold(each, bool(now))
    if (evidence.exit_status or 0) & PAST and not any(
        each.failed or _was(each) for each in evidence.attributes
    ):
        yield Reason(
            rule="threshold-past", klass=Klass.WATCH, text="an attribute was at its failure threshold before"
        )


def _was(attribute: Attribute) -> bool:
    worst, threshold = attribute.worst, attribute.threshold
    return bool(worst and threshold and 0 < worst <= threshold)


def _at_threshold(attribute: Attribute, now: bool) -> Reason:
    mild = not attribute.prefail or any(word in attribute.name for word in MILD)
    klass = Klass.REPLACE if now and not mild else Klass.WATCH
    value = attribute.value if now else attribute.worst
    text = (
        f"{attribute.name} ({attribute.id}) {'is' if now else 'was'} at {value}, "
        f"threshold {attribute.threshold}, raw {attribute.raw_text or attribute.raw}"
    )
    return Reason(
        rule="threshold" if now else "threshold-past",
        klass=klass,
        text=text,
        value=value,
        limit=attribute.threshold,
    )


def _self_tests(evidence: SmartEvidence) -> Iterator[Reason]:
    failed, cleared = failures(evidence.self_tests)
    if failed:
        text = f"self-test failed: {_told(failed, evidence.hours)}"
        yield Reason(rule="self-test", klass=Klass.REPLACE, text=text, value=failed.lba)
    elif cleared:
        text = f"self-test failed before, and passed since: {_told(cleared, evidence.hours)}"
        yield Reason(rule="self-test-past", klass=Klass.WATCH, text=text, value=cleared.lba)
    latest = evidence.self_tests[0] if evidence.self_tests else None
    if latest and latest.result in (SelfTestResult.ABORTED, SelfTestResult.RUNNING):
        text = f"its latest self-test proves nothing: {_told(latest, evidence.hours)}"
        yield Reason(rule="self-test-aborted", klass=Klass.GOOD, text=text)


def _told(test: SelfTest, now: int | None) -> str:
    ago = ""
    if test.hours is not None:
        old = now - test.hours if now is not None and now >= test.hours else None
        ago = f" at {test.hours} h" if old is None else f" {old} power-on hours ago"
    where = f" at LBA {test.lba}" if test.lba is not None else ""
    left = f", {test.remaining} % left" if test.remaining else ""
    return f"{test.type or 'self-test'}{ago}: {test.status or test.result}{where}{left}"


def _exit(evidence: SmartEvidence) -> Iterator[Reason]:
    if evidence.exit_status:
        text = f"smartctl exits {evidence.exit_status}: {', '.join(evidence.exit_bits)}"
        yield Reason(rule="exit-status", klass=Klass.GOOD, text=text, value=evidence.exit_status)


def _doubts(evidence: SmartEvidence) -> Iterator[Reason]:
    for each in evidence.notes:
        yield Reason(rule="doubt", klass=Klass.GOOD, text=f"taken for missing: {each}")
