"""What a vendor wants to know of a part that comes back: labels, figures, the report, the story."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c3tui.engine.errors import StepError
from c3tui.engine.planfile import write as write_file
from c3tui.engine.store import Reader
from c3tui.model.campaign import ARCHIVE, SMART
from c3tui.model.judged import Judged
from c3tui.model.replacement import Replacement, Verdict

WIDTH = 78


@dataclass(frozen=True)
class Rma:
    """One part."""

    name: str
    """Of its files, without what tells their kinds."""
    told: dict[str, Any]
    report: bytes
    """The raw SMART report as it was archived; empty when there is none."""


def gather(reader: Reader, part: Replacement) -> Rma:
    """Everything on record of a part that goes back; it holds no secret, for none is on record."""
    judged = part.judged or _judged_now(reader, part)
    verdict = reader.get(Verdict, f"{part.bay}:{part.old.serial}")
    report, archived = _report(reader, part)
    numbers = judged.numbers if judged else {}
    told: dict[str, Any] = {
        "part": part.part.value,
        "serial": part.old.serial,
        "model": part.old.model,
        "firmware": judged.firmware if judged else "",
        "size_bytes": part.old.size or None,
        "hours": numbers.get("hours"),
        "taken_from": part.bay,
        "reason": part.reason,
        "judged": judged.klass.value if judged else None,
        "headline": judged.headline if judged else "",
        "reasons": [each.model_dump(mode="json") for each in judged.reasons] if judged else [],
        "numbers": numbers,
        "report": archived,
        "phase": part.phase.value,
        "marked_by": part.by,
        "marked_at": part.marked_at.isoformat(),
        "decided_by": verdict.by if verdict else part.by,
        "decided_at": verdict.at.isoformat() if verdict else None,
        "replaced_by": part.new.serial if part.new else None,
        "history": part.history,
    }
    return Rma(_file_name(part), told, report)


def _judged_now(reader: Reader, part: Replacement) -> Judged | None:
    found = reader.get(Judged, part.bay)
    return found if found and found.serial == part.old.serial else None


def _report(reader: Reader, part: Replacement) -> tuple[bytes, str]:
    """The newest report of the drive that says anything, and its name in the archive."""
    names = [
        name
        for _, name, meta in reader.archive_index(ARCHIVE, part.server)
        if meta.get("script") == SMART and meta.get("serial") == part.old.serial
    ]
    for name in reversed(names):
        if body := reader.archive_body(ARCHIVE, part.server, name):
            return body, name
    return b"", ""


def _file_name(part: Replacement) -> str:
    """Plain enough for every file system, whatever the label says."""
    words = "-".join(word for word in (part.bay, part.old.serial or part.part.value) if word)
    return re.sub(r"[^A-Za-z0-9._-]+", "-", words).strip("-.")


def as_text(told: dict[str, Any]) -> str:
    """The same for people, in 80 columns where values allow it."""
    lines = [f"{str(told['part']).upper()} {told['model']} {told['serial']}".strip(), "=" * WIDTH]
    for key in (
        "firmware",
        "size_bytes",
        "hours",
        "taken_from",
        "reason",
        "judged",
        "headline",
        "replaced_by",
    ):
        if told[key] not in (None, ""):
            lines.append(f"{key.replace('_', ' '):<12} {_plain(told[key])}")
    lines.append(
        f"{'decided by':<12} {told['decided_by']}, marked by {told['marked_by']} at {told['marked_at']}"
    )
    if told["reasons"]:
        lines += ["", "What decided:"]
        lines += [f"  {each['klass']}: {_plain(each['text'])}" for each in told["reasons"]]
    if told["numbers"]:
        lines += ["", "Figures:"]
        lines += [f"  {term.replace('_', ' '):<18} {value:g}" for term, value in told["numbers"].items()]
    lines += ["", "Story:", *(f"  {_plain(line)}" for line in told["history"])]
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    return "".join(char if char.isprintable() else " " for char in str(value))


def write(parts: Sequence[Rma], directory: Path) -> list[Path]:
    """Write a JSON file and a text for each part, and the raw report of drives beside them.

    Raises:
        StepError: the directory cannot be written.
    """
    written = []
    try:
        directory.mkdir(mode=0o755, exist_ok=True)
        for part in parts:
            target = directory / f"{part.name}.json"
            write_file(target, json.dumps(part.told, indent=1))
            write_file(directory / f"{part.name}.txt", as_text(part.told))
            if part.report:
                (directory / f"{part.name}.smart.json").write_bytes(part.report)
            written.append(target)
    except OSError as error:
        raise StepError(f"it cannot be written ({error.strerror})", where=str(directory)) from error
    return written
