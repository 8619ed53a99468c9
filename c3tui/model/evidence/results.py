"""What other tests say: throughput of a drive as fio measures it, and the outcome of any one test."""

import re
from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict

from c3tui.model.evidence.wire import LARGEST, Picker, Tree, Unreadable, parse

KIB = 1024
_UNITS = {"": KIB, "b": 1, "k": KIB, "kb": 1000, "kib": KIB, "m": KIB**2, "mb": 10**6, "mib": KIB**2,
          "g": KIB**3, "gb": 10**9, "gib": KIB**3}  # fmt: skip
"""Bytes in fio's units; a bare bandwidth is in KiB (fio(1), ``bw``)."""

_LINE = re.compile(r"""^\s*['"]?(random|sequential)_(read|write)(_iops)?['"]?\s*:\s*(.*?)\s*$""", re.M)
_FIGURE = re.compile(r"""['"]?(\d{1,15}(?:\.\d{1,6})?)\s*([kmgKMG]?i?[bB]?)(?:/s|ps)?['"]?$""")
_JOBS = {"read": ("sequential", "read"), "write": ("sequential", "write"),
         "randread": ("random", "read"), "randwrite": ("random", "write")}  # fmt: skip
FASTEST = 10**11
"""Bytes a second, and I/O a second: no drive does more."""


class FioEvidence(BaseModel):
    """One drive under fio. What was not measured is None."""

    model_config = ConfigDict(frozen=True)

    sequential_read: float | None = None
    """Bytes a second, as all that are not I/O a second or latency."""
    sequential_write: float | None = None
    random_read: float | None = None
    random_write: float | None = None
    sequential_read_iops: float | None = None
    sequential_write_iops: float | None = None
    random_read_iops: float | None = None
    random_write_iops: float | None = None
    read_latency: float | None = None
    """Mean completion latency in microseconds of random I/O, as below; of sequential I/O without such."""
    write_latency: float | None = None
    notes: tuple[str, ...] = ()
    problem: str = ""

    @property
    def usable(self) -> bool:
        """Whether it measured anything that can be trusted."""
        return not self.problem


def read_fio(text: str | bytes) -> FioEvidence:
    """What fio measured, from MAAS's result (``random_read: 61.2MiB/s``, YAML or JSON) or fio's own JSON.

    Never raises: what cannot be used says so in ``problem``.
    """
    if isinstance(text, bytes):
        text = text[: LARGEST + 1].decode("utf-8", errors="replace")
    if len(text) > LARGEST:
        return FioEvidence(problem=f"the fio result is larger than {LARGEST >> 20} MiB")
    if text.lstrip().startswith("{"):
        return _from_json(text)
    found: dict[str, float] = {}
    notes = []
    for kind, way, iops, shown in _LINE.findall(text):
        value = _figure(shown, rate=not iops)
        if value is None:
            notes.append(f"{kind}_{way}{iops}: {shown[:40]!r} is no figure")
        else:
            found[f"{kind}_{way}{iops}"] = value
    return _evidence(found, notes)


def _figure(shown: str, *, rate: bool) -> float | None:
    match = _FIGURE.fullmatch(shown)
    if match is None:
        return None
    number, unit = float(match.group(1)), match.group(2).lower()
    if not rate:
        number *= {"": 1, "k": 1e3, "m": 1e6}.get(unit, 0)
    elif unit in _UNITS:
        number *= _UNITS[unit]
    return number if 0 < number <= FASTEST else None


def _from_json(text: str) -> FioEvidence:
    try:
        tree = parse(text)
    except Unreadable as error:
        return FioEvidence(problem=f"the fio result is {error}")
    picker = Picker()
    found: dict[str, float] = {}
    results = picker.node(tree, "results") or tree
    for kind in ("random", "sequential"):
        for key in (f"{kind}_read", f"{kind}_write", f"{kind}_read_iops", f"{kind}_write_iops"):
            shown = results.get(key)
            if isinstance(shown, str | int | float) and not isinstance(shown, bool):
                value = _figure(str(shown)[:40], rate=not key.endswith("_iops"))
                if value is not None:
                    found[key] = value
                else:
                    picker.doubt(key, f"{str(shown)[:40]!r} is no figure")
    for job in picker.rows(tree, "jobs"):
        _job(picker, job, found)
    if picker.damaged:
        return FioEvidence(problem=f"the fio result is damaged: {picker.damaged[0]}")
    return _evidence(found, picker.notes)


def _job(picker: Picker, job: Tree, found: dict[str, float]) -> None:
    asked = picker.text(job, "job options", "rw")
    if asked not in _JOBS:
        return
    kind, way = _JOBS[asked]
    for key, names, scale in (
        (f"{kind}_{way}", ("bw_bytes",), 1.0),
        (f"{kind}_{way}_iops", ("iops",), 1.0),
        (f"{way}_latency", ("clat_ns", "mean"), 0.001),
    ):
        value = picker.get(job, (way, *names))
        if not isinstance(value, int | float) or isinstance(value, bool):
            continue
        if not 0 < value * scale <= FASTEST:
            picker.doubt(key, "no figure that a drive can have")
        elif key not in found or kind == "random":
            found[key] = value * scale


def _evidence(found: dict[str, float], notes: list[str]) -> FioEvidence:
    problem = "" if found else "the fio result holds no figures"
    return FioEvidence.model_validate({**found, "notes": tuple(notes), "problem": problem})


class TestOutcome(StrEnum):
    """How a test ended. Only *passed* is a pass; what did not run to its end tested nothing."""

    __test__ = False

    PASSED = "passed"
    DEGRADED = "degraded"
    FAILED = "failed"
    NOT_RUN = "not run"


class TestEvidence(BaseModel):
    """One test of one part: a memory test, a stress test, a surface scan."""

    __test__ = False

    model_config = ConfigDict(frozen=True)

    name: str
    """Of the script, such as ``badblocks`` or ``memtester``."""
    part: Literal["drive", "memory", "cpu", "network", "server"]
    outcome: TestOutcome
    detail: str = ""
    """Why it did not run, or what it found."""
    seconds: float | None = None
    """How long it took."""
