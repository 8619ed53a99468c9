"""Tests on a drive: what they print, how they end and how long they take on the drive that is there."""

import json
from dataclasses import dataclass

from c3tui.lab.chassis import Drive
from c3tui.lab.maas.records import Script
from c3tui.lab.maas.status import ScriptStatus
from c3tui.lab.smart import exit_status, report, text_report

SMART_TEST = "c3-smart"
_DISK_SPEED = 200_000_000
"""Bytes a second of a whole-surface read."""
_SURFACE_PASSES = {"smartctl-long": 1, "badblocks": 1, "badblocks-destructive": 8}
_SECONDS = {
    "smartctl-validate": 15.0,
    "smartctl-short": 130.0,
    "smartctl-conveyance": 300.0,
    "fio": 600.0,
    SMART_TEST: 4.0,
}
_AT_DRIVES_PACE = {"smartctl-short", "smartctl-conveyance", "fio", *_SURFACE_PASSES}
_BAD_ERROR = 74
"""EX_IOERR, with which MAAS's SMART tests end whenever smartctl ends with anything but 0 and 4."""
_FIO_KB_S = {
    # random read, sequential read, random write, sequential write; 4 KiB blocks, 64 in flight
    "disk": (1_150, 246_000, 1_420, 239_000),
    "flash": (312_000, 498_000, 221_000, 431_000),
    "nvme": (2_310_000, 5_480_000, 1_180_000, 3_310_000),
}
_FIO_RUNS = ("random_read", "sequential_read", "random_write", "sequential_write")
_FIO_BLOCK_KB = 4


@dataclass
class Outcome:
    """How a script ended."""

    exit_status: int = 0
    output: str = ""
    stderr: str = ""
    result: str = ""
    says: ScriptStatus | None = None
    """What the result itself gives as status; else the exit status decides."""


def seconds_on(script: Script, drive: Drive) -> float | None:
    """How long a test takes on a drive, in simulated seconds; None when it never comes back."""
    if drive.condition.hangs_in == script.name or (
        drive.condition.hangs_in == "*" and script.name != SMART_TEST
    ):
        return None
    if script.name in _SURFACE_PASSES:
        seconds = drive.size / _DISK_SPEED * _SURFACE_PASSES[script.name]
    else:
        seconds = _SECONDS.get(script.name, 4.0)
    return seconds / drive.condition.pace if script.name in _AT_DRIVES_PACE else seconds


def on_disk(script: Script, drive: Drive, path: str) -> Outcome:
    """Run a test on a drive."""
    if script.name == SMART_TEST:
        text = json.dumps(report(drive, path=path)) + "\n"
        return Outcome(0, text) if drive.condition.smart else _skipped(text)
    if script.name.startswith("smartctl"):
        return _smartctl(drive, path)
    if script.name == "fio":
        return Outcome(0, f"fio on {path}\n", result=_fio(drive))
    if script.default:
        code = 1 if drive.failed and script.name.startswith("badblocks") else 0
        return Outcome(code, f"{script.name} on {path}\n", result=figures(script, failed=bool(code)))
    return Outcome()


def _smartctl(drive: Drive, path: str) -> Outcome:
    asked = f"INFO: Verifying SMART support for the following drive: {path}\n"
    if not drive.condition.smart:
        return _skipped(
            f"{asked}INFO: Unable to run test. The following drive does not support SMART: {path}\n"
        )
    code = exit_status(drive)
    if code in (0, 4):
        text = f"SUCCESS: SMART validation has PASSED for: {path}"
    else:
        text = f"FAILURE: SMART tests have FAILED for: {path}\nThe test exited with return code {code}!"
    return Outcome(_BAD_ERROR if code not in (0, 4) else 0, f"{asked}{text}\n\n{text_report(drive, path)}")


def _skipped(text: str) -> Outcome:
    return Outcome(0, text, result="status: skipped\n", says=ScriptStatus.SKIPPED)


def _fio(drive: Drive) -> str:
    kind = "nvme" if drive.transport == "nvme" else "disk" if drive.rotational else "flash"
    lines = ["results:"]
    for number, (run, speed) in enumerate(zip(_FIO_RUNS, _FIO_KB_S[kind], strict=True)):
        # No two drives are alike: up to two percent, the same whenever this drive is asked.
        spread = 0.98 + sum(map(ord, drive.serial)) * (number + 3) % 41 / 1000
        measured = round(speed * spread * drive.condition.pace)
        lines += [f"  {run}: {measured} KB/s", f"  {run}_iops: {measured // _FIO_BLOCK_KB}"]
    return "\n".join(lines) + "\n"


def figures(script: Script, *, failed: bool) -> str:
    """The result of a test that counts or measures."""
    if not script.results:
        return ""
    values = {name: "8" if failed else "0" for name in script.results}
    if script.name == "7z":
        values = {name: str(1000 + 37 * number) for number, name in enumerate(script.results)}
    lines = "".join(f"  {name}: {value}\n" for name, value in values.items())
    return f"status: {'failed' if failed else 'passed'}\nresults:\n{lines}"
