"""Archived results as they came: what a test printed, made readable."""

import json

from c3tui.engine.store import Reader, printable
from c3tui.model.campaign import ARCHIVE
from screens.drive.story import Story

MOST_LINES = 4000
"""More is read with `c3tui` and a pager."""


def choices(story: Story) -> list[tuple[str, str]]:
    """Archived results of the drive: name, and what it is; those that decided come first."""
    decided = story.judged.evidence if story.judged else ()
    told = {test.ref: test.told for test in story.tests}
    names = dict.fromkeys([*(name for name in decided if name), *told])
    return [(name, f"{name}  {told.get(name, 'a test')}{' (decided)' * (name in decided)}") for name in names]


def raw_lines(reader: Reader, server: str, name: str) -> list[str]:
    """The text of an archived result, JSON laid out; what a terminal would act on is taken out."""
    body = reader.archive_body(ARCHIVE, server, name)
    if not body:
        return ["It printed nothing." if body == b"" else "It is not in the archive."]
    text = body.decode(errors="replace")
    try:
        text = json.dumps(json.loads(text), indent=1, ensure_ascii=False)
    except ValueError:
        pass
    lines = [printable(line) for line in text.splitlines()]
    more = len(lines) - MOST_LINES
    return [*lines[:MOST_LINES], f"... and {more} more lines"] if more > 0 else lines
