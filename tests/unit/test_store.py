import sqlite3
from pathlib import Path

import pytest

from c3tui.engine.errors import InputError
from c3tui.engine.store import Reader, Store
from c3tui.model.fleet import Server, Stage


def server(name: str = "c3-001", **fields: object) -> Server:
    return Server.model_validate({"id": name, "name": name, "rack": "r01", "unit": 1, **fields})


def test_a_reader_follows_by_cursor(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    with store.transaction("ann") as transaction:
        transaction.put(server())
        transaction.note("server seen", "c3-001", unit=1)
    reader = Reader.open(tmp_path / "c3.db")
    first = reader.changes(0)
    assert [(kind, id) for kind, id, _ in first.state] == [("server", "c3-001")]
    store.observe("bmc", {"c3-001": {"power": "on"}})
    with store.transaction("ann") as transaction:
        transaction.put(server("c3-002"))
        transaction.delete(Server, "c3-001")
    later = reader.changes(first.cursor)
    assert [(id, doc is None) for _, id, doc in later.state] == [("c3-002", False), ("c3-001", True)]
    assert later.observations[0][2]["power"] == "on"
    assert reader.changes(later.cursor).state == []
    assert [entry.what for entry in reader.journal()] == ["server seen"]


def test_state_and_journal_fail_together(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    with pytest.raises(RuntimeError), store.transaction("ann") as transaction:
        transaction.put(server())
        transaction.note("server seen", "c3-001")
        raise RuntimeError
    assert store.all(Server) == [] and store.journal() == [] and store.cursor == 0


def test_an_unchanged_document_is_not_a_change(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    with store.transaction("ann") as transaction:
        assert transaction.put(server(stage=Stage.READY))
    before = store.cursor
    with store.transaction("ann") as transaction:
        assert not transaction.put(server(stage=Stage.READY))
    assert store.cursor == before


def test_logs_are_searched_and_cleaned(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    store.write_log(
        "r1", [("info", "c3-001", "powered \x1b[31mon"), ("error", "c3-002", "no answer from BMC")]
    )
    store.write_log("r2", [("info", "", "another run")])
    assert [line.text for line in store.log("r1", level="error")] == ["no answer from BMC"]
    assert [line.server for line in store.log("r1", grep="answer BMC")] == ["c3-002"]
    assert "\x1b" not in store.log("r1")[0].text
    assert store.log("r1", after=store.log("r1")[0].n)[0].server == "c3-002"


def test_archived_results_are_never_replaced(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    for body in (b"first", b"second"):
        with store.transaction("ann") as transaction:
            transaction.archive("result", "c3-001/bay00", "51/421", body, status="Passed")
    kept = list(store.archived("result", "c3-001/bay00"))
    assert [each.body for each in kept] == [b"first"] and kept[0].meta == {"status": "Passed"}


def test_journal_of_a_server_has_its_bays(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "c3.db")
    with store.transaction("ann") as transaction:
        for subject in ("c3-001", "c3-001/bay02", "c3-0011", "site"):
            transaction.note("seen", subject)
    assert [entry.subject for entry in store.journal(subject="c3-001")] == ["c3-001", "c3-001/bay02"]


def test_a_database_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "c3.db"
    with sqlite3.connect(path) as db:
        db.execute("PRAGMA user_version = 99")
    with pytest.raises(InputError, match="newer C3"):
        Store.open(path)


def test_a_file_that_is_no_database_is_said_so(tmp_path: Path) -> None:
    path = tmp_path / "c3.db"
    path.write_bytes(b"hello" * 1000)
    with pytest.raises(InputError, match="not a database"):
        Store.open(path)
