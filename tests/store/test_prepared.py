"""Statements formed once say what SQLAlchemy's own say; what a server remembers follows changes."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text

from classifier.operator_lists import Entry, ListName, read_subject
from facts.endpoint import parse_address
from facts.errors import StoreError
from store.access_tables import DecisionRow, UserRow
from store.database import Database, open_database
from store.operator_lists import OperatorListStore, lists_now
from store.prepared import Prepared

ROWS: list[dict[str, Any]] = [
    {
        "id": number,
        "address": parse_address(address),
        "decision": "confirm",
        "reason": reason,
        "by_name": "li",
        "at_ns": at_ns,
    }
    for number, address, reason, at_ns in (
        (1, "192.0.2.1", "示例 \\ \x00 \udc80", 1 << 70),
        (2, "2001:db8::1", "% %s ? :x", -5),
    )
]


def test_values_go_in_and_come_out_as_by_sqlalchemy(db: Database) -> None:
    put = Prepared(insert(DecisionRow))
    found = select(DecisionRow.address, DecisionRow.reason, DecisionRow.at_ns).order_by(DecisionRow.id)
    with db.writing() as connection:
        put.run(connection, ROWS)
        put.run(connection, [ROWS[0] | {"id": 3}])
        expected = [list(row) for row in connection.execute(found)]
        assert Prepared(found).rows(connection, {}) == expected
        one = Prepared(found.where(DecisionRow.address == bindparam("of")))
        [told] = one.rows(connection, {"of": parse_address("2001:db8::1")})
        assert told[:2] == [parse_address("2001:db8::1"), "% %s ? :x"]
    assert expected[0][1] == "示例 \\ \x00 \udc80"
    assert len(expected) == 3


def test_what_the_database_refuses_is_a_store_error_without_values(db: Database) -> None:
    put = Prepared(insert(DecisionRow))
    with pytest.raises(StoreError) as caught, db.writing() as connection:
        put.run(connection, [ROWS[0] | {"reason": None, "by_name": "a secret"}])
    assert "a secret" not in str(caught.value)
    with db.writing() as connection:
        connection.execute(text("DROP TABLE sessions"))
        connection.execute(text("ALTER TABLE users RENAME TO people"))
        with pytest.raises(StoreError, match=r"(?i)users"):
            Prepared(select(UserRow.name)).rows(connection, {})
        connection.rollback()


def test_the_lists_are_read_again_only_where_another_program_changed_them(
    db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    from store import operator_lists

    reads = []
    real = operator_lists.read_entries
    monkeypatch.setattr(operator_lists, "read_entries", lambda c: reads.append(1) or real(c))
    address = parse_address("192.0.2.9")

    def listed() -> bool:
        with db.reading() as connection:
            return lists_now(connection).of_address(address) is not None

    assert not listed()
    with open_database(db.engine.url.render_as_string(hide_password=False)) as other:
        OperatorListStore(other).add(Entry(ListName.DENY, read_subject("192.0.2.0/24"), "seized", 5))
        reads.clear()
        assert all(listed() for _ in range(5))
        assert len(reads) == 1
        assert OperatorListStore(other).remove(ListName.DENY, "192.0.2.0/24")
        assert not listed()


def test_a_durable_change_is_synchronous_and_the_others_are_as_before(tmp_path: Path) -> None:
    levels = []
    with open_database(f"sqlite:///{tmp_path / 'x.db'}") as db:
        for durable in (True, False, True):
            with db.writing(durable=durable) as connection:
                levels.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())
    assert levels == [2, 1, 2]  # FULL, NORMAL, FULL; PostgreSQL is durable by itself
