"""The record of the truth about a site: one SQLite file with journal, state, observations and logs.

State and journal change together, in one transaction, or not at all. Readers open the file read-only
and follow it by cursor, so they work with no engine alive.
"""

import json
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic_core import from_json

from c3tui.engine import database
from c3tui.engine.errors import RecordError
from c3tui.model.base import Document, lean, utc_now

D = TypeVar("D", bound=Document)


@dataclass(frozen=True)
class Entry:
    """One line of the journal."""

    seq: int
    at: datetime
    who: str
    what: str
    subject: str
    data: dict[str, Any]


@dataclass(frozen=True)
class LogLine:
    """One line of a run's log."""

    n: int
    run: str
    at: float
    level: str
    server: str
    text: str


@dataclass(frozen=True)
class Archived:
    """A result kept because its source forgets it."""

    kind: str
    subject: str
    name: str
    at: datetime
    meta: dict[str, Any]
    body: bytes


@dataclass
class Changes:
    """What changed since a cursor, oldest first."""

    cursor: int
    state: list[tuple[str, str, dict[str, Any] | None]] = field(default_factory=list)
    """(kind, id, document or None when it is gone)."""
    observations: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)


class Reader:
    """Reads a site's database; never writes, never blocks the writer."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        db.row_factory = sqlite3.Row

    @classmethod
    def open(cls, path: Path) -> "Reader":
        """Open an existing database read-only.

        Raises:
            InputError: there is none, it is damaged, or a newer C3 wrote it.
        """
        return cls(database.open_to_read(path))

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @property
    def cursor(self) -> int:
        """The number of the latest change."""
        row = self._db.execute("SELECT seq FROM counter").fetchone()
        return int(row[0]) if row else 0

    def get(self, model: type[D], id: str) -> D | None:
        """The current document of that id, or None."""
        row = self._db.execute(
            "SELECT doc FROM state WHERE kind = ? AND id = ? AND doc IS NOT NULL", (model.kind, id)
        ).fetchone()
        return model.model_validate_json(row[0]) if row else None

    def all(self, model: type[D]) -> list[D]:
        """Every current document of a kind, by id."""
        rows = self._db.execute(
            "SELECT doc FROM state WHERE kind = ? AND doc IS NOT NULL ORDER BY id", (model.kind,)
        )
        return [lean(model.model_validate_json(row[0])) for row in rows]

    def observation(self, kind: str, id: str) -> dict[str, Any] | None:
        """The latest observation, with its time under ``observed_at`` (unix seconds), or None."""
        row = self._db.execute(
            "SELECT doc, at FROM observation WHERE kind = ? AND id = ?", (kind, id)
        ).fetchone()
        return {**from_json(row["doc"]), "observed_at": row["at"]} if row else None

    def observations(self, kind: str) -> dict[str, dict[str, Any]]:
        """The latest observation of each subject of a kind."""
        rows = self._db.execute("SELECT id, doc, at FROM observation WHERE kind = ? ORDER BY id", (kind,))
        return {row["id"]: {**from_json(row["doc"]), "observed_at": row["at"]} for row in rows}

    def changes(self, since: int) -> Changes:
        """What changed after a cursor; ``since`` 0 gives everything there is."""
        self._db.execute("BEGIN")
        try:
            changes = Changes(self.cursor)
            changes.state = [
                (kind, id, None if text is None else from_json(text))
                for kind, id, text in self.documents(since)
            ]
            changes.observations = list(self.observed(since))
        finally:
            self._db.execute("COMMIT")
        return changes

    def documents(self, since: int, apart: str = "") -> Iterator[tuple[str, str, str | None]]:
        """Kind, id and JSON of the documents that changed after a cursor, oldest first, one at a time.

        All of a large room at once would be held twice: as it is written, and as it is read. Whoever goes on
        by cursor reads that first: what is written meanwhile comes again then.

        Args:
            apart: a kind that is left out, since there are many and :meth:`fields` will do.
        """
        query = "SELECT kind, id, doc FROM state WHERE seq > ? AND kind != ? ORDER BY seq"
        for row in self._db.execute(query, (since, apart)):
            yield row[0], row[1], row[2] or None

    def observed(self, since: int) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Kind, id and content of the observations after a cursor, oldest first; as for ``documents``."""
        query = "SELECT kind, id, doc, at FROM observation WHERE seq > ? ORDER BY seq"
        for row in self._db.execute(query, (since,)):
            yield row[0], row[1], {**from_json(row[2]), "observed_at": row[3]}

    def fields(self, kind: str, since: int, *paths: str) -> Iterator[tuple[str, tuple[Any, ...] | None]]:
        """Some fields of the documents of a kind that changed after a cursor, by id; None where one is gone.

        Args:
            paths: as ``$.field``; what is a list or an object comes as its JSON.
        """
        picked = "".join(", json_extract(doc, ?)" for _ in paths)
        # Left to itself, SQLite would go through every document of the kind to find the few that changed.
        query = f"SELECT id, doc IS NULL{picked} FROM state INDEXED BY state_seq WHERE kind = ? AND seq > ?"
        for row in self._db.execute(query, (*paths, kind, since)):
            yield row[0], None if row[1] else tuple(row)[2:]

    def journal(self, after: int = 0, limit: int = 1000, subject: str | None = None) -> list[Entry]:
        """Journal lines after a number, oldest first; of one subject (and its bays) or of all."""
        where, values = "seq > ?", [after]
        if subject is not None:
            where += " AND (subject = ? OR subject LIKE ? || '/%')"
            values += [subject, subject]  # type: ignore[list-item]
        rows = self._db.execute(f"SELECT * FROM journal WHERE {where} ORDER BY seq LIMIT ?", (*values, limit))
        return [
            Entry(
                row["seq"],
                datetime.fromisoformat(row["at"]),
                row["who"],
                row["what"],
                row["subject"],
                from_json(row["data"]),
            )
            for row in rows
        ]

    def log(
        self,
        run: str,
        after: int = 0,
        limit: int = 1000,
        *,
        server: str = "",
        level: str = "",
        grep: str = "",
    ) -> list[LogLine]:
        """Log lines of a run after a line number, oldest first, filtered by server, level or words."""
        where, values = ["run = ?", "n > ?"], [run, after]
        if server:
            where, values = [*where, "server = ?"], [*values, server]
        if level:
            where, values = [*where, "level = ?"], [*values, level]
        if grep:
            where = [*where, "n IN (SELECT rowid FROM log_text WHERE log_text MATCH ?)"]
            values = [*values, " ".join(f'"{word}"' for word in grep.replace('"', " ").split())]
        rows = self._db.execute(
            f"SELECT * FROM log WHERE {' AND '.join(where)} ORDER BY n LIMIT ?", (*values, limit)
        )
        return [LogLine(*tuple(row)) for row in rows]

    def archived(self, kind: str, subject: str | None = None) -> Iterator[Archived]:
        """Archived results of a kind, oldest first; of one subject or of all."""
        where, values = (
            ("kind = ?", [kind]) if subject is None else ("kind = ? AND subject = ?", [kind, subject])
        )
        for row in self._db.execute(f"SELECT * FROM archive WHERE {where} ORDER BY n", values):
            yield Archived(
                row["kind"],
                row["subject"],
                row["name"],
                datetime.fromisoformat(row["at"]),
                from_json(row["meta"]),
                bytes(row["body"]),
            )

    def archive_index(
        self, kind: str, subject: str | None = None
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(subject, name, meta) of archived results of a kind, oldest first, without their bodies."""
        where, values = (
            ("kind = ?", [kind]) if subject is None else ("kind = ? AND subject = ?", [kind, subject])
        )
        query = f"SELECT subject, name, meta FROM archive WHERE {where} ORDER BY n"
        for row in self._db.execute(query, values):
            yield row["subject"], row["name"], from_json(row["meta"])

    def archive_cursor(self, kind: str) -> int:
        """The number of the latest archived result of a kind; 0 when there is none."""
        query = "SELECT n FROM archive WHERE kind = ? ORDER BY n DESC LIMIT 1"
        row = self._db.execute(query, (kind,)).fetchone()
        return int(row[0]) if row else 0

    def archive_body(self, kind: str, subject: str, name: str) -> bytes | None:
        """The body of one archived result; None when there is none of that name."""
        query = "SELECT body FROM archive WHERE kind = ? AND subject = ? AND name = ?"
        row = self._db.execute(query, (kind, subject, name)).fetchone()
        return bytes(row["body"]) if row else None


class Transaction:
    """Changes that become true together."""

    def __init__(self, db: sqlite3.Connection, who: str, seq: int) -> None:
        self._db = db
        self._who = who
        self.seq = seq
        self.changed = False

    def _next(self) -> int:
        self.seq += 1
        self.changed = True
        return self.seq

    def put(self, document: Document) -> bool:
        """Write a document; False when it is already so, and nothing is written."""
        text = document.model_dump_json()
        old = self._db.execute(
            "SELECT doc FROM state WHERE kind = ? AND id = ?", (document.kind, document.id)
        ).fetchone()
        if old and old[0] == text:
            return False
        self._db.execute(
            "INSERT INTO state VALUES (?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET seq = excluded.seq, doc = excluded.doc",
            (document.kind, document.id, self._next(), text),
        )
        return True

    def delete(self, model: type[Document], id: str) -> None:
        """Take a document away; readers see it go."""
        self._db.execute(
            "UPDATE state SET doc = NULL, seq = ? WHERE kind = ? AND id = ?", (self._next(), model.kind, id)
        )

    def note(self, what: str, subject: str, **data: Any) -> None:
        """Write a journal line: what happened, past tense, to which subject."""
        self._db.execute(
            "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?)",
            (self._next(), utc_now().isoformat(), self._who, what, subject, json.dumps(data, default=str)),
        )

    def archive(self, kind: str, subject: str, name: str, body: bytes, **meta: Any) -> None:
        """Keep a result for ever; the same name again replaces nothing."""
        self._db.execute(
            "INSERT OR IGNORE INTO archive (kind, subject, name, at, meta, body) VALUES (?, ?, ?, ?, ?, ?)",
            (kind, subject, name, utc_now().isoformat(), json.dumps(meta, default=str), body),
        )


class Store(Reader):
    """The one writer of a site's database; the engine owns it."""

    def __init__(self, db: sqlite3.Connection) -> None:
        super().__init__(db)
        self.listeners: list[Any] = []
        """Called with the new cursor after each change."""

    @classmethod
    def open(cls, path: Path) -> "Store":
        """Open or make the database, brought to the newest schema.

        Raises:
            InputError: a newer C3 wrote it, it is no database, or it cannot be written.
        """
        return cls(database.open_to_write(path))

    @contextmanager
    def transaction(self, who: str) -> Iterator[Transaction]:
        """State and journal changes by ``who``, all or none.

        Raises:
            RecordError: they cannot be written, and nothing was.
        """
        with self._writing():
            transaction = Transaction(self._db, who, self.cursor)
            yield transaction
            if transaction.changed:
                self._db.execute("UPDATE counter SET seq = ?", (transaction.seq,))
        if transaction.changed:
            self._tell()

    def observe(self, kind: str, values: Mapping[str, Mapping[str, Any]]) -> None:
        """Replace the latest observations of some subjects; not journaled.

        Raises:
            RecordError: they cannot be written.
        """
        if not values:
            return
        now = time.time()
        with self._writing():
            seq = self.cursor
            for id, doc in values.items():
                seq += 1
                self._db.execute(
                    "INSERT INTO observation VALUES (?, ?, ?, ?, ?) "
                    "ON CONFLICT DO UPDATE SET seq = excluded.seq, at = excluded.at, doc = excluded.doc",
                    (kind, id, seq, now, json.dumps(doc, default=str)),
                )
            self._db.execute("UPDATE counter SET seq = ?", (seq,))
        self._tell()

    def write_log(self, run: str, lines: Iterable[tuple[str, str, str]]) -> None:
        """Append (level, server, text) lines to a run's log; control characters are dropped.

        Raises:
            RecordError: they cannot be written, and none was.
        """
        now = time.time()
        with self._writing():
            self._db.executemany(
                "INSERT INTO log (run, at, level, server, text) VALUES (?, ?, ?, ?, ?)",
                [(run, now, level, server, printable(text)) for level, server, text in lines],
            )
        self._tell()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        try:
            self._db.execute("BEGIN IMMEDIATE")
            yield
            self._db.execute("COMMIT")
        except BaseException as error:
            # A full disk can make SQLite roll back by itself.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error):
                raise RecordError(
                    f"the site's record cannot be written ({error})",
                    where=self._path(),
                    remedy="Make room on its disk, see that it is writable; then run the step again",
                ) from error
            raise

    def _path(self) -> str:
        return str(self._db.execute("PRAGMA database_list").fetchone()["file"])

    def _tell(self) -> None:
        for listener in self.listeners:
            listener(self.cursor)


def printable(text: str) -> str:
    """``text`` without control characters: an ESC in a log would reach the terminal."""
    return "".join(
        char if char >= " " and char != "\x7f" and not "\x80" <= char <= "\x9f" else " " for char in text
    )
