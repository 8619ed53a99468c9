"""What the rules say of the plan as it is being typed: pure, so that it can run beside the typing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

import c3tui.checks.network  # noqa: F401  (enters its rules into the catalogue)
from c3tui.checks.catalogue import Fault, Known, faults
from c3tui.checks.network_values import read
from c3tui.model.addresses import Holdings
from c3tui.model.finding import Severity
from c3tui.model.plan import Plan
from screens.addressspace import Space, holders_of, space_of
from screens.fields import RESIDENTS, Field, residents

STEP = "network"
ALONE = re.compile(r"\b(\d+\.\d+\.\d+\.\d+)-\1(?![\d.])")
"""A range of one address, which a rule says like any other range."""
GRAVITY = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)

Changes = dict[str, object]


@dataclass(frozen=True)
class Said:
    """One thing that is wrong with a value."""

    message: str
    remedy: str
    severity: Severity = Severity.CRITICAL
    id: str = ""
    """Of the finding it is on record, where it comes from a rule."""


@dataclass(frozen=True)
class Draft:
    """The plan and what is typed over it, at one moment."""

    plan: Plan
    texts: Mapping[Field, str]
    """Of the fields whose text differs from the plan's."""
    all_residents: tuple[str, ...] = ()
    """The text of every resident's line, edited or not."""
    known: Known = field(default_factory=Known)
    good: Mapping[str, str] = field(default_factory=dict)
    """The last text of each field that could be read, by path: what a drawing goes on with."""


@dataclass(frozen=True)
class Judged:
    """What comes of a draft."""

    plan: Plan | None
    """The plan as drafted, unreadable values as they last could be read; None where that makes no plan."""
    under: Mapping[str, tuple[Said, ...]]
    """What is wrong, by the path of the field it is about."""
    elsewhere: tuple[Said, ...] = ()
    """What is wrong with values that are not on the form."""
    unreadable: tuple[Field, ...] = ()
    """Fields whose text is no such value."""
    space: Space | None = None
    """The picture of ``plan``."""
    strangers: frozenset[IPv4Address] = frozenset()
    """Addresses that answered a sweep and must not."""

    @property
    def count(self) -> int:
        """How many things are wrong, hints not counted."""
        every = {said for group in self.under.values() for said in group} | {*self.elsewhere}
        return sum(said.severity is not Severity.INFO for said in every)


def changes_of(plan: Plan, texts: Mapping[Field, str], all_residents: Sequence[str] = ()) -> Changes:
    """What is typed, as new values of the plan by dotted path."""
    changes: Changes = {}
    lines = {each: text for each, text in texts.items() if each.kind == "resident"}
    for each, text in texts.items():
        if each not in lines:
            changes |= each.changes(text, plan)
    there = len(plan.networks.cluster.reserved)
    if any(not text.strip() or _place(each) >= there for each, text in lines.items()):
        return changes | residents(list(all_residents))
    for each, text in lines.items():
        changes |= each.changes(text, plan)
    return changes


def _place(line: Field) -> int:
    return int(line.path.removeprefix(f"{RESIDENTS}."))


def drafted(plan: Plan, changes: Changes) -> dict[str, Any]:
    """The plan as plain values with changes made; sections that nobody edits stay as they are."""
    tree: dict[str, Any] = {name: getattr(plan, name) for name in type(plan).model_fields}
    for section in {path.partition(".")[0] for path in changes}:
        tree[section] = getattr(plan, section).model_dump(mode="json")
    for path, value in changes.items():
        *parents, last = path.split(".")
        at: Any = tree
        for key in parents:
            at = at[int(key)] if isinstance(at, list) else at[key]
        if isinstance(at, list):
            at[int(last)] = value
        else:
            at[last] = value
    return tree


def judge(draft: Draft, fields: Sequence[Field]) -> Judged:
    """Judge what is typed: values that cannot be read first, then the rules over all the others."""
    bad = {each: wrong for each, text in draft.texts.items() if (wrong := each.complaint(text))}
    found = {
        each.path: [Said(f"{wrong}", "Correct it here; u puts back what the plan has")]
        for each, wrong in bad.items()
    }
    plan, refused = _readable(draft, bad)
    for fault in refused:
        # What no single field can tell: an end before its start, a number out of its bounds.
        about = [each for each in draft.texts if any(each.about(path) for path in fault.fields)]
        for each in about or fields[:1]:
            bad.setdefault(each, fault.message)
            found.setdefault(each.path, []).append(_unreadable(fault))
    if refused:
        plan, refused = _readable(draft, bad)
    elsewhere: list[Said] = []
    said = faults(plan, STEP, draft.known) if plan else []
    for fault in said:
        # Of a field that cannot be read the rules know only an earlier value.
        if any(each.about(path) for each in bad for path in fault.fields):
            continue
        _sort_in(fault, fields, found, elsewhere)
    under = {path: tuple(sorted(group, key=_gravity)) for path, group in found.items()}
    strange = _strangers(said, draft.known)
    holdings = draft.known.holdings or Holdings()
    space = space_of(plan, holders_of(plan, holdings), sorted(strange)) if plan else None
    return Judged(plan, under, tuple(sorted(elsewhere, key=_gravity)), tuple(bad), space, strange)


def _strangers(said: Sequence[Fault], known: Known) -> frozenset[IPv4Address]:
    """The addresses that the rules of the sweep speak of."""
    words = {
        word
        for each in said
        if each.check.needs == "sweep"
        for word in each.message.replace(",", " ").split()
    }
    answers = known.sweep.answers if known.sweep else ()
    return frozenset(each.address for each in answers if str(each.address) in words)


def _readable(draft: Draft, bad: Mapping[Field, str]) -> tuple[Plan | None, list[Fault]]:
    """The plan with every bad text replaced by the last good one of its field, or by the plan's."""
    texts: dict[Field, str] = {}
    lines = list(draft.all_residents)
    for each, text in draft.texts.items():
        usable = text if each not in bad else draft.good.get(each.path)
        if usable is not None:
            texts[each] = usable
        if each in bad and each.kind == "resident":
            lines[_place(each)] = usable if usable is not None else each.read(draft.plan)
    changes = changes_of(draft.plan, texts, lines)
    if not changes:
        return draft.plan, []
    try:
        return read(drafted(draft.plan, changes))
    except (KeyError, IndexError, TypeError, ValueError):
        # The plan was edited elsewhere under what is typed here, and has other lines now.
        return None, []


def _unreadable(fault: Fault) -> Said:
    _, _, message = fault.message.partition(": ")
    # The library's words, where it speaks of its input and not of the value.
    message = message.replace("Input should be", "must be")
    return Said(message or fault.message, "Correct it here; u puts back what the plan has")


def _said(fault: Fault) -> Said:
    check = fault.check
    return Said(ALONE.sub(r"\1", fault.message), check.remedy, check.severity, f"{check.id}:{fault.subject}")


def _sort_in(
    fault: Fault, fields: Sequence[Field], found: dict[str, list[Said]], elsewhere: list[Said]
) -> None:
    """Put a fault under every field it is about."""
    said, placed = _said(fault), False
    for path in fault.fields:
        for each in fields:
            if each.about(path):
                group = found.setdefault(each.path, [])
                if said not in group:
                    group.append(said)
                placed = True
                break
    if not placed:
        elsewhere.append(said)


def _gravity(said: Said) -> int:
    return GRAVITY.index(said.severity)
