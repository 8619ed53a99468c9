"""One drive's page."""

from screens.drive.screen import DriveScreen

__all__ = ["DriveScreen"]
