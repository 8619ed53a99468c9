"""What an engineer is told of one drive, with the numbers that decide; real reports and invented ones."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from c3tui.checks.drives import Context, Policy, judge
from c3tui.model.evidence import Klass, TestEvidence, TestOutcome, read_smart
from c3tui.model.plan import Hardware
from c3tui.model.thresholds import RULES, Threshold
from tests.support.reports import Report, evidence, hdd, nvme, row, sas, self_test, ssd, with_log

DRIVES = Path(__file__).resolve().parents[2] / "../shared/drives"

KNOWN: dict[str, tuple[Klass, tuple[str, ...]]] = {
    "sat-Seagate_Exos_X16": (Klass.GOOD, ()),
    "sat-Toshiba_MG08ACA": (Klass.GOOD, ()),
    "nvme-null-SAMSUNG_MZQL23T8": (Klass.GOOD, ()),
    "nvme-null-Micron_7450": (Klass.GOOD, ()),
    "nvme-null-INTEL_SSDPF2KX038T1": (Klass.GOOD, ()),
    "sat-Intel_S4510": (Klass.GOOD, ()),
    "sat-Micron_5100": (Klass.GOOD, ()),
    "sat-Western_Digital": (Klass.GOOD, ("smartctl exits 64",)),
    "sat-Toshiba_MG05ACA": (Klass.GOOD, ("smartctl exits 64", "2 entries")),
    "HGST_HUS724020ALE640_28": (Klass.GOOD, ("smartctl exits 64", "12 entries")),
    "smart-fail2": (Klass.REPLACE, ("FAILED", "1975 reallocated", "8 pending", "exits 216")),
    "smart-megaraid1": (Klass.REPLACE, ("387 reallocated",)),
    "ST3500418AS_12": (Klass.REPLACE, ("304 reallocated",)),
    "smart-ata-date2": (Klass.REPLACE, ("10 pending", "10 reallocated")),
    "nvme-null-INTEL_SSDPE2KX010T8": (Klass.WATCH, ("73 %",)),
    "smart-nvme-failed": (Klass.REPLACE, ("7 media errors",)),
    "smart-scsi": (Klass.WATCH, ("56 grown defects",)),
    "smart-raid": (Klass.NOT_TESTED, ("does not say", "health status")),
    "smart-fail": (Klass.NOT_TESTED, ("could not read the device", "Open failed")),
    "smart-sat": (Klass.NOT_TESTED, ("does not say", "health status")),
}


@pytest.mark.parametrize("name", KNOWN)
def test_reports_of_real_drives_are_judged_as_an_engineer_would(name: str) -> None:
    if not DRIVES.is_dir():
        pytest.skip("the reports of real drives are not beside this checkout")
    (file,) = [each for each in DRIVES.glob(f"{name}*.json") if name != "smart-fail" or each.stem == name]
    judged = judge(read_smart(file.read_bytes()))
    klass, words = KNOWN[name]
    told = "\n".join(each.text for each in judged.reasons)
    assert judged.klass is klass, judged
    assert all(word in told for word in words), told
    assert judged.headline and (klass is Klass.GOOD or judged.headline.startswith(judged.reasons[0].text))


def test_every_real_report_is_among_them() -> None:
    if not DRIVES.is_dir():
        pytest.skip("the reports of real drives are not beside this checkout")
    files = [each.name for each in DRIVES.glob("*.json")]
    assert len(files) == len(KNOWN) and all(any(name.startswith(key) for key in KNOWN) for name in files)


CASES: list[tuple[Report, Klass, str]] = [
    (hdd(row(5, "Reallocated_Sector_Ct", 1)), Klass.WATCH, "1 reallocated sectors (watch from 1)"),
    (hdd(row(5, "Reallocated_Sector_Ct", 49)), Klass.WATCH, "49 reallocated sectors (watch from 1)"),
    (hdd(row(5, "Reallocated_Sector_Ct", 50)), Klass.REPLACE, "50 reallocated sectors (replace from 50)"),
    (ssd(row(5, "Reallocated_Sector_Ct", 19)), Klass.GOOD, "SMART passed"),
    (ssd(row(5, "Reallocated_Sector_Ct", 60)), Klass.WATCH, "60 retired blocks (watch from 20)"),
    (hdd(row(197, "Current_Pending_Sector", 1)), Klass.REPLACE, "1 pending"),
    (hdd(ata_pending_defects_log={"count": 3}), Klass.REPLACE, "3 pending"),
    (hdd(row(198, "Offline_Uncorrectable", 2)), Klass.REPLACE, "2 sectors that an offline scan"),
    (hdd(row(187, "Reported_Uncorrect", 1)), Klass.WATCH, "1 errors that could not be corrected"),
    (hdd(row(188, "Command_Timeout", 51_540_393_996)), Klass.GOOD, "SMART passed"),
    (hdd(row(184, "End-to-End_Error", 1)), Klass.REPLACE, "1 end-to-end errors"),
    (hdd(row(22, "Helium_Level", 80)), Klass.WATCH, "80 % helium left (watch below 98)"),
    (hdd(row(199, "UDMA_CRC_Error_Count", 12), power_on_time__hours=83425), Klass.GOOD, "SMART passed"),
    (
        hdd(row(199, "UDMA_CRC_Error_Count", 12), power_on_time__hours=60),
        Klass.WATCH,
        "the drive itself is not",
    ),
    (hdd(row(10, "Spin_Retry_Count", 0, 96, 97, prefail=True)), Klass.REPLACE, "is at 96, threshold 97"),
    (hdd(row(10, "Spin_Retry_Count", 0, 96, 97)), Klass.WATCH, "is at 96, threshold 97"),
    (hdd(row(3, "Spin_Up_Time", 0, 90, 21, prefail=True, worst=20)), Klass.WATCH, "was at 20, threshold 21"),
    (
        hdd(row(190, "Airflow_Temperature_Cel", 60, 40, 45, prefail=True)),
        Klass.WATCH,
        "is at 40, threshold 45",
    ),
    (hdd(row(7, "Seek_Error_Rate", 12834215976973, 55, 30, prefail=True)), Klass.GOOD, "SMART passed"),
    (hdd(smartctl__exit_status=32), Klass.WATCH, "was at its failure threshold before"),
    (hdd(smartctl__exit_status=8), Klass.REPLACE, "FAILED"),
    (hdd(smart_status__passed=False), Klass.REPLACE, "FAILED"),
    (hdd(temperature__current=50), Klass.WATCH, "50 C (watch from 50)"),
    (hdd(power_on_time__hours=43_800), Klass.GOOD, "43800 h"),
    (hdd(power_on_time__hours=87_600), Klass.WATCH, "87600 h of service"),
    (hdd(interface_speed__current={"string": "1.5 Gb/s"}), Klass.WATCH, "1.5 Gb/s on the link"),
    (hdd(interface_speed__current={"string": "3.0 Gb/s"}), Klass.GOOD, "SMART passed"),
    (ssd(interface_speed__current={"string": "3.0 Gb/s"}), Klass.WATCH, "50 % of the speed"),
    (
        ssd(row(233, "Media_Wearout_Indicator", 0, 27)),
        Klass.WATCH,
        "73 % of rated endurance used (watch from 70)",
    ),
    (ssd(row(233, "Media_Wearout_Indicator", 0, 1)), Klass.REPLACE, "99 % of rated endurance used"),
    (ssd(row(232, "Available_Reservd_Space", 0, 25, 10)), Klass.WATCH, "15 % spare blocks above"),
    (nvme(percentage_used=90), Klass.REPLACE, "90 % of rated endurance used (replace from 90)"),
    (nvme(available_spare=10), Klass.REPLACE, "0 % spare blocks above the drive's own threshold"),
    (nvme(media_errors=1), Klass.REPLACE, "1 media errors"),
    (nvme(critical_warning=8, smart_status__passed=False), Klass.REPLACE, "critical warning: read-only"),
    (nvme(critical_warning=64), Klass.REPLACE, "unknown critical warning 0x40"),
    (nvme(critical_warning=2, smart_status__passed=False), Klass.WATCH, "critical warning: temperature"),
    (nvme(critical_comp_time=3), Klass.WATCH, "3 minutes above the drive's critical"),
    (nvme(num_err_log_entries=62, unsafe_shutdowns=26), Klass.GOOD, "SMART passed"),
    (sas(scsi_grown_defect_list=1), Klass.WATCH, "1 grown defects"),
    (sas(scsi_grown_defect_list=200), Klass.REPLACE, "200 grown defects"),
    (sas(scsi_error_counter_log__write__total_uncorrected_errors=10), Klass.REPLACE, "10 errors"),
    (sas(rotation_rate=None, scsi_percentage_used_endurance_indicator=95), Klass.REPLACE, "95 %"),
    (sas(temperature={"current": 60, "drive_trip": 68}), Klass.WATCH, "60 C"),
    (sas(scsi_pending_defects={"count": 4}), Klass.REPLACE, "4 pending"),
    (
        hdd(**with_log(self_test(0x70, 1990, lba=7))),
        Klass.REPLACE,
        "10 power-on hours ago: told by the drive at LBA 7",
    ),
    (
        hdd(**with_log(self_test(0, 1995), self_test(0x70, 1990))),
        Klass.WATCH,
        "failed before, and passed since",
    ),
    (
        hdd(**with_log(self_test(0, 1995, "Short offline"), self_test(0x70, 1990))),
        Klass.REPLACE,
        "self-test failed: Extended offline",
    ),
    (hdd(**with_log(self_test(0x19, 1995), self_test(0x70, 1990))), Klass.REPLACE, "self-test failed"),
    (hdd(**with_log(self_test(0x29, 1995))), Klass.GOOD, "SMART passed"),
    (hdd(smart_support__available=False), Klass.NOT_TESTED, "has no SMART"),
    (hdd(smart_status=None), Klass.NOT_TESTED, "health status"),
    (nvme(nvme_smart_health_information_log__media_errors=None), Klass.NOT_TESTED, "say media errors"),
    (nvme(nvme_smart_health_information_log__percentage_used=None), Klass.NOT_TESTED, "say wear"),
]


@pytest.mark.parametrize(("report", "klass", "words"), CASES, ids=[each[2][:40] for each in CASES])
def test_one_thing_in_an_otherwise_sound_report(report: Report, klass: Klass, words: str) -> None:
    judged = judge(evidence(report))
    assert judged.klass is klass, judged
    assert words in judged.headline


def test_a_logged_read_error_matters_while_it_is_recent() -> None:
    def logged(hours: int) -> Report:
        entry = {"lifetime_hours": hours, "error_description": "Error: UNC at LBA = 0x00203708"}
        return hdd(ata_smart_error_log={"summary": {"count": 1, "table": [entry]}}, smartctl__exit_status=64)

    assert judge(evidence(logged(1000))).klass is Klass.GOOD
    assert "10 power-on hours since a sector" in judge(evidence(logged(1990))).headline


def test_a_known_fault_counts_even_where_the_rest_is_not_known() -> None:
    judged = judge(evidence(hdd(row(5, "Reallocated_Sector_Ct", 900), smart_status=None)))
    assert judged.klass is Klass.REPLACE
    assert [each.klass for each in judged.reasons] == [Klass.REPLACE, Klass.NOT_TESTED]


def test_reasons_carry_rule_value_and_limit() -> None:
    (reason,) = judge(evidence(nvme(percentage_used=73))).reasons
    assert (reason.rule, reason.value, reason.limit) == ("wear", 73, 70)


def test_a_headline_repeats_three_and_counts_the_others() -> None:
    rows = [row(number, name, 90) for number, name in ((5, "Reallocated"), (197, "Current_Pending"))]
    rows += [row(198, "Offline_Uncorrectable", 90), row(187, "Reported_Uncorrect", 90)]
    headline = judge(evidence(hdd(*rows))).headline
    assert headline.count("90 ") == 3 and headline.endswith("(and 1 more)")


def test_a_site_has_its_own_limits() -> None:
    report = evidence(hdd(row(5, "Reallocated_Sector_Ct", 10)))
    assert judge(report, Policy({"reallocated": Threshold(replace=10)})).klass is Klass.REPLACE
    assert judge(report, Policy({"reallocated": Threshold(watch=20)})).klass is Klass.GOOD
    assert judge(report, Policy({"reallocated": Threshold(watch="off", replace="off")})).klass is Klass.GOOD
    assert judge(report, Policy({"reallocated": Threshold(replace=100)})).klass is Klass.WATCH


def test_a_plan_refuses_limits_that_make_no_sense_and_survives_its_own_dump() -> None:
    plan = Hardware.model_validate({"thresholds": {"wear": {"watch": 50}, "spare": {"watch": "off"}}})
    again = Hardware.model_validate(plan.model_dump(mode="json"))
    wear, spare = Policy(again.thresholds).limits["wear"], Policy(again.thresholds).limits["spare"]
    assert (wear.watch, wear.replace, spare.watch, spare.replace) == (50, 90, None, 1)
    for bad, words in (
        ({"realocated": {"watch": 1}}, f"there are {', '.join(RULES)}"),
        ({"wear": {"watch": 95}}, "wear: watch 95 must be at or below replace 90"),
        ({"spare": {"watch": 0}}, "spare: watch 0 must be at or above replace 1"),
        ({"wear": {"watch": -1}}, "greater than or equal to 0"),
        ({"wear": {"warn": 1}}, "Extra inputs"),
    ):
        with pytest.raises(ValidationError) as refused:
            Hardware.model_validate({"thresholds": bad})
        assert words in str(refused.value)


def test_every_rule_reads_a_term_that_evidence_has_and_names_its_source() -> None:
    sample = evidence(hdd())
    assert all(hasattr(sample, each.term) for each in RULES.values() if each.term)
    assert all(each.source and each.says for each in RULES.values())


def test_what_grows_during_the_tests_is_failing() -> None:
    before = evidence(hdd(row(5, "Reallocated_Sector_Ct", 2)))
    after = evidence(hdd(row(5, "Reallocated_Sector_Ct", 9)))
    judged = judge(after, seen=Context(before=before))
    assert judged.klass is Klass.REPLACE and "grew from 2 to 9" in judged.headline
    assert judge(after, seen=Context(before=after)).klass is Klass.WATCH
    other = before.model_copy(update={"serial": "ANOTHER"})
    assert judge(after, seen=Context(before=other)).klass is Klass.WATCH
    crc = evidence(hdd(row(199, "UDMA_CRC_Error_Count", 3)))
    cable = judge(crc, seen=Context(before=evidence(hdd())))
    assert cable.klass is Klass.WATCH and "cable or backplane" in cable.headline
    worn = judge(evidence(ssd(row(5, "Retired_Block_Ct", 3))), seen=Context(before=evidence(ssd())))
    assert worn.klass is Klass.WATCH


def test_the_bay_says_what_belongs_in_it() -> None:
    wrong = judge(evidence(ssd()), seen=Context(media="hdd"))
    assert wrong.klass is Klass.WATCH and wrong.headline == "SSD in a bay for HDD"
    small = judge(evidence(hdd()), seen=Context(least_capacity=8 * 10**12))
    assert small.klass is Klass.REPLACE and "4 TB, smaller than the 8 TB" in small.headline
    assert judge(evidence(hdd()), seen=Context(media="hdd", least_capacity=4 * 10**12)).klass is Klass.GOOD


@pytest.mark.parametrize(
    ("name", "outcome", "klass"),
    [
        ("badblocks", TestOutcome.PASSED, Klass.GOOD),
        ("badblocks", TestOutcome.FAILED, Klass.REPLACE),
        ("badblocks", TestOutcome.DEGRADED, Klass.WATCH),
        ("badblocks", TestOutcome.NOT_RUN, Klass.NOT_TESTED),
        ("smartctl-validate", TestOutcome.FAILED, Klass.GOOD),
        ("smartctl-long", TestOutcome.NOT_RUN, Klass.NOT_TESTED),
    ],
)
def test_what_else_tested_the_drive_counts(name: str, outcome: TestOutcome, klass: Klass) -> None:
    test = TestEvidence(name=name, part="drive", outcome=outcome, detail="aborted by its neighbour")
    assert judge(evidence(hdd()), seen=Context(tests=[test])).klass is klass
