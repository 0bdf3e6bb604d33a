"""The write-ahead log is emptied aside from its writers, and stays short while they write."""

import logging
from pathlib import Path
from time import sleep

import pytest
from sqlalchemy import text

from store.audit import AuditStore
from store.audit_writer import AuditWriter
from store.database import open_database
from store.sweeper import Sweeper
from tests.store.test_audit import entry


def _log_bytes(folder: Path) -> int:
    return (folder / "x.db-wal").stat().st_size


def test_the_log_begins_anew_while_it_is_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("store.audit.CHECKPOINT_PAGES", 1_000_000)  # the pen itself never moves anything
    monkeypatch.setattr("store.sweeper.EVERY_S", 0.01)
    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database:
        store = AuditStore(database, durable=False)
        most = 0
        with AuditWriter(store) as writer:
            for number in range(3_000):
                writer.write(entry(number)).result(30)
                if number % 10 == 0:  # readers come and go meanwhile
                    with database.reading() as connection:
                        connection.execute(text("SELECT count(*) FROM audit_entries"))
                most = max(most, _log_bytes(tmp_path))
        report = store.verify()
        assert (report.entries, report.broken) == (3_000, None)
        pen = store.pen()
        for number in range(3_000):
            pen.append([entry(number)])
        assert most < _log_bytes(tmp_path) / 3
        pen.close()


def test_a_writer_has_one_and_ends_it(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database:
        store = AuditStore(database)
        with AuditWriter(store) as writer:
            writer.write(entry(1)).result(30)
        with database.reading() as connection:
            moved = connection.execute(text("PRAGMA wal_checkpoint(PASSIVE)")).one()
        assert moved[1] == moved[2]  # nothing was left behind
        assert store.verify().entries == 1


def test_a_log_that_cannot_be_moved_is_told_each_time(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("store.sweeper.EVERY_S", 0.0)
    path = tmp_path / "x.db"
    open_database(f"sqlite:///{path}").close()
    with open_database(f"sqlite:///{path}") as database, caplog.at_level(logging.WARNING):
        database.engine.dispose()
        for file in tmp_path.iterdir():
            file.unlink()
        path.write_bytes(b"no database at all" * 512)
        sweeper = Sweeper(database)
        sweeper.written()
        for _ in range(2_000):
            if caplog.records:
                break
            sleep(0.005)
        sweeper.written()  # the thread is still there
        sweeper.close()
    assert len(caplog.records) >= 2
    assert "the write-ahead log stays" in caplog.text
