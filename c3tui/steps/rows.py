"""Results of tests out of C3's own archive: the newest of each test and part."""

from collections.abc import Iterable, Mapping

from c3tui.engine.store import Reader
from c3tui.model.campaign import ARCHIVE, Campaign, TestRow, latest, parse_row


def rows_of(store: Reader, server: str) -> list[TestRow]:
    """The newest row of each test and part of a server, of the tests that C3 ran."""
    found = every_row(store, server).get(server, [])
    return latest(found)


def all_rows(store: Reader) -> dict[str, list[TestRow]]:
    """The same for every server, in one reading."""
    return {server: latest(rows) for server, rows in every_row(store).items()}


def every_row(store: Reader, server: str | None = None) -> dict[str, list[TestRow]]:
    """Every row of a server, or of all, by server; the oldest first."""
    campaigns: Iterable[Campaign | None] = (
        store.all(Campaign) if server is None else [store.get(Campaign, server)]
    )
    since = {each.id: each.since for each in campaigns if each and each.since is not None}
    return _rows(since, store.archive_index(ARCHIVE, server))


def _rows(
    since: Mapping[str, int], index: Iterable[tuple[str, str, dict[str, object]]]
) -> dict[str, list[TestRow]]:
    """Rows of C3's own tests; what MAAS did before the first of them is no evidence."""
    found: dict[str, list[TestRow]] = {}
    for server, name, meta in index:
        row = parse_row(name, meta) if server in since else None
        if row and row.order[0] > since[server]:
            found.setdefault(server, []).append(row)
    return found


def output_of(store: Reader, server: str, row: TestRow) -> bytes:
    """What a row printed."""
    return store.archive_body(ARCHIVE, server, row.ref) or b""
