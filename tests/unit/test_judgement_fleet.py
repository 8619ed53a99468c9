"""Drives beside their siblings: slow, hot, used, odd and of a bad batch; and nobody told without cause."""

from dataclasses import replace
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from c3tui.checks.drives import Context, Policy, Subject, judge_fleet
from c3tui.model.evidence import FioEvidence, Klass
from c3tui.model.evidence.judgement import Judgement
from c3tui.model.thresholds import Threshold
from tests.support.reports import evidence, hdd, row, ssd

SOUND = evidence(hdd())
SSD = evidence(ssd())
BAD = evidence(hdd(row(5, "Reallocated_Sector_Ct", 900)))


def room(servers: int, bays: int = 1) -> list[Subject]:
    """Sound drives of one model, with serials in a row."""
    return [
        Subject(
            f"s{server:02d}/bay{bay:02d}",
            f"s{server:02d}",
            bay,
            SOUND.model_copy(update={"serial": f"ZX{server * bays + bay:06d}"}),
        )
        for server in range(servers)
        for bay in range(bays)
    ]


def but(drive: Subject, **terms: Any) -> Subject:
    """A drive whose report says otherwise."""
    return replace(drive, evidence=drive.evidence.model_copy(update=terms))


def measured(values: list[float], name: str = "sequential_read") -> list[Subject]:
    """Drives that fio measured so."""
    rows = zip(room(len(values)), values, strict=True)
    return [replace(each, fio=FioEvidence.model_validate({name: value})) for each, value in rows]


def told(subjects: list[Subject], policy: Policy | None = None) -> dict[str, Judgement]:
    """Those who are not good."""
    judged = judge_fleet(subjects, policy or Policy())
    assert list(judged) == [each.id for each in subjects]
    return {id: each for id, each in judged.items() if each.klass is not Klass.GOOD}


def test_alike_are_alike() -> None:
    assert told(room(12, 4)) == {}


def test_a_slow_sibling_is_told_with_the_numbers() -> None:
    spread = Random(1)
    values = [spread.gauss(241e6, 4e6) for _ in range(39)] + [92e6]
    (slow,) = told(measured(values)).items()
    assert slow[0] == "s39/bay00" and slow[1].klass is Klass.WATCH
    assert slow[1].headline.startswith("slow sibling: sequential read 92 MB/s, 39 siblings 24")
    assert told(measured(values), Policy({"outlier": Threshold(watch="off")})) == {}


def test_identical_siblings_and_one_a_little_slower() -> None:
    assert told(measured([200e6] * 12)) == {}
    assert told(measured([200e6] * 11 + [196e6])) == {}
    close = [but(each, temperature=30) for each in room(12)]
    assert told([*close[:11], but(close[11], temperature=30 + 8)]) == {}
    inlet = [replace(each, inlet_c=20.0) for each in close]
    assert told([*inlet[:11], but(inlet[11], temperature=30 + 8)]) == {}, "8 C may be a draught"
    assert list(told(measured([200e6] * 11 + [120e6]))) == ["s11/bay00"]


def test_being_better_is_no_fault() -> None:
    assert told(measured([200e6] * 11 + [400e6])) == {}


def test_two_populations_are_not_outliers() -> None:
    for slow in range(2, 8):
        assert told(measured([240e6] * (9 - slow) + [120e6] * slow)) == {}, slow


def test_too_few_siblings_say_nothing() -> None:
    assert told(measured([240e6] * 7 + [20e6])) == {}
    assert list(told(measured([240e6] * 8 + [20e6]))) == ["s08/bay00"]


def test_other_models_are_no_siblings() -> None:
    drives = measured([240e6] * 12 + [90e6] * 3)
    assert told(drives[:12] + [but(each, model="SLOWER") for each in drives[12:]]) == {}


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(9, 60), st.floats(0.0, 0.04))
def test_ordinary_spread_never_alarms(seed: int, many: int, spread: float) -> None:
    drawn = Random(seed)
    # Uniform, so that no draw is in truth far away.
    values = [250e6 * (1 + drawn.uniform(-spread, spread)) for _ in range(many)]
    assert told(measured(values)) == {}


def test_latency_and_self_test_time_are_bad_when_high() -> None:
    slow = measured([300.0] * 11 + [900.0], "read_latency")
    assert "read latency 900 us, 11 siblings 300 +- 0" in told(slow)["s11/bay00"].headline
    timed = [replace(each, selftest_seconds=3600.0) for each in room(11)]
    late = replace(room(12)[11], selftest_seconds=9000.0)
    assert "self-test took 9000 s, 11 siblings 3600" in told([*timed, late])["s11/bay00"].headline


def test_heat_is_measured_above_the_inlet_and_in_the_same_bay() -> None:
    inlets = [18.0 + server for server in range(12)]
    drives = [
        replace(
            but(each, temperature=int(inlets[int(each.server[1:])]) + 8 + each.slot * 3),
            inlet_c=inlets[int(each.server[1:])],
        )
        for each in room(12, 4)
        if each.slot is not None
    ]
    assert told(drives) == {}, "warm servers and warm bays are no warm drives"
    hot = but(drives[5], temperature=(drives[5].evidence.temperature or 0) + 14)
    (found,) = told([*drives[:5], hot, *drives[6:]]).items()
    assert found[0] == "s01/bay01" and found[1].headline.startswith("hot sibling: 25 C, 11 siblings 11")


def test_heat_without_an_inlet_is_measured_in_its_server() -> None:
    drives = [but(each, temperature=25 + int(each.server[1:])) for each in room(12, 4)]
    assert told(drives) == {}
    hot = but(drives[9], temperature=46)
    assert list(told([*drives[:9], hot, *drives[10:]])) == ["s02/bay01"]


def test_a_used_drive_among_new_ones() -> None:
    drives = [but(each, hours=20 + nth) for nth, each in enumerate(room(12))]
    assert told(drives) == {}
    used = told([*drives[:11], but(drives[11], hours=21_000)])
    assert "used drive among new ones: 21000 h" in used["s11/bay00"].headline
    old = [but(each, hours=15_000 + nth) for nth, each in enumerate(room(12))]
    assert told([*old[:11], but(old[11], hours=40_000)]) == {}


def test_an_ssd_where_every_other_server_has_a_spinning_drive() -> None:
    drives = room(12, 2)
    strange = replace(drives[4], evidence=SSD.model_copy(update={"serial": "Q"}))
    judged = told([*drives[:4], strange, *drives[5:]])
    assert judged["s02/bay00"].headline == "SSD in a bay where 11 of 12 servers have HDD"
    assert list(judged) == ["s02/bay00"]
    planned = replace(strange, seen=Context(media="ssd"))
    assert told([*drives[:4], planned, *drives[5:]]) == {}


def test_other_firmware_sectors_and_size() -> None:
    drives = room(12)
    changed = [
        *drives[:9],
        but(drives[9], firmware="F0"),
        but(drives[10], logical_sector=4096, model="ACME 4Kn"),
        but(drives[11], capacity=2 * 10**12),
    ]
    judged = told(changed)
    assert "firmware F0, 10 of 11 of this model run F1" in judged["s09/bay00"].headline
    assert "sectors of 4096 bytes among 11 drives with 512" in judged["s10/bay00"].headline
    assert "2 TB, 10 of 11 of this model have 4 TB" in judged["s11/bay00"].headline
    assert len(judged) == 3


def test_no_majority_no_odd_one() -> None:
    drives = room(12)
    assert told([but(each, firmware=f"F{nth % 2}") for nth, each in enumerate(drives)]) == {}


def failing(drives: list[Subject], *places: int) -> list[Subject]:
    """The same drives, those of some places with bad sectors."""
    return [but(each, reallocated=900) if nth in places else each for nth, each in enumerate(drives)]


def test_adjacent_serials_that_fail_cast_doubt_on_those_between() -> None:
    judged = told(failing(room(25, 4), 40, 41, 43, 44))
    doubted = {id: each for id, each in judged.items() if each.klass is Klass.WATCH}
    assert list(doubted) == ["s09/bay03", "s10/bay02", "s11/bay01"]
    assert all(
        "batch" not in {each.rule for each in judged[f"s{nth // 4:02d}/bay{nth % 4:02d}"].reasons}
        for nth in (40, 41)
    )
    (text,) = {each.headline for each in doubted.values()}
    assert text == (
        "4 of 5 drives of this model from serial ZX000040 to ZX000044 must be replaced, "
        "4 of all 100: a bad batch?"
    )


def test_scattered_failures_are_no_batch() -> None:
    for places in ((3, 30, 60, 90), (40, 41), tuple(range(0, 100, 5))):
        judged = told(failing(room(25, 4), *places))
        assert all(each.klass is Klass.REPLACE for each in judged.values()) and len(judged) == len(places)


def test_a_tenth_failing_at_random_makes_no_batches() -> None:
    doubted = 0
    for seed in range(20):
        places = Random(seed).sample(range(480), 48)
        judged = told(failing(room(40, 12), *places))
        doubted += sum(each.klass is Klass.WATCH for each in judged.values())
    assert doubted == 0


def test_a_fault_of_its_own_outweighs_being_odd() -> None:
    drives = measured([240e6] * 11 + [90e6])
    judged = judge_fleet([*drives[:11], replace(drives[11], evidence=BAD)])["s11/bay00"]
    assert judged.klass is Klass.REPLACE and judged.headline.startswith("900 reallocated")
    assert any(each.rule == "outlier" for each in judged.reasons)
