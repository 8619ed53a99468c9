"""SMART reports as common terms: units, raw formats, logs, what is missing and what cannot be true."""

import json
from typing import Any

import pytest

from c3tui.model.evidence import SelfTestResult, SmartEvidence, read_fio, read_smart
from tests.support.reports import Report, evidence, hdd, nvme, row, sas, self_test, ssd, with_log


def test_a_spinning_drive_in_common_terms() -> None:
    read = evidence(hdd(wwn={"naa": 5, "oui": 3152, "id": 1234567890}, smartctl__exit_status=64))
    assert (read.protocol, read.media, read.rpm, read.model) == ("ATA", "hdd", 7200, "ACME ATA")
    assert (read.capacity, read.logical_sector, read.physical_sector) == (4000787030016, 512, 4096)
    assert (read.hours, read.cycles, read.temperature, read.link_gbps) == (2000, 9, 30, 6.0)
    assert (read.reallocated, read.pending, read.crc_errors) == (0, 0, 0)
    assert read.wwn == "0x5000c500499602d2"
    assert read.exit_bits == ("the drive's error log has entries",)
    assert read.usable and not read.lacks and read.smart_passed is True


def test_what_a_report_does_not_say_is_none_and_not_zero() -> None:
    read = evidence(hdd(power_on_time=None, temperature=None, power_cycle_count=None))
    assert read.hours == 2000, "attribute 9 says it too"
    for term in ("temperature", "cycles", "wear", "spare", "media_errors", "grown_defects", "smart_tests"):
        assert getattr(read, term, None) is None, term
    assert read.reported_uncorrectable is None and read.error_entries is None


def test_what_is_not_known_is_kept() -> None:
    read = evidence(hdd(vendor_future_log={"a": [1, 2]}))
    assert json.loads(read.extra["vendor_future_log"]) == {"a": [1, 2]}


@pytest.mark.parametrize(
    ("made", "term", "value"),
    [
        (row(188, "Command_Timeout", 51_540_393_996), "command_timeouts", 12),
        (row(188, "Command_Timeout", 4295032833, text="1 1 1"), "command_timeouts", 1),
        (row(5, "Reallocated_Sector_Ct", 65538, text="2 (1)"), "reallocated", 2),
        (row(5, "Reallocated_Sector_Ct", 10, text="0"), "reallocated", 10),
        (row(197, "Current_Pending_Sector", 2**33 + 5), "pending", None),
        (
            row(196, "Reallocated_Event_Count", 53416508262463, text="2111 (12437 0)"),
            "reallocation_events",
            2111,
        ),
        (row(196, "Total_Erase_Count", 900), "reallocation_events", None),
        (row(22, "Helium_Level", 100), "helium", 100),
    ],
)
def test_raw_values_as_vendors_pack_them(made: Report, term: str, value: int | None) -> None:
    assert getattr(evidence(hdd(made)), term) == value


@pytest.mark.parametrize(
    ("raw", "text", "hours"),
    [
        (4417953684533483, "12523h+17m+08.635s", 12523),
        (167031278144165, "2725 (151 234 0)", 2725),
        (0x0001_0000_0000 + 777, str(0x0001_0000_0000 + 777), 777),
        (83425, "83425", 83425),
    ],
)
def test_hours_of_attribute_nine(raw: int, text: str, hours: int) -> None:
    read = evidence(hdd(row(9, "Power_On_Hours", raw, text=text), power_on_time=None))
    assert read.hours == hours


def test_temperature_is_never_the_packed_raw_value() -> None:
    packed = row(194, "Temperature_Celsius", 176094511130, text="26 (Min/Max 13/41)")
    assert evidence(hdd(packed, temperature=None)).temperature == 26


@pytest.mark.parametrize(
    ("made", "wear"),
    [
        (row(233, "Media_Wearout_Indicator", 0, 27), 73),
        (row(233, "Flash_Writes_GiB", 12345, 27), 1),
        (row(177, "Wear_Leveling_Count", 950, 27), 73),
        (row(177, "Wear_Range_Delta", 27, 27), 1),
        (row(202, "Percent_Lifetime_Remain", 73, 27), 73),
        (row(231, "SSD_Life_Left", 27, 27), 73),
        (row(231, "Temperature_Celsius", 27, 27), 1),
        (row(169, "Remaining_Lifetime_Perc", 27, 27), 73),
        (row(173, "Wear_Leveling_Count", 1234, 200), 1),
    ],
)
def test_wear_by_name_and_not_by_number_alone(made: Report, wear: int) -> None:
    table = [] if made["id"] == 233 else [row(233, "Media_Wearout_Indicator", 0, 99)]
    expected = wear if made["id"] != 233 or made["name"].startswith("Media") else None
    assert evidence(ssd(made, *table)).wear == expected


def test_device_statistics_have_the_last_word_on_wear() -> None:
    statistics = {
        "pages": [
            {"number": 7, "table": [{"offset": 8, "value": 41, "flags": {"valid": True}}]},
            {"number": 4, "table": [{"offset": 8, "value": 3, "flags": {"valid": False}}]},
        ]
    }
    read = evidence(ssd(ata_device_statistics=statistics))
    assert read.wear == 41 and read.reported_uncorrectable is None


def test_spare_that_smartctl_guesses_for_a_spinning_drive_is_none() -> None:
    assert evidence(hdd(spare_available={"current_percent": 1, "threshold_percent": 10})).spare is None


def test_nvme_in_common_terms() -> None:
    read = evidence(nvme(critical_warning=0b1001, media_errors=2**70, data_units_written=10))
    assert (read.media, read.wear, read.spare, read.spare_margin, read.bytes_written) == (
        "nvme",
        3,
        100,
        90,
        5_120_000,
    )
    assert read.critical_warnings == ("spare blocks below their threshold", "read-only")
    assert read.media_errors is None and "media_errors" in read.notes[0] and read.lacks == ("media errors",)


def test_sas_in_common_terms() -> None:
    phy = {"negotiated_logical_link_rate": "phy enabled; 12 Gbps", "invalid_dword_count": 4}
    read = evidence(
        sas(
            scsi_error_counter_log__read__total_uncorrected_errors=2,
            scsi_grown_defect_list=56,
            scsi_sas_port_0={"number_of_phys": 1, "phy_0": phy},
            scsi_self_test_0={
                "code": {"value": 2, "string": "Background long"},
                "result": {"value": 7, "string": "Failed in segment"},
                "power_on_time": {"hours": 1999},
            },
        )
    )
    assert (read.grown_defects, read.uncorrected, read.phy_errors, read.link_gbps) == (56, 2, 4, 12.0)
    assert read.trip_margin == 34
    assert read.self_tests[0].result is SelfTestResult.FAILED and read.self_tests[0].extended


def test_sas_names_of_later_smartctl() -> None:
    read = evidence(
        sas(
            model_name=None,
            scsi_model_name="ACME 7E8",
            firmware_version=None,
            scsi_revision="MS03",
            rotation_rate=0,
            scsi_percentage_used_endurance_indicator=12,
        )
    )
    assert (read.model, read.firmware, read.wear, read.media) == ("ACME 7E8", "MS03", 12, "ssd")


def test_the_self_test_log_of_an_old_drive_counts_on_after_sixteen_bits() -> None:
    log = [self_test(0, 42), self_test(121, 4, lba=1048), self_test(0, 65530)]
    read = evidence(hdd(power_on_time__hours=65592, **with_log(*log)))
    assert [each.hours for each in read.self_tests] == [65578, 65540, 65530]
    assert [each.result for each in read.self_tests] == ["passed", "failed", "passed"]
    assert read.self_tests[1].lba == 1048


def test_nvme_self_tests_that_were_aborted_are_no_pass() -> None:
    entry = {
        "self_test_code": {"value": 2, "string": "Extended"},
        "self_test_result": {"value": 2, "string": "Aborted: Controller Reset"},
        "power_on_hours": 7,
    }
    read = evidence(nvme(nvme_self_test_log={"table": [entry]}))
    assert read.self_tests[0].result is SelfTestResult.ABORTED


def problem_of(report: Any) -> str:
    return (report if isinstance(report, SmartEvidence) else evidence(report)).problem


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (b"", "empty"),
        (b"\xff\xfe{}", "not UTF-8"),
        (b"[1]", "no object"),
        (b"{}", "no protocol"),
        (b'{"a": 1, "a": 2}', "'a' twice"),
        (b'{"a": NaN}', "no number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "far too long"),
        (b'{"a":' * 100_000, "too deep"),
        (b"x" * (9 << 20), "larger than"),
        (b'{"device": {"protocol": "QUIC"}}', "'QUIC'"),
    ],
)
def test_what_is_no_report_says_why(text: bytes, word: str) -> None:
    assert word in read_smart(text).problem


def test_what_cannot_be_read_of_a_device_says_why() -> None:
    sleeping = {"smartctl": {"exit_status": 2, "messages": [{"string": "Device is in STANDBY mode"}]}}
    assert "STANDBY" in problem_of(sleeping)
    assert "has no SMART" in problem_of(hdd(smart_support__available=False))
    assert "switched off" in problem_of(hdd(smart_support__enabled=False))


def test_a_wrong_type_is_damage_and_an_absurd_value_a_note() -> None:
    assert "power_on_time.hours is 'many'" in problem_of(hdd(power_on_time__hours="many"))
    assert "scsi_grown_defect_list is True" in problem_of(sas(scsi_grown_defect_list=True))
    assert "-4" in problem_of(sas(scsi_grown_defect_list=-4))
    assert "smart_status.passed" in problem_of(hdd(smart_status={"passed": 1}))
    read = evidence(nvme(temperature__current=3000))
    assert read.usable and read.temperature == 36 and "3000 C" in read.notes[0]


def test_names_from_outside_are_made_harmless() -> None:
    read = read_smart(json.dumps(hdd(model_name="A\x1b[2JB\ud800" + "x" * 500)))
    assert read.model.startswith("A [2JB x") and len(read.model) == 200
    read.model_dump_json().encode()


def test_evidence_survives_its_own_json() -> None:
    read = evidence(hdd(**with_log(self_test(0, 9)), vendor_log=[1]))
    assert SmartEvidence.model_validate_json(read.model_dump_json()) == read


def test_fio_in_the_forms_it_comes_in() -> None:
    yaml = read_fio(
        "results:\n  sequential_read: 241MiB/s\n  random_read: '900'\n  random_read_iops: 15.6k\n"
    )
    assert yaml.sequential_read == 241 * 1024**2 and yaml.random_read == 900 * 1024
    assert yaml.random_read_iops == 15600 and yaml.random_write is None
    job = {
        "job options": {"rw": "randread"},
        "read": {"bw_bytes": 5e6, "iops": 1200, "clat_ns": {"mean": 9e5}},
    }
    own = read_fio(json.dumps({"jobs": [job]}))
    assert (own.random_read, own.random_read_iops, own.read_latency) == (5e6, 1200, 900)
    assert read_fio("results: {}").problem and read_fio('{"jobs": 3}').problem
    odd = read_fio("random_read: fast\nsequential_read: 100KB/s")
    assert odd.random_read is None and "fast" in odd.notes[0] and odd.sequential_read == 100_000
