"""What is still to be tested on a server, and in which runs."""

from collections.abc import Collection, Iterable, Sequence

from c3tui.engine.store import Reader
from c3tui.model.campaign import BY_EXIT_STATUS, SMART, Campaign, Pair, TestRow, missing, suspects
from c3tui.model.fleet import Server, Stage
from c3tui.model.replacement import Replacement
from c3tui.steps import marks
from c3tui.steps.testing.choice import Choice


def testable(server: Server) -> bool:
    """Whether the build may test it: commissioned, not deployed yet, never in production."""
    begun = server.stage.reached(Stage.READY) and not server.stage.reached(Stage.DEPLOYING)
    return begun and not server.in_production


class Todo:
    """Tests that have not said anything yet, by the record alone."""

    def __init__(self, store: Reader, choice: Choice) -> None:
        self._store = store
        self._choice = choice

    def harmless(self, server: Server, rows: Sequence[TestRow]) -> set[Pair]:
        """Tests that leave drives as they are, and those of other parts."""
        pairs = missing(rows, self._choice.harmless, self._choice.others, self._serials(server, rows))
        read = {row.serial for row in rows if row.script == SMART and row.conclusive}
        return {pair for pair in pairs if not (pair[0] in BY_EXIT_STATUS and pair[1] in read)}

    def destructive(self, server: Server, rows: Sequence[TestRow]) -> set[Pair]:
        """Tests that overwrite drives, without the drives that hold something."""
        campaign = self._store.get(Campaign, server.name)
        kept = campaign.withheld if campaign else {}
        serials = [serial for serial in self._serials(server, rows) if serial not in kept]
        return missing(rows, self._choice.destructive, (), serials)

    def of(self, server: Server, rows: Sequence[TestRow]) -> set[Pair]:
        """All of them."""
        return self.harmless(server, rows) | self.destructive(server, rows)

    def _serials(self, server: Server, rows: Sequence[TestRow]) -> list[str]:
        """Drives that want a test: not those on their way out, nor those accepted as they are."""
        out = {mark.old.serial for mark in self._store.all(Replacement) if mark.open}
        tried = {row.serial for row in rows}
        found = []
        for bay, drive in server.drives():
            accepted = marks.accepted(self._store, f"{server.name}/bay{bay.slot:02d}", drive.serial)
            if drive.serial not in out and not (accepted and drive.serial in tried):
                found.append(drive.serial)
        return found


def next_run(pairs: Iterable[Pair], rows: Sequence[TestRow]) -> dict[str, set[str]]:
    """The tests of the next run, with the drives of each; a drive whose test overran runs last and alone."""
    pairs = set(pairs)
    slow = suspects(rows)
    quick = {pair for pair in pairs if pair[1] not in slow}
    if not quick:
        alone = min(serial for _, serial in pairs)
        quick = {pair for pair in pairs if pair[1] == alone}
    found: dict[str, set[str]] = {}
    for script, serial in sorted(quick):
        found.setdefault(script, set())
        if serial:
            found[script].add(serial)
    return found


def given_up(pairs: Collection[Pair], rows: Sequence[TestRow]) -> set[Pair]:
    """Of the tests of a run, those that need not be tried again now.

    Tests that were aborted because a neighbour's overran are tried again, without that neighbour.
    """
    slow = suspects(rows)
    again = {(row.script, row.serial or "") for row in rows if slow and row.code in UNFINISHED}
    return {pair for pair in pairs if pair not in again or pair[1] in slow}


UNFINISHED = frozenset({0, 1, 5})
"""MAAS's numbers for pending, running and aborted."""
