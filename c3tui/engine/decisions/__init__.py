"""Decisions of the engineer: verdicts, waivers, replacements. Each is journaled and can be taken back."""

from c3tui.engine.decisions.marks import (
    Mark,
    advanced,
    find_bay,
    line,
    mark,
    open_marks,
    open_replacement,
)
from c3tui.engine.decisions.moves import announce, gone_with_it, move
from c3tui.engine.decisions.review import ASKED_AGAIN, review
from c3tui.engine.decisions.verdicts import decide, decide_many, withdraw
from c3tui.engine.decisions.waivers import waive

__all__ = [
    "ASKED_AGAIN",
    "Mark",
    "advanced",
    "announce",
    "decide",
    "decide_many",
    "find_bay",
    "gone_with_it",
    "line",
    "mark",
    "move",
    "open_marks",
    "open_replacement",
    "review",
    "waive",
    "withdraw",
]
