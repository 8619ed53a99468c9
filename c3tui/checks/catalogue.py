"""What every check is called, and how to write one down once."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from c3tui.model.addresses import Holdings
from c3tui.model.evidence.judgement import Judgement
from c3tui.model.finding import Finding, Severity, finding
from c3tui.model.hwprofile import Difference
from c3tui.model.identity import IdentityFacts
from c3tui.model.judged import Judged
from c3tui.model.plan import Plan
from c3tui.model.reality import Picture, Sweep

Scenario = Literal["build", "expand", "replace"]
Needs = Literal["plan", "holdings", "maas", "sweep", "identity", "parts", "drives", "hardware"]
Says = Iterator[tuple[str, str, tuple[str, ...]]]
"""(subject, message, fields) for each thing that is wrong; the subject is ``site`` or a server's name, the
fields are the plan's values it is about, by dotted path."""

SAID = 4
"""Messages that a finding repeats in full; the rest is in its evidence."""


@dataclass(frozen=True)
class Known:
    """What is known beside the plan; None where nobody has looked."""

    holdings: Holdings | None = None
    maas: Picture | None = None
    sweep: Sweep | None = None
    identity: IdentityFacts | None = None
    parts: Mapping[str, Sequence[Difference]] | None = None
    """By server: how it differs from the golden one of its kind."""
    drives: Mapping[str, Judged] | None = None
    """By bay: what was made of the drive in it."""
    hardware: Mapping[str, Judgement] | None = None
    """By server: what was made of its other parts."""

    def has(self, needs: Needs) -> bool:
        """Whether a rule that needs this can speak."""
        return needs == "plan" or getattr(self, needs) is not None


@dataclass(frozen=True)
class Check:
    """A pure rule over the plan, and over what else is known where the plan does not suffice."""

    id: str
    step: str
    severity: Severity
    scenarios: tuple[Scenario, ...]
    cause: str
    remedy: str
    needs: Needs
    rule: Callable[..., Says]
    """Of the plan; a rule that needs more also of what is known."""

    def faults(self, plan: Plan, known: Known) -> "list[Fault]":
        """What the rule says; nothing when what it needs is not known."""
        if not known.has(self.needs):
            return []
        said = self.rule(plan) if self.needs == "plan" else self.rule(plan, known)
        return [Fault(self, *each) for each in said]


@dataclass(frozen=True)
class Fault:
    """One thing that a rule found wrong."""

    check: Check
    subject: str
    message: str
    fields: tuple[str, ...] = ()
    """Dotted paths of the plan's values that it is about, such as ``networks.cluster.vip``."""


CATALOGUE: dict[str, Check] = {}

EVERY: tuple[Scenario, ...] = ("build", "expand", "replace")
GROWING: tuple[Scenario, ...] = ("build", "expand")

Rule = Callable[..., Says]


def check(
    id: str,
    *,
    step: str,
    severity: Severity = Severity.CRITICAL,
    cause: str,
    remedy: str,
    scenarios: tuple[Scenario, ...] = EVERY,
    needs: Needs = "plan",
) -> Callable[[Rule], Rule]:
    """Enter a rule into the catalogue under a stable id."""

    def enter(rule: Rule) -> Rule:
        if id in CATALOGUE:
            raise ValueError(f"two checks are called {id}")
        CATALOGUE[id] = Check(id, step, severity, scenarios, cause, remedy, needs, rule)
        return rule

    return enter


def faults(plan: Plan, step: str, known: Known = Known()) -> list[Fault]:
    """Everything that one step's rules say, one by one, in the order of the catalogue."""
    rules = [each for each in CATALOGUE.values() if each.step == step]
    return [found for each in rules for found in each.faults(plan, known)]


def judge(plan: Plan, step: str, known: Known = Known()) -> list[Finding]:
    """The findings of one step's rules: one for each rule and subject."""
    return findings(faults(plan, step, known))


def findings(found: list[Fault]) -> list[Finding]:
    """Faults as findings: those of one rule about one subject are one finding."""
    together: dict[tuple[str, str], list[Fault]] = {}
    for fault in found:
        together.setdefault((fault.check.id, fault.subject), []).append(fault)
    return [_finding(each) for each in together.values()]


def _finding(same: list[Fault]) -> Finding:
    first, messages = same[0], [each.message for each in same]
    more = f"; and {len(messages) - SAID} more" if len(messages) > SAID else ""
    return finding(
        first.check.id,
        first.subject,
        first.check.step,
        first.check.severity,
        "; ".join(messages[:SAID]) + more,
        first.check.remedy,
        "\n".join(messages) if more else "",
    )


def speaking(step: str, known: Known = Known()) -> list[str]:
    """Ids of the rules that can speak with what is known; the others leave their findings as they are."""
    return [each.id for each in CATALOGUE.values() if each.step == step and known.has(each.needs)]
