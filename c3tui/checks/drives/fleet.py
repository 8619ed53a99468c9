"""All drives of a site at once: each by its own report, then beside its siblings."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median

from c3tui.checks.drives.alike import Sitting, differing
from c3tui.checks.drives.batch import Member, doubtful
from c3tui.checks.drives.drive import NOTHING, Context, judge
from c3tui.checks.drives.policy import DEFAULT, Policy
from c3tui.checks.drives.siblings import FEWEST, MEASURES, Row, outliers
from c3tui.model.evidence.judgement import Judgement, Klass, Reason
from c3tui.model.evidence.results import FioEvidence
from c3tui.model.evidence.terms import SmartEvidence


@dataclass(frozen=True)
class Subject:
    """A drive of the fleet and all that is known of it."""

    id: str
    """Its bay, such as ``c3-001/bay03``."""
    server: str
    slot: int | None
    evidence: SmartEvidence
    seen: Context = NOTHING
    fio: FioEvidence | None = None
    selftest_seconds: float | None = None
    """How long the self-test script of the drive took."""
    inlet_c: float | None = None
    """Of its server when the report was made."""


def judge_fleet(subjects: Sequence[Subject], policy: Policy = DEFAULT) -> dict[str, Judgement]:
    """What an engineer should be told of each drive, by its bay.

    Being unlike one's siblings is never more than *watch*: it is odd, not broken.
    """
    alone = {each.id: judge(each.evidence, policy, each.seen) for each in subjects}
    more: dict[str, list[Reason]] = defaultdict(list)
    for id, reason in _beside(subjects, alone, policy):
        more[id].append(reason)
    return {id: judgement.with_reasons(more.get(id, ())) for id, judgement in alone.items()}


def _beside(
    subjects: Sequence[Subject], alone: dict[str, Judgement], policy: Policy
) -> Iterator[tuple[str, Reason]]:
    sound = [each for each in subjects if each.evidence.usable]
    yield from differing([Sitting(each.id, each.slot, each.seen.media, each.evidence) for each in sound])
    yield from _outliers(sound, policy)
    members = [
        Member(each.id, each.evidence.model, each.evidence.serial, alone[each.id].klass is Klass.REPLACE)
        for each in sound
    ]
    for id, text in doubtful(members):
        yield id, Reason(rule="batch", klass=Klass.WATCH, text=text)


def _outliers(subjects: Sequence[Subject], policy: Policy) -> Iterator[tuple[str, Reason]]:
    rows = [Row(each.id, _kind(each), _figures(each)) for each in subjects]
    rows += _heat(subjects)
    told: set[tuple[str, str]] = set()
    limit = policy.limits["outlier"]
    for each in outliers(rows, limit):
        # Throughput and I/O a second of one job are the same figure twice.
        key = (each.id, each.measure.worse)
        if key not in told:
            told.add(key)
            reason = Reason(
                rule="outlier", klass=Klass.WATCH, text=each.text, value=each.value, limit=each.centre
            )
            yield each.id, reason


def _kind(subject: Subject) -> tuple[object, ...]:
    return (subject.evidence.model, subject.evidence.capacity)


def _figures(subject: Subject) -> dict[str, float]:
    found: dict[str, float] = {}
    if subject.fio is not None and subject.fio.usable:
        for name in _FIO:
            if (value := getattr(subject.fio, name)) is not None:
                found[name] = value
    if subject.selftest_seconds is not None:
        found["selftest_seconds"] = subject.selftest_seconds
    if subject.evidence.hours is not None:
        found["hours"] = subject.evidence.hours
    return found


_FIO = tuple(each.name for each in MEASURES if each.name in FioEvidence.model_fields)


def _heat(subjects: Sequence[Subject]) -> list[Row]:
    """Degrees above the server's inlet, or above what is usual in the server where it has no sensor; beside
    drives of the model in the same bay of other servers, where there are enough, else beside the model."""
    warm: dict[str, list[int]] = defaultdict(list)
    for each in subjects:
        if each.evidence.temperature is not None:
            warm[each.server].append(each.evidence.temperature)
    usual = {server: median(found) for server, found in warm.items()}
    with_inlet = all(each.inlet_c is not None for each in subjects)
    places = Counter((*_kind(each), each.slot) for each in subjects if each.slot is not None)
    rows = []
    for each in subjects:
        if each.evidence.temperature is None:
            continue
        base = each.inlet_c if with_inlet and each.inlet_c is not None else usual[each.server]
        place = (*_kind(each), each.slot)
        group = place if places.get(place, 0) > FEWEST else _kind(each)
        rows.append(Row(each.id, ("heat", *group), {"heat": each.evidence.temperature - base}))
    return rows
