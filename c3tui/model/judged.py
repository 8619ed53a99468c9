"""What was made of the drive in each bay: class, reasons and numbers, as the record keeps them."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import Field

from c3tui.model.base import Document, utc_now
from c3tui.model.evidence.judgement import Judgement, Klass, Reason
from c3tui.model.evidence.results import FioEvidence
from c3tui.model.evidence.terms import SmartEvidence
from c3tui.model.fleet import TestState

PREFIX = "not tested: "
"""What reasons of that class begin with; beside the class it says the same twice."""

STATES = {
    Klass.GOOD: TestState.PASSED,
    Klass.WATCH: TestState.PASSED,
    Klass.REPLACE: TestState.FAILED,
    Klass.NOT_TESTED: TestState.NOT_TESTED,
}
"""What a class means for the use of a drive."""


class Judged(Document):
    """The judgement on the drive that sits in one bay, with what it rests on; its id is the bay."""

    kind = "judged"

    server: str
    slot: int
    serial: str
    model: str = ""
    firmware: str = ""
    klass: Klass
    headline: str
    """One sentence with the numbers that decided."""
    reasons: tuple[Reason, ...] = ()
    numbers: dict[str, float] = {}
    """By the terms of the evidence, in their units; what was not said is absent."""
    evidence: tuple[str, ...] = ()
    """Names of the archived reports it rests on."""
    digest: str = ""
    """Of class and rules: another one means that there is something new to decide on."""
    at: datetime = Field(default_factory=utc_now)

    def number(self, term: str) -> float | None:
        """A number of the evidence; None when it was not said."""
        return self.numbers.get(term)

    def says_as(self, other: "Judged | None") -> bool:
        """Whether another judgement of this bay is the same, whenever it was given."""
        return other is not None and self.model_copy(update={"at": other.at}) == other


def judged(bay: str, server: str, slot: int, serial: str, judgement: Judgement, **known: Any) -> Judged:
    """The record of a judgement."""
    return Judged(
        id=bay,
        server=server,
        slot=slot,
        serial=serial,
        klass=judgement.klass,
        headline=judgement.headline.replace(PREFIX, ""),
        reasons=judgement.reasons,
        digest=digest(serial, judgement),
        **known,
    )


def digest(serial: str, judgement: Judgement) -> str:
    """What a verdict was given on: the drive, its class and which rules spoke, whatever their numbers."""
    against = sorted({each.rule for each in judgement.reasons if each.klass is not Klass.GOOD})
    said = "|".join((serial, judgement.klass.value, *against))
    return hashlib.sha256(said.encode()).hexdigest()[:12]


_SAME = ("hours", "reallocated", "pending", "grown_defects", "media_errors", "crc_errors")
"""Terms that are called here as they are in the evidence."""


def numbers_of(
    evidence: SmartEvidence, fio: FioEvidence | None = None, selftest: float | None = None
) -> dict[str, float]:
    """The figures people act on, by term; what was not said is absent, never zero.

    Args:
        selftest: seconds that the drive's self-test took.
    """
    media = (evidence.offline_uncorrectable, evidence.reported_uncorrectable, evidence.uncorrected)
    known = [each for each in media if each is not None]
    found: Mapping[str, float | None] = {
        **{term: getattr(evidence, term) for term in _SAME},
        "uncorrectable": max(known) if known else None,
        "wear_percent": evidence.wear,
        "spare_percent": evidence.spare,
        "temperature_c": evidence.temperature,
        "mb_s": _mb(fio.sequential_read) if fio else None,
        "write_mb_s": _mb(fio.sequential_write) if fio else None,
        "selftest_s": selftest,
    }
    return {term: float(value) for term, value in found.items() if value is not None}


def _mb(rate: float | None) -> float | None:
    """MB/s of 10^6 bytes."""
    return None if rate is None else round(rate / 1e6, 1)
