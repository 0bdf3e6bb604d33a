"""A glance into SQLite's file says what the opened database says, or nothing."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from classifier.operator_lists import Entry, ListName, read_subject
from pipeline.pool_list import operator_lists
from store.database import open_database
from store.glance import glance, newest
from store.operator_lists import OperatorListStore
from store.schema import downgrade, revision
from store.ties import key_of

KEY = "SELECT key FROM ownership_state"


def test_it_says_what_the_opened_database_says_and_leaves_no_file(tmp_path: Path) -> None:
    file = tmp_path / "a b#c?.db"
    with open_database(f"sqlite:///{tmp_path}/plain.db") as db:
        key = key_of(db)
        assert glance(tmp_path / "plain.db", KEY) == [(key,)]  # while another one holds it open
    (tmp_path / "plain.db").rename(file)
    before = sorted(tmp_path.iterdir())
    assert glance(file, KEY) == [(key,)]
    assert sorted(tmp_path.iterdir()) == before


def test_it_knows_the_newest_revision(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/m.db") as db, db.reading() as connection:
        assert revision(connection) == newest()


@pytest.mark.parametrize("wrong", ["absent", "older", "newer", "damaged", "empty"])
def test_it_says_nothing_where_the_database_must_be_opened_to_tell(tmp_path: Path, wrong: str) -> None:
    file = tmp_path / "m.db"
    if wrong != "absent":
        with open_database(f"sqlite:///{file}") as db:
            if wrong == "older":
                downgrade(db, "0013")
    if wrong == "newer":
        with sqlite3.connect(file) as driver:
            driver.execute("UPDATE alembic_version SET version_num = '9999'")
        driver.close()
    if wrong == "damaged":
        file.write_bytes(b"not a database" * 400)
    if wrong == "empty":
        file.write_bytes(b"")
    assert glance(file, KEY) is None
    assert file.exists() == (wrong != "absent")


def test_the_lists_are_the_same_either_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MINESCOPE_HOME", str(tmp_path))
    with open_database(f"sqlite:///{tmp_path}/minescope.db") as db:
        store = OperatorListStore(db)
        for n, subject in enumerate(["192.0.2.0/24", "2001:db8::7", "pool.example"]):
            store.add(Entry(ListName.DENY if n else ListName.ALLOW, read_subject(subject), "why", n))
        full = store.lists()
    quick = operator_lists()
    assert vars(quick) == vars(full)
    monkeypatch.setenv("MINESCOPE_DATABASE_URL", f"sqlite:///{tmp_path}/minescope.db")
    assert vars(operator_lists()) == vars(full)


def test_a_replay_beside_a_database_does_without_the_library(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path}/minescope.db") as db:
        key_of(db)
    code = (
        "import sys; from minescope.main import run; "
        "run(['replay', '-q', '--json', 'pcaps/own_words.pcap']); "
        "assert not {'sqlalchemy', 'alembic', 'pydantic_settings'} & set(sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"MINESCOPE_HOME": str(tmp_path)}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert '"cluster":{' in done.stdout
