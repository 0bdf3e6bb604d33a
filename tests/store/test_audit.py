"""The audit: append-only, and whatever is done to it is found with its place."""

import json
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from facts.errors import StoreError, UsageError
from facts.instant import NS
from store.audit import KEPT_DAYS, AuditStore, raw_json, read_archive
from store.audit_chain import START, TEXTS, Entry, Head, Walk, digest_of
from store.audit_writer import AuditWriter
from store.database import Database, open_database

DAY = 86_400 * NS
NOW = 1_772_352_000 * NS


def entry(number: int, **other: Any) -> Entry:
    made = Entry(
        NOW + number,
        f"li/{number}",
        "analyst",
        "330100",
        "192.0.2.1",
        "getAddress",
        f"/v1/ips/192.0.2.{number & 255}",
        "案件 2026-17",
        200,
        bytes([number & 255]) if number % 7 == 0 else None,
    )
    return replace(made, **other)


def unlocked(connection: Connection) -> None:
    """What an attacker who owns the database would do first."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_append_only"))
    else:
        connection.execute(text("DROP TRIGGER IF EXISTS audit_entries_no_update"))
        connection.execute(text("DROP TRIGGER IF EXISTS audit_entries_no_delete"))


def relocked(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("ALTER TABLE audit_entries ENABLE TRIGGER audit_entries_append_only"))


def tampered(db: Database, *statements: str) -> None:
    with db.writing() as connection:
        unlocked(connection)
        for statement in statements:
            connection.execute(text(statement))
        relocked(connection)


@pytest.fixture
def audit(db: Database) -> AuditStore:
    store = AuditStore(db)
    store.append([entry(number) for number in range(1, 21)])
    return store


def test_entries_follow_each_other_and_hold(audit: AuditStore) -> None:
    head = audit.append([entry(21, subject="\x00\udc80 \\ 示例", purpose="")])
    report = audit.verify(head)
    assert (report.entries, report.head, report.broken) == (21, head, None)
    assert audit.head() == head
    [newest] = audit.newest(1)
    assert (newest["seq"], newest["subject"]) == (21, "\x00\udc80 \\ 示例")
    assert [told["seq"] for told in audit.newest(3, before_seq=5)] == [4, 3, 2]
    assert [told["actor"] for told in audit.newest(9, actor="li/7")] == ["li/7"]


def test_an_empty_audit_holds(db: Database) -> None:
    report = AuditStore(db).verify()
    assert (report.entries, report.head, report.broken) == (0, Head(0, START), None)


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit_entries SET purpose = 'x' WHERE seq = 5", "DELETE FROM audit_entries WHERE seq = 5"],
)
def test_the_database_refuses_changes(audit: AuditStore, db: Database, statement: str) -> None:
    with pytest.raises(StoreError, match="append-only"), db.writing() as connection:
        connection.execute(text(statement))
    assert audit.verify().broken is None


@pytest.mark.parametrize(
    ("statements", "seq"),
    [
        (["UPDATE audit_entries SET purpose = 'other' WHERE seq = 5"], 5),
        (["UPDATE audit_entries SET status = 404 WHERE seq = 20"], 20),
        (["UPDATE audit_entries SET at_ns = at_ns + 1 WHERE seq = 1"], 1),
        (["UPDATE audit_entries SET detail = NULL WHERE seq = 14"], 14),
        (["UPDATE audit_entries SET digest = previous WHERE seq = 9"], 9),
        (["UPDATE audit_entries SET previous = digest WHERE seq = 9"], 9),
        (["DELETE FROM audit_entries WHERE seq = 1"], 1),
        (["DELETE FROM audit_entries WHERE seq = 12"], 12),
        (["DELETE FROM audit_entries WHERE seq BETWEEN 3 AND 6"], 3),
        (
            [
                "UPDATE audit_entries SET seq = 100 WHERE seq = 7",
                "UPDATE audit_entries SET seq = 7 WHERE seq = 8",
                "UPDATE audit_entries SET seq = 8 WHERE seq = 100",
            ],
            7,
        ),
        (
            [
                "UPDATE audit_entries SET seq = -seq WHERE seq > 10",
                "UPDATE audit_entries SET seq = 1 - seq WHERE seq < 0",
                "INSERT INTO audit_entries SELECT 11, at_ns, actor, role, division, client, action, subject,"
                " purpose, status, detail, previous, digest FROM audit_entries WHERE seq = 10",
            ],
            11,
        ),
    ],
)
def test_what_was_done_is_found_with_its_place(
    audit: AuditStore, db: Database, statements: list[str], seq: int
) -> None:
    tampered(db, *statements)
    broken = audit.verify().broken
    assert broken is not None
    assert broken.seq == seq


def test_a_tail_that_was_cut_off_is_found_by_the_exported_head(audit: AuditStore, db: Database) -> None:
    head = audit.head()
    tampered(db, "DELETE FROM audit_entries WHERE seq > 17")
    assert audit.verify().broken is None
    broken = audit.verify(head).broken
    assert broken is not None
    assert broken.seq == 18


def test_a_chain_written_anew_is_found_by_the_exported_head(audit: AuditStore, db: Database) -> None:
    head = audit.head()
    tampered(db, "DELETE FROM audit_entries WHERE seq > 17")
    audit.append([entry(number, purpose="forged") for number in (18, 19, 20, 21)])
    assert audit.verify().broken is None
    broken = audit.verify(head).broken
    assert broken is not None
    assert broken.seq == 20


def chain(count: int) -> list[list[Any]]:
    """Raw entries that hold."""
    raws: list[list[Any]] = []
    previous = START
    for number in range(1, count + 1):
        one = entry(number)
        texts = [getattr(one, name).encode() for name in TEXTS]
        raw = [number, one.at_ns, *texts, one.status, one.detail, previous, b""]
        raw[-1] = previous = digest_of(raw)
        raws.append(raw)
    return raws


def followed(raws: list[list[Any]], head: Head | None = None) -> Walk:
    walk = Walk(Head(0, START))
    walk.along(raws, head)
    return walk


CHAIN = chain(60)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_any_bit_of_any_entry_is_found_with_its_index(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(CHAIN) - 1))
    field = data.draw(st.integers(0, len(CHAIN[0]) - 1))
    value = CHAIN[place][field]
    if value is None:
        return
    if isinstance(value, int):
        other: object = value ^ 1 << data.draw(st.integers(0, 62))
    else:
        bit = data.draw(st.integers(0, len(value) * 8 - 1))
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        other = bytes(changed)
    raws = [list(raw) for raw in CHAIN]
    raws[place][field] = other
    found = followed(raws).found
    assert found is not None
    assert found.seq == place + 1


@given(st.integers(0, 59), st.integers(0, 59), st.sampled_from(["delete", "insert", "swap"]))
def test_any_entry_deleted_inserted_or_swapped_is_found_with_its_index(one: int, two: int, how: str) -> None:
    raws = list(CHAIN)
    expected = min(one, two) + 1
    if how == "delete":
        del raws[one]
        expected = one + 1
    elif how == "insert":
        raws.insert(one, CHAIN[two])
        expected = one + 1 if one != two else one + 2
    elif one != two:
        raws[one], raws[two] = raws[two], raws[one]
    else:
        return
    head = Head(60, CHAIN[-1][-1])
    found = followed(raws, head).found
    assert found is not None
    assert found.seq == expected


def test_parts_of_an_entry_cannot_be_moved_into_each_other() -> None:
    raw = CHAIN[3]
    moved = list(raw)
    moved[2], moved[3] = raw[2] + raw[3], b""
    assert digest_of(moved) != digest_of(raw)


def old(store: AuditStore, days: int, count: int = 10) -> None:
    store.append([entry(number, at_ns=NOW - days * DAY) for number in range(count)])


def test_old_entries_are_archived_checked_and_then_deleted(db: Database, tmp_path: Path) -> None:
    store = AuditStore(db)
    old(store, 400)
    old(store, 10, 5)
    file = tmp_path / "audit.ndjson.gz"
    head = store.head()
    done = store.archive(NOW - 200 * DAY, NOW, file)
    assert done is not None
    assert (done.entries, done.first_seq, done.last_seq) == (10, 1, 10)
    assert (done.left.entries, done.left.broken) == (5, None)
    assert store.verify(head).broken is None
    walk = read_archive(file)
    assert (walk.entries, walk.found) == (10, None)
    assert store.archive(NOW - 200 * DAY, NOW, tmp_path / "again.gz") is None
    assert store.append([entry(1)]).seq == 16
    tampered(db, "DELETE FROM audit_entries")
    assert store.append([entry(1)]).seq == 11
    assert store.verify(head).broken is not None


def test_nothing_younger_than_six_months_is_deleted(audit: AuditStore, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=str(KEPT_DAYS)):
        audit.archive(NOW - (KEPT_DAYS - 1) * DAY, NOW, tmp_path / "x")


def test_a_broken_chain_is_not_archived(db: Database, tmp_path: Path) -> None:
    store = AuditStore(db)
    old(store, 400)
    tampered(db, "UPDATE audit_entries SET purpose = 'x' WHERE seq = 2")
    with pytest.raises(StoreError, match=r"entry 2.*nothing was deleted"):
        store.archive(NOW - 200 * DAY, NOW, tmp_path / "x")
    assert len(store.newest(100)) == 10


def test_an_archive_that_exists_is_not_overwritten(db: Database, tmp_path: Path) -> None:
    store = AuditStore(db)
    old(store, 400)
    file = tmp_path / "x"
    file.write_text("precious")
    with pytest.raises(UsageError, match="exists"):
        store.archive(NOW - 200 * DAY, NOW, file)
    assert file.read_text() == "precious"


def test_a_tampered_archive_is_found(audit: AuditStore, tmp_path: Path) -> None:
    lines = [json.dumps(told) for told in audit.export()]
    file = tmp_path / "export.ndjson"
    file.write_text("\n".join(lines))
    assert read_archive(file).found is None
    changed = json.loads(lines[4]) | {"purpose": "x"}
    file.write_text("\n".join([*lines[:4], json.dumps(changed), *lines[5:]]))
    found = read_archive(file).found
    assert found is not None
    assert found.seq == 5


@pytest.mark.parametrize("content", [b"rubbish", b"{}", b"\x1f\x8b rubbish", b"[]"])
def test_a_file_that_is_no_archive_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(StoreError, match="not an archive"):
        read_archive(tmp_path / "x")


def test_many_write_at_once_and_the_chain_holds(db: Database) -> None:
    store = AuditStore(db)
    with AuditWriter(store) as one, AuditWriter(store) as two, ThreadPoolExecutor(8) as pool:
        futures = list(pool.map(lambda n: (one, two)[n & 1].write(entry(n)), range(200)))
        for future in futures:
            future.result(60)
    report = store.verify()
    assert (report.entries, report.broken) == (200, None)


def test_a_writer_goes_on_after_its_connection_was_cut(db: Database) -> None:
    store = AuditStore(db)
    with AuditWriter(store) as writer:
        writer.write(entry(1)).result(60)
        if db.engine.dialect.name == "postgresql":  # on SQLite there is no server to be restarted
            with db.writing() as connection:
                others = "datname = current_database() AND pid <> pg_backend_pid()"
                connection.execute(
                    text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {others}")
                )
        else:
            writer._pen.close()
        writer.write(entry(2)).result(60)
    report = store.verify()
    assert (report.entries, report.broken) == (2, None)


def test_pens_and_stores_take_turns(db: Database) -> None:
    """What another one appended in between is found, and behind it the chain goes on."""
    store = AuditStore(db)
    pens = (store.pen(), store.pen())
    wanted = []
    for number in range(1, 40):
        some = [entry(number, subject=f"{number} {at} \\ \x00 示例") for at in range(number % 19)]
        writer = (*pens, store)[number % 7 % 3]
        head = writer.append(some)
        wanted += some
        assert head == store.head()
        assert head.seq == len(wanted)
    for pen in pens:
        pen.close()
    report = store.verify(head)
    assert report.broken is None
    assert report.entries == len(wanted)
    kept = [one["subject"] for one in reversed(store.newest(len(wanted)))]
    assert kept == [one.subject for one in wanted]


def test_a_pen_leaves_nothing_half_written(db: Database) -> None:
    store = AuditStore(db)
    pen = store.pen()
    pen.append([entry(1)])
    odd = replace(entry(2), at_ns=1 << 80)
    with pytest.raises(StoreError):
        pen.append([entry(2), odd])
    pen.append([entry(3)])
    pen.close()
    report = store.verify()
    assert (report.entries, report.broken) == (2, None)


def test_a_writer_tells_that_an_entry_was_not_kept(tmp_path: Path) -> None:
    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database, database.writing() as connection:
        connection.execute(text("DROP TABLE audit_entries"))
    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database, AuditWriter(AuditStore(database)) as w:
        with pytest.raises(StoreError):
            w.write(entry(1)).result(30)
        with pytest.raises(StoreError):
            w.write(entry(2)).result(30)


@pytest.mark.prove
def test_100000_entries_are_verified_in_5_seconds_and_one_changed_bit_found(tmp_path: Path) -> None:
    from time import perf_counter

    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as database:
        store = AuditStore(database)
        for start in range(1, 100_001, 10_000):
            store.append([entry(number) for number in range(start, start + 10_000)])
        best = 1e9
        for _ in range(5):
            began = perf_counter()
            assert store.verify(store.head()).entries == 100_000
            best = min(best, perf_counter() - began)
        print(f"100,000 entries verified in {best:.2f} s")
        assert best <= 5
        rng = random.Random(5)
        acts: list[Callable[[int], str]] = [
            lambda seq: f"UPDATE audit_entries SET at_ns = at_ns + 1 WHERE seq = {seq}",
            lambda seq: f"UPDATE audit_entries SET actor = actor || 'x' WHERE seq = {seq}",
            lambda seq: f"DELETE FROM audit_entries WHERE seq = {seq}",
        ]
        places = sorted((rng.randrange(1, 100_001) for _ in acts), reverse=True)
        for act, seq in zip(acts, places, strict=True):  # from the end, so that each is the first break
            tampered(database, act(seq))
            broken = store.verify().broken
            assert broken is not None
            assert broken.seq == seq


def test_a_raw_entry_survives_json() -> None:
    from store.audit import _raw_of

    for raw in CHAIN:
        assert _raw_of(json.loads(json.dumps(raw_json(raw)))) == raw
