"""Opens a site's database file to read or to write it, or says in words why that cannot be."""

import os
import sqlite3
from pathlib import Path

from c3tui.engine import schema
from c3tui.engine.errors import InputError

WAIT_SECONDS = 10.0
"""For a lock that another process holds on the file."""


def open_to_read(path: Path) -> sqlite3.Connection:
    """An existing database, read-only: the writer is neither needed nor disturbed.

    Raises:
        InputError: there is none, it is damaged, or a newer C3 wrote it.
    """
    if not path.exists():
        raise InputError("no database here", where=str(path), remedy="Start c3tui on this site once")
    try:
        try:
            return _read(path, "mode=ro")
        except sqlite3.OperationalError:
            if not _at_rest(path):
                raise
            return _read(path, "immutable=1")
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error


def open_to_write(path: Path) -> sqlite3.Connection:
    """A database brought to the newest schema; made when there is none.

    Raises:
        InputError: a newer C3 wrote it, it is no database, or it cannot be written.
    """
    try:
        db = sqlite3.connect(path, timeout=WAIT_SECONDS, isolation_level=None)
    except sqlite3.DatabaseError as error:
        raise unusable(path, error) from error
    try:
        path.chmod(0o600)
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        _refuse_newer(db, path)
        schema.migrate(db)
    except (sqlite3.DatabaseError, OSError) as error:
        db.close()
        raise unusable(path, error) from error
    except InputError:
        db.close()
        raise
    return db


def unusable(path: Path, error: Exception) -> InputError:
    """What a person is told about a database that SQLite cannot use; the file is left as it is."""
    return InputError(
        f"this is not a database C3 can use ({error})",
        where=str(path),
        remedy="See that it is readable and writable; if it is damaged, restore it from a copy",
    )


def _read(path: Path, how: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?{how}"
    db = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
    try:
        _refuse_newer(db, path)
        tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'log_text%'"
        for (name,) in db.execute(tables).fetchall():
            # Damage is better found now, in one place, than by whoever asks for that table.
            db.execute(f'SELECT * FROM "{name}" LIMIT 1').fetchone()
    except (sqlite3.DatabaseError, InputError):
        db.close()
        raise
    return db


def _at_rest(path: Path) -> bool:
    """Whether the file lies complete where nobody may write: SQLite cannot share it there, and need not."""
    log = path.with_name(f"{path.name}-wal")
    return not os.access(path.parent, os.W_OK) and not (log.exists() and log.stat().st_size)


def _refuse_newer(db: sqlite3.Connection, path: Path) -> None:
    if (found := schema.version(db)) > len(schema.MIGRATIONS):
        raise InputError(
            f"written by a newer C3 (schema {found}, this one knows {len(schema.MIGRATIONS)})",
            where=str(path),
            remedy="Use that C3",
        )
