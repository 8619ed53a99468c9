"""The page of MAAS: what a run changes there, what stands in the way, and what is left alone."""

from collections.abc import Iterable

from c3tui.model.finding import Finding
from screens.session import Session
from screens.signs import SEVERITIES, Span
from screens.words import ago, counted

Lines = list[list[Span]]
LEFT_ALONE = ("network.maas-resident", "network.maas-foreign-range")


def of_maas(findings: Iterable[Finding]) -> list[Finding]:
    """Those that only a look at MAAS can tell."""
    return [each for each in findings if each.check.startswith("network.maas-")]


def maas_lines(session: Session, edited: int) -> Lines:
    """The plan of changes in words."""
    checked = session.checks.get("network")
    found = of_maas(session.fleet.open_findings("network"))
    lines: Lines = []
    if edited:
        text = f"* {counted(edited, 'edited value')} not in this yet: w writes the plan, c looks again"
        lines.append([(text, "warn")])
    if checked is None:
        return [*lines, [("MAAS was not looked at yet: c looks.", "dim")]]
    if checked.error:
        lines.append([(f"! {checked.error}", "bad")])
        return [*lines, [("c looks again. What is below was seen before.", "dim")], *_findings(found)]
    lines += _changes(checked.missing, checked.done)
    lines.append([(f"MAAS was looked at {ago(checked.at)}; c looks again.", "dim")])
    return [*lines, *_findings(found)]


def _changes(missing: list[str], done: bool) -> Lines:
    if not missing:
        return [[("+ MAAS has these networks as planned; a run changes nothing.", "good")]] if done else []
    lines: Lines = [
        [(f"r makes {counted(len(missing), 'change')}, one after the other, each journaled:", "key")]
    ]
    return lines + [[(f"{nth:>3} {text}", "")] for nth, text in enumerate(missing, 1)]


def _findings(found: list[Finding]) -> Lines:
    """What only the engineer can mend, then what is only told."""
    alone = [each for each in found if each.check in LEFT_ALONE]
    others = [each for each in found if each not in alone]
    lines: Lines = []
    for title, group in (("In the way, yours to mend:", others), ("Of others, and left alone:", alone)):
        if group:
            lines += [[], [(title, "key")]]
        for each in group:
            sign, tone = SEVERITIES[each.severity]
            lines += [[(f"{sign} {each.message}", tone)], [(f"  {each.remedy}", "")]]
    return lines
