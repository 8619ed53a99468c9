"""The tables of a site's database, and how an older database becomes a newer one."""

import sqlite3

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE counter (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), seq INTEGER NOT NULL);
    INSERT INTO counter VALUES (1, 0);
    CREATE TABLE state (
        kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, doc TEXT,
        PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE INDEX state_seq ON state (seq);
    CREATE TABLE observation (
        kind TEXT NOT NULL, id TEXT NOT NULL, seq INTEGER NOT NULL, at REAL NOT NULL, doc TEXT NOT NULL,
        PRIMARY KEY (kind, id)) WITHOUT ROWID;
    CREATE INDEX observation_seq ON observation (seq);
    CREATE TABLE journal (
        seq INTEGER PRIMARY KEY, at TEXT NOT NULL, who TEXT NOT NULL, what TEXT NOT NULL,
        subject TEXT NOT NULL, data TEXT NOT NULL);
    CREATE INDEX journal_subject ON journal (subject, seq);
    CREATE TABLE log (
        n INTEGER PRIMARY KEY, run TEXT NOT NULL, at REAL NOT NULL, level TEXT NOT NULL,
        server TEXT NOT NULL, text TEXT NOT NULL);
    CREATE INDEX log_run ON log (run, n);
    CREATE VIRTUAL TABLE log_text USING fts5 (text, content='log', content_rowid='n');
    CREATE TRIGGER log_added AFTER INSERT ON log BEGIN
        INSERT INTO log_text (rowid, text) VALUES (new.n, new.text);
    END;
    CREATE TABLE archive (
        n INTEGER PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
        at TEXT NOT NULL, meta TEXT NOT NULL, body BLOB NOT NULL,
        UNIQUE (kind, subject, name));
    """,
)
"""Entry N brings a database from version N to N + 1."""


def version(db: sqlite3.Connection) -> int:
    """The schema version of an open database; 0 for an empty one."""
    return int(db.execute("PRAGMA user_version").fetchone()[0])


def migrate(db: sqlite3.Connection) -> None:
    """Bring a database to the newest schema, one version at a time, each in one transaction."""
    for number in range(version(db), len(MIGRATIONS)):
        db.executescript(f"BEGIN; {MIGRATIONS[number]} PRAGMA user_version = {number + 1}; COMMIT;")
