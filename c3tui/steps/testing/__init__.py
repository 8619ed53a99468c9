"""Tests of servers: chosen, run until each has said something, archived at once, and judged."""

from c3tui.steps.rows import all_rows, output_of, rows_of
from c3tui.steps.testing.choice import Choice, choose, prepare
from c3tui.steps.testing.destruction import Victim, victims
from c3tui.steps.testing.judge import DRIVE_FAILED, NOT_TESTED
from c3tui.steps.testing.tester import Tester
from c3tui.steps.testing.todo import Todo, testable

__all__ = [
    "DRIVE_FAILED",
    "NOT_TESTED",
    "Choice",
    "Tester",
    "Todo",
    "Victim",
    "all_rows",
    "choose",
    "output_of",
    "prepare",
    "rows_of",
    "testable",
    "victims",
]
