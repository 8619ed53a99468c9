"""One drive by its own report: thresholds, what it says of itself, what changed, and what else tested it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from c3tui.checks.drives.policy import DEFAULT, Policy, figure
from c3tui.checks.drives.signs import history, status
from c3tui.model.evidence.judgement import Judgement, Klass, Reason, conclude
from c3tui.model.evidence.results import TestEvidence, TestOutcome
from c3tui.model.evidence.terms import Media, SmartEvidence

GROWING = (
    ("reallocated", "reallocated sectors"),
    ("pending", "pending sectors"),
    ("grown_defects", "grown defects"),
    ("reported_uncorrectable", "errors that could not be corrected"),
    ("media_errors", "media errors"),
)
"""What must not grow while a drive is on trial; it is not worn by then, it is failing."""

OWN_STATUS = "smartctl"
"""MAAS's tests of this name judge by smartctl's exit status, which is 64 for a sound drive with an old log
entry: what they fail is judged by the report itself."""


@dataclass(frozen=True)
class Context:
    """What is known of a drive beside its report."""

    media: Media | None = None
    """What its bay is for."""
    least_capacity: int | None = None
    """Bytes that it must at least have, such as those of the drive it replaces."""
    before: SmartEvidence | None = None
    """Its report from before the tests."""
    tests: Sequence[TestEvidence] = ()
    """What else tested it."""


NOTHING = Context()


def judge(evidence: SmartEvidence, policy: Policy = DEFAULT, seen: Context = NOTHING) -> Judgement:
    """What an engineer should be told of a drive, with the numbers that decide.

    A report that cannot be used, or that lacks what a verdict needs, is *not tested*, never a pass; a fault
    that it does tell of counts all the same.
    """
    if evidence.problem or evidence.protocol is None:
        return conclude([*_unread(evidence), *_tests(seen)], "")
    reasons = list(status(evidence))
    for limit in policy.applying(evidence):
        value = getattr(evidence, limit.rule.term)
        if value is not None and (reason := limit.reason(value)):
            reasons.append(reason)
    reasons += history(evidence)
    if evidence.lacks:
        text = f"not tested: the SMART report does not say {', nor '.join(evidence.lacks)}"
        reasons.append(Reason(rule="incomplete", klass=Klass.NOT_TESTED, text=text))
    reasons += [*_bay(evidence, seen), *_growth(evidence, seen), *_tests(seen)]
    return conclude(reasons, _sound(evidence))


def _unread(evidence: SmartEvidence) -> Iterator[Reason]:
    text = f"not tested: {evidence.problem or 'the SMART report names no protocol'}"
    yield Reason(rule="unusable", klass=Klass.NOT_TESTED, text=text)


def _bay(evidence: SmartEvidence, seen: Context) -> Iterator[Reason]:
    if seen.media and evidence.media and evidence.media != seen.media:
        text = f"{evidence.media.upper()} in a bay for {seen.media.upper()}"
        yield Reason(rule="wrong-bay", klass=Klass.WATCH, text=text)
    if seen.least_capacity and evidence.capacity and evidence.capacity < seen.least_capacity:
        text = (
            f"{terabytes(evidence.capacity)}, smaller than the {terabytes(seen.least_capacity)} needed here"
        )
        yield Reason(
            rule="too-small",
            klass=Klass.REPLACE,
            text=text,
            value=evidence.capacity,
            limit=seen.least_capacity,
        )


def _growth(evidence: SmartEvidence, seen: Context) -> Iterator[Reason]:
    before = seen.before
    if before is None or not before.usable or before.serial != evidence.serial:
        return
    for term, says in GROWING:
        then, now = getattr(before, term), getattr(evidence, term)
        if then is not None and now is not None and now > then:
            text = f"{says} grew from {then} to {now} during the tests"
            # Solid state retires a block now and then; a spinning drive that does so on trial is failing.
            flash = term == "reallocated" and evidence.rotational is False
            klass = Klass.WATCH if flash else Klass.REPLACE
            yield Reason(rule="growing", klass=klass, text=text, value=now, limit=then)
    then, now = before.crc_errors, evidence.crc_errors
    if then is not None and now is not None and now > then:
        text = f"CRC errors on the link grew from {then} to {now} during the tests: cable or backplane"
        yield Reason(rule="growing-crc", klass=Klass.WATCH, text=text, value=now, limit=then)


def _tests(seen: Context) -> Iterator[Reason]:
    for each in seen.tests:
        detail = f": {each.detail}" if each.detail else ""
        match each.outcome:
            case TestOutcome.NOT_RUN:
                text = f"not tested: {each.name} did not run to its end{detail}"
                yield Reason(rule="not-run", klass=Klass.NOT_TESTED, text=text)
            case TestOutcome.FAILED if not each.name.startswith(OWN_STATUS):
                yield Reason(rule="test-failed", klass=Klass.REPLACE, text=f"{each.name} failed{detail}")
            case TestOutcome.FAILED:
                text = f"{each.name} failed{detail}; it judges by smartctl's exit status"
                yield Reason(rule="maas-failed", klass=Klass.GOOD, text=text)
            case TestOutcome.DEGRADED:
                yield Reason(rule="degraded", klass=Klass.WATCH, text=f"{each.name}: degraded{detail}")


def _sound(evidence: SmartEvidence) -> str:
    """The figures people ask for of a drive that nothing is against."""
    figures = [
        f"{figure(value)} {says}"
        for value, says in (
            (evidence.hours, "h"),
            (evidence.reallocated if evidence.rotational is not False else None, "reallocated"),
            (evidence.pending, "pending"),
            (evidence.grown_defects, "grown defects"),
            (evidence.media_errors, "media errors"),
            (evidence.wear, "% worn"),
        )
        if value is not None
    ]
    return f"SMART passed: {', '.join(figures)}"


def terabytes(capacity: int) -> str:
    """A capacity as it is printed on the drive: TB of 10^12 bytes, GB below one."""
    return f"{capacity / 1e12:.3g} TB" if capacity >= 1e12 else f"{capacity / 1e9:.0f} GB"
