"""What judgements on drives and on the other parts of servers mean for the engineer: the rules by family."""

from collections.abc import Mapping

from c3tui.checks.catalogue import Known, Says, check
from c3tui.model.evidence.judgement import Klass
from c3tui.model.finding import Severity
from c3tui.model.judged import PREFIX
from c3tui.model.plan import Plan

DRIVE_REPLACE = "drive.replace"
DRIVE_WATCH = "drive.watch"
DRIVE_NOT_TESTED = "drive.not-tested"
PART_NOT_TESTED = "server.not-tested"

DRIVE_CHECKS: Mapping[str, Klass] = {
    DRIVE_REPLACE: Klass.REPLACE,
    DRIVE_WATCH: Klass.WATCH,
    DRIVE_NOT_TESTED: Klass.NOT_TESTED,
}
"""Families of findings on drives, by the class that opens them."""

SERVER_RULES: Mapping[str, tuple[str, ...]] = {
    "server.ecc-uncorrected": ("ecc-uncorrected",),
    "server.ecc-corrected": ("ecc-corrected",),
    "server.dimm-layout": ("dimm-layout",),
    "server.nic-speed": ("nic-speed",),
    "server.mtu": ("mtu",),
    "server.pcie-link": ("pcie-width", "pcie-speed"),
    "server.psu": ("psu",),
    "server.fan": ("fan",),
    "server.clock": ("clock",),
    "server.degraded": ("degraded",),
}
"""Families of findings on other parts, and the rules of the judgement that open them."""


def subject(server: str, place: str) -> str:
    """What a finding on a part is about: the part where it has a place of its own, else the server."""
    return f"{server}/{place}" if place else server


def _of_class(klass: Klass, known: Known) -> Says:
    for bay, judged in (known.drives or {}).items():
        if judged.klass is klass:
            yield bay, f"{judged.model} {judged.serial}".strip() + f": {judged.headline}", ()


@check(
    DRIVE_REPLACE,
    step="hardware",
    severity=Severity.CRITICAL,
    needs="drives",
    cause="a drive fails, or its numbers say that it will",
    remedy="Replace it: the list of replacements says where it sits; or accept it with a reason",
)
def _replace(plan: Plan, known: Known) -> Says:
    return _of_class(Klass.REPLACE, known)


@check(
    DRIVE_WATCH,
    step="hardware",
    severity=Severity.WARNING,
    needs="drives",
    cause="a drive is worn, hot, slow or unlike its siblings, and works",
    remedy="Decide: use it, replace it, or accept it with a reason; it is used as long as nobody does",
)
def _watch(plan: Plan, known: Known) -> Says:
    return _of_class(Klass.WATCH, known)


@check(
    DRIVE_NOT_TESTED,
    step="hardware",
    severity=Severity.WARNING,
    needs="drives",
    cause="no test could tell whether a drive is sound",
    remedy="Test it again, replace it, or accept it with a reason",
)
def _not_tested(plan: Plan, known: Known) -> Says:
    return _of_class(Klass.NOT_TESTED, known)


def _enter(id: str, cause: str, remedy: str, severity: Severity = Severity.WARNING) -> None:
    """Enter the rule that tells of one family of parts."""
    rules = SERVER_RULES[id]

    @check(id, step="hardware", severity=severity, needs="hardware", cause=cause, remedy=remedy)
    def rule(plan: Plan, known: Known) -> Says:
        for server, judgement in (known.hardware or {}).items():
            for reason in judgement.reasons:
                if reason.rule in rules and reason.klass in (Klass.WATCH, Klass.REPLACE):
                    yield subject(server, reason.place), reason.text, ()


_MARK = "Mark the part for replacement, or waive this with a reason"

for _id, _cause, _remedy in (
    ("server.ecc-corrected", "a memory module needs correction again and again", f"Reseat it. {_MARK}"),
    ("server.dimm-layout", "memory sits otherwise than in its sisters", "Put it where its sisters have it"),
    ("server.nic-speed", "a port is slower than it can be", "Look at cable, transceiver and switch port"),
    ("server.mtu", "large packets are cut on their way", "Set the same MTU on every switch port of the way"),
    ("server.pcie-link", "a card has fewer lanes, or is slower, than it can", f"Reseat it. {_MARK}"),
    ("server.psu", "a power supply is missing or dead: the next failure takes the server down", _MARK),
    ("server.fan", "a fan stands still, or is far from the same fan of its sisters", _MARK),
    ("server.clock", "a clock is off: certificates and Ceph's monitors will not agree", "Set it, see NTP"),
    ("server.degraded", "a test of the server says degraded", "Read its output in MAAS, mend the part"),
):
    _enter(_id, _cause, _remedy)

_enter(
    "server.ecc-uncorrected",
    "a memory module has lost data",
    f"Do not build on it. {_MARK}",
    Severity.CRITICAL,
)


@check(
    PART_NOT_TESTED,
    step="hardware",
    severity=Severity.WARNING,
    needs="hardware",
    cause="no test could tell whether a part of the server is sound",
    remedy="Mend what kept the test from running, then run the step again; or waive this",
)
def _part_not_tested(plan: Plan, known: Known) -> Says:
    for server, judgement in (known.hardware or {}).items():
        for reason in judgement.reasons:
            if reason.klass is Klass.NOT_TESTED:
                yield server, reason.text.replace(PREFIX, ""), ()
