"""Files in and out of the plan: tables for others, and servers from a spreadsheet."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from c3tui.engine import planfile
from c3tui.engine.errors import InputError
from c3tui.engine.site import SiteFiles
from c3tui.model import exports
from c3tui.model.imports import LARGEST
from c3tui.model.network import Placement4
from c3tui.model.plan import Plan
from screens.dialogs.frame import Dialog
from screens.dialogs.questions import Reason
from screens.words import counted


@dataclass(frozen=True)
class Export:
    """A table that leaves C3."""

    key: str
    title: str
    file: str
    """Its name in the site directory, where nobody says otherwise."""
    mode: int
    """Serials and the MACs of BMCs are nobody else's business; the others are there to be given away."""

    def text(self, plan: Plan, placed: Mapping[str, Placement4]) -> str:
        """The table."""
        if self.key == "csv":
            return exports.as_csv(exports.hosts(plan, placed))
        return exports.etc_hosts(plan, placed) if self.key == "hosts" else exports.switch_sheet(plan)


EXPORTS = (
    Export("csv", "CSV: every server with its addresses, for a spreadsheet", "hosts.csv", 0o600),
    Export("hosts", "/etc/hosts: names of the API, nodes and BMCs", "etc-hosts.txt", 0o644),
    Export("switch", "The switch engineer's sheet: VLANs, ports, MAC limits", "switch-sheet.txt", 0o644),
)


class AskPath(Reason):
    """Wants the path of a file; one that was typed before is there again."""


def ask_path(title: str, drafts: dict[str, str], key: str, default: str, site: Path) -> Dialog[str]:
    """The dialog; a relative path starts at the site directory."""
    drafts.setdefault(key, default)
    prompt = f"File (a relative path starts in {site}):"
    return AskPath(title, drafts, key, [], prompt)


def target(files: SiteFiles, text: str) -> Path:
    """Where to write.

    Raises:
        InputError: it is a directory, or a file the site lives by.
    """
    path = files.resolve(text)
    own = {files.plan, files.secrets, files.database, files.socket, files.lock, files.engine_log}
    if path.resolve() in {each.resolve() for each in own} or files.known_hosts.parent in path.parents:
        raise InputError("the site itself lives by that file", where=str(path), remedy="Choose another name")
    if path.is_dir():
        raise InputError("is a directory", where=str(path), remedy="Name a file in it")
    return path


def write_table(path: Path, text: str, mode: int, *, replace: bool) -> None:
    """Write a table; an existing file only where that was agreed to.

    Raises:
        InputError: it cannot be written, or came to be meanwhile.
    """
    if replace:
        planfile.write(path, text, mode)
        return
    try:
        with os.fdopen(
            os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w", encoding="utf-8"
        ) as file:
            file.write(text)
    except OSError as error:
        raise InputError(
            f"cannot be written ({error.strerror})", where=str(path), remedy="Choose another place or name"
        ) from error


def read_table(files: SiteFiles, text: str) -> str:
    """The text of a spreadsheet's CSV.

    Raises:
        InputError: it cannot be read, or is far too large.
    """
    path = files.resolve(text)
    content = planfile.read_text(path)
    if len(content) > LARGEST:
        raise InputError(f"more than {LARGEST} characters", where=str(path), remedy="Is this the right file?")
    return content


def import_lines(told: Mapping[str, Any]) -> list[str]:
    """What an import would do, then its faults by line."""
    added, changed, faults = told.get("added") or [], told.get("changed") or [], told.get("faults") or []
    good = len(added) + len(changed)
    lines = [f"{counted(good, 'good line')}: {len(added)} new, {len(changed)} already in the plan"]
    if faults:
        lines.append(f"{counted(len(faults), 'line')} cannot be taken and stay out:")
    lines += [f"- line {each['line']}: {each['message']}" for each in faults]
    return lines


def lacks_bmcs(told: Mapping[str, Any]) -> bool:
    """Whether lines name BMCs only by a MAC that nobody has heard of."""
    return any("sweep the IPMI network" in str(each["message"]) for each in told.get("faults") or [])
