"""The thresholds that apply: the table's own, or the site's in their place."""

from collections.abc import Mapping
from dataclasses import dataclass

from c3tui.model.evidence.judgement import Klass, Reason
from c3tui.model.evidence.terms import SmartEvidence
from c3tui.model.thresholds import RULES, TABLE, Protocol, Rule, Threshold, limits


@dataclass(frozen=True)
class Limit:
    """A rule with the limits it has at this site."""

    rule: Rule
    watch: float | None
    replace: float | None

    def reason(self, value: float, subject: str = "") -> Reason | None:
        """What the rule makes of a value, or nothing.

        Args:
            value: in the rule's unit.
            subject: said before the number, where it is not about the whole drive.
        """
        for klass, limit in ((Klass.REPLACE, self.replace), (Klass.WATCH, self.watch)):
            if limit is not None and self._reached(value, limit):
                return self._say(value, subject, klass, limit)
        if self.rule.note is not None and self._reached(value, self.rule.note):
            return self._say(value, subject, Klass.GOOD, None)
        return None

    def _reached(self, value: float, limit: float) -> bool:
        return value >= limit if self.rule.direction == "high" else value < limit

    def _say(self, value: float, subject: str, klass: Klass, limit: float | None) -> Reason:
        unit = self.rule.says
        text = f"{subject}{figure(value)} {unit}"
        if limit is not None:
            side = "from" if self.rule.direction == "high" else "below"
            text += f" ({klass} {side} {figure(limit)})"
        if self.rule.advice and klass is not Klass.GOOD:
            text += f"; {self.rule.advice}"
        return Reason(rule=self.rule.id, klass=klass, text=text, value=value, limit=limit)


def figure(value: float) -> str:
    """A number as people write it: whole where it is whole."""
    return str(int(value)) if value == int(value) else f"{value:.3g}" if abs(value) < 100 else f"{value:.0f}"


class Policy:
    """The limits of a site.

    Args:
        overrides: the plan's ``hardware.thresholds``; names that no rule has are the plan's to refuse.
    """

    def __init__(self, overrides: Mapping[str, Threshold] | None = None) -> None:
        own = overrides or {}
        self.limits = {name: Limit(rule, *limits(rule, own.get(name))) for name, rule in RULES.items()}
        self._for: dict[tuple[Protocol, bool], list[Limit]] = {}

    def applying(self, evidence: SmartEvidence) -> list[Limit]:
        """The limits on what a drive of this kind says; one that does not say counts as spinning."""
        assert evidence.protocol is not None
        key = (evidence.protocol, evidence.rotational is not False)
        if key not in self._for:
            self._for[key] = [
                self.limits[each.id]
                for each in TABLE
                if each.term and key[0] in each.protocols and each.rotational in (None, key[1])
            ]
        return self._for[key]


DEFAULT = Policy()
"""The table as it is."""
