"""Parts on their way out: the list one walks with, what is done to them, and the serials of the new ones."""

from screens.replacements.screen import ReplacementsScreen

__all__ = ["ReplacementsScreen"]
