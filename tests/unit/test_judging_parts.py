"""What rows of MAAS, kept evidence, C3's own scripts and BMCs are worth to judgement."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c3tui.checks.drives import judge
from c3tui.engine.store import Store
from c3tui.model.campaign import TestRow
from c3tui.model.evidence import (
    Attribute,
    LoggedError,
    SelfTest,
    SelfTestResult,
    SmartEvidence,
)
from c3tui.steps.judging import inband, judge_all, judge_server
from c3tui.steps.judging.drives import outcomes
from c3tui.steps.judging.evidence import BmcWatch, bmc_at, slim
from tests.support.archives import Fleet, fleet
from tests.support.reports import evidence, hdd, row, ssd


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Fleet]:
    made = await fleet(tmp_path / "site")
    try:
        yield made
    finally:
        await made.engine.close()


BAD = hdd(row(5, "Reallocated_Sector_Ct", 387))
WORN = ssd(endurance_used={"current_percent": 73})


def ended(script: str, status: str, code: int, **more: Any) -> TestRow:
    failed = 74 if code == 3 else 0
    known = TestRow(script, "A", status, code, failed, 10.0, 600.0, "", (1, 1), "1/1", "")
    return replace(known, **more)


FAILURE = b"FAILURE: SMART tests have FAILED for: /dev/sda\nThe test exited with return code %d!"


@pytest.mark.parametrize(
    ("rows", "asked", "output", "smart", "expected"),
    [
        # MAAS fails a sound drive by smartctl's exit status: a note, and nothing more.
        ([ended("smartctl-validate", "Failed", 3)], (), FAILURE % 64, 64, [("smartctl-validate", "failed")]),
        ([ended("smartctl-short", "Failed", 3)], (), FAILURE % 64, 64, [("smartctl-short", "failed")]),
        # The self-test failed after the report was made.
        (
            [ended("smartctl-short", "Failed", 3)],
            (),
            FAILURE % 192,
            64,
            [("the self-test by smartctl-short", "failed")],
        ),
        # The report has it too, and judges it by its log.
        ([ended("smartctl-short", "Failed", 3)], (), FAILURE % 192, 192, [("smartctl-short", "failed")]),
        ([ended("smartctl-long", "Failed", 3)], (), FAILURE % 2, 0, [("smartctl-long", "not run")]),
        (
            [ended("smartctl-long", "Failed", 3)],
            (),
            b"no such device",
            0,
            [("the self-test by smartctl-long", "failed")],
        ),
        ([ended("badblocks", "Failed", 3)], (), b"", 0, [("badblocks", "failed")]),
        ([ended("badblocks", "Timed out", 4, runtime=900.0)], (), b"", 0, [("badblocks", "not run")]),
        ([ended("smartctl-validate", "Aborted", 5)], (), b"", 0, []),
        ([ended("smartctl-validate", "Aborted", 5)], (), b"", None, [("smartctl-validate", "not run")]),
        ([ended("fio", "Failed installing", 8)], (), b"", 0, [("fio", "not run")]),
        ([ended("fio", "Passed", 2)], ("fio", "c3-smart", "badblocks"), b"", 0,
         [("fio", "passed"), ("badblocks", "not run")]),
    ],
)  # fmt: skip
def test_what_a_row_of_maas_is_worth(
    tmp_path: Path,
    rows: list[TestRow],
    asked: tuple[str, ...],
    output: bytes,
    smart: int | None,
    expected: list[tuple[str, str]],
) -> None:
    store = Store.open(tmp_path / "c3.db")
    with store.transaction("ann") as transaction:
        transaction.archive("test", "c3-001", "1/1", output)
    problem = "none" if smart is None else ""
    report = SmartEvidence(protocol="ATA", exit_status=smart, problem=problem)
    found = list(outcomes(store, "c3-001", rows, asked, report))
    assert [(each.name, each.outcome.value) for each in found] == expected


MEMORY = {
    "edac": "present",
    "slots": [{"locator": slot, "mib": 16384} for slot in ("P1-DIMMA1", "P1-DIMMB1")],
    "dimms": [{"name": "mc0/dimm0", "label": "P1-DIMMA1", "ce": 0, "ue": 0}],
}
PORTS = {
    "ports": [{"name": "eno1", "carrier": True, "speed_mbit_s": 25000, "max_mbit_s": 25000}],
    "probes": [],
}
LINKS = {
    "pci": [
        {
            "address": "0000:3b:00.0",
            "kind": "hba",
            "names": [],
            "now": {"width": 8, "speed_gt_s": 8.0},
            "max": {"width": 8, "speed_gt_s": 8.0},
            "slot": {"width": 16, "speed_gt_s": 8.0},
        }
    ]
}
CLOCK = {"rtc_offset_s": 0.0, "ntp": [{"server": "10.0.0.1", "offset_s": 0.001}]}
INBAND = {"c3-ecc": MEMORY, "c3-nics": PORTS, "c3-links": LINKS, "c3-clock": CLOCK}


def tell(site: Fleet, name: str, **changed: Any) -> None:
    for script, report in INBAND.items():
        said = changed.get(script.replace("-", "_"), report)
        site.row(name, script, None, json.dumps(said).encode())


async def test_other_parts_are_told_by_their_place(site: Fleet) -> None:
    broken: dict[str, dict[str, Any]] = {
        "c3-001": {"c3_ecc": MEMORY | {"dimms": [{"label": "P1-DIMMB1", "ce": 40, "ue": 0}]}},
        "c3-002": {"c3_ecc": MEMORY | {"slots": MEMORY["slots"][:1]}},
        "c3-003": {
            "c3_nics": {
                "ports": [{"name": "eno1", "carrier": True, "speed_mbit_s": 1000, "max_mbit_s": 25000}],
                "probes": [{"target": "gateway", "port": "eno1", "mtu": 9000, "ok": False, "largest": 1500}],
            }
        },
        "c3-004": {"c3_clock": {"rtc_offset_s": 3600.0, "ntp": []}},
        "c3-005": {"c3_links": {"pci": [{**LINKS["pci"][0], "now": {"width": 4, "speed_gt_s": 8.0}}]}},
        "c3-006": {"c3_ecc": MEMORY | {"edac": "absent"}},
        "c3-007": {"c3_clock": {"ntp": "nonsense"}},
    }
    for n, name in enumerate(site.names()):
        tell(site, name, **broken.get(name, {}))
        fans = [4300.0, 0.0 if name == "c3-008" else 4200.0 + n]
        site.bmc(name, psus=2, psus_failed=int(name == "c3-009"), fans_rpm=fans)
    await judge_all(site.ctx)
    found = {id: each.message for id, each in site.opened().items()}
    words = {
        "server.ecc-corrected:c3-001/P1-DIMMB1": "DIMM P1-DIMMB1: 40 corrected memory errors",
        "server.dimm-layout:c3-002": "DIMM missing in P1-DIMMB1",
        "server.nic-speed:c3-003/eno1": "eno1 runs at 1000 of 25000 Mb/s",
        "server.mtu:c3-003/eno1": "eno1 takes 9000 bytes, and only 1500 reach the gateway whole",
        "server.clock:c3-004": "the clock is ahead: 3600 s off",
        "server.pcie-link:c3-005/hba (0000:3b:00.0)": "has 4 of 8 lanes",
        "server.not-tested:c3-006": "no driver that counts memory errors",
        "server.not-tested:c3-007": "the clock could not be read",
        "server.fan:c3-008/FAN2": "fan FAN2 stands still",
        "server.psu:c3-009": "(one of 2) gives no power",
    }
    assert set(found) == set(words)
    assert all(word in found[id] for id, word in words.items()), found
    for name in site.names():
        judge_server(site.ctx, name)
    assert set(site.opened()) == set(words) - {"server.dimm-layout:c3-002"}
    site.set_id = 2
    tell(site, "c3-003")
    await judge_all(site.ctx)
    assert not [id for id in site.opened() if "c3-003" in id]


@given(st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            "dimms slots ports probes pci now max ntp label mib ce offset_s rtc_offset_s width names psus "
            "psus_failed fans_rpm".split()),
        inner, max_size=5),
    max_leaves=20,
))  # fmt: skip
def test_reports_that_make_no_sense_are_unknown_and_never_a_traceback(tree: Any) -> None:
    said = inband.read(json.dumps(tree).encode())
    if said is None:
        return
    inband.clock(said), inband.dimms(said), inband.nics(said), inband.pci(said)
    list(inband.probes(said)), inband.psus(said), inband.fans(said), inband.counts_errors(said)


_TESTS = st.builds(
    SelfTest,
    type=st.just("test"),
    extended=st.booleans(),
    result=st.sampled_from(SelfTestResult),
    status=st.just("told"),
    hours=st.integers(0, 2000),
)
_ATTRIBUTES = st.builds(
    Attribute,
    id=st.integers(1, 255),
    name=st.sampled_from(["Seek_Error_Rate", "Airflow_Temperature_Cel"]),
    value=st.integers(0, 200),
    worst=st.none() | st.integers(0, 200),
    threshold=st.none() | st.integers(0, 200),
    prefail=st.booleans(),
    failed=st.sampled_from(["", "now", "past"]),
)
_ERRORS = st.builds(
    LoggedError, text=st.just("UNC"), hours=st.none() | st.integers(0, 2000), media=st.booleans()
)


@given(st.lists(_TESTS, max_size=8), st.lists(_ATTRIBUTES, max_size=5), st.lists(_ERRORS, max_size=4))
def test_what_is_left_out_of_kept_evidence_changes_no_judgement(
    tests: list[SelfTest], attributes: list[Attribute], errors: list[LoggedError]
) -> None:
    logs = {"self_tests": tuple(tests), "attributes": tuple(attributes), "errors": tuple(errors)}
    whole = evidence(hdd(smartctl__exit_status=32)).model_copy(update=logs)
    kept = SmartEvidence.model_validate_json(slim(whole).model_dump_json(exclude_defaults=True))
    assert judge(kept) == judge(whole)


def test_a_bmc_is_believed_once_it_was_read_of_a_server_that_was_on_all_the_while(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    watch, said = BmcWatch(store, "c3-001"), {"state": "ok", "fans_rpm": [0.0]}
    readings = (
        {"power": "off", "at": 1},
        # Power is asked first: these fans stood still a moment ago.
        {"power": "on", "at": 2},
        {"power": "on", "at": 3, "fans_rpm": [4300.0]},
    )
    filed = []
    for each in readings:
        store.observe("bmc", {"c3-001": said | each})
        watch.look()
        watch.look()
        with store.transaction("ann") as transaction:
            watch.file(transaction, each["at"])  # type: ignore[arg-type]
        filed += [set_id for set_id in (1, 2, 3) if bmc_at(store, "c3-001", set_id)]
    assert filed == [3]
