import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, select, text

from facts.errors import StoreError
from store.database import Database, open_database
from store.schema import configuration
from store.tables import Base, RunRow


def test_the_migrations_lead_to_the_tables_as_they_are_modelled(db: Database) -> None:
    with db.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_the_migrations_lead_back_to_an_empty_database_and_forth_again(db: Database) -> None:
    with db.writing() as connection:
        command.downgrade(configuration(connection), "base")
        assert set(inspect(connection).get_table_names()) <= {"alembic_version", "sqlite_sequence"}
        command.upgrade(configuration(connection), "head")
        assert set(Base.metadata.tables) <= set(inspect(connection).get_table_names())


def test_the_history_is_one_line_without_branches(db: Database) -> None:
    with db.reading() as connection:
        script = ScriptDirectory.from_config(configuration(connection))
        assert len(script.get_heads()) == 1


def test_a_database_is_opened_again_with_what_it_holds(url: str) -> None:
    for number in range(2):
        with open_database(url) as database, database.writing() as connection:
            connection.execute(text(f"INSERT INTO runs (name, started_ns) VALUES ('run', {number})"))
    with open_database(url) as database, database.reading() as connection:
        assert connection.scalars(select(RunRow.started_ns)).all() == [0, 1]


def test_many_may_open_a_new_database_at_once(url: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        for database in pool.map(lambda _: open_database(url), range(8)):
            with database.reading() as connection:
                assert connection.scalars(select(RunRow.id)).all() == []
            database.close()


def test_a_schema_that_is_newer_than_this_version_is_refused(url: str) -> None:
    with open_database(url) as database, database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match=r"schema \(revision 9999\) is newer than this version"):
        open_database(url)


def test_a_failed_change_leaves_nothing_behind(db: Database) -> None:
    def half_a_change() -> None:
        with db.writing() as connection:
            connection.execute(text("INSERT INTO runs (name, started_ns) VALUES ('half', 1)"))
            connection.execute(text("INSERT INTO runs (name, started_ns) VALUES ('half', 1)"))

    with pytest.raises(StoreError, match=r"(?i)unique"):
        half_a_change()
    with db.reading() as connection:
        assert connection.scalars(select(RunRow.id)).all() == []


def test_a_reader_keeps_its_view_while_another_writes(db: Database) -> None:
    with db.reading() as reader:
        assert reader.scalars(select(RunRow.id)).all() == []
        with db.writing() as writer:
            writer.execute(text("INSERT INTO runs (name, started_ns) VALUES ('run', 1)"))
        assert reader.scalars(select(RunRow.id)).all() == []
    with db.reading() as reader:
        assert len(reader.scalars(select(RunRow.id)).all()) == 1


def test_sqlite_creates_folders_and_is_set_up_for_several_readers(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "store.db"
    with open_database(f"sqlite:///{path}") as database, database.reading() as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert settings == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 30_000}
    assert path.is_file()


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://user:hidden@host/name", "mysql is neither sqlite nor postgresql"),
        ("no url", "cannot be read"),
        ("postgresql://user:hidden@127.0.0.1:1/name", "refused"),
        ("sqlite:////proc/no/such/folder/store.db", "cannot create"),
    ],
)
def test_a_database_that_cannot_be_reached_is_a_clear_sentence_without_password(
    url: str, reason: str
) -> None:
    with pytest.raises(StoreError, match=reason) as caught:
        open_database(url)
    assert "hidden" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_database_and_a_database_of_something_else_are_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database at all, only text\n" * 100)
    with pytest.raises(StoreError, match=r"text\.db: file is not a database"):
        open_database(f"sqlite:///{tmp_path / 'text.db'}")
    other = sqlite3.connect(tmp_path / "other.db")
    other.execute("CREATE TABLE runs (id INTEGER)")
    other.close()
    with pytest.raises(StoreError, match="already exists"):
        open_database(f"sqlite:///{tmp_path / 'other.db'}")
