"""The attributes of SATA drives, as each vendor numbers them."""

from typing import Any

from c3tui.lab.chassis import Drive

_REALLOCATED_WHEN_DEAD, _PENDING_WHEN_DEAD, _UNCORRECTED_WHEN_DEAD = 1975, 8, 12
_LBAS_WRITTEN_AN_HOUR, _LBAS_READ_AN_HOUR = 29_370_000, 11_510_000
_Attribute = tuple[int, str, int, int, int, int, int]
"""Id, name, value, worst, threshold, flags, raw value."""
_FLAGS = (
    (1, "prefailure", "P"),
    (2, "updated_online", "O"),
    (4, "performance", "S"),
    (8, "error_rate", "R"),
    (16, "event_count", "C"),
    (32, "auto_keep", "K"),
)


def attributes(drive: Drive, temperature: int) -> list[dict[str, Any]]:
    """The table of a drive, at so many degrees Celsius."""
    if drive.rotational:
        rows = _disk(drive, temperature)
    elif drive.model.startswith("MTFD"):
        rows = _micron(drive, temperature)
    else:
        rows = _intel(drive, temperature)
    return [_attribute(*each) for each in sorted(rows)]


def _shared(drive: Drive, temperature: int) -> list[_Attribute]:
    """What all of them count."""
    bad = drive.failed
    moved = _REALLOCATED_WHEN_DEAD if bad else drive.condition.reallocated
    # A vendor's own scale: 100 is new, and nothing is said before the threshold is reached.
    health = 1 if bad else max(11, 100 - moved // 50)
    aged = max(1, 100 - drive.hours // 1000)
    uncorrected = _UNCORRECTED_WHEN_DEAD if bad else 0
    return [
        (5, "Reallocated_Sector_Ct", health, health, 10, 51, moved),
        (9, "Power_On_Hours", aged, aged, 0, 50, drive.hours),
        (12, "Power_Cycle_Count", 100, 100, 0, 50, 4),
        (187, "Reported_Uncorrect", 100 - uncorrected, 100 - uncorrected, 0, 50, uncorrected),
        (197, "Current_Pending_Sector", 100, 100, 0, 18, _PENDING_WHEN_DEAD if bad else 0),
    ]


def _disk(drive: Drive, temperature: int) -> list[_Attribute]:
    bad = drive.failed
    return [
        *_shared(drive, temperature),
        (1, "Raw_Read_Error_Rate", 84, 64, 44, 15, 239_307_048),
        (3, "Spin_Up_Time", 91, 90, 0, 3, 0),
        (4, "Start_Stop_Count", 100, 100, 20, 50, 4),
        (7, "Seek_Error_Rate", 85, 60, 45, 15, 330_010),
        (10, "Spin_Retry_Count", 100, 100, 97, 19, 0),
        (188, "Command_Timeout", 100, 100, 0, 50, 0),
        (190, "Airflow_Temperature_Cel", 100 - temperature, 50, 40, 34, temperature),
        (194, "Temperature_Celsius", temperature, 40, 0, 34, temperature),
        (198, "Offline_Uncorrectable", 100, 100, 0, 16, _PENDING_WHEN_DEAD if bad else 0),
        (199, "UDMA_CRC_Error_Count", 200, 200, 0, 62, 0),
        (240, "Head_Flying_Hours", 100, 253, 0, 0, drive.hours),
        (241, "Total_LBAs_Written", 100, 253, 0, 0, drive.hours * _LBAS_WRITTEN_AN_HOUR),
        (242, "Total_LBAs_Read", 100, 253, 0, 0, drive.hours * _LBAS_READ_AN_HOUR),
    ]


def _intel(drive: Drive, temperature: int) -> list[_Attribute]:
    left = 100 - drive.condition.wear
    return [
        *_shared(drive, temperature),
        (170, "Available_Reservd_Space", 100, 100, 10, 51, 0),
        (171, "Program_Fail_Count", 100, 100, 0, 50, 0),
        (172, "Erase_Fail_Count", 100, 100, 0, 50, 0),
        (190, "Drive_Temperature", 100 - temperature, 66, 0, 34, temperature),
        (194, "Temperature_Celsius", 100, 100, 0, 34, temperature),
        (199, "CRC_Error_Count", 100, 100, 0, 62, 0),
        (232, "Available_Reservd_Space", 100, 100, 10, 51, 0),
        (233, "Media_Wearout_Indicator", left, left, 0, 50, 0),
        (241, "Host_Writes_32MiB", 100, 100, 0, 50, drive.hours * 11),
        (242, "Host_Reads_32MiB", 100, 100, 0, 50, drive.hours * 81),
    ]


def _micron(drive: Drive, temperature: int) -> list[_Attribute]:
    wear = drive.condition.wear
    return [
        *_shared(drive, temperature),
        (1, "Raw_Read_Error_Rate", 100, 100, 50, 47, 0),
        (171, "Program_Fail_Count", 100, 100, 0, 50, 0),
        (172, "Erase_Fail_Count", 100, 100, 0, 50, 0),
        (173, "Ave_Block-Erase_Count", 100 - wear, 100 - wear, 0, 50, wear * 50),
        (174, "Unexpect_Power_Loss_Ct", 100, 100, 0, 50, 1),
        (184, "Error_Correction_Count", 100, 100, 0, 50, 0),
        (194, "Temperature_Celsius", 100 - temperature, 60, 0, 34, temperature),
        (196, "Reallocated_Event_Count", 100, 100, 0, 50, drive.condition.reallocated),
        (198, "Offline_Uncorrectable", 100, 100, 0, 48, 0),
        (199, "UDMA_CRC_Error_Count", 100, 100, 0, 50, 0),
        (202, "Percent_Lifetime_Remain", 100 - wear, 100 - wear, 1, 48, wear),
        (246, "Total_LBAs_Written", 100, 100, 0, 50, drive.hours * _LBAS_WRITTEN_AN_HOUR),
        (247, "Host_Program_Page_Count", 100, 100, 0, 50, drive.hours * 459_000),
    ]


def _attribute(
    number: int, name: str, value: int, worst: int, threshold: int, flags: int, raw: int
) -> dict[str, Any]:
    letters = "".join(letter if flags & bit else "-" for bit, _, letter in _FLAGS)
    failing = 0 < value <= threshold
    return {
        "id": number,
        "name": name,
        "value": value,
        "worst": worst,
        "thresh": threshold,
        "when_failed": "now" if failing else "",
        "flags": {"value": flags, "string": f"{letters} "}
        | {key: bool(flags & bit) for bit, key, _ in _FLAGS},
        "raw": {"value": raw, "string": str(raw)},
    }
