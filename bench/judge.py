"""Judging all drives of 1,000 servers, against parsing the same reports with the json module in the same run.

The judgement is what is repeated, whenever something new comes in; a report is read once, as it arrives. What
json.loads alone takes for the reports is the least that any reader of them takes.
"""

import json
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from c3tui.checks.drives import Subject, judge_fleet
from c3tui.model.evidence import FioEvidence, read_smart
from tests.support.reports import Report, hdd, nvme, row, self_test, ssd, with_log

SERVERS, BAYS = 1000, 12
LIMIT = 2.0
"""Seconds for judging all drives."""

NAMES = {
    3: "Spin_Up_Time",
    4: "Start_Stop_Count",
    5: "Reallocated_Sector_Ct",
    7: "Seek_Error_Rate",
    10: "Spin_Retry_Count",
    12: "Power_Cycle_Count",
    187: "Reported_Uncorrect",
    188: "Command_Timeout",
    190: "Airflow_Temperature_Cel",
    192: "Power-Off_Retract_Count",
    193: "Load_Cycle_Count",
    194: "Temperature_Celsius",
    196: "Reallocated_Event_Count",
    197: "Current_Pending_Sector",
    240: "Head_Flying_Hours",
    241: "Total_LBAs_Written",
    242: "Total_LBAs_Read",
}
ROUNDS = 3
T = TypeVar("T")


def report(nth: int, bay: int, drawn: Random) -> Report:
    """The report of a bay: two NVMe, two SATA SSDs and spinning drives, some of them with faults."""
    model = nvme if bay < 2 else ssd if bay < 4 else hdd
    made = model() if bay < 4 else hdd(*_attributes(drawn), **with_log(*_log()))
    made["serial_number"] = f"ZX{nth:06d}"
    made["temperature"]["current"] = 28 + bay + drawn.randrange(3)
    return made


def _attributes(drawn: Random) -> list[Report]:
    """As many lines as an enterprise drive has."""
    chance = drawn.random()
    counts = {5: 900} if chance < 0.01 else {197: 8} if chance < 0.02 else {}
    return [row(number, name, counts.get(number, 0)) for number, name in NAMES.items()]


def _log() -> list[Report]:
    return [self_test(0, 1900 - nth * 24, "Short offline") for nth in range(21)]


def fleet(texts: list[str], drawn: Random) -> list[Subject]:
    """Every drive with its evidence and what fio measured."""
    subjects = []
    for nth, text in enumerate(texts):
        server, bay = divmod(nth, BAYS)
        speed = 240e6 if drawn.random() > 0.002 else 90e6
        fio = FioEvidence(
            sequential_read=drawn.gauss(speed, 3e6),
            sequential_write=drawn.gauss(speed, 3e6),
            random_read_iops=drawn.gauss(180, 4),
            random_write_iops=drawn.gauss(160, 4),
        )
        name = f"c3-{server:04d}"
        subjects.append(
            Subject(
                f"{name}/bay{bay:02d}",
                name,
                bay,
                read_smart(text),
                fio=fio,
                selftest_seconds=95.0,
                inlet_c=22,
            )
        )
    return subjects


def timed(work: Callable[[], T]) -> tuple[float, T]:
    """Seconds of the fastest of a few rounds, and what came out."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        made = work()
        taken.append(time.perf_counter() - began)
    return min(taken), made


def main() -> int:
    """Print the figures; 1 when judging is over its limit."""
    drawn = Random(7)
    texts = [json.dumps(report(nth, nth % BAYS, drawn)) for nth in range(SERVERS * BAYS)]
    subjects = fleet(texts, drawn)
    parsing, _ = timed(lambda: [json.loads(text) for text in texts])
    reading, _ = timed(lambda: [read_smart(text) for text in texts])
    judging, judged = timed(lambda: judge_fleet(subjects))
    count = Counter(each.klass.value for each in judged.values())
    size = sum(map(len, texts)) / len(texts) / 1000
    print(f"{len(texts)} drives, reports of {size:.1f} KB, best of {ROUNDS}")
    print(f"judging all, beside their siblings  {judging:6.2f} s (limit {LIMIT:.0f} s)")
    print(
        f"json.loads of their reports         {parsing:6.2f} s: judging takes {judging / parsing:.1f} of that"
    )
    print(f"reading the reports into evidence   {reading:6.2f} s: {reading / parsing:.1f} of that, once each")
    print(", ".join(f"{many} {klass}" for klass, many in sorted(count.items())))
    return 0 if judging < LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
