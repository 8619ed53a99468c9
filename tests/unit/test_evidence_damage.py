"""Reports that are cut, mutated or invented: never an exception, and never a pass that was not earned."""

import json
import math
from collections.abc import Iterator
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from c3tui.checks.drives import judge
from c3tui.model.evidence import FioEvidence, Klass, SmartEvidence, read_fio, read_smart
from tests.support.reports import Report, hdd, nvme, sas, self_test, ssd, with_log

SOUND = (hdd(**with_log(self_test(0, 9))), ssd(), nvme(), sas())

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def places(tree: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a report."""
    if path:
        yield path
    items = tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ()
    for key, value in items:
        yield from places(value, (*path, key))


def put(tree: Report, path: tuple[str | int, ...], value: Any) -> str:
    """The report as text with another value at a place."""
    made = json.loads(json.dumps(tree))
    at = made
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return json.dumps(made)


def earned(evidence: SmartEvidence) -> bool:
    """Whether what a pass rests on was really there, asked in another way than the reader asks."""
    if evidence.problem or evidence.smart_passed is not True or not evidence.model:
        return False
    if evidence.protocol == "NVMe":
        return (
            evidence.critical_warning == 0
            and evidence.media_errors == 0
            and None
            not in (
                evidence.wear,
                evidence.spare,
            )
        )
    if evidence.protocol == "SCSI":
        return evidence.grown_defects is not None or evidence.read_uncorrected is not None
    if evidence.rpm == 0:
        return evidence.reallocated is not None or evidence.wear is not None
    return evidence.reallocated == 0 and evidence.pending == 0


def test_the_sound_ones_are_sound() -> None:
    assert [judge(read_smart(json.dumps(each))).klass for each in SOUND] == [Klass.GOOD] * len(SOUND)


def test_cut_at_any_byte_is_not_tested() -> None:
    for report in SOUND:
        whole = json.dumps(report).encode()
        for length in range(len(whole)):
            judged = judge(read_smart(whole[:length]))
            assert judged.klass is Klass.NOT_TESTED and judged.headline.startswith("not tested: the SMART")


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_a_mutated_value_is_never_an_unearned_pass(data: st.DataObject) -> None:
    report = data.draw(st.sampled_from(SOUND))
    path = data.draw(st.sampled_from(list(places(report))))
    evidence = read_smart(put(report, path, data.draw(VALUES)))
    judged = judge(evidence)
    assert judged.headline and (judged.klass is not Klass.GOOD or earned(evidence))
    evidence.model_dump_json().encode()


def decisive(path: tuple[str | int, ...]) -> bool:
    """Whether a verdict rests on what stands there; a temperature may be below zero."""
    if path[-1] in ("temperature", "revision") or "flags" in path:
        return False
    return path[0] in (
        "smart_status",
        "ata_smart_attributes",
        "nvme_smart_health_information_log",
        "scsi_grown_defect_list",
    )


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_value_of_the_wrong_type_where_a_verdict_looks_is_not_tested(data: st.DataObject) -> None:
    report = data.draw(st.sampled_from(SOUND))
    path = data.draw(st.sampled_from([each for each in places(report) if decisive(each)]))
    wrong: Any = data.draw(st.sampled_from([None, [], 1.5, -1, math.inf, 10**40]))
    judged = judge(read_smart(put(report, path, wrong)))
    assert judged.klass is Klass.NOT_TESTED, (path, wrong, judged)


@settings(max_examples=300, deadline=None)
@given(VALUES)
def test_json_of_anything_is_no_pass_and_no_exception(value: Any) -> None:
    text = json.dumps(value)
    assert judge(read_smart(text)).klass is Klass.NOT_TESTED
    assert isinstance(read_fio(text), FioEvidence)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=200))
def test_bytes_of_anything_are_no_pass_and_no_exception(text: bytes | str) -> None:
    assert judge(read_smart(text)).klass is Klass.NOT_TESTED
    assert isinstance(read_fio(text), FioEvidence)


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(SOUND), st.data())
def test_a_key_that_is_missing_is_never_an_unearned_pass(report: Report, data: st.DataObject) -> None:
    key = data.draw(st.sampled_from(sorted(report)))
    evidence = read_smart(json.dumps({name: value for name, value in report.items() if name != key}))
    judged = judge(evidence)
    assert judged.klass is not Klass.GOOD or earned(evidence)
    if key in (
        "device",
        "smart_status",
        "model_name",
        "ata_smart_attributes",
        "nvme_smart_health_information_log",
    ):
        assert judged.klass is Klass.NOT_TESTED
