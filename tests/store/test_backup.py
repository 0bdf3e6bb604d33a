"""Backup and restore, and the way up and down with data, on both databases."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import select, text

from facts.errors import MineScopeError, ReadError, StoreError
from facts.instant import NS
from registry.csv_import import load_sample
from registry.model import Hosting, Line, NatBlock, RegistryData, Use
from store.backup import back_up, restore, verify
from store.database import Database, open_database
from store.registry import RegistryStore
from store.schema import downgrade, upgrade
from store.tables import VerdictRow
from store.verdicts import VerdictStore
from tests.store.made import verdict


def crowded() -> RegistryData:
    """The sample, and one of everything else."""
    sample = load_sample()
    given, enterprise, site = sample.assignments[0], sample.enterprises[0], sample.sites[0]
    pool = replace(given, line="", uscc=None, site=None, use=Use.NAT, realm="", valid_from_ns=7 * NS)
    by_line = replace(given, line="L1", uscc=None, site=None, valid_from_ns=8 * NS, valid_to_ns=9 * NS)
    public, private = given.prefix.network_address, sample.assignments[4].prefix.network_address
    return replace(
        sample,
        assignments=(*sample.assignments, pool, by_line),
        lines=(Line("L1", "a\\b", "FTTH", enterprise.uscc, site.id, 5 * NS, None, "t"),),
        nat_blocks=(NatBlock(public, 1024, 1535, private, "", 5 * NS, None, "t", "cgn"),),
        hosting=(Hosting(site.id, enterprise.uscc, sample.enterprises[1].uscc, "A3", 5 * NS, None, "t"),),
    )


@pytest.fixture
def filled(db: Database) -> Database:
    RegistryStore(db).replace(crowded(), 3 * NS)
    VerdictStore(db).save("run", NS, (verdict(f"192.0.2.{n}") for n in range(1, 6)), lambda one: one.kind)
    return db


@pytest.fixture
def empty(url: str) -> Iterator[Database]:
    with open_database(url.replace("test.db", "empty.db")) as database:  # not the file that is filled
        yield database


def test_what_is_restored_is_what_was_kept_on_either_database(
    filled: Database, empty: Database, tmp_path: Path
) -> None:
    path = tmp_path / "kept"
    count = back_up(filled, path)
    assert verify(path) == count > 40
    assert restore(empty, path) == count
    restored = RegistryStore(empty).load()
    assert restored == RegistryStore(filled).load()
    assert (restored.assignments, restored.nat_blocks) == (crowded().assignments, crowded().nat_blocks)
    assert (restored.lines, restored.hosting) == (crowded().lines, crowded().hosting)
    with empty.reading() as one, filled.reading() as other:
        query = select(VerdictRow.__table__).order_by(VerdictRow.id)
        assert one.execute(query).all() == other.execute(query).all()
    VerdictStore(empty).save("more", 2 * NS, [verdict("192.0.2.77")], lambda one: one.kind)  # numbers go on
    again = tmp_path / "again"
    with pytest.raises(ReadError, match="exists already"):
        back_up(filled, path)
    back_up(filled, again)
    assert again.read_bytes() == path.read_bytes()


def test_a_database_that_holds_rows_is_not_overwritten(filled: Database, tmp_path: Path) -> None:
    back_up(filled, tmp_path / "kept")
    with pytest.raises(StoreError, match="holds rows"):
        restore(filled, tmp_path / "kept")


def test_a_damaged_backup_is_refused_and_leaves_nothing(filled: Database, tmp_path: Path) -> None:
    path = tmp_path / "kept"
    back_up(filled, path)
    plain = zstandard.ZstdDecompressor().stream_reader(path.read_bytes()).read()
    lines = plain.splitlines(keepends=True)
    row = next(n for n, line in enumerate(lines) if "示例".encode("unicode_escape") in line)
    damages = {
        "changed": [*lines[:row], lines[row].replace(b"u793a", b"u793b", 1), *lines[row + 1 :]],
        "row lost": [*lines[:row], *lines[row + 1 :]],
        "row twice": [*lines[: row + 1], lines[row], *lines[row + 1 :]],
        "end lost": lines[:-1],
        "cut": lines[: row + 1],
        "swapped": [*lines[:row], lines[row + 1], lines[row], *lines[row + 2 :]],
    }
    for what, changed in damages.items():
        bad = tmp_path / what
        bad.write_bytes(zstandard.compress(b"".join(changed)))
        with pytest.raises(ReadError):
            verify(bad)
    bad = tmp_path / "bits"
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 1
    bad.write_bytes(raw)
    with pytest.raises(ReadError):
        verify(bad)
    with open_database(f"sqlite:///{tmp_path}/new.db") as new:
        with pytest.raises(MineScopeError):
            restore(new, tmp_path / "changed")
        assert RegistryStore(new).load() == RegistryData()


def test_the_schema_goes_down_and_up_again_with_what_the_older_one_can_hold(filled: Database) -> None:
    before = RegistryStore(filled).load()
    downgrade(filled, "0002")
    with filled.reading() as connection:
        rows = connection.execute(text("SELECT line, uscc, site_id FROM assignments ORDER BY id")).all()
    # The pool has no place there; what its line tells alone is written out.
    assert len(rows) == len(load_sample().assignments) + 1
    assert rows[-1] == ("L1", before.lines[0].uscc, before.lines[0].site)
    upgrade(filled)
    after = RegistryStore(filled).load()
    assert after.assignments[:-1] == load_sample().assignments
    assert after.enterprises == before.enterprises
    assert after.sites == before.sites
    with filled.reading() as connection:
        assert len(connection.scalars(select(VerdictRow.id)).all()) == 5
    with pytest.raises(StoreError, match="no revision"):
        downgrade(filled, "9999")


def test_rows_of_the_older_schema_are_kept_when_it_goes_up(db: Database) -> None:
    downgrade(db, "0002")
    with db.writing() as connection:
        for statement in (
            "INSERT INTO enterprises (uscc, name, address, source) VALUES ('U', 'name', '', 's')",
            "INSERT INTO sites (id, name, division, address, source) VALUES ('S', 'n', '990101', 'a', 's')",
        ):
            connection.execute(text(statement))
        insert = text(
            "INSERT INTO assignments (first_address, last_address, prefix_length, version, line, uscc,"
            " site_id, valid_from_ns, source) VALUES (:first, :last, 24, 4, :line, 'U', 'S', 5, 's')"
        )
        head = b"\0" * 10 + b"\xff\xff"
        for line in ("L1", "L1"):  # the older schema did not forbid repeats
            connection.execute(
                insert, {"first": head + b"\xc0\0\2\0", "last": head + b"\xc0\0\2\xff", "line": line}
            )
    upgrade(db)
    loaded = RegistryStore(db).load()
    assert [given.line for given in loaded.assignments] == ["L1"]
    assert loaded.assignments[0].use is Use.LINE
    assert loaded.sites[0].meters == ()
