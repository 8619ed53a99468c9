"""The lines under the form: the field one stands in, what is not written yet, what is wrong elsewhere."""

from c3tui.model.finding import Finding, FindingState
from screens.fields import Field
from screens.network.form import said_line
from screens.network.judging import Judged, Said
from screens.network.maas import of_maas
from screens.session import Session
from screens.signs import SEVERITIES, Span
from screens.words import counted

Lines = list[list[Span]]


def told_lines(session: Session, judged: Judged, edited: int, field: Field | None) -> Lines:
    """What is told under the form, what matters now first."""
    lines: Lines = []
    if field:
        lines += _of_field(field, judged)
    if edited:
        text = f"{counted(edited, 'value')} edited and not written yet: Enter or w writes, u undoes"
        lines.append([(text, "warn")])
    if field is None:
        for said in judged.elsewhere:
            lines += [said_line(said), [(f"  {said.remedy}", "")]]
    lines += _of_maas(session)
    return lines or [[("Nothing is known to be wrong. e goes into the fields, c looks at MAAS.", "dim")]]


def _of_field(field: Field, judged: Judged) -> Lines:
    """What a field is, and what to do about what is wrong in it."""
    lines: Lines = [[(f"{field.label}: ", "key"), (field.note, "")]]
    said = judged.under.get(field.path, ())
    return lines + [
        [("To do: ", "key"), (remedy, "")] for remedy in dict.fromkeys(_remedy(each) for each in said)
    ]


def _remedy(said: Said) -> str:
    return said.remedy


def _of_maas(session: Session) -> Lines:
    """What a run makes, and what only MAAS's own page can mend."""
    lines: Lines = [_finding(each) for each in of_maas(session.fleet.open_findings("network"))]
    checked = session.checks.get("network")
    if checked and checked.missing:
        more = f"; and {len(checked.missing) - 1} more" if len(checked.missing) > 1 else ""
        lines.append([("MAAS lacks, and r makes: ", "key"), (f"{checked.missing[0]}{more} (m lists)", "")])
    elif checked and checked.done:
        lines.append([("MAAS has these networks as planned.", "good")])
    return lines


def _finding(found: Finding) -> list[Span]:
    sign, tone = SEVERITIES[found.severity]
    return [(f"{sign} {found.message}", "dim" if found.state is not FindingState.OPEN else tone)]
