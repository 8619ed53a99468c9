"""What an engineer should be told of each drive: alone by its own numbers, then beside its siblings."""

from c3tui.checks.drives.drive import Context, judge
from c3tui.checks.drives.fleet import Subject, judge_fleet
from c3tui.checks.drives.policy import DEFAULT, Policy

__all__ = ["DEFAULT", "Context", "Policy", "Subject", "judge", "judge_fleet"]
