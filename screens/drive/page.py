"""The story of a drive as text: the judgement in front, then the numbers that decided, then its history."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from math import isclose

from c3tui.model.campaign import minutes
from c3tui.model.evidence import Klass, Reason, SelfTestResult
from c3tui.model.replacement import Replacement
from screens.drive.story import Story, Taken
from screens.journal import journal_line
from screens.signs import CLASS_TONES, Span, class_word
from screens.words import ago, counted, moment, place, size

Lines = list[list[Span]]

TERMS: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "hours": ("Power-on hours", "h", ("hours",)),
    "reallocated": ("Reallocated", "", ("reallocated", "retired")),
    "pending": ("Pending", "", ("pending",)),
    "uncorrectable": (
        "Uncorrectable",
        "",
        ("offline-uncorrectable", "reported-uncorrectable", "uncorrected"),
    ),
    "grown_defects": ("Grown defects", "", ("grown-defects",)),
    "media_errors": ("Media errors", "", ("media-errors",)),
    "wear_percent": ("Wear", "%", ("wear",)),
    "spare_percent": ("Spare", "%", ("spare",)),
    "crc_errors": ("CRC errors", "", ("crc-errors", "crc-rate")),
    "temperature_c": ("Temperature", "C", ("temperature-hdd", "temperature-ssd", "trip-margin")),
    "mb_s": ("Sequential read", "MB/s", ()),
    "write_mb_s": ("Sequential write", "MB/s", ()),
    "selftest_s": ("Self-test took", "s", ()),
}
"""Terms of the evidence in the order they are shown: what each is called, its unit, the rules about it."""
SIGNS = {Klass.GOOD: " ", Klass.WATCH: "*", Klass.REPLACE: "!", Klass.NOT_TESTED: "?"}
MOST_TESTS, MOST_ENTRIES, MOST_TAKEN = 8, 30, 8
"""Lines of the drive's own logs, of the journal, and of earlier reports."""


def page(story: Story) -> Lines:
    """The whole page."""
    return [
        *_head(story),
        *_why(story),
        *_numbers(story),
        *_logs(story),
        *_tests(story),
        *_over_time(story.taken, story),
        *_parts(story.parts),
        *_earlier(story),
        *_where(story),
        *_happened(story),
    ]


def _head(story: Story) -> Lines:
    row, drive = story.row, story.row.bay.drive
    if drive is None:
        return [[(row.id, "strong"), (f"  {place(row.server)}  empty bay", "dim")]]
    head = f"  {place(row.server)}  {drive.model}  {drive.serial}  {size(drive.size)}  {drive.use.value}"
    lines: Lines = [[(row.id, "strong"), (head, "")]]
    word, tone = class_word(drive, row.judged.klass if row.judged else None)
    line: list[Span] = [(word.upper(), tone), (f": {row.says}" if row.says else "", tone)]
    if story.judged and (when := moment(story.judged.at)):
        line.append((f"  (judged {ago(when)})", "dim"))
    lines.append(line)
    if part := row.replacement:
        lines.append([(f"On its way out, {part.phase.value}: {part.reason}", "warn")])
    return [*lines, *_verdict(story)]


def _verdict(story: Story) -> Lines:
    verdict = story.row.verdict
    if verdict is None:
        return [[("Verdict   ", "key"), ("none given yet: x replace, a accept, u use", "dim")]]
    said = f"{verdict.decision.value} by {verdict.by} {ago(moment(verdict.at))}: {verdict.reason or '-'}"
    lines: Lines = [[("Verdict   ", "key"), (said, "")]]
    if verdict.asked_again:
        since = ago(moment(verdict.stale_since))
        lines.append([("ASKED AGAIN ", "bad"), (f"{since}: {verdict.why or 'new evidence'}", "bad")])
    return lines


def _why(story: Story) -> Lines:
    reasons = story.judged.reasons if story.judged else ()
    if not reasons:
        return []
    lines: Lines = [[], [("Why, the weightiest first", "key")]]
    for reason in reasons:
        tone = CLASS_TONES[reason.klass.value] if reason.klass is not Klass.GOOD else ""
        lines.append([(f"  {SIGNS[reason.klass]} {reason.text}{_against(reason)}", tone)])
    return lines


def _against(reason: Reason) -> str:
    if reason.value is None or reason.limit is None:
        return ""
    return f"  [{reason.rule}: {_figure(reason.value)}, limit {_figure(reason.limit)}]"


def _numbers(story: Story) -> Lines:
    judged = story.judged
    if judged is None or not judged.numbers:
        return []
    few = not story.medians
    siblings = "" if few else f"median of {counted(story.siblings, 'sibling')}"
    lines: Lines = [[], [(f"{'Numbers':<20}{'this drive':>14}  {siblings:>24}", "key")]]
    named = [term for term in TERMS if term in judged.numbers]
    for term in [*named, *(each for each in judged.numbers if each not in TERMS)]:
        name, unit, rules = TERMS.get(term, (term, "", ()))
        klass = _weight(judged.reasons, rules, judged.numbers[term])
        tone = CLASS_TONES[klass.value] if klass is not Klass.GOOD else ""
        usual = f"{_figure(story.medians[term])} {unit}" if term in story.medians else ""
        value = f"{_figure(judged.numbers[term])} {unit}".rstrip()
        lines.append([(f"{SIGNS[klass]} {name:<18}{value:>14}", tone), (f"  {usual.rstrip():>24}", "dim")])
    return lines


def _weight(reasons: Iterable[Reason], rules: Collection[str], value: float) -> Klass:
    """The gravest that is said of a number, by a rule on its term or as an outlier of that value."""
    about = (
        each.klass
        for each in reasons
        if each.rule in rules
        or (each.rule == "outlier" and each.value is not None and isclose(each.value, value, rel_tol=0.001))
    )
    return max(about, key=lambda klass: klass.rank, default=Klass.GOOD)


def _figure(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or abs(value) >= 100 else f"{value:.1f}"


def _logs(story: Story) -> Lines:
    smart = story.smart
    if smart is None:
        return []
    lines: Lines = [[], [("The drive's own self-tests, newest first", "key")]]
    for test in smart.self_tests[:MOST_TESTS]:
        tone = {SelfTestResult.FAILED: "bad", SelfTestResult.PASSED: "good"}.get(test.result, "warn")
        at = f" at {test.hours} h" if test.hours is not None else ""
        where = (
            f", first error at LBA {test.lba}" if test.lba and test.result is SelfTestResult.FAILED else ""
        )
        lines.append([(f"  {test.result.value:<8}", tone), (f" {test.type}{at}: {test.status}{where}", "")])
    if not smart.self_tests:
        lines.append([("  none in its log", "dim")])
    if smart.error_entries:
        lines.append([(f"  {counted(smart.error_entries, 'entry', 'entries')} in its error log", "warn")])
        lines += [[(f"    {each.text}", "")] for each in smart.errors[:3]]
    return lines


def _tests(story: Story) -> Lines:
    if not story.tests:
        return [[], [("Tests by MAAS: none on this drive yet", "key")]] if story.row.bay.drive else []
    lines: Lines = [[], [("Tests by MAAS, newest first; o opens what they printed", "key")]]
    for test in story.tests:
        took = f" in {minutes(test.runtime)}" if test.runtime is not None else ""
        tone = "" if test.conclusive else "warn"
        at = test.ended[:16].replace("T", " ")
        lines.append([(f"  {at:<16} ", "dim"), (f"{test.told}{took}", tone), (f"  {test.ref}", "dim")])
    return lines


def _over_time(taken: Iterable[Taken], story: Story) -> Lines:
    """How the numbers of this drive went, where there is more than one report."""
    here = story.row.bay.drive.serial if story.row.bay.drive else ""
    mine = [each for each in taken if each.serial == here][:MOST_TAKEN]
    if len(mine) < 2:
        return []
    lines: Lines = [[], [("Numbers over time, newest first", "key")]]
    for each in mine:
        numbers = ", ".join(
            f"{TERMS[term][0].lower()} {_figure(each.numbers[term])}"
            for term in TERMS
            if each.numbers.get(term)
        )
        lines.append([(f"  {each.ended[:16].replace('T', ' ')} ", "dim"), (numbers, "")])
    return lines


def _parts(parts: Iterable[Replacement]) -> Lines:
    lines: Lines = []
    for part in parts:
        new = f", new {part.new.serial} {part.new.model}" if part.new else ""
        tone = "warn" if part.open else ""
        lines.append([(f"  {part.old.serial} {part.phase.value}: {part.reason}{new}", tone)])
        lines += [[(f"    {line}", "dim")] for line in part.history]
    return [[], [("Replacements of this bay", "key")], *lines] if lines else []


def _earlier(story: Story) -> Lines:
    lines: Lines = [[(f"  {serial}", ""), (f"  {text}", "dim")] for serial, text in story.earlier.items()]
    return [[], [("Drives that sat here before", "key")], *lines] if lines else []


def _where(story: Story) -> Lines:
    row, drive = story.row, story.row.bay.drive
    guessed = "  (its number is counted, not told by the server)" if row.bay.guessed else ""
    lines: Lines = [[], [("Where", "key")]]
    lines.append([(f"  Bay       {row.bay.slot} of {row.server.name}, {place(row.server)}{guessed}", "")])
    lines.append([(f"  By path   {row.bay.path or '-'}", "")])
    if drive:
        lines.append([(f"  By id     {drive.by_id or '-'}", "")])
        firmware = story.judged.firmware if story.judged else ""
        lines.append([(f"  WWN       {drive.wwn or '-'}  firmware {firmware or '-'}", "")])
        lines.append([(f"  Storage   {story.osd}", "")])
    lines += [[(f"  Lit       {each.led}, {each.why.value}, by {each.by}", "busy")] for each in story.lights]
    return lines


def _happened(story: Story) -> Lines:
    # The numbers stand above, and those of earlier reports too.
    entries = [
        replace(entry, data={key: value for key, value in entry.data.items() if key != "numbers"})
        for entry in story.entries[:MOST_ENTRIES]
    ]
    lines = [journal_line(entry) for entry in entries]
    return [[], [("What happened, newest first", "key")], *lines] if lines else []
