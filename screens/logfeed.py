"""Feeds a run's log into a LogPane, page by page, from wherever it stopped."""

from c3tui.engine.store import Reader
from screens.widgets.log import LogPane

PAGE = 2000
"""Lines read at one go: a few milliseconds, so that keys are answered in between."""


class LogFeed:
    """Remembers which run is shown and how far it was read."""

    def __init__(self, reader: Reader, pane: LogPane) -> None:
        self._reader = reader
        self._pane = pane
        self._run = ""
        self._after = 0

    def show(self, run: str) -> None:
        """Show the log of a run from its start, unless it is shown already."""
        if run != self._run:
            self._run, self._after = run, 0
            self._pane.clear()
        self.pull()

    def pull(self) -> None:
        """Read a page of what is new; a long log comes page after page, each in its own turn."""
        if not self._run:
            return
        lines = self._reader.log(self._run, self._after, PAGE)
        if lines:
            self._after = lines[-1].n
            self._pane.append(lines)
        if len(lines) == PAGE:
            self._pane.set_timer(0.02, self.pull)
