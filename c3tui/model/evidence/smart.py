"""``smartctl --json`` of any drive as evidence: ATA, SAS and NVMe, smartctl 7.0 and later."""

from c3tui.model.evidence import ata, nvme, scsi
from c3tui.model.evidence.common import KNOWN, Said, read_common
from c3tui.model.evidence.terms import SmartEvidence
from c3tui.model.evidence.wire import Picker, Tree, Unreadable, compact, parse
from c3tui.model.thresholds import EVERY_PROTOCOL, Protocol

COMMAND_LINE, OPEN = 0b01, 0b10
"""Exit bits after which there is no report: bad options, and a device that could not be opened or sleeps."""

SPOKEN = 3
"""Damaged values that a problem names; the others are counted."""


def read_smart(text: str | bytes) -> SmartEvidence:
    """The evidence in one SMART report. Never raises: what cannot be used says so in ``problem``.

    A value that is missing is None. One of the wrong type makes the report unusable, since smartctl never
    writes such; one that cannot be true is taken for missing and named in ``notes``.
    """
    try:
        report = parse(text)
    except Unreadable as error:
        return SmartEvidence(problem=f"the SMART report is {error}")
    picker = Picker()
    said = read_common(picker, report)
    protocol = _protocol(picker, report)
    said["protocol"] = protocol
    if protocol is not None:
        _READERS[protocol](picker, report, said)
    if said["rpm"]:
        # smartctl guesses spare out of the reallocated sectors of spinning drives too.
        said["wear"] = said["spare"] = said["spare_threshold"] = None
    said["extra"] = {key[:80]: compact(report[key]) for key in report if key not in KNOWN}
    said["notes"] = tuple(picker.notes)
    said["problem"] = _problem(picker, report, said)
    said["lacks"] = () if said["problem"] else tuple(_lacks(said))
    return SmartEvidence(**said)


_READERS = {"ATA": ata.read, "SCSI": scsi.read, "NVMe": nvme.read}


def _protocol(picker: Picker, report: Tree) -> Protocol | None:
    named = picker.text(report, "device", "protocol")
    return next((each for each in EVERY_PROTOCOL if each == named), None)


def _problem(picker: Picker, report: Tree, said: Said) -> str:
    """Why the report cannot be used, or nothing when it can; damage first."""
    if picker.damaged:
        more = len(picker.damaged) - SPOKEN
        tail = f"; and {more} more" if more > 0 else ""
        return f"the SMART report is damaged: {'; '.join(picker.damaged[:SPOKEN])}{tail}"
    messages = [picker.text(each, "string") for each in picker.rows(report, "smartctl", "messages")]
    errors = "; ".join(each for each in messages if each)
    if (said.get("exit_status") or 0) & (COMMAND_LINE | OPEN):
        return f"smartctl could not read the device: {errors or '; '.join(said['exit_bits'])}"
    if said["protocol"] is None:
        other = picker.text(report, "device", "protocol")
        kind = f"it speaks {other!r}" if other else "the report names no protocol"
        return f"not a drive that SMART is known of: {kind}{f' ({errors})' if errors else ''}"
    if said["smart_available"] is False:
        return "the device has no SMART: a USB bridge, a RAID volume or a virtual disk hides the drive"
    if said["smart_enabled"] is False:
        return "SMART is switched off in the drive; smartctl --smart=on switches it on"
    return ""


def _lacks(said: Said) -> list[str]:
    """What a verdict needs and this report does not say."""
    lacks = []
    if not said["model"]:
        lacks.append("the model")
    if said.get("smart_passed") is None:
        lacks.append("the drive's own health status (a RAID volume or a bridge hides it)")
    lacks += [what for what, terms in _needed(said) if all(said.get(term) is None for term in terms)]
    return lacks


def _needed(said: Said) -> list[tuple[str, tuple[str, ...]]]:
    match said["protocol"]:
        case "NVMe":
            return [
                ("media errors", ("media_errors",)),
                ("wear", ("wear",)),
                ("spare blocks", ("spare",)),
                ("the critical warnings", ("critical_warning",)),
            ]
        case "SCSI":
            counters = ("grown_defects", "read_uncorrected", "write_uncorrected", "verify_uncorrected")
            return [("the grown defect list and error counters", counters)]
    if said.get("rpm") == 0:
        return [("wear, spare and reallocated blocks", ("wear", "spare", "reallocated"))]
    return [("reallocated sectors", ("reallocated",)), ("pending sectors", ("pending",))]
